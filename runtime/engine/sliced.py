"""A number for each cell of a population, kept apart for each thread."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from snnc.runtime.engine.layout import Slice
from snnc.runtime.engine.tables import address, aligned_zeros


class Sliced:
    """Numbers that threads write in every step, each those of its slice.

    One array of all cells would do, but the processor reads ahead: who gets to the end of a slice
    would take the first lines of the next from the thread that writes them.

    Parameters
    ----------
    slices : iterable of Slice
        Of a population: they follow one another and leave no cell out.
    dtype : dtype
        Of the numbers, which start as zeros.

    Attributes
    ----------
    dtype : numpy.dtype
        Of the numbers.
    """

    def __init__(self, slices: Iterable[Slice], dtype: DTypeLike) -> None:
        self.dtype = np.dtype(dtype)
        self._parts = {part: aligned_zeros(part.last - part.first, self.dtype) for part in slices}

    @property
    def nbytes(self) -> int:
        """Bytes of all numbers."""
        return sum(array.nbytes for array in self._parts.values())

    def address(self, part: Slice) -> int:
        """Return where the numbers of a slice are."""
        return address(self._parts[part])

    def read(self) -> NDArray[Any]:
        """Return a copy of all numbers, in the order of the cells: shape (size,)."""
        return np.concatenate([np.empty(0, self.dtype), *self._parts.values()])

    def write(self, values: ArrayLike, index: NDArray[np.int64] | None = None) -> None:
        """Set all numbers, or those of an index, to one value or to one each."""
        new = self.read()
        new[slice(None) if index is None else index] = values
        for part, array in self._parts.items():
            array[:] = new[part.first : part.last]
