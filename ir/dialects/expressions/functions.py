"""What is written as a function of one or two quantities."""

from __future__ import annotations

from typing import ClassVar

from xdsl.dialects.builtin import AnyFloat
from xdsl.ir import Attribute, SSAValue
from xdsl.irdl import (
    irdl_op_definition,
)

from snnc.ir.dialects.expressions.base import Binary, Unary, integer_literal
from snnc.ir.dialects.expressions.quantities import NUMBER, describe, exponents_of, quantity
from snnc.ir.locations import refuse
from snnc.ir.units import (
    DIMENSIONLESS,
    power,
)


@irdl_op_definition
class MinOp(Binary):
    """The smaller of two."""

    name = "dyn.min"
    SYMBOL: ClassVar[str] = "min"


@irdl_op_definition
class MaxOp(Binary):
    """The larger of two."""

    name = "dyn.max"
    SYMBOL: ClassVar[str] = "max"


@irdl_op_definition
class PowOp(Binary):
    """Power: a number to a number, or a quantity to a literal integer."""

    name = "dyn.pow"
    SYMBOL: ClassVar[str] = "pow"

    @classmethod
    def infer(cls, lhs: SSAValue, rhs: SSAValue) -> Attribute:
        """Return the type of the power."""
        if isinstance(lhs.type, AnyFloat):
            return lhs.type
        n = integer_literal(rhs)
        return NUMBER if n is None else quantity(power(exponents_of(lhs), n))

    def check_units(self) -> None:
        """Refuse a quantity with a unit to anything but a literal integer."""
        if exponents_of(self.rhs) != DIMENSIONLESS:
            refuse(self, f"an exponent is a pure number; found {describe(self.rhs)}")
        if exponents_of(self.lhs) != DIMENSIONLESS and integer_literal(self.rhs) is None:
            refuse(self, f"{describe(self.lhs)} can only be raised to a literal integer")


@irdl_op_definition
class AbsOp(Unary):
    """Absolute value."""

    name = "dyn.abs"


@irdl_op_definition
class SqrtOp(Unary):
    """Square root; the exponents of the unit must be even."""

    name = "dyn.sqrt"

    @classmethod
    def infer(cls, operand: SSAValue) -> Attribute:
        """Return the type of the root."""
        if isinstance(operand.type, AnyFloat):
            return operand.type
        return quantity(tuple(e // 2 for e in exponents_of(operand)))

    def check_units(self) -> None:
        """Refuse units without a root."""
        if any(e % 2 for e in exponents_of(self.operand)):
            refuse(self, f"'sqrt' needs a square unit; found {describe(self.operand)}")


class Transcendental(Unary):
    """Base of the functions from numbers to numbers."""

    def check_units(self) -> None:
        """Refuse an argument with a unit."""
        if exponents_of(self.operand) != DIMENSIONLESS:
            refuse(
                self,
                f"'{self.spelling}' takes a pure number; found {describe(self.operand)}, "
                "expected 1",
            )


@irdl_op_definition
class ExpOp(Transcendental):
    """Exponential."""

    name = "dyn.exp"


@irdl_op_definition
class LogOp(Transcendental):
    """Natural logarithm."""

    name = "dyn.log"


@irdl_op_definition
class SinOp(Transcendental):
    """Sine."""

    name = "dyn.sin"


@irdl_op_definition
class CosOp(Transcendental):
    """Cosine."""

    name = "dyn.cos"


@irdl_op_definition
class TanhOp(Transcendental):
    """Hyperbolic tangent."""

    name = "dyn.tanh"


@irdl_op_definition
class FloorOp(Transcendental):
    """The largest whole number that is not above a number."""

    name = "dyn.floor"


@irdl_op_definition
class ExprelOp(Transcendental):
    """(exp(x) - 1)/x with its limit 1 at 0, as SciPy's and Brian2's ``exprel``."""

    name = "dyn.exprel"


@irdl_op_definition
class LogGammaSfOp(Binary):
    """The logarithm of the probability that a gamma variate of a shape and scale 1 exceeds x."""

    name = "dyn.log_gamma_sf"
    SYMBOL: ClassVar[str] = "log_gamma_sf"

    def check_units(self) -> None:
        """Refuse units."""
        for operand in self.operands:
            if exponents_of(operand) != DIMENSIONLESS:
                refuse(self, f"'log_gamma_sf' takes pure numbers; found {describe(operand)}")


UNARY_FUNCTIONS: dict[str, type[Unary]] = {
    "abs": AbsOp,
    "sqrt": SqrtOp,
    "exp": ExpOp,
    "log": LogOp,
    "sin": SinOp,
    "cos": CosOp,
    "tanh": TanhOp,
    "floor": FloorOp,
    "exprel": ExprelOp,
}
BINARY_FUNCTIONS: dict[str, type[Binary]] = {
    "min": MinOp,
    "max": MaxOp,
    "pow": PowOp,
    "log_gamma_sf": LogGammaSfOp,
}
