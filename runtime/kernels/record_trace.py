"""Sample a state of chosen cells every so many steps.

Words of a row: address of the state of a slice, what it is (float64, float32, int32), as samples
are then, address of the offsets of the cells in it (int64) or 0 for all, number of cells, address
of the recorder's cursor (int64: address of the samples ([samples, columns]) and number of the first
of them, counted from the start of the simulation), the row's first column, number of columns, and
steps between samples.

Samples of a whole slice go past the caches, which they would sweep clean of the network.
"""

from snnc.runtime.jit.intrinsics import f64, i32, i64, ix, loop, stream_line

STATE, KIND, CELLS, NUMBER, CURSOR, COLUMN, COLUMNS, INTERVAL, WIDTH = range(9)
DOUBLE, SINGLE, WHOLE = range(3)
LINE = 64


@loop
def copy_words(source, n, to):
    """Copy some words of 4 bytes."""
    for i in range(n):
        to[i] = source[i]


def copy_all(source, size, to):
    """Copy a number of bytes: whole cache lines, and what is before and behind them."""
    head = min((LINE - (to & (LINE - 1))) & (LINE - 1), size)
    lines = (size - head) // LINE
    tail = head + lines * LINE
    copy_words(i32(source, head >> 2), head >> 2, i32(to, head >> 2))
    for q in range(lines):
        stream_line(to + head + LINE * q, source + head + LINE * q)
    left = (size - tail) >> 2
    copy_words(i32(source + tail, left), left, i32(to + tail, left))


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
            state, cells, n = d[q + STATE], d[q + CELLS], d[q + NUMBER]
            cursor = i64(d[q + CURSOR], 2)
            place = (number - cursor[1]) * d[q + COLUMNS] + d[q + COLUMN]
            size = 8 if d[q + KIND] == DOUBLE else 4
            sample = cursor[0] + size * place
            if cells == 0:
                copy_all(state, size * n, sample)
            elif d[q + KIND] == DOUBLE:
                copy_chosen(f64(state, n), i64(cells, n), n, f64(sample, n))
            else:
                copy_chosen(i32(state, n), i64(cells, n), n, i32(sample, n))
