"""Memory for samples that grows by slabs, whose pages are there before samples are written.

What a run is going to fill is asked for when it begins; where that is too much to wait for, each
further slab is asked for as soon as half of the one before is filled.
"""

from __future__ import annotations

from collections import deque
from concurrent.futures import Future, wait
from typing import Any

import numpy as np
from numpy.typing import NDArray

from snnc.runtime.engine.sample_memory import LARGE_PAGE, STORE, touch
from snnc.runtime.engine.tables import aligned_zeros

SLAB_BYTES = 1 << 26


class Slabs:
    """The slabs of a recorder, one after the other.

    They begin on a cache line, and large ones on a large page. Each is as large as what the run is
    going to fill, or twice as large as the last, but not larger than `SLAB_BYTES` unless a single
    row is.

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
        self._ahead: deque[NDArray[Any]] = deque()
        self._under_way: list[Future[None]] = []

    def expect(self, columns: int, wanted: int, filled: int) -> None:
        """Have memory made ready for rows to come; `wait` is to follow before it is written.

        Parameters
        ----------
        columns : int
            How long they are.
        wanted : int
            How many there are.
        filled : int
            Rows of the present slab that are in use.
        """
        self.wait()
        self._ahead.clear()
        if self.slab.shape[1] == columns:
            self._make_ready(self.slab[filled : filled + wanted])
            wanted -= len(self.slab) - filled
        while wanted > 0:
            self._append(columns, wanted)
            wanted -= len(self._ahead[-1])

    def wait(self) -> None:
        """Wait until memory is ready that has been asked for."""
        wait(self._under_way)
        self._under_way = []

    def advance(self, columns: int, wanted: int) -> None:
        """Make a new slab the present one.

        Parameters
        ----------
        columns : int
            How long its rows are.
        wanted : int
            Number of rows that the run is going to fill from now on.
        """
        if not self._ahead or self._ahead[0].shape[1] != columns:
            self._ahead.clear()
            self._append(columns, wanted)
        self.wait()
        self.slab = self._ahead.popleft()

    def look_ahead(self, filled: int, wanted: int) -> None:
        """Have the next slab made as soon as half of the present one is filled, if it is wanted."""
        rows, columns = self.slab.shape
        beyond = wanted - (rows - filled)
        if not self._ahead and 2 * filled >= rows and beyond > 0:
            self._append(columns, beyond)

    def _append(self, columns: int, wanted: int) -> None:
        """Add a slab, and have it made ready for the first of the rows that are wanted."""
        before = self._ahead[-1] if self._ahead else self.slab
        width = max(self._dtype.itemsize * columns, 1)
        rows = max(min(max(2 * len(before), wanted), SLAB_BYTES // width), 1)
        if rows * width < LARGE_PAGE:
            flat = aligned_zeros(rows * columns, self._dtype)
        else:
            flat = STORE.lend(rows * width).view(self._dtype)
        self._ahead.append(flat.reshape(rows, columns))
        self._make_ready(self._ahead[-1][:wanted])

    def _make_ready(self, rows: NDArray[Any]) -> None:
        if rows.nbytes >= LARGE_PAGE:
            self._under_way += touch(rows)
