"""Shortest ways over the lines of a wafer that are still free."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache, cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import breadth_first_order

from snnc.hardware.wafer import Wafer

Place = tuple[int, int]


@cache
def line_graph(wafer: Wafer) -> LineGraph:
    """Return the lines of a wafer."""
    return LineGraph(wafer)


class LineGraph:
    """All lines of a wafer, joined where a repeater or a switch can join them.

    Parameters
    ----------
    wafer : Wafer
        The wafer.
    """

    def __init__(self, wafer: Wafer) -> None:
        self.wafer = wafer
        self.count = wafer.horizontal_lines + wafer.vertical_lines

    def paths(self, bus: NDArray[np.int64], own: int, chips: list[int]) -> Iterator[list[Place]]:
        """Yield ways from the lines of a bus to a vertical line of each HICANN that can be reached.

        `bus` is read again after each of them, so that the next way can begin where it ended.

        Parameters
        ----------
        bus : ndarray of int64, shape (HICANNs, lines)
            Who is on each line, -1 where nobody is.
        own : int
            The bus.
        chips : list of int
            The HICANNs to reach.

        Yields
        ------
        list of (int, int)
            HICANN and line of each step; the first is the bus's own.
        """
        for chip in chips:
            before = self._reached(bus, own)
            first = chip * self.count + self.wafer.horizontal_lines
            nodes = range(first, first + self.wafer.vertical_lines)
            ways = [self._way(before, node) for node in nodes if before[node] >= 0]
            if ways:
                yield min(ways, key=len)

    def _reached(self, bus: NDArray[np.int64], own: int) -> NDArray[np.int64]:
        """Return the node before each one on the shortest way; negative where there is none.

        The last node stands before all lines of the bus.
        """
        state = bus.ravel()
        starts, rows, ends = self._edges
        mine, free = state == own, state < 0
        kept = np.concatenate([free, [False]])[ends] & np.concatenate([mine | free, [False]])[rows]
        kept[starts[-2] :] = mine
        sums = np.concatenate([[0], np.cumsum(kept)])
        indices = ends[kept]
        graph = csr_matrix(
            (np.ones(indices.size), indices, sums[starts].astype(np.int32)),
            (state.size + 1, state.size + 1),
        )
        return breadth_first_order(graph, state.size, return_predecessors=True)[1].astype(np.int64)

    def _way(self, before: NDArray[np.int64], node: int) -> list[Place]:
        way = []
        while node < before.size - 1:
            way.append(divmod(node, self.count))
            node = int(before[node])
        return way[::-1]

    @cached_property
    def _edges(self) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int32]]:
        """Return where each node's edges begin, and the two ends of each edge."""
        pairs = np.array(list(self._pairs()), np.int64)
        nodes = len(self.wafer.chips) * self.count
        first = np.concatenate([pairs[:, 0], pairs[:, 1], np.full(nodes, nodes)])
        second = np.concatenate([pairs[:, 1], pairs[:, 0], np.arange(nodes)])
        order = np.lexsort((second, first))
        starts = np.searchsorted(first[order], np.arange(nodes + 2))
        return starts, first[order], second[order].astype(np.int32)

    def _pairs(self) -> Iterator[tuple[int, int]]:
        wafer = self.wafer
        for number, (x, y) in enumerate(wafer.chips):
            at = number * self.count
            below = at + wafer.horizontal_lines
            east, south = wafer.number_of.get((x + 1, y)), wafer.number_of.get((x, y + 1))
            for line in range(wafer.horizontal_lines):
                for vertical in wafer.crossings(line):
                    yield at + line, below + vertical
                if east is not None:
                    yield at + line, east * self.count + wafer.horizontal(line, 1)
            if south is not None:
                there = south * self.count + wafer.horizontal_lines
                for line in range(wafer.vertical_lines):
                    yield below + line, there + wafer.vertical(line, 1)
