"""The spike counts of the latest steps of Poisson sources, for what is delivered by counts."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from snnc.runtime.engine.history import Volley
from snnc.runtime.engine.layout import Slice
from snnc.runtime.engine.tables import address, aligned_zeros

# Slices are padded: kernels that list spikes read groups of cells.
_GROUP = 64


class Counts:
    """A ring of slots: the counts of stamp s are in slot ``s & mask``.

    Parameters
    ----------
    slices : list of Slice
        Who owns which cells.
    slots : int
        Number of steps to keep, a power of two.

    Attributes
    ----------
    arrays : dict of int to ndarray of uint8, shape (slots, cells)
        By thread; rows are padded with zeros.
    """

    def __init__(self, slices: list[Slice], slots: int) -> None:
        self.slices = slices
        self.slots = slots
        self.arrays: dict[int, NDArray[np.uint8]] = {
            cut.thread: aligned_zeros(slots * _padded(cut), np.uint8).reshape(slots, -1)
            for cut in slices
        }

    @property
    def nbytes(self) -> int:
        """Bytes of all slots."""
        return sum(array.nbytes for array in self.arrays.values())

    def words(self, thread: int, first: int = 0) -> tuple[int, int, int]:
        """Return address of a cell of a thread's slice in slot 0, mask, and bytes of a slot."""
        array = self.arrays[thread]
        return address(array) + first, self.slots - 1, array.shape[1]

    def clear(self) -> None:
        """Forget all counts."""
        for array in self.arrays.values():
            array[:] = 0

    def forget(self, until: int, step: int) -> None:
        """Forget the counts of stamps up to `until`, `step` being the present step."""
        for stamp in range(max(0, step - self.slots + 1), until + 1):
            for array in self.arrays.values():
                array[stamp & (self.slots - 1)] = 0

    def volleys(self, step: int) -> list[Volley]:
        """Return the spikes kept when `step` is the present step, oldest first."""
        kept = []
        for stamp in range(max(0, step - self.slots + 1), step + 1):
            parts = [self._spikes(cut, stamp) for cut in self.slices]
            ids = np.concatenate(parts) if parts else np.empty(0, np.int32)
            if ids.size:
                kept.append(Volley(stamp, ids, {}))
        return kept

    def _spikes(self, cut: Slice, stamp: int) -> NDArray[np.int32]:
        counts = self.arrays[cut.thread][stamp & (self.slots - 1), : cut.last - cut.first]
        return np.repeat(np.arange(cut.first, cut.last, dtype=np.int32), counts)

    def fill(self, volleys: list[Volley], step: int) -> None:
        """Count the spikes of another simulation, those that the ring is deep enough for."""
        self.clear()
        for volley in volleys:
            if volley.stamp <= step - self.slots:
                continue
            for cut in self.slices:
                here = volley.ids[(volley.ids >= cut.first) & (volley.ids < cut.last)]
                counts = np.bincount(here - cut.first, minlength=cut.last - cut.first)
                slot = self.arrays[cut.thread][volley.stamp & (self.slots - 1)]
                slot[: counts.size] = counts


def _padded(cut: Slice) -> int:
    return -(-(cut.last - cut.first) // _GROUP) * _GROUP
