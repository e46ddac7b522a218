"""Sample a state of chosen cells every so many steps.

Words of a row: address of the state of a slice, what it is (float64, float32, int32), address of
the offsets of the cells in it (int64) or 0 for all, number of cells, address of the recorder's
cursor (int64: address of the samples (float64 [samples, columns]) and number of the first of them,
counted from the start of the simulation), the row's first column, number of columns, steps between
samples, and coherent units per unit of the samples (float64).
"""

from snnc.runtime.jit.intrinsics import f32, f64, i32, i64, ix, loop

STATE, KIND, CELLS, NUMBER, CURSOR, COLUMN, COLUMNS, INTERVAL, SCALE, WIDTH = range(10)


DOUBLE, SINGLE, WHOLE = range(3)


@loop
def copy_all(state, n, scale, sample):
    """Sample all cells of a slice."""
    for i in range(n):
        sample[i] = state[i] / scale


@loop
def copy_chosen(state, cells, n, scale, sample):
    """Sample some cells of a slice."""
    for i in range(n):
        sample[i] = state[ix(cells[i])] / scale


@loop
def copy(state, cells, n, scale, sample):
    """Sample all cells of a slice, or some where there are any."""
    if cells.size > 0:
        copy_chosen(state, cells, n, scale, sample)
    else:
        copy_all(state, n, scale, sample)


def entry(desc, rows, step):
    """Take the samples of each row that are due."""
    d = i64(desc, rows * WIDTH)
    f = f64(desc, rows * WIDTH)
    for r in range(rows):
        q = r * WIDTH
        number = (step + 1) // d[q + INTERVAL]
        if number * d[q + INTERVAL] == step + 1:
            n = d[q + NUMBER]
            cursor = i64(d[q + CURSOR], 2)
            place = (number - cursor[1]) * d[q + COLUMNS] + d[q + COLUMN]
            sample = f64(cursor[0] + 8 * place, n)
            scale = f[q + SCALE]
            cells = i64(d[q + CELLS], n if d[q + CELLS] != 0 else 0)
            if d[q + KIND] == SINGLE:
                copy(f32(d[q + STATE], n), cells, n, scale, sample)
            elif d[q + KIND] == WHOLE:
                copy(i32(d[q + STATE], n), cells, n, scale, sample)
            else:
                copy(f64(d[q + STATE], n), cells, n, scale, sample)
