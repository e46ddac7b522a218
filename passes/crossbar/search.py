"""A placement that loses few synapses, by greedy choice and then exchange of sources.

Every class has a row for each synapse of the cell that has most of them, so sources are given to
classes such that no cell gets many from one. Two sources of different classes are exchanged where
that helps the cells that have too many.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from snnc.passes.crossbar.drivers import take_rows
from snnc.passes.crossbar.problem import (
    LINES,
    Ints,
    Placement,
    Problem,
    capacities,
    circuits_in,
    demands,
    loss,
)

ROUNDS = 40
"""Times that rows are given anew to what exchanges have left, of one chip."""
EXCHANGES = 200
"""Exchanges that are tried in a round."""
HARM = 6.0
"""What an exchange may cost in the first round, in squared excess; it falls to 0 in the last."""
PARTNERS = 128
"""Sources that are tried as the other one of an exchange."""
PATIENCE = 20
"""Rounds without gain after which a start is given up."""


@dataclass(eq=False)
class Found:
    """A placement with its rows, and what it loses."""

    placement: Placement
    rows: Ints
    takes: Ints
    lost: int


def search(problem: Problem, seed: int = 0, rounds: int = ROUNDS) -> Found:
    """Return the best of several placements, improved.

    Parameters
    ----------
    problem : Problem
        What is to be placed.
    seed : int
        Of the order in which exchanges are tried.
    rounds : int
        The most times that rows are given anew to what exchanges have left.
    """
    starts = (evaluated(problem, _greedy(problem, blocks)) for blocks in _starts(problem))
    best, least = next(starts), problem.least_loss()
    for found in starts:
        if best.lost <= least:
            return best
        best = min(best, found, key=lambda one: one.lost)
    return _improve(problem, best, rounds, np.random.default_rng(seed))


def evaluated(problem: Problem, placement: Placement) -> Found:
    """Return a placement with the rows that suit it best."""
    rows, takes = take_rows(problem, placement)
    return Found(placement, rows, takes, loss(problem, placement, rows))


def _starts(problem: Problem) -> list[Ints]:
    """Return blocks of the cells with one circuit: as numbered, by kind of input, in turns."""
    single = problem.circuits == 1
    by_line = problem.needs.sum(axis=1)
    share = by_line[1] / np.maximum(1, by_line.sum(axis=0))
    starts = []
    for order in (np.arange(problem.cells), np.argsort(share, kind="stable")):
        chosen = order[single[order]]
        block = np.full(problem.cells, -1)
        block[chosen] = np.arange(chosen.size) * problem.chip.blocks // max(1, chosen.size)
        starts.append(block)
    turns = np.full(problem.cells, -1)
    turns[single] = np.arange(int(single.sum())) % problem.chip.blocks
    return [turns, *starts]


@dataclass(eq=False)
class _Room:
    """What is free: columns of each output in each block, labels of each class."""

    columns: Ints
    labels: Ints
    classes: Ints = field(repr=False)

    def fits(self, wanted: Ints) -> np.ndarray:
        """Tell which outputs have columns for a cell's circuits in each block."""
        return (self.columns - wanted[:, None]).min(axis=0) >= 0


def _greedy(problem: Problem, block: Ints) -> Placement:
    """Give each source, the largest first, to the class whose cells have fewest from there."""
    chip, classes = problem.chip, problem.classes
    placement = Placement(np.full(problem.cells, 0), block, np.full(problem.sources, -1))
    inside = circuits_in(problem, placement)
    placement.output[:] = -1
    room = _Room(
        np.full((chip.blocks, chip.event_outputs), chip.run),
        np.full(classes.number, chip.labels),
        classes.of_output,
    )
    load = np.zeros((classes.number, LINES, problem.cells))
    size = problem.needs.sum(axis=(0, 2))
    width = np.concatenate([problem.circuits, np.zeros(problem.sources - problem.cells, int)])
    scale = 1.0 / np.maximum(1, problem.circuits)
    for source in np.lexsort((-size, -width)).tolist():
        mine = problem.needs[:, source] * scale
        cost = np.einsum("qlc,lc->q", 2 * load + mine, mine)
        if source < problem.cells:
            output = _output(room, inside[:, source], cost, bool(size[source]))
            if output is None:
                continue
            placement.output[source] = output
            room.columns[:, output] -= inside[:, source]
            chosen = int(classes.of_output[output])
        else:
            chosen = int(np.argmin(np.where(room.labels > 0, cost, np.inf)))
        if size[source] and room.labels[chosen] > 0:
            placement.of_source[source] = chosen
            room.labels[chosen] -= 1
            load[chosen] += mine
    return placement


def _output(room: _Room, wanted: Ints, cost: np.ndarray, heard: bool) -> int | None:
    """Return the output for a cell: of the best class with room, that with most columns free."""
    fits = room.fits(wanted)
    if not fits.any():
        return None
    labelled = fits & (room.labels[room.classes] > 0)
    able = labelled if heard and labelled.any() else fits
    rank = cost[room.classes] * heard
    free = room.columns.sum(axis=0)
    order = np.lexsort((-free, np.where(able, rank, np.inf)))
    return int(order[0])


def _improve(problem: Problem, start: Found, rounds: int, rng: np.random.Generator) -> Found:
    """Exchange sources while it helps; give rows anew after each round."""
    found = best = start
    least, since = problem.least_loss(), 0
    for number in range(rounds):
        if best.lost <= least or since == PATIENCE:
            break
        since += 1
        exchange = _Exchange(problem, found, HARM * (1 - number / rounds), rng)
        if not exchange.run():
            break
        found = evaluated(problem, _better_blocks(problem, exchange.placement, found.rows))
        if found.lost < best.lost:
            best, since = found, 0
    return best


class _Exchange:
    """Exchanges of two sources between classes, with the rows as they are."""

    def __init__(
        self, problem: Problem, found: Found, harm: float, rng: np.random.Generator
    ) -> None:
        self.problem = problem
        self.harm = harm
        self.placement = found.placement.copy()
        self.rng = rng
        inside = circuits_in(problem, self.placement)
        self.room = capacities(found.rows, inside)
        self.load = demands(problem, self.placement)
        single = problem.circuits == 1
        # Cells change places with cells of as many circuits in the same blocks.
        self.kind = np.full(problem.sources, -1)
        self.kind[: problem.cells] = np.where(single, self.placement.block, 1000 + problem.circuits)

    def run(self) -> bool:
        """Try exchanges; tell whether any was made."""
        changed = False
        for _ in range(EXCHANGES):
            over = np.argwhere(self.load > self.room)
            if not len(over):
                break
            number, line, cell = over[self.rng.integers(len(over))]
            members = np.flatnonzero(self.placement.of_source == number)
            guilty = members[self.problem.needs[line, members, cell] > 0]
            source = int(guilty[self.rng.integers(guilty.size)])
            changed |= self._exchange(source)
        return changed

    def _exchange(self, source: int) -> bool:
        """Exchange a source with the one of another class that helps most, or harms little."""
        here = self.placement.of_source
        partners = np.flatnonzero(
            (self.kind == self.kind[source]) & (here != here[source]) & (here >= 0)
        )
        if not partners.size:
            return False
        partners = self.rng.permutation(partners)[:PARTNERS]
        needs = self.problem.needs
        mine, theirs = needs[:, source], needs[:, partners].transpose(1, 0, 2)
        change = theirs - mine
        old, others = int(here[source]), here[partners]
        own = self._over(self.load[old] + change, self.room[old])
        other = self._over(self.load[others] - change, self.room[others])
        before = self._over(self.load, self.room)
        gain = before[old] + before[others] - own - other
        best = int(np.argmax(gain + 1e-3 * self.rng.random(gain.size)))
        if gain[best] < -self.harm:
            return False
        self._swap(source, int(partners[best]), change[best])
        return True

    @staticmethod
    def _over(load: np.ndarray, room: np.ndarray) -> np.ndarray:
        """Return the squared excess of each class."""
        return (np.maximum(0, load - room) ** 2).sum(axis=(-2, -1))

    def _swap(self, source: int, partner: int, change: np.ndarray) -> None:
        here, output = self.placement.of_source, self.placement.output
        self.load[here[source]] += change
        self.load[here[partner]] -= change
        for values in (here, output) if source < self.problem.cells else (here,):
            values[source], values[partner] = values[partner], values[source]


def _better_blocks(problem: Problem, placement: Placement, rows: Ints) -> Placement:
    """Put cells of each output in the blocks whose rows suit them, as many in each as before."""
    load = demands(problem, placement)
    over = np.stack(
        [np.maximum(0, load - rows[b][:, :, None]).sum(axis=(0, 1)) for b in range(len(rows))]
    )
    single = placement.block >= 0
    for output in range(problem.chip.event_outputs):
        cells = np.flatnonzero(single & (placement.output == output))
        counts = np.bincount(placement.block[cells], minlength=len(rows))
        order = cells[np.argsort(over[0, cells] - over[-1, cells], kind="stable")]
        placement.block[order] = np.repeat(np.arange(len(rows)), counts)
    return placement
