"""LEMS and NeuroML 2 networks, and components on their own, as documents of the IR."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from snnc import model_library
from snnc.ir.build import NetworkBuilder
from snnc.ir.diagnostics import Location, ModelError, UnsupportedError, did_you_mean
from snnc.ir.text import Document
from snnc.ir.units import NAMED
from snnc.ir.values import Value
from snnc.lems.library import Library, Written, read_library
from snnc.lems.names import word
from snnc.lems.part import Builder, Part
from snnc.lems.populations import Cells, CellWriter
from snnc.lems.pynn_cells import StandardCell, standard_cell
from snnc.lems.reactions import Receptor
from snnc.lems.relays import shareable
from snnc.lems.simulation import DEFAULT_STEP, Simulation, runs, simulation_of
from snnc.lems.sources import FIRING, SOURCES
from snnc.lems.structure import Link, Population, Structure, structure_of
from snnc.lems.tunnels import Tunnels
from snnc.lems.write_cell import Written as WrittenCell

STATIC = "StaticSynapse"
_PULSE = ("delay", "duration", "amplitude")
_CELLS = ("baseCell", "baseSpikeSource")
MAX_UNSHARED = 64


def read_network(path: str | Path) -> Document:
    """Return the network that a LEMS or NeuroML 2 file describes.

    The target of the file's simulation is taken, with its time step and the states that it shows or
    writes to files; else the network in the file; else one of each of its cells.

    Parameters
    ----------
    path : path
        A file with the root element ``Lems`` or ``neuroml``.

    Raises
    ------
    ModelError
        If the file is malformed, or anything in it does not fit; with its place.
    UnsupportedError
        For what the IR has no form for; names the construct.
    """
    return _read(read_library(path))


def read_stepped_network(path: str | Path) -> Document:
    """Return the network that a file describes, as jLEMS steps it; see `read_network`.

    Parts of a cell read its states as late as they do there, so that the solver ``"euler"`` repeats
    jNeuroML's traces of Hodgkin-Huxley cells with their error.
    """
    library = read_library(path)
    library.late = True
    return _read(library)


def _read(library: Library) -> Document:
    simulation, targets = _targets(library)
    return _Network(library, simulation, targets).document()


def _targets(library: Library) -> tuple[Simulation, list[Written]]:
    """Return the simulation of a file, and the components that it runs."""
    at = Location(library.file, 1)
    builder = Builder(library)
    if library.target is not None:
        written = library.component(library.target, at)
        # Of a set of simulations the first is taken.
        found = next((part for part in builder.part(written).walk() if runs(part)), None)
        if found is None:
            return Simulation(None, DEFAULT_STEP), [written]
        simulation = simulation_of(found)
        return simulation, [library.component(simulation.target or "", written.place)]
    parts = [(written, builder.part(written)) for written in library.own]
    networks = [w for w, part in parts if structure_of(part).populations]
    cells = [w for w, part in parts if any(part.type.extends(kind) for kind in _CELLS)]
    if not networks and not cells:
        shown = ", ".join(sorted({part.type.name for _, part in parts})) or "no components"
        raise ModelError(f"no simulation, network or cell in the file; found {shown}", at)
    return Simulation(None, DEFAULT_STEP), networks[:1] or cells


class _Network:
    def __init__(self, library: Library, simulation: Simulation, targets: list[Written]) -> None:
        self.library = library
        self.simulation = simulation
        self.targets = targets
        self.builder = NetworkBuilder(word(Path(library.file).stem), dt=simulation.step)
        self.root: Part | None = None
        self.structure = Structure()
        self.cells: dict[str, Cells] = {}
        self.written: dict[str, WrittenCell | StandardCell] = {}
        self.weights: dict[str, dict[str, list[float]]] = {}
        self.unrecorded: list[str] = []
        self.parts: dict[str, Part] = {}
        self.fan_in: dict[tuple[tuple[str, int], str], int] = {}

    def document(self) -> Document:
        self.arrange()
        self.cells = {name: Cells(p) for name, p in self.structure.populations.items()}
        self.quantities()
        currents, links = self.attachments()
        for link in links:
            received = self.weights.setdefault(link.target[0], {})
            received.setdefault(link.receiver or "", []).append(link.weight)
        tunnels = Tunnels(self.library, self.structure.tunnels)
        tunnels.attach(self.cells)
        writer = CellWriter(self.library, self.builder, self.root)
        for cells in self.cells.values():
            self.population(writer, cells)
        self.pulses(currents)
        self.projections(links)
        tunnels.add(self.builder, self.written, self.simulation.step)
        self.record()
        return self.builder.finish()

    def arrange(self) -> None:
        """Find the populations: those of a network, or one of each component."""
        if len(self.targets) == 1:
            self.root = Builder(self.library).part(self.targets[0])
            self.structure = structure_of(self.root)
        if not self.structure.populations:
            self.root = None
            for written in self.targets:
                name = written.element.get("id", "")
                self.structure.populations[name] = Population(name, name, 1, written.place)

    # What is recorded

    def quantities(self) -> None:
        lone = next(iter(self.cells)) if self.root is None else None
        for quantity in self.simulation.quantities:
            found = self.structure.quantity(quantity.path, quantity.place)
            if found is None and lone is not None:
                found = (lone, 0), quantity.path
            if found is None:
                known = did_you_mean(quantity.path.partition("[")[0], self.cells)
                raise ModelError(f"no cell at '{quantity.path}'{known}", quantity.place)
            (name, index), rest = found
            self.cells[name].recorded.append((index, rest, quantity))

    def record(self) -> None:
        self.record_all()
        if self.unrecorded:
            shown = ", ".join(self.unrecorded[:3]) + ", ..." * (len(self.unrecorded) > 3)
            warnings.warn(
                f"{self.library.file}: what is no state variable is not recorded: {shown}",
                UserWarning,
                stacklevel=2,
            )

    def record_all(self) -> None:
        for name, cells in self.cells.items():
            written = self.written.get(name)
            if written is None:
                continue
            if written.emits:
                self.builder.record(word(name), ("spikes",))
            self.record_states(cells, written)

    def record_states(self, cells: Cells, written: WrittenCell | StandardCell) -> None:
        name = word(cells.population.name)
        if not self.simulation.quantities:
            if self.root is None:
                self.builder.record(name, written.recordables)
            return
        found: dict[str, list[int]] = {}
        for index, rest, quantity in cells.recorded:
            state = written.state(rest)
            if state is None:
                self.unrecorded.append(quantity.path)
            elif index not in found.setdefault(state, []):
                found[state].append(index)
        for state, indices in found.items():
            if len(indices) == cells.population.size:
                self.builder.record(name, (state,))
            else:
                view = f"{name}_{word(state)}"
                self.builder.view(view, name, np.array(sorted(indices)))
                self.builder.record(view, (state,))

    # What is attached

    def attachments(self) -> tuple[list[tuple[Link, Part]], list[Link]]:
        """Attach synapses and inputs to cells; return pulses of current, and other links."""
        pulses: list[tuple[Link, Part]] = []
        links: list[Link] = []
        for link in self.structure.links:
            if link.receiver is None:
                links.append(link)
                continue
            part = self.component(link.receiver, link.place)
            if _is_pulse(part):
                pulses.append((link, part))
                continue
            if part.type.extends(FIRING):
                link = self.firing(link, part, part.texts.get("synapse", ""))
            links.append(self.attached(link))
        return pulses, links

    def component(self, name: str, at: Location) -> Part:
        """Return a component that is attached to cells, on its own."""
        if name not in self.parts:
            self.parts[name] = Builder(self.library).part(self.library.component(name, at))
        return self.parts[name]

    def attached(self, link: Link) -> Link:
        """Attach what receives the spikes of a link; return the link with its name there.

        Connections share a synapse where their spikes may be summed, else each has its own.
        """
        component = link.receiver or ""
        name, place = component, 0
        if not shareable(self.component(component, link.place)):
            place = self.fan_in.get((link.target, component), 0)
            self.fan_in[link.target, component] = place + 1
            name = component if place == 0 else f"{component}_{place}"
        if place >= MAX_UNSHARED:
            raise UnsupportedError(
                f"more than {MAX_UNSHARED} connections onto one cell by '{component}', whose "
                "spikes may not be summed",
                link.place,
            )
        self.cells[link.target[0]].attach(link, component, name)
        return replace(link, receiver=name)

    def firing(self, link: Link, part: Part, synapse: str) -> Link:
        """Add a source of spikes for an input that fires into a synapse of its own."""
        name, index = link.target
        source = f"{part.name}_{name}_{index}"
        while source in self.structure.populations:
            source += "_"
        self.structure.populations[source] = Population(source, part.name, 1, link.place)
        self.cells[source] = Cells(self.structure.populations[source])
        return Link((source, 0), link.target, synapse, link.container, None, link.weight,
                    link.delay, link.place)  # fmt: skip

    def population(self, writer: CellWriter, cells: Cells) -> None:
        population = cells.population
        standard = self.standard(writer, cells)
        if standard is not None:
            self.builder.use_model(*model_library.source(standard.model))
            self.builder.population(
                word(population.name), population.size, standard.model, label=population.name,
                parameters=standard.parameters, initial=standard.initial,
                positions=population.positions, location=population.place,
            )  # fmt: skip
            self.written[population.name] = standard
            return
        native = self.native(writer, population)
        if native is None:
            written = writer.add(cells)
            if not written.flat.states and not written.emits:
                raise UnsupportedError(f"'{population.component}' is no cell", population.place)
            self.written[population.name] = written
            return
        model, values = native
        self.builder.use_model(*model_library.source(model))
        self.builder.population(
            word(population.name), population.size, model,
            label=population.name, parameters=values, location=population.place,
        )  # fmt: skip

    def native(
        self, writer: CellWriter, population: Population
    ) -> tuple[str, Mapping[str, Value]] | None:
        """Return the model of the library that a component is, with its values, if it is one."""
        if population.instances is not None:
            return None
        part = writer.parts.part(self.library.component(population.component, population.place))
        found = SOURCES.get(part.type.name)
        return None if found is None else (found[0], found[1](part))

    def standard(self, writer: CellWriter, cells: Cells) -> StandardCell | None:
        """Return the cell of the library that a population has with all that is attached."""
        population = cells.population
        if population.instances is not None or self.structure.tunnels:
            return None
        part = writer.parts.part(self.library.component(population.component, population.place))
        attached = {
            name: self.component(one.component, one.place) for name, one in cells.attached.items()
        }
        return standard_cell(part, attached, self.weights.get(population.name, {}))

    # What joins cells

    def pulses(self, pulses: list[tuple[Link, Part]]) -> None:
        for n, (link, part) in enumerate(pulses):
            name, index = link.target
            if name not in self.written or self.written[name].current is None:
                raise ModelError(
                    f"cells of '{name}' take no '{part.type.name}' ({part.name})", link.place
                )
            delay, duration, amplitude = (part.values[key].value for key in _PULSE)
            source = f"{word(part.name)}_{n}"
            self.builder.source(
                source,
                "dc",
                parameters={
                    "amplitude": amplitude * link.weight,
                    "start": delay,
                    "stop": delay + duration,
                },
                label=part.name,
                location=link.place,
            )
            view = f"{word(name)}_{source}"
            self.builder.view(view, word(name), np.array([index]))
            self.builder.inject(source, view, location=link.place)

    def projections(self, links: list[Link]) -> None:
        groups: dict[tuple[str, str, str], list[tuple[Link, Receptor]]] = {}
        for link, receptor in self.received(links):
            key = link.source[0], link.target[0], receptor.name
            groups.setdefault(key, []).append((link, receptor))
        for n, ((pre, post, receptor), group) in enumerate(groups.items()):
            self.projection(f"projection_{n}", pre, post, receptor, group)

    def received(self, links: list[Link]) -> Iterator[tuple[Link, Receptor]]:
        """Yield links that do something, with the receptor of the target."""
        for link in links:
            name = link.target[0]
            if name not in self.written:
                raise ModelError(f"cells of '{name}' take no events", link.place)
            receptors = self.written[name].receptors
            if link.receiver is None:
                ports = [port for path, port in receptors if not path]
                port = link.port or (ports[0] if len(ports) == 1 else "")
                receptor = receptors.get(("", port))
            else:
                found = [r for (path, _), r in receptors.items() if path == link.receiver]
                receptor = found[0] if found else None
            if receptor is not None:
                yield link, receptor

    def projection(
        self, name: str, pre: str, post: str, receptor: str, group: list[tuple[Link, Receptor]]
    ) -> None:
        links = [link for link, _ in group]
        target = group[0][1]
        posts = np.array([link.target[1] for link in links])
        step = self.simulation.step
        self.builder.use_model(*model_library.source(STATIC))
        self.builder.projection(
            name, word(pre), word(post),
            ("from_list", {"pre": np.array([link.source[1] for link in links]), "post": posts}),
            STATIC, receptor,
            _same([link.weight * target.scale for link in links]),
            _same([max(link.delay, step) for link in links]),
            location=links[0].place,
        )  # fmt: skip


def _is_pulse(part: Part) -> bool:
    return (
        part.type.name == "pulseGenerator"
        and all(name in part.values for name in _PULSE)
        and part.values["amplitude"].exponents == NAMED["nA"].exponents
    )


def _same(values: list[float]) -> float | np.ndarray:
    return values[0] if len(set(values)) == 1 else np.array(values)
