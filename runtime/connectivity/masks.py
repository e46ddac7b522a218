"""Rows as bit masks, for dense projections whose synapses all have one weight."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from snnc.hardware.cpu import CPU
from snnc.runtime.engine.tables import address, aligned_zeros
from snnc.runtime.jit.cache import Kernels, source_of

_WORD_BITS = 32
_WORDS_PER_LINE = CPU.cache_line // 4


@dataclass(frozen=True, eq=False)
class Masks:
    """Which cells of a slice each row reaches.

    Attributes
    ----------
    first : int
        The target that the first bit stands for.
    sheet : ndarray of uint32, shape (rows, words)
        Rows of bits, in which those that reach other slices may lie beside those of this one; they
        begin on cache lines.
    column : int
        The first word that is of this slice.
    received : ndarray of int64, shape (cells,)
        Number of bits of each cell.
    """

    first: int
    sheet: NDArray[np.uint32]
    column: int
    received: NDArray[np.int64]

    @property
    def bits(self) -> NDArray[np.uint32]:
        """The words of this slice: bit b of word w stands for cell ``32 w + b``."""
        return self.sheet[:, self.column : self.column + _words(self.received.size)]

    @property
    def nbytes(self) -> int:
        """Bytes of all arrays."""
        return self.bits.nbytes + self.received.nbytes


class Sheet:
    """Memory for the rows of bits from one population into several slices, side by side.

    A spike then sets one row to work for all of them.

    Parameters
    ----------
    cells : sequence of int
        Size of each slice.
    """

    def __init__(self, cells: Sequence[int]) -> None:
        self._edges = np.cumsum([0, *map(_words, cells)]).tolist()
        self._rows: NDArray[np.uint32] | None = None

    def place(self, number: int, rows: int) -> tuple[NDArray[np.uint32], int]:
        """Return where the rows of a slice lie, and their first word.

        Who has another number of rows than the first, having other delays, gets rows of its own.
        """
        first, last = self._edges[number : number + 2]
        if self._rows is None and rows:
            self._rows = _zeros(rows, self._edges[-1])
        if self._rows is not None and len(self._rows) == rows:
            return self._rows, first
        return _zeros(rows, last - first), 0


@dataclass(frozen=True)
class Reach:
    """A slice of targets that connections as bits reach.

    Attributes
    ----------
    first, cells : int
        Its first target, and its size.
    sheet : Sheet
        Where the bits are.
    number : int
        Which slice of the sheet it is.
    """

    first: int
    cells: int
    sheet: Sheet
    number: int


class MaskBuilder:
    """Collects the connections of a partition as masks, and what they hold more than once.

    Parameters
    ----------
    kernels : Kernels
        Where the kernel comes from.
    rows : int
        Number of rows.
    reach : Reach
        The slice that they reach.
    """

    def __init__(self, kernels: Kernels, rows: int, reach: Reach) -> None:
        sheet, column = reach.sheet.place(reach.number, rows)
        self.masks = Masks(reach.first, sheet, column, np.zeros(reach.cells, np.int64))
        self._kernel = kernels.get(source_of("mask_rows"))
        self._left: list[tuple[NDArray[np.int64], NDArray[np.int32]]] = []

    def add(
        self, rows: NDArray[np.int64], post: NDArray[np.int32], offsets: NDArray[np.int32]
    ) -> None:
        """Add connections by their rows, which are overwritten, and postsynaptic positions."""
        masks, targets = self.masks, np.empty(rows.size, np.int32)
        words = np.array([
            rows.size, address(rows), address(post), address(offsets), masks.first,
            address(masks.bits), masks.sheet.shape[1], address(masks.received), address(targets),
        ], np.int64)  # fmt: skip
        self._kernel(words.ctypes.data, 1, 0)
        left = int(words[0])
        self._left.append((rows[:left].copy(), targets[:left].copy()))

    def rest(self) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
        """Return the pointer and the targets of what is left, as rows."""
        rows = np.concatenate([np.empty(0, np.int64), *(r for r, _ in self._left)])
        targets = np.concatenate([np.empty(0, np.int32), *(t for _, t in self._left)])
        pointer = np.zeros(len(self.masks.sheet) + 1, np.int64)
        np.cumsum(np.bincount(rows, minlength=pointer.size - 1), out=pointer[1:])
        return pointer, targets[np.argsort(rows, kind="stable")]


def _words(cells: int) -> int:
    """Return how many words have a bit for each cell and fill cache lines."""
    return -(-cells // (_WORD_BITS * _WORDS_PER_LINE)) * _WORDS_PER_LINE


def _zeros(rows: int, words: int) -> NDArray[np.uint32]:
    return aligned_zeros(rows * words, np.uint32).reshape(rows, words)
