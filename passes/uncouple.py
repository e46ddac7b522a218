"""`uncouple`: every synapse gets its spikes from a copy of the presynaptic cells that replays them.

The copies are sources of listed spikes; what the cells emit reaches nobody. Given the spikes of a
run of the coupled network, each cell then gets the input that it had there, whatever the others do:
differences between simulators cannot spread. Object ids, connectors, seeds, positions, selections
and the numbers of the cells are kept, and with them every connection, weight and delay. Sources
stay as they are, since they have no input.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from xdsl.context import Context
from xdsl.dialects.builtin import (
    ArrayAttr,
    DictionaryAttr,
    IntegerAttr,
    ModuleOp,
    StringAttr,
    SymbolRefAttr,
    i64,
)
from xdsl.ir import Attribute, Operation
from xdsl.passes import ModulePass

from snnc.ir.dialects import snn
from snnc.ir.model_info import describe_model, models_of
from snnc.passes.listed_source import listed_source

SUFFIX = ".replay"
_Group: TypeAlias = snn.PopulationOp | snn.ViewOp | snn.AssemblyOp


@dataclass(frozen=True)
class UncouplePass(ModulePass):
    """Feed every projection from copies of its presynaptic cells that replay spikes."""

    name = "uncouple"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        """Add the copies of populations, views and assemblies, and redirect the projections."""
        for network in list(op.body.block.ops):
            if isinstance(network, snn.NetworkOp):
                copies = _Copies(op, network)
                for projection in list(network.body.block.ops):
                    if isinstance(projection, snn.ProjectionOp):
                        source = copies.replaying(projection.pre)
                        projection.properties["pre"] = SymbolRefAttr(source)


class _Copies:
    """The groups of cells that replay spikes, made when they are first asked for."""

    def __init__(self, module: ModuleOp, network: snn.NetworkOp) -> None:
        self.module = module
        self.symbols = network.symbols()
        self.models = models_of(module)
        self.made: dict[str, str] = {}
        ids = [
            op.object_id
            for op in self.symbols.values()
            if isinstance(op, snn.PopulationOp | snn.ProjectionOp | snn.SourceOp)
        ]
        self.object_id = max(ids, default=-1)

    def replaying(self, symbol: str) -> str:
        """Return the symbol of what replays the spikes of a group of cells."""
        if symbol not in self.made:
            self.made[symbol] = self._copy(self.symbols[symbol])
        return self.made[symbol]

    def _copy(self, op: Operation) -> str:
        match op:
            case snn.ViewOp():
                parent = self.replaying(op.of)
                return op.symbol if parent == op.of else self._insert(op, of=SymbolRefAttr(parent))
            case snn.AssemblyOp():
                members = tuple(self.replaying(member) for member in op.members)
                if members == op.members:
                    return op.symbol
                return self._insert(op, of=ArrayAttr([SymbolRefAttr(name) for name in members]))
            case snn.PopulationOp():
                return self._population(op)
            case _:
                raise TypeError(f"no group of cells: {op.name}")

    def _population(self, op: snn.PopulationOp) -> str:
        if describe_model(self.models[op.model]).source:
            return op.symbol
        self.object_id += 1
        return self._insert(
            op,
            model=SymbolRefAttr(listed_source(self.module)),
            object_id=IntegerAttr(self.object_id, i64),
            parameters=DictionaryAttr({}),
            initial=DictionaryAttr({}),
            stands_for=SymbolRefAttr(op.symbol),
        )

    def _insert(self, op: _Group, **changed: Attribute) -> str:
        """Add a copy of a group with some properties changed; return its symbol."""
        copy = op.clone()
        copy.attributes.clear()
        copy.properties.update(changed)
        name, count = op.symbol + SUFFIX, 1
        while name in self.symbols:
            name, count = f"{op.symbol}{SUFFIX}_{count}", count + 1
        copy.properties["sym_name"] = StringAttr(name)
        copy.properties["label"] = StringAttr(f"{op.label}{SUFFIX}")
        block = op.parent_block()
        assert block is not None
        block.add_op(copy)
        self.symbols[name] = copy
        return name
