"""`choose-chip`: begin a mapping onto a kind of analog chip, with all that is known of the chip."""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Block, Region
from xdsl.passes import ModulePass

from snnc.hardware.descriptions import Description, describe
from snnc.ir.dialects import analog
from snnc.passes.one_network import network_of


@dataclass(frozen=True)
class ChooseChipPass(ModulePass):
    """Add the mapping with its chip.

    Attributes
    ----------
    chip : str
        Name of the description.
    number : int
        Chips to use; 0 for as many as are needed.
    """

    name = "choose-chip"

    chip: str
    number: int = 0

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        """Add an `analog.mapping`."""
        network = network_of(op)
        mapping = analog.MappingOp(network.symbol, Region(Block()))
        mapping.add([chip_op(describe(self.chip), self.number)])
        op.body.block.add_op(mapping)


def chip_op(description: Description, number: int) -> analog.ChipOp:
    """Return the operation that holds a description."""
    figures, ranges = (
        {name: figure.value for name, figure in part.items()}
        for part in (description.figures, description.ranges)
    )
    return analog.ChipOp(
        description.name, description.label, description.topology, number, figures, ranges
    )
