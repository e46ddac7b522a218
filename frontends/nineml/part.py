"""A component inside a cell: its names there, and what its ports are connected to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count

from snnc.importing.expressions import Call, Name, Node, Number, Operation, names_in, substituted
from snnc.importing.model_text import infix
from snnc.ir.diagnostics import Location, ModelError, UnsupportedError, did_you_mean
from snnc.ir.dialects.infix import RESERVED
from snnc.nineml.elements import Dynamics, Reaction
from snnc.nineml.patterns import increment, reactions_of

DRAWS = {"random.uniform": 2, "random.exponential": 1}


@dataclass
class Part:
    """A component of a cell.

    Parameters
    ----------
    prefix : str
        Its name in the cell; empty for a cell of one component.
    dynamics : Dynamics
        What it does.
    inputs : mapping of str to Node
        What its analog ports receive, in the cell's names.
    values : mapping of str to float
        Values of its parameters, and initial values of its states, in coherent units.
    """

    prefix: str
    dynamics: Dynamics
    inputs: dict[str, Node] = field(default_factory=dict)
    values: Mapping[str, float] = field(default_factory=dict)
    _draws: Iterator[int] = field(default_factory=count)

    def full(self, name: str) -> str:
        """Return the name in the cell of something of this part."""
        if self.prefix:
            return f"{self.prefix}.{name}"
        return f"{name}_" if name in RESERVED else name

    def weights(self) -> dict[str, str]:
        """Return the analog ports that bring the weights of arriving spikes, by event port.

        Raises
        ------
        UnsupportedError
            If spikes of one port bring several values.
        """
        found: dict[str, str] = {}
        for port in self.dynamics.ports.values():
            if port.kind != "AnalogReceivePort" or port.name in self.inputs:
                continue
            readers = self._readers(port.name)
            event = next(iter(readers), None)
            if len(readers) != 1 or event is None:
                continue
            if event in found:
                raise UnsupportedError(
                    f"'{self.dynamics.name}' takes several values from each spike: "
                    f"{found[event]}, {port.name}; expected one weight",
                    port.place,
                )
            found[event] = port.name
        return found

    def _readers(self, name: str) -> set[str | None]:
        """Return the event ports whose reactions read a name, and None if anything else does."""
        dynamics = self.dynamics
        elsewhere = [alias.value for alias in dynamics.aliases.values()]
        elsewhere += [e.value for regime in dynamics.regimes for e in regime.derivatives]
        readers: set[str | None] = set()
        for _, reaction in reactions_of(dynamics):
            if any(name in names_in(e.value) for e in reaction.assignments):
                readers.add(reaction.port)
            if reaction.trigger is not None:
                elsewhere.append(reaction.trigger)
        if any(name in names_in(value) for value in elsewhere):
            readers.add(None)
        return readers

    def node(self, value: Node, place: Location, weight: str | None = None) -> Node:
        """Return an expression in the cell's names; `weight` names what a spike brings.

        Raises
        ------
        ModelError
            If it reads a name that is not declared.
        """
        return substituted(self._drawn(value), lambda name: self._meaning(name, place, weight))

    def text(self, value: Node, place: Location, weight: str | None = None) -> str:
        """Return an expression as the IR writes it, in the cell's names."""
        return infix(self.node(value, place, weight), _spell, at=place)

    def _meaning(self, name: str, place: Location, weight: str | None) -> Node:
        dynamics = self.dynamics
        if name in self.inputs:
            return self.inputs[name]
        if name in dynamics.constants:
            constant = dynamics.constants[name]
            return Number(constant.value, constant.unit)
        if weight is not None and name == weight:
            return Name("w")
        if name == "t" or name.startswith("stream:"):
            return Name(name)
        own = {*dynamics.states, *dynamics.aliases, *dynamics.parameters, *dynamics.ports}
        if name not in own:
            raise ModelError(f"unknown name '{name}'{did_you_mean(name, own)}", place)
        return Name(self.full(name))

    def _drawn(self, node: Node) -> Node:
        """Return an expression with NineML's draws as the IR's."""
        match node:
            case Call(function="random.uniform", arguments=(low, high)):
                width = Operation("-", (self._drawn(high), self._drawn(low)))
                draw = Call("uniform", (self._stream(),))
                return Operation("+", (self._drawn(low), Operation("*", (width, draw))))
            case Call(function="random.exponential", arguments=(rate,)):
                draw = Call("standard_gamma", (self._stream(), Number(1.0)))
                return Operation("/", (draw, self._drawn(rate)))
            case Call():
                return Call(node.function, tuple(self._drawn(a) for a in node.arguments))
            case Operation():
                return Operation(node.sign, tuple(self._drawn(o) for o in node.operands))
        return node

    def _stream(self) -> Name:
        return Name(f"stream:{self.prefix}{next(self._draws)}")

    def receptor(self, port: str) -> str:
        """Return the name of the receptor that an event port is."""
        ports = [p for p in self.dynamics.ports.values() if p.kind == "EventReceivePort"]
        return self.prefix if self.prefix and len(ports) == 1 else self.full(port)

    def adds(self, reaction: Reaction) -> bool:
        """Tell whether arriving spikes only add to states, so that they may be summed."""
        stays = any(
            reaction in regime.reactions and reaction.target == regime.name
            for regime in self.dynamics.regimes
        )
        return stays and not reaction.sends and all(map(increment, reaction.assignments))

    def everywhere(self, reaction: Reaction) -> bool:
        """Tell whether every regime reacts in this way."""
        return all(
            any(_alike(reaction, other) and self.adds(other) for other in regime.reactions)
            for regime in self.dynamics.regimes
        )


def _alike(one: Reaction, other: Reaction) -> bool:
    values, others = ([(e.variable, e.value) for e in r.assignments] for r in (one, other))
    return one.port == other.port and values == others


def _spell(name: str) -> str:
    return name.replace("stream:", "draw_").replace(".", "_") if name[:7] == "stream:" else name
