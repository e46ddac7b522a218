"""`assign-rows`: synapse drivers, what their rows take, and a place for each synapse."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.passes import ModulePass

from snnc.hardware.wafer import Wafer
from snnc.ir.dialects import analog, wafer
from snnc.passes.analog.losses import warn_of_losses
from snnc.passes.analog.reading import AnalogMapping, analog_mapping_of
from snnc.passes.wafer.buses import Buses, buses_of
from snnc.passes.wafer.connections import Connections, connections_of
from snnc.passes.wafer.lines import FREE, SIDES
from snnc.passes.wafer.placing import Placement
from snnc.passes.wafer.reading import Integers, add_table, placement_in, table_in, wafer_in
from snnc.passes.wafer.rows import CAUSES, PLACED, Rows, assign_rows

REASONS = np.array([analog.LOST.index(cause) if cause else -1 for cause in CAUSES])
"""The number in `analog.LOST` of each cause."""


@dataclass(frozen=True)
class AssignRowsPass(ModulePass):
    """Add `wafer.drivers`, `wafer.loads`, `wafer.bound`, and synapses and losses."""

    name = "assign-rows"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        """Choose drivers and rows, and place synapses in them."""
        mapping = analog_mapping_of(ctx, op)
        machine, connections = wafer_in(mapping), connections_of(mapping)
        placement = placement_in(mapping)
        buses = buses_of(machine, connections, placement)
        heard = heard_on(machine, buses, table_in(mapping, wafer.TapsOp, "route-lines"))
        rows = assign_rows(machine, connections, placement, buses, heard)
        settings = np.column_stack([rows.drivers[:, :3], rows.decoders.reshape(-1, 6)])
        add_table(mapping, wafer.DriversOp, settings)
        last_bits = placement.address[connections.pre] & ((1 << machine.synapse_bits) - 1)
        for number, projection in enumerate(mapping.projections):
            own = np.flatnonzero(mapping.wiring.projection == number)
            _add(mapping, projection.symbol, own, rows, placement, last_bits)
        add_table(mapping, wafer.LoadsOp, _loads(placement, connections, rows))
        warn_of_losses(
            REASONS[rows.cause], "take fewer synapses, or 'circuits' of 'place-neurons' by hand"
        )
        excess = connections.in_degrees() - placement.size * machine.rows
        mapping.op.add([wafer.BoundOp(int(excess.clip(0).sum()), rows.unavoidable)])


def _loads(placement: Placement, connections: Connections, rows: Rows) -> Integers:
    chip = placement.chip[connections.post]
    count = int(chip.max(initial=-1)) + 1
    every = np.bincount(chip, minlength=count)
    placed = np.bincount(chip[rows.cause == PLACED], minlength=count)
    table = np.column_stack([np.arange(count), placed, every - placed])
    return table[every > 0]


def heard_on(machine: Wafer, buses: Buses, taps: Integers) -> Integers:
    """Return the vertical lines, left and right, on which each bus is heard at each HICANN, or -1.

    Returns
    -------
    ndarray of int64, shape (2, buses, HICANNs)
    """
    number = {
        (int(chip), int(output)): bus
        for bus, (chip, output) in enumerate(zip(buses.chip, buses.output, strict=True))
    }
    found = np.full((len(SIDES), *buses.demand.shape), FREE, np.int64)
    bus = np.array([number[int(chip), int(output)] for chip, output in taps[:, :2]], np.int64)
    right = (taps[:, 3] >= machine.vertical_lines // 2).astype(np.int64)
    found[right, bus, taps[:, 2]] = taps[:, 3]
    return found


def _add(
    mapping: AnalogMapping,
    symbol: str,
    own: Integers,
    rows: Rows,
    placement: Placement,
    last_bits: Integers,
) -> None:
    there = own[rows.cause[own] == PLACED]
    gone = own[rows.cause[own] != PLACED]
    index = mapping.wiring.index
    chip = placement.chip[mapping.wiring.post[there]]
    table = [index[there], chip, rows.row[there], rows.column[there], last_bits[there]]
    mapping.add(wafer.SynapsesOp, symbol, np.column_stack(table))
    lost = np.column_stack([index[gone], REASONS[rows.cause[gone]]])
    mapping.add(analog.LostOp, symbol, lost)
