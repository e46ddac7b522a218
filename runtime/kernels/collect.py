"""Turn the spike counts of cells in a step into a list of cells, each as often as it fires.

Words of a row: number of cells, address of their counts (uint8, padded with zeros to 64), index of
the first cell in its population, the three words of `snnc.runtime.engine.history.History.part`, the
room for spikes, the number of spikes that found none, which stays 0 in a correct network, and the
bytes from one slot of a ring of counts to the next, 0 where there is one slot.
"""

from snnc.runtime.jit.intrinsics import i32, i64, loop, lowest, select, u8

UNROLL = False
CELLS, COUNTS, FIRST, SPIKES, CAPACITY, MASK, ROOM, LOST, STRIDE, WIDTH = range(10)
BLOCK = 64


SEVENS = 0x7F7F7F7F7F7F7F7F
ONES = 0x0101010101010101
# Moves the lowest bit of byte j to bit 56 + j.
GATHERED = 0x0102040810204080


@loop
def marked(word):
    """Return a bit for each byte of a word, set where the byte is not zero."""
    return ((((word & SEVENS) + SEVENS | word) >> 7 & ONES) * GATHERED) >> 56 & 0xFF


@loop
def marks(words, first):
    """Return a bit for each byte of eight words, set where the byte is not zero."""
    low = marked(words[first]) | marked(words[first + 1]) << 8
    low |= marked(words[first + 2]) << 16 | marked(words[first + 3]) << 24
    high = marked(words[first + 4]) | marked(words[first + 5]) << 8
    high |= marked(words[first + 6]) << 16 | marked(words[first + 7]) << 24
    return low | high << 32


@loop
def gather(words, counts, blocks, first, ids, room):
    """Write the cells that fire; return how many spikes there are."""
    n = 0
    for block in range(blocks):
        q = block * 8
        low = words[q] | words[q + 1] | words[q + 2] | words[q + 3]
        high = words[q + 4] | words[q + 5] | words[q + 6] | words[q + 7]
        if (low | high) == 0:
            continue
        left = marks(words, q)
        while left != 0:
            i = block * BLOCK + lowest(left)
            left &= left - 1
            for _ in range(counts[i]):
                if n < room:
                    ids[n] = first + i
                n += 1
    return n


def entry(desc, rows, step):
    """Collect the spikes of each row."""
    d = i64(desc, rows * WIDTH)
    for r in range(rows):
        q = r * WIDTH
        blocks = (d[q + CELLS] + BLOCK - 1) // BLOCK
        slot = (step + 1) & d[q + MASK]
        room = d[q + ROOM]
        counts = d[q + COUNTS] + slot * d[q + STRIDE]
        spikes = i32(d[q + SPIKES] + 4 * slot * d[q + CAPACITY], 1 + room)
        n = gather(
            i64(counts, blocks * 8),
            u8(counts, blocks * BLOCK),
            blocks,
            d[q + FIRST],
            spikes[1 : 1 + room],
            room,
        )
        kept = select(n < room, n, room)
        spikes[0] = kept
        d[q + LOST] += n - kept
