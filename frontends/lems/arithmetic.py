"""Expressions of LEMS in the IR's terms: units of zeros, powers, steps; and their values."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TypeAlias

from snnc.importing.expressions import Call, Name, Node, Number, Operation
from snnc.ir.diagnostics import Location, ModelError
from snnc.ir.units import DIMENSIONLESS, Exponents, divide, format_unit, multiply, parse_unit, power

Typed: TypeAlias = "tuple[Node, Exponents | None]"
"""An expression with its dimension, None for a zero, which has any."""

MAX_POWER = 8
_ONE = Number(1.0)
_COMPARISONS = ("<", "<=", ">", ">=", "==", "!=")
_SAME = ("+", "-", *_COMPARISONS)
_KEEP = ("abs", "random", "min", "max")


def adapted(node: Node, wanted: Exponents | None, dimension: Callable[[str], Exponents]) -> Node:
    """Return an expression whose zeros have the units that their places ask for.

    Powers with small whole exponents become products. What does not fit stays as it is: the IR
    refuses it with both units.

    Parameters
    ----------
    node : Node
        The expression, in the names of the cell.
    wanted : Exponents or None
        The dimension of the whole; None for a condition.
    dimension : callable
        The dimension of a name.
    """
    tree, found = _Adapter(dimension).typed(node)
    return with_unit(tree, wanted) if found is None and wanted is not None else tree


def dimension_of(node: Node, dimension: Callable[[str], Exponents]) -> Exponents | None:
    """Return the dimension of an expression, None for a zero; see `adapted`."""
    return _Adapter(dimension).typed(node)[1]


class _Adapter:
    def __init__(self, dimension: Callable[[str], Exponents]) -> None:
        self.dimension = dimension

    def typed(self, node: Node) -> Typed:
        match node:
            case Number(value=0.0, unit=None):
                return node, None
            case Number():
                return node, DIMENSIONLESS if node.unit is None else parse_unit(node.unit).exponents
            case Name():
                return node, self.dimension(node.name)
            case Call():
                return self.call(node)
            case Operation(operands=(operand,)):
                tree, found = self.typed(operand)
                return Operation(node.sign, (tree,)), found
            case Operation(sign="^"):
                return self.raised(node)
            case Operation():
                return self.joined(node)
        raise AssertionError(node)

    def joined(self, node: Operation) -> Typed:
        (left, a), (right, b) = (self.typed(operand) for operand in node.operands)
        if node.sign in _SAME:
            if a is None and b is not None:
                left, a = with_unit(left, b), b
            elif b is None and a is not None:
                right = with_unit(right, a)
            found = DIMENSIONLESS if node.sign in _COMPARISONS else a
            return Operation(node.sign, (left, right)), found
        if node.sign == "*":
            if _ONE in (left, right):
                return (right, b) if left == _ONE else (left, a)
            dimension = multiply(a or DIMENSIONLESS, b or DIMENSIONLESS)
        elif node.sign == "/":
            dimension = divide(a or DIMENSIONLESS, b or DIMENSIONLESS)
            if exponential := _exprel(left, right):
                return exponential, dimension
        else:
            dimension = DIMENSIONLESS
        return Operation(node.sign, (left, right)), dimension

    def raised(self, node: Operation) -> Typed:
        (base, found), (exponent, _) = (self.typed(operand) for operand in node.operands)
        found = found or DIMENSIONLESS
        if isinstance(exponent, Number) and exponent.value in range(1, MAX_POWER + 1):
            n = int(exponent.value)
            if isinstance(base, Name | Number) or found != DIMENSIONLESS:
                product = base
                for _ in range(n - 1):
                    product = Operation("*", (product, base))
                return product, power(found, n)
        return Operation("^", (base, exponent)), found

    def call(self, node: Call) -> Typed:
        typed = [self.typed(argument) for argument in node.arguments]
        trees = [tree for tree, _ in typed]
        if node.function == "select" and len(trees) == 3:
            (_, a), (_, b) = typed[1:]
            dimension = a or b
            if dimension is not None:
                trees[1:] = [with_unit(t, dimension) if d is None else t for t, d in typed[1:]]
            return _extreme(*trees) or Call("select", tuple(trees)), dimension
        dimensions = [dimension for _, dimension in typed]
        found = dimensions[0] if node.function in _KEEP and dimensions else DIMENSIONLESS
        return Call(node.function, tuple(trees)), found


def with_unit(node: Node, dimension: Exponents) -> Node:
    """Return a zero with a unit."""
    match node:
        case Number():
            return replace(node, unit=format_unit(dimension))
        case Operation(operands=(operand,)):
            return Operation(node.sign, (with_unit(operand, dimension),))
        case Operation(sign="+" | "-", operands=(left, right)):
            return Operation(node.sign, (with_unit(left, dimension), with_unit(right, dimension)))
        case Call("select", (condition, left, right)):
            return Call(
                "select", (condition, with_unit(left, dimension), with_unit(right, dimension))
            )
    return node


def _extreme(condition: Node, yes: Node, no: Node) -> Node | None:
    """Return the choice of the smaller or the larger of two as ``min`` or ``max``."""
    match condition:
        case Operation("<" | "<=" as sign, operands) | Operation(">" | ">=" as sign, operands):
            if operands == (yes, no):
                return Call("min" if sign.startswith("<") else "max", operands)
    return None


def _exprel(above: Node, below: Node) -> Node | None:
    """Return ``r*x/(1 - exp(-x))`` as ``r/exprel(-x)``, which is regular at zero.

    ``(exp(x) - 1)/x`` is ``exprel(x)``.
    """
    if above == Operation("-", (Call("exp", (below,)), Number(1.0))):
        return Call("exprel", (below,))
    match below:
        case Operation("-", (Number(1.0, None), Call("exp", (exponent,)))):
            pass
        case _:
            return None
    match exponent:
        case Operation("-", (x,)) | Operation("-", (Number(0.0), x)):
            pass
        case _:
            return None
    whole = Call("exprel", (Operation("-", (x,)),))
    if above == x:
        return Operation("/", (Number(1.0), whole))
    match above:
        case Operation("*", (rate, factor)) if factor == x:
            return Operation("/", (rate, whole))
    return None


_FUNCTIONS: dict[str, Callable[..., float]] = {
    "exp": math.exp, "ln": math.log, "log": math.log, "log10": math.log10, "sqrt": math.sqrt,
    "sin": math.sin, "cos": math.cos, "tan": math.tan, "sinh": math.sinh, "cosh": math.cosh,
    "tanh": math.tanh, "abs": math.fabs, "pow": math.pow,
    "min": lambda a, b: min(a, b), "max": lambda a, b: max(a, b),
    "exprel": lambda x: math.expm1(x) / x if x else 1.0,
    "ceil": math.ceil, "floor": math.floor, "H": lambda x: float(x > 0),
    "factorial": lambda n: math.factorial(int(n)),
}  # fmt: skip
_SIGNS: dict[str, Callable[[float, float], float]] = {
    "+": lambda a, b: a + b, "-": lambda a, b: a - b, "*": lambda a, b: a * b,
    "/": lambda a, b: a / b, "^": math.pow, "<": lambda a, b: a < b, "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b, ">=": lambda a, b: a >= b, "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b, "and": lambda a, b: bool(a and b), "or": lambda a, b: bool(a or b),
}  # fmt: skip


def value_of(
    node: Node,
    values: Callable[[str], float],
    at: Location,
    draws: Mapping[str, Callable[[float], float]] | None = None,
) -> float:
    """Return the value of an expression in coherent units.

    Parameters
    ----------
    node : Node
        The expression.
    values : callable
        The value of a name.
    at : Location
        Where it stands, for errors.
    draws : mapping, optional
        Functions of one argument beside the known ones: ``random``.

    Raises
    ------
    ModelError
        For an unknown function, or a value that does not exist.
    """

    def value(node: Node) -> float:
        match node:
            case Number():
                scale = 1.0 if node.unit is None else parse_unit(node.unit).scale
                return node.value * scale
            case Name():
                return values(node.name)
            case Operation(sign="not", operands=(operand,)):
                return not value(operand)
            case Operation(operands=(operand,)):
                return -value(operand)
            case Operation(operands=(left, right)):
                return _SIGNS[node.sign](value(left), value(right))
            case Call("select", (condition, left, right)):
                return value(left) if value(condition) else value(right)
            case Call():
                function = (draws or {}).get(node.function) or _FUNCTIONS.get(node.function)
                if function is None:
                    raise ModelError(f"unknown function '{node.function}'", at)
                return function(*(value(argument) for argument in node.arguments))
        raise AssertionError(node)

    try:
        return float(value(node))
    except (ArithmeticError, ValueError, TypeError) as error:
        raise ModelError(f"no value at the start: {error}", at) from None
