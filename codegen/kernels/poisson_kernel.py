"""Kernel text of a Poisson source: a count per cell and step by inversion.

A random number of 32 bits per cell and step decides how many spikes the step has. Bits come from
Philox keyed by (seed, population). The upper 16 are a cell's own: a block of four words, counted by
(group of eight cells, step), has those of eight cells, in an order in which the draw vectorises.
The lower 16 are shared by BLOCK cells, counted by (block of cells, step): a cell's spikes are as
likely as with 32 bits of its own, and counts of two cells have a covariance of less than 1e-10
where more than one spike in a step is rare, 1e-8 where it is not. A rate that all cells share is
compared with thresholds, which are computed once a step; rates that differ cost an exponential per
cell. Both give the same count for the same number and rate.
"""

from __future__ import annotations

from xdsl.ir import SSAValue

from snnc.codegen.artifact import Field, FieldKind, KernelSource
from snnc.codegen.kernels.kernel_expressions import KernelExpressions, Precision
from snnc.ir.dialects import expressions as ex
from snnc.ir.dialects import step

_TEXT = '''"""Spike counts of {name}: Poisson, by inversion of a random number per cell and step."""

import numpy as np

from snnc.runtime.jit.intrinsics import f32, f64, i64, ix, loop, select, u8, u16, u32
from snnc.runtime.jit.mathlib import ceil, exp
from snnc.runtime.jit.philox import philox
{imports}

UNROLL = False
WIDTH = {width}
GROUP = 64
LANES = 8
BLOCK = 1024
MOST = 255
RANGE = 4294967296.0


@loop
def draw(groups, first, k, part, key0, key1, words0, words1, words2, words3):
    for g in range(groups):
        for lane in range(LANES):
            drawn = philox(first + g * LANES + lane, 0, k, part, key0, key1)
            at = g * 4 * LANES + lane
            words0[at] = drawn[0]
            words1[at] = drawn[1]
            words2[at] = drawn[2]
            words3[at] = drawn[3]


@loop
def draw_block(groups, first, k, part, key0, key1, words):
    draw(
        groups, first * LANES, k, part, key0, key1,
        words, words[LANES:], words[2 * LANES :], words[3 * LANES :],
    )


@loop
def lower_bits(block, k, key0, key1, words):
    draw_block(1, block, k, 1, key0, key1, words)
    return words[0] >> 16

{counting}

def entry(desc, rows, step):
    d = i64(desc, rows * WIDTH)
    f = f64(desc, rows * WIDTH)
    for row in range(rows):
        q = row * WIDTH
        n = d[q]
        size = (n + GROUP - 1) // GROUP * GROUP
        slot = (step + 1) & d[q + 6]
        counts = u8(d[q + 5] + slot * d[q + 7], size)
        count(n, d[q + 2], d[q + 3], d[q + 4], d[q + 1], counts, {unpacked}, step)
        for i in range(n, size):
            counts[i] = 0
'''

_SHARED = """
# Writes the least numbers that stand for 1, 2, ... spikes; returns how many there are.
@loop
def limits_of(mean, limits):
    term = exp(-mean)
    total = term
    known = 0
    while known < MOST:
        limit = ceil(total * RANGE - 0.5)
        if limit >= RANGE:
            break
        limits[known] = np.uint32(limit)
        known += 1
        term = term * mean / known
        total += term
    return known


# Writes what upper bits must exceed; returns how many limits all of them reach, and how many some.
@loop
def round_limits(known, limits, low, thresholds):
    sure = 0
    reached = 0
    for j in range(known):
        least = int(limits[j] >> 16) + (low < (limits[j] & 0xFFFF))
        if least > 0xFFFF:
            break
        reached += 1
        sure += least == 0
        thresholds[j] = max(least, 1) - 1
    for j in range(reached, reached + 7):
        thresholds[j] = 0xFFFF
    return sure, reached


@loop
def fill(n, sure, counts):
    for i in range(n):
        counts[i] = sure


# Adds how many of seven ascending thresholds are exceeded, three comparisons for each number.
@loop
def tally(n, halves, t0, t1, t2, t3, t4, t5, t6, counts):
    for i in range(n):
        w = halves[i]
        four = w > t3
        two = w > select(four, t5, t1)
        one = w > select(two, select(four, t6, t2), select(four, t4, t0))
        counts[i] += (np.uint8(four) << 2) + (np.uint8(two) << 1) + np.uint8(one)


@loop
def tally_block(n, halves, sure, reached, t, counts):
    fill(n, sure, counts)
    for j in range(sure, reached, 7):
        tally(n, halves, t[j], t[j + 1], t[j + 2], t[j + 3], t[j + 4], t[j + 5], t[j + 6], counts)


@loop
def count(n, first, key0, key1, scratch, counts, {arguments}, k):
    t = k * dt
{lines}
    limits = u32(scratch + 2 * BLOCK, MOST)
    thresholds = u16(scratch + 2 * BLOCK + 4 * MOST, MOST + 7)
    known = limits_of({mean}, limits)
    at = 0
    while at < n:
        here = min(n - at, BLOCK - ((first + at) & (BLOCK - 1)))
        groups = (here + GROUP - 1) // GROUP
        low = lower_bits((first + at) // BLOCK, k, key0, key1, u32(scratch, BLOCK // 2))
        draw_block(groups, (first + at) // GROUP, k, 0, key0, key1, u32(scratch, BLOCK // 2))
        sure, reached = round_limits(known, limits, low, thresholds)
        size = groups * GROUP
        tally_block(size, u16(scratch, BLOCK), sure, reached, thresholds, counts[at : at + size])
        at += here
"""

_EACH = """
@loop
def expect(n, halves, low, counts, {arguments}, t):
    for i in range(n):
        u = (np.float64(halves[i]) * 65536.0 + low) / RANGE
{lines}
        mean = {mean}
        counts[i] = u >= exp(-mean)


@loop
def invert(n, halves, low, counts, {arguments}, t):
    for i in range(n):
        if counts[i] == 0:
            continue
        u = (np.float64(halves[i]) * 65536.0 + low) / RANGE
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


@loop
def count(n, first, key0, key1, scratch, counts, {arguments}, k):
    t = k * dt
    at = 0
    while at < n:
        here = min(n - at, BLOCK - ((first + at) & (BLOCK - 1)))
        words = u32(scratch, BLOCK // 2)
        low = np.float64(lower_bits((first + at) // BLOCK, k, key0, key1, words)) + 0.5
        groups = (here + GROUP - 1) // GROUP
        draw_block(groups, (first + at) // GROUP, k, 0, key0, key1, words)
        halves = u16(scratch, BLOCK)
        expect(here, halves, low, counts[at : at + here], {sliced}, t)
        invert(here, halves, low, counts[at : at + here], {sliced}, t)
        at += here
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
    taken = {"t", "u", "k", "i", "n", "low", "halves", "counts", "dt", "mean", "term", "total"}
    text = KernelExpressions(leaf, "f64", taken | {"spikes", "first", "scratch", "key0", "key1"})
    mean = text.value(counted.expectation)
    each = any(kind == "array" for kind in fields.values())
    indent = "        " if each else "    "
    counting = (_EACH if each else _SHARED).format(
        arguments=", ".join(fields),
        sliced=", ".join(
            f"{name}[at : at + here]" if kind == "array" else name for name, kind in fields.items()
        ),
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
