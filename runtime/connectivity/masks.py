"""Rows as bit masks, for dense projections whose synapses all have one weight."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from snnc.runtime.engine.tables import CACHE_LINE, address, aligned_zeros
from snnc.runtime.jit.cache import Kernels, source_of

if TYPE_CHECKING:
    from snnc.runtime.connectivity.rows import Rows

_WORD_BITS = 32
_WORDS_PER_LINE = CACHE_LINE // 4


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


def take_masks(kernels: Kernels, rows: Rows, first: int, cells: int) -> None:
    """Turn rows into masks; what a row holds more than once stays in it.

    Parameters
    ----------
    kernels : Kernels
        Where the kernel comes from.
    rows : Rows
        Rows with one weight; their `masks` are set.
    first, cells : int
        The slice that they reach: its first target, and its size.
    """
    number = rows.pointer.size - 1
    size = -(-cells // (_WORD_BITS * _WORDS_PER_LINE)) * _WORDS_PER_LINE
    bits = aligned_zeros(number * size, np.uint32).reshape(number, size)
    rows.masks = Masks(first, bits, np.zeros(cells, np.int64))
    words = np.array([
        number, address(rows.pointer), address(rows.target), rows.target.itemsize, first,
        address(bits), size, address(rows.masks.received),
    ], np.int64)  # fmt: skip
    kernels.get(source_of("mask_rows"))(words.ctypes.data, 1, 0)
    rows.target = rows.target[: words[0]].copy()
