"""Populations of LEMS cells with what is attached to them, as populations of the IR."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from snnc.ir.build import NetworkBuilder
from snnc.ir.diagnostics import Location
from snnc.ir.values import Value
from snnc.lems.graded import PEER, peer_part
from snnc.lems.library import Library
from snnc.lems.meaning import variables
from snnc.lems.names import word
from snnc.lems.part import Builder, Part
from snnc.lems.simulation import Quantity
from snnc.lems.start import Start
from snnc.lems.structure import Link, Population
from snnc.lems.write_cell import Written, write_cell


@dataclass
class Attached:
    """A component attached to cells of a population, and how many of it each has."""

    component: str
    container: str
    numbers: np.ndarray
    place: Location


@dataclass
class Cells:
    """A population: its cell, what is attached, and what is recorded by index.

    `peers` are graded synapses of other cells that see these.
    """

    population: Population
    attached: dict[str, Attached] = field(default_factory=dict)
    recorded: list[tuple[int, str, Quantity]] = field(default_factory=list)
    peers: dict[str, Location] = field(default_factory=dict)

    def attach(self, link: Link, component: str, name: str) -> None:
        """Attach a component, by a name, to the cell that a link ends at."""
        if name not in self.attached:
            numbers = np.zeros(self.population.size)
            self.attached[name] = Attached(component, link.container, numbers, link.place)
        self.attached[name].numbers[link.target[1]] += link.weight


class CellWriter:
    """Adds cells to a network; those with the same text share a model."""

    def __init__(self, library: Library, builder: NetworkBuilder, network: Part | None) -> None:
        self.library = library
        self.builder = builder
        self.network = network
        self.parts = Builder(library)
        self.random = np.random.default_rng(0)
        self.names: dict[str, str] = {}

    def add(self, cells: Cells) -> Written:
        """Add a population; return its cell.

        Raises
        ------
        ModelError
            If something in a component is unknown or does not fit.
        UnsupportedError
            For what the IR has no form for.
        """
        population = cells.population
        assigned = self.assigned(population)
        root = self.root(population, assigned)
        several: list[tuple[Part, np.ndarray]] = []
        for name, attached in cells.attached.items():
            part, place = self.parts.attachment(
                root, attached.component, attached.container, attached.place
            )
            part.name = name
            root.children.setdefault(place, []).append(part)
            if not _hears(part) and not np.all(attached.numbers == 1.0):
                several.append((part, attached.numbers))
        peers = [peer_part(self.parts, name, root, place) for name, place in cells.peers.items()]
        root.children[PEER] = peers
        start = Start(self.library, self.random.random)
        wanted = [found for _, rest, _ in cells.recorded for found in variables(root, rest)]
        wanted += [(part, name) for part in peers for name in part.type.dynamics.states]
        written = write_cell(
            self.library, "CELL", root, start, [part for part, _ in several], wanted
        )
        written = replace(written, peers=peers)
        model = self.model(written, population)
        flat = written.flat
        varied = {flat.full(part, "number"): numbers for part, numbers in several}
        varied |= {flat.full(root, name): numbers for name, numbers in assigned.items()}
        self.builder.population(
            word(population.name), population.size, model,
            label=population.name,
            parameters={n: v for n, v in varied.items() if n in flat.params},
            initial=self.initial(written, start, assigned, population.size),
            positions=population.positions,
            location=population.place,
        )  # fmt: skip
        return written

    def assigned(self, population: Population) -> dict[str, np.ndarray]:
        """Return the properties that differ between the cells, which are instances of a type."""
        if population.instances is None:
            return {}
        return population.instances.numbers(self.library, self.random.random, population.size)

    def root(self, population: Population, assigned: Mapping[str, np.ndarray]) -> Part:
        """Return a cell; of those that differ the first."""
        if population.instances is None:
            return self.parts.cell(population.component, self.network, population.place)
        root = population.instances.part(self.library, self.parts, self.network)
        _set(root, assigned, 0)
        return root

    def initial(
        self, written: Written, start: Start, assigned: Mapping[str, np.ndarray], size: int
    ) -> Mapping[str, Value]:
        """Return initial values that are computed for each cell."""
        if not start.drawn and not assigned:
            return {}
        rows = []
        for index in range(size):
            own = Start(self.library, self.random.random)
            flat = written.flat
            _set(flat.root, assigned, index)
            rows.append([own.of(p, name, p.place) for p, name in flat.initial.values()])
        columns = zip(written.flat.initial, np.array(rows).T, strict=True)
        return {name: column for name, column in columns if np.ptp(column) > 0.0}

    def model(self, written: Written, population: Population) -> str:
        """Add the model of a cell, or find it; return its name."""
        text = written.text.text
        if text not in self.names:
            instances = population.instances
            name = word(population.component if instances is None else instances.kind)
            if name in self.names.values():
                name = f"{name}_{word(population.name)}"
            while name in self.names.values():
                name += "_"
            with written.text.at_their_places():
                named = text.replace("dyn.cell @CELL", f"dyn.cell @{name}", 1)
                self.builder.use_model(named, self.library.file)
            self.names[text] = name
        return self.names[text]


def _set(root: Part, assigned: Mapping[str, np.ndarray], index: int) -> None:
    for name, numbers in assigned.items():
        root.values[name] = replace(root.values[name], value=float(numbers[index]))


def _hears(part: Part) -> bool:
    """Tell whether a part does something at spikes: their weights say how many of it there are."""
    return any(
        reaction.port is not None and reaction.assignments
        for reaction in part.type.dynamics.reactions
    )
