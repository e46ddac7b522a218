"""Kernel text of a Poisson source: a count per cell and step by inversion.

One random word per cell and step decides how many spikes the step has. Words come from Philox keyed
by (seed, population) and counted by (group of cells, step): a block of four words serves the cells
i, i + 16, i + 32 and i + 48 of a group of 64, so that the draw vectorises. A rate that all cells
share is compared with thresholds, which are computed once a step; rates that differ cost an
exponential per cell. A block of cells is compared with as many thresholds as its largest word asks
for. Both give the same count for the same word and rate.
"""

from __future__ import annotations

from xdsl.ir import SSAValue

from snnc.codegen.artifact import Field, FieldKind, KernelSource
from snnc.codegen.kernels.kernel_expressions import KernelExpressions, Precision
from snnc.ir.dialects import expressions as ex
from snnc.ir.dialects import step

_TEXT = '''"""Spike counts of {name}: Poisson, by inversion of one random word per cell and step."""

import numpy as np

from snnc.runtime.jit.intrinsics import f32, f64, i64, ix, loop, select, u8, u32
from snnc.runtime.jit.mathlib import ceil, exp
from snnc.runtime.jit.philox import philox
{imports}

WIDTH = {width}
GROUP = 64
BLOCK = 256
LANES = 16
MOST = 255
RANGE = 4294967296.0


@loop
def draw(groups, first, k, key0, key1, words0, words1, words2, words3):
    for g in range(groups):
        for lane in range(LANES):
            drawn = philox(first + g * LANES + lane, 0, k, 0, key0, key1)
            at = g * GROUP + lane
            words0[at] = drawn[0]
            words1[at] = drawn[1]
            words2[at] = drawn[2]
            words3[at] = drawn[3]

{counting}

def entry(desc, rows, step):
    d = i64(desc, rows * WIDTH)
    f = f64(desc, rows * WIDTH)
    for row in range(rows):
        q = row * WIDTH
        n = d[q]
        groups = (n + GROUP - 1) // GROUP
        words = d[q + 1]
        size = groups * GROUP
        draw(
            groups, d[q + 2] // GROUP * LANES, step, d[q + 3], d[q + 4],
            u32(words, size), u32(words + 64, size), u32(words + 128, size), u32(words + 192, size),
        )
        slot = (step + 1) & d[q + 6]
        count(
            n, u32(words, size), u32(words + 4 * size, MOST + 9), u8(d[q + 5] + slot * d[q + 7], n),
            {unpacked},
            step,
        )
'''

_SHARED = """
@loop
def tally(n, words, t0, t1, t2, t3, counts):
    for i in range(n):
        w = words[i]
        k = np.uint32(w > t0) + np.uint32(w > t1) + np.uint32(w > t2) + np.uint32(w > t3)
        counts[i] += np.uint8(k)


@loop
def largest(n, words):
    result = np.uint32(0)
    for i in range(n):
        result = select(words[i] > result, words[i], result)
    return result


@loop
def tally_block(n, words, thresholds, known, sure, counts):
    for i in range(n):
        counts[i] = sure
    most = largest(n, words)
    j = 0
    while j < known and most > thresholds[j]:
        tally(
            n, words, thresholds[j], thresholds[j + 1], thresholds[j + 2], thresholds[j + 3], counts
        )
        j += 4


@loop
def count(n, words, thresholds, counts, {arguments}, k):
    t = k * dt
{lines}
    mean = {mean}
    term = exp(-mean)
    total = term
    sure = 0
    known = 0
    while sure + known < MOST:
        limit = ceil(total * RANGE - 0.5)
        if limit >= RANGE:
            break
        if limit > 0.0:
            thresholds[known] = np.uint32(limit - 1.0)
            known += 1
        else:
            sure += 1
        term = term * mean / (sure + known)
        total += term
    for j in range(known, known + 4):
        thresholds[j] = 0xFFFFFFFF
    for first in range(0, n, BLOCK):
        last = select(first + BLOCK < n, first + BLOCK, n)
        tally_block(last - first, words[first:last], thresholds, known, sure, counts[first:last])
"""

_EACH = """
@loop
def expect(n, words, counts, {arguments}, t):
    for i in range(n):
        u = (np.float64(words[i]) + 0.5) / RANGE
{lines}
        mean = {mean}
        counts[i] = u >= exp(-mean)


@loop
def count(n, words, thresholds, counts, {arguments}, k):
    t = k * dt
    expect(n, words, counts, {arguments}, t)
    for i in range(n):
        if counts[i] == 0:
            continue
        u = (np.float64(words[i]) + 0.5) / RANGE
{lines}
        mean = {mean}
        term = exp(-mean)
        total = term
        spikes = 0
        while u >= total and spikes < MOST:
            spikes += 1
            term = term * mean / spikes
            total += term
        counts[i] = spikes
"""


def poisson_kernel(
    cell: step.CellOp, precision: Precision
) -> tuple[KernelSource, tuple[Field, ...]]:
    """Return the kernel that draws the counts, and the words of its table."""
    from snnc.codegen.kernels.cell_kernel import array_constants

    update = cell.update
    assert update is not None
    counted = next(op for op in update.body.block.ops if isinstance(op, step.CountOp))
    arrays = array_constants(cell)
    fixed: list[FieldKind] = [
        "size", "scratch", "first", "key0", "key1", "fired", "ring_mask", "ring_stride"
    ]  # fmt: skip
    fields: dict[str, FieldKind] = {"dt": "dt"}

    def leaf(value: SSAValue) -> str:
        assert isinstance(value.owner, ex.GetOp)
        name = value.owner.variable.data
        if name in ("t", "dt"):
            return name
        fields[name] = "array" if name in arrays else "scalar"
        return f"{name}[i]" if name in arrays else name

    # Expectations are f64 whatever the precision of cells: counts must not depend on it.
    taken = {"t", "u", "k", "i", "n", "w", "words", "counts", "thresholds", "dt", "mean", "term"}
    text = KernelExpressions(leaf, "f64", taken | {"total", "sure", "known", "limit", "spikes"})
    mean = text.value(counted.expectation)
    each = any(kind == "array" for kind in fields.values())
    indent = "        " if each else "    "
    counting = (_EACH if each else _SHARED).format(
        arguments=", ".join(fields),
        lines="\n".join(f"{indent}{line}" for line in text.take_lines()) or f"{indent}pass",
        mean=mean,
    )
    module = _TEXT.format(
        name=cell.label,
        imports="\n".join(line for line in text.imports() if "mathlib" in line),
        width=len(fixed) + len(fields),
        counting=counting,
        unpacked=", ".join(
            f"{precision}(d[q + {i}], n)" if kind == "array" else f"f[q + {i}]"
            for i, kind in enumerate(fields.values(), len(fixed))
        ),
    )
    words = [Field(kind) for kind in fixed]
    words += [
        Field(kind, name if kind in ("array", "scalar") else "") for name, kind in fields.items()
    ]
    return KernelSource(f"count_{cell.label}", module), tuple(words)
