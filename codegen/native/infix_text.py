"""Expressions as text of other equation languages, which spell functions and units in their way."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from xdsl.ir import Region, SSAValue

from snnc.ir.diagnostics import UnsupportedError
from snnc.ir.dialects import dyn
from snnc.ir.dialects import expressions as ex
from snnc.ir.locations import location_of
from snnc.ir.units import DIMENSIONLESS, Exponents

_OR, _AND, _NOT, _COMPARE, _SUM, _TERM, _POWER, _ATOM = range(8)
_INFIX: dict[type, tuple[str, int]] = {
    ex.OrOp: ("or", _OR),
    ex.AndOp: ("and", _AND),
    ex.AddOp: ("+", _SUM),
    ex.SubOp: ("-", _SUM),
    ex.MulOp: ("*", _TERM),
    ex.DivOp: ("/", _TERM),
}


@dataclass(frozen=True)
class Language:
    """How a language writes what differs between languages.

    Attributes
    ----------
    name : str
        Its name, for messages.
    templates : mapping of str to str
        Text of a function by its name here, over ``{0}``, ``{1}``, ``{2}``.
    unit : callable
        Gives the text that multiplies a literal of some dimension, such as ``*mV/ms``.
    previous : callable
        Gives the text of the value that a state had at the start of the step.
    """

    name: str
    templates: Mapping[str, str]
    unit: Callable[[Exponents], str]
    previous: Callable[[str], str]


class Writer:
    """Writes the values of one region in a language.

    Parameters
    ----------
    language : Language
        The language.
    rename : callable, optional
        From a name of the model to its text.
    """

    def __init__(self, language: Language, rename: Callable[[str], str] = str) -> None:
        self.language = language
        self.rename = rename
        self._bound: dict[SSAValue, str] = {}

    def bind(self, value: SSAValue, text: str) -> None:
        """Let `text` stand for `value`."""
        self._bound[value] = text

    def region(self, region: Region) -> str:
        """Return the text of what a region yields."""
        last = region.block.last_op
        assert isinstance(last, dyn.YieldOp)
        return self.text(last.value)

    def text(self, value: SSAValue, outer: int = _OR) -> str:
        """Return the text of `value` where what is around it binds as tightly as `outer`.

        Raises
        ------
        UnsupportedError
            An operation that the language does not have.
        """
        if value in self._bound:
            return self._bound[value]
        op = value.owner
        assert isinstance(op, ex.Expression), "a block argument must be bound"
        text, level = self._operation(op)
        return f"({text})" if level < outer else text

    def _operation(self, op: ex.Expression) -> tuple[str, int]:
        if type(op) in _INFIX:
            sign, level = _INFIX[type(op)]
            left = self.text(op.operands[0], level)
            return f"{left} {sign} {self.text(op.operands[1], level + 1)}", level
        match op:
            case ex.ConstOp():
                return self._literal(op)
            case ex.GetOp():
                return self.rename(op.variable.data), _ATOM
            case ex.PreviousOp():
                return self.language.previous(op.variable.data), _ATOM
            case ex.NegOp():
                return f"-{self.text(op.operand, _TERM)}", _TERM
            case ex.NotOp():
                return f"not {self.text(op.operand, _COMPARE)}", _NOT
            case ex.CompareOp():
                left, right = self.text(op.lhs, _SUM), self.text(op.rhs, _SUM)
                return f"{left} {op.predicate.data} {right}", _COMPARE
            case ex.PowOp():
                exponent = ex.integer_literal(op.rhs)
                right = self.text(op.rhs, _ATOM) if exponent is None else str(exponent)
                return f"{self.text(op.lhs, _ATOM)}**{right}", _POWER
        return self._call(op)

    def _literal(self, op: ex.ConstOp) -> tuple[str, int]:
        dimension = ex.exponents_of(op.result)
        text = repr(op.number)
        if dimension != DIMENSIONLESS:
            return f"{text}{self.language.unit(dimension)}", _SUM if op.number < 0 else _TERM
        return text, _SUM if op.number < 0 else _ATOM

    def _call(self, op: ex.Expression) -> tuple[str, int]:
        name = op.spelling
        template = self.language.templates.get(name)
        if template is None:
            raise UnsupportedError(f"{self.language.name} has no '{name}'", location_of(op))
        inside = _ATOM if template[0] == "(" else _OR
        return template.format(*(self.text(operand, inside) for operand in op.operands)), _ATOM


FUNCTIONS = {name: name + "({0})" for name in ("exp", "sqrt", "sin", "cos", "tanh", "abs")}
"""Functions that languages spell alike."""
