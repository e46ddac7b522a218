"""`place-neurons`: circuits of a wafer's HICANNs for neurons, and addresses for what sends."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.passes import ModulePass

from snnc.ir.diagnostics import OptionError
from snnc.ir.dialects import wafer
from snnc.passes.analog.reading import analog_mapping_of
from snnc.passes.wafer.connections import connections_of
from snnc.passes.wafer.placing import SIZES, place, size_for
from snnc.passes.wafer.reading import wafer_in


@dataclass(frozen=True)
class PlaceNeuronsPass(ModulePass):
    """Add `wafer.places` of each population.

    Attributes
    ----------
    circuits : int
        Circuits to join to a neuron; 0 for as many as in-degrees need and the wafer has.
    """

    name = "place-neurons"

    circuits: int = 0

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        """Place all cells.

        Raises
        ------
        ResourceLimitError
            If the wafer is too small.
        """
        if self.circuits and self.circuits not in SIZES:
            expected = ", ".join(map(str, SIZES))
            raise OptionError(
                f"circuits of 'place-neurons': found {self.circuits}, expected one of {expected}, "
                "or 0 to have it chosen"
            )
        mapping = analog_mapping_of(ctx, op)
        machine, connections = wafer_in(mapping), connections_of(mapping)
        size = self.circuits or size_for(machine, connections)
        found = place(machine, connections, size)
        for population in mapping.populations:
            cells = mapping.first[population.symbol] + np.arange(population.size)
            columns = (found.chip, found.column, found.output, found.address)
            rows = np.column_stack(
                [np.arange(population.size), *(column[cells] for column in columns)]
            )
            name = f"{wafer.PlacesOp.name}.{population.symbol}"
            mapping.op.add([wafer.PlacesOp(population.symbol, size, mapping.handle(rows, name))])
