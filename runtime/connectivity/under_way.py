"""The spikes of a population that still have synapses ahead of them, in the order of arrival."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from snnc.runtime.engine.tables import address, aligned_zeros

# Words of a queue, as in codegen/kernels/static_kernel.py.
_NEXT, _BASE, _LAST, _ROOM, _SPIKES, _BEGINNINGS, _RUNS, _NUMBER, _WORDS = range(9)


class UnderWay:
    """A queue of spikes, which a kernel of delivery fills from the history of their population.

    From step to step a spike has the next of its delays, so most of what is due is what was due
    before: reading it from one list is quicker than looking for it in every slot of the history.

    Parameters
    ----------
    delays : ndarray of int32, shape (nd,)
        The delays in steps, ascending.
    ranks : (int, int)
        The first of those that the kernel delivers, and the one after the last.
    most : int
        The most spikes of the population in a step.
    slots : int
        Steps that the history keeps.

    Attributes
    ----------
    words : ndarray of int64, shape (8,)
        The next stamp to take in; the number of spikes before the first one kept, and of all so
        far; the room for spikes, their address, and the address of how many came before each stamp;
        the address of the runs of successive delays (delay, number, rank), and their number.
    """

    def __init__(
        self, delays: NDArray[np.int32], ranks: tuple[int, int], most: int, slots: int
    ) -> None:
        own = delays[slice(*ranks)].astype(np.int64)
        # Untouched pages of zeros cost no memory: there is room for all cells in every step.
        self._spikes = np.zeros(int(own[-1] - own[0] + 1) * max(most, 1), np.int64)
        self._beginnings = aligned_zeros(slots, np.int64)
        edges = np.flatnonzero(np.diff(own, prepend=own[0] - 2, append=own[-1] + 2) != 1)
        self._runs = np.stack([own[edges[:-1]], np.diff(edges), ranks[0] + edges[:-1]], axis=1)
        self.words = aligned_zeros(_WORDS, np.int64)
        self.words[_ROOM] = self._spikes.size
        self.words[[_SPIKES, _BEGINNINGS, _RUNS]] = [
            address(array) for array in (self._spikes, self._beginnings, self._runs)
        ]
        self.words[_NUMBER] = len(self._runs)
