"""Memory for samples: its pages are there before samples are written, and it is kept for later.

Memory that is new costs more than the samples that are written to it: the system clears each page
when it is first touched, and on a virtual machine may have to get it from the host before. So other
threads touch it ahead of time, and memory that nobody holds any more is not given up but lent out
again. Until then the system may take its pages whenever it is short of memory.
"""

from __future__ import annotations

import itertools
import mmap
import weakref
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from snnc.runtime.engine.driver import processors

LARGE_PAGE = 1 << 21
"""Bytes of a large page, which is much cheaper than the small ones that it stands for."""
KEPT_BYTES = 1 << 29
"""The most that is kept for later."""
# A few cores clear as fast as memory takes it; a piece is what one of them does at a time.
_MOST_THREADS = 4
_PIECE = 1 << 24
# Windows has none of these, and other systems not all.
_PRIVATE: dict[str, Any] = (
    {"flags": mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS} if hasattr(mmap, "MAP_PRIVATE") else {}
)
_HUGE: int | None = getattr(mmap, "MADV_HUGEPAGE", None)
_FREE: int | None = getattr(mmap, "MADV_FREE", None)


class Store:
    """Memory that is lent, and lent again when no array uses it any more.

    Every method may be called by any thread, and whenever an array is dropped: what is kept changes
    by single operations on a dict.

    Parameters
    ----------
    most : int
        The most bytes that are kept for later.
    """

    def __init__(self, most: int = KEPT_BYTES) -> None:
        self._most = most
        self._kept: dict[int, mmap.mmap] = {}
        self._numbers = itertools.count()

    @property
    def kept(self) -> int:
        """Bytes that nobody holds at present."""
        return sum(len(memory) for memory in list(self._kept.values()))

    def lend(self, size: int) -> NDArray[np.uint8]:
        """Return `size` bytes from the beginning of a large page on, whose contents are undefined.

        They are free to be lent again when the last array has gone that shares them.
        """
        whole = (-(-size // LARGE_PAGE) + 1) * LARGE_PAGE  # the last to begin where a page does
        memory = self._take(whole)
        if memory is None:
            memory = mmap.mmap(-1, whole, **_PRIVATE)
            _advise(memory, _HUGE)
        lent = np.frombuffer(memory, np.uint8)
        weakref.finalize(lent, self._give_back, memory).atexit = False
        first = -lent.ctypes.data % LARGE_PAGE
        return lent[first : first + size]

    def _take(self, size: int) -> mmap.mmap | None:
        """Return the smallest memory kept that has `size` bytes, and not many more."""
        fitting = [
            (len(memory), number)
            for number, memory in list(self._kept.items())
            if size <= len(memory) <= 2 * size
        ]
        for _, number in sorted(fitting):
            memory = self._kept.pop(number, None)
            if memory is not None:
                return memory
        return None

    def _give_back(self, memory: mmap.mmap) -> None:
        if self.kept + len(memory) <= self._most:
            _advise(memory, _FREE)
            self._kept[next(self._numbers)] = memory


STORE = Store()
"""What all recorders of the process share."""


def touch(memory: NDArray[Any]) -> list[Future[None]]:
    """Have other threads touch every page of a contiguous array, whose contents are lost.

    Returns
    -------
    list of Future
        What is under way. Nothing must be written to the array until then.
    """
    flat = memory.reshape(-1).view(np.uint8)
    pieces = [flat[first : first + _PIECE] for first in range(0, flat.size, _PIECE)]
    return [_touching().submit(_touch, piece) for piece in pieces]


def _touch(memory: NDArray[np.uint8]) -> None:
    memory[:: mmap.PAGESIZE] = 0
    memory[-1] = 0


@cache
def _touching() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(min(processors(), _MOST_THREADS), "snnc-samples")


def _advise(memory: mmap.mmap, advice: int | None) -> None:
    if advice is not None:
        memory.madvise(advice)
