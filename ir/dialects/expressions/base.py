"""What expressions are made of: literals, names, operations on one and on two quantities."""

from __future__ import annotations

import math
from typing import ClassVar

from xdsl.dialects.builtin import AnyFloat, FloatAttr, StringAttr, f64
from xdsl.ir import Attribute, Operation, SSAValue
from xdsl.irdl import (
    IRDLOperation,
    irdl_op_definition,
    operand_def,
    prop_def,
    result_def,
    traits_def,
)
from xdsl.traits import Pure

from snnc.ir.dialects.expressions.quantities import NUMBER, Quantity, describe, exponents_of
from snnc.ir.locations import refuse


class Expression(IRDLOperation):
    """Base of the pure operations."""

    SYMBOL: ClassVar[str] = ""  # where it is not the operation's name

    traits = traits_def(Pure())

    @property
    def spelling(self) -> str:
        """How the operation is written in an expression."""
        return self.SYMBOL or self.name.split(".")[-1]

    def check_quantities(self) -> None:
        """Refuse operands that are neither quantities nor, after `erase-units`, floats."""
        for operand in self.operands:
            if not isinstance(operand.type, Quantity | AnyFloat):
                refuse(self, f"'{self.spelling}' takes quantities; found {describe(operand)}")

    def check_result(self, expected: Attribute) -> None:
        """Refuse a result type other than the inferred one."""
        found = self.results[0].type
        if found != expected:
            refuse(
                self,
                f"wrong result type of '{self.spelling}'; found {found}, expected {expected}",
            )


@irdl_op_definition
class ConstOp(Expression):
    """A literal with a unit, in coherent units."""

    name = "dyn.const"
    value = prop_def(FloatAttr)
    result = result_def()

    def __init__(self, value: float, type: Attribute = NUMBER) -> None:
        super().__init__(properties={"value": FloatAttr(value, f64)}, result_types=[type])

    @property
    def number(self) -> float:
        """The literal as a Python float."""
        return self.value.value.data

    def verify_(self) -> None:
        """Refuse literals that the text could not hold."""
        if not math.isfinite(self.number):
            refuse(self, f"a literal is a finite number; found {self.number}")


@irdl_op_definition
class GetOp(Expression):
    """The value of a named parameter, state, alias, current, of ``t`` or of ``dt``."""

    name = "dyn.get"
    variable = prop_def(StringAttr)
    result = result_def()

    def __init__(self, variable: str, type: Attribute) -> None:
        super().__init__(properties={"variable": StringAttr(variable)}, result_types=[type])
        self.result.name_hint = variable if variable.isidentifier() else None


@irdl_op_definition
class PreviousOp(Expression):
    """The value that a state had at the start of the step."""

    name = "dyn.previous"
    variable = prop_def(StringAttr)
    result = result_def()

    def __init__(self, variable: str, type: Attribute) -> None:
        super().__init__(properties={"variable": StringAttr(variable)}, result_types=[type])


class Binary(Expression):
    """Base of the operations on two quantities."""

    lhs = operand_def()
    rhs = operand_def()
    result = result_def()

    def __init__(self, lhs: SSAValue | Operation, rhs: SSAValue | Operation) -> None:
        lhs, rhs = SSAValue.get(lhs), SSAValue.get(rhs)
        super().__init__(operands=[lhs, rhs], result_types=[self.infer(lhs, rhs)])

    @classmethod
    def infer(cls, lhs: SSAValue, rhs: SSAValue) -> Attribute:
        """Return the type of the result."""
        return lhs.type

    def verify_(self) -> None:
        """Check units."""
        self.check_quantities()
        self.check_units()
        self.check_result(self.infer(self.lhs, self.rhs))

    def check_units(self) -> None:
        """Refuse two sides of different dimension."""
        if exponents_of(self.lhs) != exponents_of(self.rhs):
            refuse(
                self,
                f"units do not fit in '{self.spelling}'; found {describe(self.lhs)} and "
                f"{describe(self.rhs)}, expected one unit",
            )


class Unary(Expression):
    """Base of the operations on one quantity; the default maps a unit to itself."""

    operand = operand_def()
    result = result_def()

    def __init__(self, operand: SSAValue | Operation) -> None:
        operand = SSAValue.get(operand)
        super().__init__(operands=[operand], result_types=[self.infer(operand)])

    @classmethod
    def infer(cls, operand: SSAValue) -> Attribute:
        """Return the type of the result."""
        return operand.type

    def verify_(self) -> None:
        """Check units."""
        self.check_quantities()
        self.check_units()
        self.check_result(self.infer(self.operand))

    def check_units(self) -> None:
        """Accept any unit."""


def integer_literal(value: SSAValue) -> int | None:
    """Return the integer that `value` is a literal of, or None."""
    op = value.owner
    if isinstance(op, ConstOp) and op.number.is_integer():
        return int(op.number)
    return None
