"""Expression operations of `dyn`: pure arithmetic on quantities whose type is their unit."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import ClassVar

from xdsl.dialects.builtin import AnyFloat, FloatAttr, StringAttr, f64, i1
from xdsl.ir import Attribute, Data, Operation, ParametrizedAttribute, SSAValue, TypeAttribute
from xdsl.irdl import (
    IRDLOperation,
    irdl_attr_definition,
    irdl_op_definition,
    operand_def,
    param_def,
    prop_def,
    result_def,
    traits_def,
)
from xdsl.parser import AttrParser
from xdsl.printer import Printer
from xdsl.traits import Pure

from snnc.ir.diagnostics import UnitError
from snnc.ir.locations import refuse
from snnc.ir.units import (
    DIMENSIONLESS,
    Exponents,
    divide,
    format_unit,
    multiply,
    parse_unit,
    power,
)


@irdl_attr_definition
class Dimension(Data[Exponents]):
    """The exponents of a coherent unit."""

    name = "dyn.dimension"

    @classmethod
    def parse_parameter(cls, parser: AttrParser) -> Exponents:
        """Parse ``<"mV/ms">``."""
        with parser.in_angle_brackets():
            return parse_coherent(parser)

    def print_parameter(self, printer: Printer) -> None:
        """Print ``<"mV/ms">``."""
        with printer.in_angle_brackets():
            printer.print_string_literal(format_unit(self.data))


def parse_coherent(parser: AttrParser) -> Exponents:
    """Parse a unit in quotes that must have no factor."""
    start = parser.pos
    text = parser.parse_str_literal("a unit")
    try:
        unit = parse_unit(text)
    except UnitError as error:
        parser.raise_error(error.message, start)
    if unit.scale != 1.0:
        parser.raise_error(
            f"a type has a coherent unit; found '{text}', expected '{format_unit(unit.exponents)}'",
            start,
        )
    return unit.exponents


@irdl_attr_definition
class Quantity(ParametrizedAttribute, TypeAttribute):
    """A real quantity with a unit: ``!dyn.q<"mV">``."""

    name = "dyn.q"

    dimension: Dimension = param_def()

    @classmethod
    def parse_parameters(cls, parser: AttrParser) -> Sequence[Attribute]:
        """Parse ``<"mV">``."""
        with parser.in_angle_brackets():
            return [Dimension(parse_coherent(parser))]

    def print_parameters(self, printer: Printer) -> None:
        """Print ``<"mV">``."""
        with printer.in_angle_brackets():
            printer.print_string_literal(str(self))

    @property
    def exponents(self) -> Exponents:
        """Exponents over the base units of `snnc.ir.units`."""
        return self.dimension.data

    def __str__(self) -> str:
        return format_unit(self.exponents)


def quantity(exponents: Exponents) -> Quantity:
    """Return the type of quantities of dimension `exponents`."""
    return Quantity(Dimension(exponents))


def quantity_of(unit: str) -> Quantity:
    """Return the type of quantities measured in `unit`, which may have a factor."""
    return quantity(parse_unit(unit).exponents)


NUMBER = quantity(DIMENSIONLESS)
TIME = quantity_of("ms")


def exponents_of(value: SSAValue) -> Exponents:
    """Return the dimension of `value`; booleans and erased values have none."""
    return value.type.exponents if isinstance(value.type, Quantity) else DIMENSIONLESS


def describe(value: SSAValue) -> str:
    """Return the type of `value` as a reader of an error message wants it."""
    if isinstance(value.type, Quantity):
        text = str(value.type)
        return "a pure number" if text == "1" else text
    return "a truth value" if value.type == i1 else str(value.type)


class Expression(IRDLOperation):
    """Base of the pure operations."""

    traits = traits_def(Pure())

    def check_quantities(self) -> None:
        """Refuse operands that are neither quantities nor, after `erase-units`, floats."""
        for operand in self.operands:
            if not isinstance(operand.type, Quantity | AnyFloat):
                refuse(self, f"'{spelling(self)}' takes quantities; found {describe(operand)}")

    def check_result(self, expected: Attribute) -> None:
        """Refuse a result type other than the inferred one."""
        found = self.results[0].type
        if found != expected:
            refuse(
                self,
                f"wrong result type of '{spelling(self)}'; found {found}, expected {expected}",
            )


def spelling(op: Operation) -> str:
    """Return how `op` is written in an expression."""
    if isinstance(op, CompareOp):
        return op.predicate.data
    return getattr(op, "SYMBOL", op.name.split(".")[-1])


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

    SYMBOL: ClassVar[str]
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
                f"units do not fit in '{spelling(self)}'; found {describe(self.lhs)} and "
                f"{describe(self.rhs)}, expected one unit",
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


def integer_literal(value: SSAValue) -> int | None:
    """Return the integer that `value` is a literal of, or None."""
    op = value.owner
    if isinstance(op, ConstOp) and op.number.is_integer():
        return int(op.number)
    return None


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


@irdl_op_definition
class NegOp(Unary):
    """Negation."""

    name = "dyn.neg"
    SYMBOL: ClassVar[str] = "-"


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
                f"'{spelling(self)}' takes a pure number; found {describe(self.operand)}, "
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

    def verify_(self) -> None:
        """Check the sign and the units."""
        sign = self.predicate.data
        if sign not in COMPARISONS:
            refuse(self, f"unknown comparison '{sign}'; expected one of {' '.join(COMPARISONS)}")
        self.check_quantities()
        if exponents_of(self.lhs) != exponents_of(self.rhs):
            refuse(
                self,
                f"units do not fit in '{spelling(self)}'; found {describe(self.lhs)} and "
                f"{describe(self.rhs)}, expected one unit",
            )


class Logical(Expression):
    """Base of the operations on truth values."""

    result = result_def(i1)

    def verify_(self) -> None:
        """Refuse quantities."""
        for operand in self.operands:
            if operand.type != i1:
                refuse(self, f"'{spelling(self)}' takes truth values; found {describe(operand)}")


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

EXPRESSIONS: tuple[type[Operation], ...] = (
    ConstOp,
    GetOp,
    PreviousOp,
    AddOp,
    SubOp,
    MulOp,
    DivOp,
    NegOp,
    CompareOp,
    AndOp,
    OrOp,
    NotOp,
    SelectOp,
    *UNARY_FUNCTIONS.values(),
    *BINARY_FUNCTIONS.values(),
)
