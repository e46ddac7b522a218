"""Text of the snn dialect: values written plainly, and the clauses of its operations."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from xdsl.dialects.builtin import (
    BytesAttr,
    DictionaryAttr,
    Float64Type,
    FloatAttr,
    IntegerAttr,
    StringAttr,
    SymbolRefAttr,
    f64,
    i64,
)
from xdsl.ir import Attribute
from xdsl.parser import AttrParser, Parser
from xdsl.printer import Printer

from snnc.ir.diagnostics import did_you_mean
from snnc.ir.dialects.infix import float_text

_LINE = "\n    "


def parse_real(parser: AttrParser) -> float:
    """Parse a number, ``inf`` or ``nan``, with a sign or without."""
    value = _parse_optional_number(parser)
    if value is None:
        parser.raise_error("expected a number")
    return float(value)


def _parse_optional_number(parser: AttrParser) -> int | float | None:
    negative = parser.parse_optional_punctuation("-") is not None
    value = parser.parse_optional_integer(allow_boolean=False, allow_negative=False)
    if value is None:
        value = parser.parse_optional_float(allow_negative=False)
    if value is None and (name := parser.parse_optional_keyword_in(("inf", "nan"))):
        value = float(name)
    if value is None and negative:
        parser.raise_error("expected a number after '-'")
    return -value if negative and value is not None else value


def print_literal(printer: Printer, attribute: Attribute) -> None:
    """Print a value: numbers of the usual types bare, the others as attributes."""
    match attribute:
        case FloatAttr() if isinstance(attribute.type, Float64Type):
            printer.print_string(float_text(attribute.value.data))
        case IntegerAttr() if attribute.type == i64:
            printer.print_string(str(attribute.value.data))
        case _:
            printer.print_attribute(attribute)


def parse_literal(parser: AttrParser, *, integers: bool) -> Attribute:
    """Parse what `print_literal` prints; without `integers` every number is a float."""
    number = _parse_optional_number(parser)
    if number is None:
        start, attribute = parser.pos, parser.parse_attribute()
        return _as_text(parser, start, attribute) if isinstance(attribute, BytesAttr) else attribute
    if integers and isinstance(number, int):
        return IntegerAttr(number, i64)
    return FloatAttr(float(number), f64)


def _as_text(parser: AttrParser, start: int, attribute: BytesAttr) -> StringAttr:
    """Return as text what xDSL takes for bytes, since it escapes all but ASCII."""
    try:
        return StringAttr(attribute.data.decode())
    except UnicodeDecodeError:
        parser.raise_error("text is not in UTF-8", start)


def print_dictionary(printer: Printer, values: Mapping[str, Attribute]) -> None:
    """Print ``{name = value, ...}``."""

    def entry(item: tuple[str, Attribute]) -> None:
        printer.print_identifier_or_string_literal(item[0])
        printer.print_string(" = ")
        print_literal(printer, item[1])

    with printer.in_braces():
        printer.print_list(values.items(), entry)


def parse_dictionary(parser: AttrParser, *, integers: bool) -> DictionaryAttr:
    """Parse ``{name = value, ...}``; a name may stand once."""
    values, read = _dictionary_reader(parser, integers)
    parser.parse_comma_separated_list(parser.Delimiter.BRACES, read)
    return DictionaryAttr(values)


def parse_optional_dictionary(parser: AttrParser, *, integers: bool) -> dict[str, Attribute]:
    """Parse a dictionary if there is one."""
    values, read = _dictionary_reader(parser, integers)
    parser.parse_optional_comma_separated_list(parser.Delimiter.BRACES, read)
    return values


def _dictionary_reader(
    parser: AttrParser, integers: bool
) -> tuple[dict[str, Attribute], Callable[[], None]]:
    values: dict[str, Attribute] = {}

    def entry() -> None:
        start = parser.pos
        name = parser.parse_identifier_or_str_literal()
        if name in values:
            parser.raise_error(f"'{name}' is given twice", start)
        parser.parse_punctuation("=")
        values[name] = parse_literal(parser, integers=integers)

    return values, entry


class Clause(Protocol):
    """A part of an operation's text, read into and written from its properties."""

    def read(self, parser: Parser, properties: dict[str, Attribute]) -> None:
        """Read the clause."""
        ...

    def write(self, printer: Printer, properties: Mapping[str, Attribute]) -> None:
        """Write the clause with what separates it from the one before."""
        ...


@dataclass(frozen=True)
class Symbol:
    """``@name``: the name of the operation."""

    def read(self, parser: Parser, properties: dict[str, Attribute]) -> None:
        """Read the clause."""
        properties["sym_name"] = parser.parse_symbol_name()

    def write(self, printer: Printer, properties: Mapping[str, Attribute]) -> None:
        """Write the clause."""
        name = properties["sym_name"]
        assert isinstance(name, StringAttr)
        printer.print_string(" ")
        printer.print_symbol_name(name.data)


@dataclass(frozen=True)
class Count:
    """``[100]``: a number of elements."""

    name: str

    def read(self, parser: Parser, properties: dict[str, Attribute]) -> None:
        """Read the clause."""
        with parser.in_square_brackets():
            properties[self.name] = IntegerAttr(parser.parse_integer(allow_boolean=False), i64)

    def write(self, printer: Printer, properties: Mapping[str, Attribute]) -> None:
        """Write the clause."""
        printer.print_string(" [")
        print_literal(printer, properties[self.name])
        printer.print_string("]")


@dataclass(frozen=True)
class Reference:
    """``keyword @name``: another operation."""

    keyword: str
    name: str
    line: bool = False

    def read(self, parser: Parser, properties: dict[str, Attribute]) -> None:
        """Read the clause."""
        if self.keyword:
            parser.parse_keyword(self.keyword)
        properties[self.name] = SymbolRefAttr(parser.parse_symbol_name())

    def write(self, printer: Printer, properties: Mapping[str, Attribute]) -> None:
        """Write the clause."""
        keyword = f"{self.keyword} " if self.keyword else ""
        printer.print_string((_LINE if self.line else " ") + keyword)
        printer.print_attribute(properties[self.name])


@dataclass(frozen=True)
class Value:
    """``name value``: a property written plainly; an `optional` one may be left out."""

    name: str
    line: bool = False
    optional: bool = False

    def read(self, parser: Parser, properties: dict[str, Attribute]) -> None:
        """Read the clause."""
        if parser.parse_optional_keyword(self.name):
            properties[self.name] = parse_literal(parser, integers=False)
        elif not self.optional:
            parser.raise_error(f"expected '{self.name}'")

    def write(self, printer: Printer, properties: Mapping[str, Attribute]) -> None:
        """Write the clause."""
        if self.name in properties:
            printer.print_string(f"{_LINE if self.line else ' '}{self.name} ")
            print_literal(printer, properties[self.name])


@dataclass(frozen=True)
class Dictionary:
    """``name {key = value, ...}`` on a line of its own; left out when empty."""

    name: str

    def read(self, parser: Parser, properties: dict[str, Attribute]) -> None:
        """Read the clause."""
        values = DictionaryAttr({})
        if parser.parse_optional_keyword(self.name):
            values = parse_dictionary(parser, integers=False)
        properties[self.name] = values

    def write(self, printer: Printer, properties: Mapping[str, Attribute]) -> None:
        """Write the clause."""
        values = properties[self.name]
        assert isinstance(values, DictionaryAttr)
        if values.data:
            printer.print_string(f"{_LINE}{self.name} ")
            print_dictionary(printer, values.data)


_KINDS = {StringAttr: "text", IntegerAttr: "an integer", FloatAttr: "a number"}


@dataclass(frozen=True)
class Head:
    """``{name = value, ...}``: several properties; those that are not set are left out."""

    kinds: Mapping[str, type[Attribute]]

    def read(self, parser: Parser, properties: dict[str, Attribute]) -> None:
        """Read the clause."""
        start = parser.pos
        for name, value in parse_optional_dictionary(parser, integers=True).items():
            kind = self.kinds.get(name)
            if kind is None:
                parser.raise_error(f"unknown '{name}'{did_you_mean(name, self.kinds)}", start)
            if kind is FloatAttr and isinstance(value, IntegerAttr):
                value = FloatAttr(float(value.value.data), f64)
            if not isinstance(value, kind):
                parser.raise_error(f"'{name}' must be {_KINDS[kind]}; found {value}", start)
            properties[name] = value

    def write(self, printer: Printer, properties: Mapping[str, Attribute]) -> None:
        """Write the clause."""
        values = {name: properties[name] for name in self.kinds if name in properties}
        if values:
            printer.print_string(" ")
            print_dictionary(printer, values)
