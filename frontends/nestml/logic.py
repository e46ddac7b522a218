"""Truth values under construction, and choices between quantities; constants are decided."""

from __future__ import annotations

from collections.abc import Callable

from snnc.importing.expressions import Call, Number, Operation
from snnc.ir.diagnostics import UnitError
from snnc.ir.units import DIMENSIONLESS, Unit
from snnc.nestml.values import Factor, Product, Value, known, number, together, truth, variable

_COMPARE: dict[str, Callable[[float, float], bool]] = {
    "<": lambda a, b: a < b, "<=": lambda a, b: a <= b, ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b, "==": lambda a, b: a == b, "!=": lambda a, b: a != b,
}  # fmt: skip


_CONTRARY = {"<": ">=", ">=": "<", ">": "<=", "<=": ">"}


def compare(sign: str, left: Value, right: Value) -> Value:
    """Return a comparison, of truth values too."""
    if left.truth and right.truth and sign in ("==", "!="):
        same = either(both(left, right), both(opposite(left), opposite(right)))
        return same if sign == "==" else opposite(same)
    left, right = together(left, right, f"'{sign}'")
    if left.constant is not None and right.constant is not None:
        return known(_COMPARE[sign](left.constant, right.constant))
    return truth(Operation(sign, (left.node, right.node)))


def _need_truth(value: Value, what: str) -> None:
    if not value.truth:
        raise UnitError(f"'{what}' takes truth values; found {value.unit}")


def both(left: Value, right: Value) -> Value:
    """Return whether both hold."""
    _need_truth(left, "and")
    _need_truth(right, "and")
    for one, other in ((left, right), (right, left)):
        if one.constant is not None:
            return other if one.constant else one
    return truth(Operation("and", (left.node, right.node)))


def opposite(value: Value) -> Value:
    """Return whether it does not hold."""
    _need_truth(value, "not")
    if value.constant is not None:
        return known(not value.constant)
    match value.node:
        case Operation(sign="not", operands=(inner,)):
            return truth(inner)
        case Operation(sign=sign, operands=operands) if sign in _CONTRARY:
            return truth(Operation(_CONTRARY[sign], operands))
    return truth(Operation("not", (value.node,)))


def either(left: Value, right: Value) -> Value:
    """Return whether at least one holds."""
    _need_truth(left, "or")
    _need_truth(right, "or")
    for one, other in ((left, right), (right, left)):
        if one.constant is not None:
            return one if one.constant else other
    return truth(Operation("or", (left.node, right.node)))


def select(condition: Value, left: Value, right: Value) -> Value:
    """Return one of two quantities or truth values."""
    _need_truth(condition, "?")
    if condition.constant is not None:
        return left if condition.constant else right
    if left == right:
        return left
    if left.truth and right.truth:
        return either(both(condition, left), both(opposite(condition), right))
    left, right = together(left, right, "'? :'")
    node = Call("select", (condition.node, left.node, right.node))
    return Value((Product(1.0, (Factor(node, left.exponents),)),), left.exponents, left.scale)


def as_number(value: Value) -> Value:
    """Return a truth value as 1 or 0."""
    if not value.truth:
        return value
    if value.constant is not None:
        return number(value.constant)
    node = Call("select", (value.node, Number(1.0), Number(0.0)))
    return variable(node, Unit(1.0, DIMENSIONLESS))


def as_truth(value: Value) -> Value:
    """Return a number that stands for a truth value as one."""
    if value.truth:
        return value
    if value.constant is not None:
        return known(value.constant != 0.0)
    match value.node:
        case Call(function="select", arguments=(condition, Number(1.0), Number(0.0))):
            return truth(condition)
    return truth(Operation(">", (value.node, Number(0.5))))
