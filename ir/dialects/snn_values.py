"""Attributes of the snn dialect: arrays, distributions, expressions, connectors, spaces."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

from xdsl.dialects.builtin import DictionaryAttr, FloatAttr, StringAttr, f64
from xdsl.ir import Attribute, Data, ParametrizedAttribute
from xdsl.irdl import irdl_attr_definition
from xdsl.parser import AttrParser
from xdsl.printer import Printer

from snnc.ir.diagnostics import UserError
from snnc.ir.dialects.infix import float_text
from snnc.ir.dialects.snn_text import parse_dictionary, parse_real, print_dictionary
from snnc.ir.values import DistanceExpression, Random, Space

DTYPES = ("float64", "int64", "bool")


@dataclass(frozen=True)
class ArrayHandle:
    """Name, type, shape and content hash of an array that is stored beside the text."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    digest: str


@irdl_attr_definition
class ArrayHandleAttr(Data[ArrayHandle]):
    """``#snn.array<"name", "float64", [3, 100], "0123456789abcdef">``."""

    name: ClassVar[str] = "snn.array"

    @classmethod
    def parse_parameter(cls, parser: AttrParser) -> ArrayHandle:
        """Parse what stands in the angle brackets."""
        with parser.in_angle_brackets():
            name = parser.parse_str_literal()
            parser.parse_punctuation(",")
            start = parser.pos
            dtype = parser.parse_str_literal()
            if dtype not in DTYPES:
                expected = ", ".join(DTYPES)
                parser.raise_error(f"array type '{dtype}'; expected one of {expected}", start)
            parser.parse_punctuation(",")
            shape = parser.parse_comma_separated_list(
                parser.Delimiter.SQUARE, lambda: parser.parse_integer(False, False)
            )
            parser.parse_punctuation(",")
            return ArrayHandle(name, dtype, tuple(shape), parser.parse_str_literal())

    def print_parameter(self, printer: Printer) -> None:
        """Print what stands in the angle brackets."""
        handle = self.data
        with printer.in_angle_brackets():
            printer.print_string_literal(handle.name)
            printer.print_string(f', "{handle.dtype}", {list(handle.shape)}, ')
            printer.print_string_literal(handle.digest)


@irdl_attr_definition
class SequencesAttr(ParametrizedAttribute):
    """``#snn.sequences<values, offsets>``, both arrays: one sequence per cell."""

    name = "snn.sequences"

    values: ArrayHandleAttr
    offsets: ArrayHandleAttr


@irdl_attr_definition
class RandomAttr(Data[Random]):
    """``#snn.random<"uniform", {low = 0.0, high = 0.1}, seed = 7>``."""

    name: ClassVar[str] = "snn.random"

    @classmethod
    def parse_parameter(cls, parser: AttrParser) -> Random:
        """Parse what stands in the angle brackets."""
        start = parser.pos
        with parser.in_angle_brackets():
            name = parser.parse_str_literal()
            parser.parse_punctuation(",")
            params = parse_dictionary(parser, integers=False).data
            seed = None
            if parser.parse_optional_punctuation(","):
                parser.parse_keyword("seed")
                parser.parse_punctuation("=")
                seed = parser.parse_integer(allow_boolean=False)
        numbers = {key: _number(parser, start, attr) for key, attr in params.items()}
        try:
            return Random(name, numbers, seed)
        except UserError as error:
            parser.raise_error(error.message, start)

    def print_parameter(self, printer: Printer) -> None:
        """Print what stands in the angle brackets."""
        random = self.data
        params = {key: FloatAttr(value, f64) for key, value in random.params.items()}
        with printer.in_angle_brackets():
            printer.print_string_literal(random.name)
            printer.print_string(", ")
            print_dictionary(printer, params)
            if random.seed is not None:
                printer.print_string(f", seed = {random.seed}")


def _number(parser: AttrParser, start: int, attribute: Attribute) -> float:
    if not isinstance(attribute, FloatAttr):
        parser.raise_error(f"expected a number; found {attribute}", start)
    return attribute.value.data


@irdl_attr_definition
class DistanceAttr(Data[DistanceExpression]):
    """``#snn.distance<"0.5+0.01*d">``."""

    name: ClassVar[str] = "snn.distance"

    @classmethod
    def parse_parameter(cls, parser: AttrParser) -> DistanceExpression:
        """Parse what stands in the angle brackets."""
        start = parser.pos
        with parser.in_angle_brackets():
            text = parser.parse_str_literal()
        try:
            return DistanceExpression(text)
        except UserError as error:
            parser.raise_error(error.message, start)

    def print_parameter(self, printer: Printer) -> None:
        """Print what stands in the angle brackets."""
        with printer.in_angle_brackets():
            printer.print_string_literal(self.data.text)


@irdl_attr_definition
class RangeAttr(Data[range]):
    """``#snn.range<start, stop, step>``: indices, as Python's `range`."""

    name: ClassVar[str] = "snn.range"

    @classmethod
    def parse_parameter(cls, parser: AttrParser) -> range:
        """Parse what stands in the angle brackets."""
        start = parser.pos
        numbers = parser.parse_comma_separated_list(
            parser.Delimiter.ANGLE, lambda: parser.parse_integer(allow_boolean=False)
        )
        if len(numbers) != 3 or numbers[2] == 0:
            parser.raise_error("expected start, stop and a step other than 0", start)
        return range(*numbers)

    def print_parameter(self, printer: Printer) -> None:
        """Print what stands in the angle brackets."""
        with printer.in_angle_brackets():
            printer.print_string(f"{self.data.start}, {self.data.stop}, {self.data.step}")


class _NamedOptions(ParametrizedAttribute):
    """A name with options."""

    @classmethod
    def parse_parameters(cls, parser: AttrParser) -> list[Attribute]:
        """Parse what stands in the angle brackets."""
        with parser.in_angle_brackets():
            name = StringAttr(parser.parse_str_literal())
            if parser.parse_optional_punctuation(","):
                return [name, parse_dictionary(parser, integers=True)]
            return [name, DictionaryAttr({})]

    def print_parameters(self, printer: Printer) -> None:
        """Print what stands in the angle brackets."""
        name, options = self.parameters
        assert isinstance(options, DictionaryAttr)
        with printer.in_angle_brackets():
            printer.print_attribute(name)
            if options.data:
                printer.print_string(", ")
                print_dictionary(printer, options.data)


@irdl_attr_definition
class ConnectorAttr(_NamedOptions):
    """``#snn.connector<"fixed_probability", {p_connect = 0.02}>``."""

    name = "snn.connector"

    connector: StringAttr
    options: DictionaryAttr


@irdl_attr_definition
class StructureAttr(_NamedOptions):
    """``#snn.structure<"grid_2d", {dx = 10.0}>``: how positions were laid out."""

    name = "snn.structure"

    structure: StringAttr
    options: DictionaryAttr


_VECTORS = ("scale_factor", "offset")


@irdl_attr_definition
class SpaceAttr(Data[Space]):
    """``#snn.space<axes = "xy", periodic_boundaries = [[0.0, 1.0], none, none]>``."""

    name: ClassVar[str] = "snn.space"

    @classmethod
    def parse_parameter(cls, parser: AttrParser) -> Space:
        """Parse what stands in the angle brackets."""
        fields: dict[str, Any] = {}
        start = parser.pos

        def field() -> None:
            key = parser.parse_keyword_in(("axes", *_VECTORS, "periodic_boundaries"))
            parser.parse_punctuation("=")
            if key == "axes":
                fields[key] = parser.parse_str_literal()
            else:
                read = parse_real if key in _VECTORS else _parse_period
                fields[key] = _parse_tuple(parser, 3, read)

        parser.parse_comma_separated_list(parser.Delimiter.ANGLE, field)
        try:
            return Space(**fields)
        except UserError as error:
            parser.raise_error(error.message, start)

    def print_parameter(self, printer: Printer) -> None:
        """Print what stands in the angle brackets."""
        space, default, parts = self.data, Space(), []
        if space.axes != default.axes:
            parts.append(f'axes = "{space.axes}"')
        for key in _VECTORS:
            if getattr(space, key) != getattr(default, key):
                parts.append(f"{key} = {_format_tuple(getattr(space, key))}")
        if space.periodic_boundaries is not None:
            periods = ("none" if p is None else _format_tuple(p) for p in space.periodic_boundaries)
            parts.append(f"periodic_boundaries = [{', '.join(periods)}]")
        printer.print_string(f"<{', '.join(parts)}>")


def _parse_tuple(
    parser: AttrParser, size: int, read: Callable[[AttrParser], Any]
) -> tuple[Any, ...]:
    start = parser.pos
    items = parser.parse_comma_separated_list(parser.Delimiter.SQUARE, lambda: read(parser))
    if len(items) != size:
        parser.raise_error(f"expected {size} entries; found {len(items)}", start)
    return tuple(items)


def _parse_period(parser: AttrParser) -> tuple[Any, ...] | None:
    if parser.parse_optional_keyword("none"):
        return None
    return _parse_tuple(parser, 2, parse_real)


def _format_tuple(numbers: tuple[float, ...]) -> str:
    return f"[{', '.join(float_text(float(number)) for number in numbers)}]"
