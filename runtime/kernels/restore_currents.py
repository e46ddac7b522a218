"""Set the currents of coupled cells to what sources inject, before couplings add to them.

Words of a row: addresses of the currents from sources and of the currents of a slice, whether both
are float32, and the number of cells.
"""

from snnc.runtime.jit.intrinsics import f32, f64, i64, loop

SOURCES, CURRENTS, SINGLE, NUMBER, WIDTH = range(5)


@loop
def copy(sources, currents, n):
    """Copy the currents of a slice."""
    for i in range(n):
        currents[i] = sources[i]


def entry(desc, rows, step):
    """Copy the currents of each row."""
    d = i64(desc, rows * WIDTH)
    for r in range(rows):
        q = r * WIDTH
        n = d[q + NUMBER]
        if d[q + SINGLE]:
            copy(f32(d[q + SOURCES], n), f32(d[q + CURRENTS], n), n)
        else:
            copy(f64(d[q + SOURCES], n), f64(d[q + CURRENTS], n), n)
