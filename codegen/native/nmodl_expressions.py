"""Arithmetic of `dyn` as statements of NMODL."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable

from xdsl.ir import Operation, SSAValue

from snnc.codegen.kernels.kernel_expressions import ARITHMETIC, MATH, KernelExpressions
from snnc.ir.diagnostics import UnsupportedError
from snnc.ir.dialects import expressions as ex

# NMODL's levels of binding, as far as emitted text uses them.
_VALUE, _OR, _AND, _COMPARE, _SUM, _TERM, _UNARY, _POWER, _ATOM = range(9)
_INFIX: dict[type[Operation], tuple[str, int]] = {
    ex.OrOp: ("||", _OR),
    ex.AndOp: ("&&", _AND),
    **ARITHMETIC,
}
_FUNCTIONS: dict[type[Operation], str] = {**MATH, ex.ExprelOp: "exprel"}
_CHOICES: dict[type[Operation], str] = {ex.MinOp: "<", ex.MaxOp: ">"}

EXPREL = """\
FUNCTION exprel(x) {
    if (fabs(x) < 1e-3) {
        exprel = 1 + x/2*(1 + x/3*(1 + x/4*(1 + x/5)))
    } else {
        exprel = (exp(x) - 1)/x
    }
}
"""
"""(exp(x) - 1)/x to double precision: NMODL has no ``expm1``."""


_WIDTH = 88


def _on_lines(condition: str, name: str, yes: str, no: str) -> list[str]:
    """Return a choice on several lines, as they stand in a procedure."""
    kept, other = f"        {name} = {yes}", f"        {name} = {no}"
    return [f"if ({condition}) {{", kept, "    } else {", other, "}"]


class NmodlExpressions(KernelExpressions):
    """Writer of SSA values as NMODL; see `KernelExpressions`, whose rules for names it keeps.

    What NMODL has no expression for (a choice, the smaller of two) becomes an ``if`` statement.

    Attributes
    ----------
    locals : list of str
        Names that `lines` assign, for a ``LOCAL`` declaration.
    """

    def __init__(self, leaf: Callable[[SSAValue], str], taken: Iterable[str]) -> None:
        super().__init__(leaf, "f64", {*taken, *_FUNCTIONS.values()})
        self.locals: list[str] = []

    def literal(self, number: float) -> str:
        """Return the text of a number."""
        if not math.isfinite(number):
            raise UnsupportedError(f"NMODL has no literal for {number}")
        return repr(float(number))

    def local(self, hint: str) -> str:
        """Return a new name, declared."""
        name = self.fresh(hint)
        self.locals.append(name)
        return name

    def kept(self, value: SSAValue, hint: str) -> str:
        """Return a local name that holds `value`, whatever is stored after it."""
        name = self.named(value, hint)
        if name in self.locals:
            return name
        copy = self.local(hint)
        self.lines.append(f"{copy} = {name}")
        return copy

    def _assign(self, value: SSAValue, text: str, hint: str) -> str:
        if text in self.locals:
            self._names[value] = text
            return text
        before = len(self.lines)
        name = super()._assign(value, text, hint)
        if len(self.lines) > before:
            self.locals.append(name)
        return name

    def _operation(self, op: ex.Expression) -> tuple[str, int]:
        kind = type(op)
        if kind in _INFIX:
            sign, level = _INFIX[kind]
            left = self.value(op.operands[0], level)
            return f"{left} {sign} {self.value(op.operands[1], level + 1)}", level
        if kind in _FUNCTIONS:
            return self._call(_FUNCTIONS[kind], [self.value(x) for x in op.operands])
        if kind in _CHOICES:
            left, right = (self.named(x, "x") for x in op.operands)
            return self._choice(op, f"{left} {_CHOICES[kind]} {right}", left, right)
        match op:
            case ex.ConstOp():
                text = self.literal(op.number)
                return text, _UNARY if text.startswith("-") else _ATOM
            case ex.NegOp():
                return f"-{self.value(op.operand, _UNARY)}", _UNARY
            case ex.NotOp():
                return f"!({self.value(op.operand)})", _UNARY
            case ex.CompareOp():
                left, right = self.value(op.lhs, _SUM), self.value(op.rhs, _SUM)
                return f"{left} {op.predicate.data} {right}", _COMPARE
            case ex.SelectOp():
                values = self.value(op.lhs), self.value(op.rhs)
                return self._choice(op, self.value(op.condition), *values)
            case ex.PowOp():
                return f"{self.value(op.lhs, _ATOM)}^{self.value(op.rhs, _ATOM)}", _POWER
        return super()._operation(op)

    def _choice(self, op: ex.Expression, condition: str, yes: str, no: str) -> tuple[str, int]:
        value = op.results[0]
        name = self.local(value.name_hint or "x")
        short = f"if ({condition}) {{ {name} = {yes} }} else {{ {name} = {no} }}"
        self.lines += [short] if len(short) < _WIDTH else _on_lines(condition, name, yes, no)
        self.bind(value, name)
        return name, _ATOM
