"""The kernel that delivers counts: each source's spikes to the one cell of the same index.

There are no rows. A count stands for that many synaptic events, added one after the other, so that
the sums are those of spikes delivered through rows.
"""

from __future__ import annotations

from snnc.codegen.artifact import KernelSource
from snnc.codegen.kernels.kernel_expressions import Precision

WIDTH = 7

_TEXT = '''"""Delivery of spike counts, cell by cell ({sums})."""

import numpy as np

from snnc.runtime.jit.intrinsics import {intrinsics}, i64, loop, select, u8{f64}

WIDTH = {width}
GROUP = 64

{add}

def entry(desc, rows, step):
    words = i64(desc, rows * WIDTH)
    reals = f64(desc, rows * WIDTH)
    for r in range(rows):
        w = r * WIDTH
        n = words[w]
        stamp = step + 1 - words[w + 4]
        if stamp >= 0:
            counts = u8(words[w + 1] + (stamp & words[w + 2]) * words[w + 3], n)
            add(n, counts, {weight}, {view}(words[w + 5], n))
'''

_INTEGERS = """
@loop
def add(n, counts, weight, sums):
    for i in range(n):
        sums[i] += np.int32(counts[i]) * weight
"""

_FLOATS = """
@loop
def add_four(n, counts, k0, k1, k2, k3, weight, nothing, sums):
    for i in range(n):
        total = sums[i] + select(counts[i] > k0, weight, nothing)
        total = total + select(counts[i] > k1, weight, nothing)
        total = total + select(counts[i] > k2, weight, nothing)
        sums[i] = total + select(counts[i] > k3, weight, nothing)


@loop
def add_each(n, counts, weight, nothing, sums):
    most = np.uint8(0)
    for i in range(n):
        most = select(counts[i] > most, counts[i], most)
    for added in range(0, most, 4):
        k = np.uint8(added)
        add_four(
            n, counts, k, np.uint8(k + 1), np.uint8(k + 2), np.uint8(k + 3), weight, nothing, sums
        )


@loop
def add(n, counts, weight, sums):
    for first in range(0, n, GROUP):
        last = select(first + GROUP < n, first + GROUP, n)
        add_each(last - first, counts[first:last], weight, weight - weight, sums[first:last])
"""


def counts_kernel(precision: Precision, packed: bool) -> KernelSource:
    """Return the kernel for sums of floats of a precision, or of integers."""
    view = "i32" if packed else precision
    real = "np.float32(reals[w + 6])" if precision == "f32" else "reals[w + 6]"
    text = _TEXT.format(
        sums="integers" if packed else precision,
        intrinsics=view,
        f64="" if view == "f64" else ", f64",
        width=WIDTH,
        add=_INTEGERS if packed else _FLOATS,
        weight="np.int32(words[w + 6])" if packed else real,
        view=view,
    )
    return KernelSource(f"deliver_counts_{'packed' if packed else precision}", text)
