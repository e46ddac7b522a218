"""NEURON as an engine.

The mechanisms (`snnc.codegen.native.nmodl`) keep the order of the ``cpu`` target in a step, so
what is recorded at the end of NEURON's step k is the sample of stamp k, and a spike of stamp k is
sent at k * dt. NEURON hands over events before a step: what is to arrive at stamp n must be there
when step n begins, so every delay is three quarters of a step shorter in NEURON than in the
network: sooner, it would still be handed over when the step before ends. Spikes of sources are
replayed where they arrive, with their stamps as times. Currents are written into the cells before
the step in which they act.

Between processes NEURON cannot deliver sooner than one of its steps after a spike. Where a delay
of one step is among those of a distributed network, two steps of NEURON make one of the network,
and delays are 0.4 steps shorter.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from itertools import chain
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from snnc.codegen.native.artifact import NativeArtifact
from snnc.codegen.native.threads import bounds_of
from snnc.ir.diagnostics import UserError
from snnc.runtime.native.driver import Driver, Samples
from snnc.runtime.native.network import Block, NativeNetwork, Numbers
from snnc.runtime.native.neuron_cells import NeuronCells
from snnc.runtime.native.neuron_connections import BlockConnections
from snnc.runtime.native.neuron_kernel import h, of_all_ranks, parallel
from snnc.runtime.native.neuron_plasticity import connect
from snnc.runtime.native.neuron_templates import own_cells
from snnc.runtime.native.nrnivmodl import load_mechanism
from snnc.runtime.native.simulation import NativeSimulation
from snnc.runtime.native.trains import Spikes

# Between a spike and what arrives one step later, in steps of the network, by the number of
# NEURON's steps in one. NEURON hands over what is due up to the middle of its own step.
_WAITS = {1: 0.25, 2: 0.6}


class _Sampler:
    """Samples of one variable of some cells since they were last taken."""

    def __init__(self, cells: NeuronCells, variable: str, chosen: NDArray[np.int64], interval: int):
        self.chosen = chosen
        self.here = cells.local(chosen)
        self.interval = interval
        self._pointers = cells.some(variable, chosen[self.here]) if self.here.any() else None
        self._numbers: list[int] = []
        self._rows: list[NDArray[np.float64]] = []

    def sample(self, step: int) -> None:
        if step % self.interval == 0:
            self._numbers.append(step // self.interval)
            self._rows.append(np.empty(0) if self._pointers is None else self._pointers.read())

    def take(self) -> Samples:
        numbers = np.array(self._numbers, np.int64)
        values = np.empty((numbers.size, self.chosen.size))
        own = np.array(self._rows).reshape(numbers.size, int(self.here.sum()))
        for here, rows in of_all_ranks((self.here, own)):
            values[:, here] = rows
        self._rows, self._numbers = [], []
        return numbers, values


class NeuronDriver:
    """A network in NEURON; see `snnc.runtime.native.driver.Driver`."""

    def __init__(self, artifact: NativeArtifact, network: NativeNetwork) -> None:
        self._dt = network.dt
        self._step = 0
        blocks = list(network.blocks())
        self._substeps = _substeps(network, blocks)
        self._first = {plan.name: plan.first_id for plan in network.populations}
        self._size = {plan.name: plan.size for plan in network.populations}
        self._load(artifact)
        self._cells = self._make_cells(artifact, network)
        self._register()
        wait = self._dt * _WAITS[self._substeps]
        self._connections: dict[str, list[BlockConnections]] = {}
        for block in blocks:
            self._connections.setdefault(block.projection, []).append(
                connect(block, network, self._cells, self._first[block.pairs.pre], wait)
            )
        self._injections = [
            (list(i.sources), self._cells[i.population].some("injected", i.cells))
            for i in network.injections()
        ]
        self._currents = np.zeros((0, 0))
        self._changes: set[int] = set()
        self._samplers: dict[tuple[str, str], _Sampler] = {}
        self._recorded: dict[str, NDArray[np.bool_]] = {}
        self._found: dict[str, list[Spikes]] = {}
        self._start(network)

    def _load(self, artifact: NativeArtifact) -> None:
        for synapse in artifact.synapses.values():
            assert synapse.source is not None
            load_mechanism(synapse.model, synapse.source)
        for cell in artifact.cells.values():
            if cell.source is not None:
                load_mechanism(cell.model, cell.source)
                setattr(h, f"substeps_{cell.model}", self._substeps)

    def _make_cells(
        self, artifact: NativeArtifact, network: NativeNetwork
    ) -> dict[str, NeuronCells]:
        """Make the cells of this process: its slice of each population."""
        rank, ranks = int(parallel.id()), int(parallel.nhost())
        if ranks not in (1, artifact.threads):
            raise UserError(
                f"the network has been cut for {artifact.threads} processes; found {ranks}"
            )
        if ranks == 1 and artifact.threads > 1:
            warnings.warn(
                f"NEURON runs a network in one thread of a process; found threads = "
                f"{artifact.threads}: `snnc run --ranks {artifact.threads}` uses as many processes",
                stacklevel=2,
            )
        bounds = bounds_of(artifact.document)
        cells = {}
        for plan in network.populations:
            if plan.name not in network.sources:
                cuts = bounds[plan.name] if ranks > 1 else (0, plan.size)
                first, stop = cuts[rank], cuts[rank + 1]
                cell = network.model(plan.name)
                place = plan.name, cell.model, first, stop, plan.size
                cells[plan.name] = (
                    own_cells(*place, network.cell_parameters(plan.name))
                    if cell.source is None
                    else NeuronCells(*place)
                )
        return cells

    def _register(self) -> None:
        """Number the cells, so that they can be recorded, and connected from anywhere."""
        host = parallel.id()
        for name, cells in self._cells.items():
            gids = range(self._first[name] + cells.first, self._first[name] + cells.stop)
            for cell, gid in enumerate(gids, cells.first):
                parallel.set_gid2node(gid, host)
                parallel.cell(gid, cells.netcon(cell, None))
        self._times, self._gids = h.Vector(), h.Vector()
        parallel.spike_record(-1, self._times, self._gids)

    def _start(self, network: NativeNetwork) -> None:
        h.dt = self._dt / self._substeps
        parallel.timeout(0)
        parallel.set_maxstep(10.0)
        for name, cells in self._cells.items():
            cells.prepare(network.initial_states(name))
        h.finitialize()
        for name, cells in self._cells.items():
            cells.start(network.cell_parameters(name), network.initial_states(name))

    # Recording

    def record(
        self, population: str, variable: str | None, cells: NDArray[np.int64], interval: int
    ) -> None:
        """Record exactly these cells."""
        if variable is None:
            self._sort_spikes()
            self._recorded[population] = np.zeros(self._size[population], bool)
            self._recorded[population][cells] = True
        elif cells.size:
            own = self._cells[population]
            self._samplers[population, variable] = _Sampler(own, variable, cells, interval)
        else:
            self._samplers.pop((population, variable), None)

    def spikes(self, population: str) -> Spikes:
        """Return the recorded spikes since the last call."""
        self._sort_spikes()
        found = self._found.pop(population, [])
        stamps = [np.empty(0, np.int64), *(times for times, _ in found)]
        return np.concatenate(stamps), np.concatenate([stamps[0], *(cells for _, cells in found)])

    def _sort_spikes(self) -> None:
        """Deal NEURON's list of spikes out to the populations that record them."""
        found = of_all_ranks((self._times.as_numpy().copy(), self._gids.as_numpy().copy()))
        stamps = np.rint(np.concatenate([t for t, _ in found]) / self._dt).astype(np.int64)
        gids = np.concatenate([g for _, g in found]).astype(np.int64)
        self._times.resize(0)
        self._gids.resize(0)
        for name, chosen in self._recorded.items():
            first = self._first[name]
            own = (gids >= first) & (gids < first + self._size[name])
            own[own] = chosen[gids[own] - first]
            if own.any():
                self._found.setdefault(name, []).append((stamps[own], gids[own] - first))

    def samples(self, population: str, variable: str) -> Samples:
        """Return the samples since the last call."""
        return self._samplers[population, variable].take()

    # Time

    def feed(self, trains: Mapping[str, Spikes], currents: NDArray[np.float64]) -> None:
        """Take the input of the next steps."""
        for name, (stamps, cells) in trains.items():
            order = np.argsort(stamps, kind="stable")
            times = np.asarray(stamps[order] * self._dt, np.float64)
            senders = cells[order]
            for block in self._blocks():
                if block.pre == name:
                    block.replay(times, senders)
        self._currents, self._fed = currents, self._step
        changed = np.any(currents[1:] != currents[:-1], axis=1)
        self._changes = {self._step, *(np.flatnonzero(changed) + 1 + self._step).tolist()}

    def advance(self, steps: int) -> None:
        """Run some steps: as one where nothing has to be read or written in between."""
        last = self._step + steps
        for step in self._stops(last):
            if self._step in self._changes:
                self._inject()
            h.t = self._step * self._dt
            parallel.psolve(step * self._dt)
            self._step = step
            for sampler in self._samplers.values():
                sampler.sample(step)

    def _stops(self, last: int) -> list[int]:
        """Return the steps at which to stop, up to `last`."""
        stops = {last}
        if self._injections:
            stops |= {step for step in self._changes if self._step < step < last}
        for sampler in self._samplers.values():
            first = self._step // sampler.interval + 1
            stops.update(range(first * sampler.interval, last, sampler.interval))
        return sorted(stops - {self._step})

    def _inject(self) -> None:
        now = self._currents[self._step - self._fed]
        for sources, pointers in self._injections:
            pointers.write(float(now[sources].sum()))

    def _blocks(self) -> Iterator[BlockConnections]:
        return chain.from_iterable(self._connections.values())

    # Between runs

    def state(self, population: str, variable: str) -> NDArray[np.float64] | None:
        """Return a variable of all cells."""
        return self._cells[population].read(variable)

    def set_state(
        self, population: str, variable: str, values: NDArray[np.float64], cells: NDArray[np.int64]
    ) -> None:
        """Set a variable of some cells."""
        self._cells[population].write(variable, values, cells)

    def set_parameters(
        self, population: str, values: Mapping[str, Numbers], cells: NDArray[np.int64]
    ) -> None:
        """Set parameters."""
        for name, value in values.items():
            self._cells[population].write(name, value, cells)

    def weights(self, projection: str) -> NDArray[np.float64]:
        """Return the weights in the order of the projection's blocks."""
        return np.concatenate([np.empty(0), *(b.weights() for b in self._connections[projection])])

    def set_weights(self, projection: str, values: NDArray[np.float64]) -> None:
        """Set the weights, in that order."""
        first = 0
        for block in self._connections[projection]:
            stop = first + block.size
            block.set_weights(values[first:stop])
            first = stop

    def close(self) -> None:
        """Give up the network: NEURON forgets the cells and their numbers."""
        self._connections.clear()
        self._injections.clear()
        self._samplers.clear()
        self._cells.clear()
        parallel.gid_clear()


def _substeps(network: NativeNetwork, blocks: list[Block]) -> int:
    """Return how many steps of NEURON make one of the network."""
    simulated = [block for block in blocks if block.pairs.pre not in network.sources]
    shortest = min((int(block.pairs.delay.min()) for block in simulated), default=2)
    return 1 if parallel.nhost() == 1 or shortest > 1 else 2


class NeuronSimulation(NativeSimulation):
    """A network that NEURON runs."""

    simulator: ClassVar[str] = "NEURON"
    driver_class: ClassVar[type[Driver]] = NeuronDriver
