"""Deliver spikes through rows of bits: one for each cell that a presynaptic cell reaches.

The rows that are due are added up as binary numbers of PLANES digits, one bit plane for each digit
(carry-save addition: D. E. Knuth, The Art of Computer Programming, vol. 4A, 7.1.3), so that a few
logical operations serve as many synapses as a vector has bits. Each cell then receives its number
of spikes times the one weight.

Rows take as long to come from memory as to be added. Both go on at once if the rows of the next
step, whose spikes are known where delays are longer than a step, are asked for a few at a time in
between: the processor can wait for no more while it adds.

A row of bits may have pieces, each for the cells of one population, with a weight of its own. Each
has a row of the table, with these words: the five of the history of the source; address of the
delays in steps and their number; the first of the delays that are delivered, and the one after the
last; number of pieces; address of the masks (uint32), words from one to the next, and words to add;
the first of these that is of the piece; number of cells that it reaches; address of their sums
(int32); their weight in quanta. The first row of several pieces tells what they have in common.
"""

import numpy as np

from snnc.runtime.jit.intrinsics import (
    STACK_WORDS,
    count_bits,
    i32,
    i64,
    ix,
    loop,
    prefetch_for_later,
    select,
    stack_words,
    u8,
    u32,
    u64,
)

WIDTH = 17
PIECES = 9
WORD, CELLS, SUMS, WEIGHT = range(13, 17)
PLANES = 6
GROUP = 8
# Seven groups of eight rows: the most that six digits can count.
MOST = 56
# Bits of a word of a row, and of two, which are looked at together.
BITS = 32
PAIR = 64
# Words of masks that are added up together; their planes, and as many zeros, stay in the L1 cache.
TILE = 512
# Bytes from one plane to the next: no two begin within 256 bytes of each other modulo 4096, where a
# load is held up by a store to the other (see `snnc.hardware.cpu.Processor.stride`).
PLANE = 2304
# Cells whose sums are added up at a time.
AT_ONCE = 512
# Rows for which memory is asked at a time, after so many cells, and bytes at the start of a row.
FEW = 2
AHEAD = 2048
LINE = 64
# Words of the list of rows to ask for: which is next, where the list ends, then an address each.
NEXT, END, FIRST = range(3)


@loop
def clear(n, words):
    for i in range(n):
        words[i] = 0


@loop
def add_group(n, a, b, c, d, e, f, g, h, p0, p1, p2, p3, p4, p5):
    for i in range(n):
        half = a[i] ^ b[i]
        ones = half ^ p0[i]
        two_0 = (a[i] & b[i]) | (half & p0[i])
        half = c[i] ^ d[i]
        two_1 = (c[i] & d[i]) | (half & ones)
        ones = half ^ ones
        half = e[i] ^ f[i]
        two_2 = (e[i] & f[i]) | (half & ones)
        ones = half ^ ones
        half = g[i] ^ h[i]
        two_3 = (g[i] & h[i]) | (half & ones)
        p0[i] = half ^ ones
        half = two_0 ^ two_1
        four_0 = (two_0 & two_1) | (half & p1[i])
        twos = half ^ p1[i]
        half = two_2 ^ two_3
        four_1 = (two_2 & two_3) | (half & twos)
        p1[i] = half ^ twos
        half = four_0 ^ four_1
        eight = (four_0 & four_1) | (half & p2[i])
        p2[i] = half ^ p2[i]
        sixteen = eight & p3[i]
        p3[i] = eight ^ p3[i]
        p5[i] = (sixteen & p4[i]) ^ p5[i]
        p4[i] = sixteen ^ p4[i]


@loop
def add(n, numbers, weight, sums):
    for i in range(n):
        sums[i] += np.int32(numbers[i]) * weight


@loop
def ask(ahead, few):
    """Ask for the memory of a few rows of a list."""
    first = ahead[NEXT]
    last = select(ahead[END] - first < 2 * few, ahead[END], first + 2 * few)
    for q in range(first, last, 2):
        row = ahead[ix(q)]
        for line in range(0, ahead[ix(q + 1)], LINE):
            prefetch_for_later(row + line)
    ahead[NEXT] = last


@loop
def spread(ahead, cells, numbers, p0, p1, p2, p3, p4, p5, weight, sums):
    for start in range(0, cells, AT_ONCE):
        here = select(cells - start < AT_ONCE, cells - start, AT_ONCE)
        for i in range((here + PAIR - 1) // PAIR):
            j = ix(start // PAIR + i)
            count_bits(numbers + PAIR * i, p0[j], p1[j], p2[j], p3[j], p4[j], p5[j])
        add(here, u8(numbers, here), weight, sums[start : start + here])
        ask(ahead, FEW)


@loop
def tile_of(row, zeros, offset):
    return row + select(row == zeros, 0, offset)


@loop
def spread_pieces(first, last, planes, pieces, number, numbers, ahead):
    """Add the numbers of the words from `first` up to `last`, which `planes` have, to all sums."""
    for piece in range(number):
        q = piece * WIDTH
        begin = pieces[q + WORD]
        cells = pieces[q + CELLS]
        from_word = select(begin < first, first, begin)
        done = (from_word - begin) * BITS
        room = (last - from_word) * BITS
        here = select(cells - done < room, cells - done, room)
        if here > 0:
            own = planes + 4 * (from_word - first)
            spread(
                ahead,
                here,
                numbers,
                u64(own, TILE // 2),
                u64(own + PLANE, TILE // 2),
                u64(own + 2 * PLANE, TILE // 2),
                u64(own + 3 * PLANE, TILE // 2),
                u64(own + 4 * PLANE, TILE // 2),
                u64(own + 5 * PLANE, TILE // 2),
                np.int32(pieces[q + WEIGHT]),
                i32(pieces[q + SUMS] + 4 * done, here),
            )


@loop
def add_rows(n, listed, size, pieces, number, memory, numbers, ahead):
    """Add up `n` rows at the addresses `listed`, whose list has room for a group more."""
    zeros = memory + PLANES * PLANE
    for i in range(n, n + GROUP):
        listed[i] = zeros
    for first in range(0, size, TILE):
        words = select(size - first < TILE, size - first, TILE)
        for digit in range(PLANES):
            clear(words // 2, u64(memory + PLANE * digit, TILE // 2))
        for q in range(0, n, GROUP):
            add_group(
                words // 2,
                u64(tile_of(listed[q], zeros, 4 * first), TILE // 2),
                u64(tile_of(listed[q + 1], zeros, 4 * first), TILE // 2),
                u64(tile_of(listed[q + 2], zeros, 4 * first), TILE // 2),
                u64(tile_of(listed[q + 3], zeros, 4 * first), TILE // 2),
                u64(tile_of(listed[q + 4], zeros, 4 * first), TILE // 2),
                u64(tile_of(listed[q + 5], zeros, 4 * first), TILE // 2),
                u64(tile_of(listed[q + 6], zeros, 4 * first), TILE // 2),
                u64(tile_of(listed[q + 7], zeros, 4 * first), TILE // 2),
                u64(memory, TILE // 2),
                u64(memory + PLANE, TILE // 2),
                u64(memory + 2 * PLANE, TILE // 2),
                u64(memory + 3 * PLANE, TILE // 2),
                u64(memory + 4 * PLANE, TILE // 2),
                u64(memory + 5 * PLANE, TILE // 2),
            )
            ask(ahead, FEW)
        spread_pieces(first, first + words, memory, pieces, number, numbers, ahead)


@loop
def look_ahead(words, rows, step, ahead):
    """List the rows that are due in the next step, as far as their spikes are known.

    Another thread may be about to write some yet: whatever cells are found instead have rows, too.
    """
    n = FIRST
    w = 0
    while w < rows * WIDTH:
        ids = i32(words[w], 1)
        starts = i64(words[w + 1], 1)
        parts = words[w + 2]
        mask = words[w + 3]
        stride = words[w + 4]
        delays = i32(words[w + 5], 1)
        delay_count = words[w + 6]
        masks = words[w + 10]
        step_of_rows = 4 * words[w + 11]
        size = 4 * words[w + 12]
        for k in range(words[w + 7], words[w + 8]):
            stamp = step + 2 - delays[ix(k)]
            if stamp < 0 or stamp > step:
                continue
            slot = stamp & mask
            for p in range(parts):
                first = slot * stride + starts[ix(p)]
                number = np.int64(ids[ix(first)])
                number = select(number < (STACK_WORDS - n) // 2, number, (STACK_WORDS - n) // 2)
                for c in range(first + 1, first + 1 + number):
                    ahead[ix(n)] = masks + step_of_rows * (ids[ix(c)] * delay_count + k)
                    ahead[ix(n + 1)] = select(size < AHEAD, size, AHEAD)
                    n += 2
        w += words[w + PIECES] * WIDTH
    ahead[NEXT] = FIRST
    ahead[END] = n


def entry(desc, rows, step):
    words = i64(desc, rows * WIDTH)
    listed = i64(stack_words(), MOST + GROUP)
    # Planes and a row of zeros, and the number of spikes of each cell of a tile.
    memory = stack_words()
    numbers = stack_words()
    clear(TILE, u32(memory + PLANES * PLANE, TILE))
    ahead = i64(stack_words(), STACK_WORDS)
    look_ahead(words, rows, step, ahead)
    w = 0
    while w < rows * WIDTH:
        ids = i32(words[w], 1)
        starts = i64(words[w + 1], 1)
        parts = words[w + 2]
        mask = words[w + 3]
        stride = words[w + 4]
        delays = i32(words[w + 5], 1)
        delay_count = words[w + 6]
        number = words[w + PIECES]
        masks = words[w + 10]
        step_of_rows = 4 * words[w + 11]
        size = words[w + 12]
        pieces = words[w : w + number * WIDTH]
        n = 0
        for k in range(words[w + 7], words[w + 8]):
            stamp = step + 1 - delays[ix(k)]
            if stamp < 0:
                break
            slot = stamp & mask
            for p in range(parts):
                first = slot * stride + starts[ix(p)]
                for c in range(first + 1, first + 1 + ids[ix(first)]):
                    if n == MOST:
                        add_rows(n, listed, size, pieces, number, memory, numbers, ahead)
                        n = 0
                    listed[ix(n)] = masks + step_of_rows * (ids[ix(c)] * delay_count + k)
                    n += 1
        if n > 0:
            add_rows(n, listed, size, pieces, number, memory, numbers, ahead)
        w += number * WIDTH
