"""What connectors with a fixed number of partners per cell have in common."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

import numpy as np

from snnc.codegen.artifact import KernelSource
from snnc.codegen.connectors.base import Connector, PairKernel, Sides
from snnc.codegen.connectors.options import SELF_OR_NOT, Parameter
from snnc.codegen.connectors.pairs import CHOOSE, DRAW, MARKS, OWN, entry_text
from snnc.ir.diagnostics import UserError
from snnc.ir.values import Random

_BATCH = 128  # random numbers drawn at once, two from each Philox block

_TEXT = (
    f'''\
"""A given number of partners for each row, drawn with or without replacement.

Without replacement, whole rounds over all partners come first.
"""

from snnc.runtime.jit.intrinsics import call_kernel, f64, i32, i64, ix, loop, lowest, select

BATCH = {_BATCH}
'''
    + MARKS
    + DRAW
    + CHOOSE
    + """

@loop
def generate(first, end, capacity, random, n, replace, rows_out, others_out, ordinals_out, row_gid,
             row_filter, other_filter, counts, excluded, marks, times, buffer):
    k = 0
    for i in range(first, end):
        if row_filter[ix(i)] < 0:
            continue
        skipped = excluded[ix(i)]
        choices = n - (skipped < n)
        rounds = 0
        rest = counts[ix(i)]
        if not replace and rest >= choices:
            rounds = rest // max(choices, 1)
            rest -= rounds * choices
        if k + rounds * choices + rest > capacity:
            return k, i
        choose(rest, choices, replace, random, row_gid[ix(i)], 1, buffer, marks, times)
        if rounds == 0:
            for w in range((choices + 63) >> 6):
                word = marks[ix(w)]
                marks[ix(w)] = 0
                while word != 0:
                    t = (w << 6) + lowest(word)
                    word &= word - 1
                    j = t + (t >= skipped)
                    keep = other_filter[ix(j)] >= 0
                    for o in range(times[ix(t)]):
                        rows_out[ix(k)] = i
                        others_out[ix(k)] = j
                        ordinals_out[ix(k)] = o
                        k += keep
                    times[ix(t)] = 0
        else:
            for t in range(choices):
                j = t + (t >= skipped)
                keep = other_filter[ix(j)] >= 0
                for o in range(rounds + times[ix(t)]):
                    rows_out[ix(k)] = i
                    others_out[ix(k)] = j
                    ordinals_out[ix(k)] = o
                    k += keep
                times[ix(t)] = 0
                marks[ix(t >> 6)] = 0
    return k, end
"""
    + entry_text(
        f"""generate(
        d[0], d[1], d[2], prepare_draws((d[7], d[8]), d[{OWN + 5}], 0.0), d[10], d[{OWN}] != 0,
        rows_out, others_out,
        i32(d[6], d[2]), row_gid, row_filter, other_filter, i64(d[{OWN + 1}], d[9]),
        i64(d[{OWN + 2}], d[9]), i64(d[{OWN + 3}], d[10] // 64 + 1), i64(d[{OWN + 4}], d[10]),
        d[{OWN + 5}])"""
    )
)


class FixedNumber(Connector):
    """A fixed number of partners on the other side for every cell of the side `rows`."""

    rows: ClassVar[Literal["pre", "post"]]
    parameters: ClassVar[tuple[Parameter, ...]] = (
        Parameter("n", "number", doc="number of connections of each cell"),
        SELF_OR_NOT,
        Parameter("with_replacement", "bool", False, "whether a pair may be drawn again"),
    )
    random: ClassVar[bool] = True

    def prepare(self, sides: Sides, options: Mapping[str, Any]) -> PairKernel:
        """Draw the number of partners of every row, once for all partitions."""
        gids = (sides.pre_gid, sides.post_gid)
        row, other = gids if self.rows == "pre" else gids[::-1]
        counts = _counts(sides, options["n"], row)
        excluded = np.full(row.size, other.size)
        if not options["allow_self_connections"]:
            excluded = _places(row, other)
        replace = options["with_replacement"]
        self._check(sides, counts, other.size - (excluded < other.size))
        return PairKernel(
            KernelSource("pairs_fixed_number", _TEXT),
            self.rows,
            words=(int(replace),),
            arrays=(counts, excluded),
            scratch=(other.size // 64 + 1, other.size, _BATCH),
            ordinals=True,
        )

    def _check(self, sides: Sides, counts: np.ndarray, choices: np.ndarray) -> None:
        if np.any((counts > 0) & (choices == 0)):
            raise UserError(
                f"projection '{sides.label}': connector '{self.name}' finds no cell to connect to; "
                f"found n = {counts.max()} connections of each cell, expected 0"
            )

    def expected(self, sides: Sides, options: Mapping[str, Any]) -> float:
        """Return the number of pairs (estimated from some cells when it is drawn)."""
        row = sides.pre_gid if self.rows == "pre" else sides.post_gid
        if row.size == 0:
            return 0.0
        if isinstance(options["n"], Random):
            return float(_counts(sides, options["n"], row[:1000]).mean() * row.size)
        return float(row.size * options["n"])


def _counts(sides: Sides, n: int | Random, gids: np.ndarray) -> np.ndarray:
    """Return the number of partners of each cell."""
    if isinstance(n, int):
        return np.full(gids.size, n, np.int64)
    drawn = np.rint(sides.draw(n, gids))
    if drawn.size and drawn.min() < 0:
        raise UserError(
            f"projection '{sides.label}': negative number of connections; "
            f"found {drawn.min():g} drawn from '{n.name}', expected 0 or more"
        )
    return drawn.astype(np.int64)


def _places(row: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Return for each cell of `row` its place in `other`, or the size of that."""
    order = np.argsort(other, kind="stable")
    at = np.searchsorted(other, row, sorter=order)
    inside = at < other.size
    places = np.full(row.size, other.size)
    places[inside] = order[at[inside]]
    same = inside.copy()
    same[inside] = other[places[inside]] == row[inside]
    return np.where(same, places, other.size)
