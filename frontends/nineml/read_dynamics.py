"""Component classes: dynamics, connection rules and random distributions."""

from __future__ import annotations

from collections.abc import Mapping

from snnc.importing.quantities import Quantity
from snnc.importing.xml import Element, local_name
from snnc.nineml.elements import (
    ComponentClass,
    Dynamics,
    Equation,
    Port,
    Reaction,
    Regime,
    Rule,
)
from snnc.nineml.scope import Scope

ANALOG = ("AnalogSendPort", "AnalogReceivePort", "AnalogReducePort")
EVENTS = ("EventSendPort", "EventReceivePort")
_BODIES = ("Dynamics", "ConnectionRule", "RandomDistribution")


def read_class(scope: Scope, element: Element) -> ComponentClass:
    """Return what a ``ComponentClass`` defines.

    Raises
    ------
    ModelError
        If an element is unknown or a name is declared twice; with its place.
    """
    name = scope.text(element, "name")
    parameters: dict[str, Port] = {}
    ports: dict[str, Port] = {}
    body: Element | None = None
    for tag, child in scope.children(element, "Parameter", *ANALOG, *EVENTS, *_BODIES):
        if tag in _BODIES:
            if body is not None:
                raise scope.refuse(child, f"'{name}' has two bodies")
            body = child
        else:
            _declare(scope, parameters if tag == "Parameter" else ports, tag, child)
    if body is None:
        raise scope.refuse(element, f"'{name}' has no body; expected one of {', '.join(_BODIES)}")
    if local_name(body) != "Dynamics":
        library = scope.text(body, "standard_library").rstrip("/").rpartition("/")[2]
        return Rule(name, local_name(body), library, scope.place(body))
    return _Reader(scope).dynamics(name, parameters, ports, body)


def _declare(scope: Scope, names: dict[str, Port], tag: str, element: Element) -> None:
    name = scope.text(element, "name")
    if name in names:
        raise scope.refuse(element, f"'{name}' is declared twice")
    if tag == "AnalogReducePort" and element.get("operator") != "+":
        raise scope.refuse(
            element, f"operator '{element.get('operator')}' is unknown; expected '+'"
        )
    exponents = None if tag in EVENTS else scope.dimension(element)
    names[name] = Port(name, exponents, tag, scope.place(element))


class _Reader:
    def __init__(self, scope: Scope) -> None:
        self.scope = scope

    def dynamics(
        self, name: str, parameters: Mapping[str, Port], ports: Mapping[str, Port], body: Element
    ) -> Dynamics:
        states: dict[str, Port] = {}
        constants: dict[str, Quantity] = {}
        aliases: dict[str, Equation] = {}
        regimes: list[Regime] = []
        for tag, child in self.scope.children(body, "StateVariable", "Regime", "Alias", "Constant"):
            if tag == "StateVariable":
                _declare(self.scope, states, tag, child)
            elif tag == "Regime":
                regimes.append(self.regime(child))
            elif tag == "Alias":
                variable = self.scope.text(child, "name")
                aliases[variable] = self.equation(variable, child)
            else:
                units = self.scope.text(child, "units")
                constants[self.scope.text(child, "name")] = self.scope.quantity(
                    child, child.text, units
                )
        return Dynamics(
            name, parameters, ports, states, constants, aliases, tuple(regimes),
            self.scope.place(body),
        )  # fmt: skip

    def equation(self, variable: str, element: Element) -> Equation:
        return Equation(variable, self.scope.expression(element), self.scope.place(element))

    def regime(self, element: Element) -> Regime:
        name = self.scope.text(element, "name")
        derivatives: list[Equation] = []
        reactions: list[Reaction] = []
        allowed = ("TimeDerivative", "OnCondition", "OnEvent")
        for tag, child in self.scope.children(element, *allowed):
            if tag == "TimeDerivative":
                derivatives.append(self.equation(self.scope.text(child, "variable"), child))
            else:
                reactions.append(self.reaction(tag, child, name))
        return Regime(name, tuple(derivatives), tuple(reactions), self.scope.place(element))

    def reaction(self, tag: str, element: Element, regime: str) -> Reaction:
        assignments: list[Equation] = []
        sends: list[str] = []
        trigger = None
        allowed = (
            "StateAssignment",
            "OutputEvent",
            *(("Trigger",) if tag == "OnCondition" else ()),
        )
        for inner, child in self.scope.children(element, *allowed):
            if inner == "StateAssignment":
                assignments.append(self.equation(self.scope.text(child, "variable"), child))
            elif inner == "OutputEvent":
                sends.append(self.scope.text(child, "port"))
            else:
                trigger = self.scope.expression(child)
        if tag == "OnCondition" and trigger is None:
            raise self.scope.refuse(element, "<OnCondition> lacks its <Trigger>")
        return Reaction(
            tuple(assignments), tuple(sends), element.get("target_regime", regime),
            self.scope.place(element), trigger,
            self.scope.text(element, "port") if tag == "OnEvent" else None,
        )  # fmt: skip
