"""The search for a placement: moves of units between chips that save links of packets.

Moves are tried by the dozen, as NumPy takes hardly longer for many than for one, and the first that
is accepted is made. That is what trying one after another would do, since what comes before it
changes nothing, and what comes after it is forgotten.
"""

from __future__ import annotations

import numpy as np

from snnc.passes.spinnaker.placement import Moves, Placement
from snnc.passes.spinnaker.spanning import Room
from snnc.passes.spinnaker.units import Units

WORK_PER_PAIR = 6e4
MOST_WORK = 2e9
"""Elements that the search may touch, for pairs of units and at all: two seconds for a billion."""
HEAT, COOLING = 0.05, 1e-3
"""The first temperature relative to what a move changes on average; the last to the first."""
EXCHANGES, SINGLES = 0.2, 0.4
"""Shares of moves that exchange two chips, and that move a unit; the others exchange two units."""
_FEWEST, _MOST = 8, 128
"""Moves that are tried at a time."""


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
    crowding : float
        What crowding costs at first, relative to links; see `Placement`.
    """

    def __init__(
        self,
        units: Units,
        room: Room,
        chips: np.ndarray,
        seed: int = 0,
        crowding: float = 0.0,
    ) -> None:
        self._units = units
        self._room = room
        self._placement = Placement(units, room, chips, crowding)
        self._random = np.random.default_rng(seed)

    def run(self) -> np.ndarray:
        """Return the best placement found, shape (units,)."""
        placement = self._placement
        cost = best = placement.cost
        found = placement.chips.copy()
        work = min(MOST_WORK, WORK_PER_PAIR * len(found) ** 2)
        temperature = HEAT * self._usual_change()
        number = float(_FEWEST)
        while placement.links > 0.0 and (done := placement.work / work) < 1.0:
            trial = placement.trial(self._moves(int(number)))
            limit = self._random.exponential(temperature * COOLING**done, trial.change.size)
            accepted = np.flatnonzero(trial.change <= limit)
            if not accepted.size:
                number = min(1.3 * number, _MOST)
                continue
            number = max(0.9 * number, _FEWEST)
            placement.accept(trial, int(accepted[0]))
            cost += trial.change[accepted[0]]
            if cost < best:
                best, found = cost, placement.chips.copy()
        return found

    def _usual_change(self) -> float:
        changes = np.abs(self._placement.trial(self._moves(_MOST)).change)
        return float(changes.mean()) if changes.size else 0.0

    def _moves(self, number: int) -> Moves:
        """Return random moves, those that change something and fit."""
        chips, units, draw = self._placement.chips, len(self._placement.chips), self._random
        kind = draw.random(number)
        whole, single = kind < EXCHANGES, kind < EXCHANGES + SINGLES
        unit, other = draw.integers(units, size=(2, number))
        a = np.where(whole, draw.integers(self._room.cores.size, size=number), chips[unit])
        b = np.where(single, draw.integers(self._room.cores.size, size=number), chips[other])
        unit, other = np.where(whole, -1, unit), np.where(single, -1, other)
        fitting = (a != b) & self._fits(unit, other, a, b)
        return Moves(*(one[fitting] for one in (unit, other, a, b)))

    def _fits(
        self, unit: np.ndarray, other: np.ndarray, a: np.ndarray, b: np.ndarray
    ) -> np.ndarray:
        here, room = self._placement, self._room
        fits = np.ones(unit.size, bool)
        for sizes, used, most in (
            (self._units.sizes, here.cores, room.cores),
            (self._units.sdram, here.sdram, np.full(room.cores.size, room.sdram)),
        ):
            going = np.where(unit < 0, used[a], sizes[unit])
            coming = np.where(unit < 0, used[b], np.where(other < 0, 0, sizes[other]))
            fits &= used[a] - going + coming <= most[a]
            fits &= used[b] + going - coming <= most[b]
        return fits
