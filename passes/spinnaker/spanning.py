"""The links that packets take: estimated as the minimum spanning trees of the chips they reach."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from snnc.passes.spinnaker.units import Units

_CALLS = 20_000
"""What the calls of a round cost, in elements."""


@dataclass(frozen=True)
class Room:
    """Chips: their distances (chips, chips), cores (chips,) and the SDRAM of one."""

    distances: np.ndarray
    cores: np.ndarray
    sdram: int

    def holds(self, chip: int, cores: int, sdram: int) -> bool:
        """Tell whether a chip has so much."""
        return cores <= self.cores[chip] and sdram <= self.sdram


class Spanning:
    """Lengths of trees that branch at chips they reach, by Prim's algorithm for many at once.

    Parameters
    ----------
    distances : ndarray, shape (chips, chips)
        Links between chips.

    Attributes
    ----------
    work : int
        Elements that have been touched, a measure of time that is the same on every computer.
    """

    def __init__(self, distances: np.ndarray) -> None:
        self._distances = distances.astype(np.float32)
        self.work = 0

    def links(self, reached: NDArray[np.bool_], sources: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return the links of each tree, shape (n,).

        Parameters
        ----------
        reached : ndarray of bool, shape (n, chips)
            The chips that each must reach.
        sources : ndarray of int64, shape (n,)
            The chip where each begins.
        """
        total = np.zeros(len(sources), np.float32)
        tree = np.arange(len(sources))
        missing = reached.copy()
        missing[tree, sources] = False
        left = missing.sum(axis=1)
        nearest = np.where(missing, self._distances[sources], np.float32(np.inf))
        for done in range(int(left.max(initial=0))):
            open_ = left > done
            if not open_.all():
                nearest, tree, left = nearest[open_], tree[open_], left[open_]
            row = np.arange(tree.size)
            closest = nearest.argmin(axis=1)
            total[tree] += nearest[row, closest]
            nearest[row, closest] = np.inf
            beside = self._distances[closest]
            np.minimum(nearest, beside, out=nearest, where=np.isfinite(nearest))
            self.work += nearest.size + _CALLS
        return total


def links_used(units: Units, room: Room, chips: np.ndarray) -> float:
    """Return links taken by all packets in a second.

    Parameters
    ----------
    units : Units
        What is placed.
    room : Room
        Where.
    chips : ndarray of int, shape (units,)
        The chip of each unit.
    """
    there = np.zeros((len(units.cores), len(room.cores)), np.float32)
    there[np.arange(len(chips)), chips] = 1.0
    reached = units.targets.astype(np.float32) @ there > 0
    links = Spanning(room.distances).links(reached, chips[units.sources])
    return float(links.astype(np.float64) @ units.packets)
