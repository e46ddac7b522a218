"""What NineML files are made of (NineML specification 1.0), each with its place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from snnc.importing.expressions import Node
from snnc.importing.quantities import Quantity
from snnc.ir.diagnostics import Location
from snnc.ir.units import Exponents
from snnc.ir.values import Random


@dataclass(frozen=True)
class Port:
    """A parameter, state variable or port: a name with a dimension, None for events."""

    name: str
    exponents: Exponents | None
    kind: str
    place: Location


@dataclass(frozen=True)
class Equation:
    """A variable and what it is, becomes, or how it changes."""

    variable: str
    value: Node
    place: Location


@dataclass(frozen=True)
class Reaction:
    """What an event or condition does: assignments, outgoing events, the next regime."""

    assignments: tuple[Equation, ...]
    sends: tuple[str, ...]
    target: str
    place: Location
    trigger: Node | None = None
    port: str | None = None


@dataclass(frozen=True)
class Regime:
    """A regime with its derivatives and reactions."""

    name: str
    derivatives: tuple[Equation, ...]
    reactions: tuple[Reaction, ...]
    place: Location


@dataclass(frozen=True)
class Dynamics:
    """A component class with dynamics."""

    name: str
    parameters: Mapping[str, Port]
    ports: Mapping[str, Port]
    states: Mapping[str, Port]
    constants: Mapping[str, Quantity]
    aliases: Mapping[str, Equation]
    regimes: tuple[Regime, ...]
    place: Location


@dataclass(frozen=True)
class Rule:
    """A component class that is a connection rule or a random distribution."""

    name: str
    kind: str
    library: str
    place: Location


ComponentClass: TypeAlias = Dynamics | Rule
Content: TypeAlias = "Quantity | tuple[Quantity, ...] | Random"


@dataclass(frozen=True)
class Property:
    """A value of a component: a number, one for each element, or a random distribution."""

    name: str
    value: Content
    place: Location


@dataclass(frozen=True)
class Component:
    """A component class with values."""

    name: str
    definition: ComponentClass
    properties: Mapping[str, Property]
    initial: Mapping[str, Property]
    place: Location


@dataclass(frozen=True)
class Population:
    """Cells of one component."""

    name: str
    size: int
    cell: Component
    place: Location


@dataclass(frozen=True)
class Selection:
    """Populations one after the other."""

    name: str
    members: tuple[str, ...]
    place: Location


@dataclass(frozen=True)
class Connection:
    """A port of one part of a projection that feeds a port of another."""

    sender: str
    send_port: str
    receiver: str
    receive_port: str
    place: Location


@dataclass(frozen=True)
class Projection:
    """Synapses between two groups, with their response and plasticity."""

    name: str
    source: str
    destination: str
    connectivity: Component
    response: Component
    plasticity: Component | None
    connections: tuple[Connection, ...]
    delay: Content
    place: Location


@dataclass
class Library:
    """Everything that a file defines, by name."""

    file: str
    classes: dict[str, ComponentClass] = field(default_factory=dict)
    components: dict[str, Component] = field(default_factory=dict)
    populations: dict[str, Population] = field(default_factory=dict)
    selections: dict[str, Selection] = field(default_factory=dict)
    projections: dict[str, Projection] = field(default_factory=dict)
