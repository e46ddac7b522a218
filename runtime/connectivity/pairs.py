"""The pairs of cells that a projection connects, listed block by block."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from snnc.codegen.artifact import KernelSource
from snnc.codegen.connectors.base import PairKernel, PairList
from snnc.codegen.connectors.pairs import DRAW_WIDTH, OWN, WIDTH
from snnc.ir.diagnostics import SnncError
from snnc.runtime.connectivity.edges import ProjectionInstance
from snnc.runtime.engine.tables import bits
from snnc.runtime.jit.cache import Kernels, source_of

BLOCK = 1 << 16  # pairs: their arrays stay in the outer caches of a core
_SPARE = 1.25
_SMALLEST = 1 << 10


@dataclass(frozen=True, eq=False)
class Block:
    """Some pairs; those of each presynaptic cell ascend by (post, ordinal) over all blocks.

    Attributes
    ----------
    pre, post : ndarray of int32, shape (m,)
        Positions in the projection's selections.
    ordinal : ndarray of int32, shape (m,)
        Number of the pair among its equals.
    entry : ndarray of int64, shape (m,), or None
        Place in the list that the user gave, of `listed` pairs.
    listed : int
        Length of that list.
    """

    pre: NDArray[np.int32]
    post: NDArray[np.int32]
    ordinal: NDArray[np.int32]
    entry: NDArray[np.int64] | None = None
    listed: int = 0

    @property
    def size(self) -> int:
        """Number of pairs."""
        return self.pre.size

    def copy(self) -> Block:
        """Return a block with arrays of its own."""
        arrays = (self.pre.copy(), self.post.copy(), self.ordinal.copy())
        return Block(*arrays, self.entry, self.listed)


class Pairs:
    """The pairs of a projection from one source population into one partition.

    Iterating lists them anew each time, in the same order, unless they fit into one block. A block
    is valid until the next is asked for.

    Parameters
    ----------
    kernels : Kernels
        Where the connector's kernel comes from.
    one : ProjectionInstance
        The projection.
    cells : ndarray of int32, shape (n_pre,)
        Index in the source population of each presynaptic position, negative where not wanted.
    offsets : ndarray of int32, shape (n_post,)
        Target of each postsynaptic position, negative where not wanted.
    """

    def __init__(
        self,
        kernels: Kernels,
        one: ProjectionInstance,
        cells: NDArray[np.int32],
        offsets: NDArray[np.int32],
    ) -> None:
        if offsets.shape != (one.post.size,):
            raise SnncError(
                f"internal error: {offsets.size} offsets for the {one.post.size} postsynaptic "
                f"cells of '{one.plan.name}'"
            )
        self.kernels = kernels
        self.one = one
        self.cells = np.ascontiguousarray(cells, np.int32)
        self.offsets = np.ascontiguousarray(offsets, np.int32)
        self._kept: list[Block] | None = None
        if not (self.cells >= 0).any() or not (self.offsets >= 0).any():
            self._kept = []

    def __iter__(self) -> Iterator[Block]:
        if self._kept is not None:
            yield from self._kept
            return
        how = self.one.pairs(self.kernels)
        if isinstance(how, PairList):
            yield from self._listed(how, 0, how.pre.size)
        else:
            yield from self._drawn(how)

    def windows(self, bounds: Sequence[int]) -> Iterator[list[Block]]:
        """List the pairs from the cells below each of some bounds that were not listed before.

        Parameters
        ----------
        bounds : sequence of int
            Indices in the source population, ascending; for pairs that do so, too.
        """
        if self._kept == []:
            yield from ([] for _ in bounds)
            return
        wanted = np.flatnonzero(self.cells >= 0)
        stops = np.searchsorted(self.cells[wanted], bounds)
        rows = [int(wanted[stop - 1]) + 1 if stop else 0 for stop in stops.tolist()]
        how = self.one.pairs(self.kernels)
        if isinstance(how, PairKernel):
            share = self.expected / max(len(rows), 1)
            run = _Run(self.kernels, how, self, int(_SPARE * share) + _SMALLEST)
            yield from map(run.up_to, rows)
            return
        last = 0
        for stop in np.searchsorted(how.pre, rows).tolist():
            yield list(self._listed(how, last, stop))
            last = stop

    @property
    def expected(self) -> float:
        """About how many pairs there are."""
        wanted = np.sum(self.cells >= 0) * np.sum(self.offsets >= 0)
        share = wanted / max(self.cells.size * self.offsets.size, 1)
        return float(self.one.expected(self.kernels) * share)

    @property
    def ascends(self) -> bool:
        """Whether cells of the source population ascend over all pairs."""
        how = self.one.pairs(self.kernels)
        wanted = self.cells[self.cells >= 0]
        by_cell = isinstance(how, PairList) or how.rows == "pre"
        return by_cell and bool((wanted[1:] > wanted[:-1]).all())

    def _listed(self, pairs: PairList, first: int, last: int) -> Iterator[Block]:
        for start in range(first, last, BLOCK):
            some = slice(start, min(start + BLOCK, last))
            wanted = (self.cells[pairs.pre[some]] >= 0) & (self.offsets[pairs.post[some]] >= 0)
            if wanted.any():
                yield Block(
                    pairs.pre[some][wanted],
                    pairs.post[some][wanted],
                    pairs.ordinal[some][wanted],
                    pairs.entry[some][wanted],
                    pairs.pre.size,
                )

    def _drawn(self, how: PairKernel) -> Iterator[Block]:
        run = _Run(self.kernels, how, self)
        block = run.next_block()
        if run.finished:
            self._kept = [block.copy()] if block.size else []
        while True:
            if block.size:
                yield block
            if run.finished:
                return
            block = run.next_block()


@cache
def _drawing() -> KernelSource:
    found = source_of("uniform_batch")
    return KernelSource(found.name, found.text)


class _Run:
    """One pass of a pair kernel over the rows of a projection."""

    def __init__(
        self, kernels: Kernels, how: PairKernel, pairs: Pairs, capacity: int = BLOCK
    ) -> None:
        one = pairs.one
        filters = (pairs.cells, pairs.offsets)
        gids = (one.pre.gid, one.post.gid)
        self.kernel = kernels.get(how.source)
        self.by_post = how.rows == "post"
        self.ordinals = how.ordinals
        if self.by_post:
            filters, gids = filters[::-1], gids[::-1]
        self.scratch = [np.zeros(max(size, 1), np.int64) for size in how.scratch]
        self.rows = gids[0].size
        self.words = np.zeros(WIDTH, np.int64)
        self.words[1] = self.rows
        self.random = kernels.get(_drawing())
        self.draws = np.zeros(DRAW_WIDTH, np.int64)
        self.draws[2:4] = one.key
        self.words[7:9] = [self.random.address, self.draws.ctypes.data]
        self.words[9:11] = [self.rows, gids[1].size]
        kept = [*gids, *filters]
        self.words[11:15] = [array.ctypes.data for array in kept]
        self.words[15] = how.rule
        own = self._own_words(kernels, how)
        self.words[OWN : OWN + len(own)] = own
        self.kept = [*kept, *how.arrays]
        self._allocate(min(capacity, max(self.rows * gids[1].size, 64)))

    def _own_words(self, kernels: Kernels, how: PairKernel) -> list[int]:
        words: list[int] = []
        for word in how.words:
            if isinstance(word, KernelSource):
                words.append(kernels.get(word).address)
            else:
                words.append(bits(word) if isinstance(word, float) else word)
        return words + [array.ctypes.data for array in (*how.arrays, *self.scratch)]

    def _allocate(self, capacity: int) -> None:
        self.out = [np.empty(capacity, np.int32) for _ in range(2)]
        self.out.append(np.empty(capacity, np.int32) if self.ordinals else np.zeros(0, np.int32))
        self.nothing = np.zeros(0 if self.ordinals else capacity, np.int32)
        self.words[2] = capacity
        self.words[4:7] = [array.ctypes.data for array in self.out]

    @property
    def finished(self) -> bool:
        """Whether all rows are done."""
        return bool(self.words[0] >= self.rows)

    def up_to(self, row: int) -> list[Block]:
        """Return the pairs of all rows left before `row`, valid until the next call."""
        self.words[1] = row
        blocks: list[Block] = []
        while self.words[0] < row:
            if blocks:
                blocks[-1] = blocks[-1].copy()  # its arrays are written anew
            blocks.append(self.next_block())
        return [block for block in blocks if block.size]

    def next_block(self) -> Block:
        """Return the pairs of the next rows, as many as fit."""
        first = self.words[0]
        self.kernel(self.words.ctypes.data, 1, 0)
        count = self.words[3]
        if count == 0 and self.words[0] == first:
            self._allocate(2 * int(self.words[2]))
        row, other, ordinal = (array[:count] for array in self.out)
        if not self.ordinals:
            ordinal = self.nothing[:count]
        return Block(other, row, ordinal) if self.by_post else Block(row, other, ordinal)
