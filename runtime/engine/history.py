"""The latest spikes of a population, by the step at which they were emitted."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from snnc.runtime.engine.tables import address, aligned_zeros

# Elements of an int32 array on a cache line: parts that threads write do not share lines.
_LINE = 16
# Columns before the ids of a thread, which have their number.
_HEAD = 1


@dataclass(frozen=True)
class Volley:
    """The spikes of one step.

    Attributes
    ----------
    stamp : int
        The step.
    ids : ndarray of int32, shape (n,)
        Cells in ascending order, as often as each fires.
    carried : dict
        Values that each spike carries, float64 arrays of shape (n,), by their keys.
    """

    stamp: int
    ids: NDArray[np.int32]
    carried: dict[Hashable, NDArray[np.float64]]


class History:
    """A ring of slots: the spikes of stamp s are in slot ``s & mask``.

    Parameters
    ----------
    bounds : ndarray of int64, shape (P + 1,)
        Which cells each of P threads owns.
    widths : sequence of int, length P
        The most spikes of a thread's cells in a step.
    depth : int
        Number of steps to keep, rounded up to a power of two.

    Attributes
    ----------
    ids : ndarray of int32, shape (H, capacity)
        Column ``start[p]`` has the number of spikes of thread p, the columns after it their indices
        in the population: who reads both waits for one cache line, which no other thread writes.
    start : ndarray of int64, shape (P + 1,)
        First columns.
    carried : dict
        Arrays of float64, shape (H, capacity), beside `ids`.
    """

    def __init__(self, bounds: NDArray[np.int64], widths: NDArray[np.int64], depth: int) -> None:
        self.bounds = bounds
        self.widths = np.asarray(widths, np.int64)
        padded = -(-(_HEAD + self.widths) // _LINE) * _LINE
        self.start = np.concatenate(([0], np.cumsum(padded))).astype(np.int64)
        self.slots = slots_for(depth)
        self.capacity = int(self.start[-1])
        # Untouched pages of zeros cost no memory: slots are as wide as the greatest burst.
        self.ids = aligned_zeros(self.slots * self.capacity, np.int32).reshape(self.slots, -1)
        self.carried: dict[Hashable, NDArray[np.float64]] = {}

    @property
    def partitions(self) -> int:
        """Number of threads."""
        return len(self.widths)

    @property
    def mask(self) -> int:
        """What a stamp is masked with to find its slot."""
        return self.slots - 1

    @property
    def nbytes(self) -> int:
        """Bytes reserved; few of them are in use unless many cells fire at once."""
        return self.ids.nbytes + sum(carried.nbytes for carried in self.carried.values())

    def add_carried(self, key: Hashable) -> NDArray[np.float64]:
        """Return the array of values carried under a key, made when missing."""
        if key not in self.carried:
            self.carried[key] = np.zeros((self.slots, self.capacity))
        return self.carried[key]

    def clear(self) -> None:
        """Forget all spikes."""
        self.ids[:, self.start[:-1]] = 0

    def forget(self, until: int, step: int) -> None:
        """Forget the spikes of stamps up to `until`, `step` being the present step."""
        for stamp in range(max(0, step - self.mask), until + 1):
            self.ids[stamp & self.mask, self.start[:-1]] = 0

    def words(self) -> tuple[int, int, int, int, int]:
        """Return the words by which kernels of synapses read the history."""
        return (
            address(self.ids),
            address(self.start),
            self.partitions,
            self.mask,
            self.capacity,
        )

    def part(self, p: int) -> tuple[int, int, int]:
        """Return the words by which a thread reads or writes its own part.

        They are the address of its first column in slot 0, capacity and mask.
        """
        first = int(self.start[p]) * self.ids.itemsize
        return address(self.ids) + first, self.capacity, self.mask

    def volleys(self, step: int) -> list[Volley]:
        """Return the spikes kept when `step` is the present step, oldest first."""
        kept = [self._volley(stamp) for stamp in range(max(0, step - self.mask), step + 1)]
        return [volley for volley in kept if volley.ids.size]

    def _volley(self, stamp: int) -> Volley:
        slot = stamp & self.mask
        columns = np.concatenate(
            [first + _HEAD + np.arange(self.ids[slot, first]) for first in self.start[:-1]]
        )
        carried: dict[Hashable, NDArray[np.float64]] = {
            key: values[slot, columns] for key, values in self.carried.items()
        }
        return Volley(stamp, self.ids[slot, columns], carried)

    def fill(self, volleys: list[Volley], step: int) -> None:
        """Put spikes of another history in, those that this one is deep enough for."""
        self.clear()
        for volley in volleys:
            if volley.stamp > step - self.slots:
                self._put(volley)

    def _put(self, volley: Volley) -> None:
        slot = volley.stamp & self.mask
        edges = np.searchsorted(volley.ids, self.bounds)
        for p in range(self.partitions):
            first, last = edges[p], edges[p + 1]
            begin = self.start[p] + _HEAD
            columns = slice(begin, begin + last - first)
            self.ids[slot, columns] = volley.ids[first:last]
            self.ids[slot, self.start[p]] = last - first
            for key, values in volley.carried.items():
                if key in self.carried:
                    self.carried[key][slot, columns] = values[first:last]


def slots_for(depth: int) -> int:
    """Return the number of slots for a depth in steps: a power of two."""
    return 1 << max(depth - 1, 1).bit_length()
