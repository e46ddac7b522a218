"""Sample a state of chosen cells every so many steps.

Words of a row: address of the state of a slice, whether it is float32, address of the offsets of
the cells in it (int64) or 0 for all, number of cells, address of the samples (float64 [samples,
columns]) at the row's first column, number of columns, steps between samples, and the number of the
first sample, counted from the start of the simulation.
"""

from snnc.runtime.jit.intrinsics import f32, f64, i64, ix, loop

STATE, SINGLE, CELLS, NUMBER, SAMPLES, COLUMNS, INTERVAL, FIRST, WIDTH = range(9)


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


def entry(desc, rows, step):
    """Take the samples of each row that are due."""
    d = i64(desc, rows * WIDTH)
    for r in range(rows):
        q = r * WIDTH
        number = (step + 1) // d[q + INTERVAL]
        if number * d[q + INTERVAL] == step + 1:
            n = d[q + NUMBER]
            row = number - d[q + FIRST]
            sample = f64(d[q + SAMPLES] + 8 * row * d[q + COLUMNS], n)
            single = f32(d[q + STATE], n)
            double = f64(d[q + STATE], n)
            if d[q + CELLS] != 0:
                cells = i64(d[q + CELLS], n)
                if d[q + SINGLE]:
                    copy_chosen(single, cells, n, sample)
                else:
                    copy_chosen(double, cells, n, sample)
            elif d[q + SINGLE]:
                copy_all(single, n, sample)
            else:
                copy_all(double, n, sample)
