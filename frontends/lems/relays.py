"""Events inside a component: what hears a part that sends, as its ``Structure`` says."""

from __future__ import annotations

from collections.abc import Iterator

from snnc.importing.expressions import Name, Node, Operation, names_in
from snnc.importing.xml import local_name
from snnc.lems.elements import Equation, Reaction
from snnc.lems.part import Part


def hearing(part: Part) -> Iterator[tuple[Part, Reaction]]:
    """Yield the parts of a part that its events reach, with their reactions."""
    for inner in part.inner():
        own = _joined(inner, {"parent": part, "this": inner})
        if inner in own or inner in _joined(part, {"this": part}):
            for reaction in inner.type.dynamics.reactions:
                if reaction.port is not None:
                    yield inner, reaction


def _joined(owner: Part, known: dict[str, Part]) -> list[Part]:
    """Return the parts to which the structure of one part sends the events of `known` ones."""
    names: dict[str, Part] = {}
    found = []
    for step in owner.type.structure:
        if local_name(step) == "With":
            named = step.get("instance", "")
            path = owner.texts.get(named, named).removeprefix("./")
            target = known.get(named) or next(iter(owner.find(path)), None)
            if target is not None:
                names[step.get("as", "")] = target
        elif local_name(step) == "EventConnection":
            target = names.get(step.get("to", ""))
            if target is not None and step.get("from", "") in names:
                found.append(target)
    return found


def increment(equation: Equation) -> Node | None:
    """Return X of an assignment ``S = S + X``, or None if it is none."""
    own = Name(equation.variable)
    match equation.value:
        case Operation("+", (left, right)):
            return right if left == own else left if right == own else None
        case Operation("-", (left, right)) if left == own:
            return Operation("-", (right,))
    return None


def summable(part: Part, reaction: Reaction) -> bool:
    """Tell whether spikes only add what does not depend on states, so that they may be summed."""
    states = part.type.dynamics.states
    changes = [increment(equation) for equation in reaction.assignments]
    heard = reaction.sends and (part.is_cell or any(hearing(part)))
    return not heard and all(
        change is not None and not states.keys() & set(names_in(change)) for change in changes
    )


def shareable(part: Part) -> bool:
    """Tell whether the connections onto a cell may share one synapse."""
    heard = [r for r in part.type.dynamics.reactions if r.port is not None]
    return all(summable(part, reaction) for reaction in heard)
