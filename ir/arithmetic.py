"""Arithmetic written by users, such as ``exp(-d**2/400.0)``: parsed, never evaluated by Python."""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from snnc.ir import arithmetic_tree as tree
from snnc.ir.arithmetic_tree import CONSTANTS, FUNCTIONS, Node
from snnc.ir.diagnostics import UserError, did_you_mean

MAX_LENGTH = 4000
MAX_DEPTH = 100

_ALIASES = {"fabs": "abs", "minimum": "min", "maximum": "max"}
_OTHER_CALLS = ("where", "power", *_ALIASES)
_VARIADIC = ("min", "max")
_BINARY = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.Pow: "**"}
_LOGIC = {ast.BitAnd: "and", ast.BitOr: "or", ast.And: "and", ast.Or: "or"}
_COMPARE = {ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.Eq: "==", ast.NotEq: "!="}
_CONDITIONS = (tree.Compare, tree.Logic, tree.Not)
_GLUED = re.compile(r"(?<![\w.])(?>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)(?=([A-Za-z_]\w*))")


@dataclass(frozen=True)
class Arithmetic:
    """An expression of a few variables; immutable, compared by its tree.

    Parameters
    ----------
    root : Node
        The tree.
    variables : tuple of str
        The names that have to be given.
    """

    root: Node
    variables: tuple[str, ...]

    @property
    def text(self) -> str:
        """The canonical text, which parses to the same tree."""
        return self.root.text()

    @property
    def functions(self) -> frozenset[str]:
        """Names of the functions of `snnc.runtime.jit.mathlib` that `to_kernel` uses."""
        return tree.functions_of(self.root)

    def evaluate(self, **arrays: Any) -> np.ndarray:
        """Return the value for each element.

        Parameters
        ----------
        **arrays : array_like
            A value for each variable; they broadcast.

        Returns
        -------
        ndarray of float64
            Of the common shape of the arguments; nan where the expression is undefined.
        """
        values = {name: np.asarray(arrays[name], dtype=np.float64) for name in self.variables}
        with np.errstate(all="ignore"):
            result = np.asarray(self.root.evaluate(values), dtype=np.float64)
        shape = np.broadcast_shapes(*(value.shape for value in values.values()))
        return np.array(np.broadcast_to(result, shape))

    def bounds(self, **intervals: tuple[Any, Any]) -> tuple[np.ndarray, np.ndarray]:
        """Enclose the value over intervals, by interval arithmetic.

        Parameters
        ----------
        **intervals : pair of array_like
            ``(lo, hi)`` of each variable; arrays of intervals broadcast.

        Returns
        -------
        lo, hi : ndarray of float64
            No value inside is below `lo` or above `hi`; infinite where it may be undefined.
        """
        given = {
            name: (
                np.asarray(intervals[name][0], dtype=np.float64),
                np.asarray(intervals[name][1], dtype=np.float64),
            )
            for name in self.variables
        }
        with np.errstate(all="ignore"):
            lo, hi = self.root.bounds(given)
        shape = np.broadcast_shapes(*(end.shape for pair in given.values() for end in pair))
        unknown = np.isnan(lo) | np.isnan(hi)
        lo, hi = np.where(unknown, -np.inf, lo), np.where(unknown, np.inf, hi)
        return np.array(np.broadcast_to(lo, shape)), np.array(np.broadcast_to(hi, shape))

    def to_kernel(self) -> str:
        """Return Python source for a compiled kernel, of the variables and `functions`."""
        return self.root.kernel()


def parse_arithmetic(text: str, variables: Sequence[str] = ("d",)) -> Arithmetic:
    """Parse arithmetic of the given variables.

    Numbers, ``+ - * / **``, comparisons, ``and or not``, ``where(c, a, b)``, ``pi``, ``e`` and the
    numpy functions in `FUNCTIONS` are allowed, nothing else. A number that is followed at once by
    a name (``0.01d``) is taken as a product, with a DeprecationWarning.

    Parameters
    ----------
    text : str
        The expression.
    variables : sequence of str
        Names of the variables.

    Raises
    ------
    UserError
        For anything but arithmetic; names the piece and its column, counted from one.
    """
    if not isinstance(text, str):
        raise UserError(f"expression must be text; found {type(text).__name__}")
    if len(text) > MAX_LENGTH:
        raise UserError(f"expression too long; found {len(text)} characters, limit {MAX_LENGTH}")
    return Arithmetic(_Reader(text, tuple(variables)).read(), tuple(variables))


class _Reader:
    """Translates Python's syntax tree of one text."""

    def __init__(self, text: str, variables: tuple[str, ...]) -> None:
        self.text = text
        self.variables = variables
        self.names = {*variables, *CONSTANTS, *FUNCTIONS, *_OTHER_CALLS}
        self.lead = 0
        self.inserted: list[int] = []

    def read(self) -> Node:
        explicit = self._explicit()
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", SyntaxWarning)
                warnings.simplefilter("ignore", DeprecationWarning)
                parsed = ast.parse(explicit, mode="eval")
        except SyntaxError as error:
            column = self._column(max((error.offset or 1) - 1, 0))
            raise UserError(f"column {column}: malformed expression {self._quoted()}") from None
        except (ValueError, MemoryError, RecursionError):
            raise UserError(f"expression cannot be read: {self._quoted()}") from None
        root = self.node(parsed.body, 1)
        if _depth(root) > MAX_DEPTH:
            raise self.error(parsed.body, f"more than {MAX_DEPTH} levels of nesting")
        return root

    def _quoted(self) -> str:
        return f"'{self.text}'" if len(self.text) <= 80 else f"'{self.text[:77]}...'"

    def _explicit(self) -> str:
        """Return the text with `*` put in where a number touches a name, without line breaks."""
        text = re.sub(r"\s", " ", self.text).rstrip()
        self.lead = len(text) - len(text.lstrip())
        text = text.lstrip()
        pieces, at = [], 0
        for match in _GLUED.finditer(text):
            if match.group(1) in self.names:
                pieces.append(text[at : match.end()])
                self.inserted.append(match.end() + len(self.inserted))
                at = match.end()
        pieces.append(text[at:])
        explicit = "*".join(pieces)
        if self.inserted:
            warnings.warn(
                f"'{self.text.strip()}' is read as '{explicit}'; write the product with '*'",
                DeprecationWarning,
                stacklevel=4,
            )
        return explicit

    def _column(self, offset: int) -> int:
        return offset + self.lead + 1 - sum(place < offset for place in self.inserted)

    def error(self, at: ast.expr, what: str) -> UserError:
        return UserError(f"column {self._column(at.col_offset)}: {what} in {self._quoted()}")

    def node(self, at: ast.expr, depth: int) -> Node:
        if depth > MAX_DEPTH:
            raise self.error(at, f"more than {MAX_DEPTH} levels of nesting")
        depth += 1
        match at:
            case ast.Constant():
                return self.number(at)
            case ast.Name():
                return self.name(at)
            case ast.UnaryOp():
                return self.unary(at, depth)
            case ast.BinOp():
                return self.binary(at, depth)
            case ast.BoolOp():
                return self.logic(_LOGIC[type(at.op)], at.values, depth)
            case ast.Compare():
                return self.comparison(at, depth)
            case ast.IfExp():
                return tree.Where(*(self.node(a, depth) for a in (at.test, at.body, at.orelse)))
            case ast.Call():
                return self.call(at, depth)
            case _:
                raise self.error(at, f"{_kind(at)} is not arithmetic")

    def number(self, at: ast.Constant) -> Node:
        if isinstance(at.value, bool) or not isinstance(at.value, int | float):
            raise self.error(at, f"{at.value!r} is not a number")
        try:
            value = float(at.value)
        except OverflowError:
            value = float("inf")
        if value == float("inf"):
            raise self.error(at, "number too large")
        return tree.Number(value)

    def name(self, at: ast.Name) -> Node:
        if at.id in self.variables:
            return tree.Variable(at.id)
        if at.id in CONSTANTS:
            return tree.Constant(CONSTANTS[at.id], at.id)
        if at.id in self.names:
            raise self.error(at, f"function '{at.id}' without arguments")
        hint = did_you_mean(at.id, [*self.variables, *CONSTANTS])
        raise self.error(at, f"unknown name '{at.id}'{hint}")

    def unary(self, at: ast.UnaryOp, depth: int) -> Node:
        operand = self.node(at.operand, depth)
        match at.op:
            case ast.USub():
                return tree.Negate(operand)
            case ast.UAdd():
                return operand
            case ast.Not():
                return tree.Not(operand)
            case _:
                if isinstance(operand, _CONDITIONS):
                    return tree.Not(operand)
                raise self.error(at, "'~' of something that is not a condition")

    def binary(self, at: ast.BinOp, depth: int) -> Node:
        symbol = _BINARY.get(type(at.op))
        if symbol is not None:
            return tree.Binary(symbol, self.node(at.left, depth), self.node(at.right, depth))
        if type(at.op) not in _LOGIC:
            raise self.error(at, f"operator {type(at.op).__name__} is not supported")
        sides = [self.node(side, depth) for side in (at.left, at.right)]
        for written, side in zip((at.left, at.right), sides, strict=True):
            if not isinstance(side, _CONDITIONS):
                what = "'&' or '|' of something that is not a condition in parentheses"
                raise self.error(written, what)
        return tree.Logic(_LOGIC[type(at.op)], *sides)

    def logic(self, symbol: str, values: list[ast.expr], depth: int) -> Node:
        result = self.node(values[0], depth)
        for value in values[1:]:
            result = tree.Logic(symbol, result, self.node(value, depth))
        return result

    def comparison(self, at: ast.Compare, depth: int) -> Node:
        sides = [self.node(side, depth) for side in (at.left, *at.comparators)]
        parts: list[Node] = []
        for op, left, right in zip(at.ops, sides, sides[1:], strict=False):
            symbol = _COMPARE.get(type(op))
            if symbol is None:
                raise self.error(at, f"comparison {type(op).__name__} is not arithmetic")
            parts.append(tree.Compare(symbol, left, right))
        result = parts[0]
        for part in parts[1:]:
            result = tree.Logic("and", result, part)
        return result

    def call(self, at: ast.Call, depth: int) -> Node:
        if not isinstance(at.func, ast.Name):
            raise self.error(at, f"call of {_kind(at.func)} is not arithmetic")
        name = _ALIASES.get(at.func.id, at.func.id)
        if name not in FUNCTIONS and name not in _OTHER_CALLS:
            hint = did_you_mean(at.func.id, [*FUNCTIONS, *_OTHER_CALLS])
            raise self.error(at, f"unknown function '{at.func.id}'{hint}")
        if at.keywords:
            raise self.error(at, f"keyword argument of '{at.func.id}'")
        arguments = [self.node(argument, depth) for argument in at.args]
        self._check_arity(at, at.func.id, name, len(arguments))
        if name == "where":
            return tree.Where(*arguments)
        if name == "power":
            return tree.Binary("**", *arguments)
        if name not in _VARIADIC:
            return tree.Call(name, tuple(arguments))
        result = arguments[0]
        for argument in arguments[1:]:
            result = tree.Call(name, (result, argument))
        return result

    def _check_arity(self, at: ast.Call, written: str, name: str, found: int) -> None:
        special = {"where": 3, "power": 2}
        wanted = special[name] if name in special else FUNCTIONS[name].arity
        if found != wanted and not (name in _VARIADIC and found > wanted):
            raise self.error(at, f"'{written}' takes {wanted} arguments, found {found},")


def _depth(root: Node) -> int:
    depth, level = 0, [root]
    while level:
        depth, level = depth + 1, [child for node in level for child in node.children()]
    return depth


def _kind(at: ast.expr) -> str:
    match at:
        case ast.Attribute():
            return f"attribute '.{at.attr}'"
        case ast.Subscript():
            return "subscript '[...]'"
        case ast.Lambda():
            return "'lambda'"
        case ast.NamedExpr():
            return "assignment ':='"
        case ast.Starred():
            return "'*' argument"
        case _:
            return f"{type(at).__name__} expression"
