"""Which responses a population's cells have, and how the parts of a projection are joined."""

from __future__ import annotations

from collections.abc import Iterator

from snnc.importing.expressions import Name, Node, Operation
from snnc.ir.diagnostics import ModelError, UnsupportedError, did_you_mean
from snnc.ir.values import Value
from snnc.nineml.elements import (
    Component,
    Connection,
    Dynamics,
    Library,
    Population,
    Projection,
)
from snnc.nineml.part import Part
from snnc.nineml.patterns import increment, is_linear
from snnc.nineml.values import numbers_of, value_of


class Responses:
    """The responses of a network's cells.

    Projections whose responses are equal and linear share one: its states are sums. A response that
    only passes spikes on is none: they act on a port of the cell itself.
    """

    def __init__(self, library: Library) -> None:
        self.library = library
        self._names: dict[str, str] = {}
        kinds: list[tuple[str, Projection]] = []
        for projection in library.projections.values():
            if _passes_on(projection):
                continue
            name = next((n for n, other in kinds if _same(projection, other)), None)
            if name is None:
                name = self._fresh(projection.response.name)
                kinds.append((name, projection))
            self._names[projection.name] = name

    def _fresh(self, wanted: str) -> str:
        taken = set(self._names.values())
        name, n = wanted, 2
        while name in taken:
            name, n = f"{wanted}_{n}", n + 1
        return name

    def _onto(self, population: Population) -> Iterator[Projection]:
        for projection in self.library.projections.values():
            if population.name in self._members(projection.destination):
                yield projection

    def _members(self, name: str) -> list[str]:
        selection = self.library.selections.get(name)
        return [name] if selection is None else list(selection.members)

    def parts_of(self, population: Population) -> list[Part]:
        """Return a population's cell with the responses of all projections onto it."""
        dynamics = population.cell.definition
        if not isinstance(dynamics, Dynamics):
            raise ModelError(f"'{population.cell.name}' is no cell", population.place)
        cell = Part("", dynamics)
        parts = {"": cell}
        for projection in self._onto(population):
            name = self._names.get(projection.name)
            if name is not None and name not in parts:
                response = _dynamics(projection.response)
                parts[name] = Part(name, response, {}, numbers_of(projection.response))
                join(cell, parts[name], projection.connections)
        return list(parts.values())

    def receptor(self, projection: Projection) -> str:
        """Return the receptor that a projection acts on."""
        if _passes_on(projection):
            part, ends = Part("", self._target(projection)), ("response", "destination")
        else:
            part = Part(self._names[projection.name], _dynamics(projection.response))
            ends = "source", "response"
        for connection in projection.connections:
            if (connection.sender, connection.receiver) == ends:
                port = _port(part, connection.receive_port, connection)
                return part.receptor(port)
        raise ModelError(f"no spikes reach the response of '{projection.name}'", projection.place)

    def _target(self, projection: Projection) -> Dynamics:
        """Return the dynamics of the cells that a projection ends at."""
        members = self._members(projection.destination)
        population = self.library.populations.get(members[0]) if members else None
        if population is None:
            raise ModelError(f"'{projection.destination}' has no cells", projection.place)
        return _dynamics(population.cell)

    def weight(self, projection: Projection) -> Value:
        """Return the weight of a projection, in coherent units.

        Raises
        ------
        UnsupportedError
            If the plasticity is more than one constant.
        """
        end = "destination" if _passes_on(projection) else "response"
        for connection in projection.connections:
            if (connection.sender, connection.receiver) == ("plasticity", end):
                return _constant(projection, connection)
        return 1.0


def join(cell: Part, response: Part, connections: tuple[Connection, ...]) -> None:
    """Connect the analog ports of a cell and of a response."""
    for connection in connections:
        match connection.sender, connection.receiver:
            case "response", "destination":
                sent: Node = Name(response.full(_port(response, connection.send_port, connection)))
                port = _port(cell, connection.receive_port, connection)
                before = cell.inputs.get(port)
                cell.inputs[port] = sent if before is None else Operation("+", (before, sent))
            case "destination", "response":
                sent = Name(cell.full(_port(cell, connection.send_port, connection)))
                response.inputs[_port(response, connection.receive_port, connection)] = sent


def _port(part: Part, name: str, connection: Connection) -> str:
    if name not in part.dynamics.ports:
        hint = did_you_mean(name, part.dynamics.ports)
        raise ModelError(f"'{part.dynamics.name}' has no port '{name}'{hint}", connection.place)
    return name


def _dynamics(component: Component) -> Dynamics:
    if not isinstance(component.definition, Dynamics):
        raise ModelError(f"'{component.name}' has no dynamics", component.place)
    return component.definition


def _passes_on(projection: Projection) -> bool:
    """Tell whether a response does nothing but send an event for each that it receives."""
    definition = projection.response.definition
    if not isinstance(definition, Dynamics) or definition.states or len(definition.regimes) != 1:
        return False
    (regime,) = definition.regimes
    return bool(regime.reactions) and all(
        r.port is not None and r.sends and not r.assignments and r.target == regime.name
        for r in regime.reactions
    )


def _constant(projection: Projection, connection: Connection) -> Value:
    component = projection.plasticity
    if component is None:
        raise ModelError(f"'{projection.name}' lacks its <Plasticity>", connection.place)
    dynamics = _dynamics(component)
    alias = dynamics.aliases.get(connection.send_port)
    name = connection.send_port
    if alias is not None and isinstance(alias.value, Name):
        name = alias.value.name
    found = component.properties.get(name) or component.initial.get(name)
    changes = [r for regime in dynamics.regimes for r in regime.reactions]
    if changes or found is None:
        raise UnsupportedError(
            f"plasticity '{component.name}' is not one constant weight", component.place
        )
    return value_of(found.value)


def _same(one: Projection, other: Projection) -> bool:
    a, b = one.response, other.response
    values = {n: p.value for n, p in a.properties.items()}
    return (
        a.definition == b.definition
        and values == {n: p.value for n, p in b.properties.items()}
        and _wires(one) == _wires(other)
        and _is_linear(_dynamics(a))
    )


def _wires(projection: Projection) -> list[tuple[str, str, str, str]]:
    return [(c.sender, c.send_port, c.receiver, c.receive_port) for c in projection.connections]


def _is_linear(dynamics: Dynamics) -> bool:
    """Tell whether what a response sends to two inputs is the sum of what it sends to each."""
    states = set(dynamics.states)
    if len(dynamics.regimes) != 1:
        return False
    regime = dynamics.regimes[0]
    adds = all(
        increment(e) is not None for reaction in regime.reactions for e in reaction.assignments
    )
    sent = [a.value for n, a in dynamics.aliases.items() if n in dynamics.ports]
    values = [e.value for e in regime.derivatives] + sent
    return adds and all(is_linear(value, states) for value in values)
