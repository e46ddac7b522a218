"""A fixed number of connections in all.

How many of them fall into each block of each row is drawn first, by drawing the block of every
connection. Rows then fill their blocks on their own, so that partitions share the work.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from snnc.codegen.artifact import KernelSource
from snnc.codegen.connectors.base import Connector, PairKernel, Sides
from snnc.codegen.connectors.options import SELF_OR_NOT, Parameter
from snnc.codegen.connectors.pairs import CHOOSE, DRAW, MARKS, OWN, USED, entry_text
from snnc.ir.diagnostics import UserError
from snnc.ir.values import Random

# Expected pairs of a block: a partition skips the blocks where it has no cell.
_PAIRS_PER_BLOCK = 64
_SMALLEST_BLOCK = 256
_BATCH = 128  # random numbers drawn at once, two from each Philox block

_TEXT = (
    f'''\
"""Given numbers of pairs in each block of each row, drawn with or without replacement.

`counts` of `available` pairs are drawn in a block; with `invert` these are left out and the others
taken. Every pair is taken `rounds` times in addition. The pairs of a row that must not be are at
`excluded`, from `starts` of that row to that of the next.
"""

from snnc.runtime.jit.intrinsics import call_kernel, f64, i32, i64, ix, loop, lowest, select

BATCH = {_BATCH}
'''
    + MARKS
    + DRAW
    + CHOOSE
    + USED
    + """

@loop
def generate(first, end, capacity, random, n, size, replace, rounds, invert, rows_out, others_out,
             ordinals_out, row_gid, row_filter, other_filter, counts, available, totals, starts,
             excluded, marks, times, used, buffer):
    find_used(n, size, other_filter, used)
    blocks = (n + size - 1) // size
    k = 0
    for i in range(first, end):
        if row_filter[ix(i)] < 0:
            continue
        if k + totals[ix(i)] > capacity:
            return k, i
        gid = row_gid[ix(i)]
        x = starts[ix(i)]
        last = starts[ix(i + 1)]
        for b in range(blocks):
            if used[ix(b)] == 0:
                continue
            base = b * size
            while x < last and excluded[ix(x)] < base:
                x += 1
            choices = available[ix(i * blocks + b)]
            drawn = counts[ix(i * blocks + b)]
            choose(drawn, choices, replace, random, gid, 1 + b, buffer, marks, times)
            for w in range((choices + 63) >> 6):
                left = choices - (w << 6)
                every = select(left < 64, (1 << (left & 63)) - 1, -1)
                taken = marks[ix(w)] ^ select(invert, every, 0)
                marks[ix(w)] = 0
                word = select(rounds > 0, every, taken)
                while word != 0:
                    t = (w << 6) + lowest(word)
                    bit = word & -word
                    word ^= bit
                    while x < last and excluded[ix(x)] <= base + t:
                        x += 1
                        base += 1
                    j = base + t
                    keep = other_filter[ix(j)] >= 0
                    again = select(replace, times[ix(t)], rounds + ((taken & bit) != 0))
                    times[ix(t)] = 0
                    for o in range(again):
                        rows_out[ix(k)] = i
                        others_out[ix(k)] = j
                        ordinals_out[ix(k)] = o
                        k += keep
            if invert:
                for t in range(choices):
                    times[ix(t)] = 0
    return k, end
"""
    + entry_text(
        f"""generate(
        d[0], d[1], d[2], prepare_draws((d[7], d[8]), d[{OWN + 12}], 0.0), d[10], d[{OWN}],
        d[{OWN + 1}] != 0, d[{OWN + 2}], d[{OWN + 3}] != 0, rows_out, others_out, i32(d[6], d[2]),
        row_gid, row_filter, other_filter,
        i32(d[{OWN + 4}], 1), i32(d[{OWN + 5}], 1), i64(d[{OWN + 6}], d[9]),
        i64(d[{OWN + 7}], d[9] + 1), i64(d[{OWN + 8}], 1), i64(d[{OWN + 9}], d[{OWN}] // 64 + 1),
        i64(d[{OWN + 10}], d[{OWN}]), i64(d[{OWN + 11}], d[10] // d[{OWN}] + 1), d[{OWN + 12}])"""
    )
)


class FixedTotalNumber(Connector):
    """Make exactly `n` connections between pairs of cells chosen at random.

    Parameters
    ----------
    n : int or RandomDistribution
        Number of connections; a distribution is drawn once.
    allow_self_connections : bool
        Whether a cell may connect to itself.
    with_replacement : bool
        If true, all pairs are candidates for each connection, so that pairs may be connected
        several times. If false, a pair is chosen again only after all others have been.
    """

    name: ClassVar[str] = "fixed_total_number"
    pynn_name: ClassVar[str] = "FixedTotalNumberConnector"
    parameters: ClassVar[tuple[Parameter, ...]] = (
        Parameter("n", "number", doc="number of connections"),
        SELF_OR_NOT,
        Parameter("with_replacement", "bool", True, "whether a pair may be drawn again"),
    )
    random: ClassVar[bool] = True

    def prepare(self, sides: Sides, options: Mapping[str, Any]) -> PairKernel:
        """Draw the number of pairs in each block of each row, once for all partitions."""
        n_pre, n_post = sides.shape
        number = _number(sides, options["n"])
        replace = options["with_replacement"]
        rows, posts = np.empty(0, np.int64), np.empty(0, np.int64)
        if not options["allow_self_connections"]:
            rows, posts = _self_pairs(sides.pre_gid, sides.post_gid)
        size = _block_size(number, n_pre, n_post)
        available = _available(n_pre, n_post, size, rows, posts)
        choices = int(available.sum(dtype=np.int64))
        if number and not choices:
            raise UserError(
                f"projection '{sides.label}': connector '{self.name}' finds no pair of cells; "
                f"found n = {number}, expected 0"
            )
        rounds, rest = (0, number) if replace else divmod(number, max(choices, 1))
        invert = not replace and 2 * rest > choices
        counts = sides.split(choices - rest if invert else rest, available.ravel(), replace)
        counts = counts.reshape(available.shape)
        taken = (available - counts if invert else counts).sum(1, dtype=np.int64)
        return PairKernel(
            KernelSource("pairs_fixed_total_number", _TEXT),
            "pre",
            words=(size, int(replace), rounds, int(invert)),
            arrays=(
                counts,
                available,
                taken + rounds * available.sum(1, dtype=np.int64),
                np.searchsorted(rows, np.arange(n_pre + 1)).astype(np.int64),
                posts,
            ),
            scratch=(size // 64 + 1, size, n_post // size + 1, _BATCH),
            ordinals=True,
        )

    def expected(self, sides: Sides, options: Mapping[str, Any]) -> float:
        """Return the number of pairs."""
        return float(_number(sides, options["n"]))


def _number(sides: Sides, n: int | Random) -> int:
    number = int(np.rint(sides.draw(n, np.zeros(1, np.int64))[0])) if isinstance(n, Random) else n
    if number < 0:
        raise UserError(
            f"projection '{sides.label}': negative number of connections; found {number}"
        )
    return number


def _block_size(number: int, n_pre: int, n_post: int) -> int:
    """Return the number of postsynaptic cells in a block; all blocks have about as many."""
    density = min(max(number / max(n_pre * n_post, 1), 1e-12), 1.0)
    blocks = max(1, round(n_post / max(_SMALLEST_BLOCK, _PAIRS_PER_BLOCK / density)))
    return max(1, -(-n_post // blocks))


def _self_pairs(pre: np.ndarray, post: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the pairs of a cell with itself, sorted: positions in `pre` and in `post`."""
    order = np.argsort(post, kind="stable")
    left = np.searchsorted(post, pre, "left", sorter=order)
    right = np.searchsorted(post, pre, "right", sorter=order)
    count = right - left
    rows = np.repeat(np.arange(pre.size), count)
    within = np.arange(rows.size) - np.repeat(np.cumsum(count) - count, count)
    # Equal cells are in the order of their positions, as the sort is stable.
    return rows, order[left[rows] + within].astype(np.int64)


def _available(
    n_pre: int, n_post: int, size: int, rows: np.ndarray, posts: np.ndarray
) -> np.ndarray:
    """Return how many pairs each block of each row has but for those excluded, as int32."""
    blocks = -(-n_post // size)
    widths = np.full(blocks, size, np.int32)
    if blocks:
        widths[-1] = n_post - (blocks - 1) * size
    available = np.tile(widths, (n_pre, 1))
    np.subtract.at(available, (rows, posts // size), 1)
    return available
