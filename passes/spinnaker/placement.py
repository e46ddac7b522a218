"""A placement, what it costs, and what moves of units would make of that."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from snnc.passes.spinnaker.spanning import Room, Spanning
from snnc.passes.spinnaker.units import Units

Numbers = NDArray[np.int64]
_STEEPNESS = 4
"""The power of a chip's populations that crowding sums up, so that the fullest chips count."""
_CALLS = 60_000
"""What the calls of a trial cost, in elements."""


@dataclass(frozen=True)
class Moves:
    """Moves, each between two chips.

    Attributes
    ----------
    unit : ndarray of int64, shape (n,)
        What goes from chip `a` to chip `b`; all of the chip where it is -1.
    other : ndarray of int64, shape (n,)
        What goes the other way; none where it is -1, but all of the chip where `unit` is.
    a, b : ndarray of int64, shape (n,)
        The chips.
    """

    unit: Numbers
    other: Numbers
    a: Numbers
    b: Numbers

    @property
    def whole(self) -> NDArray[np.bool_]:
        """Which exchange all of two chips."""
        return self.unit < 0


@dataclass(frozen=True)
class Trial:
    """What moves would change.

    Attributes
    ----------
    moves : Moves
        The moves.
    change : ndarray of float64, shape (moves,)
        Of the cost.
    at_a, at_b : ndarray of int16, shape (moves, bundles)
        Units on the two chips that each bundle of packets would have to reach.
    sources : ndarray of int64, shape (moves, bundles)
        The chips where bundles would come from.
    move, bundle, links : ndarray, shape (changes,)
        The bundles of which moves would take other links, and how many.
    """

    moves: Moves
    change: NDArray[np.float64]
    at_a: NDArray[np.int16]
    at_b: NDArray[np.int16]
    sources: Numbers
    move: Numbers
    bundle: Numbers
    links: NDArray[np.float32]


class Placement:
    """Units on chips. Their cost is the links of packets, and crowding of populations on chips.

    A chip with cells of many populations, or that hears many, is where many trees branch, each with
    an entry of its own in the routing table. So the cost has a part that grows with a power of the
    populations whose packets come to a chip.

    Parameters
    ----------
    units : Units
        What is placed.
    room : Room
        Where.
    chips : ndarray of int, shape (units,)
        The chip of each unit.
    crowding : float
        What crowding costs at first, relative to links.

    Attributes
    ----------
    chips : ndarray of int64, shape (units,)
        The chip of each unit.
    cores, sdram : ndarray of int64, shape (chips,)
        What each chip has in use.
    """

    def __init__(self, units: Units, room: Room, chips: np.ndarray, crowding: float = 0.0) -> None:
        self._units = units
        self._spanning = Spanning(room.distances)
        self._number = len(room.cores)
        self.chips = chips.astype(np.int64)
        self._fill()
        self._targets = np.ascontiguousarray(units.targets.T).astype(np.int16)
        there = np.zeros((self._number, len(chips)), np.float32)
        there[self.chips, np.arange(len(chips))] = 1.0
        self._reached = (there @ self._targets.astype(np.float32)).astype(np.int16)
        self._sources = self.chips[units.sources]
        self._links = self._spanning.links(self._reached.T > 0, self._sources)
        self._shares = _shares(units)
        crowds = float(self._crowds().sum())
        self._weight = crowding * self.links / crowds if crowds else 0.0

    @property
    def work(self) -> int:
        """Elements that have been touched so far."""
        return self._spanning.work

    @property
    def links(self) -> float:
        """Links taken by all packets in a second."""
        return float(self._links.astype(np.float64) @ self._units.packets)

    @property
    def cost(self) -> float:
        """Links, and what crowding adds."""
        return self.links + self._weight * float(self._crowds().sum())

    def _fill(self) -> None:
        sizes, memory = self._units.sizes, self._units.sdram
        self.cores = np.bincount(self.chips, sizes, self._number).astype(np.int64)
        self.sdram = np.bincount(self.chips, memory, self._number).astype(np.int64)

    def _crowds(self) -> NDArray[np.float64]:
        """Return the power of the populations that are heard or sent from, shape (chips,)."""
        there = self._reached > 0
        there[self._sources, np.arange(len(self._sources))] = True
        return (there @ self._shares) ** _STEEPNESS

    def trial(self, moves: Moves) -> Trial:
        """Return what each of some moves would change, were it the only one."""
        before_a, before_b = self._reached[moves.a], self._reached[moves.b]
        gain = np.where((moves.other >= 0)[:, None], self._targets[moves.other], 0)
        gain = gain - self._targets[moves.unit]
        gain[moves.whole] = (before_b - before_a)[moves.whole]
        at_a, at_b = (before_a + gain).astype(np.int16), (before_b - gain).astype(np.int16)
        sources = self._sources_after(moves)
        changed = (at_a > 0) != (before_a > 0)
        changed |= ((at_b > 0) != (before_b > 0)) | (sources != self._sources)
        move, bundle = np.nonzero(changed)
        reached = self._reached.T[bundle] > 0
        row = np.arange(move.size)
        reached[row, moves.a[move]] = at_a[move, bundle] > 0
        reached[row, moves.b[move]] = at_b[move, bundle] > 0
        links = self._spanning.links(reached, sources[move, bundle])
        more = (links - self._links[bundle]) * self._units.packets[bundle]
        change = np.bincount(move, more, len(moves.a)) + self._crowding(moves, at_a, at_b, sources)
        self._spanning.work += _CALLS + 6 * changed.size
        return Trial(moves, change, at_a, at_b, sources, move, bundle, links)

    def _sources_after(self, moves: Moves) -> Numbers:
        from_, own = self._sources[None, :], self._units.sources[None, :]
        a, b, whole = moves.a[:, None], moves.b[:, None], moves.whole[:, None]
        gone = np.where(whole, from_ == a, own == moves.unit[:, None])
        come = np.where(whole, from_ == b, own == moves.other[:, None])
        return np.where(gone, b, np.where(come, a, from_))

    def _crowding(
        self, moves: Moves, at_a: np.ndarray, at_b: np.ndarray, sources: Numbers
    ) -> NDArray[np.float64]:
        before = self._crowds()
        after_a = ((at_a > 0) | (sources == moves.a[:, None])) @ self._shares
        after_b = ((at_b > 0) | (sources == moves.b[:, None])) @ self._shares
        after = after_a**_STEEPNESS + after_b**_STEEPNESS
        return self._weight * (after - before[moves.a] - before[moves.b])

    def accept(self, trial: Trial, number: int) -> None:
        """Make one of the moves of a trial, which must be the last of this placement."""
        moves = trial.moves
        unit, other = int(moves.unit[number]), int(moves.other[number])
        a, b = int(moves.a[number]), int(moves.b[number])
        if moves.whole[number]:
            going, coming = self.chips == a, self.chips == b
        else:
            going, coming = np.array([unit]), np.array([other] if other >= 0 else [], np.int64)
        self.chips[going], self.chips[coming] = b, a
        self._fill()
        self._reached[a], self._reached[b] = trial.at_a[number], trial.at_b[number]
        self._sources = trial.sources[number].copy()
        mine = trial.move == number
        self._links[trial.bundle[mine]] = trial.links[mine]


def _shares(units: Units) -> NDArray[np.float64]:
    """Return the share of each bundle among those that reach the same units, shape (bundles,).

    What reaches the same units is a population, or a part of one.
    """
    aims = [row.tobytes() for row in np.packbits(units.targets, axis=1)]
    number = Counter(aims)
    return np.array([1.0 / number[one] for one in aims])
