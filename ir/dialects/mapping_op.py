"""What the dialects of machines have in common: a network, and what passes decide about it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

from xdsl.dialects.builtin import FlatSymbolRefAttrConstr, SymbolRefAttr
from xdsl.ir import Operation, Region
from xdsl.irdl import IRDLOperation, prop_def, region_def, traits_def
from xdsl.traits import IsolatedFromAbove, NoTerminator

from snnc.ir.diagnostics import OptionError

Op = TypeVar("Op", bound=Operation)


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

    def parts(self, kind: type[Op]) -> list[Op]:
        """Return what has been decided of one kind, in order."""
        return [op for op in self.body.block.ops if isinstance(op, kind)]

    def decided(self, kind: type[Op], missing_pass: str) -> list[Op]:
        """Return what has been decided of one kind, in order.

        Raises
        ------
        OptionError
            If there is nothing, which `missing_pass` would add.
        """
        found = self.parts(kind)
        if not found:
            raise OptionError(f"the mapping has no '{kind.name}'; expected pass '{missing_pass}'")
        return found
