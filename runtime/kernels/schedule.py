"""Emit the spikes that are listed for a step.

Words of a row: addresses of the stamps (int64, ascending) and of the cells (int32), how many there
are, which of them is next, and the three words of `snnc.runtime.engine.history.History.part`.
"""

from snnc.runtime.jit.intrinsics import i32, i64, loop

STAMPS, CELLS, NUMBER, NEXT, SPIKES, CAPACITY, MASK, WIDTH = range(8)


@loop
def emit(stamps, cells, number, first, stamp, ids):
    """Write the cells whose spikes have a stamp; return how many there are."""
    n = 0
    while first + n < number and stamps[first + n] == stamp:
        ids[n] = cells[first + n]
        n += 1
    return n


def entry(desc, rows, step):
    """Emit the spikes of each row."""
    d = i64(desc, rows * WIDTH)
    for r in range(rows):
        q = r * WIDTH
        number = d[q + NUMBER]
        slot = (step + 1) & d[q + MASK]
        spikes = i32(d[q + SPIKES] + 4 * slot * d[q + CAPACITY], d[q + CAPACITY])
        n = emit(
            i64(d[q + STAMPS], number),
            i32(d[q + CELLS], number),
            number,
            d[q + NEXT],
            step + 1,
            spikes[1 : d[q + CAPACITY]],
        )
        d[q + NEXT] += n
        spikes[0] = n
