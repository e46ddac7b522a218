"""Operators of kernel texts as LLVM instructions."""

from __future__ import annotations

import ast
from typing import Any, Final

from snnc.runtime.jit.kinds import (
    BOOL,
    FLOAT64,
    INT64,
    UINT64,
    KernelTextError,
    Scalar,
    Value,
    arithmetic_kind,
    convert,
    float_kind,
    number,
    scalar,
)

# Contraction to fused multiply-add only: reassociation or reciprocals would make results depend on
# how a population is cut into vectors and threads.
FLAGS: Final = ("contract",)
_ARITHMETIC: Final[dict[type, str]] = {ast.Add: "add", ast.Sub: "sub", ast.Mult: "mul"}
_BITWISE: Final[dict[type, str]] = {ast.BitAnd: "and_", ast.BitOr: "or_", ast.BitXor: "xor"}
_COMPARISONS: Final[dict[type, str]] = {
    ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.Eq: "==", ast.NotEq: "!="
}  # fmt: skip


def binary(builder: Any, op: ast.operator, a: Value, b: Value) -> Value:
    """Return `a op b`."""
    if type(op) in _ARITHMETIC:
        return _sum(builder, _ARITHMETIC[type(op)], a, b)
    if type(op) in _BITWISE:
        return _bitwise(builder, _BITWISE[type(op)], a, b)
    if isinstance(op, ast.LShift | ast.RShift):
        return _shift(builder, isinstance(op, ast.LShift), a, b)
    if isinstance(op, ast.Div):
        floats = a.scalar.is_float or b.scalar.is_float
        kind = arithmetic_kind(a.scalar, b.scalar) if floats else FLOAT64
        left, right = (convert(builder, v, kind).llvm for v in (a, b))
        return scalar(kind, builder.fdiv(left, right, flags=FLAGS))
    if isinstance(op, ast.FloorDiv):
        return _floor_divide(builder, a, b)
    raise KernelTextError(f"kernels have no operator {type(op).__name__}")


def _sum(builder: Any, name: str, a: Value, b: Value) -> Value:
    kind = arithmetic_kind(a.scalar, b.scalar)
    left, right = (convert(builder, v, kind).llvm for v in (a, b))
    if kind.is_float:
        return scalar(kind, getattr(builder, "f" + name)(left, right, flags=FLAGS))
    return scalar(kind, getattr(builder, name)(left, right))


def _bitwise(builder: Any, name: str, a: Value, b: Value) -> Value:
    kind = BOOL if a.kind == b.kind == BOOL else _integer_kind(a, b)
    left, right = (convert(builder, v, kind).llvm for v in (a, b))
    return scalar(kind, getattr(builder, name)(left, right))


def _integer_kind(a: Value, b: Value) -> Scalar:
    """Return the kind of bits and comparisons; literals take the sign of what they meet."""
    if a.scalar.is_float or b.scalar.is_float:
        raise KernelTextError("a float stands where an integer is expected")
    named = [v.scalar for v in (a, b) if v.literal is None or v.literal < 0]
    return UINT64 if named and all(kind.form == "unsigned" for kind in named) else INT64


def _shift(builder: Any, left: bool, a: Value, b: Value) -> Value:
    kind = UINT64 if a.scalar.form == "unsigned" else INT64
    value, bits = convert(builder, a, kind).llvm, convert(builder, b, INT64).llvm
    if left:
        return scalar(kind, builder.shl(value, bits))
    shift = builder.lshr if kind == UINT64 else builder.ashr
    return scalar(kind, shift(value, bits))


def _floor_divide(builder: Any, a: Value, b: Value) -> Value:
    """Return the quotient rounded down; 0 where the divisor is 0, as NumPy has it."""
    kind = arithmetic_kind(a.scalar, b.scalar)
    if kind.is_float:
        raise KernelTextError("// of floats")
    left, right = (convert(builder, v, kind).llvm for v in (a, b))
    zero = right.type(0)
    none = builder.icmp_unsigned("==", right, zero)
    divisor = builder.select(none, right.type(1), right)
    if kind == UINT64:
        quotient = builder.udiv(left, divisor)
    else:
        quotient, rest = builder.sdiv(left, divisor), builder.srem(left, divisor)
        opposite = builder.icmp_signed("<", builder.xor(rest, divisor), zero)
        inexact = builder.icmp_unsigned("!=", rest, zero)
        below = builder.zext(builder.and_(opposite, inexact), quotient.type)
        quotient = builder.sub(quotient, below)
    return scalar(kind, builder.select(none, zero, quotient))


def compare(builder: Any, op: ast.cmpop, a: Value, b: Value) -> Value:
    """Return the truth of a comparison; false where a number is nan, but for !=."""
    sign = _COMPARISONS.get(type(op))
    if sign is None:
        raise KernelTextError(f"kernels have no comparison {type(op).__name__}")
    if a.scalar.is_float or b.scalar.is_float:
        kind = arithmetic_kind(a.scalar, b.scalar)
        emit = builder.fcmp_unordered if sign == "!=" else builder.fcmp_ordered
    else:
        kind = _integer_kind(a, b)
        emit = builder.icmp_unsigned if kind == UINT64 else builder.icmp_signed
    left, right = (convert(builder, v, kind).llvm for v in (a, b))
    return scalar(BOOL, emit(sign, left, right))


def unary(builder: Any, op: ast.unaryop, a: Value) -> Value:
    """Return `op a`."""
    if isinstance(op, ast.Not):
        return scalar(BOOL, builder.not_(convert(builder, a, BOOL).llvm))
    if not isinstance(op, ast.USub):
        raise KernelTextError(f"kernels have no operator {type(op).__name__}")
    if a.literal is not None:
        return number(-a.literal)
    if a.scalar.is_float:
        return scalar(a.scalar, builder.fneg(a.llvm))
    value = convert(builder, a, INT64).llvm
    return scalar(INT64, builder.sub(value.type(0), value))


def least(builder: Any, a: Value, b: Value, sign: str = "<") -> Value:
    """Return the smaller of two numbers, or the greater (sign ">")."""
    op = ast.Lt() if sign == "<" else ast.Gt()
    kind = arithmetic_kind(a.scalar, b.scalar)
    chosen = compare(builder, op, a, b).llvm
    left, right = (convert(builder, v, kind).llvm for v in (a, b))
    return scalar(kind, builder.select(chosen, left, right))


def to_float(builder: Any, a: Value) -> Value:
    """Return a number as a float."""
    return a if a.scalar.is_float else convert(builder, a, float_kind())


def to_int(builder: Any, a: Value) -> Value:
    """Return a number without its fraction."""
    return convert(builder, a, INT64)
