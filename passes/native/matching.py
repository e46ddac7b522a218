"""Finding the model of a simulator that is a given model, by structure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import sympy

from snnc.passes.native.comparing import (
    Comparison,
    Pairing,
    parameter_symbol,
    receptor_scale,
    state_scale,
)
from snnc.passes.native.forms import Expression, literal
from snnc.passes.native.pairing import nearest_pairing, pairings
from snnc.passes.native.references import Reference
from snnc.passes.native.shapes import Shape
from snnc.passes.native.solving import Equation, Solver, Unsolvable


@dataclass(frozen=True)
class Match:
    """A simulator's model that is ours, with its parameters as functions of ours.

    Attributes
    ----------
    parameters : dict
        Values of the simulator's parameters that the model determines.
    states, receptors : dict
        Simulator coherent units per coherent unit, by our names.
    """

    reference: Reference
    pairing: Pairing
    parameters: Mapping[str, Expression]
    states: Mapping[str, Expression]
    receptors: Mapping[str, Expression]


@dataclass(frozen=True)
class NoMatch:
    """Why no model of a simulator is ours: the nearest one, and in what it differs."""

    nearest: str | None
    difference: str

    def __str__(self) -> str:
        if self.nearest is None:
            return self.difference
        return f"the nearest is '{self.nearest}': {self.difference}"


def match(own: Shape, references: Iterable[Reference]) -> Match | NoMatch:
    """Return the reference that equals a model, or why none does.

    Of several, the one that leaves the fewest of its own states unused is taken.
    """
    kin = [reference for reference in references if reference.shape.kind == own.kind]
    kin.sort(key=lambda reference: abs(len(reference.shape.states) - len(own.states)))
    failures: list[tuple[float, str, str]] = []
    for reference in kin:
        for pairing in pairings(reference.shape, own):
            comparison = Comparison(reference.shape, own, pairing)
            found = _solved(reference, own, comparison)
            if isinstance(found, Match):
                return found
            failures.append((_likeness(comparison), reference.name, found))
    for reference in kin:
        comparison = Comparison(reference.shape, own, nearest_pairing(reference.shape, own))
        unpaired = _unpaired(reference.shape, own, comparison.pairing)
        found = unpaired[0] if unpaired else _solved(reference, own, comparison)
        if isinstance(found, Match):
            return found
        likeness = _likeness(comparison) - 0.1 * len(unpaired)
        failures.append((likeness, reference.name, found))
    if not failures:
        return NoMatch(None, f"the simulator has no {own.kind} to compare with")
    _, name, difference = max(failures, key=lambda failure: failure[0])
    return NoMatch(name, difference)


def _solved(reference: Reference, own: Shape, comparison: Comparison) -> Match | str:
    """Return the match, or the first thing that differs.

    States that can be equal are taken to be equal at first; only if that fails may they differ by a
    factor, as where a gating variable stands for a conductance.
    """
    if comparison.differences:
        return str(comparison.differences[0])
    theirs = {ours: name for name, ours in comparison.pairing.states.items()}
    equal = [n for n, d in own.states.items() if reference.shape.states[theirs[n]] == d]
    first = _solution(reference, own, comparison, equal)
    if isinstance(first, Match) or not equal:
        return first
    second = _solution(reference, own, comparison, [])
    return second if isinstance(second, Match) else first


def _solution(
    reference: Reference, own: Shape, comparison: Comparison, equal: list[str]
) -> Match | str:
    scales = {state_scale(name): name for name in own.states}
    weights = {receptor_scale(name): name for name in own.receptors}
    symbols = {parameter_symbol(name): name for name in reference.shape.parameters}
    one = sympy.Integer(1)
    solver = Solver(
        frozenset({*scales, *weights, *symbols}),
        dict.fromkeys([*scales, *weights], one),
        {parameter_symbol(name): literal(value) for name, value in reference.defaults.items()},
        {state_scale(name): one for name in equal},
    )
    try:
        solution = solver.solve(comparison.equations)
    except Unsolvable as error:
        return _inequality(error.equation, solver)
    for condition in reference.requires:
        if _never(condition.xreplace(solution)):
            return f"it is so for {_shown(condition.args[0])} > 0 alone"
    return Match(
        reference,
        comparison.pairing,
        {name: solution[s] for s, name in symbols.items() if s in solution},
        {name: solution.get(s, one) for s, name in scales.items()},
        {name: solution.get(s, one) for s, name in weights.items()},
    )


def _never(condition: Expression) -> bool:
    """Tell whether a condition is one of numbers, and false."""
    (difference,) = condition.args
    return bool(difference.is_number) and not difference > 0


def _inequality(equation: Equation, solver: Solver) -> str:
    native, ours = (side.xreplace(solver.solution) for side in (equation.native, equation.own))
    return f"{equation.place} has a coefficient {ours}; found {_shown(native)} there"


def _shown(value: Expression) -> Expression:
    """Return an expression with the simulator's parameters under their names."""
    names = {s: sympy.Symbol(str(s).removeprefix("native ")) for s in value.free_symbols}
    return value.xreplace(names)


def _unpaired(native: Shape, own: Shape, pairing: Pairing) -> list[str]:
    told = [f"it has no receptor like '{name}'" for name in own.receptors]
    told = told if len(pairing.receptors) < len(own.receptors) else []
    paired = set(pairing.states.values())
    told += [f"it has no state like '{name}'" for name in own.states if name not in paired]
    if len(own.inputs) > len(native.inputs):
        told.append(f"it has no current '{own.inputs[-1]}'")
    return told


def _likeness(comparison: Comparison) -> float:
    """Return the share of terms and states that two models have in common."""
    unused = len(comparison.native.states) - len(comparison.pairing.states)
    agreements, differences = comparison.agreements, len(comparison.differences)
    return agreements / max(1, agreements + differences) - 0.1 * unused
