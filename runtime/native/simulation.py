"""A network that another simulator runs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar, NoReturn

import numpy as np
from numpy.typing import ArrayLike, NDArray

from snnc.codegen.native.artifact import NativeArtifact, NativeCell
from snnc.ir.diagnostics import UnsupportedError, UserError
from snnc.ir.model_info import describe_model, models_of
from snnc.ir.registry import TARGETS
from snnc.ir.values import Value
from snnc.runtime.engine.recording import SPIKES
from snnc.runtime.engine.traces import TraceRecorder
from snnc.runtime.native.driver import LOOKAHEAD, Driver
from snnc.runtime.native.network import NativeNetwork, Numbers
from snnc.runtime.native.trains import Trains
from snnc.runtime.network import indices_of
from snnc.runtime.replica import replica_of
from snnc.runtime.simulation import Simulation

# Between two calls of a progress function, and of writes to a file.
_SLICES = 20


class NativeSimulation(Simulation):
    """A network that another simulator takes through time.

    Parameters, initial states and connections are made as for the ``cpu`` target, and can be read
    and set in the same ways; spikes of sources and currents are made once and replayed. What is
    recorded is kept here, so that it stays when the simulator goes on to another network.

    A simulator holds one network at a time. A second simulation takes the simulator over when it
    runs; the first must be reset before it can run again.

    Parameters
    ----------
    artifact : NativeArtifact
        The network, and its models in the simulator.

    Attributes
    ----------
    driver_class : type of Driver
        The simulator's driver.
    simulator : str
        Its name in messages.
    ahead : int
        Steps by which the driver must know spikes of sources before they are emitted; a change of
        a source's parameters acts that much later.
    """

    driver_class: ClassVar[type[Driver]]
    simulator: ClassVar[str]
    ahead: ClassVar[int] = 0
    _holder: ClassVar[NativeSimulation | None] = None

    def __init__(self, artifact: NativeArtifact) -> None:
        self.native = artifact
        super().__init__(replica_of(artifact.document))
        self._trains = Trains(self.artifact, self.native.cells, self.ahead)
        self._driver: Driver | None = None
        self._lost = False
        self._reached = 0
        self._told: dict[tuple[str, str], tuple[bytes, int]] = {}

    # Time

    @property
    def step(self) -> int:
        """Number of time steps from the start."""
        return self._reached

    @property
    def _started(self) -> bool:
        return self._driver is not None

    def _expect(self, steps: int) -> None:
        """Do nothing: the simulator has its own memory for samples."""

    def _advance(self, steps: int, progress: Callable[[float], None] | None) -> None:
        driver = self._running()
        self._tell(driver)
        trains = self._trains.advance(steps)
        self._record_sources()
        with self._report.stage("run"):
            driver.feed(trains, self._waveforms(steps + LOOKAHEAD))
            self._take_present(driver)
            often = progress is not None or self._recording.spool is not None
            for part in _parts(steps, _SLICES if often else 1):
                driver.advance(part)
                self._reached += part
                self._take(driver)
                self._recording.spill()
                if progress is not None:
                    progress(self.t)
        self._recording.spill(at_once=True)
        self._report.simulated += self._clock.time(steps)

    def _running(self) -> Driver:
        """Return the driver, made if need be."""
        if self._lost:
            raise UserError(
                f"another network has taken {self.simulator} over at {self.t:g} ms; "
                "reset this one to run it from the start"
            )
        if self._driver is None:
            self.build()
            kind = type(self)
            if kind._holder is not None:
                kind._holder._lose()
            with self._report.stage(self.simulator):
                driver = self._made_driver()
            kind._holder, self._driver = self, driver
        return self._driver

    def _made_driver(self) -> Driver:
        try:
            return self.driver_class(self.native, NativeNetwork(self.native, self))
        except UnsupportedError as error:
            # The cpu target runs all that has equations.
            models = models_of(self.native.document.module).values()
            foreign = any(describe_model(op).simulator for op in models)
            others = "" if foreign else "; targets that can: cpu"
            message = f"target '{self.native.target}': {error.message}{others}"
            raise UnsupportedError(message, error.location) from None

    def _lose(self) -> None:
        self.close()
        self._lost = self._reached > 0

    def reset(self) -> None:
        """Return to t = 0: the network is made anew in the simulator at the next run."""
        self.close()
        super().reset()
        self._trains.reset()
        self._lost = False
        self._reached = 0
        self._told.clear()

    def close(self) -> None:
        """Give the simulator up; what has been recorded can still be read."""
        if self._driver is not None:
            self._driver.close()
            self._driver = None
            type(self)._holder = None
        super().close()

    # Input and recording

    def _waveforms(self, steps: int) -> NDArray[np.float64]:
        """Return the currents of the next steps in nA: shape (steps, sources)."""
        sources = self._currents.sources.values()
        columns = [source.values(self._reached, steps) for source in sources]
        return np.stack(columns, axis=1) if columns else np.empty((steps, 0))

    def _record_sources(self) -> None:
        for name, (stamps, cells) in self._trains.emitted().items():
            self._recording.spikes[name].add(stamps, cells)

    def _tell(self, driver: Driver) -> None:
        """Tell the simulator of changes in what is recorded."""
        wanted: dict[tuple[str, str], tuple[NDArray[np.int64], int]] = {}
        for plan in self.artifact.populations:
            chosen = self._recording.spikes[plan.name].chosen
            if plan.name not in self._trains.names and chosen.size:
                wanted[plan.name, SPIKES] = chosen, 1
        for where, recorder in self._recording.traces.items():
            wanted[where] = recorder.index, recorder.interval
        for where in self._told.keys() - wanted.keys():
            driver.record(where[0], self._variable(*where), np.empty(0, np.int64), 1)
            del self._told[where]
        for where, (cells, interval) in wanted.items():
            if self._told.get(where) != (cells.tobytes(), interval):
                driver.record(where[0], self._variable(*where), cells, interval)
                self._told[where] = cells.tobytes(), interval

    def _variable(self, population: str, name: str) -> str | None:
        """Return the simulator's name of a state; None for spikes."""
        if name == SPIKES:
            return None
        state = self._model(population).states.get(name)
        variable = None if state is None else state.variable
        if variable is None:
            raise UnsupportedError(f"{self.simulator} does not show '{name}' of '{population}'")
        return variable

    def _take_present(self, driver: Driver) -> None:
        """Take the samples of the present step that are missing."""
        for (population, name), recorder in self._recording.traces.items():
            if recorder.missing(self._reached):
                present = self._present(driver, population, name, recorder)
                if present is not None:
                    recorder.add(self._reached // recorder.interval, present[None])

    def _present(
        self, driver: Driver, population: str, name: str, recorder: TraceRecorder
    ) -> NDArray[np.float64] | None:
        """Return a sample of the present step, in the declared unit."""
        variable = self._variable(population, name)
        assert variable is not None
        values = driver.state(population, variable)
        if values is None and self._reached == 0:
            return super().state(population, name)[recorder.index]
        return None if values is None else values[recorder.index] / self._scale(population, name)

    def _take(self, driver: Driver) -> None:
        """Take over what the simulator has recorded."""
        for population, name in self._told:
            if name == SPIKES:
                self._recording.spikes[population].add(*driver.spikes(population))
            else:
                self._take_samples(driver, population, name)
        self._take_present(driver)

    def _take_samples(self, driver: Driver, population: str, name: str) -> None:
        recorder = self._recording.traces[population, name]
        variable = self._variable(population, name)
        assert variable is not None
        numbers, values = driver.samples(population, variable)
        new = numbers > recorder.sampled
        if new.any():
            recorder.add(int(numbers[new][0]), values[new] / self._scale(population, name))

    def record(
        self,
        population: str,
        variables: Sequence[str] | None,
        index: ArrayLike | None = None,
        interval: float | None = None,
    ) -> None:
        """Record variables of a population from now on; see `Simulation.record`.

        Raises
        ------
        UnsupportedError
            A state that the simulator does not show.
        """
        for name in variables or ():
            if name != SPIKES and name in {
                s.name for s in self._population(population).cell.states
            }:
                self._variable(population, name)
        super().record(population, variables, index, interval)

    # Parameters and states

    def _model(self, population: str) -> NativeCell:
        return self.native.cells[self._population(population).plan.cell]

    def _scale(self, population: str, state: str) -> float:
        """Return simulator units per declared unit of a state."""
        return self._population(population).recordable(state).scale * (
            self._model(population).states[state].scale
        )

    def _require(self, change: str) -> None:
        """Raise UnsupportedError if the simulator runs and cannot take a kind of change."""
        if self._driver is None or change in TARGETS.get(self.native.target).changes:
            return
        raise UnsupportedError(
            f"target '{self.native.target}' cannot change {change} after the first run; "
            f"targets that can: {_able(change)}"
        )

    def set_parameter(
        self, population: str, name: str, value: Value, index: ArrayLike | None = None
    ) -> None:
        """Set a parameter of a population; see `Simulation.set_parameter`."""
        if population in self._trains.names:
            super().set_parameter(population, name, value, index)
            self._trains.set_parameter(population, name, value, index)
            return
        self._require("parameters")
        if self._driver is None:
            super().set_parameter(population, name, value, index)
            return
        network = NativeNetwork(self.native, self)
        declared, before = self.parameters(population, name), network.cell_parameters(population)
        super().set_parameter(population, name, value, index)
        after = network.cell_parameters(population)
        changed = [n for n, v in after.items() if not np.array_equal(v, before[n])]
        cells = indices_of(index, self._cells[population].size)
        if cells is None:
            cells = np.arange(self._cells[population].size)
        try:
            self._driver.set_parameters(
                population, {n: _of(after[n], cells) for n in changed}, cells
            )
        except UserError:
            # The simulator may have taken the values of some cells before it came to a wrong one.
            super().set_parameter(population, name, declared)
            self._driver.set_parameters(
                population, {n: _of(before[n], cells) for n in changed}, cells
            )
            raise

    def state(self, population: str, name: str) -> NDArray[np.float64]:
        """Return a state in its declared unit: float64 of shape (n,)."""
        if self._driver is None:
            return super().state(population, name)
        self._population(population).recordable(name)
        variable = self._variable(population, name)
        assert variable is not None
        values = self._driver.state(population, variable)
        if values is None:
            raise UnsupportedError(
                f"{self.simulator} shows '{name}' of '{population}' in recordings only"
            )
        return values / self._scale(population, name)

    def set_state(
        self, population: str, name: str, value: Value, index: ArrayLike | None = None
    ) -> None:
        """Set a state of all cells of a population, or of those of an index."""
        self._require("states")
        super().set_state(population, name, value, index)
        if self._driver is not None:
            cells = indices_of(index, self._cells[population].size)
            if cells is None:
                cells = np.arange(self._cells[population].size)
            variable = self._variable(population, name)
            assert variable is not None
            values = super().state(population, name)[cells] * self._scale(population, name)
            self._driver.set_state(population, variable, values, cells)

    # Connections

    def edge_values(self, projection: str, name: str) -> NDArray[np.float64]:
        """Return a value of each connection; see `Simulation.edge_values`."""
        values = super().edge_values(projection, name)
        if self._driver is None or not self._changes(projection, name):
            return values
        if name != "weight":
            raise UnsupportedError(f"{self.simulator} does not show '{name}' of synapses")
        result = np.empty(values.shape)
        network = NativeNetwork(self.native, self)
        result[network.order(projection)] = self._driver.weights(projection)
        return result / network.weight_factors(projection)

    def _changes(self, projection: str, name: str) -> bool:
        """Tell whether a value of synapses changes while the network runs."""
        synapse = self._wiring.bundle_of[projection][0].synapse
        return (synapse.plastic and name == "weight") or name in {s.name for s in synapse.states}

    def set_edge_values(self, projection: str, name: str, value: Value) -> None:
        """Set a value of all connections; see `Simulation.set_edge_values`."""
        self._require("weights" if name == "weight" else "delays and parameters of synapses")
        super().set_edge_values(projection, name, value)
        if self._driver is not None:
            network = NativeNetwork(self.native, self)
            new = super().edge_values(projection, name) * network.weight_factors(projection)
            self._driver.set_weights(projection, new[network.order(projection)])

    # Building anew

    def export_state(self) -> NoReturn:
        """Refuse: what is under way in the simulator cannot be moved into another network."""
        raise UnsupportedError(
            f"target '{self.native.target}' cannot add objects after the first run; targets that "
            f"can: {_able('objects')}"
        )


def _able(change: str) -> str:
    """Return the targets whose running networks take a kind of change."""
    targets = {name: TARGETS.get(name) for name in TARGETS.names()}
    return ", ".join(n for n, t in targets.items() if t.executor and change in t.changes)


def _of(value: Numbers, cells: NDArray[np.int64]) -> Numbers:
    """Return the values of some cells."""
    return value[cells] if isinstance(value, np.ndarray) else value


def _parts(steps: int, most: int) -> list[int]:
    """Cut a number of steps into at most so many parts."""
    edges = np.linspace(0, steps, min(most, max(steps, 1)) + 1).round().astype(np.int64)
    return np.diff(edges).tolist()
