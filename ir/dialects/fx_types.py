"""Types of the `fx` dialect: binary fixed-point numbers.

``!fx.s<16, 15>`` has a sign, 16 bits before the point and 15 after it, in 32 bits; ``!fx.u<0, 32>``
has no sign. Whole numbers are those without bits after the point.
"""

from __future__ import annotations

from typing import ClassVar

from xdsl.dialects.builtin import IntAttr
from xdsl.ir import Attribute, ParametrizedAttribute, TypeAttribute
from xdsl.irdl import irdl_attr_definition
from xdsl.parser import AttrParser
from xdsl.printer import Printer
from xdsl.utils.exceptions import VerifyException

WIDTHS = (8, 16, 32, 64)
"""Bits that a number may have in all."""


class Fixed(ParametrizedAttribute, TypeAttribute):
    """Base of the types: `integer` bits before the point and `fraction` bits after it."""

    SIGNED: ClassVar[bool]
    integer: IntAttr
    fraction: IntAttr

    @property
    def signed(self) -> bool:
        """Whether it has a sign."""
        return self.SIGNED

    @property
    def bits(self) -> int:
        """All bits."""
        return int(self.signed) + self.integer.data + self.fraction.data

    @property
    def point(self) -> int:
        """Bits after the point."""
        return self.fraction.data

    @property
    def low(self) -> int:
        """The least number, in units of the last bit."""
        return -(1 << (self.bits - 1)) if self.signed else 0

    @property
    def high(self) -> int:
        """The greatest number, in units of the last bit."""
        return (1 << (self.bits - int(self.signed))) - 1

    def verify(self) -> None:
        """Refuse numbers of other sizes than those that machines have."""
        if self.integer.data < 0 or self.fraction.data < 0 or self.bits not in WIDTHS:
            raise VerifyException(
                f"a fixed-point number has 8, 16, 32 or 64 bits; found {self.bits} in '{self}'"
            )

    @classmethod
    def parse_parameters(cls, parser: AttrParser) -> list[Attribute]:
        """Parse ``<16, 15>``."""
        numbers = parser.parse_comma_separated_list(parser.Delimiter.ANGLE, parser.parse_integer)
        if len(numbers) != 2:
            parser.raise_error(f"expected two numbers of bits; found {len(numbers)}")
        return [IntAttr(number) for number in numbers]

    def print_parameters(self, printer: Printer) -> None:
        """Print ``<16, 15>``."""
        printer.print_string(f"<{self.integer.data}, {self.fraction.data}>")


@irdl_attr_definition
class SignedType(Fixed):
    """A number with a sign, in two's complement."""

    name = "fx.s"
    SIGNED = True
    integer: IntAttr
    fraction: IntAttr


@irdl_attr_definition
class UnsignedType(Fixed):
    """A number without a sign."""

    name = "fx.u"
    SIGNED = False
    integer: IntAttr
    fraction: IntAttr


def s(integer: int, fraction: int) -> SignedType:
    """Return the type of numbers with a sign."""
    return SignedType(IntAttr(integer), IntAttr(fraction))


def u(integer: int, fraction: int) -> UnsignedType:
    """Return the type of numbers without a sign."""
    return UnsignedType(IntAttr(integer), IntAttr(fraction))


def fixed_type(value: object) -> Fixed:
    """Return the type of an operand or a result that has a fixed-point type."""
    kind = value.type  # type: ignore[attr-defined]
    assert isinstance(kind, Fixed)
    return kind
