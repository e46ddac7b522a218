"""Idioms of NineML dynamics that the IR has a construct for: timers and Poisson processes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from snnc.importing.expressions import Call, Name, Node, Number, Operation, names_in
from snnc.nineml.elements import Dynamics, Equation, Reaction, Regime

TIME = Name("t")


@dataclass(frozen=True)
class Timer:
    """A state that only says when a regime ends: `duration` after it was entered."""

    state: str
    duration: Node


def timers(dynamics: Dynamics) -> dict[str, Timer]:
    """Return the regimes that last for a fixed time, with what they wait for.

    A regime is left by the one condition ``t > X``, every event that enters it sets ``X = t + E``,
    where E reads no state, and nothing else reads X.
    """
    return {
        regime.name: timer
        for regime in dynamics.regimes
        if (timer := _timer_of(regime, dynamics)) is not None
    }


def _timer_of(regime: Regime, dynamics: Dynamics) -> Timer | None:
    conditions = [reaction for reaction in regime.reactions if reaction.port is None]
    if len(conditions) != 1 or conditions[0].target == regime.name:
        return None
    leave = conditions[0]
    state = awaited(leave.trigger)
    if state is None or state not in dynamics.states or _reads(dynamics, leave, state):
        return None
    durations = []
    for other, reaction in reactions_of(dynamics):
        values = [e.value for e in reaction.assignments if e.variable == state]
        enters = reaction.target == regime.name and other is not regime
        if bool(values) != enters:
            return None
        durations += [time_after_now(value) for value in values]
    if not durations or durations[0] is None or any(d != durations[0] for d in durations):
        return None
    fixed = not any(name in dynamics.states or name == "t" for name in names_in(durations[0]))
    return Timer(state, durations[0]) if fixed else None


def awaited(trigger: Node | None) -> str | None:
    """Return X of ``t > X`` or ``t >= X``."""
    match trigger:
        case Operation(sign=">" | ">=", operands=(Name(name="t"), Name(name=state))):
            return state
        case Operation(sign="<" | "<=", operands=(Name(name=state), Name(name="t"))):
            return state
    return None


def time_after_now(value: Node) -> Node | None:
    """Return E of ``t + E`` or ``E + t``."""
    match value:
        case Operation(sign="+", operands=(left, right)):
            if left == TIME:
                return right
            return left if right == TIME else None
    return None


def reactions_of(dynamics: Dynamics) -> Iterator[tuple[Regime, Reaction]]:
    """Yield all reactions with the regime they stand in."""
    for regime in dynamics.regimes:
        for reaction in regime.reactions:
            yield regime, reaction


def _reads(dynamics: Dynamics, but: Reaction, state: str) -> bool:
    """Tell whether anything reads a state, apart from the trigger of one reaction."""
    nodes = [alias.value for alias in dynamics.aliases.values()]
    nodes += [e.value for regime in dynamics.regimes for e in regime.derivatives]
    for _, reaction in reactions_of(dynamics):
        nodes += [e.value for e in reaction.assignments]
        if reaction.trigger is not None and reaction is not but:
            nodes.append(reaction.trigger)
    derived = any(e.variable == state for r in dynamics.regimes for e in r.derivatives)
    return derived or any(state in names_in(node) for node in nodes)


def poisson_rate(dynamics: Dynamics) -> tuple[str, Node] | None:
    """Return the timer and the rate of a component that is a Poisson process, or None.

    It has one regime and one condition ``t > X``, which sends an event and sets
    ``X = t + scale * random.exponential(rate)``.
    """
    if len(dynamics.regimes) != 1 or dynamics.regimes[0].derivatives:
        return None
    match dynamics.regimes[0].reactions:
        case (Reaction(assignments=(Equation() as next_,), sends=(_,)) as reaction,):
            wait = time_after_now(next_.value)
            if awaited(reaction.trigger) != next_.variable or wait is None:
                return None
            rate = _rate_of(wait)
            return None if rate is None else (next_.variable, rate)
    return None


def _rate_of(wait: Node) -> Node | None:
    match wait:
        case Call(function="random.exponential", arguments=(rate,)):
            return rate
        case Operation(sign="*", operands=(scale, Call("random.exponential", (rate,)))):
            return _quotient(rate, scale)
        case Operation(sign="*", operands=(Call("random.exponential", (rate,)), scale)):
            return _quotient(rate, scale)
    return None


def _quotient(node: Node, divisor: Node) -> Node:
    match node:
        case Operation(sign="*", operands=(left, right)) if right == divisor:
            return left
        case Operation(sign="*", operands=(left, right)) if left == divisor:
            return right
    return Operation("/", (node, divisor))


def increment(equation: Equation) -> Node | None:
    """Return X of an assignment ``S = S + X``, or None if it is none."""
    own = Name(equation.variable)
    match equation.value:
        case Operation(sign="+", operands=(left, right)):
            if left == own:
                return right
            return left if right == own else None
        case Operation(sign="-", operands=(left, right)) if left == own:
            return Operation("-", (right,))
    return None


def is_linear(node: Node, states: set[str]) -> bool:
    """Tell whether an expression is linear in states, without a constant term."""
    return _degree(node, states) == 1 or node == Number(0.0)


def _degree(node: Node, states: set[str]) -> int | None:
    """Return 0 for what reads no state, 1 for what is linear in them, None otherwise."""
    match node:
        case Name(name=name):
            return int(name in states)
        case Operation(sign="-", operands=(operand,)):
            return _degree(operand, states)
        case Operation(sign="+" | "-", operands=(left, right)):
            a, b = _degree(left, states), _degree(right, states)
            return a if a == b else None
        case Operation(sign="*", operands=(left, right)):
            a, b = _degree(left, states), _degree(right, states)
            return None if a is None or b is None or a + b > 1 else a + b
        case Operation(sign="/", operands=(left, right)):
            return _degree(left, states) if _degree(right, states) == 0 else None
    return None if states & set(names_in(node)) else 0
