"""Look at the weights of rows, or turn them into 16-bit multiples of a quantum, in place.

Where targets have 16 bits, too, both become the halves of one word: the target is the lower one.

Words of the descriptor: number of synapses; address of their targets and bytes of each; address of
their weights and bytes of each (4 for float32, 2 for multiples of the present quantum, 0 where all
have one), and the weight that all have then as bits of a float64; most spikes of a presynaptic cell
in a step; size of the accumulator, and by its elements: address of the sum of the magnitudes of
weights that can arrive in a step, of the largest and of the smallest magnitude that is not zero, of
the present quantum and of the next one (float64 each). Multiples of 16 bits may have a sign or not.

`step` says what is done: 0 looks, 1 turns weights into multiples of the next quantum (int16; floats
are overwritten by half as many bytes, or by the words of both).
"""

import numpy as np

from snnc.runtime.jit.intrinsics import (
    bits_f32,
    f32,
    f64,
    i16,
    i32,
    i64,
    ix,
    loop,
    select,
    straight,
    u16,
    u32,
)
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
def look(n, targets, floats, multiples, apart, weight, quantum, spikes, total, largest, smallest):
    magnitude = fabs(weight)
    for j in range(n):
        at = ix(targets[ix(j * apart)])
        if floats.size > 0:
            magnitude = fabs(np.float64(floats[j]))
        elif multiples.size > 0:
            magnitude = fabs(np.float64(multiples[ix(j * apart)])) * quantum[at]
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
def pair(n, targets, words, quantum):
    for j in range(n):
        weight = np.float64(bits_f32(words[j]))
        words[j] = nearest(weight / quantum[ix(targets[j])]) << 16 | targets[j]


@loop
def change_pairs(n, words, quantum, following):
    for j in range(n):
        target = words[j] & 65535
        weight = np.float64(words[j] >> 16) * quantum[ix(target)]
        words[j] = nearest(weight / following[ix(target)]) << 16 | target


@loop
def turn(short, n, targets, weights, size, quantum, following):
    if short and size == 4:
        pair(n, u16(targets, n), u32(weights, n), following)
    elif short:
        change_pairs(n, i32(targets, n), quantum, following)
    elif size == 4:
        pack(n, u32(targets, n), weights, following)
    else:
        change(n, u32(targets, n), i16(weights, n), quantum, following)


def entry(desc, rows, step):
    d = i64(desc, rows * WIDTH)
    f = f64(desc, rows * WIDTH)
    for r in range(rows):
        q = r * WIDTH
        n = d[q]
        short = d[q + 2] == 2
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
        if step == 1:
            turn(short, n, d[q + 1], d[q + 3], d[q + 4], quantum, following)
        elif short:
            apart = 2 if multiples.size > 0 else 1
            look(
                n,
                u16(d[q + 1], n),
                floats,
                multiples,
                apart,
                weight,
                quantum,
                spikes,
                total,
                largest,
                smallest,
            )
        else:
            look(
                n,
                u32(d[q + 1], n),
                floats,
                multiples,
                1,
                weight,
                quantum,
                spikes,
                total,
                largest,
                smallest,
            )
