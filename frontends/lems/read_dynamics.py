"""The dynamics of a component type, from its XML."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from snnc.importing.expressions import Node, parse_expression
from snnc.importing.xml import Element, local_name, place
from snnc.ir.diagnostics import Location, ModelError
from snnc.lems.elements import (
    Case,
    Declared,
    Derived,
    Dynamics,
    Equation,
    Reaction,
    Regime,
    Scheme,
)


class Reader:
    """Reads elements of one file."""

    def __init__(self, file: str) -> None:
        self.file = file

    def place(self, element: Element) -> Location:
        """Return where an element starts."""
        return place(element, self.file)

    def unknown(self, element: Element, where: Element) -> ModelError:
        """Return the error for an element that has no place in another."""
        message = f"<{local_name(element)}> in <{local_name(where)}> is unknown"
        return ModelError(message, self.place(element))

    def attribute(self, element: Element, name: str) -> str:
        """Return an attribute that must be there."""
        text = element.get(name)
        if text is None:
            raise ModelError(f"<{local_name(element)}> lacks '{name}'", self.place(element))
        return text

    def expression(self, element: Element, name: str) -> Node:
        """Return the expression in an attribute."""
        return parse_expression(self.attribute(element, name), self.place(element))

    def declared(self, element: Element, value: str = "value") -> Declared:
        """Return a declaration with a name and a dimension."""
        name = element.get("symbol") or self.attribute(element, "name")
        dimension = element.get("dimension", "none")
        return Declared(name, dimension, self.place(element), element.get(value))

    def dynamics(self, element: Element) -> Dynamics:
        """Return what a ``Dynamics`` element says.

        Raises
        ------
        ModelError
            For elements that are unknown there, missing attributes and malformed expressions.
        """
        states: dict[str, Declared] = {}
        derived: dict[str, Derived] = {}
        regimes: list[Regime] = []
        schemes: list[Scheme] = []
        start: list[Equation] = []
        derivatives: list[Equation] = []
        reactions: list[Reaction] = []
        for child in element:
            match local_name(child):
                case "StateVariable":
                    states[self.attribute(child, "name")] = self.declared(child)
                case "DerivedVariable" | "ConditionalDerivedVariable":
                    derived[self.attribute(child, "name")] = self.derived(child)
                case "TimeDerivative":
                    derivatives.append(self.equation(child))
                case "OnStart":
                    start += self.assignments(child)
                case "OnCondition" | "OnEvent":
                    reactions.append(self.reaction(child))
                case "Regime":
                    regimes.append(self.regime(child))
                case "KineticScheme":
                    schemes.append(self.scheme(child))
                case _:
                    raise self.unknown(child, element)
        # A state that is also derived is what it derives from.
        states = {name: state for name, state in states.items() if name not in derived}
        return Dynamics(
            states,
            derived,
            tuple(derivatives),
            tuple(start),
            tuple(reactions),
            tuple(regimes),
            tuple(schemes),
        )

    def derived(self, element: Element) -> Derived:
        """Return a derived variable, conditional or not."""
        found = self.declared(element)
        cases: tuple[Case, ...] = ()
        select = element.get("select")
        if local_name(element) == "ConditionalDerivedVariable":
            cases = tuple(self.cases(element))
        elif select is None:
            cases = (Case(None, self.expression(element, "value")),)
        reduce = element.get("reduce")
        if reduce not in (None, "add", "multiply"):
            raise ModelError(
                f"unknown reduction; found '{reduce}', expected add or multiply", found.place
            )
        dimension = element.get("dimension", "*")
        return Derived(found.name, dimension, found.place, cases, select, reduce)

    def cases(self, element: Element) -> Iterator[Case]:
        """Yield the cases of a conditional variable."""
        for child in element:
            if local_name(child) != "Case":
                raise self.unknown(child, element)
            given = child.get("condition") is not None
            condition = self.expression(child, "condition") if given else None
            yield Case(condition, self.expression(child, "value"))

    def equation(self, element: Element) -> Equation:
        """Return an assignment or derivative."""
        variable = self.attribute(element, "variable")
        return Equation(variable, self.expression(element, "value"), self.place(element))

    def assignments(self, element: Element) -> list[Equation]:
        """Return the assignments in an ``OnStart`` or ``OnEntry``."""
        for child in element:
            if local_name(child) != "StateAssignment":
                raise self.unknown(child, element)
        return [self.equation(child) for child in element]

    def reaction(self, element: Element) -> Reaction:
        """Return what an ``OnCondition`` or ``OnEvent`` does."""
        sets: list[Equation] = []
        sends: list[str] = []
        target = None
        for child in element:
            match local_name(child):
                case "StateAssignment":
                    sets.append(self.equation(child))
                case "EventOut":
                    sends.append(self.attribute(child, "port"))
                case "Transition":
                    target = self.attribute(child, "regime")
                case _:
                    raise self.unknown(child, element)
        on_event = local_name(element) == "OnEvent"
        return Reaction(
            self.place(element),
            None if on_event else self.expression(element, "test"),
            self.attribute(element, "port") if on_event else None,
            tuple(sets),
            tuple(sends),
            target,
        )

    def regime(self, element: Element) -> Regime:
        """Return a regime."""
        derivatives: list[Equation] = []
        reactions: list[Reaction] = []
        entry: list[Equation] = []
        handlers: dict[str, Callable[[Element], None]] = {
            "TimeDerivative": lambda e: derivatives.append(self.equation(e)),
            "OnCondition": lambda e: reactions.append(self.reaction(e)),
            "OnEvent": lambda e: reactions.append(self.reaction(e)),
            "OnEntry": lambda e: entry.extend(self.assignments(e)),
        }
        for child in element:
            if local_name(child) not in handlers:
                raise self.unknown(child, element)
            handlers[local_name(child)](child)
        return Regime(
            self.attribute(element, "name"),
            element.get("initial") == "true",
            tuple(derivatives),
            tuple(reactions),
            tuple(entry),
            self.place(element),
        )

    def scheme(self, element: Element) -> Scheme:
        """Return a kinetic scheme."""
        names = (
            "nodes", "stateVariable", "edges", "edgeSource", "edgeTarget", "forwardRate",
            "reverseRate",
        )  # fmt: skip
        return Scheme(self.place(element), *(self.attribute(element, name) for name in names))
