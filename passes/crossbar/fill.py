"""`fill-rows`: choose what drivers take, and put synapses into rows.

Rows are given to classes of sources and lines so that the fewest synapses are lost. A synapse goes
into the first free row, of its source's class and its line, of a circuit of its cell. One that
finds none is lost, those of the smallest weights first. Rows without synapses are off.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

import numpy as np
from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.passes import ModulePass

from snnc.hardware.crossbar import ROWS_PER_DRIVER, CrossbarChip
from snnc.ir.dialects import analog
from snnc.passes.analog.losses import warn_of_losses
from snnc.passes.analog.reading import AnalogMapping, Ints, Table, analog_mapping_of
from snnc.passes.crossbar.drivers import masks_of, selects_of, take_rows
from snnc.passes.crossbar.problem import LINES, Placement
from snnc.passes.crossbar.reading import Demand, Share, chip_of, demand_of, shares_of

CIRCUITS, LABELS, ROWS = map(analog.LOST.index, ("circuits", "labels", "rows"))
_OFF = -1


@dataclass(frozen=True)
class FillRowsPass(ModulePass):
    """Choose drivers, rows and synapses."""

    name = "fill-rows"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        """Add `analog.drivers` of each chip; synapses, and those lost, of each projection."""
        mapping = analog_mapping_of(ctx, op)
        chip = chip_of(mapping)
        demand = demand_of(mapping, chip)
        circuits = mapping.joined(analog.CircuitsOp, "place-circuits")
        events = mapping.joined(analog.EventsOp, "label-events")
        reasons = np.full(demand.pre.size, CIRCUITS)
        placed: list[Ints] = []
        for number, (share, placement) in enumerate(shares_of(mapping, chip, demand)):
            drivers, rows = _drivers(chip, share, placement)
            filling = _Filling(chip, share, placement, rows, _columns(circuits, number))
            found, lost = filling.fill(demand, _labels(chip, events, number))
            used = _in_use(chip, drivers, found)
            handle = mapping.handle(used, f"{analog.DriversOp.name}.{number}")
            mapping.op.add([analog.DriversOp(number, handle)])
            reasons[share.synapses] = _OFF
            reasons[list(lost)] = list(lost.values())
            placed.append(np.insert(found, 1, number, axis=1))
        self._add(mapping, np.concatenate(placed), reasons)
        warn_of_losses(reasons, "take fewer cells or synapses, or more chips")

    def _add(self, mapping: AnalogMapping, placed: Ints, reasons: Ints) -> None:
        """Add the tables of each projection."""
        wiring = mapping.wiring
        placed = placed[np.argsort(placed[:, 0], kind="stable")]
        for number, projection in enumerate(mapping.projections):
            mine = placed[wiring.projection[placed[:, 0]] == number]
            mine[:, 0] = wiring.index[mine[:, 0]]
            mapping.add(analog.SynapsesOp, projection.symbol, mine)
            gone = np.flatnonzero((wiring.projection == number) & (reasons >= 0))
            lost = np.stack([wiring.index[gone], reasons[gone]], axis=1)
            mapping.add(analog.LostOp, projection.symbol, lost)


def _columns(circuits: Table, number: int) -> dict[int, list[tuple[int, int]]]:
    """Return the circuits of each cell on a chip, as block and column."""
    found: dict[int, list[tuple[int, int]]] = defaultdict(list)
    here = circuits["chip"] == number
    names = ("cell", "block", "column")
    for cell, block, column in zip(*(circuits[n][here].tolist() for n in names), strict=True):
        found[cell].append((block, column))
    return found


def _labels(chip: CrossbarChip, events: Table, number: int) -> dict[int, int]:
    """Return the label of each source on a chip."""
    here = events["chip"] == number
    labels = events["event"][here] & (chip.labels - 1)
    return dict(zip(events["cell"][here].tolist(), labels.tolist(), strict=True))


RowsOf = dict[tuple[int, int, int], list[int]]
"""Rows by block, class and line."""


def _drivers(chip: CrossbarChip, share: Share, placement: Placement) -> tuple[Ints, RowsOf]:
    """Return the drivers that are on, and the rows of each block, class and line."""
    problem = share.problem
    counts, takes = take_rows(problem, placement)
    rows: RowsOf = defaultdict(list)
    found: list[tuple[int, int, int, int, int, int]] = []
    for block in range(chip.blocks):
        for bus in range(chip.buses):
            selects = selects_of(chip, problem.classes, bus)
            able = masks_of(tuple(selects.values()), chip.drivers)
            for place, number in enumerate(selects):
                left = counts[block, number].tolist()
                for driver in np.flatnonzero(takes[block, bus] == number).tolist():
                    lines = _take(left)
                    for which, line in enumerate(lines):
                        if line != _OFF:
                            rows[block, number, line].append(chip.row_of(bus, driver, which))
                    mask = able[place][driver]
                    assert mask is not None
                    found.append((block, bus, driver, mask, *lines))
    return np.array(found, np.int64).reshape(-1, len(analog.DriversOp.COLUMNS)), rows


def _take(left: list[int]) -> tuple[int, int]:
    """Return the lines of a driver's rows, of those that are left for each line."""
    lines = []
    for _ in range(ROWS_PER_DRIVER):
        line = next((k for k in range(LINES) if left[k] > 0), _OFF)
        if line != _OFF:
            left[line] -= 1
        lines.append(line)
    top, bottom = lines
    return top, bottom


def _in_use(chip: CrossbarChip, drivers: Ints, placed: Ints) -> Ints:
    """Return drivers with the rows off that have no synapse, and without those that have none."""
    used = set(map(tuple, np.unique(placed[:, 1:3], axis=0).tolist()))
    found = drivers.copy()
    for row, (block, bus, driver, *_) in zip(found, drivers.tolist(), strict=True):
        for which in range(ROWS_PER_DRIVER):
            if (block, chip.row_of(bus, driver, which)) not in used:
                row[-ROWS_PER_DRIVER + which] = _OFF
    return found[(found[:, -ROWS_PER_DRIVER:] != _OFF).any(axis=1)]


class _Filling:
    """The rows of a chip while synapses are put into them."""

    def __init__(
        self,
        chip: CrossbarChip,
        share: Share,
        placement: Placement,
        rows: RowsOf,
        columns: dict[int, list[tuple[int, int]]],
    ) -> None:
        self.largest = (1 << chip.weight_bits) - 1
        self.share, self.placement = share, placement
        self.rows, self.columns = rows, columns
        self.taken: dict[tuple[int, int, int, int], int] = defaultdict(int)

    def fill(self, demand: Demand, label: dict[int, int]) -> tuple[Ints, dict[int, int]]:
        """Return rows of `analog.synapses` without the chip, and why others are lost."""
        share = self.share
        found: list[tuple[int, ...]] = []
        lost: dict[int, int] = {}
        order = np.argsort(-demand.code[share.synapses], kind="stable").tolist()
        for place in order:
            synapse = int(share.synapses[place])
            source = int(share.source[place])
            number = int(self.placement.of_source[source])
            if number < 0:
                lost[synapse] = LABELS
                continue
            pre, post = int(demand.pre[synapse]), int(demand.post[synapse])
            line, parallel = int(demand.line[synapse]), int(demand.parallel[synapse])
            places = self._places(post, number, line, parallel)
            if len(places) < parallel:
                lost[synapse] = ROWS
                continue
            for weight, (block, column, row) in zip(
                self._parts(int(demand.code[synapse]), parallel), places, strict=True
            ):
                self.taken[block, column, number, line] += 1
                found.append((synapse, block, row, column, label[pre], weight))
        width = len(analog.SynapsesOp.COLUMNS) - 1
        return np.array(found, np.int64).reshape(-1, width), lost

    def _places(self, cell: int, number: int, line: int, wanted: int) -> list[tuple[int, int, int]]:
        """Return free places for a synapse onto a cell: block, column and row."""
        found: list[tuple[int, int, int]] = []
        for block, column in self.columns[cell]:
            first = self.taken[block, column, number, line]
            free = self.rows[block, number, line][first : first + wanted - len(found)]
            found += [(block, column, row) for row in free]
        return found

    def _parts(self, code: int, parallel: int) -> list[int]:
        """Divide a code evenly among synapses in parallel."""
        return [(code + k) // parallel for k in range(parallel)]
