"""The network that every simulator gets: the one that the ``cpu`` target would run.

A simulation that never runs makes parameters, initial states and connections; drivers read them
here in bulk, in coherent units (mV, nA, nF, uS, ms) and in the simulator's own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from snnc.codegen.artifact import (
    Artifact,
    CellPlan,
    PopulationPlan,
    ProjectionPlan,
    SynapsePlan,
)
from snnc.codegen.native.artifact import NativeArtifact, NativeCell, NativeSynapse
from snnc.ir.diagnostics import Location, UnsupportedError
from snnc.ir.dialects.snn import ProjectionOp
from snnc.ir.locations import location_of
from snnc.ir.values import Sequences
from snnc.runtime.connectivity.edges import edge_space
from snnc.runtime.engine.cells import constants_of
from snnc.runtime.native.trains import sources_of
from snnc.runtime.simulation import Simulation

Numbers = float | NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Pairs:
    """The cells that a projection connects, of two populations.

    Attributes
    ----------
    pre, post : str
        Names of the populations.
    place : ndarray of int64, shape (m,)
        Place of each connection in the order of `Simulation.edges`.
    pre_cells, post_cells : ndarray of int64, shape (m,)
        Indices in the populations.
    delay : ndarray of int64, shape (m,)
        In steps.
    """

    pre: str
    post: str
    place: NDArray[np.int64]
    pre_cells: NDArray[np.int64]
    post_cells: NDArray[np.int64]
    delay: NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Block:
    """The connections of a projection between two populations.

    Attributes
    ----------
    projection : str
        Name.
    pairs : Pairs
        Which cells.
    weight : ndarray of float64, shape (m,)
        In the simulator's unit, with the sign that selects the receptor.
    port : int, str or None
        What the simulator selects the receptor by.
    parameters : mapping of str to float or ndarray, shape (m,)
        The simulator's parameters of the synapse.
    """

    projection: str
    pairs: Pairs
    weight: NDArray[np.float64]
    port: int | str | None
    parameters: Mapping[str, Numbers]


@dataclass(frozen=True, eq=False)
class Injection:
    """Cells of one population that the same current sources reach.

    Attributes
    ----------
    population : str
        Name.
    sources : tuple of int
        Numbers of the sources.
    cells : ndarray of int64
        Indices in the population.
    """

    population: str
    sources: tuple[int, ...]
    cells: NDArray[np.int64]


class NativeNetwork:
    """What drivers read of a network.

    Parameters
    ----------
    artifact : NativeArtifact
        The models as the simulator knows them.
    simulation : Simulation
        The same network for the ``cpu`` target.

    Attributes
    ----------
    dt : float
        Time step in ms.
    threads : int
        Threads to run on.
    populations : tuple of PopulationPlan
        All populations.
    sources : tuple of str
        Names of those whose spikes are replayed.
    """

    def __init__(self, artifact: NativeArtifact, simulation: Simulation) -> None:
        self._native = artifact
        self._simulation = simulation
        self._cpu: Artifact = simulation.artifact
        self.dt = self._cpu.dt
        self.threads = artifact.threads
        self.populations = self._cpu.populations
        self.sources = sources_of(self._cpu, self._native.cells)
        self._plans = {plan.name: plan for plan in self.populations}
        self._symbols = artifact.document.network.symbols()
        # A plan of the cpu target is that of one form of the model.
        self._models = {
            op.symbol: op.synapse for op in self._symbols.values() if isinstance(op, ProjectionOp)
        }

    # Cells

    def place(self, symbol: str) -> Location | None:
        """Return where a population or projection is made; None if that is in no text."""
        return location_of(self._symbols[symbol])

    def plan(self, population: str) -> PopulationPlan:
        """Return the plan of a population."""
        return self._plans[population]

    def model(self, population: str) -> NativeCell:
        """Return the model of a population's cells in the simulator."""
        return self._native.cells[self._plans[population].cell]

    def _cell(self, population: str) -> CellPlan:
        return self._cpu.cells[self._plans[population].cell]

    def cell_parameters(self, population: str) -> dict[str, Numbers]:
        """Return the simulator's parameters of a population: floats, or shape (n,)."""
        text = self.model(population).constants
        parameters = constants_of(text)(self._coherent(population), self.dt)
        return {**parameters, **self._postsynaptic(population)}

    def _coherent(self, population: str) -> dict[str, Numbers]:
        values: dict[str, Numbers] = {}
        for parameter in self._cell(population).parameters:
            value = self._simulation.parameters(population, parameter.name)
            if not isinstance(value, Sequences):
                values[parameter.name] = value * parameter.scale
        return values

    def initial_states(self, population: str) -> dict[str, NDArray[np.float64]]:
        """Return what the states that the simulator shows start from, in its units.

        Raises
        ------
        UnsupportedError
            A state that the simulator does not show is to start from other than 0.
        """
        states = self.model(population).states
        found: dict[str, NDArray[np.float64]] = {}
        for buffer in self._cell(population).states:
            values = self._simulation.state(population, buffer.name)
            variable = states[buffer.name].variable if buffer.name in states else None
            if variable is not None:
                found[variable] = values * self.scale(population, buffer.name)
            elif values.any():
                raise UnsupportedError(
                    f"'{buffer.name}' of '{population}' starts from 0 in this simulator; found "
                    f"{values[values != 0.0][0]:g}"
                )
        return found

    def default_states(self, population: str) -> dict[str, float]:
        """Return what the states that the simulator shows start from by default, in its units."""
        states = self.model(population).states
        return {
            variable: buffer.initial * self.scale(population, buffer.name)
            for buffer in self._cell(population).states
            if buffer.name in states and (variable := states[buffer.name].variable) is not None
        }

    def scale(self, population: str, state: str) -> float:
        """Return simulator units per declared unit of a state."""
        buffers = {buffer.name: buffer for buffer in self._cell(population).states}
        return buffers[state].scale * self.model(population).states[state].scale

    # Connections

    def blocks(self) -> Iterator[Block]:
        """Yield all connections, by projection and pair of populations."""
        for plan in self._cpu.projections:
            yield from self.blocks_of(plan.name)

    def blocks_of(self, projection: str) -> Iterator[Block]:
        """Yield the connections of a projection, by pair of populations."""
        plan, model = self._projection(projection), self.synapse(projection)
        weight = self._simulation.edge_values(projection, "weight")
        for pairs in self.pairs(projection):
            receptor = self.model(pairs.post).receptors[plan.receptor]
            constants = self._synapse_constants(plan, pairs.post, pairs.place, pairs.post_cells)
            scaled = weight[pairs.place] * self.weight_scale(projection, pairs.post)
            if receptor.sign and (scaled * receptor.sign < 0.0).any():
                raise UnsupportedError(
                    f"weights of '{projection}' have a sign that selects another receptor than "
                    f"'{plan.receptor}' in {self.model(pairs.post).model}"
                )
            yield Block(
                projection,
                pairs,
                scaled,
                receptor.port,
                {n: value for n, value in constants.items() if n not in model.postsynaptic},
            )

    def synapse_states(self, projection: str) -> dict[str, NDArray[np.float64]]:
        """Return what the states of a projection's synapses start from, in coherent units.

        Returns
        -------
        dict of str to ndarray of float64, shape (m,)
            In the order of `Simulation.edges`.
        """
        size = self._simulation.edges(projection).pre.size
        found: dict[str, NDArray[np.float64]] = {}
        for buffer in self._synapse_plan(projection).states:
            if buffer.axes == ("post",):
                value = self._projection(projection).initial.get(buffer.name, buffer.initial)
                values = np.full(size, value, np.float64)
            else:
                values = self._simulation.edge_values(projection, buffer.name)
            found[buffer.name] = values * buffer.scale
        return found

    def pairs(self, projection: str) -> Iterator[Pairs]:
        """Yield the cells that a projection connects, by pair of populations."""
        plan = self._projection(projection)
        edges = self._simulation.edges(projection)
        pre = edge_space(plan.pre, self.populations)
        post = edge_space(plan.post, self.populations)
        numbers = pre.population[edges.pre].astype(np.int64) * len(self.populations)
        numbers += post.population[edges.post]
        delay = np.rint(self._simulation.edge_values(projection, "delay") / self.dt)
        for number in np.unique(numbers):
            place = np.flatnonzero(numbers == number)
            source, target = divmod(int(number), len(self.populations))
            yield Pairs(
                self.populations[source].name, self.populations[target].name, place,
                pre.index[edges.pre[place]], post.index[edges.post[place]],
                delay[place].astype(np.int64),
            )  # fmt: skip

    def _projection(self, name: str) -> ProjectionPlan:
        return next(plan for plan in self._cpu.projections if plan.name == name)

    def synapse(self, projection: str) -> NativeSynapse:
        """Return the model of a projection's synapses in the simulator."""
        return self._native.synapses[self._models[projection]]

    def weight_scale(self, projection: str, post: str) -> float:
        """Return simulator weights per declared weight of a projection onto a population."""
        scale = self.model(post).receptors[self._projection(projection).receptor].scale
        return float(np.sign(scale)) if self.synapse(projection).own_weights else scale

    def order(self, projection: str) -> NDArray[np.int64]:
        """Return the places of the connections of all blocks of a projection, one after another."""
        places = [pairs.place for pairs in self.pairs(projection)]
        return np.concatenate(places or [np.empty(0, np.int64)])

    def weight_factors(self, projection: str) -> NDArray[np.float64]:
        """Return simulator weights per declared weight of each connection."""
        factors = np.ones(self._simulation.edges(projection).pre.size)
        for pairs in self.pairs(projection):
            factors[pairs.place] = self.weight_scale(projection, pairs.post)
        return factors

    def _synapse_plan(self, projection: str) -> SynapsePlan:
        return self._cpu.synapses[self._projection(projection).synapse]

    def _synapse_constants(
        self, plan: ProjectionPlan, post: str, place: NDArray[np.int64], cells: NDArray[np.int64]
    ) -> dict[str, Numbers]:
        """Return the simulator's parameters of the synapses onto a population."""
        synapse, model = self._synapse_plan(plan.name), self.synapse(plan.name)
        values: dict[str, Numbers] = {}
        for parameter in synapse.parameters:
            declared = self._simulation.edge_values(plan.name, parameter.name)[place]
            values[parameter.name] = _folded(declared * parameter.scale)
        for name in synapse.decays:
            decay = self._coherent(post)[self._cell(post).decays[plan.receptor]]
            values[name] = decay[cells] if isinstance(decay, np.ndarray) else decay
        constants = dict(constants_of(model.constants)(values, self.dt))
        for name in model.weights:
            constants[name] = constants[name] * self.weight_scale(plan.name, post)
        return constants

    def native_synapse_states(self, projection: str) -> dict[str, Numbers]:
        """Return what the states of synapses start from, by the simulator's names."""
        states = self.synapse(projection).states
        return {
            variable: _folded(values * states[name].scale)
            for name, values in self.synapse_states(projection).items()
            if name in states and (variable := states[name].variable) is not None
        }

    def _postsynaptic(self, population: str) -> dict[str, Numbers]:
        """Return the parameters that plastic synapses ask of the cells they act on."""
        found: dict[str, Numbers] = {}
        for plan in self._cpu.projections:
            names = self.synapse(plan.name).postsynaptic
            if not names or population not in (name for name, _ in plan.post.members):
                continue
            for block in self.pairs(plan.name):
                if block.post != population:
                    continue
                constants = self._synapse_constants(plan, block.post, block.place, block.post_cells)
                for name in names:
                    found[name] = _agreeing(name, found.get(name), constants[name], population)
        return found

    # Currents

    def injections(self) -> Iterator[Injection]:
        """Yield the cells that current sources reach, by population and choice of sources."""
        reached: dict[str, dict[int, list[int]]] = {}
        for number, source in enumerate(self._cpu.sources):
            for selection in source.targets:
                for name, chosen in selection.members:
                    cells = reached.setdefault(name, {})
                    for cell in np.arange(self.plan(name).size)[chosen].tolist():
                        cells.setdefault(cell, []).append(number)
        for name, cells in reached.items():
            groups: dict[tuple[int, ...], list[int]] = {}
            for cell, numbers in cells.items():
                groups.setdefault(tuple(numbers), []).append(cell)
            for numbers, members in groups.items():
                yield Injection(name, numbers, np.sort(np.array(members, np.int64)))


def _folded(values: NDArray[np.float64]) -> Numbers:
    """Return values that are all the same as one number."""
    return float(values[0]) if values.size and (values == values[0]).all() else values


def _agreeing(name: str, known: Numbers | None, new: Numbers, population: str) -> float:
    """Return a number that all synapses onto a population ask of its cells."""
    values = np.unique(new if known is None else np.append(new, known))
    if values.size > 1:
        raise UnsupportedError(
            f"synapses onto '{population}' ask for different '{name}', which belongs to the cell "
            f"in this simulator; found {values[0]:g} and {values[-1]:g}"
        )
    return float(values[0])
