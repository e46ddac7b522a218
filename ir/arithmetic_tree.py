"""The nodes of an arithmetic expression.

Every node has `strength`, how tightly its text binds; `children`; `text`, canonical; `evaluate`,
given arrays by name; `bounds`, given intervals by name; and `kernel`, Python source to compile.
"""

# ruff: noqa: D102 (the methods of every node are those above)

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from snnc.ir import intervals
from snnc.ir.intervals import Interval

CONSTANTS = {"pi": math.pi, "e": math.e}
MAX_LITERAL_POWER = 64
"""Up to this magnitude the runtime's `pow` multiplies out an integer exponent."""

# Binding strength in Python's grammar, for the fewest parentheses.
_OR, _AND, _NOT, _COMPARE, _SUM, _PRODUCT, _SIGN, _POWER, _ATOM = range(1, 10)


@dataclass(frozen=True)
class Function:
    """A function that expressions may call.

    `kernel` is the text of the call, with the arguments as ``{0}``, ``{1}``; `needs` the name of
    the runtime's function in it.
    """

    arity: int
    evaluate: Callable[..., Any]
    bounds: Callable[..., Interval]
    kernel: str
    needs: str


def _simple(evaluate: Callable[..., Any], bounds: Callable[..., Interval], name: str) -> Function:
    return Function(1, evaluate, bounds, f"{name}({{0}})", name)


FUNCTIONS: dict[str, Function] = {
    "exp": _simple(np.exp, intervals.exp, "exp"),
    "log": _simple(np.log, intervals.log, "log"),
    "log10": Function(1, np.log10, intervals.log10, f"(log({{0}}) * {1 / math.log(10)!r})", "log"),
    "log2": Function(1, np.log2, intervals.log2, f"(log({{0}}) * {1 / math.log(2)!r})", "log"),
    "sqrt": _simple(np.sqrt, intervals.sqrt, "sqrt"),
    "sin": _simple(np.sin, intervals.sin, "sin"),
    "cos": _simple(np.cos, intervals.cos, "cos"),
    "tan": _simple(np.tan, intervals.tan, "tan"),
    "tanh": _simple(np.tanh, intervals.tanh, "tanh"),
    "abs": _simple(np.abs, intervals.absolute, "fabs"),
    "min": Function(2, np.minimum, intervals.minimum, "fmin({0}, {1})", "fmin"),
    "max": Function(2, np.maximum, intervals.maximum, "fmax({0}, {1})", "fmax"),
}
"""Functions by canonical name."""


@dataclass(frozen=True)
class Number:
    """A literal."""

    value: float
    strength = _ATOM

    def children(self) -> tuple[Node, ...]:
        return ()

    def text(self) -> str:
        whole = self.value == int(self.value) and abs(self.value) < 1e15
        return str(int(self.value)) if whole else repr(self.value)

    def evaluate(self, values: Mapping[str, np.ndarray]) -> Any:
        return np.float64(self.value)

    def bounds(self, given: Mapping[str, Interval]) -> Interval:
        return np.asarray(self.value), np.asarray(self.value)

    def kernel(self) -> str:
        return repr(self.value)


@dataclass(frozen=True)
class Constant(Number):
    """A literal with a name."""

    name: str

    def text(self) -> str:
        return self.name


@dataclass(frozen=True)
class Variable:
    """A name that is given at evaluation."""

    name: str
    strength = _ATOM

    def children(self) -> tuple[Node, ...]:
        return ()

    def text(self) -> str:
        return self.name

    def evaluate(self, values: Mapping[str, np.ndarray]) -> Any:
        return values[self.name]

    def bounds(self, given: Mapping[str, Interval]) -> Interval:
        return given[self.name]

    def kernel(self) -> str:
        return self.name


@dataclass(frozen=True)
class Negate:
    """A change of sign."""

    operand: Node
    strength = _SIGN

    def children(self) -> tuple[Node, ...]:
        return (self.operand,)

    def text(self) -> str:
        return "-" + _within(self.operand, _SIGN)

    def evaluate(self, values: Mapping[str, np.ndarray]) -> Any:
        return -self.operand.evaluate(values)

    def bounds(self, given: Mapping[str, Interval]) -> Interval:
        return intervals.negate(self.operand.bounds(given))

    def kernel(self) -> str:
        return f"(-{self.operand.kernel()})"


_BINARY: dict[str, tuple[int, Callable[..., Any], Callable[..., Interval]]] = {
    "+": (_SUM, np.add, intervals.add),
    "-": (_SUM, np.subtract, intervals.subtract),
    "*": (_PRODUCT, np.multiply, intervals.multiply),
    "/": (_PRODUCT, np.divide, intervals.divide),
    "**": (_POWER, np.power, intervals.power),
}


@dataclass(frozen=True)
class Binary:
    """A sum, difference, product, quotient or power."""

    symbol: str
    left: Node
    right: Node

    @property
    def strength(self) -> int:
        return _BINARY[self.symbol][0]

    def children(self) -> tuple[Node, ...]:
        return self.left, self.right

    def text(self) -> str:
        if self.symbol == "**":
            return f"{_within(self.left, _ATOM)}**{_within(self.right, _SIGN)}"
        left = _within(self.left, self.strength)
        return f"{left}{self.symbol}{_within(self.right, self.strength + 1)}"

    def evaluate(self, values: Mapping[str, np.ndarray]) -> Any:
        function = _BINARY[self.symbol][1]
        return function(self.left.evaluate(values), self.right.evaluate(values))

    def bounds(self, given: Mapping[str, Interval]) -> Interval:
        function = _BINARY[self.symbol][2]
        return function(self.left.bounds(given), self.right.bounds(given))

    def kernel(self) -> str:
        if self.symbol != "**":
            return f"({self.left.kernel()} {self.symbol} {self.right.kernel()})"
        whole = _literal_integer(self.right)
        exponent = self.right.kernel() if whole is None else str(whole)
        return f"pow({self.left.kernel()}, {exponent})"


def _literal_integer(node: Node) -> int | None:
    if isinstance(node, Negate):
        value = _literal_integer(node.operand)
        return None if value is None else -value
    if isinstance(node, Number) and node.value == int(node.value):
        return int(node.value) if abs(node.value) <= MAX_LITERAL_POWER else None
    return None


_COMPARE_EVALUATE: dict[str, Callable[..., Any]] = {
    "<": np.less,
    "<=": np.less_equal,
    ">": np.greater,
    ">=": np.greater_equal,
    "==": np.equal,
    "!=": np.not_equal,
}


def _compare_bounds(symbol: str, a: Interval, b: Interval) -> Interval:
    match symbol:
        case "<":
            return intervals.less(a, b)
        case "<=":
            return intervals.less_equal(a, b)
        case ">":
            return intervals.less(b, a)
        case ">=":
            return intervals.less_equal(b, a)
        case "==":
            return intervals.equal(a, b)
        case _:
            return intervals.logical_not(intervals.equal(a, b))


@dataclass(frozen=True)
class Compare:
    """A comparison; its value is 0 or 1."""

    symbol: str
    left: Node
    right: Node
    strength = _COMPARE

    def children(self) -> tuple[Node, ...]:
        return self.left, self.right

    def text(self) -> str:
        return f"{_within(self.left, _SUM)}{self.symbol}{_within(self.right, _SUM)}"

    def evaluate(self, values: Mapping[str, np.ndarray]) -> Any:
        function = _COMPARE_EVALUATE[self.symbol]
        result = function(self.left.evaluate(values), self.right.evaluate(values))
        return np.asarray(result, dtype=np.float64)

    def bounds(self, given: Mapping[str, Interval]) -> Interval:
        return _compare_bounds(self.symbol, self.left.bounds(given), self.right.bounds(given))

    def kernel(self) -> str:
        return f"(1.0 if {_condition(self)} else 0.0)"


@dataclass(frozen=True)
class Logic:
    """``and``, ``or`` of two conditions; its value is 0 or 1."""

    symbol: str
    left: Node
    right: Node

    @property
    def strength(self) -> int:
        return _AND if self.symbol == "and" else _OR

    def children(self) -> tuple[Node, ...]:
        return self.left, self.right

    def text(self) -> str:
        left = _within(self.left, self.strength)
        return f"{left} {self.symbol} {_within(self.right, self.strength + 1)}"

    def evaluate(self, values: Mapping[str, np.ndarray]) -> Any:
        function = np.logical_and if self.symbol == "and" else np.logical_or
        result = function(self.left.evaluate(values), self.right.evaluate(values))
        return np.asarray(result, dtype=np.float64)

    def bounds(self, given: Mapping[str, Interval]) -> Interval:
        function = intervals.logical_and if self.symbol == "and" else intervals.logical_or
        return function(self.left.bounds(given), self.right.bounds(given))

    def kernel(self) -> str:
        return f"(1.0 if {_condition(self)} else 0.0)"


@dataclass(frozen=True)
class Not:
    """The contrary of a condition; its value is 0 or 1."""

    operand: Node
    strength = _NOT

    def children(self) -> tuple[Node, ...]:
        return (self.operand,)

    def text(self) -> str:
        return f"not {_within(self.operand, _NOT)}"

    def evaluate(self, values: Mapping[str, np.ndarray]) -> Any:
        return np.asarray(np.logical_not(self.operand.evaluate(values)), dtype=np.float64)

    def bounds(self, given: Mapping[str, Interval]) -> Interval:
        return intervals.logical_not(self.operand.bounds(given))

    def kernel(self) -> str:
        return f"(1.0 if {_condition(self)} else 0.0)"


@dataclass(frozen=True)
class Where:
    """One of two values, by a condition."""

    condition: Node
    true: Node
    false: Node
    strength = _ATOM

    def children(self) -> tuple[Node, ...]:
        return self.condition, self.true, self.false

    def text(self) -> str:
        return f"where({self.condition.text()},{self.true.text()},{self.false.text()})"

    def evaluate(self, values: Mapping[str, np.ndarray]) -> Any:
        condition, true, false = (child.evaluate(values) for child in self.children())
        return np.where(np.asarray(condition, dtype=bool), true, false)

    def bounds(self, given: Mapping[str, Interval]) -> Interval:
        condition, true, false = (child.bounds(given) for child in self.children())
        return intervals.where(condition, true, false)

    def kernel(self) -> str:
        return f"({self.true.kernel()} if {_condition(self.condition)} else {self.false.kernel()})"


@dataclass(frozen=True)
class Call:
    """A function of `FUNCTIONS`, by its canonical name."""

    name: str
    arguments: tuple[Node, ...]
    strength = _ATOM

    def children(self) -> tuple[Node, ...]:
        return self.arguments

    def text(self) -> str:
        return f"{self.name}({','.join(argument.text() for argument in self.arguments)})"

    def evaluate(self, values: Mapping[str, np.ndarray]) -> Any:
        return FUNCTIONS[self.name].evaluate(*(a.evaluate(values) for a in self.arguments))

    def bounds(self, given: Mapping[str, Interval]) -> Interval:
        return FUNCTIONS[self.name].bounds(*(a.bounds(given) for a in self.arguments))

    def kernel(self) -> str:
        return FUNCTIONS[self.name].kernel.format(*(a.kernel() for a in self.arguments))


Node: TypeAlias = Number | Variable | Negate | Binary | Compare | Logic | Not | Where | Call


def _within(node: Node, strength: int) -> str:
    text = node.text()
    return f"({text})" if node.strength < strength else text


def _condition(node: Node) -> str:
    """Return kernel source of the truth of `node`."""
    match node:
        case Compare():
            return f"({node.left.kernel()} {node.symbol} {node.right.kernel()})"
        case Logic():
            return f"({_condition(node.left)} {node.symbol} {_condition(node.right)})"
        case Not():
            return f"(not {_condition(node.operand)})"
        case _:
            return f"({node.kernel()} != 0.0)"


def walk(node: Node) -> Iterator[Node]:
    """Yield `node` and every node below it."""
    yield node
    for child in node.children():
        yield from walk(child)


def functions_of(node: Node) -> frozenset[str]:
    """Return the names of the runtime's functions that the kernel source of `node` calls."""
    calls = {FUNCTIONS[n.name].needs for n in walk(node) if isinstance(n, Call)}
    powers = {"pow" for n in walk(node) if isinstance(n, Binary) and n.symbol == "**"}
    return frozenset(calls | powers)
