"""Room that the delivery of whole rows of plastic synapses works in; nothing lasts in it."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from snnc.codegen.artifact import BLOCK


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
    seen : ndarray of int32 [cells]
        How many spikes of a cell act before an arrival.
    seen_stamps, since_stamps : ndarray of int32 [cells]
        The last one's stamp, and that of the last one before the moment of the arrival.
    now : dict of str to ndarray of float64 [cells]
        The states at that moment.
    event_synapse, event_stamps : ndarray of int32
        Synapses of a block and spikes that act on them.
    event_bounds : ndarray of int64
        Where the first, second, ... spikes of the synapses end, counted backwards in time.
    """

    def __init__(self, cells: int, names: Iterable[str], capacity: int) -> None:
        self.seen = np.zeros(cells, np.int32)
        self.seen_stamps = np.zeros(cells, np.int32)
        self.since_stamps = np.zeros(cells, np.int32)
        self.now = {name: np.zeros(cells) for name in names}
        # One more: what is not listed is written, too, and then written over.
        events = BLOCK * capacity + 1
        self.event_synapse = np.zeros(events, np.int32)
        self.event_stamps = np.zeros(events, np.int32)
        self.event_bounds = np.zeros(capacity + 2, np.int64)
        self._event_values: dict[str, np.ndarray] = {}

    def values_of(self, name: str) -> np.ndarray:
        """Return the room for the values of a presynaptic trace at the events."""
        if name not in self._event_values:
            self._event_values[name] = np.zeros(self.event_stamps.size)
        return self._event_values[name]
