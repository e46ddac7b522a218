"""Special cases of a simulator's models, which are models of their own to be compared with.

A choice that hangs on a parameter, as that of an adaptive exponential cell without upstroke, is
taken where the parameter allows it; a regime that lasts for no time is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache

import sympy

from snnc.passes.native.comparing import parameter_symbol
from snnc.passes.native.forms import Atom, Expression, Form, Monomial, form
from snnc.passes.native.references import Reference, references
from snnc.passes.native.shapes import Event, Regime, Shape

Change = Callable[[Expression], Expression]


@cache
def known_models(simulator: str) -> tuple[Reference, ...]:
    """Return the models of a simulator with their variants, in the order of their files' names.

    Raises
    ------
    OptionError
        If no models of it are known.
    """
    return tuple(one for reference in references(simulator) for one in variants(reference))


def variants(reference: Reference) -> Iterator[Reference]:
    """Yield a simulator's model, and what it is for special values of its parameters."""
    for one in (reference, *_with_choices_taken(reference)):
        yield one
        yield from _without_pauses(one)


def _with_choices_taken(reference: Reference) -> Iterator[Reference]:
    """Yield the model for parameters that fulfil the condition of each ``select`` of them."""
    conditions: dict[Expression, None] = {}

    def taken(value: Expression) -> Expression:
        for call in value.atoms(sympy.Function("select")):
            conditions[call.args[0]] = None
            value = value.xreplace({call: call.args[1]})
        return value

    shape = _changed(reference.shape, taken)
    if conditions:
        yield replace(reference, shape=shape, requires=tuple(conditions))


def _without_pauses(reference: Reference) -> Iterator[Reference]:
    """Yield the model without a regime that is only waited in, for a time that is none."""
    shape = reference.shape
    for regime in shape.regimes[1:]:
        time = _waited(regime, shape)
        if time is not None:
            left, *_ = (event.goto for event in regime.events)
            rest = tuple(
                replace(
                    one, events=tuple(_past(e, one.name, regime.name, left) for e in one.events)
                )
                for one in shape.regimes
                if one is not regime
            )
            yield replace(
                reference,
                shape=replace(shape, regimes=rest),
                settings={**reference.settings, time: 0.0},
            )


def _waited(regime: Regime, shape: Shape) -> str | None:
    """Return the parameter that says how long a regime lasts, if nothing else ends it."""
    if [event.kind for event in regime.events] != ["after"]:
        return None
    (event,) = regime.events
    time = event.condition.constant
    if time is None or event.sets or event.emits:
        return None
    return next((name for name in shape.parameters if parameter_symbol(name) == time), None)


def _past(event: Event, here: str, skipped: str, goto: str | None) -> Event:
    """Return an event that leads to where a regime that is left out would lead."""
    if event.goto != skipped:
        return event
    return replace(event, goto=None if goto == here else goto)


def _changed(shape: Shape, change: Change) -> Shape:
    return replace(shape, regimes=tuple(_changed_regime(one, change) for one in shape.regimes))


def _changed_regime(regime: Regime, change: Change) -> Regime:
    return Regime(
        regime.name,
        {name: _changed_form(value, change) for name, value in regime.derivatives.items()},
        {
            receptor: {name: _changed_form(value, change) for name, value in jumps.items()}
            for receptor, jumps in regime.arrivals.items()
        },
        tuple(_changed_event(event, change) for event in regime.events),
    )


def _changed_event(event: Event, change: Change) -> Event:
    return replace(
        event,
        condition=_changed_form(event.condition, change),
        sets={name: _changed_form(value, change) for name, value in event.sets.items()},
        delivers=None if event.delivers is None else _changed_form(event.delivers, change),
    )


def _changed_form(value: Form, change: Change) -> Form:
    return form({_changed_term(m, change): change(c) for m, c in value.terms.items()})


def _changed_term(term: Monomial, change: Change) -> Monomial:
    return tuple(
        (Atom(atom.head, tuple(_changed_form(a, change) for a in atom.arguments)), n)
        for atom, n in term
    )
