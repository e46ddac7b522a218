"""Emit the spikes that are listed for a step.

Words of a row: addresses of the stamps (int64, ascending) and of the cells (int32), how many there
are, which of them is next, and the five words of `snnc.runtime.engine.history.History.part`.
"""

from snnc.runtime.jit.intrinsics import i32, i64, loop

STAMPS, CELLS, SPIKES, NEXT, IDS, CAPACITY, MASK, NUMBER, THREADS, WIDTH = range(10)


@loop
def emit(stamps, cells, spikes, first, stamp, ids):
    """Write the cells whose spikes have a stamp; return how many there are."""
    n = 0
    while first + n < spikes and stamps[first + n] == stamp:
        ids[n] = cells[first + n]
        n += 1
    return n


def entry(desc, rows, step):
    """Emit the spikes of each row."""
    d = i64(desc, rows * WIDTH)
    for r in range(rows):
        q = r * WIDTH
        spikes = d[q + SPIKES]
        slot = (step + 1) & d[q + MASK]
        n = emit(
            i64(d[q + STAMPS], spikes),
            i32(d[q + CELLS], spikes),
            spikes,
            d[q + NEXT],
            step + 1,
            i32(d[q + IDS] + 4 * slot * d[q + CAPACITY], d[q + CAPACITY]),
        )
        d[q + NEXT] += n
        number = i64(d[q + NUMBER] + 8 * slot * d[q + THREADS], 1)
        number[0] = n
