"""`replay-sources`: sources become lists of spikes.

What a source of a model of its own emits depends on the time step and on the random numbers of the
target; a list is the same input for every target. The lists are left empty: whoever runs the pass
fills in the spikes that the sources gave.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import DictionaryAttr, ModuleOp, SymbolRefAttr
from xdsl.ir import Operation
from xdsl.passes import ModulePass

from snnc.ir.diagnostics import UnsupportedError
from snnc.ir.dialects import snn
from snnc.ir.model_info import describe_model, models_of
from snnc.passes.listed_source import listed_source


@dataclass(frozen=True)
class ReplaySourcesPass(ModulePass):
    """Make every population of sources one of listed spikes."""

    name = "replay-sources"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        """Change the model of the sources; their symbols and numbers stay."""
        models = models_of(op)
        for network in op.body.block.ops:
            if isinstance(network, snn.NetworkOp):
                _replay(op, network, models)


def _replay(module: ModuleOp, network: snn.NetworkOp, models: Mapping[str, Operation]) -> None:
    replayed = set()
    for population in network.body.block.ops:
        if isinstance(population, snn.PopulationOp):
            info = describe_model(models[population.model])
            if info.source and info.times is None:
                replayed.add(population.symbol)
                population.properties["model"] = SymbolRefAttr(listed_source(module))
                population.properties["parameters"] = DictionaryAttr({})
                population.properties["initial"] = DictionaryAttr({})
    for record in network.body.block.ops:
        if isinstance(record, snn.RecordOp) and record.target in replayed:
            states = [variable for variable in record.variables if variable != "spikes"]
            if states:
                raise UnsupportedError(
                    f"'{states[0]}' of the sources '@{record.target}' is recorded, which a list "
                    "of spikes does not have; expected 'spikes' alone"
                )
