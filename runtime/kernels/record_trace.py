"""Sample a state of chosen cells every so many steps.

Words of a row: address of the state of a slice, what it is (float64, float32, int32), as samples
are then, address of the offsets of the cells in it (int64) or 0 for all, number of cells, address
of the recorder's cursor (int64: address of the samples ([samples, columns]) and number of the first
of them, counted from the start of the simulation), the row's first column, number of columns, and
steps between samples.
"""

from snnc.runtime.jit.intrinsics import f32, f64, i32, i64, ix, loop

STATE, KIND, CELLS, NUMBER, CURSOR, COLUMN, COLUMNS, INTERVAL, WIDTH = range(9)
DOUBLE, SINGLE, WHOLE = range(3)


@loop
def copy_all(state, n, sample):
    """Sample all cells of a slice."""
    for i in range(n):
        sample[i] = state[i]


@loop
def copy_chosen(state, cells, n, sample):
    """Sample some cells of a slice."""
    for i in range(n):
        sample[i] = state[ix(cells[i])]


@loop
def copy(state, chosen, n, sample):
    """Sample a slice: all of it, or the cells whose offsets are at an address."""
    if chosen != 0:
        copy_chosen(state, i64(chosen, n), n, sample)
    else:
        copy_all(state, n, sample)


def entry(desc, rows, step):
    """Take the samples of each row that are due."""
    d = i64(desc, rows * WIDTH)
    for r in range(rows):
        q = r * WIDTH
        number = (step + 1) // d[q + INTERVAL]
        if number * d[q + INTERVAL] == step + 1:
            n = d[q + NUMBER]
            cursor = i64(d[q + CURSOR], 2)
            place = (number - cursor[1]) * d[q + COLUMNS] + d[q + COLUMN]
            if d[q + KIND] == SINGLE:
                copy(f32(d[q + STATE], n), d[q + CELLS], n, f32(cursor[0] + 4 * place, n))
            elif d[q + KIND] == WHOLE:
                copy(i32(d[q + STATE], n), d[q + CELLS], n, i32(cursor[0] + 4 * place, n))
            else:
                copy(f64(d[q + STATE], n), d[q + CELLS], n, f64(cursor[0] + 8 * place, n))
