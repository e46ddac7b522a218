"""Arithmetic of `dyn` as text of kernels.

What cells and synapses share: a value that is used once is written in place, one that is used
more often gets a line of its own. Where values come from is the caller's business (`leaf`).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from keyword import iskeyword
from typing import Literal

from xdsl.ir import Operation, Region, SSAValue

from snnc.ir.diagnostics import UnsupportedError
from snnc.ir.dialects import draws, dyn
from snnc.ir.dialects import expressions as ex
from snnc.ir.dialects.piecewise import PiecewiseOp
from snnc.ir.locations import location_of

Precision = Literal["f64", "f32"]

# Python's levels of binding, as far as generated text uses them.
_COMPARE, _OR, _XOR, _AND, _SUM, _TERM, _UNARY, _ATOM = range(8)
ARITHMETIC: dict[type[Operation], tuple[str, int]] = {
    ex.AddOp: ("+", _SUM),
    ex.SubOp: ("-", _SUM),
    ex.MulOp: ("*", _TERM),
    ex.DivOp: ("/", _TERM),
}
"""Signs that all languages of statements have, with levels of binding that they share."""
MATH: dict[type[Operation], str] = {
    ex.AbsOp: "fabs",
    ex.SqrtOp: "sqrt",
    ex.ExpOp: "exp",
    ex.LogOp: "log",
    ex.SinOp: "sin",
    ex.CosOp: "cos",
    ex.TanhOp: "tanh",
    ex.FloorOp: "floor",
}
"""Functions of one number by C's names."""
_INFIX: dict[type[Operation], tuple[str, int]] = {
    ex.OrOp: ("|", _OR),
    ex.AndOp: ("&", _AND),
    **ARITHMETIC,
}
_FUNCTIONS: dict[type[Operation], str] = {
    **MATH,
    ex.ExprelOp: "exprel",
    ex.MinOp: "fmin",
    ex.MaxOp: "fmax",
    ex.SelectOp: "select",
    ex.LogGammaSfOp: "log_gamma_sf",
}
_SPECIAL = {"log_gamma_sf"}
_USED_NAMES = {*_FUNCTIONS.values(), "inverse_exprel", "pow", "F", "entry", "desc", "rows", "step"}


class KernelExpressions:
    """Writer of SSA values as statements of a kernel.

    Parameters
    ----------
    leaf : callable
        Gives the text of a value that is no arithmetic (``dyn.get``, block arguments, loads of
        `step`): a name or another atom, which must still hold where the lines are put.
    precision : {"f64", "f32"}
        The floating-point type; literals of f32 texts are written ``F(1.5)``.
    taken : iterable of str
        Names that already mean something in the kernel.

    Attributes
    ----------
    lines : list of str
        Statements ``name = expression`` so far, not indented.
    functions : set of str
        The functions that the text calls; see `imports`.
    """

    def __init__(
        self, leaf: Callable[[SSAValue], str], precision: Precision, taken: Iterable[str] = ()
    ) -> None:
        self.leaf = leaf
        self.precision = precision
        self.lines: list[str] = []
        self.functions: set[str] = set()
        self._names: dict[SSAValue, str] = {}
        self._named: dict[str, str] = {}
        self._taken = {*taken, *_USED_NAMES}

    def bind(self, value: SSAValue, name: str) -> None:
        """Let `name` stand for `value` from now on."""
        self._names[value] = name
        self._taken.add(name)

    def fresh(self, hint: str) -> str:
        """Return a name like `hint` that means nothing yet, and take it."""
        stem = hint if hint.isidentifier() else "x"
        name, n = stem, 0
        while name in self._taken or iskeyword(name):
            name, n = f"{stem}_{n}", n + 1
        self._taken.add(name)
        return name

    def take_lines(self) -> list[str]:
        """Return the statements so far and begin a new list."""
        lines, self.lines = self.lines, []
        return lines

    def literal(self, number: float) -> str:
        """Return `number` in the precision of the text."""
        if math.isnan(number):
            text = "(1e999 - 1e999)"
        elif math.isinf(number):
            text = "1e999" if number > 0 else "-1e999"
        else:
            text = repr(float(number))
        return f"F({text})" if self.precision == "f32" else text

    def region(self, region: Region) -> str:
        """Return the text of the value that a region yields."""
        last = region.block.last_op
        assert isinstance(last, dyn.YieldOp)
        return self.value(last.operands[0])

    def named(self, value: SSAValue, hint: str) -> str:
        """Return a name that holds `value`, after adding a line for it unless it has one."""
        text = self.value(value)
        if text.isidentifier():
            return text
        return self._assign(value, text, hint)

    def value(self, value: SSAValue, outer: int = _COMPARE) -> str:
        """Return the text of `value`, after adding the lines that it needs.

        Parameters
        ----------
        value : SSAValue
            What to write.
        outer : int
            How tightly the surrounding text binds; the default suits an argument or the right of
            an assignment.

        Raises
        ------
        UnsupportedError
            An operation without a counterpart in kernels.
        """
        if value in self._names:
            return self._names[value]
        op = value.owner
        if not isinstance(op, ex.Expression):
            return self.leaf(value)
        if isinstance(op, draws.Draw | PiecewiseOp) or (
            not op.operands and not isinstance(op, ex.ConstOp)
        ):
            return self.leaf(value)
        text, level = self._operation(op)
        if value.uses.get_length() > 1 and not isinstance(op, ex.ConstOp):
            return self._assign(value, text, value.name_hint or "x")
        return f"({text})" if level < outer else text

    def imports(self) -> list[str]:
        """Return the import statements of what the text uses, `F` included."""
        lines = ["from numpy import float32 as F"] if self.precision == "f32" else []
        selects, special = self.functions & {"select"}, sorted(self.functions & _SPECIAL)
        functions = sorted(self.functions - selects - _SPECIAL)
        if selects:
            lines.append("from snnc.runtime.jit.intrinsics import select")
        if functions:
            lines.append(f"from snnc.runtime.jit.mathlib import {', '.join(functions)}")
        if special:
            lines.append(f"from snnc.runtime.jit.special import {', '.join(special)}")
        return lines

    def _assign(self, value: SSAValue, text: str, hint: str) -> str:
        name = self._named.get(text)
        if name is None:
            name = self._named[text] = self.fresh(hint)
            self.lines.append(f"{name} = {text}")
        self._names[value] = name
        return name

    def _operation(self, op: ex.Expression) -> tuple[str, int]:
        if isinstance(op, ex.DivOp) and (below := _own_exprel(op.rhs)):
            # Turning exprel's quotient over saves the second one.
            left = self.value(op.lhs, _TERM)
            inverse, _ = self._call("inverse_exprel", [self.value(below.operand)])
            return f"{left} * {inverse}", _TERM
        if type(op) in _INFIX:
            sign, level = _INFIX[type(op)]
            left = self.value(op.operands[0], level)
            return f"{left} {sign} {self.value(op.operands[1], level + 1)}", level
        if type(op) in _FUNCTIONS:
            return self._call(_FUNCTIONS[type(op)], [self.value(x) for x in op.operands])
        match op:
            case ex.ConstOp():
                text = self.literal(op.number)
                return text, _UNARY if text.startswith("-") else _ATOM
            case ex.NegOp():
                return f"-{self.value(op.operand, _UNARY)}", _UNARY
            case ex.NotOp():
                return f"{self.value(op.operand, _XOR)} ^ True", _XOR
            case ex.CompareOp():
                left, right = self.value(op.lhs, _OR), self.value(op.rhs, _OR)
                return f"{left} {op.predicate.data} {right}", _COMPARE
            case ex.PowOp():
                return self._power(op)
        raise UnsupportedError(f"'{op.spelling}' cannot be compiled", location_of(op))

    def _call(self, function: str, arguments: list[str]) -> tuple[str, int]:
        self.functions.add(function)
        return f"{function}({', '.join(arguments)})", _ATOM

    def _power(self, op: ex.PowOp) -> tuple[str, int]:
        exponent = ex.integer_literal(op.rhs)
        # A literal integer becomes multiplications; any other exponent is C's pow.
        right = self.value(op.rhs) if exponent is None else str(exponent)
        return self._call("pow", [self.value(op.lhs), right])


def _own_exprel(value: SSAValue) -> ex.ExprelOp | None:
    """Return the operation of an exprel that nothing else needs, None for other values."""
    op = value.owner
    return op if isinstance(op, ex.ExprelOp) and value.uses.get_length() == 1 else None
