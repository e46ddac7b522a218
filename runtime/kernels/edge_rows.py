"""Count connections by row, or find their places in the rows.

A row holds the connections of one presynaptic cell with one delay. Words of the descriptor: number
of connections; addresses of their presynaptic and postsynaptic positions (int32); address of their
delays in steps or 0, and the one delay that all have then; address and size of the map of
presynaptic positions to cells of the source (int32); address and number of the counters of rows
(int64); steps in them from cell to cell and from rank to rank; address and size of the offsets of
targets (int32); address of the targets and their number; address of the places found (int64);
address and size of the ranks of delays (int32).

`step` says what is done: 0 counts, 1 finds places, 2 and 3 also store targets of 16 and 32 bits; 4
finds the rows instead of the places.
"""

from snnc.runtime.jit.intrinsics import i32, i64, ix, loop, u16, u32

UNROLL = False


@loop
def place(n, pre, delays, rank, ranks, cells, counters, by_cell, by_rank, places):
    differ = delays.size > 0
    for e in range(n):
        if differ:
            rank = ranks[ix(delays[e])]
        row = cells[ix(pre[e])] * by_cell + rank * by_rank
        at = counters[ix(row)]
        counters[ix(row)] = at + 1
        places[e] = at


@loop
def find(n, pre, delays, rank, ranks, cells, by_cell, by_rank, found):
    differ = delays.size > 0
    for e in range(n):
        if differ:
            rank = ranks[ix(delays[e])]
        found[e] = cells[ix(pre[e])] * by_cell + rank * by_rank


@loop
def count(n, pre, delays, rank, ranks, cells, counters, by_cell, by_rank):
    differ = delays.size > 0
    for e in range(n):
        if differ:
            rank = ranks[ix(delays[e])]
        row = cells[ix(pre[e])] * by_cell + rank * by_rank
        counters[ix(row)] += 1


@loop
def store(
    n, pre, post, delays, rank, ranks, cells, counters, by_cell, by_rank, offsets, targets, places
):
    differ = delays.size > 0
    for e in range(n):
        if differ:
            rank = ranks[ix(delays[e])]
        row = cells[ix(pre[e])] * by_cell + rank * by_rank
        at = counters[ix(row)]
        counters[ix(row)] = at + 1
        places[e] = at
        targets[ix(at)] = offsets[ix(post[e])]


def entry(desc, rows, step):
    d = i64(desc, 18)
    n = d[0]
    pre = i32(d[1], n)
    post = i32(d[2], n)
    delays = i32(d[3], n if d[3] != 0 else 0)
    cells = i32(d[5], d[6])
    counters = i64(d[7], d[8])
    offsets = i32(d[11], d[12])
    places = i64(d[15], n)
    ranks = i32(d[16], d[17])
    rank = ranks[ix(d[4])] + 0
    if step == 0:
        count(n, pre, delays, rank, ranks, cells, counters, d[9], d[10])
    elif step == 1:
        place(n, pre, delays, rank, ranks, cells, counters, d[9], d[10], places)
    elif step == 2:
        store(n, pre, post, delays, rank, ranks, cells, counters, d[9], d[10], offsets,
              u16(d[13], d[14]), places)  # fmt: skip
    elif step == 3:
        store(n, pre, post, delays, rank, ranks, cells, counters, d[9], d[10], offsets,
              u32(d[13], d[14]), places)  # fmt: skip
    else:
        find(n, pre, delays, rank, ranks, cells, d[9], d[10], places)
