"""Room that the delivery of whole rows of plastic synapses works in; nothing lasts in it."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from snnc.codegen.artifact import BLOCK, FACTORS


class RowRoom:
    """Arrays of a kernel's own, for the cells of one slice.

    Memory: 12 bytes, and 8 for each state, per cell; 4 KiB, and 4 KiB for each trace, per entry of
    a ring, of which a kernel touches as much as there are spikes.

    Parameters
    ----------
    cells : int
        Number of cells of the slice.
    names : iterable of str
        Postsynaptic states.
    capacity : int
        Entries of the rings of spikes.

    Attributes
    ----------
    unseen : ndarray of int32 [cells]
        How many of the last spikes of a cell do not act before an arrival.
    seen_stamps, since_stamps : ndarray of int32 [cells]
        The stamp of the last one that does, and of the last one before the moment of the arrival.
    now : dict of str to ndarray of float64 [cells]
        The states at that moment.
    event_synapse, event_stamps : ndarray of int32
        Synapses of a block and spikes that act on them.
    event_bounds : ndarray of int64
        Where the first, second, ... spikes of the synapses end, counted backwards in time.
    factors_known : ndarray of int64 [1]
        Whether the kernel has filled the tables of factors.
    """

    def __init__(self, cells: int, names: Iterable[str], capacity: int) -> None:
        self.unseen = np.zeros(cells, np.int32)
        self.seen_stamps = np.zeros(cells, np.int32)
        self.since_stamps = np.zeros(cells, np.int32)
        self.now = {name: np.zeros(cells) for name in names}
        # One more: what is not listed is written, too, and then written over.
        events = BLOCK * capacity + 1
        self.event_synapse = np.zeros(events, np.int32)
        self.event_stamps = np.zeros(events, np.int32)
        self.event_bounds = np.zeros(capacity + 2, np.int64)
        self.factors_known = np.zeros(1, np.int64)
        self._factors: dict[str, np.ndarray] = {}
        self._event_values: dict[str, np.ndarray] = {}

    def factors_of(self, name: str) -> np.ndarray:
        """Return a table of factors; it is filled anew, as parameters may have changed."""
        self.factors_known[0] = 0
        return self._factors.setdefault(name, np.zeros(FACTORS))

    def values_of(self, name: str) -> np.ndarray:
        """Return the room for the values of a presynaptic trace at the events."""
        if name not in self._event_values:
            self._event_values[name] = np.zeros(self.event_stamps.size)
        return self._event_values[name]
