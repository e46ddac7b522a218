"""A fixed number of connections in all."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from snnc.codegen.connectors.base import Connector, PairList, Sides
from snnc.codegen.connectors.lists import pair_list
from snnc.codegen.connectors.options import SELF_OR_NOT, Parameter
from snnc.ir.diagnostics import UserError
from snnc.ir.values import Random

_CHUNK = 1 << 20  # random numbers drawn at once


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

    def prepare(self, sides: Sides, options: Mapping[str, Any]) -> PairList:
        """Draw all pairs, once for all partitions."""
        n_pre, n_post = sides.shape
        number = _number(sides, options["n"])
        excluded = np.empty(0, np.int64)
        if not options["allow_self_connections"]:
            excluded = _self_pairs(sides.pre_gid, sides.post_gid)
        choices = n_pre * n_post - excluded.size
        if number and not choices:
            raise UserError(
                f"projection '{sides.label}': connector '{self.name}' finds no pair of cells; "
                f"found n = {number}, expected 0"
            )
        if options["with_replacement"]:
            pairs = _draw(sides, number, choices)
        else:
            pairs = _draw_distinct(sides, number, choices)
        pairs = _skip(np.sort(pairs), excluded)
        return pair_list(pairs // max(n_post, 1), pairs % max(n_post, 1), n_post)

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


def _self_pairs(pre: np.ndarray, post: np.ndarray) -> np.ndarray:
    """Return the sorted numbers pre * n_post + post of pairs of a cell with itself."""
    order = np.argsort(post, kind="stable")
    left = np.searchsorted(post, pre, "left", sorter=order)
    right = np.searchsorted(post, pre, "right", sorter=order)
    count = right - left
    rows = np.repeat(np.arange(pre.size), count)
    within = np.arange(rows.size) - np.repeat(np.cumsum(count) - count, count)
    return np.sort(rows * post.size + order[left[rows] + within])


def _skip(numbers: np.ndarray, excluded: np.ndarray) -> np.ndarray:
    """Return for each sorted n the n-th integer that is not among the sorted `excluded`."""
    return numbers + np.searchsorted(excluded - np.arange(excluded.size), numbers, "right")


def _draw(sides: Sides, number: int, choices: int) -> np.ndarray:
    """Return integers below `choices`."""
    parts = [
        sides.integers(start, min(start + _CHUNK, number), choices)
        for start in range(0, number, _CHUNK)
    ]
    return np.concatenate(parts) if parts else np.empty(0, np.int64)


def _draw_distinct(sides: Sides, number: int, choices: int) -> np.ndarray:
    """Return integers below `choices`: each of them the same number of times, but for one."""
    if number == 0:
        return np.empty(0, np.int64)
    rounds, rest = divmod(number, choices)
    every = np.tile(np.arange(choices), rounds)
    if 2 * rest > choices:
        left_out = _first_distinct(sides, choices - rest, choices)
        some = np.setdiff1d(np.arange(choices), left_out, assume_unique=True)
    else:
        some = _first_distinct(sides, rest, choices)
    return np.concatenate([every, some])


def _first_distinct(sides: Sides, number: int, choices: int) -> np.ndarray:
    """Return the first `number` different integers of the endless sequence below `choices`."""
    found = np.empty(0, np.int64)
    start = 0
    while found.size < number:
        stop = start + number - found.size + 16
        drawn = np.concatenate([found, sides.integers(start, stop, choices)])
        _, first = np.unique(drawn, return_index=True)
        found = drawn[np.sort(first)][:number]
        start = stop
    return found
