"""Turn the spike counts of cells in a step into a list of cells, each as often as it fires.

Words of a row: number of cells, address of their counts (uint8, padded with zeros to 64), index of
the first cell in its population, the five words of `snnc.runtime.engine.history.History.part`, the
room for spikes, the number of spikes that found none, which stays 0 in a correct network, and the
bytes from one slot of a ring of counts to the next, 0 where there is one slot.
"""

import numpy as np

from snnc.runtime.jit.intrinsics import i32, i64, loop, lowest, select, u64

UNROLL = False
CELLS, COUNTS, FIRST, IDS, CAPACITY, MASK, NUMBER, THREADS, ROOM, LOST, STRIDE, WIDTH = range(12)
BLOCK = 64
# Words of eight counts that are looked at together: few cells fire in a step.
GROUP = 32
BYTE = 8


@loop
def any_of(n, words):
    """Return a number that is 0 if all words are."""
    found = words[0]
    for word in range(n):
        found = found | words[word]
    return found


@loop
def emit(word, cell, n, ids, room):
    """Write the cells of a word that fire after the first `n`; return how many there are then."""
    while word != 0:
        byte = lowest(word) // BYTE
        shift = np.uint64(byte * BYTE)
        count = (word >> shift) & np.uint64(255)
        for _ in range(count):
            if n < room:
                ids[n] = cell + byte
            n += 1
        word = word ^ (count << shift)
    return n


@loop
def gather(size, words, first, ids, room):
    """Write the cells that fire; return how many spikes there are."""
    n = 0
    for start in range(0, size, GROUP):
        here = select(size - start < GROUP, size - start, GROUP)
        if any_of(here, words[start : start + here]) != 0:
            for word in range(start, start + here):
                n = emit(words[word], first + BYTE * word, n, ids, room)
    return n


def entry(desc, rows, step):
    """Collect the spikes of each row."""
    d = i64(desc, rows * WIDTH)
    for r in range(rows):
        q = r * WIDTH
        size = (d[q + CELLS] + BLOCK - 1) // BLOCK * (BLOCK // BYTE)
        slot = (step + 1) & d[q + MASK]
        room = d[q + ROOM]
        counts = d[q + COUNTS] + slot * d[q + STRIDE]
        n = gather(
            size,
            u64(counts, size),
            d[q + FIRST],
            i32(d[q + IDS] + 4 * slot * d[q + CAPACITY], room),
            room,
        )
        number = i64(d[q + NUMBER] + 8 * slot * d[q + THREADS], 1)
        kept = select(n < room, n, room)
        number[0] = kept
        d[q + LOST] += n - kept
