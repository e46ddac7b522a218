"""Memory for samples, which another thread has the system clear before it is written.

Memory that is new costs more than the samples that are written to it: the system clears each page
when it is first touched. So a thread asks for the pages of a slab that a run is going to fill, and
for those of the next slab as soon as half of the present one is filled.
"""

from __future__ import annotations

import ctypes
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from snnc.hardware.cpu import CPU

SLAB_BYTES = 1 << 26
_POPULATE_WRITE = 23  # MADV_POPULATE_WRITE of Linux since 5.14, which other systems do without
_LARGE = 1 << 21  # a large page: much cheaper than the small ones that it stands for


class Slabs:
    """The slabs of a recorder, one after the other.

    They begin on a cache line, and large ones on a large page. Each is as large as what the run is
    going to fill, or twice as large as the last, but not larger than `SLAB_BYTES` unless a single
    chunk is.

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
        self._next: NDArray[Any] | None = None

    def advance(self, room: int, columns: int, wanted: int) -> None:
        """Make a new slab the present one.

        Parameters
        ----------
        room, columns : int
            The least number of rows, and how long they are.
        wanted : int
            Number of rows that the run is going to fill from now on.
        """
        ready, self._next = self._next, None
        if ready is None or len(ready) < room or ready.shape[1] != columns:
            ready = self._new(room, columns, wanted)
        self.slab = ready

    def prepare(self, room: int, filled: int, wanted: int) -> None:
        """Have the next slab made as soon as half of the present one is filled, if it is wanted."""
        rows, columns = self.slab.shape
        beyond = wanted - (rows - filled)
        if self._next is None and 2 * filled >= rows and beyond > 0:
            self._next = self._new(room, columns, beyond)

    def _new(self, room: int, columns: int, wanted: int) -> NDArray[Any]:
        width = self._dtype.itemsize * columns
        most = SLAB_BYTES // max(width, 1)
        rows = max(room, min(max(2 * len(self.slab), wanted), most))
        size = rows * width
        unit = CPU.cache_line if size < _LARGE else _LARGE
        # Room in front to begin at a unit, and behind for the whole of the last one.
        memory = np.empty(size + 2 * unit, np.uint8)
        first = -memory.ctypes.data % unit
        if size >= _LARGE:
            needed = -(-min(rows, wanted) * width // _LARGE) * _LARGE
            _pager().submit(_populate, memory[first : first + needed])
        return memory[first : first + size].view(self._dtype).reshape(rows, columns)


@cache
def _pager() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(1, "snnc-slabs")


@cache
def _madvise() -> Any:
    if sys.platform != "linux":
        return None
    function = ctypes.CDLL(None).madvise
    function.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)
    return function


def _populate(memory: NDArray[np.uint8]) -> None:
    """Have the system provide pages, whose contents stay; where it cannot, writing them will."""
    advise = _madvise()
    if advise is None:
        return
    start = memory.ctypes.data
    for first in range(0, memory.size, _LARGE):
        if advise(start + first, _LARGE, _POPULATE_WRITE) != 0:
            return
