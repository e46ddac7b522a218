"""Arithmetic of the `fx` dialect: numbers in, a number out, with each rounding and overflow."""

from __future__ import annotations

from typing import ClassVar

from xdsl.dialects.builtin import StringAttr, i1
from xdsl.irdl import (
    AnyAttr,
    BaseAttr,
    IRDLOperation,
    VarConstraint,
    irdl_op_definition,
    operand_def,
    prop_def,
    result_def,
)

from snnc.ir.dialects.fx_types import SignedType, UnsignedType, fixed_type
from snnc.ir.locations import refuse

ROUNDINGS = ("nearest", "down", "stochastic")
"""Of products: halves up, towards minus infinity, or up with the probability of what is cut off."""
OVERFLOWS = ("saturate", "wrap")
COMPARISONS = ("<", "<=", ">", ">=", "==", "!=")

FIXED = BaseAttr(SignedType) | BaseAttr(UnsignedType)


class SameType(IRDLOperation):
    """Base of operations on numbers of one type."""

    T: ClassVar = VarConstraint("T", AnyAttr())
    lhs = operand_def(T)
    rhs = operand_def(T)
    result = result_def(T)
    assembly_format = "$lhs `,` $rhs attr-dict `:` type($lhs)"


@irdl_op_definition
class AddOp(SameType):
    """A sum; what does not fit wraps."""

    name = "fx.add"


@irdl_op_definition
class SubOp(SameType):
    """A difference; what does not fit wraps."""

    name = "fx.sub"


@irdl_op_definition
class MulOp(IRDLOperation):
    """A product, rounded to the last bit of the result."""

    name = "fx.mul"
    lhs = operand_def(FIXED)
    rhs = operand_def(FIXED)
    rounding_ = prop_def(StringAttr, prop_name="rounding")
    overflow_ = prop_def(StringAttr, prop_name="overflow")
    result = result_def(FIXED)
    assembly_format = (
        "$lhs `,` $rhs $rounding $overflow attr-dict "
        "`:` `(` type($lhs) `,` type($rhs) `)` `->` type($result)"
    )

    @property
    def rounding(self) -> str:
        """One of `ROUNDINGS`."""
        return self.rounding_.data

    @property
    def overflow(self) -> str:
        """One of `OVERFLOWS`."""
        return self.overflow_.data

    @property
    def shift(self) -> int:
        """Bits of the product that are cut off."""
        kinds = (fixed_type(value) for value in (self.lhs, self.rhs, self.result))
        left, right, own = (kind.point for kind in kinds)
        return left + right - own

    def verify_(self) -> None:
        """Check the choices, and that 64 bits hold the product."""
        for choice, known in ((self.rounding, ROUNDINGS), (self.overflow, OVERFLOWS)):
            if choice not in known:
                refuse(self, f"found '{choice}'; expected one of {', '.join(known)}")
        left, right = fixed_type(self.lhs), fixed_type(self.rhs)
        bits = left.bits + right.bits - int(left.signed) - int(right.signed)
        if bits > 63:
            refuse(self, f"the product of '{left}' and '{right}' needs more than 64 bits")
        if self.shift < 1:
            refuse(self, f"a product cuts off one bit at least; found {self.shift}")


@irdl_op_definition
class DivOp(SameType):
    """The quotient of positive numbers, rounded down."""

    name = "fx.div"


@irdl_op_definition
class DecayOp(IRDLOperation):
    """exp(-x) for x of at least 0, by the tables and the series of SpiNNaker's library."""

    name = "fx.decay"
    x = operand_def(FIXED)
    result = result_def(FIXED)
    assembly_format = "$x attr-dict `:` type($x) `->` type($result)"

    def verify_(self) -> None:
        """Check the type of what is known: the tables are for numbers of 15 bits."""
        if fixed_type(self.x).point != 15:
            refuse(self, f"the tables need 15 bits after the point; found '{self.x.type}'")
        if fixed_type(self.result).point not in (15, 32):
            refuse(self, f"a decay has 15 or 32 bits after the point; found '{self.result.type}'")


@irdl_op_definition
class CeilOp(IRDLOperation):
    """The next whole number."""

    name = "fx.ceil"
    x = operand_def(FIXED)
    result = result_def(FIXED)
    assembly_format = "$x attr-dict `:` type($x) `->` type($result)"

    def verify_(self) -> None:
        """Check that the result is whole."""
        if fixed_type(self.result).point:
            refuse(self, f"a whole number has no bits after the point; found '{self.result.type}'")


@irdl_op_definition
class CompareOp(IRDLOperation):
    """A comparison of numbers of one type."""

    name = "fx.compare"
    T: ClassVar = VarConstraint("T", AnyAttr())
    lhs = operand_def(T)
    rhs = operand_def(T)
    predicate_ = prop_def(StringAttr, prop_name="predicate")
    result = result_def(i1)
    assembly_format = "$lhs $predicate $rhs attr-dict `:` type($lhs)"

    @property
    def predicate(self) -> str:
        """One of `COMPARISONS`."""
        return self.predicate_.data

    def verify_(self) -> None:
        """Check that the comparison is known."""
        if self.predicate not in COMPARISONS:
            refuse(self, f"found '{self.predicate}'; expected one of {' '.join(COMPARISONS)}")


@irdl_op_definition
class SelectOp(IRDLOperation):
    """One of two numbers."""

    name = "fx.select"
    T: ClassVar = VarConstraint("T", AnyAttr())
    condition = operand_def(i1)
    lhs = operand_def(T)
    rhs = operand_def(T)
    result = result_def(T)
    assembly_format = "$condition `,` $lhs `,` $rhs attr-dict `:` type($lhs)"
