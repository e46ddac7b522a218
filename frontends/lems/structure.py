"""What a network is made of: populations, and events and tunnels between their cells.

The ``Structure`` of component types says so, of NeuroML's networks as of any others.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np

from snnc.importing.xml import Element, local_name
from snnc.ir.diagnostics import Location, ModelError, UnsupportedError, did_you_mean
from snnc.lems.instances import Instances, instances_of
from snnc.lems.part import Part

MAX_CELLS = 10_000_000
_CELL = re.compile(r"(?:\.\./)*([^/\[\]]+)(?:\[(\d+)\]|/(\d+)(?:/[^/]+)?)?$")
_QUANTITY = re.compile(r"([^/\[\]]+)(?:\[(\d+)\]|/(\d+)(?:/[^/]+)?)/(.+)$")
Cell: TypeAlias = "tuple[str, int]"
"""The name of a population and an index."""


@dataclass
class Population:
    """Cells of one component; `numbers` are the indices by the ids of instances.

    Cells that are instances of a component type have `instances` instead of a component.
    """

    name: str
    component: str
    size: int
    place: Location
    numbers: Mapping[int, int] = field(default_factory=dict)
    positions: np.ndarray | None = None
    instances: Instances | None = None


@dataclass(frozen=True)
class Link:
    """Events of one cell that another receives, or a component attached to it does.

    `delay` is in ms.
    """

    source: Cell
    target: Cell
    receiver: str | None
    container: str
    port: str | None
    weight: float
    delay: float
    place: Location


@dataclass(frozen=True)
class Tunnel:
    """Components attached to two cells that see each other."""

    ends: tuple[Cell, Cell]
    components: tuple[str, str]
    weight: float
    place: Location


@dataclass
class Structure:
    """The populations of a network by name, and what joins them."""

    populations: dict[str, Population] = field(default_factory=dict)
    links: list[Link] = field(default_factory=list)
    tunnels: list[Tunnel] = field(default_factory=list)

    def cell(self, path: str, at: Location) -> list[Cell]:
        """Return the cell, or the cells of a population, that a path names.

        Raises
        ------
        ModelError
            If there is no such cell.
        """
        match = _CELL.match(path)
        if match is None:
            raise ModelError(f"malformed path of a cell; found '{path}', expected 'POP[0]'", at)
        name, index, instance = match.groups()
        population = self.population(name, at)
        if index is None and instance is None:
            return [(name, n) for n in range(population.size)]
        return [(name, self.number(population, index, instance, at))]

    def quantity(self, path: str, at: Location) -> tuple[Cell, str] | None:
        """Return the cell and the rest of a path to a variable, or None if it is of no cell."""
        if path.startswith("[") and len(self.populations) == 1:
            # Instances of the component that runs have no name before their index.
            path = next(iter(self.populations)) + path
        match = _QUANTITY.match(path)
        if match is None or match.group(1) not in self.populations:
            return None
        name, index, instance, rest = match.groups()
        return (name, self.number(self.populations[name], index, instance, at)), rest

    def population(self, name: str, at: Location) -> Population:
        """Return a population that there is."""
        if name not in self.populations:
            hint = did_you_mean(name, self.populations)
            raise ModelError(f"unknown population '{name}'{hint}", at)
        return self.populations[name]

    def number(
        self, population: Population, index: str | None, instance: str | None, at: Location
    ) -> int:
        """Return the index of a cell by its index or the id of its instance."""
        number = int(index or instance or 0)
        if population.numbers and index is None:
            number = population.numbers.get(number, population.size)
        if number >= population.size:
            raise ModelError(
                f"population '{population.name}' has {population.size} cells; "
                f"found '{index or instance}'",
                at,
            )
        return number


def structure_of(network: Part) -> Structure:
    """Return what a network is made of; it has no populations if it is none.

    Raises
    ------
    ModelError
        If a population or a cell is unknown.
    UnsupportedError
        For structures that are not of populations, events and tunnels.
    """
    found = Structure()
    for part in (network, *network.inner()):
        population = _population(part)
        if population is not None:
            found.populations[part.name] = population
    for part in network.walk() if found.populations else ():
        if part.name not in found.populations or part.parent is not network:
            _Interpreter(found, part).run(part.type.structure, {})
    return found


def _population(part: Part) -> Population | None:
    component = part.texts.get("component", "")
    for step in part.type.structure:
        if local_name(step) == "MultiInstantiate" and _makes_cells(step):
            name = step.get("number", "")
            if name in part.type.derived_parameters:
                raise UnsupportedError(
                    f"'{part.type.name}' makes a computed number of instances, '{name}'", part.place
                )
            number = part.values.get(name)
            if number is None or number.value != int(number.value) or number.value < 0:
                raise ModelError(f"the size of '{part.name}' is no whole number", part.place)
            if number.value > MAX_CELLS:
                raise ModelError(f"more than {MAX_CELLS} cells in '{part.name}'", part.place)
            return Population(
                part.name, component, int(number.value), part.place,
                instances=instances_of(part, step),
            )  # fmt: skip
        if local_name(step) in ("MultiInstantiate", "CoInstantiate", "Gather"):
            raise UnsupportedError(
                f"'{part.type.name}' makes instances by <{local_name(step)}>", part.place
            )
    instances = part.children.get("instances")
    if instances is None:
        return None
    numbers = {_number(instance): n for n, instance in enumerate(instances)}
    return Population(
        part.name, component, len(instances), part.place, numbers, _positions(instances)
    )


def _makes_cells(step: Element) -> bool:
    return step.get("component") == "component" or step.get("componentType") is not None


def _number(instance: Part) -> int:
    if not instance.name.isdigit():
        raise ModelError(
            f"the id of an instance is a number; found '{instance.name}'", instance.place
        )
    return int(instance.name)


def _positions(instances: Sequence[Part]) -> np.ndarray | None:
    """Return positions in um, of shape (3, n), if all have one."""
    locations = [instance.find("location") for instance in instances]
    if not all(locations):
        return None
    return np.array([[_coordinate(where[0], axis) for where in locations] for axis in "xyz"])


def _coordinate(location: Part, axis: str) -> float:
    if axis not in location.values:
        raise ModelError(f"a location lacks its '{axis}'", location.place)
    return location.values[axis].value


class _Interpreter:
    """Runs the structure of one part of a network."""

    def __init__(self, found: Structure, part: Part) -> None:
        self.found = found
        self.part = part

    def run(self, steps: Sequence[Element], names: dict[str, Cell]) -> None:
        for step in steps:
            match local_name(step):
                case "With":
                    names[step.get("as", "")] = self.one(step)
                case "ForEach":
                    for cell in self.cells(step.get("instances", "")):
                        self.run(tuple(step), {**names, step.get("as", ""): cell})
                case "EventConnection":
                    self.connect(step, names)
                case "Tunnel":
                    self.tunnel(step, names)
                case "ChildInstance" | "MultiInstantiate":
                    pass
                case tag:
                    raise UnsupportedError(
                        f"'{self.part.type.name}' is made by <{tag}>", self.part.place
                    )

    def text(self, name: str) -> str | None:
        """Return the attribute that a path such as ``../synapse`` names."""
        part: Part | None = self.part
        while name.startswith("../") and part is not None:
            name, part = name[3:], part.parent
        return None if part is None else part.texts.get(name)

    def cells(self, name: str) -> list[Cell]:
        path = self.text(name)
        if path is None:
            raise ModelError(f"'{self.part.type.name}' lacks its path '{name}'", self.part.place)
        return self.found.cell(path, self.part.place)

    def one(self, step: Element) -> Cell:
        if step.get("list") is not None:
            return self.listed(step)
        cells = self.cells(step.get("instance", ""))
        if len(cells) != 1:
            raise ModelError(f"found {len(cells)} cells, expected one", self.part.place)
        return cells[0]

    def listed(self, step: Element) -> Cell:
        """Return the cell at an index, of a population that the part or the one above names."""
        name, index = step.get("list", ""), self.part.texts.get(step.get("index", ""), "")
        above = self.text(name) or self.text(f"../{name}")
        if above is None or not index.isdigit():
            raise ModelError(
                f"'{self.part.type.name}' lacks its cell '{step.get('index')}'", self.part.place
            )
        population = self.found.population(above, self.part.place)
        number = self.found.number(population, index, None, self.part.place)
        return above, number

    def assigned(self, step: Element) -> float:
        for inner in step:
            if local_name(inner) == "Assign":
                value = self.part.values.get(inner.get("value", ""))
                return 1.0 if value is None else value.value
        return 1.0

    def connect(self, step: Element, names: Mapping[str, Cell]) -> None:
        part = self.part
        receiver = step.get("receiver")
        component = None if receiver is None else self.text(receiver)
        if receiver is not None and component is None:
            raise ModelError(f"'{part.type.name}' lacks its component '{receiver}'", part.place)
        delay = part.values.get(step.get("delay", ""))
        self.found.links.append(
            Link(
                self.named(step, "from", names),
                self.named(step, "to", names),
                component,
                self.text(step.get("receiverContainer", "")) or "",
                self.text(step.get("targetPort", "")),
                self.assigned(step),
                0.0 if delay is None else delay.value,
                part.place,
            )
        )

    def tunnel(self, step: Element, names: Mapping[str, Cell]) -> None:
        ends = self.named(step, "endA", names), self.named(step, "endB", names)
        components = [self.text(step.get(name, "")) for name in ("componentA", "componentB")]
        a, b = (component or "" for component in components)
        self.found.tunnels.append(Tunnel(ends, (a, b), self.assigned(step), self.part.place))

    def named(self, step: Element, attribute: str, names: Mapping[str, Cell]) -> Cell:
        name = step.get(attribute, "")
        if name not in names:
            hint = did_you_mean(name, names)
            raise ModelError(f"unknown instance '{name}'{hint}", self.part.place)
        return names[name]
