"""Look at the weights of rows, or turn them into 16-bit multiples of a quantum, in place.

Words of the descriptor: number of synapses; address of their targets and bytes of each; address of
their weights and bytes of each (4 for float32, 2 for multiples of the present quantum, 0 where all
have one), and the weight that all have then as bits of a float64; most spikes of a presynaptic cell
in a step; size of the accumulator, and by its elements: address of the sum of the magnitudes of
weights that can arrive in a step, of the largest and of the smallest magnitude that is not zero, of
the present quantum and of the next one (float64 each). Multiples of 16 bits may have a sign or not.

`step` says what is done: 0 looks, 1 turns weights into multiples of the next quantum (int16; floats
are overwritten by half as many bytes).
"""

import numpy as np

from snnc.runtime.jit.intrinsics import f32, f64, i16, i64, ix, loop, select, straight, u16, u32
from snnc.runtime.jit.mathlib import fabs, floor, fmax, fmin

WIDTH = 13


@straight
def nearest(x):
    """Round, halves to even; what 16 bits without a sign cannot hold is cut to what they can."""
    rounded = floor(x + 0.5)
    odd = rounded - 2.0 * floor(0.5 * rounded) != 0.0
    rounded = select((rounded - x == 0.5) & odd, rounded - 1.0, rounded)
    return int(fmin(rounded, 65535.0))


@loop
def look(n, targets, floats, multiples, weight, quantum, spikes, total, largest, smallest):
    magnitude = fabs(weight)
    for j in range(n):
        at = ix(targets[j])
        if floats.size > 0:
            magnitude = fabs(np.float64(floats[j]))
        elif multiples.size > 0:
            magnitude = fabs(np.float64(multiples[j])) * quantum[at]
        if magnitude > 0.0:
            total[at] += magnitude * spikes
            largest[at] = fmax(largest[at], magnitude)
            smallest[at] = fmin(smallest[at], magnitude)


@loop
def pack(n, targets, address, quantum):
    # One array is written over the other: no promise that they do not overlap may be given.
    for j in range(n):
        weight = np.float64(f32(address + 4 * j, 1)[0])
        i16(address + 2 * j, 1)[0] = nearest(weight / quantum[ix(targets[j])])


@loop
def change(n, targets, multiples, quantum, following):
    for j in range(n):
        at = ix(targets[j])
        multiples[j] = nearest(np.float64(multiples[j]) * quantum[at] / following[at])


@loop
def turn(n, targets, address, size, quantum, following):
    if size == 4:
        pack(n, targets, address, following)
    else:
        change(n, targets, i16(address, n), quantum, following)


def entry(desc, rows, step):
    d = i64(desc, rows * WIDTH)
    f = f64(desc, rows * WIDTH)
    for r in range(rows):
        q = r * WIDTH
        n = d[q]
        size = d[q + 7]
        floats = f32(d[q + 3], n if d[q + 4] == 4 else 0)
        multiples = i16(d[q + 3], n if d[q + 4] == 2 else 0)
        total = f64(d[q + 8], size)
        largest = f64(d[q + 9], size)
        smallest = f64(d[q + 10], size)
        quantum = f64(d[q + 11], size)
        following = f64(d[q + 12], size)
        weight = f[q + 5]
        spikes = f[q + 6]
        short = u16(d[q + 1], n)
        wide = u32(d[q + 1], n)
        if step == 1 and d[q + 2] == 2:
            turn(n, short, d[q + 3], d[q + 4], quantum, following)
        elif step == 1:
            turn(n, wide, d[q + 3], d[q + 4], quantum, following)
        elif d[q + 2] == 2:
            look(n, short, floats, multiples, weight, quantum, spikes, total, largest, smallest)
        else:
            look(n, wide, floats, multiples, weight, quantum, spikes, total, largest, smallest)
