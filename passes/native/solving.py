"""Solving what equal coefficients demand of a simulator's parameters."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

import sympy

from snnc.passes.native.forms import Expression


@dataclass(frozen=True)
class Equation:
    """Two coefficients that must be equal: the simulator's, and the model's.

    `place` tells a reader what they are coefficients of.
    """

    place: str
    native: Expression
    own: Expression


class Unsolvable(Exception):
    """An equation that no values of the unknowns satisfy."""

    def __init__(self, equation: Equation) -> None:
        self.equation = equation
        super().__init__(equation.place)


@dataclass
class Solver:
    """Solves equations for unknowns, one unknown at a time.

    Parameters
    ----------
    unknowns : iterable of Symbol
        Parameters of the simulator, and scales of states and receptors.
    guesses : mapping of Symbol to number
        Values for scales that equations leave open, in the order in which they are tried.
    defaults : mapping of Symbol to number
        Values for parameters that equations leave open.
    """

    unknowns: frozenset[sympy.Symbol]
    guesses: Mapping[sympy.Symbol, Expression]
    defaults: Mapping[sympy.Symbol, Expression]
    solution: dict[sympy.Symbol, Expression] = field(default_factory=dict)

    def solve(self, equations: Iterable[Equation]) -> dict[sympy.Symbol, Expression]:
        """Return values of the unknowns, as functions of the model's parameters.

        Raises
        ------
        Unsolvable
            At the first equation that cannot hold.
        """
        pending = [equation for equation in equations if equation.native != equation.own]
        steps: list[Callable[[list[Equation]], list[Equation] | None]]
        steps = [self._single, self._arguments, self._guess, self._divide, self._default]
        while pending:
            for step in steps:
                left = step(pending)
                if left is not None:
                    pending = left
                    break
            else:
                raise Unsolvable(pending[0])
        return self.solution

    def _current(self, equation: Equation) -> Equation:
        native, own = equation.native, equation.own
        known = self.solution
        return Equation(equation.place, native.xreplace(known), own.xreplace(known))

    def _open(self, equation: Equation) -> list[sympy.Symbol]:
        symbols = {*equation.native.free_symbols, *equation.own.free_symbols}
        return sorted(self.unknowns & symbols, key=str)

    def _single(self, pending: list[Equation]) -> list[Equation] | None:
        """Solve the equations that have one unknown, and check those that have none."""
        left, progress = [], False
        for equation in map(self._current, pending):
            unknowns = self._open(equation)
            if not unknowns:
                if sympy.cancel(equation.native - equation.own) != 0:
                    raise Unsolvable(equation)
                progress = True
            elif len(unknowns) == 1 and self._linear(equation, unknowns[0]):
                progress = True
            else:
                left.append(equation)
        return left if progress else None

    def _linear(self, equation: Equation, unknown: sympy.Symbol) -> bool:
        numerator = sympy.numer(sympy.together(equation.native - equation.own))
        try:
            polynomial = sympy.Poly(numerator, unknown)
        except sympy.PolynomialError:
            return False
        terms = polynomial.as_dict()
        powers = sorted(power for (power,) in terms)
        if len(powers) == 1:
            self.solution[unknown] = sympy.Integer(0)
            if unknown in self.guesses:
                raise Unsolvable(equation)
            return True
        if len(powers) != 2 or powers[1] - powers[0] != 1:
            return False
        value = sympy.cancel(-terms[(powers[0],)] / terms[(powers[1],)])
        if unknown in value.free_symbols:
            return False
        self._assign(unknown, value)
        return True

    def _assign(self, unknown: sympy.Symbol, value: Expression) -> None:
        self.solution = {
            known: sympy.cancel(other.xreplace({unknown: value}))
            if unknown in other.free_symbols
            else other
            for known, other in self.solution.items()
        }
        self.solution[unknown] = value

    def _arguments(self, pending: list[Equation]) -> list[Equation] | None:
        """Take functions apart: f(a) = f(b) holds where a = b."""
        for index, equation in enumerate(pending):
            current = self._current(equation)
            pairs = _arguments_of(current.native, current.own)
            if pairs is not None:
                found = [Equation(equation.place, a, b) for a, b in pairs if a != b]
                return [*pending[:index], *found, *pending[index + 1 :]]
        return None

    def _guess(self, pending: list[Equation]) -> list[Equation] | None:
        """Settle one of the scales that are still open."""
        still = {
            symbol for equation in map(self._current, pending) for symbol in self._open(equation)
        }
        for unknown, value in self.guesses.items():
            if unknown in still and unknown not in self.solution:
                self._assign(unknown, value)
                return pending
        return None

    def _divide(self, pending: list[Equation]) -> list[Equation] | None:
        """Give each term of a sum to the unknown that it makes the simplest value of.

        A resting current, for example, is either an injected one or a change of the potential at
        rest: the equations alone do not tell.
        """
        for index, equation in enumerate(map(self._current, pending)):
            shares = _shares(equation, self._open(equation))
            if shares is not None:
                for unknown, value in shares.items():
                    self._assign(unknown, value)
                return pending[:index] + pending[index + 1 :]
        return None

    def _default(self, pending: list[Equation]) -> list[Equation] | None:
        """Settle a parameter that only scales others, such as a capacity without any current."""
        for equation in map(self._current, pending):
            total = sympy.expand(equation.native - equation.own)
            for unknown in self._open(equation):
                if unknown in self.defaults and total.coeff(unknown) == 0:
                    self._assign(unknown, self.defaults[unknown])
                    return pending
        return None


def _arguments_of(a: Expression, b: Expression) -> list[tuple[Expression, Expression]] | None:
    if (-a).is_Function and (-b).is_Function:
        a, b = -a, -b
    if a.is_Function and b.is_Function and a.func == b.func and len(a.args) == len(b.args):
        return list(zip(a.args, b.args, strict=True))
    return None


def _shares(
    equation: Equation, unknowns: list[sympy.Symbol]
) -> dict[sympy.Symbol, Expression] | None:
    total = sympy.expand(equation.native - equation.own)
    factors = {unknown: total.coeff(unknown) for unknown in unknowns}
    rest = sympy.expand(total - sum(factor * unknown for unknown, factor in factors.items()))
    if not factors or rest.free_symbols & set(unknowns):
        return None
    if any(factor == 0 or factor.free_symbols & set(unknowns) for factor in factors.values()):
        return None
    shares: dict[sympy.Symbol, Expression] = dict.fromkeys(unknowns, sympy.Integer(0))
    for term in sympy.Add.make_args(sympy.expand(sympy.cancel(-rest))):
        values = {unknown: sympy.cancel(term / factors[unknown]) for unknown in unknowns}
        best = min(unknowns, key=lambda u: (_complexity(values[u]), str(u)))
        shares[best] += values[best]
    return shares


def _complexity(value: Expression) -> int:
    return len(value.free_symbols) + int(value.count_ops())
