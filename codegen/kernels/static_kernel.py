"""The kernel that delivers spikes through synapses that keep their weight: rows, and nothing else.

Rows are mostly short, some tens of synapses for each presynaptic cell and delay, and which are due
is known late: finding them and waiting for their memory would cost more than the sums. So those
that are due are listed first, and the memory of rows further down the list is asked for while one
is delivered. Sums are formed in the order of `deliver_kernel`.
"""

from __future__ import annotations

from typing import NamedTuple

from snnc.codegen.artifact import KernelSource, SynapseForm
from snnc.codegen.kernels.kernel_expressions import Precision

_INTRINSICS = (
    "STACK_WORDS",
    "f64",
    "i32",
    "i64",
    "ix",
    "loop",
    "prefetch",
    "select",
    "stack_words",
)
_BYTES = {"i16": 2, "u16": 2, "u32": 4, "f32": 4}

_TEXT = '''"""Delivery of {title}."""

import numpy as np

from snnc.runtime.jit.intrinsics import {intrinsics}

WIDTH = 14
# Rows that are listed at a time, and how far down the list memory is asked for.
MOST = STACK_WORDS // 2
AHEAD = 8
LINE = 64
# Of a longer array the processor notices by itself that it is read through.
LONGEST = 1024


@loop
def fetch(address, last):
    last = select(last < address + LONGEST, last, address + LONGEST)
    while address < last:
        prefetch(address)
        address += LINE


@loop
def fetch_row(begin, end, {addresses}):
    {fetches}


@loop
def scatter(n, begins, ends, {addresses}, {names}, targets, accumulator):
    for row in range(n):
        if row + AHEAD < n:
            fetch_row(begins[row + AHEAD], ends[row + AHEAD], {addresses})
        for j in range(begins[row], ends[row]):
            accumulator[targets[ix(j)]] += {value}


def entry(desc, rows, step):
    words = i64(desc, rows * WIDTH)
    reals = f64(desc, rows * WIDTH)
    begins = i64(stack_words(), MOST)
    ends = i64(stack_words(), MOST)
    for r in range(rows):
        w = r * WIDTH
        ids = i32(words[w], 1)
        counts = i64(words[w + 1], 1)
        starts = i64(words[w + 2], 1)
        parts = words[w + 3]
        mask = words[w + 4]
        stride = words[w + 5]
        delays = i32(words[w + 6], 1)
        delay_count = words[w + 7]
        pointers = i64(words[w + 8], 1)
        targets_at = words[w + 9]
        targets = {target}(targets_at, 1)
        {unpack}
        accumulator = {sums}(words[w + 11], 1)
        n = 0
        for k in range(words[w + 12], words[w + 13]):
            stamp = step + 1 - delays[ix(k)]
            if stamp < 0:
                break
            slot = stamp & mask
            for p in range(parts):
                first = slot * stride + starts[ix(p)]
                for c in range(first, first + counts[ix(slot * parts + p)]):
                    row = ids[ix(c)] * delay_count + k
                    begin = pointers[ix(row)]
                    end = pointers[ix(row + 1)]
                    if begin == end:
                        continue
                    if n == MOST:
                        scatter(n, begins, ends, {addresses}, {names}, targets, accumulator)
                        n = 0
                    if n < AHEAD:
                        fetch_row(begin, end, {addresses})
                    begins[ix(n)] = begin
                    ends[ix(n)] = end
                    n += 1
        scatter(n, begins, ends, {addresses}, {names}, targets, accumulator)
'''


class _Weights(NamedTuple):
    """How a text reads weights: `names` of what loops are given, `value` for synapse j."""

    kind: str | None
    names: str
    value: str
    unpack: str


def _weights(form: SynapseForm, precision: Precision) -> _Weights:
    if form.weight in ("scalar", "mask"):
        reals = {"f64": "reals[w + 10]", "f32": "np.float32(reals[w + 10])"}
        unpack = "words[w + 10]" if form.packed else reals[precision]
        return _Weights(None, "weight", "weight", f"weight = {unpack}")
    kind = ("u16" if form.unsigned else "i16") if form.packed else "f32"
    value = "np.float64(weights[ix(j)])" if precision == "f64" else "weights[ix(j)]"
    unpack = f"weights_at = words[w + 10]\n        weights = {kind}(weights_at, 1)"
    return _Weights(kind, "weights", value, unpack)


def static_kernel(model: str, form: SynapseForm, precision: Precision) -> KernelSource:
    """Return the kernel of synapses whose weight is all that a spike delivers.

    Parameters
    ----------
    model : str
        Label of the synapse model.
    form : SynapseForm
        How the synapses are stored: ``"scalar"``, ``"mask"`` (what masks cannot hold),
        ``"float32"`` or ``"int16"``.
    precision : {"f64", "f32"}
        Of sums that are not integers.
    """
    sums = "i32" if form.packed else precision
    weights = _weights(form, precision)
    arrays = {"targets_at": form.target, "weights_at": weights.kind}
    sizes = {name: _BYTES[kind] for name, kind in arrays.items() if kind is not None}
    used = {*_INTRINSICS, form.target, sums, *filter(None, [weights.kind])}
    text = _TEXT.format(
        title=f"{model} ({form}, {precision})",
        intrinsics=", ".join(sorted(used)),
        addresses=", ".join(sizes),
        fetches="\n    ".join(
            f"fetch({name} + {size} * begin, {name} + {size} * end)" for name, size in sizes.items()
        ),
        target=form.target,
        sums=sums,
        names=weights.names,
        value=weights.value,
        unpack=weights.unpack,
    )
    return KernelSource(f"deliver_{model}_{form}_{precision}", text)
