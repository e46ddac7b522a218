"""Postsynaptic spikes of many cells in the order of time.

Memory: 8 bytes per spike, and 8 for each presynaptic trace. Spikes are dropped when the room is
used up and `PostHistory` says that no synapse can ask for them any more.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

_FIRST_ROOM = 1024


class SpikeLog:
    """Spikes of the cells of one slice, for synapses that are delivered a row at a time.

    Parameters
    ----------
    cells : int
        Number of cells of the slice.
    names : iterable of str
        Postsynaptic states.

    Attributes
    ----------
    count : ndarray of int64 [1]
        Number of spikes.
    stamps, cells : ndarray of int32 [room]
        Ascending stamps, and who fired.
    event_values : ndarray of float64 [room]
        Room of the kernel for a value per spike.
    edge_of : ndarray of int32 [cells]
        Room of the kernel for the synapse of each cell; all -1 between its calls.
    now : dict of str to ndarray of float64 [cells]
        Room of the kernel for the states at one moment.
    """

    def __init__(self, cells: int, names: Iterable[str]) -> None:
        self.count = np.zeros(1, np.int64)
        self.edge_of = np.full(cells, -1, np.int32)
        self.now = {name: np.zeros(cells) for name in names}
        self._allocate(_FIRST_ROOM)

    def _allocate(self, room: int) -> None:
        self.stamps = np.zeros(room, np.int32)
        self.cells = np.zeros(room, np.int32)
        self.event_values: dict[str, np.ndarray] = {}

    def values_of(self, name: str) -> np.ndarray:
        """Return the room for the values of one state."""
        if name not in self.event_values:
            self.event_values[name] = np.zeros(self.stamps.size)
        return self.event_values[name]

    def take_over(self, cells: np.ndarray, stamps: np.ndarray) -> None:
        """Replace the log by some spikes in any order."""
        order = np.lexsort((cells, stamps))
        self.count[0] = order.size
        self._allocate(max(_FIRST_ROOM, 1 << order.size.bit_length()))
        self.stamps[: order.size] = stamps[order]
        self.cells[: order.size] = cells[order]

    def prepare(self, spikes: int, floor: int) -> bool:
        """Make room for some spikes, dropping those up to the stamp `floor` where that helps.

        Returns
        -------
        bool
            Whether the arrays are new.
        """
        used = int(self.count[0])
        if used + spikes <= self.stamps.size:
            return False
        dropped = int(np.searchsorted(self.stamps[:used], floor, side="right"))
        kept = self.stamps[dropped:used].copy(), self.cells[dropped:used].copy()
        used -= dropped
        self.count[0] = used
        new = used + spikes > self.stamps.size
        if new:
            self._allocate(1 << (2 * used + 2 * spikes).bit_length())
        self.stamps[:used], self.cells[:used] = kept
        return new
