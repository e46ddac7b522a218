"""Where the connections of a projection are stored, for reading and changing their values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from snnc.runtime.connectivity.edge_values import steps_of
from snnc.runtime.connectivity.edges import ProjectionInstance
from snnc.runtime.connectivity.pairs import Pairs
from snnc.runtime.connectivity.row_counter import RowCounter
from snnc.runtime.connectivity.rows import Rows
from snnc.runtime.jit.cache import Kernels


@dataclass(frozen=True, eq=False)
class Place:
    """The rows of a bundle from one population into one partition.

    Attributes
    ----------
    source, size, offsets
        As given to `snnc.runtime.connectivity.rows.build_rows`.
    rows : Rows
        What that made.
    """

    source: int
    size: int
    offsets: Sequence[NDArray[np.int32]]
    rows: Rows


@dataclass(frozen=True, eq=False)
class Located:
    """All connections of a projection, sorted by (pre, post, ordinal).

    Attributes
    ----------
    pre, post : ndarray of int64, shape (m,)
        Positions in the projection's selections.
    ordinal : ndarray of int32, shape (m,)
        Number of each among the connections of the same pair.
    delay : ndarray of int32, shape (m,)
        In steps.
    place : ndarray of int32, shape (m,)
        Ordinal of the `Place` that holds each.
    slot : ndarray of int64, shape (m,)
        Place in the arrays of its rows.
    """

    pre: NDArray[np.int64]
    post: NDArray[np.int64]
    ordinal: NDArray[np.int32]
    delay: NDArray[np.int32]
    place: NDArray[np.int32]
    slot: NDArray[np.int64]

    def gather(self, arrays: Sequence[NDArray[np.floating]]) -> NDArray[np.float64]:
        """Return the values of all connections from one edge array per place."""
        if len(arrays) == 1 and arrays[0].size == self.pre.size and self._in_order:
            return arrays[0].astype(np.float64)
        result = np.empty(self.pre.size)
        for array, (here, slots) in zip(arrays, self._members(len(arrays)), strict=True):
            result[here] = array[slots]
        return result

    @cached_property
    def _in_order(self) -> bool:
        """Whether the rows hold these connections only, in this order."""
        return not self.place.any() and bool(np.all(self.slot == np.arange(self.slot.size)))

    def _members(self, places: int) -> list[tuple[NDArray[np.int64], NDArray[np.int64]]]:
        """Return the connections in each place, and where they are there."""
        found = self._known
        while len(found) < places:
            here = np.flatnonzero(self.place == len(found))
            found.append((here, self.slot[here]))
        return found[:places]

    @cached_property
    def _known(self) -> list[tuple[NDArray[np.int64], NDArray[np.int64]]]:
        return []

    def scatter(self, arrays: Sequence[NDArray[np.floating]], values: ArrayLike) -> None:
        """Store values of all connections into one edge array per place."""
        each = np.broadcast_to(np.asarray(values, np.float64), self.pre.shape)
        for array, (here, slots) in zip(arrays, self._members(len(arrays)), strict=True):
            array[slots] = each[here]


class Locator:
    """Finds the connections of each projection of a bundle; keeps what it has found.

    Parameters
    ----------
    kernels : Kernels
        Where kernels come from.
    instances : sequence of ProjectionInstance
        The projections of the bundle.
    places : sequence of Place
        All rows of the bundle.
    """

    def __init__(
        self,
        kernels: Kernels,
        instances: Sequence[ProjectionInstance],
        places: Sequence[Place],
    ) -> None:
        self.kernels = kernels
        self.instances = list(instances)
        self.places = list(places)
        self._found: dict[int, Located] = {}

    def edges(self, number: int) -> Located:
        """Return the connections of the projection `number` of the bundle."""
        if number not in self._found:
            self._found[number] = self._locate(number)
        return self._found[number]

    def size(self, number: int) -> int:
        """Return how many connections a projection has, without finding where they are."""
        if number in self._found:
            return int(self._found[number].pre.size)
        if len(self.instances) == 1:
            return sum(place.rows.size for place in self.places)
        one = self.instances[number]
        streams = (
            Pairs(self.kernels, one, one.cells_of(place.source), place.offsets[number])
            for place in self.places
        )
        return sum(block.size for stream in streams for block in stream)

    def _locate(self, number: int) -> Located:
        parts = [part for place in range(len(self.places)) for part in self._in(number, place)]
        one = self.instances[number]
        kinds = (np.int64, np.int64, np.int32, np.int32, np.int32, np.int64)
        columns: list[Any] = [
            np.concatenate([part[c] for part in parts] or [np.empty(0)]).astype(kind, copy=False)
            for c, kind in enumerate(kinds)
        ]
        order = columns[0] * max(one.post.size, 1) + columns[1]
        if np.any(order[1:] < order[:-1]):
            # Equal pairs are in one place, where they have the order of their ordinals.
            by = np.argsort(order, kind="stable")
            columns = [column[by] for column in columns]
        return Located(*columns)

    def _in(self, number: int, ordinal: int) -> list[tuple[np.ndarray, ...]]:
        """Return the connections of a projection in one place, block by block."""
        place = self.places[ordinal]
        counter = RowCounter(self.kernels, place.size)
        counter.resume(place.rows.delays, place.rows.pointer)
        found = []
        for n in range(number + 1):
            one = self.instances[n]
            stream = Pairs(self.kernels, one, one.cells_of(place.source), place.offsets[n])
            for ordinal_of_block, block in enumerate(stream):
                slots = counter.place(stream, ordinal_of_block, block)
                if n < number:
                    continue
                steps = np.broadcast_to(steps_of(self.kernels, one, block), block.pre.shape)
                where = np.full(block.size, ordinal, np.int32)
                columns = (block.pre, block.post, block.ordinal, steps, where, slots)
                found.append(tuple(np.array(column) for column in columns))
        return found
