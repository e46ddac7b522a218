"""Spikes of postsynaptic cells, kept until no synapse can ask for them.

Plastic synapses look back, when a presynaptic spike arrives, at the postsynaptic spikes since the
presynaptic spike before it. Each cell has a ring of stamps with the values of the postsynaptic
states after each spike; all rings of a group have one capacity, a power of two. They are written
by the kernel `observe` and grow only between runs of it, so that no spike is ever lost.

Memory: 4 bytes, and 8 for each state, per entry. Spikes are dropped once every presynaptic cell
with synapses in the group has fired after them; one that stays silent makes the group
keep all of them (NEST's archiving nodes do the same).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType

import numpy as np

from snnc.codegen.artifact import RECENT
from snnc.runtime.connectivity.row_room import RowRoom
from snnc.runtime.connectivity.spike_log import SpikeLog

# Synapses read the last spike before a moment, and a coincident one hides the one before it.
_KEPT = 2


class PostHistory:
    """Rings of the cells of one slice.

    Parameters
    ----------
    cells : int
        Number of cells of the slice.
    names : iterable of str
        Postsynaptic states whose values are kept.
    capacity : int
        Entries per ring at first, a power of two.
    initial : mapping of str to float
        Values of the states before the first spike, 0 where nothing is said.

    Attributes
    ----------
    heads : ndarray of int64 [cells]
        Number of spikes so far; entry i of a ring is at i modulo the capacity.
    stamps : ndarray of int32 [cells, capacity]
    values : dict of str to ndarray of float64 [cells, capacity]
    recent_stamps : ndarray of int32 [RECENT, cells]
        The last stamps, those before them, and so on, 0 for none; they stay in the caches.
    latest : dict of str to ndarray of float64 [cells]
        The values after the last spikes.
    log : SpikeLog or None
        The spikes in the order of time, where rows are delivered as a whole.
    room : RowRoom or None
        What that delivery works in.
    """

    def __init__(
        self,
        cells: int,
        names: Iterable[str],
        capacity: int = 64,
        initial: Mapping[str, float] = MappingProxyType({}),
    ) -> None:
        if capacity < 1 or capacity & (capacity - 1):
            raise ValueError(f"capacity must be a power of two; found {capacity}")
        self.heads = np.zeros(cells, np.int64)
        self.stamps = np.zeros((cells, capacity), np.int32)
        self.values = {name: np.zeros((cells, capacity)) for name in names}
        self._tails = np.zeros(cells, np.int64)
        self.recent_stamps = np.zeros((RECENT, cells), np.int32)
        self.latest = {name: np.zeros(cells) for name in self.values}
        self._initial = dict(initial)
        self.log: SpikeLog | None = None
        self.room: RowRoom | None = None
        self.reset()

    def keep_log(self) -> None:
        """Keep the spikes of all cells in the order of time, too, from now on."""
        if self.log is None:
            self.log = SpikeLog()
            self.log.take_over(*self._entries())
            self._make_room()

    def _make_room(self) -> None:
        self.room = RowRoom(self.heads.size, self.values, self.capacity)

    def _entries(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the cells and the stamps of all entries."""
        first = np.maximum(self.heads - self.capacity, 0)
        cell, age = np.nonzero(np.arange(self.capacity) < (self.heads - first)[:, None])
        return cell, self.stamps[cell, (first[cell] + age) & self.mask]

    def _forget(self) -> None:
        # A stamp that all presynaptic cells have reached and all their synapses have seen; and
        # one that they have reached, with the step at which that was found out.
        self._consumed = -1
        self._reached: tuple[int, int] | None = None

    @property
    def capacity(self) -> int:
        """Entries per ring."""
        return self.stamps.shape[1]

    @property
    def mask(self) -> int:
        """Capacity - 1."""
        return self.capacity - 1

    @property
    def nbytes(self) -> int:
        """Bytes of all arrays."""
        arrays = (self.heads, self.stamps, *self.values.values())
        return sum(array.nbytes for array in arrays)

    def reset(self) -> None:
        """Forget all spikes."""
        self.heads[:] = 0
        self._tails[:] = 0
        self.recent_stamps[:] = 0
        for name, values in self.latest.items():
            values[:] = self._initial.get(name, 0.0)
        if self.log is not None:
            self.log.count[0] = 0
        self._forget()

    def prepare(
        self,
        step: int,
        steps: int,
        presynaptic: Sequence[tuple[np.ndarray, np.ndarray]],
        max_delay: int,
    ) -> bool:
        """Make room for the spikes of the next steps; call it before every chunk of them.

        Parameters
        ----------
        step : int
            Steps done so far.
        steps : int
            Steps until the next call; a cell may fire in each.
        presynaptic : sequence of (int32 [n], bool [n])
            For each source population the stamp of each cell's last spike, -1 if it has not
            fired, and whether the cell has synapses in this group.
        max_delay : int
            Largest delay of these synapses in steps.

        Returns
        -------
        bool
            Whether `stamps` and `values` are new arrays.
        """
        self._follow(step, presynaptic, max_delay)
        moved = False
        if self.log is not None:
            moved = self.log.prepare(self.heads.size * steps, step - 2 * max_delay)
        if self._needed(steps) <= self.capacity:
            return moved
        self._prune(max_delay)
        needed = self._needed(steps)
        if needed <= self.capacity:
            return moved
        self._grow(1 << (needed - 1).bit_length())
        return True

    def _needed(self, steps: int) -> int:
        return int(np.max(self.heads - self._tails, initial=0)) + steps

    def _follow(
        self, step: int, presynaptic: Sequence[tuple[np.ndarray, np.ndarray]], max_delay: int
    ) -> None:
        """Note up to which stamp all presynaptic spikes have been delivered."""
        if self._reached is not None:
            then, reached = self._reached
            if step < then + max_delay:
                return
            self._consumed = max(self._consumed, reached)
        lasts = [last[targets] for last, targets in presynaptic]
        self._reached = step, min((int(np.min(last, initial=step)) for last in lasts), default=step)

    def _prune(self, max_delay: int) -> None:
        """Drop spikes that are older than every window still to come."""
        floor = self._consumed - max_delay - 1
        entries = np.arange(self.capacity)
        age = (self.heads[:, None] - 1 - entries) & self.mask
        index = self.heads[:, None] - 1 - age
        old = (index >= self._tails[:, None]) & (self.stamps <= floor)
        self._tails += np.maximum(old.sum(axis=1) - _KEPT, 0)

    def _grow(self, capacity: int) -> None:
        """Move all entries to rings of a larger capacity."""
        first = np.maximum(self.heads - self.capacity, 0)
        cell, age = np.nonzero(np.arange(self.capacity) < (self.heads - first)[:, None])
        index = first[cell] + age
        source, place = (cell, index & self.mask), (cell, index & (capacity - 1))

        def moved(old: np.ndarray) -> np.ndarray:
            new = np.zeros((len(old), capacity), old.dtype)
            new[place] = old[source]
            return new

        values = {name: moved(old) for name, old in self.values.items()}
        self.stamps, self.values = moved(self.stamps), values
        if self.log is not None:
            self._make_room()
