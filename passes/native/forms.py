"""Expressions as polynomials in what changes, with coefficients in the parameters.

Two models that are written differently, ``(v_rest - v)/tau_m`` and ``g_L*(E_L - v)/C_m``, have the
same monomials in states and inputs; what differs are coefficients, which are SymPy expressions of
parameters. Functions of states are atoms of such polynomials, with polynomials as arguments.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from typing import Any, TypeAlias

import sympy
from xdsl.ir import Operation, SSAValue

from snnc.ir.dialects import draws
from snnc.ir.dialects import expressions as ex

Monomial = tuple[tuple["Atom", int], ...]
"""Atoms with their powers, sorted; the empty one belongs to the constant term."""

Expression: TypeAlias = Any
"""A SymPy expression of parameters: what SymPy declares of its own is too loose to check."""

_DIGITS = 14
_ROUNDING = 2e-15
_DENOMINATOR = 1000
_GUARD = 1e-6
_SYMPY: dict[str, Callable[..., Expression]] = {
    "exp": sympy.exp,
    "log": sympy.log,
    "sqrt": sympy.sqrt,
    "sin": sympy.sin,
    "cos": sympy.cos,
    "tanh": sympy.tanh,
    "floor": sympy.floor,
    "pow": sympy.Pow,
}


@dataclass(frozen=True)
class Atom:
    """A state, an input, or a function of some; names of states and inputs have no arguments."""

    head: str
    arguments: tuple[Form, ...] = ()

    @cached_property
    def text(self) -> str:
        """The atom as a reader of a message wants it."""
        if not self.arguments:
            return self.head
        return f"{self.head}({', '.join(str(argument) for argument in self.arguments)})"

    def names(self) -> Iterator[str]:
        """Yield the states and inputs that the atom depends on."""
        if not self.arguments:
            yield self.head
        for argument in self.arguments:
            yield from argument.names()


@dataclass(frozen=True)
class Form:
    """A polynomial in atoms: coefficients, none of them zero, by monomial."""

    terms: Mapping[Monomial, Expression] = field(hash=False)

    def __hash__(self) -> int:
        return hash(frozenset(self.terms))

    def __str__(self) -> str:
        return " + ".join(term_text(m, c) for m, c in self.terms.items()) or "0"

    @property
    def constant(self) -> Expression | None:
        """The value, if it depends on parameters alone."""
        if not self.terms:
            return sympy.Integer(0)
        return self.terms.get(()) if len(self.terms) == 1 else None

    def names(self) -> Iterator[str]:
        """Yield the states and inputs that the polynomial depends on."""
        for monomial in self.terms:
            for atom, _ in monomial:
                yield from atom.names()

    def __add__(self, other: Form) -> Form:
        terms = dict(self.terms)
        for monomial, coefficient in other.terms.items():
            terms[monomial] = terms.get(monomial, sympy.Integer(0)) + coefficient
        return form(terms)

    def __mul__(self, other: Form) -> Form:
        terms: dict[Monomial, Expression] = {}
        for a, x in self.terms.items():
            for b, y in other.terms.items():
                both = product(a, b)
                terms[both] = terms.get(both, sympy.Integer(0)) + x * y
        return form(terms)

    def __neg__(self) -> Form:
        return Form({monomial: -c for monomial, c in self.terms.items()})

    def __sub__(self, other: Form) -> Form:
        return self + -other

    def inverse(self) -> Form:
        """Return 1 / self."""
        if len(self.terms) == 1:
            ((monomial, coefficient),) = self.terms.items()
            return Form({tuple((atom, -n) for atom, n in monomial): 1 / coefficient})
        return of_atom(Atom("inverse", (self,)))

    def power(self, n: int) -> Form:
        """Return self to the power of a whole number."""
        if n < 0:
            return self.power(-n).inverse()
        result = of_constant(sympy.Integer(1))
        for _ in range(n):
            result = result * self
        return result


def term_text(monomial: Monomial, coefficient: Expression) -> str:
    """Return one term as text."""
    factors = [atom.text if n == 1 else f"{atom.text}^{n}" for atom, n in monomial]
    text = str(coefficient).replace("**", "^")
    if text == "1" and factors:
        return "*".join(factors)
    return "*".join([f"({text})" if coefficient.is_Add else text, *factors])


def form(terms: Mapping[Monomial, Expression]) -> Form:
    """Return the polynomial of some terms, without those that vanish."""
    return Form({monomial: c for monomial, c in terms.items() if c != 0})


def of_constant(value: Expression) -> Form:
    """Return the polynomial that is a function of parameters."""
    return form({(): value})


def of_atom(atom: Atom) -> Form:
    """Return the polynomial that is one atom."""
    return Form({((atom, 1),): sympy.Integer(1)})


def product(a: Monomial, b: Monomial) -> Monomial:
    """Return the product of two monomials."""
    powers = dict(a)
    for atom, n in b:
        powers[atom] = powers.get(atom, 0) + n
    kept = [(atom, n) for atom, n in powers.items() if n]
    return tuple(sorted(kept, key=lambda factor: factor[0].text))


def literal(value: float) -> Expression:
    """Return a number, rounded by what conversions of units may have left in its last digits.

    Where it is a simple fraction, such as 1/18, to that many digits, it is that fraction.
    """
    simple = Fraction(value).limit_denominator(_DENOMINATOR)
    if abs(float(simple) - value) < _ROUNDING * abs(value):
        return sympy.Rational(simple.numerator, simple.denominator)
    return sympy.Rational(f"{value:.{_DIGITS}g}")


class Reader:
    """Reads values of the IR as polynomials.

    Parameters
    ----------
    names : mapping of str to Form
        What each name stands for; those that are missing are atoms.
    """

    def __init__(self, names: Mapping[str, Form]) -> None:
        self.names = names
        self._done: dict[SSAValue, Form] = {}

    def bind(self, value: SSAValue, meaning: Form) -> None:
        """Let `value` stand for `meaning`."""
        self._done[value] = meaning

    def read(self, value: SSAValue) -> Form:
        """Return the polynomial of `value`."""
        known = self._done.get(value)
        if known is None:
            op = value.owner
            assert isinstance(op, Operation), "block arguments must be bound"
            known = self._done[value] = self._operation(op)
        return known

    def _operation(self, op: Operation) -> Form:
        match op:
            case ex.ConstOp():
                return of_constant(literal(op.number))
            case ex.GetOp():
                name = op.variable.data
                return self.names.get(name) or of_atom(Atom(name))
            case ex.PreviousOp():
                return of_atom(Atom("previous", (of_atom(Atom(op.variable.data)),)))
        operands = [self.read(operand) for operand in op.operands]
        match op:
            case ex.AddOp():
                return operands[0] + operands[1]
            case ex.SubOp():
                return operands[0] - operands[1]
            case ex.MulOp():
                return operands[0] * operands[1]
            case ex.DivOp():
                return operands[0] * operands[1].inverse()
            case ex.NegOp():
                return -operands[0]
            case ex.CompareOp():
                return _comparison(op.predicate.data, *operands)
            case ex.PowOp() if (n := ex.integer_literal(op.rhs)) is not None:
                return operands[0].power(n)
            case draws.Draw():
                return of_atom(Atom(op.spelling, (*operands, _stream(op))))
        assert isinstance(op, ex.Expression), f"{op.name} is no expression"
        return _call(op.spelling, operands)


def _stream(op: draws.Draw) -> Form:
    return of_atom(Atom(f"stream {op.stream.data}"))


def _comparison(sign: str, left: Form, right: Form) -> Form:
    """Return ``a >= b`` as ``a - b`` compared with nothing, and ``a <= b`` likewise."""
    if sign in ("<", "<="):
        sign, left, right = sign.replace("<", ">"), right, left
    return _call(sign, [left - right])


def _call(name: str, arguments: list[Form]) -> Form:
    if name == "max" and _is_guard(arguments[1]):
        return arguments[0]
    values = [argument.constant for argument in arguments]
    if all(value is not None for value in values):
        return of_constant(_function(name, [value for value in values if value is not None]))
    return of_atom(Atom(name, tuple(arguments)))


def _is_guard(floor: Form) -> bool:
    """Return whether a lower bound serves only to keep a division from failing at zero."""
    value = floor.constant
    return value is not None and bool(value.is_number) and 0.0 < float(value) <= _GUARD


def _function(name: str, values: list[Expression]) -> Expression:
    if name not in _SYMPY:
        return sympy.Function(name)(*values)
    result = _SYMPY[name](*values)
    if result.is_number and not result.is_Rational and math.isfinite(float(result)):
        return literal(float(result))
    return result
