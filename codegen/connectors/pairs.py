"""What the kernels that list pairs have in common: their table and pieces of their text.

A pair kernel works through the rows ``first`` to ``end`` of a projection and writes the pairs it
finds. Where the next row might not fit any more it stops before that row, so that the caller can
empty the buffers and call again. A partition of the network gets only its own pairs, through the
two filters, and the same ones whatever the partition.

Words of the table: 0 first row (on return: next row), 1 end, 2 capacity, 3 count (returned),
4, 5, 6 addresses of the results int32 (row, other, ordinal; the last may be 0), 7 address of the
kernel that draws random numbers, 8 address of its table, 9 rows in all, 10 others in all,
11, 12 addresses of their gids int64, 13, 14 addresses of the filters int32 (negative: not wanted),
15 rule for self connections, then the kernel's own.

The pairs of each presynaptic cell leave in the order of (post, ordinal).
"""

from __future__ import annotations

from typing import Final

OWN: Final = 16  # first word of the kernel's own scalars
WIDTH: Final = 40
DRAW_WIDTH: Final = 8  # words of the table of random numbers

# Whether a pair may be, by its gids and the rule for self connections. Branch-free: compilers make
# a copy of the whole loop for each way that a branch on a constant can go.
ALLOWED: Final = """
@loop
def allowed(rule, row, other):
    return (rule == 0) | ((rule == 1) & (row != other)) | ((rule == 2) & (row > other))
"""

# Random numbers of a row, in a buffer: `random` is the pair of words 7 and 8. Compiled once and
# called by its address, since a Philox block costs more to compile than the rest of a connector.
# Arrays that the called kernel writes are made from their addresses after the call: arguments of a
# `loop` count as unreachable from elsewhere, so reads of them might be moved before it.
DRAW: Final = f'''
UNIFORMS = 0
GAPS = 1


@loop
def prepare_draws(random, buffer, scale):
    table = i64(random[1], {DRAW_WIDTH})
    table[1] = buffer
    f64(random[1], {DRAW_WIDTH})[7] = scale
    return random


@loop
def draw(random, what, n, gid, stream, first):
    """Store 2 n numbers made of the blocks `first`, ..., `first` + n - 1 of a row's stream."""
    table = i64(random[1], {DRAW_WIDTH})
    table[0] = n
    table[4] = gid
    table[5] = stream
    table[6] = first
    call_kernel(random[0], random[1], 1, what)
'''

# Which blocks of `size` cells hold any that is wanted.
USED: Final = """
@loop
def find_used(n, size, other_filter, used):
    for b in range((n + size - 1) // size):
        wanted = 0
        for j in range(b * size, min(b * size + size, n)):
            wanted |= other_filter[ix(j)] >= 0
        used[ix(b)] = wanted

"""

# Sets of small numbers as bits, 64 in each word.
MARKS: Final = """
@loop
def mark(marks, t):
    marks[ix(t >> 6)] |= 1 << (t & 63)


@loop
def marked(marks, t):
    return (marks[ix(t >> 6)] >> (t & 63)) & 1

"""

# Partners drawn from 0, ..., choices - 1; needs MARKS, DRAW, `select` and the number BATCH.
# Without replacement by Floyd's method (Bentley and Floyd 1987): the t-th draw is below t + 1 and,
# if it has been drawn before, is replaced by t.
CHOOSE: Final = '''
@loop
def choose(rest, choices, replace, random, gid, stream, buffer, marks, times):
    """Mark `rest` of the choices; count how often each is taken."""
    done = 0
    while done < rest:
        batch = min(BATCH, rest - done)
        draw(random, UNIFORMS, (batch + 1) // 2, gid, stream, done // 2)
        u = f64(buffer, batch)
        for x in range(batch):
            t = select(replace, choices - 1, choices - rest + done + x)
            drawn = min(int(u[ix(x)] * float(t + 1)), t)
            drawn = select((not replace) & (marked(marks, drawn) != 0), t, drawn)
            mark(marks, drawn)
            times[ix(drawn)] += 1
        done += BATCH
'''


def entry_text(call: str) -> str:
    """Return the text of ``entry``, which stores the pair (count, next row) that `call` returns.

    `call` may use ``d`` and ``f``, the words as integers and as floats, and ``rows_out``,
    ``others_out``, ``row_gid``, ``other_gid``, ``row_filter``, ``other_filter``.
    """
    return f"""
UNROLL = False


def entry(desc, rows, step):
    d = i64(desc, {WIDTH})
    f = f64(desc, {WIDTH})
    rows_out = i32(d[4], d[2])
    others_out = i32(d[5], d[2])
    row_gid = i64(d[11], d[9])
    other_gid = i64(d[12], d[10])
    row_filter = i32(d[13], d[9])
    other_filter = i32(d[14], d[10])
    done = {call}
    d[3] = done[0]
    d[0] = done[1]
"""
