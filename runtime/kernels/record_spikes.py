"""Copy the spikes of a step into a buffer that Python empties from time to time.

Words of a row: the three words of `snnc.runtime.engine.history.History.part`, address of which
cells are recorded (uint8, for the whole population), address of the buffer (int32) and how full it
is, address of the number of spikes per step (int32), and the stamp of the first of these.
"""

import numpy as np

from snnc.runtime.jit.intrinsics import i32, i64, ix, loop, u8

UNROLL = False
SPIKES, CAPACITY, MASK, CHOSEN, BUFFER, FILLED, PER_STEP, FIRST, WIDTH = range(9)


@loop
def copy_chosen(ids, n, chosen, buffer):
    """Copy the cells of the spikes of chosen cells; return how many there are."""
    kept = 0
    for i in range(n):
        if chosen[ix(ids[i])] != 0:
            buffer[kept] = ids[i]
            kept += 1
    return kept


def entry(desc, rows, step):
    """Record the spikes of each row."""
    d = i64(desc, rows * WIDTH)
    for r in range(rows):
        q = r * WIDTH
        slot = (step + 1) & d[q + MASK]
        spikes = i32(d[q + SPIKES] + 4 * slot * d[q + CAPACITY], d[q + CAPACITY])
        n = np.int64(spikes[0])
        kept = 0
        if n > 0:
            buffer = i32(d[q + BUFFER] + 4 * d[q + FILLED], n)
            kept = copy_chosen(spikes[1 : 1 + n], n, u8(d[q + CHOSEN], 1), buffer)
            d[q + FILLED] += kept
        number = i32(d[q + PER_STEP] + 4 * (step + 1 - d[q + FIRST]), 1)
        number[0] = kept
