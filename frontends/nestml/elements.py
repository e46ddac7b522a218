"""What a NESTML model consists of, free of the parser's own classes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from snnc.importing.expressions import Node
from snnc.ir.diagnostics import Location
from snnc.ir.units import DIMENSIONLESS, Unit

NUMBER = Unit(1.0, DIMENSIONLESS)
"""The unit of pure numbers."""


@dataclass(frozen=True)
class Type:
    """A declared type: the unit of a quantity, or a truth value."""

    unit: Unit = NUMBER
    truth: bool = False


@dataclass(frozen=True)
class Variable:
    """A state, parameter, internal or inline expression; primes are part of the name."""

    name: str
    type: Type
    value: Node | None
    place: Location
    recordable: bool = False


@dataclass(frozen=True)
class Equation:
    """``name^(order) = value``."""

    name: str
    order: int
    value: Node
    place: Location


@dataclass(frozen=True)
class Kernel:
    """A kernel: functions of time, or, where orders are not 0, equations."""

    name: str
    equations: tuple[Equation, ...]
    place: Location


@dataclass(frozen=True)
class Port:
    """An input; `type` is that of a continuous one."""

    name: str
    spikes: bool
    type: Type
    place: Location


@dataclass(frozen=True)
class Assign:
    """``name = value``."""

    name: str
    value: Node
    place: Location


@dataclass(frozen=True)
class Declare:
    """A local variable."""

    name: str
    type: Type
    value: Node | None
    place: Location


@dataclass(frozen=True)
class If:
    """Branches with their conditions; the condition of ``else`` is None."""

    branches: tuple[tuple[Node | None, tuple[Statement, ...]], ...]
    place: Location


@dataclass(frozen=True)
class Emit:
    """``emit_spike``, in synapses with a weight."""

    weight: Node | None
    place: Location


@dataclass(frozen=True)
class Integrate:
    """``integrate_odes`` of some states, or of all."""

    names: tuple[str, ...] | None
    place: Location


@dataclass(frozen=True)
class Return:
    """The value of a function."""

    value: Node
    place: Location


Statement: TypeAlias = Assign | Declare | If | Emit | Integrate | Return


@dataclass(frozen=True)
class Function:
    """A function of the model."""

    name: str
    parameters: tuple[tuple[str, Type], ...]
    type: Type
    body: tuple[Statement, ...]
    place: Location


@dataclass(frozen=True)
class Event:
    """``onReceive`` (of `port`) or ``onCondition``."""

    body: tuple[Statement, ...]
    place: Location
    port: str = ""
    condition: Node | None = None


@dataclass
class Model:
    """A neuron or a synapse."""

    name: str
    place: Location
    states: dict[str, Variable] = field(default_factory=dict)
    parameters: dict[str, Variable] = field(default_factory=dict)
    internals: dict[str, Variable] = field(default_factory=dict)
    inlines: dict[str, Variable] = field(default_factory=dict)
    equations: list[Equation] = field(default_factory=list)
    kernels: dict[str, Kernel] = field(default_factory=dict)
    functions: dict[str, Function] = field(default_factory=dict)
    ports: dict[str, Port] = field(default_factory=dict)
    update: tuple[Statement, ...] = ()
    receives: list[Event] = field(default_factory=list)
    conditions: list[Event] = field(default_factory=list)

    @property
    def variables(self) -> Mapping[str, Variable]:
        """All variables but locals."""
        return {**self.parameters, **self.internals, **self.inlines, **self.states}

    @property
    def bodies(self) -> list[tuple[Statement, ...]]:
        """The blocks of statements, without those of functions."""
        return [self.update, *(e.body for e in (*self.receives, *self.conditions))]

    @property
    def is_synapse(self) -> bool:
        """Whether the spikes that it sends carry a weight."""
        return any(
            isinstance(s, Emit) and s.weight is not None
            for body in self.bodies
            for s in statements_in(body)
        )


def statements_in(body: tuple[Statement, ...]) -> list[Statement]:
    """Return statements with those inside branches."""
    found: list[Statement] = []
    for statement in body:
        found.append(statement)
        if isinstance(statement, If):
            for _, inner in statement.branches:
                found += statements_in(inner)
    return found
