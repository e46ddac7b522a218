"""Reactions of parts to spikes and conditions, as the IR writes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from snnc.importing.expressions import Name, Node, Number, Operation, names_in
from snnc.importing.model_text import infix
from snnc.ir.diagnostics import Location, ModelError
from snnc.ir.units import DIMENSIONLESS, Exponents
from snnc.lems.cell import Flat
from snnc.lems.elements import Equation, Reaction
from snnc.lems.names import full_name
from snnc.lems.part import Part
from snnc.lems.relays import hearing, increment, summable

WEIGHT_PROPERTY = "weight"


@dataclass(frozen=True)
class Receptor:
    """A receptor: its name, and the weight on it of a connection of weight 1."""

    name: str
    exponents: Exponents
    scale: float


def assigned(
    flat: Flat, part: Part, equations: Sequence[Equation], local: Mapping[str, Node] | None = None
) -> list[str]:
    """Return assignments as statements; each reads what those before it have set."""
    known = dict(local or {})
    statements = []
    for n, equation in enumerate(equations):
        state = flat.meaning(part, equation.variable, equation.place)
        if not isinstance(state, Name):
            raise ModelError(f"'{equation.variable}' is no state", equation.place)
        wanted = flat.dimension(state.name)
        text = flat.text(part, equation.value, equation.place, wanted, known)
        if any(equation.variable in names_in(later.value) for later in equations[n + 1 :]):
            new = f"new_{n}_{state.name.replace('.', '_')}"
            statements.append(f"let {new} = {text}")
            flat.dimensions[new] = wanted
            known[equation.variable] = Name(new)
            text = new
        statements.append(f"{state.name} = {text}")
    return statements


class Arrivals:
    """What spikes that arrive at a port of a part do."""

    def __init__(self, flat: Flat, part: Part, reaction: Reaction) -> None:
        self.flat = flat
        self.part = part
        self.reaction = reaction
        port = reaction.port or ""
        ports = [name for name, direction in part.type.ports.items() if direction == "in"]
        single = part is not flat.root and len(ports) == 1
        self.name = full_name(part.path, port)
        if single:
            self.name = full_name(*part.path.rpartition(".")[::2])
        self.waiting = f"{self.name}_arrived"
        self.adds = summable(part, reaction) and reaction.target is None
        self.weight = _weight_property(part, reaction)

    def receptor(self) -> Receptor:
        """Return the receptor; of a single sum its weight is what is added."""
        change = self._single()
        if change is None:
            return Receptor(self.name, self._unit(), 1.0)
        equation = self.reaction.assignments[0]
        value = self.flat.constant(self.part, change, equation.place, 1.0)
        state = self.flat.meaning(self.part, equation.variable, equation.place)
        assert value is not None and isinstance(state, Name)
        self.flat.check_sum(self.part, equation, self._local(Number(1.0)))
        return Receptor(self.name, self.flat.dimension(state.name), value)

    def _unit(self) -> Exponents:
        """Return the dimension of the weight, which is that of the property that holds it."""
        declared = self.part.type.properties.get(self.weight)
        if declared is None:
            return DIMENSIONLESS
        return self.flat.library.dimension(declared.dimension, declared.place).exponents

    def _single(self) -> Node | None:
        """Return what is added, if it is one value that is proportional to a pure weight."""
        if len(self.reaction.assignments) != 1 or not self.adds or self._unit() != DIMENSIONLESS:
            return None
        if self.part is self.flat.root and self.weight in self.part.type.properties:
            return None
        equation = self.reaction.assignments[0]
        change = increment(equation)
        assert change is not None
        one, two, none = (
            self.flat.constant(self.part, change, equation.place, weight)
            for weight in (1.0, 2.0, 0.0)
        )
        if one is None or two is None or none is None:
            return None
        weightless = self.weight not in names_in(change)
        proportional = none == 0.0 and abs(two - 2.0 * one) <= 1e-12 * abs(one)
        return change if weightless or proportional else None

    def _local(self, weight: Node) -> dict[str, Node]:
        return {self.weight: weight} if self.weight in self.part.type.properties else {}

    def text(self) -> str:
        """Return the reaction of the receptor to an arriving weight."""
        arriving = self.flat.arriving
        head = f"on {self.name}({arriving})"
        if not self.adds:
            return f"{head} {{ {self.waiting} = {self.waiting} + {arriving} }}"
        if self._single() is not None:
            equation = self.reaction.assignments[0]
            state = self.flat.meaning(self.part, equation.variable, equation.place)
            assert isinstance(state, Name)
            return f"{head} {{ {state.name} = {state.name} + {arriving} }}"
        sums = [self._sum(equation) for equation in self.reaction.assignments]
        return f"{head} {{ {'  '.join(sums)} }}"

    def _sum(self, equation: Equation) -> str:
        change = increment(equation)
        assert change is not None
        place = equation.place
        state = self.flat.meaning(self.part, equation.variable, place)
        assert isinstance(state, Name)
        wanted = self.flat.dimension(state.name)
        arriving = Name(self.flat.arriving)
        self.flat.dimensions[arriving.name] = self._unit()
        tree = self.flat.node(self.part, change, place, wanted, self._local(arriving))
        if self.weight not in names_in(change):
            tree = Operation("*", (tree, arriving))
        return f"{state.name} = {infix(Operation('+', (state, tree)), at=place)}"

    def late(self, entry: Sequence[Equation]) -> list[str]:
        """Return the statements of the event that follows arrivals which may not be summed.

        `entry` is what the regime that it enters assigns.
        """
        local = self._local(Name(self.waiting))
        sets = assigned(self.flat, self.part, [*self.reaction.assignments, *entry], local)
        for inner, reaction in hearing(self.part) if self.reaction.sends else ():
            sets += assigned(self.flat, inner, reaction.assignments)
        return [f"{self.waiting} = 0.0", *sets]


def _weight_property(part: Part, reaction: Reaction) -> str:
    """Return the property that connections onto a port set: ``weight``, or another that is read."""
    read = {name for equation in reaction.assignments for name in names_in(equation.value)}
    others = [name for name in part.type.properties if name in read and name != WEIGHT_PROPERTY]
    return others[0] if len(others) == 1 and WEIGHT_PROPERTY not in read else WEIGHT_PROPERTY


def refuse_port(part: Part, port: str, at: Location) -> ModelError:
    """Return the error for an event port that a component does not have."""
    return ModelError(f"'{part.type.name}' has no event port '{port}'", at)
