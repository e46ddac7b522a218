"""Postsynaptic spikes of many cells in the order of time.

Memory: 8 bytes per spike. Spikes are dropped when the room is used up and they are so old that they
have acted on all synapses of their cell.
"""

from __future__ import annotations

import numpy as np

_FIRST_ROOM = 1024


class SpikeLog:
    """Spikes of the cells of one slice, for synapses that are delivered a row at a time.

    Attributes
    ----------
    count : ndarray of int64 [1]
        Number of spikes.
    stamps, cells : ndarray of int32 [room]
        Ascending stamps, and who fired.
    """

    def __init__(self) -> None:
        self.count = np.zeros(1, np.int64)
        self._allocate(_FIRST_ROOM)

    def _allocate(self, room: int) -> None:
        self.stamps = np.zeros(room, np.int32)
        self.cells = np.zeros(room, np.int32)

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
