"""`place-circuits`: choose the circuits of cells, and the buses that spikes are on.

A cell has as many circuits as its synapses need, or fewer where there are not enough for all; where
synapses would be lost and circuits are left, more are joined. Cells are put on chips in their
order, as evenly as they fit. On each chip `search` looks for outputs and buses with which the
fewest synapses are lost; small problems of one chip are then solved exactly, if OR-tools is
installed.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from xdsl.context import Context
from xdsl.dialects.builtin import IntegerAttr, ModuleOp, i64
from xdsl.passes import ModulePass

from snnc.hardware.crossbar import CrossbarChip
from snnc.ir.diagnostics import OptionError
from snnc.ir.dialects import analog
from snnc.passes.analog.reading import Ints, analog_mapping_of
from snnc.passes.crossbar.drivers import selects_of
from snnc.passes.crossbar.exact import refined
from snnc.passes.crossbar.problem import Placement
from snnc.passes.crossbar.reading import Demand, Share, chip_of, demand_of, share_of
from snnc.passes.crossbar.search import ROUNDS, Found, search

FILLED = (1.0, 0.75, 0.5, 0.25)
"""Shares of its rows that a circuit is planned to use, tried in this order while some are lost."""


@dataclass(frozen=True)
class PlaceCircuitsPass(ModulePass):
    """Give cells circuits, and sources buses.

    Attributes
    ----------
    seed : int
        Of the search.
    seconds : float
        Time that the exact solver may take; 0 for none.
    """

    name = "place-circuits"

    seed: int = 0
    seconds: float = 20.0

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        """Add `analog.circuits` and `analog.selects` of each population."""
        if self.seconds < 0:
            raise OptionError(f"seconds of 'place-circuits' are at least 0; found {self.seconds}")
        mapping = analog_mapping_of(ctx, op)
        chip = chip_of(mapping)
        demand = demand_of(mapping, chip)
        cells = np.flatnonzero(~mapping.is_source)
        wanted = np.bincount(demand.post, demand.parallel, mapping.cells)[cells].astype(np.int64)
        chips = self._best(chip, demand, cells, wanted, mapping.chip.number)
        if len(chips) == 1:
            share, found = chips[0]
            chips = [(share, refined(share.problem, found, self.seconds))]
        mapping.chip.properties["number"] = IntegerAttr(len(chips), i64)
        circuits = [_circuits(number, *one) for number, one in enumerate(chips)]
        selects = [_selects(number, *one) for number, one in enumerate(chips)]
        mapping.add_by_population(analog.CircuitsOp, np.concatenate(circuits))
        mapping.add_by_population(analog.SelectsOp, np.concatenate(selects))

    def _best(
        self, chip: CrossbarChip, demand: Demand, cells: Ints, wanted: Ints, number: int
    ) -> list[tuple[Share, Found]]:
        """Return the shares of chips with the fewest synapses lost, of several joinings."""
        best: list[tuple[Share, Found]] = []
        over = _over(chip, wanted, number or chip.chips)
        for filled in FILLED:
            circuits = _circuits_for(chip, wanted, filled * over)
            used = number or _chips_for(chip, int(circuits.sum()))
            if best and (used > len(best) or circuits.sum() > used * chip.circuits):
                break
            found = self._searched(chip, demand, cells, circuits, used)
            if not best or (-_placed(found), _lost(found)) < (-_placed(best), _lost(best)):
                best = found
            if not _lost(best):
                break
        return best

    def _searched(
        self, chip: CrossbarChip, demand: Demand, cells: Ints, circuits: Ints, number: int
    ) -> list[tuple[Share, Found]]:
        """Return placements on a number of chips, without the cells that do not fit."""
        fits = np.cumsum(circuits) <= number * chip.circuits
        while True:
            shares = _shares(chip, demand, cells[fits], circuits[fits], number)
            rounds = ROUNDS // number
            found = [(share, search(share.problem, self.seed, rounds)) for share in shares]
            unplaced = [share.cells[one.placement.output < 0] for share, one in found]
            if not sum(one.size for one in unplaced):
                return found
            fits &= ~np.isin(cells, np.concatenate(unplaced))


def _circuits_for(chip: CrossbarChip, wanted: Ints, filled: float) -> Ints:
    """Return how many circuits cells need that use a share of their rows."""
    return np.maximum(1, np.ceil(wanted / (filled * chip.rows)).astype(np.int64))


def _over(chip: CrossbarChip, wanted: Ints, number: int) -> int:
    """Return how many times fewer circuits cells get, so that all have some."""
    over = 1
    while _circuits_for(chip, wanted, over).sum() > max(number * chip.circuits, wanted.size):
        over *= 2
    return over


def _lost(chips: list[tuple[Share, Found]]) -> int:
    return sum(found.lost for _, found in chips)


def _placed(chips: list[tuple[Share, Found]]) -> int:
    return sum(share.cells.size for share, _ in chips)


def _chips_for(chip: CrossbarChip, circuits: int) -> int:
    return min(chip.chips, max(1, -(-circuits // chip.circuits)))


def _shares(
    chip: CrossbarChip, demand: Demand, cells: Ints, circuits: Ints, number: int
) -> list[Share]:
    """Cut the cells evenly, with no more circuits on a chip than it has."""
    bounds, used, done = [0], 0, 0
    for place, width in enumerate(circuits.tolist()):
        full = used + width > chip.circuits or done * number >= circuits.sum() * len(bounds)
        if full and len(bounds) < number:
            bounds.append(place)
            used = 0
        used, done = used + width, done + width
    bounds += [cells.size] * (number - len(bounds))
    able = demand.between(cells)
    return [
        share_of(chip, demand, cells[first:last], circuits[first:last], able)
        for first, last in pairwise([*bounds, cells.size])
    ]


def _circuits(number: int, share: Share, found: Found) -> Ints:
    """Return rows of cell, chip, block and column: joined circuits first, then single ones."""
    problem, placement = share.problem, found.placement
    chip = problem.chip
    rows: list[tuple[int, int, int, int]] = []
    for output in range(chip.event_outputs):
        here = np.flatnonzero(placement.output == output)
        free = [list(range(chip.run)) for _ in range(chip.blocks)]
        for cell in here[np.argsort(-problem.circuits[here], kind="stable")].tolist():
            counts = _per_block(int(problem.circuits[cell]), placement, cell, chip)
            first = free[counts.index(max(counts))][0]
            for block, count in enumerate(counts):
                # What joined circuits leave of their last column stays for single ones.
                taken = range(first, first + count)
                free[block] = [column for column in free[block] if column not in taken]
                start = output * chip.run
                rows += [(int(share.cells[cell]), number, block, start + one) for one in taken]
    return np.array(rows, np.int64).reshape(-1, len(analog.CircuitsOp.COLUMNS))


def _per_block(circuits: int, placement: Placement, cell: int, chip: CrossbarChip) -> list[int]:
    """Return how many circuits a cell has in each block."""
    if placement.block[cell] >= 0:
        return [int(block == placement.block[cell]) for block in range(chip.blocks)]
    return [(circuits + chip.blocks - 1 - block) // chip.blocks for block in range(chip.blocks)]


def _selects(number: int, share: Share, found: Found) -> Ints:
    """Return rows of cell, chip, bus and row-select address, of the sources that have a class."""
    problem, placement = share.problem, found.placement
    chip, classes = problem.chip, problem.classes
    addresses = {
        member: selects
        for bus in range(chip.buses)
        for member, selects in selects_of(chip, classes, bus).items()
    }
    rows = []
    for source, cell in enumerate([*share.cells.tolist(), *share.outside.tolist()]):
        member = int(placement.of_source[source])
        if member >= 0:
            select = addresses[member][0]
            if source < problem.cells:
                outputs = np.flatnonzero(classes.of_output == member).tolist()
                select = addresses[member][outputs.index(int(placement.output[source]))]
            rows.append((cell, number, int(classes.bus[member]), select))
    return np.array(rows, np.int64).reshape(-1, len(analog.SelectsOp.COLUMNS))
