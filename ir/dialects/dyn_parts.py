"""What operations of models have in common: declared names, and regions that yield a value."""

from __future__ import annotations

from xdsl.dialects.builtin import StringAttr, SymbolNameConstraint
from xdsl.ir import Operation, Region, SSAValue
from xdsl.irdl import (
    IRDLOperation,
    irdl_op_definition,
    operand_def,
    prop_def,
    region_def,
    traits_def,
)
from xdsl.traits import IsTerminator

from snnc.ir.diagnostics import UnitError
from snnc.ir.dialects.expressions import Dimension, Quantity, quantity_of
from snnc.ir.locations import refuse
from snnc.ir.units import Exponents, parse_unit


class Declaration(IRDLOperation):
    """Base of the operations that declare a name with a unit inside a model."""

    sym_name = prop_def(SymbolNameConstraint())
    unit = prop_def(StringAttr)

    @property
    def label(self) -> str:
        """The declared name."""
        return self.sym_name.data

    @property
    def type(self) -> Quantity:
        """The type of the name in expressions: its unit without the factor."""
        return quantity_of(self.unit.data)

    @property
    def scale(self) -> float:
        """Coherent units per declared unit."""
        return parse_unit(self.unit.data).scale

    def verify_(self) -> None:
        """Check that the unit exists."""
        parse_unit_of(self, self.unit.data)


def parse_unit_of(op: Operation, text: str) -> Exponents:
    """Return the dimension of a unit named in `op`, or refuse it."""
    try:
        return parse_unit(text).exponents
    except UnitError as error:
        refuse(op, error.message)


@irdl_op_definition
class YieldOp(IRDLOperation):
    """Ends the region of an expression."""

    name = "dyn.yield"
    value = operand_def()
    traits = traits_def(IsTerminator())

    def __init__(self, value: SSAValue | Operation) -> None:
        super().__init__(operands=[value])


class Valued(IRDLOperation):
    """Base of the operations with one region that yields a value."""

    def value_region(self) -> Region:
        """Return the region of the expression."""
        return self.regions[0]

    @property
    def value(self) -> SSAValue:
        """The yielded value."""
        last = self.value_region().block.last_op
        assert isinstance(last, YieldOp)
        return last.value


class NamedValue(Valued):
    """Base of the operations that name a value."""

    sym_name = prop_def(SymbolNameConstraint())
    dimension = prop_def(Dimension)
    body = region_def("single_block")

    def __init__(self, label: str, dimension: Exponents, body: Region) -> None:
        super().__init__(
            properties={"sym_name": StringAttr(label), "dimension": Dimension(dimension)},
            regions=[body],
        )

    @property
    def label(self) -> str:
        """The declared name."""
        return self.sym_name.data
