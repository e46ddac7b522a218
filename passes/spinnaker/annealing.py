"""The search for a placement: moves of units between chips that save links of packets."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from snnc.passes.spinnaker.units import Units

MOVES_PER_UNIT = 60
MOST_MOVES = 8000
MOST_WORK = 1e9
"""Elements that all evaluations of the cost may touch; a few seconds."""
COOLING = 1e-3
"""The last temperature, relative to the first."""


@dataclass(frozen=True)
class Room:
    """Chips: their distances (chips, chips), cores (chips,) and the SDRAM of one."""

    distances: np.ndarray
    cores: np.ndarray
    sdram: int

    def holds(self, chip: int, cores: int, sdram: int) -> bool:
        """Tell whether a chip has so much."""
        return cores <= self.cores[chip] and sdram <= self.sdram


def links_used(units: Units, room: Room, chips: np.ndarray) -> float:
    """Return links taken by all packets in a second, by trees that branch at chips they reach.

    Such trees are the minimum spanning ones of the chips that packets must reach (Prim's algorithm,
    for all bundles at once).

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
    missing = units.targets.astype(np.float32) @ there > 0
    rows = np.arange(len(units.sources))
    last, total = chips[units.sources], 0.0
    missing[rows, last] = False
    nearest = np.where(missing, room.distances[last], np.inf)
    packets = units.packets
    while len(rows):
        closest = nearest.argmin(axis=1)
        links = nearest[np.arange(len(rows)), closest]
        left = np.isfinite(links)
        if not left.all():
            rows, nearest, closest = rows[left], nearest[left], closest[left]
            links, packets = links[left], packets[left]
        total += float(links @ packets)
        nearest = np.where(
            np.isfinite(nearest), np.minimum(nearest, room.distances[closest]), np.inf
        )
        nearest[np.arange(len(rows)), closest] = np.inf
    return total


class Annealing:
    """Simulated annealing of a placement, the same for the same seed.

    Parameters
    ----------
    units : Units
        What is placed.
    room : Room
        Where.
    chips : ndarray of int, shape (units,)
        A placement that fits, to begin with.
    seed : int
        Of the moves.
    """

    def __init__(self, units: Units, room: Room, chips: np.ndarray, seed: int = 0) -> None:
        self._units = units
        self._room = room
        self._chips = chips.copy()
        self._random = np.random.default_rng(seed)
        self._cores = np.bincount(chips, units.sizes, len(room.cores)).astype(np.int64)
        self._sdram = np.bincount(chips, units.sdram, len(room.cores)).astype(np.int64)

    def run(self) -> np.ndarray:
        """Return the best placement found, shape (units,)."""
        cost = best = links_used(self._units, self._room, self._chips)
        found = self._chips.copy()
        moves = self._moves()
        temperature = self._first_temperature(cost)
        for _ in range(moves):
            if best == 0.0:
                break
            temperature *= COOLING ** (1.0 / moves)
            chips = self._neighbour()
            if chips is None:
                continue
            changed = links_used(self._units, self._room, chips)
            worse = changed - cost
            if worse <= 0 or self._random.random() < np.exp(-worse / temperature):
                self._accept(chips)
                cost = changed
                if cost < best:
                    best, found = cost, chips.copy()
        return found

    def _moves(self) -> int:
        chips = len(self._room.cores)
        work = max(1, len(self._units.sources) * chips * chips)
        return int(min(MOVES_PER_UNIT * len(self._chips), MOST_MOVES, MOST_WORK / work))

    def _first_temperature(self, cost: float) -> float:
        """Return a fifth of what a move changes in the mean."""
        changes = [
            abs(links_used(self._units, self._room, chips) - cost)
            for chips in (self._neighbour() for _ in range(30))
            if chips is not None
        ]
        return 0.2 * float(np.mean(changes)) + 1e-9 if changes else 1e-9

    def _accept(self, chips: np.ndarray) -> None:
        self._chips = chips
        self._cores[:] = np.bincount(chips, self._units.sizes, len(self._cores))
        self._sdram[:] = np.bincount(chips, self._units.sdram, len(self._sdram))

    def _neighbour(self) -> np.ndarray | None:
        """Return the placement after a random move, if it fits."""
        kind = self._random.random()
        if kind < 0.2:
            return self._exchanged_chips()
        unit = int(self._random.integers(len(self._chips)))
        if kind < 0.6:
            return self._moved({unit: int(self._random.integers(len(self._room.cores)))})
        other = int(self._random.integers(len(self._chips)))
        return self._moved({unit: int(self._chips[other]), other: int(self._chips[unit])})

    def _moved(self, moves: dict[int, int]) -> np.ndarray | None:
        if all(self._chips[unit] == chip for unit, chip in moves.items()):
            return None
        chips = self._chips.copy()
        for unit, chip in moves.items():
            chips[unit] = chip
        touched = {*moves.values(), *(int(self._chips[unit]) for unit in moves)}
        for chip in touched:
            here = chips == chip
            cores, sdram = self._units.sizes[here].sum(), self._units.sdram[here].sum()
            if not self._room.holds(chip, cores, sdram):
                return None
        return chips

    def _exchanged_chips(self) -> np.ndarray | None:
        a, b = (int(chip) for chip in self._random.integers(len(self._room.cores), size=2))
        if a == b or not (
            self._room.holds(a, self._cores[b], self._sdram[b])
            and self._room.holds(b, self._cores[a], self._sdram[a])
        ):
            return None
        chips = self._chips.copy()
        chips[self._chips == a], chips[self._chips == b] = b, a
        return chips
