"""What LEMS component types are made of (LEMS 0.7.6), each with its place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from snnc.importing.expressions import Node
from snnc.importing.xml import Element
from snnc.ir.diagnostics import Location


@dataclass(frozen=True)
class Declared:
    """A parameter, constant, property or state variable; `value` is its text or expression."""

    name: str
    dimension: str
    place: Location
    value: str | None = None


@dataclass(frozen=True)
class Case:
    """A value of a conditional variable; the last may have no condition."""

    condition: Node | None
    value: Node


@dataclass(frozen=True)
class Derived:
    """A derived variable: an expression, cases, or a selection of other components' variables.

    Its dimension is ``*`` if the file does not say it.
    """

    name: str
    dimension: str
    place: Location
    cases: tuple[Case, ...] = ()
    select: str | None = None
    reduce: str | None = None


@dataclass(frozen=True)
class Equation:
    """A state and its time derivative, or what it becomes."""

    variable: str
    value: Node
    place: Location


@dataclass(frozen=True)
class Reaction:
    """What a condition or an event does: assignments, outgoing events, the next regime.

    `rising` reactions act when their test begins to hold, others whenever it holds.
    """

    place: Location
    test: Node | None = None
    port: str | None = None
    assignments: tuple[Equation, ...] = ()
    sends: tuple[str, ...] = ()
    target: str | None = None
    rising: bool = False


@dataclass(frozen=True)
class Regime:
    """A regime; the rest of a component's dynamics acts in all of them."""

    name: str
    initial: bool
    derivatives: tuple[Equation, ...]
    reactions: tuple[Reaction, ...]
    entry: tuple[Equation, ...]
    place: Location
    duration: Node | None = None


@dataclass(frozen=True)
class Scheme:
    """A kinetic scheme: states joined by transitions with rates both ways."""

    place: Location
    nodes: str
    variable: str
    edges: str
    source: str
    target: str
    forward: str
    reverse: str


@dataclass(frozen=True)
class Dynamics:
    """The dynamics of a component type."""

    states: Mapping[str, Declared] = field(default_factory=dict)
    derived: Mapping[str, Derived] = field(default_factory=dict)
    derivatives: tuple[Equation, ...] = ()
    start: tuple[Equation, ...] = ()
    reactions: tuple[Reaction, ...] = ()
    regimes: tuple[Regime, ...] = ()
    schemes: tuple[Scheme, ...] = ()


@dataclass(frozen=True)
class ComponentType:
    """A component type with all that it inherits; the nearest of its `ancestors` comes first.

    `child` and `children` hold types by name; `references` names of attributes that name
    components; `ports` directions by name; `structure` elements as they stand in the file.
    """

    name: str
    place: Location
    ancestors: tuple[str, ...] = ()
    parameters: Mapping[str, Declared] = field(default_factory=dict)
    derived_parameters: Mapping[str, Declared] = field(default_factory=dict)
    constants: Mapping[str, Declared] = field(default_factory=dict)
    properties: Mapping[str, Declared] = field(default_factory=dict)
    requirements: Mapping[str, Declared] = field(default_factory=dict)
    exposures: Mapping[str, Declared] = field(default_factory=dict)
    fixed: Mapping[str, str] = field(default_factory=dict)
    child: Mapping[str, str] = field(default_factory=dict)
    children: Mapping[str, str] = field(default_factory=dict)
    attachments: Mapping[str, str] = field(default_factory=dict)
    references: tuple[str, ...] = ()
    ports: Mapping[str, str] = field(default_factory=dict)
    structure: tuple[Element, ...] = ()
    dynamics: Dynamics = field(default_factory=Dynamics)

    def extends(self, name: str) -> bool:
        """Tell whether this type is `name` or inherits from it."""
        return name == self.name or name in self.ancestors
