"""Sums, products and their inverses."""

from __future__ import annotations

from typing import ClassVar

from xdsl.dialects.builtin import AnyFloat
from xdsl.ir import Attribute, SSAValue
from xdsl.irdl import (
    irdl_op_definition,
)

from snnc.ir.dialects.expressions.base import Binary, Unary
from snnc.ir.dialects.expressions.quantities import exponents_of, quantity
from snnc.ir.units import (
    divide,
    multiply,
)


@irdl_op_definition
class AddOp(Binary):
    """Sum."""

    name = "dyn.add"
    SYMBOL: ClassVar[str] = "+"


@irdl_op_definition
class SubOp(Binary):
    """Difference."""

    name = "dyn.sub"
    SYMBOL: ClassVar[str] = "-"


@irdl_op_definition
class MulOp(Binary):
    """Product."""

    name = "dyn.mul"
    SYMBOL: ClassVar[str] = "*"

    @classmethod
    def infer(cls, lhs: SSAValue, rhs: SSAValue) -> Attribute:
        """Return the type of the product."""
        if isinstance(lhs.type, AnyFloat):
            return lhs.type
        return quantity(multiply(exponents_of(lhs), exponents_of(rhs)))

    def check_units(self) -> None:
        """Accept any two units."""


@irdl_op_definition
class DivOp(Binary):
    """Quotient."""

    name = "dyn.div"
    SYMBOL: ClassVar[str] = "/"

    @classmethod
    def infer(cls, lhs: SSAValue, rhs: SSAValue) -> Attribute:
        """Return the type of the quotient."""
        if isinstance(lhs.type, AnyFloat):
            return lhs.type
        return quantity(divide(exponents_of(lhs), exponents_of(rhs)))

    def check_units(self) -> None:
        """Accept any two units."""


@irdl_op_definition
class NegOp(Unary):
    """Negation."""

    name = "dyn.neg"
    SYMBOL: ClassVar[str] = "-"
