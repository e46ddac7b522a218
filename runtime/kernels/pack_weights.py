"""Look at the weights of rows, or turn them into 16-bit multiples of a quantum, in place.

Words of the descriptor: number of synapses; address of their targets and bytes of each; address of
their weights (float32) or 0, and the weight that all have then as bits of a float64; most spikes of
a presynaptic cell in a step; size of the accumulator, and by its elements: address of the sum of
the magnitudes of weights that can arrive in a step, of the largest and of the smallest magnitude
that is not zero, and of the quantum (float64 each).

`step` says what is done: 0 looks, 1 turns the weights into integers (int16 in the same memory).
"""

import numpy as np

from snnc.runtime.jit.intrinsics import f32, f64, i16, i64, ix, loop, u16, u32
from snnc.runtime.jit.mathlib import fabs, floor, fmax, fmin

WIDTH = 11


@loop
def look(n, targets, weights, weight, spikes, total, largest, smallest):
    each = weights.size > 0
    magnitude = fabs(weight)
    for j in range(n):
        if each:
            magnitude = fabs(np.float64(weights[j]))
        at = ix(targets[j])
        if magnitude > 0.0:
            total[at] += magnitude * spikes
            largest[at] = fmax(largest[at], magnitude)
            smallest[at] = fmin(smallest[at], magnitude)


@loop
def pack(n, targets, address, quantum):
    # One array is written over the other: no promise that they do not overlap may be given.
    for j in range(n):
        weight = np.float64(f32(address + 4 * j, 1)[0])
        i16(address + 2 * j, 1)[0] = int(floor(weight / quantum[ix(targets[j])] + 0.5))


def entry(desc, rows, step):
    d = i64(desc, rows * WIDTH)
    f = f64(desc, rows * WIDTH)
    for r in range(rows):
        q = r * WIDTH
        n = d[q]
        size = d[q + 6]
        if step == 1:
            if d[q + 2] == 2:
                pack(n, u16(d[q + 1], n), d[q + 3], f64(d[q + 10], size))
            else:
                pack(n, u32(d[q + 1], n), d[q + 3], f64(d[q + 10], size))
        else:
            weights = f32(d[q + 3], n if d[q + 3] != 0 else 0)
            total = f64(d[q + 7], size)
            largest = f64(d[q + 8], size)
            smallest = f64(d[q + 9], size)
            if d[q + 2] == 2:
                targets = u16(d[q + 1], n)
                look(n, targets, weights, f[q + 4], f[q + 5], total, largest, smallest)
            else:
                wide = u32(d[q + 1], n)
                look(n, wide, weights, f[q + 4], f[q + 5], total, largest, smallest)
