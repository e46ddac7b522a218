"""Rows as bit masks, for dense projections whose synapses all have one weight."""

from __future__ import annotations

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
    bits : ndarray of uint32, shape (rows, words)
        Bit b of word w stands for cell ``32 w + b``; rows begin on cache lines.
    received : ndarray of int64, shape (cells,)
        Number of bits of each cell.
    """

    first: int
    bits: NDArray[np.uint32]
    received: NDArray[np.int64]

    @property
    def nbytes(self) -> int:
        """Bytes of all arrays."""
        return self.bits.nbytes + self.received.nbytes


class MaskBuilder:
    """Collects the connections of a partition as masks, and what they hold more than once.

    Parameters
    ----------
    kernels : Kernels
        Where the kernel comes from.
    rows : int
        Number of rows.
    reach : tuple of (int, int)
        The slice that they reach: its first target, and its size.
    """

    def __init__(self, kernels: Kernels, rows: int, reach: tuple[int, int]) -> None:
        first, cells = reach
        words = -(-cells // (_WORD_BITS * _WORDS_PER_LINE)) * _WORDS_PER_LINE
        bits = aligned_zeros(rows * words, np.uint32).reshape(rows, words)
        self.masks = Masks(first, bits, np.zeros(cells, np.int64))
        self._kernel = kernels.get(source_of("mask_rows"))
        self._left: list[tuple[NDArray[np.int64], NDArray[np.int32]]] = []

    def add(
        self, rows: NDArray[np.int64], post: NDArray[np.int32], offsets: NDArray[np.int32]
    ) -> None:
        """Add connections by their rows, which are overwritten, and postsynaptic positions."""
        masks, targets = self.masks, np.empty(rows.size, np.int32)
        words = np.array([
            rows.size, address(rows), address(post), address(offsets), masks.first,
            address(masks.bits), masks.bits.shape[1], address(masks.received), address(targets),
        ], np.int64)  # fmt: skip
        self._kernel(words.ctypes.data, 1, 0)
        left = int(words[0])
        self._left.append((rows[:left].copy(), targets[:left].copy()))

    def rest(self) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
        """Return the pointer and the targets of what is left, as rows."""
        rows = np.concatenate([np.empty(0, np.int64), *(r for r, _ in self._left)])
        targets = np.concatenate([np.empty(0, np.int32), *(t for _, t in self._left)])
        pointer = np.zeros(self.masks.bits.shape[0] + 1, np.int64)
        np.cumsum(np.bincount(rows, minlength=pointer.size - 1), out=pointer[1:])
        return pointer, targets[np.argsort(rows, kind="stable")]
