"""Uniform numbers, or gaps between events, for the kernels that list pairs of cells.

Words of the descriptor: number of Philox blocks n; address of the 2 n results (float64), first
those of the first half of each block; two words of the key; first and second word of the counter;
third word of the first block's counter; 1 / log(1 - p) for the probability p of an event.

`step` says what is drawn: 0 uniform numbers between 0 and 1; 1 the numbers of trials up to and
with the next event (geometric).
"""

from snnc.runtime.jit.intrinsics import f64, i64, loop
from snnc.runtime.jit.mathlib import floor, log
from snnc.runtime.jit.philox import uniforms

UNROLL = False


@loop
def draw(n, first_half, second_half, k0, k1, c0, c1, first):
    for q in range(n):
        u = uniforms(c0, c1, first + q, 0, k0, k1)
        first_half[q] = u[0]
        second_half[q] = u[1]


@loop
def to_gaps(n, u, scale):
    for q in range(n):
        u[q] = floor(log(u[q]) * scale) + 1.0


def entry(desc, rows, step):
    d = i64(desc, 8)
    n = d[0]
    draw(n, f64(d[1], n), f64(d[1] + 8 * n, n), d[2], d[3], d[4], d[5], d[6])
    if step == 1:
        to_gaps(2 * n, f64(d[1], 2 * n), f64(desc, 8)[7])
