"""`walk-events`: send a spike of every source through the switches; compare where it arrives.

This knows the chip and the network, not how the passes chose. A spike comes in at an input of the
crossbar, goes through each open node that lets its event pass to a bus, is taken by each driver of
the bus whose number equals the row-select address where its mask has ones, and acts on each synapse
of the driver's rows that has its label. What cells get in this way must be the codes of all
synapses that are not listed as lost, and nothing else.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NoReturn

import numpy as np
from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.passes import ModulePass

from snnc.hardware.crossbar import ROWS_PER_DRIVER, CrossbarChip
from snnc.ir.diagnostics import ModelError
from snnc.ir.dialects import analog
from snnc.ir.locations import location_of
from snnc.passes.analog.reading import HOST, AnalogMapping, analog_mapping_of
from snnc.passes.crossbar.reading import chip_of

Delivery = tuple[int, int, int]
"""A source, a cell, and the line by which a synapse acts on it."""
Deliveries = dict[Delivery, list[int]]
"""The sum of codes and the number of synapses of each delivery."""


@dataclass(frozen=True)
class WalkEventsPass(ModulePass):
    """Refuse settings that do not deliver what the network has, less what is listed as lost."""

    name = "walk-events"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        """Walk the spikes of every source; nothing is changed.

        Raises
        ------
        ModelError
            At the first delivery that is missing, or should not be.
        """
        mapping = analog_mapping_of(ctx, op)
        walk = _Walk(mapping, chip_of(mapping))
        walk.check_senders()
        _compare(mapping, wanted(mapping), walk.delivered())


def wanted(mapping: AnalogMapping) -> Deliveries:
    """Return the code and the number of synapses of each delivery, as the network has them."""
    codes = mapping.tables(analog.CodesOp, "quantise-weights")
    lost = mapping.tables(analog.LostOp, "fill-rows")
    found: Deliveries = defaultdict(lambda: [0, 0])
    wiring = mapping.wiring
    for number, projection in enumerate(mapping.projections):
        mine = wiring.projection == number
        kept = np.ones(int(mine.sum()), bool)
        kept[lost[projection.symbol]["synapse"]] = False
        table = codes[projection.symbol]
        columns = (wiring.pre[mine], wiring.post[mine], table["line"], table["code"])
        for pre, post, line, code in zip(*(c[kept].tolist() for c in columns), strict=True):
            _count(found[pre, post, line], code, 1)
    return found


def _count(delivery: list[int], code: int, synapses: int) -> None:
    delivery[0] += code
    delivery[1] += synapses


class _Walk:
    """The settings of all chips, as a spike meets them."""

    def __init__(self, mapping: AnalogMapping, chip: CrossbarChip) -> None:
        self.mapping, self.chip = mapping, chip
        self.circuits = mapping.joined(analog.CircuitsOp, "place-circuits")
        self.events = mapping.joined(analog.EventsOp, "label-events")
        self.nodes = mapping.about_chips(analog.CrossbarOp, "label-events")
        self.drivers = mapping.about_chips(analog.DriversOp, "fill-rows")
        self.synapses = mapping.tables(analog.SynapsesOp, "fill-rows")
        places = (self.circuits[name].tolist() for name in ("chip", "block", "column", "cell"))
        self.cell_at = {(c, b, k): cell for c, b, k, cell in zip(*places, strict=True)}

    def check_senders(self) -> None:
        """Refuse events that do not come from where their cells are."""
        first: dict[int, tuple[int, int]] = {}
        names = ("cell", "chip", "column")
        for cell, number, column in zip(
            *(self.circuits[name].tolist() for name in names), strict=True
        ):
            first.setdefault(cell, (number, column // self.chip.run))
        own: dict[int, int] = {}
        for cell, sender, number, where, event in self._rows():
            home, output = first.get(cell, (HOST, -1))
            if sender != home:
                _refuse(self.mapping, f"spikes of cell {cell} come from {home}; found {sender}")
            if sender == number:
                if where != output or event >> self.chip.address_bits != output:
                    _refuse(
                        self.mapping,
                        f"cell {cell} sends at output {output}; found input {where}, "
                        f"event {event:#x}",
                    )
                own[cell] = event
            elif not self.chip.event_outputs <= where < self._from_generators:
                _refuse(self.mapping, f"spikes of cell {cell} come in by L2; found input {where}")
        self._check_leaving(first, own)

    @property
    def _from_generators(self) -> int:
        return self.chip.event_outputs + self.chip.l2_channels

    def _check_leaving(self, first: dict[int, tuple[int, int]], own: dict[int, int]) -> None:
        """Refuse cells whose spikes do not leave their chip, or that cannot be told apart."""
        seen: dict[tuple[int, int], int] = {}
        for cell, (number, output) in first.items():
            if cell not in own:
                _refuse(self.mapping, f"cell {cell} has no event on its chip {number}")
            other = seen.setdefault((number, own[cell]), cell)
            if other != cell:
                _refuse(self.mapping, f"cells {other} and {cell} have the same event")
            if not any(o >= self.chip.blocks * self.chip.buses for o in self._through(
                number, output, own[cell]
            )):  # fmt: skip
                _refuse(self.mapping, f"spikes of cell {cell} do not leave chip {number}")

    def _rows(self) -> Iterator[tuple[int, int, int, int, int]]:
        columns = (self.events[name].tolist() for name in analog.EventsOp.COLUMNS)
        yield from zip(*columns, strict=True)

    def _through(self, number: int, where: int, event: int) -> list[int]:
        """Return the outputs of the crossbar that an event comes to."""
        nodes = self.nodes[number]
        open_ = (nodes["input"] == where) & ((event ^ nodes["target"]) & nodes["mask"] == 0)
        return nodes["output"][open_].tolist()

    def delivered(self) -> Deliveries:
        """Return the code and the number of synapses of each delivery, as the settings make it."""
        found: Deliveries = defaultdict(lambda: [0, 0])
        heads = self._first_of_parallel()
        rows = {number: self._synapses_of(number) for number in self.drivers}
        for cell, _, number, where, event in self._rows():
            label = event & (self.chip.labels - 1)
            for output in self._through(number, where, event):
                block, bus = divmod(output, self.chip.buses)
                if block < self.chip.blocks:
                    for row, line in self._taken(number, block, bus, event):
                        for column, weight in rows[number].get((block, row, label), ()):
                            target = self._target(number, block, column)
                            is_head = (number, block, row, column) in heads
                            _count(found[cell, target, line], weight, int(is_head))
        return found

    def _taken(self, number: int, block: int, bus: int, event: int) -> list[tuple[int, int]]:
        """Return rows, with their lines, of the drivers of a bus that take an event."""
        table = self.drivers[number]
        select = event >> self.chip.label_bits & ((1 << self.chip.row_select_bits) - 1)
        here = (table["block"] == block) & (table["bus"] == bus)
        here &= (select ^ table["driver"]) & table["mask"] == 0
        lines = zip(
            *(table[name][here].tolist() for name in ("driver", "top", "bottom")), strict=True
        )
        return [
            (self.chip.row_of(bus, driver, which), line)
            for driver, *both in lines
            for which, line in enumerate(both[:ROWS_PER_DRIVER])
            if line >= 0
        ]

    def _synapses_of(self, number: int) -> dict[tuple[int, int, int], list[tuple[int, int]]]:
        """Return column and weight of the synapses of a chip, by block, row and label."""
        found: dict[tuple[int, int, int], list[tuple[int, int]]] = defaultdict(list)
        names = ("block", "row", "label", "column", "weight")
        for table in self.synapses.values():
            here = table["chip"] == number
            for block, row, label, column, weight in zip(
                *(table[name][here].tolist() for name in names), strict=True
            ):
                found[block, row, label].append((column, weight))
        return found

    def _first_of_parallel(self) -> set[tuple[int, int, int, int]]:
        """Return the place of one synapse in the arrays for each synapse of the network."""
        found: set[tuple[int, int, int, int]] = set()
        for table in self.synapses.values():
            _, first = np.unique(table["synapse"], return_index=True)
            names = ("chip", "block", "row", "column")
            found.update(zip(*(table[name][first].tolist() for name in names), strict=True))
        return found

    def _target(self, number: int, block: int, column: int) -> int:
        cell = self.cell_at.get((number, block, column))
        if cell is None:
            _refuse(
                self.mapping,
                f"a synapse acts on circuit {column} of block {block} of chip {number}, which is "
                "no cell's",
            )
        return cell


def _compare(mapping: AnalogMapping, wanted: Deliveries, found: Deliveries) -> None:
    for delivery in sorted(wanted.keys() | found.keys()):
        (code, synapses), (has_code, has) = (part.get(delivery, [0, 0]) for part in (wanted, found))
        pre, post, line = delivery
        what = f"spikes of cell {pre} to {'inhibitory' if line else 'excitatory'} input of {post}"
        if has != synapses:
            _refuse(mapping, f"{what} arrive by {has} synapses; expected {synapses}")
        if has_code != code:
            _refuse(mapping, f"{what} have weight {has_code}; expected {code}")


def _refuse(mapping: AnalogMapping, message: str) -> NoReturn:
    raise ModelError(message, location_of(mapping.op))
