"""`route-lines`: repeaters and switches that carry spikes over a wafer's lines."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.passes import ModulePass

from snnc.ir.dialects import wafer
from snnc.passes.analog.reading import analog_mapping_of
from snnc.passes.wafer.buses import buses_of
from snnc.passes.wafer.connections import connections_of
from snnc.passes.wafer.lines import FREE, route
from snnc.passes.wafer.reading import add_table, placement_in, wafer_in


@dataclass(frozen=True)
class RouteLinesPass(ModulePass):
    """Add `wafer.repeaters`, `wafer.switches` and `wafer.taps`."""

    name = "route-lines"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        """Route the outputs of all HICANNs."""
        mapping = analog_mapping_of(ctx, op)
        machine = wafer_in(mapping)
        buses = buses_of(machine, connections_of(mapping), placement_in(mapping))
        lines = route(machine, buses)
        add_table(mapping, wafer.RepeatersOp, lines.links)
        add_table(mapping, wafer.SwitchesOp, lines.switches)
        side, bus, chip = np.nonzero(lines.heard_on != FREE)
        taps = np.column_stack(
            [buses.chip[bus], buses.output[bus], chip, lines.heard_on[side, bus, chip]]
        )
        add_table(mapping, wafer.TapsOp, taps)
