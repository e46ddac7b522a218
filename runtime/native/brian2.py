"""Networks in Brian2.

Conventions that this driver evens out:

- A step of Brian2 that begins at t = k dt makes the state of stamp k + 1 here. Within it the order
  is that of the ``cpu`` target: advance, arrivals, test, reset.
- A spike leaves at the end of its step and is passed on in the next one, so delays are a step
  shorter in Brian2. Sources are not simulated: their spikes are put into the queues of their
  synapses in the step before the earliest arrival.
- Brian2 lets a cell rest from the step of its spike on; here the refractory time starts after it,
  and is rounded up to whole steps.
- Equations are solved exactly where Brian2 can, else by the Runge-Kutta method of order 4, for
  cells with gates in three parts of a step.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from snnc.codegen.native.artifact import NativeArtifact
from snnc.codegen.native.brian2_equations import PREVIOUS, Brian2Cell
from snnc.ir.diagnostics import UserError
from snnc.runtime.native.brian2_kernel import brian2
from snnc.runtime.native.brian2_solver import state_update
from snnc.runtime.native.brian2_synapses import BlockSynapses
from snnc.runtime.native.driver import Driver, Samples
from snnc.runtime.native.network import NativeNetwork, Numbers
from snnc.runtime.native.simulation import NativeSimulation
from snnc.runtime.native.trains import Spikes

_SCHEDULE = ["start", "groups", "synapses", "thresholds", "resets", "end"]


class _Sampler:
    """Samples of one variable of some cells since they were last taken."""

    def __init__(self, values: NDArray[np.float64], cells: NDArray[np.int64], interval: int):
        self._values, self._cells = values, cells
        self._interval = interval
        self._numbers: list[int] = []
        self._rows: list[NDArray[np.float64]] = []

    def sample(self, step: int) -> None:
        if step % self._interval == 0:
            self._numbers.append(step // self._interval)
            self._rows.append(self._values[self._cells])

    def take(self) -> Samples:
        numbers = np.array(self._numbers, np.int64)
        values = np.array(self._rows).reshape(numbers.size, self._cells.size)
        self._numbers, self._rows = [], []
        return numbers, values


class Brian2Driver:
    """A network in Brian2; see `snnc.runtime.native.driver.Driver`."""

    def __init__(self, artifact: NativeArtifact, network: NativeNetwork) -> None:
        self._clock = brian2.Clock(network.dt * brian2.ms)
        self._step = 0
        self._groups = {
            plan.name: self._group(network, plan.name, plan.size) for plan in network.populations
        }
        self._blocks = [
            BlockSynapses(
                block, network.synapse(block.projection), network.model(block.pairs.post),
                network.native_synapse_states(block.projection), self._groups, self._clock,
            )
            for block in network.blocks()
        ]  # fmt: skip
        self._leaving = {
            name: 0
            for name, group in self._groups.items()
            if name not in network.sources and "_spikespace" in group.variables
        }
        self._injections = [(one, network.model(one.population)) for one in network.injections()]
        self._currents = np.zeros((0, 0))
        self._fed = 0
        self._changes: NDArray[np.int64] = np.empty(0, np.int64)
        self._arriving: dict[str, tuple[NDArray[np.int64], NDArray[np.int32]]] = {}
        self._samplers: dict[tuple[str, str], _Sampler] = {}
        self._recorded: dict[str, NDArray[np.bool_]] = {}
        self._found: dict[str, list[Spikes]] = {}
        self._network = brian2.Network(
            *self._groups.values(),
            *(block.synapses for block in self._blocks),
            brian2.NetworkOperation(self._begin, clock=self._clock, when="start"),
            brian2.NetworkOperation(self._end, clock=self._clock, when="end"),
        )
        self._network.schedule = _SCHEDULE

    def _group(self, network: NativeNetwork, population: str, size: int) -> Any:
        if population in network.sources:
            return brian2.SpikeGeneratorGroup(size, [], [] * brian2.ms, clock=self._clock)
        cell = network.model(population)
        assert isinstance(cell, Brian2Cell)
        group = brian2.NeuronGroup(
            size,
            cell.equations,
            method=state_update,
            clock=self._clock,
            namespace={},
            **_firing(cell),
        )
        if cell.previous:
            names = [state.variable for n, state in cell.states.items() if n in cell.previous]
            keep = "\n".join(f"{PREVIOUS}{name} = {name}" for name in names)
            group.run_regularly(keep, when="start", clock=self._clock)
        values = {**network.cell_parameters(population), **network.initial_states(population)}
        for name, value in values.items():
            _values(group, name)[:] = value
        return group

    # Recording

    def record(
        self, population: str, variable: str | None, cells: NDArray[np.int64], interval: int
    ) -> None:
        """Record exactly these cells."""
        group = self._groups[population]
        if variable is None:
            self._recorded[population] = np.zeros(len(group), bool)
            self._recorded[population][cells] = True
        elif cells.size:
            values = _values(group, variable)
            self._samplers[population, variable] = _Sampler(values, cells, interval)
        else:
            self._samplers.pop((population, variable), None)

    def spikes(self, population: str) -> Spikes:
        """Return the recorded spikes since the last call."""
        none = np.empty(0, np.int64)
        found = self._found.pop(population, [])
        return (
            np.concatenate([none, *(stamps for stamps, _ in found)]),
            np.concatenate([none, *(cells for _, cells in found)]),
        )

    def samples(self, population: str, variable: str) -> Samples:
        """Return the samples since the last call."""
        return self._samplers[population, variable].take()

    # Time

    def feed(self, trains: Mapping[str, Spikes], currents: NDArray[np.float64]) -> None:
        """Take the input of the next steps."""
        for name, (stamps, cells) in trains.items():
            # What was emitted at the end of the last run is passed on in this one.
            before, of = self._arriving.get(name, (stamps[:0], cells[:0]))
            left = before >= self._step
            stamps, cells = np.append(before[left], stamps), np.append(of[left], cells)
            order = np.argsort(stamps, kind="stable")
            self._arriving[name] = stamps[order], cells[order].astype(np.int32)
            self._refuse_meeting(name)
        self._currents, self._fed = currents, self._step
        changed = np.any(currents[1:] != currents[:-1], axis=1)
        self._changes = np.append(self._step, np.flatnonzero(changed) + 1 + self._step)

    def _refuse_meeting(self, name: str) -> None:
        """Refuse spikes of one cell in one step if they reach synapses that change with each."""
        blocks = [block for block in self._blocks if block.pre == name and block.changes]
        if not blocks:
            return
        stamps, cells = self._arriving[name]
        order = np.lexsort((cells, stamps))
        twice = np.flatnonzero((np.diff(stamps[order]) == 0) & (np.diff(cells[order]) == 0))
        if twice.size:
            first = order[twice[0]]
            raise UserError(
                f"Brian2 takes one spike of a cell per step through the synapses of "
                f"'{blocks[0].projection}'; found two of cell {cells[first]} of '{name}' at "
                f"{stamps[first] * self._clock.dt_ * 1e3:g} ms; expected a smaller time step, or "
                "one of the targets cpu and nest"
            )

    def advance(self, steps: int) -> None:
        """Run some steps."""
        # Brian2 forgets the spikes of the last step at the end of a run, before they are passed on.
        for name, number in self._leaving.items():
            _values(self._groups[name], "_spikespace")[-1] = number
        self._network.run(steps * self._clock.dt, namespace={})

    def _begin(self) -> None:
        for sampler in self._samplers.values():
            sampler.sample(self._step)
        for name, (stamps, cells) in self._arriving.items():
            low, high = np.searchsorted(stamps, [self._step, self._step + 1])
            if low < high:
                for block in self._blocks:
                    if block.pre == name:
                        block.arrive(cells[low:high])
        if self._injections and self._step in self._changes:
            self._inject()

    def _inject(self) -> None:
        now = self._currents[self._step - self._fed]
        for one, cell in self._injections:
            assert isinstance(cell, Brian2Cell)
            total = now[list(one.sources)].sum() * cell.current
            _values(self._groups[one.population], cell.injected)[one.cells] = total

    def _end(self) -> None:
        self._step += 1
        for name in self._leaving:
            space = _values(self._groups[name], "_spikespace")
            self._leaving[name] = number = int(space[-1])
            if number and name in self._recorded:
                cells = space[:number].astype(np.int64)
                cells = cells[self._recorded[name][cells]]
                found = np.full(cells.size, self._step), cells
                self._found.setdefault(name, []).append(found)

    # Between runs

    def state(self, population: str, variable: str) -> NDArray[np.float64] | None:
        """Return a variable of all cells."""
        return _values(self._groups[population], variable).copy()

    def set_state(
        self, population: str, variable: str, values: NDArray[np.float64], cells: NDArray[np.int64]
    ) -> None:
        """Set a variable of some cells."""
        self.set_parameters(population, {variable: values}, cells)

    def set_parameters(
        self, population: str, values: Mapping[str, Numbers], cells: NDArray[np.int64]
    ) -> None:
        """Set parameters."""
        for name, value in values.items():
            _values(self._groups[population], name)[cells] = value

    def weights(self, projection: str) -> NDArray[np.float64]:
        """Return the weights in the order of the projection's blocks."""
        own = (block.weight for block in self._blocks if block.projection == projection)
        return np.concatenate([np.empty(0), *own])

    def set_weights(self, projection: str, values: NDArray[np.float64]) -> None:
        """Set the weights, in that order."""
        first = 0
        for block in self._blocks:
            if block.projection == projection:
                stop = first + block.weight.size
                block.weight[:] = values[first:stop]
                first = stop

    def close(self) -> None:
        """Give up the network."""
        self._network.remove(*self._network.objects)


def _firing(cell: Brian2Cell) -> dict[str, str]:
    """Return when a cell fires and how it rests, as Brian2 counts."""
    found = {}
    if cell.threshold:
        found = {"threshold": cell.threshold, "reset": cell.reset}
    if cell.refractory:
        # The last step of rest starts one step before its end; 1e-9 forgives errors of division.
        found["refractory"] = f"(ceil(({cell.refractory})/dt - 1e-9) + 1)*dt"
    return found


def _values(group: Any, name: str) -> NDArray[Any]:
    """Return the array that Brian2 keeps of a variable, in SI units."""
    return group.variables[name].get_value()


class Brian2Simulation(NativeSimulation):
    """A network that Brian2 runs."""

    simulator: ClassVar[str] = "Brian2"
    driver_class: ClassVar[type[Driver]] = Brian2Driver
