"""Attributes of the `map` dialect: words, places and links."""

from __future__ import annotations

from xdsl.ir import Data
from xdsl.irdl import irdl_attr_definition
from xdsl.parser import AttrParser
from xdsl.printer import Printer

Place = tuple[int, int, int]


@irdl_attr_definition
class WordAttr(Data[int]):
    """An unsigned word, written in hexadecimal."""

    name = "map.word"

    @classmethod
    def parse_parameter(cls, parser: AttrParser) -> int:
        """Parse ``<0x00000400>``."""
        with parser.in_angle_brackets():
            return parser.parse_integer(allow_negative=False)

    def print_parameter(self, printer: Printer) -> None:
        """Print ``<0x00000400>``."""
        printer.print_string(f"<0x{self.data:08x}>")


@irdl_attr_definition
class NumbersAttr(Data[tuple[int, ...]]):
    """Whole numbers."""

    name = "map.numbers"

    @classmethod
    def parse_parameter(cls, parser: AttrParser) -> tuple[int, ...]:
        """Parse ``<4, 3, 1>``."""
        return tuple(
            parser.parse_comma_separated_list(parser.Delimiter.ANGLE, parser.parse_integer)
        )

    def print_parameter(self, printer: Printer) -> None:
        """Print ``<4, 3, 1>``."""
        printer.print_string(f"<{', '.join(map(str, self.data))}>")


@irdl_attr_definition
class TriplesAttr(Data[tuple[Place, ...]]):
    """Whole numbers in threes: chips with a number of each."""

    name = "map.triples"

    @classmethod
    def parse_parameter(cls, parser: AttrParser) -> tuple[Place, ...]:
        """Parse ``<[4, 3, 1], [4, 3, 2]>``."""

        def triple() -> Place:
            start = parser.pos
            read = parser.parse_comma_separated_list(parser.Delimiter.SQUARE, parser.parse_integer)
            if len(read) != 3:
                parser.raise_error(f"expected three numbers; found {len(read)}", start)
            x, y, number = read
            return x, y, number

        return tuple(parser.parse_comma_separated_list(parser.Delimiter.ANGLE, triple))

    def print_parameter(self, printer: Printer) -> None:
        """Print ``<[4, 3, 1], [4, 3, 2]>``."""
        printer.print_string(f"<{', '.join(str(list(triple)) for triple in self.data)}>")
