"""`choose-chip`: begin a mapping onto a kind of analog chip, with all that is known of the chip."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from xdsl.context import Context
from xdsl.dialects.builtin import ArrayAttr, FloatAttr, IntegerAttr, ModuleOp, StringAttr, f64, i64
from xdsl.ir import Attribute, Block, Region
from xdsl.passes import ModulePass

from snnc.hardware.descriptions import Description, Figure, describe
from snnc.ir.dialects import analog
from snnc.passes.one_network import network_of

_IN_THE_TEXT = "the mapping"


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
        {name: _attribute(figure.value) for name, figure in part.items()}
        for part in (description.figures, description.ranges)
    )
    return analog.ChipOp(
        description.name, description.label, description.topology, number, figures, ranges
    )


def description_of(op: analog.ChipOp) -> Description:
    """Return the description that an operation holds; sources stay in the files."""
    figures, ranges = (
        {name: Figure(_value(value), _IN_THE_TEXT, True) for name, value in part.data.items()}
        for part in (op.figures, op.ranges)
    )
    return Description(op.chip, op.label_.data, op.topology_.data, figures, ranges)


def _attribute(value: Any) -> Attribute:
    match value:
        case int():
            return IntegerAttr(value, i64)
        case float():
            return FloatAttr(value, f64)
        case str():
            return StringAttr(value)
        case _:
            return ArrayAttr([_attribute(one) for one in value])


def _value(attribute: Attribute) -> Any:
    match attribute:
        case IntegerAttr():
            return attribute.value.data
        case FloatAttr():
            return attribute.value.data
        case StringAttr():
            return attribute.data
        case ArrayAttr():
            return tuple(_value(one) for one in attribute)
        case _:
            raise TypeError(f"not a figure: {attribute}")
