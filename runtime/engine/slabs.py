"""Memory for samples, which another thread takes from the system before it is needed.

Memory that is new costs more than the samples that are written to it: the system clears each page
when it is first touched. A slab that is being filled is followed by one that is touched meanwhile.
"""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

SLAB_BYTES = 1 << 26
_PAGE = 4096


class Slabs:
    """The slabs of a recorder, one after the other, each up to twice as large as the last.

    Parameters
    ----------
    dtype : str
        Type of the samples.

    Attributes
    ----------
    slab : ndarray, shape (rows, columns)
        The present one.
    """

    def __init__(self, dtype: str) -> None:
        self._dtype = np.dtype(dtype)
        self.slab: NDArray[Any] = np.empty((0, 0), self._dtype)
        self._next: Future[NDArray[Any]] | None = None

    def drop(self) -> None:
        """Forget the present slab and the next."""
        self.slab = np.empty((0, 0), self._dtype)
        self._next = None

    def advance(self, room: int, columns: int) -> None:
        """Make a new slab the present one.

        Parameters
        ----------
        room, columns : int
            The least number of rows, and how long they are.
        """
        ready = None if self._next is None else self._next.result()
        self._next = None
        if ready is None or len(ready) < room or ready.shape[1] != columns:
            ready = np.empty((self._rows(room, columns), columns), self._dtype)
        self.slab = ready

    def prepare(self, room: int, filled: int) -> None:
        """Have the next slab made as soon as half of the present one is filled."""
        rows, columns = self.slab.shape
        if self._next is None and 2 * filled >= rows > 0:
            shape = self._rows(room, columns), columns
            self._next = _toucher().submit(_touched, shape, self._dtype)

    def _rows(self, room: int, columns: int) -> int:
        most = SLAB_BYTES // (self._dtype.itemsize * max(columns, 1))
        return max(room, min(2 * len(self.slab), most))


@cache
def _toucher() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(1, "snnc-slabs")


def _touched(shape: tuple[int, int], dtype: np.dtype[Any]) -> NDArray[Any]:
    slab = np.empty(shape, dtype)
    slab.reshape(-1)[:: _PAGE // dtype.itemsize] = 0
    return slab
