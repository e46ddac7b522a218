"""Expressions in the words of LEMS: units are constants, choices are variables of their own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from xdsl.ir import SSAValue

from snnc.codegen.languages.si import unit_symbol
from snnc.codegen.native.infix_text import FUNCTIONS, Language, Writer
from snnc.ir.diagnostics import UnsupportedError
from snnc.ir.dialects import expressions as ex
from snnc.ir.dialects.draws import UniformOp
from snnc.ir.locations import location_of
from snnc.ir.units import DIMENSIONLESS, Exponents

_OR, _AND, _COMPARE, _SUM, _TERM, _POWER, _ATOM = 0, 1, 3, 4, 5, 6, 7
_SIGNS = {"<": ".lt.", "<=": ".leq.", ">": ".gt.", ">=": ".geq.", "==": ".eq."}
_OPPOSITE = {"<": ".geq.", "<=": ".gt.", ">": ".leq.", ">=": ".lt.", "==": ".neq."}
_EARLIER = {ex.MinOp: ".lt.", ex.MaxOp: ".gt."}


def _unwritten(*_: object) -> str:
    raise UnsupportedError("LEMS keeps no earlier values")


LANGUAGE = Language(
    "LEMS",
    {
        **FUNCTIONS,
        "log": "ln({0})",
        "exprel": "((exp({0}) - 1) / {0})",
        # LEMS rounds up alone.
        "floor": "-ceil(-({0}))",
    },
    _unwritten,
    _unwritten,
)


@dataclass
class Choice:
    """A variable that is one of two values."""

    name: str
    exponents: Exponents
    condition: str
    values: tuple[str, str]


@dataclass
class Hoisted:
    """What expressions of a type need beside themselves.

    Attributes
    ----------
    constants : dict
        Names of numbers with a dimension.
    choices : list of Choice
        In the order of need; after `take` they are the caller's.
    taken : set of str
        Names that mean something.
    """

    taken: set[str]
    constants: dict[tuple[float, Exponents], str] = field(default_factory=dict)
    choices: list[Choice] = field(default_factory=list)

    def fresh(self, stem: str) -> str:
        """Return a new name, and take it."""
        n = 1
        while f"{stem}_{n}" in self.taken:
            n += 1
        self.taken.add(f"{stem}_{n}")
        return f"{stem}_{n}"

    def constant(self, number: float, exponents: Exponents) -> str:
        """Return the name of a number with a dimension."""
        key = number, exponents
        if key not in self.constants:
            self.constants[key] = self.fresh(unit_symbol(exponents))
        return self.constants[key]

    def take(self) -> list[Choice]:
        """Return the choices since the last call."""
        found, self.choices = self.choices, []
        return found


class Expressions(Writer):
    """Writer of expressions in LEMS.

    Parameters
    ----------
    rename : callable
        From a name of the model to its text.
    hoisted : Hoisted
        Where constants and choices go.
    """

    def __init__(self, rename: Callable[[str], str], hoisted: Hoisted) -> None:
        super().__init__(LANGUAGE, rename)
        self.hoisted = hoisted

    def parts_of_choice(self, op: ex.Expression) -> tuple[str, tuple[str, str]] | None:
        """Return the condition and the values of a choice, None for what is none."""
        if isinstance(op, ex.SelectOp):
            return self.text(op.condition), (self.text(op.lhs), self.text(op.rhs))
        if type(op) in _EARLIER:
            left, right = (self.text(operand, _SUM) for operand in op.operands)
            return f"{left} {_EARLIER[type(op)]} {right}", (left, right)
        return None

    def _operation(self, op: ex.Expression) -> tuple[str, int]:
        if (choice := self.parts_of_choice(op)) is not None:
            return self._chosen(op, *choice), _ATOM
        match op:
            case ex.AndOp():
                return f"{self.text(op.lhs, _AND)} .and. {self.text(op.rhs, _COMPARE)}", _AND
            case ex.OrOp():
                return f"{self.text(op.lhs, _OR)} .or. {self.text(op.rhs, _AND)}", _OR
            case ex.CompareOp():
                return self._compared(op, _SIGNS[op.predicate.data]), _COMPARE
            case ex.NotOp() if isinstance(op.operand.owner, ex.CompareOp):
                inner = op.operand.owner
                return self._compared(inner, _OPPOSITE[inner.predicate.data]), _COMPARE
            case ex.NotOp():
                raise UnsupportedError("LEMS has 'not' of comparisons alone", location_of(op))
            case ex.NegOp():
                return f"-{self.text(op.operand, _ATOM)}", _TERM
            case ex.PowOp():
                exponent = ex.integer_literal(op.rhs)
                right = self.text(op.rhs, _ATOM) if exponent is None else str(exponent)
                return f"{self.text(op.lhs, _ATOM)}^{right}", _POWER
            case ex.ConstOp() if ex.exponents_of(op.result) != DIMENSIONLESS:
                return self.hoisted.constant(op.number, ex.exponents_of(op.result)), _ATOM
            case ex.PreviousOp():
                raise UnsupportedError("LEMS keeps no earlier values", location_of(op))
            case UniformOp():
                return "random(1)", _ATOM
        return super()._operation(op)

    def _compared(self, op: ex.CompareOp, sign: str) -> str:
        return f"{self.text(op.lhs, _SUM)} {sign} {self.text(op.rhs, _SUM)}"

    def _chosen(self, op: ex.Expression, condition: str, values: tuple[str, str]) -> str:
        value: SSAValue = op.results[0]
        name = self.hoisted.fresh("choice")
        choice = Choice(name, ex.exponents_of(value), condition, values)
        self.hoisted.choices.append(choice)
        self.bind(value, name)
        return name
