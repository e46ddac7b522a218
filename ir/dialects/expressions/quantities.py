"""The types of expressions: real quantities whose type is their unit."""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.dialects.builtin import i1
from xdsl.ir import Attribute, Data, ParametrizedAttribute, SSAValue, TypeAttribute
from xdsl.irdl import (
    irdl_attr_definition,
    param_def,
)
from xdsl.parser import AttrParser
from xdsl.printer import Printer

from snnc.ir.diagnostics import UnitError
from snnc.ir.units import (
    DIMENSIONLESS,
    Exponents,
    format_unit,
    parse_unit,
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
