"""What the dialects of machines have in common: a network, and what passes decide about it."""

from __future__ import annotations

from collections.abc import Iterable

from xdsl.dialects.builtin import FlatSymbolRefAttrConstr, SymbolRefAttr
from xdsl.ir import Operation, Region
from xdsl.irdl import IRDLOperation, prop_def, region_def, traits_def
from xdsl.traits import IsolatedFromAbove, NoTerminator


class MappingOfNetwork(IRDLOperation):
    """A network on a machine: stands beside the network, and holds one decision after the other."""

    network_ = prop_def(FlatSymbolRefAttrConstr, prop_name="network")
    body = region_def("single_block")
    traits = traits_def(NoTerminator(), IsolatedFromAbove())
    assembly_format = "`of` $network $body attr-dict"

    def __init__(self, network: str, body: Region) -> None:
        super().__init__(properties={"network": SymbolRefAttr(network)}, regions=[body])

    @property
    def network(self) -> str:
        """Symbol of the network."""
        return self.network_.root_reference.data

    def add(self, ops: Iterable[Operation]) -> None:
        """Append what a pass has decided."""
        self.body.block.add_ops(ops)
