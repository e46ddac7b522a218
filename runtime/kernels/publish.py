"""Copy a state of the cells of each slice to where the slices of all threads can read it.

Words of a row: address of the state, whether it is float32, number of cells, and the addresses of
their places (float64) for even and for odd times. Who reads at one time leaves the other's values
alone, which the next step writes.
"""

from snnc.runtime.jit.intrinsics import f32, f64, i64, loop

STATE, SINGLE, NUMBER, EVEN, ODD, WIDTH = range(6)


@loop
def copy(state, n, places):
    """Copy the values of a slice."""
    for i in range(n):
        places[i] = state[i]


def entry(desc, rows, step):
    """Copy the values at the end of the step."""
    d = i64(desc, rows * WIDTH)
    for r in range(rows):
        q = r * WIDTH
        n = d[q + NUMBER]
        places = f64(d[q + EVEN + ((step + 1) & 1)], n)
        if d[q + SINGLE]:
            copy(f32(d[q + STATE], n), n, places)
        else:
            copy(f64(d[q + STATE], n), n, places)
