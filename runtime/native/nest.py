"""Networks in NEST.

Conventions that this driver evens out:

- NEST's spike generators have no spikes at time 0, and its current generators act two steps after
  a change: the network's clock starts `_LEAD` steps after NEST's. Cells are frozen until then. What
  comes too early for a generator goes through the cells' constant current ``I_e``.
- Sources are cells that repeat the spikes of generators one step later, since generators could have
  synapses of one static model only. So spikes of sources are made one step ahead.
- Spike times, delays, and the step in which a spike first moves the potential are NEST's own, which
  the ``cpu`` target follows.
- A multimeter delivers the sample of the last step with the next run; it is read from the cells.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from snnc.codegen.native.artifact import NativeArtifact
from snnc.ir.diagnostics import UnsupportedError
from snnc.runtime.engine.clock import Clock
from snnc.runtime.native.driver import LOOKAHEAD, Samples
from snnc.runtime.native.nest_kernel import (
    lists_of,
    quiet_nest,
    refusals,
    settings_of,
    takes,
    with_whole_lists,
)
from snnc.runtime.native.network import Block, Injection, NativeNetwork, Numbers
from snnc.runtime.native.simulation import NativeSimulation
from snnc.runtime.native.trains import Spikes

_LEAD = 2
# A current generator's change at step k of the network's clock acts from step k + 1 on.
_CURRENT_SHIFT = _LEAD - 1
# Steps from a spike generator to the cell that repeats its spikes.
_RELAY = 1


@dataclass
class _Recorder:
    """A recording device, and what it records."""

    device: Any
    cells: NDArray[np.int64]
    interval: int


@dataclass
class _Generator:
    """A current generator, and the cells it reaches."""

    device: Any
    injection: Injection
    ahead: NDArray[np.float64] = field(default_factory=lambda: np.zeros(LOOKAHEAD))


class NestDriver:
    """A network in NEST's kernel, of which a process has one; see `Driver`."""

    def __init__(self, artifact: NativeArtifact, network: NativeNetwork) -> None:
        self._network = network
        self._nest = quiet_nest()
        self._clock = Clock(network.dt)
        self._step = -_LEAD
        self._recorders: dict[tuple[str, str | None], _Recorder] = {}
        self._models: dict[str, list[str]] = {}
        self._generators: list[_Generator] = []
        blocks = list(network.blocks())
        self._set_kernel(blocks)
        self._cells = {p.name: self._create(p.name, p.size) for p in network.populations}
        self._replayed = {name: self._create_generators(name) for name in network.sources}
        for block in blocks:
            self._connect(block)
        for injection in network.injections():
            self._inject(injection)

    # Building

    def _set_kernel(self, blocks: list[Block]) -> None:
        nest, dt = self._nest, self._network.dt
        nest.ResetKernel()
        with refusals("the time step"):
            nest.set(resolution=dt, print_time=False, local_num_threads=self._network.threads)
        longest = max((int(b.pairs.delay.max()) for b in blocks if b.pairs.delay.size), default=1)
        # Recording devices deliver at the pace of the shortest delay.
        nest.set(min_delay=dt, max_delay=self._clock.time(longest))

    def _create(self, population: str, size: int) -> Any:
        if population in self._network.sources:
            return self._nest.Create("parrot_neuron", size)
        model = self._network.model(population).model
        single, lists = lists_of(self._network.cell_parameters(population), size)
        settings = settings_of(single, self._nest.GetDefaults(model))
        with refusals(f"population '{population}'", self._network.place(population)):
            settings = {**settings, **self._start(population, model), "frozen": True}
            nodes = self._nest.Create(model, size, settings)
            if lists:
                nodes.set(lists)
            return nodes

    def _start(self, population: str, model: str) -> dict[str, NDArray[np.float64]]:
        """Return what the states start from that NEST lets be set."""
        usual = self._network.default_states(population)
        found: dict[str, NDArray[np.float64]] = {}
        for variable, values in self._network.initial_states(population).items():
            if takes(model, variable):
                found[variable] = values
            elif np.any(values != usual[variable]):
                raise UnsupportedError(
                    f"'{variable}' of '{model}' cannot be set in NEST; found initial values other "
                    f"than {usual[variable]:g} in '{population}'",
                    self._network.place(population),
                )
        return found

    def _create_generators(self, population: str) -> Any:
        """Return generators that the cells of a source population repeat.

        A generator itself could have synapses of one model only.
        """
        cells = self._cells[population]
        generators = self._nest.Create("spike_generator", len(cells))
        self._nest.Connect(
            generators, cells, "one_to_one", {"delay": self._network.dt, "weight": 1.0}
        )
        return generators

    def _connect(self, block: Block) -> None:
        model = f"{block.projection}_{block.pairs.pre}_{block.pairs.post}"
        shared = {n: v for n, v in block.parameters.items() if not isinstance(v, np.ndarray)}
        single = {n: v for n, v in block.parameters.items() if isinstance(v, np.ndarray)}
        settings: dict[str, Any] = {
            **single,
            "synapse_model": model,
            "weight": block.weight,
            "delay": self._clock.times(block.pairs.delay),
        }
        port = self._port(block)
        if port:
            settings["receptor_type"] = np.full(block.weight.size, port)
        place = self._network.place(block.projection)
        with refusals(f"projection '{block.projection}'", place):
            original = self._network.synapse(block.projection).model
            known = self._nest.GetDefaults(original)
            self._nest.CopyModel(original, model, settings_of(shared, known))
            self._nest.Connect(
                _ids(self._cells[block.pairs.pre])[block.pairs.pre_cells],
                _ids(self._cells[block.pairs.post])[block.pairs.post_cells],
                "one_to_one",
                settings,
            )
        self._models.setdefault(block.projection, []).append(model)

    def _port(self, block: Block) -> int:
        """Return the number of a block's receptor, which the simulator may know by name."""
        if not isinstance(block.port, str):
            return block.port or 0
        model = self._network.model(block.pairs.post).model
        return self._nest.GetDefaults(model, "receptor_types")[block.port]

    def _inject(self, injection: Injection) -> None:
        device = self._nest.Create("step_current_generator")
        cells = self._chosen(injection.population, injection.cells)
        self._nest.Connect(device, cells, syn_spec={"delay": self._network.dt})
        self._generators.append(_Generator(device, injection))

    def _chosen(self, population: str, cells: NDArray[np.int64]) -> Any:
        """Return some cells of a population, in ascending order."""
        nodes = self._cells[population]
        return nodes if cells.size == len(nodes) else nodes[np.sort(cells).tolist()]

    # Recording

    def record(
        self, population: str, variable: str | None, cells: NDArray[np.int64], interval: int
    ) -> None:
        """Record from now on exactly these cells; see `Driver.record`."""
        old = self._recorders.pop((population, variable), None)
        if old is not None:
            old.device.stop = max(self._nest.biological_time, self._clock.time(1))
        if not cells.size:
            return
        nodes = self._chosen(population, cells)
        if variable is None:
            device = self._nest.Create("spike_recorder")
            self._nest.Connect(nodes, device, syn_spec={"delay": self._network.dt})
        else:
            every = self._clock.time(interval)
            settings = {
                "record_from": [variable],
                "interval": every,
                "offset": self._kernel(interval),
            }
            device = self._nest.Create("multimeter", params=settings)
            self._nest.Connect(device, nodes, syn_spec={"delay": self._network.dt})
        self._recorders[population, variable] = _Recorder(device, np.sort(cells), interval)

    def _kernel(self, stamp: int) -> float:
        """Return NEST's time of a stamp."""
        return self._clock.time(stamp + _LEAD)

    def _events(
        self, population: str, variable: str | None
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], dict[str, Any]]:
        """Return stamps, cells and values that a device holds, and empty it."""
        device = self._recorders[population, variable].device
        events = device.events
        device.n_events = 0
        stamps = self._clock.steps(events["times"]) - _LEAD
        first = int(self._cells[population][0].global_id)
        return stamps, np.asarray(events["senders"], np.int64) - first, events

    def spikes(self, population: str) -> Spikes:
        """Return the recorded spikes since the last call."""
        stamps, cells, _ = self._events(population, None)
        return stamps, cells

    def samples(self, population: str, variable: str) -> Samples:
        """Return the samples since the last call."""
        recorder = self._recorders[population, variable]
        stamps, cells, events = self._events(population, variable)
        numbers, rows = np.unique(stamps // recorder.interval, return_inverse=True)
        values = np.empty((numbers.size, recorder.cells.size))
        values[rows, np.searchsorted(recorder.cells, cells)] = events[variable]
        return numbers, values

    # Time

    def feed(self, trains: Mapping[str, Spikes], currents: NDArray[np.float64]) -> None:
        """Give the generators what they play in the next steps."""
        for population, (stamps, cells) in trains.items():
            self._replay(population, stamps, cells)
        corrections = [self._play(generator, currents) for generator in self._generators]
        if self._step < 0:
            self._nest.Simulate(self._clock.time(_LEAD))
            self._step = 0
            for name, nodes in self._cells.items():
                if name not in self._network.sources:
                    nodes.frozen = False
        self._corrections = corrections

    def _replay(self, population: str, stamps: NDArray[np.int64], cells: NDArray[np.int64]) -> None:
        if not stamps.size:
            return
        times = self._clock.times(stamps + _LEAD - _RELAY)
        firing, starts = np.unique(cells, return_index=True)
        parts = np.split(times, starts[1:])
        generators = self._replayed[population][firing.tolist()]
        generators.set([{"spike_times": part} for part in parts])

    def _play(self, generator: _Generator, currents: NDArray[np.float64]) -> NDArray[np.float64]:
        """Set a waveform; return what the next steps lack of it, as NEST's currents."""
        scale = self._network.model(generator.injection.population).current
        wave = currents[:, list(generator.injection.sources)].sum(axis=1) * scale
        first = max(self._step, 0)
        sent = LOOKAHEAD if self._step >= 0 else 1
        lacking = wave[:LOOKAHEAD] - generator.ahead
        lacking[sent:] = 0.0
        self._require_constant_current(generator.injection.population, lacking)
        steps = np.flatnonzero(np.diff(wave[sent:], prepend=np.nan)) + sent
        generator.device.set({
            "amplitude_times": self._clock.times(first + steps + _CURRENT_SHIFT),
            "amplitude_values": wave[steps],
        })  # fmt: skip
        generator.ahead = wave[-LOOKAHEAD:]
        return lacking

    def _require_constant_current(self, population: str, lacking: NDArray[np.float64]) -> None:
        """Refuse what would have to go through a constant current that a model does not have."""
        model = self._network.model(population).model
        if lacking.any() and "I_e" not in self._nest.GetDefaults(model):
            raise UnsupportedError(
                f"a current into '{population}' changes too early for NEST's '{model}', which has "
                f"no constant current; expected no change before "
                f"{self._clock.time(max(self._step, 0) + LOOKAHEAD):g} ms"
            )

    def advance(self, steps: int) -> None:
        """Run some steps."""
        for _ in range(min(steps, LOOKAHEAD)):
            if not any(lacking.any() for lacking in self._corrections):
                break
            self._advance_corrected()
            steps -= 1
        if steps:
            self._nest.Simulate(self._clock.time(steps))
            self._step += steps
            self._corrections = []

    def _advance_corrected(self) -> None:
        """Run one step with what the generators lack added to the cells' constant currents."""
        before = []
        for generator, lacking in zip(self._generators, self._corrections, strict=True):
            nodes = self._chosen(generator.injection.population, generator.injection.cells)
            constant = np.atleast_1d(nodes.I_e)
            before.append((nodes, constant))
            nodes.I_e = constant + lacking[0]
        self._nest.Simulate(self._network.dt)
        for nodes, constant in reversed(before):
            nodes.I_e = constant
        self._step += 1
        self._corrections = [np.append(lacking[1:], 0.0) for lacking in self._corrections]

    # States, parameters, weights

    def state(self, population: str, variable: str) -> NDArray[np.float64] | None:
        """Return a variable of all cells; None if it can only be recorded."""
        nodes = self._cells[population]
        model = self._network.model(population).model
        if variable not in self._nest.GetDefaults(model):
            return None
        if self._step <= 0 and not takes(model, variable):
            # NEST computes it of others in each step.
            return None
        return np.atleast_1d(np.asarray(nodes.get(variable), np.float64))

    def set_state(
        self, population: str, variable: str, values: NDArray[np.float64], cells: NDArray[np.int64]
    ) -> None:
        """Set a variable of some cells."""
        if not takes(self._network.model(population).model, variable):
            raise UnsupportedError(f"'{variable}' of '{population}' cannot be set in NEST")
        self.set_parameters(population, {variable: values}, cells)

    def set_parameters(
        self, population: str, values: Mapping[str, Numbers], cells: NDArray[np.int64]
    ) -> None:
        """Set parameters: numbers, or one value for each of the cells."""
        order = np.argsort(cells)
        ordered = {n: v[order] if isinstance(v, np.ndarray) else v for n, v in values.items()}
        nodes = self._chosen(population, cells)
        single, lists = lists_of(with_whole_lists(ordered, nodes), cells.size)
        with refusals(f"population '{population}'"):
            nodes.set(single)
            if lists:
                nodes.set(lists)

    def weights(self, projection: str) -> NDArray[np.float64]:
        """Return the weights in the order of the projection's blocks."""
        parts = [np.asarray(c.weight)[np.argsort(order)] for c, order in self._handles(projection)]
        return np.concatenate(parts or [np.empty(0)])

    def set_weights(self, projection: str, values: NDArray[np.float64]) -> None:
        """Set the weights, in that order."""
        first = 0
        for connections, order in self._handles(projection):
            connections.set(weight=values[first : first + order.size][order])
            first += order.size

    def _handles(self, projection: str) -> Iterator[tuple[Any, NDArray[np.int64]]]:
        """Yield NEST's connections of each block, and the places in the block that they have."""
        blocks = self._network.pairs(projection)
        for pairs, model in zip(blocks, self._models[projection], strict=True):
            found = self._nest.GetConnections(synapse_model=model)
            ends = found.get(["source", "target", "delay"])
            theirs = np.lexsort((
                np.atleast_1d(ends["delay"]), np.atleast_1d(ends["target"]),
                np.atleast_1d(ends["source"]),
            ))  # fmt: skip
            ours = np.lexsort((pairs.delay, pairs.post_cells, pairs.pre_cells))
            order = np.empty(ours.size, np.int64)
            order[theirs] = ours
            yield found, order

    def close(self) -> None:
        """Give up the network."""
        self._nest.ResetKernel()


class NestSimulation(NativeSimulation):
    """A network that NEST runs."""

    driver_class = NestDriver
    simulator = "NEST"
    ahead = _RELAY


def _ids(nodes: Any) -> NDArray[np.int64]:
    """Return NEST's numbers of nodes that were created together."""
    first = int(nodes[0].global_id)
    return np.arange(first, first + len(nodes))
