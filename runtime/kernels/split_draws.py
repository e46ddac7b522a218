"""Share a number of random draws out over cells, each of which holds some choices.

A draw falls into a cell with the probability of its choices among all, without replacement of
those still free. It is a uniform number u: the integer part of u times the number of cells names a
cell, the fractional part decides whether the draw is accepted.

Words of the descriptor: number of draws; number of cells; address of the numbers of choices of the
cells (int32); address of the counts of draws (int32), zero at first; the greatest number of choices
(float64); whether choices are replaced; address of the kernel that draws random numbers; address of
its table; addresses of buffers of 2 BATCH numbers (float64 and int32).
"""

from snnc.runtime.jit.intrinsics import call_kernel, f64, i32, i64, ix, loop

UNROLL = False
BATCH = 256  # Philox blocks drawn at once
UNIFORMS = 0


@loop
def to_cells(m, cells, u, chosen):
    """Split numbers into cells and, in place, what decides about acceptance."""
    for x in range(m):
        scaled = u[x] * cells
        cell = int(scaled)
        chosen[x] = cell
        u[x] = scaled - float(cell)


@loop
def accept(m, left, used_up, most, u, chosen, choices, counts):
    """Count the accepted of m draws, at most `left`; return how many are left."""
    for x in range(m):
        cell = chosen[x]
        free = choices[ix(cell)] - counts[ix(cell)] * used_up
        taken = (u[x] * most < float(free)) & (left > 0)
        counts[ix(cell)] += taken
        left -= taken
    return left


def entry(desc, rows, step):
    d = i64(desc, 10)
    table = i64(d[7], 8)
    u = f64(d[8], 2 * BATCH)
    chosen = i32(d[9], 2 * BATCH)
    choices = i32(d[2], d[1])
    counts = i32(d[3], d[1])
    used_up = 1 if d[5] == 0 else 0
    left = d[0]
    first = 0
    table[0] = BATCH
    table[1] = d[8]
    while left > 0:
        table[4] = first >> 32
        table[6] = first & 0xFFFFFFFF
        call_kernel(d[6], d[7], 1, UNIFORMS)
        to_cells(2 * BATCH, float(d[1]), u, chosen)
        left = accept(2 * BATCH, left, used_up, f64(desc, 10)[4], u, chosen, choices, counts)
        first += BATCH
