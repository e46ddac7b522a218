"""Kernels that draw random values of many cells or synapses, one for each distribution.

They work through chunks that stay in the innermost cache: counters, draws, then what is stored.
Numbers are drawn in loops that vectorise. Where a draw rejects, the few rejected are drawn again
together, each from the next block of its own counter, as `snnc.runtime.jit.samplers` would.

Words of the descriptor: number n of draws; address of the results; two words of the key; addresses
of the positions of n pre- and postsynaptic cells (int32; 0 for their own order) and of ordinals
(int32; 0 for zeros); addresses of the gids of pre- and postsynaptic cells by position (int64; the
latter 0 for zeros); four parameters of the distribution; address of the places of the results
(int64); scale, or unit (float64); the number of impossible draws (returned); address of scratch;
for step 3 the least and the greatest number of units, and the factor before they are rounded.

`step` says what is stored: 0 the n numbers in order (float64); 1 and 2 the numbers times the scale
in their places (float32, float64); 3 numbers of units in order, rounded half up (int32).
"""

from __future__ import annotations

from functools import cache
from typing import Final

from snnc.codegen.artifact import KernelSource

CHUNK: Final = 512
WIDTH: Final = 20
SCRATCH_BYTES: Final = CHUNK * (6 * 4 + 4 + 8 + 8)
PLAIN, STORE_32, STORE_64, UNITS = range(4)

_DRAW = """
@loop
def draw(m, x, k0, k1, c0, c1, c2, p):
    for i in range(m):
        x[i] = {name}({parameters}, k0, k1, c0[i], c1[i], c2[i])
"""
_CALL_DRAW = "draw(m, x, d[2], d[3], c0, c1, c2, p)"

# nan is rejected by both comparisons.
_DRAW_AGAIN = """
@loop
def draw(m, x, k0, k1, c0, c1, c2, block, p):
    for i in range(m):
        x[i] = p[0] + p[1] * standard_normal(k0, k1, c0[i], c1[i], c2[i], block)


@loop
def rejected(m, x, p, index):
    left = 0
    for i in range(m):
        index[ix(left)] = i
        left += 1 - ((x[i] >= p[2]) & (x[i] <= p[3]))
    return left


@loop
def again(left, index, c0, c1, c2, e0, e1, e2):
    for i in range(left):
        e0[i] = c0[ix(index[i])]
        e1[i] = c1[ix(index[i])]
        e2[i] = c2[ix(index[i])]


@loop
def accept(left, index, x, p, y):
    rest = 0
    for i in range(left):
        at = index[i]
        x[ix(at)] = y[i]
        index[ix(rest)] = at
        rest += 1 - ((y[i] >= p[2]) & (y[i] <= p[3]))
    return rest


@loop
def give_up(left, index, x):
    for i in range(left):
        x[ix(index[i])] = NAN


@loop
def draw_accepted(m, x, k0, k1, c0, c1, c2, p, e0, e1, e2, index, y):
    draw(m, x, k0, k1, c0, c1, c2, 0, p)
    left = rejected(m, x, p, index)
    block = 1
    while left > 0 and block < MAX_REDRAWS:
        again(left, index, c0, c1, c2, e0, e1, e2)
        draw(left, y, k0, k1, e0, e1, e2, block, p)
        left = accept(left, index, x, p, y)
        block += 1
    give_up(left, index, x)
"""
_CALL_DRAW_AGAIN = "draw_accepted(m, x, d[2], d[3], c0, c1, c2, p, e0, e1, e2, index, y)"

_TEXT = '''\
"""Draws of the distribution {name}."""

from snnc.runtime.jit.intrinsics import f32, f64, i32, i64, ix, loop, u32
from snnc.runtime.jit.mathlib import floor
from snnc.runtime.jit.samplers import {imported}

CHUNK = {chunk}
{draw}

@loop
def gids_of(m, first, cells, gids, counter):
    if cells != 0:
        position = i32(cells + 4 * first, m)
        for i in range(m):
            counter[i] = gids[ix(position[i])]
    else:
        for i in range(m):
            counter[i] = gids[ix(first + i)]


@loop
def copy(m, values, counter):
    for i in range(m):
        counter[i] = values[i]


@loop
def zero(m, counter):
    for i in range(m):
        counter[i] = 0


@loop
def impossible(m, x):
    count = 0
    for i in range(m):
        count += 1 - (x[i] == x[i])
    return count


@loop
def scatter(m, x, scale, places, result):
    for i in range(m):
        result[ix(places[i])] = x[i] * scale


@loop
def to_units(m, x, unit, least, greatest, stretch, result):
    bad = 0
    for i in range(m):
        ratio = x[i] / unit
        bad += 1 - ((ratio >= least) & (ratio <= greatest))
        result[i] = int(floor(ratio * stretch + 0.5))
    return bad


def entry(desc, rows, step):
    d = i64(desc, {width})
    f = f64(desc, {width})
    p = f64(desc + 9 * 8, 4)
    words = d[16]
    c0 = u32(words, CHUNK)
    c1 = u32(words + 4 * CHUNK, CHUNK)
    c2 = u32(words + 8 * CHUNK, CHUNK)
    e0 = u32(words + 12 * CHUNK, CHUNK)
    e1 = u32(words + 16 * CHUNK, CHUNK)
    e2 = u32(words + 20 * CHUNK, CHUNK)
    index = i32(words + 24 * CHUNK, CHUNK)
    x = f64(words + 28 * CHUNK, CHUNK)
    y = f64(words + 36 * CHUNK, CHUNK)
    bad = 0
    for first in range(0, d[0], CHUNK):
        m = min(CHUNK, d[0] - first)
        gids_of(m, first, d[4], i64(d[7], 1), c0)
        if d[8] != 0:
            gids_of(m, first, d[5], i64(d[8], 1), c1)
        else:
            zero(m, c1)
        if d[6] != 0:
            copy(m, i32(d[6] + 4 * first, m), c2)
        else:
            zero(m, c2)
        {call}
        if step == {units}:
            bad += to_units(m, x, f[14], f[17], f[18], f[19], i32(d[1] + 4 * first, m))
            continue
        bad += impossible(m, x)
        if step == {plain}:
            copy(m, x, f64(d[1] + 8 * first, m))
        elif step == {store_32}:
            scatter(m, x, f[14], i64(d[13] + 8 * first, m), f32(d[1], 1))
        else:
            scatter(m, x, f[14], i64(d[13] + 8 * first, m), f64(d[1], 1))
    d[15] = bad
'''


@cache
def drawing(distribution: str, parameters: int) -> KernelSource:
    """Return the kernel of a distribution, the function of that name in the samplers.

    Parameters
    ----------
    distribution : str
        Name.
    parameters : int
        Number of its parameters.
    """
    listed = ", ".join(f"p[{i}]" for i in range(parameters))
    draw, call = _DRAW.format(name=distribution, parameters=listed), _CALL_DRAW
    imported = distribution
    if distribution == "normal_clipped":
        draw, call = _DRAW_AGAIN, _CALL_DRAW_AGAIN
        imported = "MAX_REDRAWS, NAN, standard_normal"
    text = _TEXT.format(
        name=distribution,
        imported=imported,
        chunk=CHUNK,
        draw=draw,
        call=call,
        width=WIDTH,
        plain=PLAIN,
        store_32=STORE_32,
        units=UNITS,
    )
    return KernelSource(f"draw_{distribution}", text)
