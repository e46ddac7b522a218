"""Comparisons, truth values and the choice between two quantities."""

from __future__ import annotations

from xdsl.dialects.builtin import StringAttr, i1
from xdsl.ir import Operation, SSAValue
from xdsl.irdl import (
    irdl_op_definition,
    operand_def,
    prop_def,
    result_def,
)

from snnc.ir.dialects.expressions.base import Expression
from snnc.ir.dialects.expressions.quantities import describe, exponents_of
from snnc.ir.locations import refuse

COMPARISONS = ("<", "<=", ">", ">=", "==")


@irdl_op_definition
class CompareOp(Expression):
    """Comparison of two quantities of one unit."""

    name = "dyn.cmp"
    predicate = prop_def(StringAttr)
    lhs = operand_def()
    rhs = operand_def()
    result = result_def(i1)

    def __init__(
        self, predicate: str, lhs: SSAValue | Operation, rhs: SSAValue | Operation
    ) -> None:
        super().__init__(
            operands=[SSAValue.get(lhs), SSAValue.get(rhs)],
            properties={"predicate": StringAttr(predicate)},
            result_types=[i1],
        )

    @property
    def spelling(self) -> str:
        """The sign."""
        return self.predicate.data

    def verify_(self) -> None:
        """Check the sign and the units."""
        if self.spelling not in COMPARISONS:
            refuse(
                self,
                f"unknown comparison '{self.spelling}'; expected one of {' '.join(COMPARISONS)}",
            )
        self.check_quantities()
        if exponents_of(self.lhs) != exponents_of(self.rhs):
            refuse(
                self,
                f"units do not fit in '{self.spelling}'; found {describe(self.lhs)} and "
                f"{describe(self.rhs)}, expected one unit",
            )


class Logical(Expression):
    """Base of the operations on truth values."""

    result = result_def(i1)

    def verify_(self) -> None:
        """Refuse quantities."""
        for operand in self.operands:
            if operand.type != i1:
                refuse(self, f"'{self.spelling}' takes truth values; found {describe(operand)}")


@irdl_op_definition
class AndOp(Logical):
    """Both."""

    name = "dyn.and"
    lhs = operand_def()
    rhs = operand_def()

    def __init__(self, lhs: SSAValue | Operation, rhs: SSAValue | Operation) -> None:
        super().__init__(operands=[lhs, rhs], result_types=[i1])


@irdl_op_definition
class OrOp(Logical):
    """Either."""

    name = "dyn.or"
    lhs = operand_def()
    rhs = operand_def()

    def __init__(self, lhs: SSAValue | Operation, rhs: SSAValue | Operation) -> None:
        super().__init__(operands=[lhs, rhs], result_types=[i1])


@irdl_op_definition
class NotOp(Logical):
    """Neither."""

    name = "dyn.not"
    operand = operand_def()

    def __init__(self, operand: SSAValue | Operation) -> None:
        super().__init__(operands=[operand], result_types=[i1])


@irdl_op_definition
class SelectOp(Expression):
    """One of two quantities; both are computed."""

    name = "dyn.select"
    condition = operand_def()
    lhs = operand_def()
    rhs = operand_def()
    result = result_def()

    def __init__(
        self,
        condition: SSAValue | Operation,
        lhs: SSAValue | Operation,
        rhs: SSAValue | Operation,
    ) -> None:
        lhs = SSAValue.get(lhs)
        super().__init__(operands=[condition, lhs, rhs], result_types=[lhs.type])

    def verify_(self) -> None:
        """Check the condition and that both sides agree."""
        if self.condition.type != i1:
            refuse(self, f"'select' needs a truth value first; found {describe(self.condition)}")
        if self.lhs.type != self.rhs.type:
            refuse(
                self,
                f"units do not fit in 'select'; found {describe(self.lhs)} and "
                f"{describe(self.rhs)}, expected one unit",
            )
        self.check_result(self.lhs.type)
