"""`label-events`: give each source its label, and open the crossbar for its events.

Sources that drivers tell apart may have equal labels; those of one bus and row-select address have
labels of their own. Spikes from the host and from other chips come in on the L2 channel that has
the number of their bus; above the row-select address their events have one bit for each block, and
the nodes of the channel let in those of their block. Spikes of all cells leave the chip, too, to be
recorded and sent on; cells that nobody on their chip hears have the highest bit of their address
inverted, by which the nodes to the buses keep them out.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.passes import ModulePass

from snnc.hardware.crossbar import CrossbarChip
from snnc.ir.dialects import analog
from snnc.passes.analog.reading import HOST, Ints, analog_mapping_of
from snnc.passes.crossbar.drivers import selects_of
from snnc.passes.crossbar.problem import Placement, circuits_in
from snnc.passes.crossbar.reading import Share, chip_of, demand_of, shares_of

_OF_EVENTS = len(analog.EventsOp.COLUMNS)
_OF_NODES = len(analog.CrossbarOp.COLUMNS)


@dataclass(frozen=True)
class LabelEventsPass(ModulePass):
    """Choose events, and the nodes of crossbars that they go through."""

    name = "label-events"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        """Add `analog.events` of each population, and `analog.crossbar` of each chip."""
        mapping = analog_mapping_of(ctx, op)
        chip = chip_of(mapping)
        circuits = mapping.joined(analog.CircuitsOp, "place-circuits")
        sender = np.full(mapping.cells, HOST)
        sender[circuits["cell"]] = circuits["chip"]
        events: list[Ints] = []
        for number, (share, placement) in enumerate(
            shares_of(mapping, chip, demand_of(mapping, chip))
        ):
            made, nodes = _Routing(chip, share, placement).routed()
            cells = np.concatenate([share.cells, share.outside])[made[:, 0]]
            events.append(
                np.column_stack([cells, sender[cells], np.full(cells.size, number), made[:, 1:]])
            )
            handle = mapping.handle(nodes, f"{analog.CrossbarOp.name}.{number}")
            mapping.op.add([analog.CrossbarOp(number, handle)])
        rows = np.concatenate(events) if events else np.empty((0, _OF_EVENTS), np.int64)
        mapping.add_by_population(analog.EventsOp, rows)


class _Routing:
    """The events of a chip's sources while they are given, and the nodes that they need."""

    def __init__(self, chip: CrossbarChip, share: Share, placement: Placement) -> None:
        self.chip, self.share, self.placement = chip, share, placement
        problem = share.problem
        self.reached = problem.needs.any(axis=0) @ circuits_in(problem, placement).T > 0
        self.labels: Counter[int] = Counter()
        self.silent: Counter[int] = Counter()
        self.nodes: set[tuple[int, int, int, int]] = set()
        self.addresses = {
            number: selects
            for bus in range(chip.buses)
            for number, selects in selects_of(chip, problem.classes, bus).items()
        }

    def routed(self) -> tuple[Ints, Ints]:
        """Return rows of source, input and event, and the nodes that are open."""
        problem = self.share.problem
        rows: list[tuple[int, int, int]] = []
        for source in range(problem.sources):
            number = int(self.placement.of_source[source])
            if source < problem.cells:
                rows.append((source, *self._own(source, number)))
            elif number >= 0:
                rows.append((source, *self._outside(source, number)))
        return (
            np.array(rows, np.int64).reshape(-1, 3),
            np.array(sorted(self.nodes), np.int64).reshape(-1, _OF_NODES),
        )

    def _label(self, number: int) -> int:
        self.labels[number] += 1
        return self.labels[number] - 1

    def _own(self, source: int, number: int) -> tuple[int, int]:
        """Return input and event of a cell; the highest bit of its address tells if it is heard."""
        chip, classes = self.chip, self.share.problem.classes
        output = int(self.placement.output[source])
        member = int(classes.of_output[output])
        place = np.flatnonzero(classes.of_output == member).tolist().index(output)
        select = self.addresses[member][place] << chip.label_bits
        own = select & ((1 << chip.address_bits) - 1)
        above = output << chip.address_bits
        top = 1 << (chip.address_bits - 1)
        for line in range(chip.blocks * chip.buses, chip.outputs):
            if (output, line) in chip.nodes:
                self.nodes.add((output, line, 0, 0))
        if number < 0:
            self.silent[output] += 1
            return output, above | (own & top ^ top) | (self.silent[output] - 1)
        for block in np.flatnonzero(self.reached[source]).tolist():
            self.nodes.add((output, block * chip.buses + chip.bus_of(output), top, own & top))
        return output, above | own | self._label(number)

    def _outside(self, source: int, number: int) -> tuple[int, int]:
        """Return input and event of a source from outside; a bit for each block lets it in."""
        chip = self.chip
        bus = int(self.share.problem.classes.bus[number])
        event = self._label(number) | self.addresses[number][0] << chip.label_bits
        channel = chip.event_outputs + bus
        for block in np.flatnonzero(self.reached[source]).tolist():
            bit = 1 << chip.block_bit(block)
            self.nodes.add((channel, block * chip.buses + bus, bit, bit))
            event |= bit
        return channel, event
