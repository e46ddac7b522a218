"""`walk-lines`: refuse settings of a wafer that deliver anything but what is not lost.

Spikes are followed from the output of each cell over repeaters, switches and drivers into the rows
and from there to circuits, by the geometry of the wafer alone. What arrives must be the synapses of
the network, each once, but those that are given as lost.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.passes import ModulePass

from snnc.hardware.wafer import Wafer
from snnc.ir.diagnostics import ModelError
from snnc.ir.dialects import analog, wafer
from snnc.ir.hicann import ROWS_PER_DRIVER
from snnc.passes.analog.reading import AnalogMapping, analog_mapping_of
from snnc.passes.wafer.connections import connections_of
from snnc.passes.wafer.placing import Placement
from snnc.passes.wafer.reading import placement_in, table_in, wafer_in

Integers = NDArray[np.int64]
NOBODY = -1


@dataclass(frozen=True)
class WalkLinesPass(ModulePass):
    """Follow every spike, and compare with the network."""

    name = "walk-lines"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        """Check the mapping.

        Raises
        ------
        ModelError
            At the first setting that the wafer does not have, and the first wrong delivery.
        """
        mapping = analog_mapping_of(ctx, op)
        machine, placement = wafer_in(mapping), placement_in(mapping)
        carried = carried_by(machine, placement, mapping)
        _Deliveries(machine, placement, mapping, carried).check()


def carried_by(machine: Wafer, placement: Placement, mapping: AnalogMapping) -> Integers:
    """Return whose spikes each line carries: HICANN times outputs plus output, or -1.

    Returns
    -------
    ndarray of int64, shape (HICANNs, lines)
    """
    count = machine.horizontal_lines + machine.vertical_lines
    repeaters = table_in(mapping, wafer.RepeatersOp, "route-lines")
    switches = table_in(mapping, wafer.SwitchesOp, "route-lines")
    for chip, line, there, onto in repeaters.tolist():
        _check_repeater(machine, chip, line, there, onto)
    for chip, horizontal, vertical in switches.tolist():
        if vertical not in machine.crossings(horizontal):
            raise ModelError(
                f"HICANN {chip} has no switch between horizontal line {horizontal} and vertical "
                f"line {vertical}"
            )
    across = switches[:, 0] * count + switches[:, 1]
    down = switches[:, 0] * count + machine.horizontal_lines + switches[:, 2]
    start = np.concatenate([repeaters[:, 0] * count + repeaters[:, 1], across, down])
    end = np.concatenate([repeaters[:, 2] * count + repeaters[:, 3], down, across])
    carried = np.full(len(machine.chips) * count, NOBODY, np.int64)
    for source in np.unique(_outputs(machine, placement)):
        if source != NOBODY:
            chip, output = divmod(int(source), machine.outputs)
            carried[chip * count + machine.output_line(output)] = source
    while True:
        onward = (carried[start] != NOBODY) & (carried[end] == NOBODY)
        if not onward.any():
            break
        carried[end[onward]] = carried[start[onward]]
    clash = (carried[start] != NOBODY) & (carried[start] != carried[end])
    if clash.any():
        chip, line = divmod(int(end[clash][0]), count)
        raise ModelError(f"two outputs send on line {line} of HICANN {chip}")
    return carried.reshape(-1, count)


def _outputs(machine: Wafer, placement: Placement) -> Integers:
    """Return the number of the output of each cell, -1 of those that send nothing."""
    sends = placement.address != NOBODY
    return np.where(sends, placement.chip * machine.outputs + placement.output, NOBODY)


def _check_repeater(machine: Wafer, chip: int, line: int, there: int, onto: int) -> None:
    (x, y), (x2, y2) = machine.chips[chip], machine.chips[there]
    vertical = line - machine.horizontal_lines
    if vertical < 0 and y == y2 and abs(x - x2) == 1:
        expected = machine.horizontal(line, x2 - x)
    elif vertical >= 0 and x == x2 and abs(y - y2) == 1:
        expected = machine.horizontal_lines + machine.vertical(vertical, y2 - y)
    else:
        raise ModelError(f"no repeater joins line {line} of HICANN {chip} with HICANN {there}")
    if onto != expected:
        raise ModelError(
            f"line {line} of HICANN {chip} goes on as line {expected} of HICANN {there}; "
            f"found {onto}"
        )


class _Deliveries:
    def __init__(
        self, machine: Wafer, placement: Placement, mapping: AnalogMapping, carried: Integers
    ) -> None:
        self.machine, self.placement, self.mapping = machine, placement, mapping
        self.rows = machine.drivers * ROWS_PER_DRIVER
        self.sender, self.decoder = self._drivers(carried)
        self.cell_at = self._addresses()
        self.neuron_at = self._circuits()

    def _drivers(self, carried: Integers) -> tuple[Integers, Integers]:
        """Return whose spikes come to each driver, and how each of its rows is set."""
        machine = self.machine
        table = table_in(self.mapping, wafer.DriversOp, "assign-rows")
        for chip, driver, vertical in table[:, :3].tolist():
            if driver not in machine.group_drivers[machine.group(vertical)]:
                raise ModelError(
                    f"HICANN {chip} has no switch between vertical line {vertical} and driver "
                    f"{driver}"
                )
        place = table[:, 0] * machine.drivers + table[:, 1]
        if np.unique(place).size != place.size:
            raise ModelError("a driver is given twice")
        sender = np.full(len(machine.chips) * machine.drivers, NOBODY, np.int64)
        sender[place] = carried[table[:, 0], machine.horizontal_lines + table[:, 2]]
        decoder = np.full((sender.size, ROWS_PER_DRIVER, 3), NOBODY, np.int64)
        decoder[place] = table[:, 3:].reshape(-1, ROWS_PER_DRIVER, 3)
        return sender, decoder

    def _addresses(self) -> Integers:
        """Return the cell that has each address of each output."""
        machine, cells = self.machine, np.flatnonzero(self.placement.address != NOBODY)
        shape = (len(machine.chips) * machine.outputs, 1 << machine.label_bits)
        found = np.full(shape, NOBODY, np.int64)
        output = _outputs(machine, self.placement)[cells]
        address = self.placement.address[cells]
        found[output, address] = cells
        if (found != NOBODY).sum() != cells.size:
            raise ModelError("two cells have the same address of an output")
        if np.isin(address, machine.reserved).any():
            raise ModelError("a cell has an address that is reserved")
        return found

    def _circuits(self) -> Integers:
        """Return the neuron whose circuits are at each column of each HICANN."""
        machine, neurons = self.machine, np.flatnonzero(self.placement.column != NOBODY)
        width = self.placement.size // machine.blocks
        columns = self.placement.column[neurons, None] + np.arange(width)
        if columns.size and columns.max() >= machine.columns:
            raise ModelError(f"circuits go beyond column {machine.columns - 1}")
        found = np.full((len(machine.chips), machine.columns), NOBODY, np.int64)
        found[self.placement.chip[neurons, None], columns] = neurons[:, None]
        if (found != NOBODY).sum() != columns.size:
            raise ModelError("two neurons have the same circuit")
        return found

    def check(self) -> None:
        """Compare what arrives with the network."""
        connections, wiring = connections_of(self.mapping), self.mapping.wiring
        seen = np.zeros(wiring.pre.size, np.int64)
        starts = np.searchsorted(wiring.projection, np.arange(len(self.mapping.projections)))
        first = dict(
            zip((op.symbol for op in self.mapping.projections), starts.tolist(), strict=True)
        )
        taken, arrays = [], self.mapping.context.arrays.arrays
        for op in self.mapping.op.body.block.ops:
            if isinstance(op, analog.LostOp):
                np.add.at(seen, first[op.of] + op.columns(arrays)["synapse"], 1)
            elif isinstance(op, wafer.SynapsesOp):
                table = op.columns(arrays)
                synapse = first[op.of] + table["synapse"]
                np.add.at(seen, synapse, 1)
                pre, post, receptor = self._arrivals(table)
                wrong = (
                    (pre != connections.pre[synapse])
                    | (post != connections.post[synapse])
                    | (receptor != connections.receptor[synapse])
                )
                self._refuse(op.of, table, pre, post, wrong)
                place = table["hicann"] * self.rows + table["row"]
                taken.append(place * self.machine.columns + table["column"])
        if (seen != 1).any():
            number = int(np.flatnonzero(seen != 1)[0])
            label = self.mapping.projections[wiring.projection[number]].label
            raise ModelError(
                f"synapse {wiring.index[number]} of '{label}' must be placed or lost, once; found "
                f"{seen[number]} times"
            )
        places = np.concatenate(taken or [np.empty(0, np.int64)])
        if np.unique(places).size != places.size:
            raise ModelError("two synapses are in the same place")

    def _arrivals(self, table: dict[str, Integers]) -> tuple[Integers, Integers, Integers]:
        """Return from which cell, at which and at which input spikes arrive through synapses."""
        row, column = table["row"], table["column"]
        driver = table["hicann"] * self.machine.drivers + row // ROWS_PER_DRIVER
        setting = self.decoder[driver, row % ROWS_PER_DRIVER]
        first_bits = setting[np.arange(row.size), 1 + column % 2]
        address = (first_bits << self.machine.synapse_bits) + table["address"]
        on = (self.sender[driver] != NOBODY) & (first_bits != NOBODY)
        pre = np.where(on, self.cell_at[self.sender[driver], np.where(on, address, 0)], NOBODY)
        return pre, self.neuron_at[table["hicann"], column], setting[:, 0]

    def _refuse(
        self,
        symbol: str,
        table: dict[str, Integers],
        pre: Integers,
        post: Integers,
        wrong: NDArray[np.bool_],
    ) -> None:
        if wrong.any():
            at = int(np.flatnonzero(wrong)[0])
            raise ModelError(
                f"synapse {table['synapse'][at]} of '@{symbol}', in row {table['row'][at]} and "
                f"column {table['column'][at]} of HICANN {table['hicann'][at]}, does not deliver "
                f"as it should; it joins cells {pre[at]} and {post[at]}"
            )
