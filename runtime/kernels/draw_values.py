"""Draw random values of cells or synapses and store them.

Works through chunks that stay in the innermost cache: counters, draws, then what is stored.

Words of the descriptor: number n of draws; address of the results; two words of the key; addresses
of the positions of n pre- and postsynaptic cells (int32) and of ordinals (int32; 0 for zeros);
addresses of the gids of pre- and postsynaptic cells by position (int64; the latter 0 for zeros);
four parameters of the distribution; address of the places of the results (int64); scale, or unit
(float64); the number of impossible draws (returned); address of scratch;
for step 3 the least and the greatest number of units, and the factor before they are rounded;
address of the kernel that draws (`snnc.runtime.jit.drawing`).

`step` says what is stored: 0 the n numbers in order (float64); 1 and 2 the numbers times the scale
in their places (float32, float64); 3 numbers of units in order, rounded half up (int32).
"""

from snnc.runtime.jit.intrinsics import call_kernel, f32, f64, i32, i64, ix, loop, u32
from snnc.runtime.jit.mathlib import floor

CHUNK = 512
WIDTH = 21
PLAIN, STORE_32, STORE_64, UNITS = range(4)


@loop
def gids_of(m, position, gids, counter):
    for i in range(m):
        counter[i] = gids[ix(position[i])]


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
    d = i64(desc, WIDTH)
    f = f64(desc, WIDTH)
    words = d[16]
    ordinals = u32(words + 8 * CHUNK, CHUNK)
    x = f64(words + 28 * CHUNK, CHUNK)
    bad = 0
    for first in range(0, d[0], CHUNK):
        m = min(CHUNK, d[0] - first)
        for side in range(2):
            counter = u32(words + 4 * CHUNK * side, CHUNK)
            if d[7 + side] != 0:
                gids_of(m, i32(d[4 + side] + 4 * first, m), i64(d[7 + side], 1), counter)
            else:
                zero(m, counter)
        if d[6] != 0:
            copy(m, i32(d[6] + 4 * first, m), ordinals)
        else:
            zero(m, ordinals)
        call_kernel(d[20], desc, m, 0)
        if step == UNITS:
            bad += to_units(m, x, f[14], f[17], f[18], f[19], i32(d[1] + 4 * first, m))
            continue
        bad += impossible(m, x)
        if step == PLAIN:
            copy(m, x, f64(d[1] + 8 * first, m))
        elif step == STORE_32:
            scatter(m, x, f[14], i64(d[13] + 8 * first, m), f32(d[1], 1))
        else:
            scatter(m, x, f[14], i64(d[13] + 8 * first, m), f64(d[1], 1))
    d[15] = bad
