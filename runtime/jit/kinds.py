"""Kinds of values in kernels, and conversions between them.

The rules are NumPy's, with 64-bit integers: arithmetic of integers is done in 64 bits, signed
unless all are unsigned; that of a float32 with float64 or with an integer of more than 16 bits in
float64. Literals are int64 and float64.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from llvmlite import ir


class KernelTextError(Exception):
    """A kernel text that is not in the language of kernels; never the fault of a user."""


@dataclass(frozen=True)
class Scalar:
    """A number of some bits: a float, an integer with or without sign, or a truth value."""

    form: Literal["float", "signed", "unsigned", "bool"]
    bits: int

    @property
    def is_float(self) -> bool:
        """Whether it is a float32 or float64."""
        return self.form == "float"

    @property
    def llvm(self) -> Any:
        """The LLVM type."""
        if self.is_float:
            return ir.FloatType() if self.bits == 32 else ir.DoubleType()
        return ir.IntType(self.bits)


@dataclass(frozen=True)
class Array:
    """A row of numbers in memory: the address of the first, and how many."""

    element: Scalar


@dataclass(frozen=True)
class Tuple:
    """Some values together, as a function returns them."""

    parts: tuple[Kind, ...]


Kind = Scalar | Array | Tuple

BOOL = Scalar("bool", 1)
INT64, INT32, INT16 = (Scalar("signed", bits) for bits in (64, 32, 16))
UINT64, UINT32, UINT16, UINT8 = (Scalar("unsigned", bits) for bits in (64, 32, 16, 8))
FLOAT64, FLOAT32 = Scalar("float", 64), Scalar("float", 32)
NOTHING = Tuple(())


class Value(NamedTuple):
    """A value while a kernel is translated.

    Attributes
    ----------
    kind : Kind
        What it is.
    parts : tuple
        LLVM values: one of a scalar, pointer and length of an array, all of a tuple's in a row.
    literal : int or float, optional
        The number, where the text spells it.
    """

    kind: Kind
    parts: tuple[Any, ...]
    literal: float | None = None

    @property
    def llvm(self) -> Any:
        """The LLVM value of a scalar."""
        if not isinstance(self.kind, Scalar):
            raise KernelTextError("an array or a tuple stands where a number is expected")
        return self.parts[0]

    @property
    def scalar(self) -> Scalar:
        """The kind of a scalar."""
        if not isinstance(self.kind, Scalar):
            raise KernelTextError("an array or a tuple stands where a number is expected")
        return self.kind


def number(literal: float) -> Value:
    """Return a literal."""
    kind = INT64 if isinstance(literal, int) else FLOAT64
    if isinstance(literal, bool):
        kind = BOOL
    return Value(kind, (ir.Constant(kind.llvm, literal),), literal)


def scalar(kind: Scalar, value: Any) -> Value:
    """Return an LLVM value as a value of a kind."""
    return Value(kind, (value,))


def leaves(kind: Kind) -> list[Any]:
    """Return the LLVM types of the parts of values of a kind."""
    if isinstance(kind, Scalar):
        return [kind.llvm]
    if isinstance(kind, Array):
        return [kind.element.llvm.as_pointer(), INT64.llvm]
    return [leaf for part in kind.parts for leaf in leaves(part)]


def items(value: Value) -> list[Value]:
    """Return the values in a tuple."""
    if not isinstance(value.kind, Tuple):
        raise KernelTextError("a number or an array stands where several values are expected")
    rest: Iterator[Any] = iter(value.parts)
    return [Value(kind, tuple(next(rest) for _ in leaves(kind))) for kind in value.kind.parts]


def together(values: Sequence[Value]) -> Value:
    """Return values as a tuple."""
    kinds = tuple(value.kind for value in values)
    return Value(Tuple(kinds), tuple(part for value in values for part in value.parts))


def float_kind(*kinds: Scalar) -> Scalar:
    """Return the float in which functions of floats compute; integers follow the floats."""
    floats = {kind for kind in kinds if kind.is_float}
    return FLOAT32 if floats == {FLOAT32} else FLOAT64


def arithmetic_kind(a: Scalar, b: Scalar) -> Scalar:
    """Return the kind of sums, differences and products."""
    if a.is_float or b.is_float:
        wide = any(k == FLOAT64 or (not k.is_float and k.bits > 16) for k in (a, b))
        return FLOAT64 if wide else FLOAT32
    return UINT64 if a.form == b.form == "unsigned" else INT64


def common_kind(a: Kind, b: Kind) -> Kind:
    """Return the kind of a variable that takes values of two kinds."""
    if a == b:
        return a
    if isinstance(a, Scalar) and isinstance(b, Scalar):
        return arithmetic_kind(a, b)
    if isinstance(a, Tuple) and isinstance(b, Tuple) and len(a.parts) == len(b.parts):
        return Tuple(tuple(common_kind(x, y) for x, y in zip(a.parts, b.parts, strict=True)))
    raise KernelTextError("a name stands for an array in one place and for another kind elsewhere")


def convert(builder: Any, value: Value, kind: Kind) -> Value:
    """Return a value as one of another kind, as C converts numbers."""
    if value.kind == kind:
        return value
    if isinstance(kind, Tuple):
        parts = zip(items(value), kind.parts, strict=True)
        return together([convert(builder, part, to) for part, to in parts])
    if not isinstance(kind, Scalar):
        raise KernelTextError("a number or another array stands where an array is expected")
    if value.literal is not None and kind.is_float:
        return Value(kind, (ir.Constant(kind.llvm, float(value.literal)),), float(value.literal))
    return scalar(kind, _converted(builder, value.llvm, value.scalar, kind))


def _converted(builder: Any, value: Any, source: Scalar, kind: Scalar) -> Any:
    if kind == BOOL:
        if source.is_float:
            return builder.fcmp_unordered("!=", value, value.type(0.0))
        return builder.icmp_unsigned("!=", value, value.type(0))
    if source.is_float and kind.is_float:
        change = builder.fpext if kind.bits > source.bits else builder.fptrunc
    elif source.is_float:
        change = builder.fptosi if kind.form == "signed" else builder.fptoui
    elif kind.is_float:
        change = builder.sitofp if source.form == "signed" else builder.uitofp
    elif kind.bits == source.bits:
        return value
    elif kind.bits < source.bits:
        change = builder.trunc
    else:
        change = builder.sext if source.form == "signed" else builder.zext
    return change(value, kind.llvm)
