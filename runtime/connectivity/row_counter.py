"""Numbers of connections of rows, and the places of connections in them."""

from __future__ import annotations

import mmap
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from snnc.runtime.connectivity.edge_values import steps_of
from snnc.runtime.connectivity.pairs import Block, Pairs
from snnc.runtime.jit.cache import Kernel, Kernels, source_of

_PART = 1 << 14
_OWN_PAGES = 1 << 14  # bytes; smaller arrays would leave most of their last page empty

_COUNT, _PLACE, _STORE_16, _STORE_32, _FIND = range(5)


@dataclass(frozen=True, eq=False)
class _Table:
    """Counters of the rows of cells from the `first` on, and the rank of each delay."""

    counters: NDArray[np.int64]
    by_cell: int
    by_rank: int
    rank: NDArray[np.int32]
    first: int = 0

    @property
    def address(self) -> int:
        """Where the counter of cell 0 and rank 0 is, or would be."""
        return self.counters.ctypes.data - self.first * self.by_cell * self.counters.itemsize


@dataclass(frozen=True, eq=False)
class _Counted:
    """Numbers of connections of the rows of some cells, in as few bytes as hold them.

    `counts` has the shape (cells, delays).
    """

    cells: slice
    delays: NDArray[np.int32]
    counts: NDArray[np.unsignedinteger]


class RowCounter:
    """Numbers of connections of each row, then the next free place of each.

    All cells are counted together, or some after the other, as `begin` says.

    Parameters
    ----------
    kernels : Kernels
        Where the kernel comes from.
    size : int
        Number of cells of the source population.
    """

    def __init__(self, kernels: Kernels, size: int) -> None:
        self.kernels = kernels
        self.kernel: Kernel = kernels.get(source_of("edge_rows"))
        self.size = size
        self.delays = np.empty(0, np.int32)  # in the order of their first occurrence
        self.rank = np.zeros(0, np.int32)  # by delay, -1 for those not seen
        self._counted: list[_Counted] = []
        self.begin(slice(0, size))
        self.places = np.empty(0, np.int64)
        self.steps: dict[tuple[Pairs, int], int | NDArray[np.integer]] = {}

    def begin(self, cells: slice) -> None:
        """Count the rows of these cells from now on, and no others."""
        self._cells = cells
        self.counters = np.zeros((self.delays.size, cells.stop - cells.start), np.int64)

    def end(self) -> NDArray[np.unsignedinteger]:
        """Take note of the numbers that have been counted since `begin`.

        Returns
        -------
        ndarray, shape (cells, delays)
            The numbers; delays ascend.
        """
        order = np.argsort(self.delays)
        kind = np.min_scalar_type(int(self.counters.max(initial=0)))
        counts = np.empty((self.counters.shape[1], order.size), kind)
        for part in _parts(len(counts)):
            counts[part] = self.counters[order, part].T
        self.counters = np.zeros((0, 0), np.int64)
        self._counted.append(_Counted(self._cells, self.delays[order], counts))
        return counts

    def count_all(self, stream: Pairs) -> None:
        """Count all pairs of a stream."""
        for number, block in enumerate(stream):
            # Kept for the second pass, as drawing delays again would take longer than all else.
            steps = self.count(stream, block)
            if not isinstance(steps, int):
                steps = _in_own_pages(steps.astype(np.min_scalar_type(self.rank.size - 1)))
            self.steps[stream, number] = steps

    def count(self, stream: Pairs, block: Block) -> int | NDArray[np.int32]:
        """Count the pairs of a block; return their delays in steps."""
        steps = steps_of(self.kernels, stream.one, block)
        self._admit(steps)
        table = _Table(self.counters, 1, self.counters.shape[1], self.rank, self._cells.start)
        self._run(_COUNT, stream, block, steps, table)
        return steps

    def open_rows(self, start: int) -> None:
        """Have the rows of the cells for which counting has ended begin at `start`.

        `place_opened` then finds the places of their pairs.
        """
        last = self._counted[-1]
        first = np.cumsum(last.counts, dtype=np.int64) - last.counts.ravel() + start
        rank = np.full_like(self.rank, -1)
        rank[last.delays] = np.arange(last.delays.size, dtype=np.int32)
        self._opened = _Table(first, last.delays.size, 1, rank, last.cells.start)

    def place_opened(
        self,
        stream: Pairs,
        block: Block,
        steps: int | NDArray[np.int32],
        target: NDArray[np.unsignedinteger],
    ) -> NDArray[np.int64]:
        """Store the targets of pairs of opened rows; return their places until the next call."""
        return self._place(_storing(target), stream, block, steps, self._opened, target)

    def finish(self) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
        """Return the delays and the pointer, when counting has ended for all cells.

        From now on counters are the next free places. They lie in the pointer, whose memory may
        rival that of the connections: `restore` it when all are placed.
        """
        self.delays = np.sort(self.delays)
        self.rank[self.delays] = np.arange(self.delays.size, dtype=np.int32)
        pointer = np.zeros(self.size * self.delays.size + 1, np.int64)
        counts = pointer[1:].reshape(self.size, self.delays.size)
        for one in self._counted:
            all_delays = one.delays.size == self.delays.size
            counts[one.cells, slice(None) if all_delays else self.rank[one.delays]] = one.counts
        self._counted.clear()
        total = 0
        for part in _parts(pointer.size):
            pointer[part.start] += total
            total = int(np.cumsum(pointer[part], out=pointer[part])[-1])
        self.counters = pointer[:-1]
        return self.delays, pointer

    @staticmethod
    def restore(pointer: NDArray[np.int64]) -> None:
        """Make a pointer of `finish` what it was, now that each row is full."""
        for part in reversed(_parts(pointer.size - 1)):
            pointer[part.start + 1 : part.stop + 1] = pointer[part]
        pointer[0] = 0

    def resume(self, delays: NDArray[np.int32], pointer: NDArray[np.int64]) -> None:
        """Take over the result of `finish`, as it was, of a counter of the same connections."""
        self.delays = delays
        self.rank = np.full(int(delays.max(initial=0)) + 1, -1, np.int32)
        self.rank[delays] = np.arange(delays.size, dtype=np.int32)
        self.counters = pointer[:-1].copy()

    def place(
        self,
        stream: Pairs,
        number: int,
        block: Block,
        target: NDArray[np.unsignedinteger] | None = None,
    ) -> NDArray[np.int64]:
        """Return the places of the pairs of block `number`, valid until the next call.

        Stores their targets, too, unless `target` is None.
        """
        mode = _PLACE if target is None else _storing(target)
        return self._second_pass(mode, stream, number, block, target)

    def rows(self, stream: Pairs, number: int, block: Block) -> NDArray[np.int64]:
        """Return the rows of the pairs of block `number`, valid until the next call."""
        return self._second_pass(_FIND, stream, number, block)

    def _second_pass(
        self,
        mode: int,
        stream: Pairs,
        number: int,
        block: Block,
        target: NDArray[np.unsignedinteger] | None = None,
    ) -> NDArray[np.int64]:
        steps = self.steps.pop((stream, number), None)
        if steps is None:
            steps = steps_of(self.kernels, stream.one, block)
        elif isinstance(steps, np.ndarray):
            steps = steps.astype(np.int32)
        table = _Table(self.counters, self.delays.size, 1, self.rank)
        return self._place(mode, stream, block, steps, table, target)

    def _place(
        self,
        mode: int,
        stream: Pairs,
        block: Block,
        steps: int | NDArray[np.int32],
        table: _Table,
        target: NDArray[np.unsignedinteger] | None,
    ) -> NDArray[np.int64]:
        if self.places.size < block.size:
            self.places = np.empty(block.size, np.int64)
        self._run(mode, stream, block, steps, table, target)
        return self.places[: block.size]

    def _admit(self, steps: int | NDArray[np.integer]) -> None:
        """Make counters for delays that have not occurred before."""
        shortest, longest = int(np.min(steps)), int(np.max(steps))
        if longest < self.rank.size and (self.rank[shortest : longest + 1] >= 0).all():
            return
        if longest >= self.rank.size:
            grown = np.full(longest + 1, -1, np.int32)
            grown[: self.rank.size] = self.rank
            self.rank = grown
        if isinstance(steps, int):
            fresh = np.array([steps] if self.rank[steps] < 0 else [], np.int32)
        else:
            occurring = np.bincount(steps, minlength=longest + 1) > 0
            fresh = np.flatnonzero(occurring & (self.rank[: longest + 1] < 0)).astype(np.int32)
        if not fresh.size:
            return
        known = self.delays.size
        self.rank[fresh] = np.arange(known, known + fresh.size, dtype=np.int32)
        self.delays = np.concatenate([self.delays, fresh])
        if self.delays.size > len(self.counters):
            width = self.counters.shape[1]
            grown = np.zeros((max(self.delays.size, 2 * known), width), np.int64)
            grown[:known] = self.counters[:known]
            self.counters = grown

    def _run(
        self,
        mode: int,
        stream: Pairs,
        block: Block,
        steps: int | NDArray[np.int32],
        table: _Table,
        target: NDArray[np.unsignedinteger] | None = None,
    ) -> None:
        same = isinstance(steps, int)
        words = np.array(
            [
                block.size,
                block.pre.ctypes.data,
                block.post.ctypes.data,
                0 if same else steps.ctypes.data,
                steps if same else 0,
                stream.cells.ctypes.data,
                stream.cells.size,
                table.address,
                table.counters.size,
                table.by_cell,
                table.by_rank,
                stream.offsets.ctypes.data,
                stream.offsets.size,
                0 if target is None else target.ctypes.data,
                0 if target is None else target.size,
                self.places.ctypes.data,
                table.rank.ctypes.data,
                table.rank.size,
            ],
            np.int64,
        )
        self.kernel(words.ctypes.data, 1, mode)


def _storing(target: NDArray[np.unsignedinteger]) -> int:
    return _STORE_16 if target.dtype == np.uint16 else _STORE_32


def _parts(size: int) -> list[slice]:
    """Return slices that need little memory for temporary copies."""
    return [slice(first, min(first + _PART, size)) for first in range(0, size, _PART)]


def _in_own_pages(values: NDArray[Any]) -> NDArray[Any]:
    """Return a copy in pages that the system gets back as soon as it is not needed any more."""
    if values.nbytes < _OWN_PAGES:
        return values
    memory = mmap.mmap(-1, values.nbytes, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    copy = np.frombuffer(memory, values.dtype)
    copy[:] = values
    return copy
