"""Idioms of LEMS dynamics that the IR has a construct for.

A regime that ends a fixed time after it was entered has a duration; a state that conditions set
again and again is a conditional variable; and a flag that lets a condition act once is a condition
that begins to hold.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from snnc.importing.expressions import Name, Node, Number, Operation, names_in
from snnc.lems.elements import Case, Derived, Dynamics, Equation, Reaction, Regime

TIME = Name("t")


def recognised(dynamics: Dynamics) -> Dynamics:
    """Return dynamics with idioms replaced by what they mean."""
    for name in list(dynamics.states):
        dynamics = _without_flag(dynamics, name) or _as_cases(dynamics, name) or dynamics
    regimes = tuple(_timed(regime, dynamics) for regime in dynamics.regimes)
    dynamics = replace(dynamics, regimes=regimes)
    unread = [name for name in dynamics.states if _only_set(dynamics, name)]
    return _without_states(dynamics, unread)


def _set_in(dynamics: Dynamics) -> Iterator[tuple[Reaction, Equation]]:
    for reaction in _reactions(dynamics):
        for equation in reaction.assignments:
            yield reaction, equation


def _reactions(dynamics: Dynamics) -> list[Reaction]:
    inner = [reaction for regime in dynamics.regimes for reaction in regime.reactions]
    return [*dynamics.reactions, *inner]


def _derivatives(dynamics: Dynamics) -> list[Equation]:
    return [*dynamics.derivatives, *(e for r in dynamics.regimes for e in r.derivatives)]


def _without_flag(dynamics: Dynamics, flag: str) -> Dynamics | None:
    """Replace ``if A and flag < 0.5: flag = 1, ...`` and ``if B: flag = 0`` by ``rising A``."""
    if any(e.variable == flag for e in _derivatives(dynamics)):
        return None
    setting = [r for r, e in _set_in(dynamics) if e.variable == flag]
    if len(setting) != 2 or any(r not in dynamics.reactions for r in setting):
        return None
    act, rearm = setting
    condition = _guarded(act.test, flag)
    if condition is None or rearm.assignments[1:] or rearm.sends or rearm.target:
        return None
    values = {e.variable: e.value for e in act.assignments}
    if values[flag] != Number(1.0) or rearm.assignments[0].value != Number(0.0):
        return None
    others = [node for node in _nodes(dynamics) if node is not act.test]
    if any(flag in names_in(node) for node in others) or not _opposite(condition, rearm.test):
        return None
    kept = tuple(e for e in act.assignments if e.variable != flag)
    rising = replace(act, test=condition, assignments=kept, rising=True)
    reactions = tuple(rising if r is act else r for r in dynamics.reactions if r is not rearm)
    state = dynamics.states[flag]
    held = Derived(
        flag,
        state.dimension,
        state.place,
        (Case(condition, Number(1.0)), Case(None, Number(0.0))),
    )
    return replace(
        _without_states(dynamics, [flag]),
        reactions=reactions,
        derived={**dynamics.derived, flag: held},
    )


def _guarded(test: Node | None, flag: str) -> Node | None:
    """Return A of ``A and flag < 0.5``."""
    match test:
        case Operation("and", (condition, Operation("<", (Name(name=name), Number(0.5))))):
            return condition if name == flag else None
    return None


_OPPOSITE = {">": ("<", "<="), ">=": ("<",), "<": (">", ">="), "<=": (">",)}


def _opposite(one: Node, other: Node | None) -> bool:
    match one, other:
        case Operation(sign=a, operands=left), Operation(sign=b, operands=right):
            return left == right and b in _OPPOSITE.get(a, ())
    return False


def _as_cases(dynamics: Dynamics, name: str) -> Dynamics | None:
    """Make a state a conditional variable if all conditions that set it do only that."""
    if any(e.variable == name for e in _derivatives(dynamics)):
        return None
    setting = [r for r, e in _set_in(dynamics) if e.variable == name]
    if not setting or any(r not in dynamics.reactions for r in setting):
        return None
    for reaction in setting:
        reads = [reaction.test, *(e.value for e in reaction.assignments)]
        if (
            reaction.test is None
            or reaction.sends
            or reaction.target
            or len(reaction.assignments) > 1
            or any(node is not None and name in names_in(node) for node in reads)
        ):
            return None
    # The last condition that holds decides.
    cases = tuple(Case(r.test, r.assignments[0].value) for r in reversed(setting))
    first = next((e.value for e in dynamics.start if e.variable == name), Number(0.0))
    state = dynamics.states[name]
    derived = Derived(name, state.dimension, state.place, (*cases, Case(None, first)))
    return replace(
        _without_states(dynamics, [name]),
        reactions=tuple(r for r in dynamics.reactions if r not in setting),
        derived={**dynamics.derived, name: derived},
    )


def _timed(regime: Regime, dynamics: Dynamics) -> Regime:
    """Give a regime the duration E if it is left when ``t > X + E``, X being when it was entered.

    Then the test of its reaction is dropped.
    """
    if len(regime.reactions) != 1 or regime.reactions[0].target in (None, regime.name):
        return regime
    match regime.reactions[0].test:
        case Operation(">" | ">=", (Name("t"), Operation("+", (Name(name=state), wait)))):
            pass
        case _:
            return regime
    entered = [e.variable for e in regime.entry if e.value == TIME]
    elsewhere = any(e.variable == state for _, e in _set_in(dynamics))
    fixed = not any(name in dynamics.states for name in names_in(wait))
    if state not in entered or elsewhere or not fixed:
        return regime
    return replace(regime, reactions=(replace(regime.reactions[0], test=None),), duration=wait)


def _nodes(dynamics: Dynamics) -> Iterator[Node]:
    for equation in _derivatives(dynamics):
        yield equation.value
    for derived in dynamics.derived.values():
        for case in derived.cases:
            yield from (node for node in (case.condition, case.value) if node is not None)
    for reaction in _reactions(dynamics):
        if reaction.test is not None:
            yield reaction.test
        yield from (e.value for e in reaction.assignments)
    for regime in dynamics.regimes:
        yield from (e.value for e in regime.entry)
        if regime.duration is not None:
            yield regime.duration


def _only_set(dynamics: Dynamics, name: str) -> bool:
    """Tell whether entries of regimes set a state to the time, and nothing reads it."""
    entered = any(e.variable == name and e.value == TIME for r in dynamics.regimes for e in r.entry)
    derived = any(e.variable == name for e in _derivatives(dynamics))
    return entered and not derived and not any(name in names_in(n) for n in _nodes(dynamics))


def _without_states(dynamics: Dynamics, names: list[str]) -> Dynamics:
    def kept(equations: tuple[Equation, ...]) -> tuple[Equation, ...]:
        return tuple(e for e in equations if e.variable not in names)

    return replace(
        dynamics,
        states={n: s for n, s in dynamics.states.items() if n not in names},
        start=kept(dynamics.start),
        regimes=tuple(replace(r, entry=kept(r.entry)) for r in dynamics.regimes),
    )
