"""Kernels that draw random values of many cells or synapses, one for each distribution.

They fill a chunk for the kernel ``draw_values``, which they share and whose table they read: its
scratch holds counters, then draws. Numbers are drawn in loops that vectorise. Where a draw rejects,
the few rejected are drawn again together, each from the next block of its own counter, as
`snnc.runtime.jit.samplers` would.

Some more are drawn than are wanted, that vectors are full: loops without a remainder compile in
half the time.
"""

from __future__ import annotations

from functools import cache
from typing import Final

from snnc.codegen.artifact import KernelSource

CHUNK: Final = 512
WIDTH: Final = 21
SCRATCH_BYTES: Final = CHUNK * (6 * 4 + 4 + 8 + 8 + 8)
PLAIN, STORE_32, STORE_64, UNITS = range(4)

_DRAW = """
@loop
def draw(n, x, k0, k1, c0, c1, c2, p):
    for i in range(n):
        x[i] = {name}({parameters}, k0, k1, c0[i], c1[i], c2[i])
"""
_CALL_DRAW = "draw(filled(rows), x, d[2], d[3], c0, c1, c2, p)"

# Uniform numbers and what is made of them have loops of their own, whose constants registers hold.
# nan is rejected by both comparisons.
_DRAW_AGAIN = """
@loop
def draw(n, x, second, k0, k1, c0, c1, c2, block):
    for i in range(n):
        u = uniforms(c0[i], c1[i], c2[i], block, k0, k1)
        x[i] = u[0]
        second[i] = u[1]


@loop
def shape(n, x, second, p):
    for i in range(n):
        x[i] = p[0] + p[1] * to_normal(x[i], second[i])


@loop
def rejected(m, x, p, index):
    left = 0
    for i in range(m):
        index[ix(left)] = i
        left += 1 - ((x[i] >= p[2]) & (x[i] <= p[3]))
    return left


@loop
def choose(left, index, c0, c1, c2, e0, e1, e2):
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


def draw_from(n, to, counters, d, block, p):
    x = f64(to, CHUNK)
    second = f64(d[16] + 44 * CHUNK, CHUNK)
    draw(n, x, second, d[2], d[3], u32(counters, CHUNK), u32(counters + 4 * CHUNK, CHUNK),
         u32(counters + 8 * CHUNK, CHUNK), block)
    shape(n, x, second, p)


def draw_accepted(m, d, p, c0, c1, c2, e0, e1, e2, index, x, y):
    counters = d[16]
    to = counters + 28 * CHUNK
    left = m
    block = 0
    while left > 0 and block < MAX_REDRAWS:
        draw_from(filled(left), to, counters, d, block, p)
        if block == 0:
            left = rejected(m, x, p, index)
        else:
            left = accept(left, index, x, p, y)
        choose(left, index, c0, c1, c2, e0, e1, e2)
        counters = d[16] + 12 * CHUNK
        to = d[16] + 36 * CHUNK
        block += 1
    give_up(left, index, x)
"""
_CALL_DRAW_AGAIN = "draw_accepted(rows, d, p, c0, c1, c2, e0, e1, e2, index, x, y)"

_TEXT = '''\
"""Draws of the distribution {name}: `rows` of them, at most a chunk, as ``draw_values`` says."""

from snnc.runtime.jit.intrinsics import f64, i32, i64, ix, loop, u32
from snnc.runtime.jit.samplers import {imported}

CHUNK = {chunk}
VECTOR = 16


def filled(n):
    return (n + (VECTOR - 1)) // VECTOR * VECTOR

{draw}

def entry(desc, rows, step):
    d = i64(desc, {width})
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
    {call}
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
        imported = "MAX_REDRAWS, NAN, to_normal, uniforms"
    text = _TEXT.format(
        name=distribution, imported=imported, chunk=CHUNK, draw=draw, call=call, width=WIDTH
    )
    return KernelSource(f"draw_{distribution}", text)
