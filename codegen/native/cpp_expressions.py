"""Arithmetic of `dyn` as statements of C++."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable

from xdsl.ir import Operation, SSAValue

from snnc.codegen.kernels.kernel_expressions import ARITHMETIC, MATH, KernelExpressions
from snnc.ir.diagnostics import UnsupportedError
from snnc.ir.dialects import expressions as ex

# C++'s levels of binding, as far as emitted text uses them.
_VALUE, _OR, _AND, _COMPARE, _SUM, _TERM, _UNARY, _ATOM = range(8)
_INFIX: dict[type[Operation], tuple[str, int]] = {
    ex.OrOp: ("||", _OR),
    ex.AndOp: ("&&", _AND),
    **ARITHMETIC,
}
_FUNCTIONS: dict[type[Operation], str] = {
    **{op: f"std::{name}" for op, name in MATH.items()},
    ex.MinOp: "std::fmin",
    ex.MaxOp: "std::fmax",
    ex.PowOp: "std::pow",
    ex.ExprelOp: "exprel",
}

EXPREL = "static double exprel(double x) { return x == 0. ? 1. : std::expm1(x) / x; }"
"""(exp(x) - 1)/x."""


class CppExpressions(KernelExpressions):
    """Writer of SSA values as C++; see `KernelExpressions`, whose rules for names it keeps."""

    def __init__(self, leaf: Callable[[SSAValue], str], taken: Iterable[str]) -> None:
        super().__init__(leaf, "f64", {*taken, "exprel", "std"})

    def literal(self, number: float) -> str:
        """Return the text of a number."""
        if not math.isfinite(number):
            raise UnsupportedError(f"C++ has no literal for {number}")
        return repr(float(number))

    def kept(self, text: str, hint: str) -> str:
        """Return a new name that holds the value of a text."""
        name = self.fresh(hint)
        self.lines.append(f"const auto {name} = {text};")
        return name

    def _assign(self, value: SSAValue, text: str, hint: str) -> str:
        name = self._named.get(text)
        if name is None:
            name = self._named[text] = self.kept(text, hint)
        self._names[value] = name
        return name

    def _operation(self, op: ex.Expression) -> tuple[str, int]:
        kind = type(op)
        if kind in _INFIX:
            sign, level = _INFIX[kind]
            left = self.value(op.operands[0], level)
            return f"{left} {sign} {self.value(op.operands[1], level + 1)}", level
        if kind in _FUNCTIONS:
            return f"{_FUNCTIONS[kind]}({', '.join(map(self.value, op.operands))})", _ATOM
        match op:
            case ex.NotOp():
                return f"!{self.value(op.operand, _UNARY)}", _UNARY
            case ex.CompareOp():
                left, right = self.value(op.lhs, _SUM), self.value(op.rhs, _SUM)
                return f"{left} {op.predicate.data} {right}", _COMPARE
            case ex.SelectOp():
                texts = (op.condition, op.lhs, op.rhs)
                condition, yes, no = (self.value(value, _OR) for value in texts)
                return f"({condition} ? {yes} : {no})", _ATOM
        return super()._operation(op)
