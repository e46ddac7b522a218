"""A compiled network that runs on this machine."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from snnc.codegen.artifact import Artifact, Buffer
from snnc.ir.diagnostics import UserError, did_you_mean
from snnc.ir.values import Sequences, Value
from snnc.runtime.connectivity.couplings import Couplings
from snnc.runtime.connectivity.edge_access import EdgeAccess, Edges
from snnc.runtime.connectivity.wiring import Wiring
from snnc.runtime.engine.carried_state import SimulationState, exported, imported
from snnc.runtime.engine.cells import Cells
from snnc.runtime.engine.clock import Clock
from snnc.runtime.engine.currents import Currents
from snnc.runtime.engine.interrupts import stopping
from snnc.runtime.engine.layout import Layout
from snnc.runtime.engine.memory import check_network, check_record
from snnc.runtime.engine.recompilation import NeedsRecompilation
from snnc.runtime.engine.recording import SPIKES, Recording, Trace
from snnc.runtime.engine.report import Report
from snnc.runtime.engine.resolve import Draws, Numbers
from snnc.runtime.engine.spool import Spool
from snnc.runtime.engine.time_loop import Engine
from snnc.runtime.jit.cache import Kernels, shared_kernels

Index = NDArray[np.int64] | None


class Simulation:
    """A network in memory, which can be run, looked at and changed between runs.

    Connections are made at the first run, or when they are first asked for.

    Parameters
    ----------
    artifact : Artifact
        The compiled network.
    kernels : Kernels, optional
        Where compiled kernels come from; by default the cache that the process shares.

    Raises
    ------
    ResourceLimitError
        The network does not fit into memory; nothing has been allocated then.
    UserError
        Values that do not make sense.
    """

    def __init__(self, artifact: Artifact, kernels: Kernels | None = None) -> None:
        self.artifact = artifact
        self._kernels = kernels if kernels is not None else shared_kernels()
        self._clock = Clock(artifact.dt)
        self._layout = Layout(artifact)
        self._report = Report(precision=artifact.precision)
        check_network(artifact)
        with self._report.stage("populations"):
            self._cells = {
                plan.name: Cells(
                    plan, artifact.cells[plan.cell], self._layout, artifact.dt,
                    self._draws(plan.object_id),
                )
                for plan in artifact.populations
            }  # fmt: skip
            self._couplings = Couplings(artifact, self._cells)
            self._currents = Currents(artifact.sources, self._cells, self._clock, self._draws)
            self._wiring = Wiring(artifact, self._layout, self._cells, self._kernels)
        check_network(artifact, self._wiring.estimate())
        self._recording = Recording(self._cells)
        self._engine: Engine | None = None
        for plan in artifact.records:
            for population, chosen in plan.target.members:
                index = np.arange(self._cells[population].size)[chosen]
                self.record(population, plan.variables, index, plan.interval)

    def _draws(self, object_id: int) -> Draws:
        return Draws(self._kernels, self.artifact.seed, object_id)

    # Time

    @property
    def dt(self) -> float:
        """Time step in ms."""
        return self.artifact.dt

    @property
    def step(self) -> int:
        """Number of time steps from the start."""
        return self._engine.step if self._engine is not None else 0

    @property
    def t(self) -> float:
        """Present time in ms."""
        return self._clock.time(self.step)

    @property
    def _started(self) -> bool:
        """Whether time has passed, or the spikes of stamp 0 been emitted."""
        return self._engine is not None and self._engine.started

    def build(self) -> None:
        """Make the connections, unless they exist."""
        if self._engine is not None:
            return
        with self._report.stage("connections"):
            self._wiring.build()
        self._engine = Engine(
            self.artifact, self._kernels, self._layout, self._clock, self._cells, self._wiring,
            self._currents, self._couplings, self._recording, self._report,
        )  # fmt: skip

    def _built(self) -> Engine:
        self.build()
        assert self._engine is not None
        return self._engine

    def run(self, duration: float, *, progress: Callable[[float], None] | None = None) -> None:
        """Run for a duration, rounded to whole time steps.

        Parameters
        ----------
        duration : float
            In ms.
        progress : callable, optional
            Called with the present time in ms, about ten times a second.

        Raises
        ------
        UserError
            A negative duration.
        ResourceLimitError
            What is recorded would not fit into memory.
        KeyboardInterrupt
            After Ctrl-C, at a step boundary: what has been recorded can be read, and the
            simulation can go on.
        """
        if not 0.0 <= duration < np.inf:
            raise UserError(f"impossible duration; found {duration:g} ms, expected at least 0")
        self.build()
        steps = self._clock.step(duration)
        if self._recording.spool is None:
            check_record(steps, self._recording.bytes_per_step()[1])
        self._advance(steps, progress)

    def _advance(self, steps: int, progress: Callable[[float], None] | None) -> None:
        engine = self._built()
        first = engine.step
        with stopping(engine.stop):
            engine.prepare(steps)
            engine.start()
            with self._report.stage("run"):
                try:
                    engine.advance(first + steps, progress)
                finally:
                    self._recording.spill(at_once=True)
                    self._report.simulated += self._clock.time(engine.step - first)
        self._warn_of_nan()

    def _warn_of_nan(self) -> None:
        for name, cells in self._cells.items():
            broken = [state for state, values in cells.states.items() if _has_nan(values)]
            if broken:
                warnings.warn(
                    f"'{broken[0]}' of '{name}' is not a number at {self.t:g} ms; a smaller time "
                    "step or another solver may be stable",
                    RuntimeWarning,
                    stacklevel=4,
                )

    def reset(self) -> None:
        """Return to t = 0: states, plastic weights and random sources start anew.

        Parameters and the choice of what is recorded stay; what has been recorded is forgotten.
        """
        for cells in self._cells.values():
            cells.reset()
        self._recording.restart()
        if self._engine is not None:
            self._wiring.reset()
            self._engine.reset()

    # Parameters and states

    def parameters(self, population: str, name: str) -> Numbers | Sequences:
        """Return a parameter in its declared unit: a float, float64 of shape (n,), or sequences."""
        cells = self._population(population)
        cells.check_parameter(name)
        return cells.parameters[name]

    def set_parameter(
        self, population: str, name: str, value: Value, index: ArrayLike | None = None
    ) -> None:
        """Set a parameter of all cells of a population, or of those of an index.

        Parameters
        ----------
        value : Value
            In the declared unit; an array has one value for each cell concerned.
        index : array_like of int, optional
            Indices in the population.

        Raises
        ------
        NeedsRecompilation
            Kernels take the parameter as one number, and it would differ from cell to cell.
            Nothing has been changed.
        UserError
            An unknown parameter, or a value that does not make sense.
        """
        cells = self._population(population)
        before = cells.parameters.get(name)
        chosen = indices_of(index, cells.size)
        cells.set_parameter(name, value, chosen)
        if before is not None and not self._wiring.takes(population, name):
            if isinstance(before, Sequences):
                raise AssertionError(f"'{name}' is no time constant")
            cells.set_parameter(name, before, None)
            raise NeedsRecompilation(population, name, value)
        if self._engine is not None:
            self._engine.stale = True
            if name == cells.cell.schedule:
                self._engine.schedule(population)

    def state(self, population: str, name: str) -> NDArray[np.float64]:
        """Return a state in its declared unit: float64 of shape (n,)."""
        return self._population(population).state(name)

    def set_state(
        self, population: str, name: str, value: Value, index: ArrayLike | None = None
    ) -> None:
        """Set a state of all cells of a population, or of those of an index."""
        cells = self._population(population)
        cells.set_state(name, value, indices_of(index, cells.size))

    def set_initial(
        self, population: str, name: str, value: Value, index: ArrayLike | None = None
    ) -> None:
        """Set what a state starts from; before the first run, its present value, too."""
        cells = self._population(population)
        chosen = indices_of(index, cells.size)
        cells.set_initial(name, value, chosen)
        if not self._started:
            cells.set_state(name, value, chosen)

    def set_source(self, source: str, name: str, value: Value) -> None:
        """Set a parameter of a current source, from the present step on."""
        sources = self._currents.sources
        if source not in sources:
            raise UserError(f"no current source '{source}'{did_you_mean(source, sources)}")
        sources[source].set(name, value)

    def _population(self, name: str) -> Cells:
        if name not in self._cells:
            raise UserError(f"no population '{name}'{did_you_mean(name, self._cells)}")
        return self._cells[name]

    # Recording

    def record(
        self,
        population: str,
        variables: Sequence[str] | None,
        index: ArrayLike | None = None,
        interval: float | None = None,
    ) -> None:
        """Record variables of a population from now on, in addition to what is recorded already.

        Parameters
        ----------
        variables : sequence of str, or None
            ``"spikes"`` and names of states; None to record nothing any more.
        index : array_like of int, optional
            The cells; all by default.
        interval : float, optional
            Between samples, in ms; the time step by default.

        Raises
        ------
        UserError
            A variable that the model does not have, or an interval that is no multiple of the
            time step.
        """
        cells = self._population(population)
        if self._engine is not None:
            self._engine.stale = True
        if variables is None:
            self._recording.stop(population)
            return
        steps = 1 if interval is None else self._clock.step(interval)
        if steps < 1 or (interval is not None and abs(steps * self.dt - interval) > 1e-6 * self.dt):
            raise UserError(
                f"sampling interval must be a multiple of the time step {self.dt:g} ms; "
                f"found {interval:g} ms"
            )
        for variable in variables:
            if variable != SPIKES:
                cells.recordable(variable)
        chosen = indices_of(index, cells.size)
        self._recording.record(population, list(variables), chosen, steps)

    def stream(self, path: str | Path) -> None:
        """Write what is recorded to an HDF5 file while running, so that memory stays flat.

        Data are read through `spikes` and `trace` as before. The file is complete about once a
        second and after each `run`; a crash loses what came later. It holds, by population, the
        datasets ``spikes/step`` and ``spikes/cell``, and ``VARIABLE/samples_N`` with a column for
        each of the cells in its attributes.

        Parameters
        ----------
        path : path
            The file; one that exists is replaced.

        Raises
        ------
        MissingDependencyError
            h5py is not installed.
        UserError
            Data are written to a file already.
        """
        if self._recording.spool is not None:
            raise UserError("what is recorded goes to a file already")
        self._recording.spool = Spool(path, {"dt_ms": self.dt, "network": self.artifact.name})

    def stream_with(self, other: Simulation) -> None:
        """Go on writing to the file that another simulation writes to, if it does."""
        self._recording.spool = other._recording.spool

    def recorded(self, population: str) -> dict[str, NDArray[np.int64]]:
        """Return what is recorded of a population: the cells of each variable, ascending."""
        self._population(population)
        return self._recording.chosen(population)

    def unit(self, population: str, variable: str) -> str:
        """Return the declared unit of a state."""
        return self._population(population).recordable(variable).unit

    def spikes(self, population: str) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """Return times in ms and cells of all recorded spikes, sorted by cell, then time."""
        self._population(population)
        stamps, ids = self._recording.spikes[population].spikes()
        return self._clock.times(stamps - self.artifact.lead), ids

    def spike_counts(self, population: str) -> NDArray[np.int64]:
        """Return the number of recorded spikes of each cell: int64 of shape (n,)."""
        self._population(population)
        return self._recording.spikes[population].counts()

    def trace(self, population: str, variable: str) -> Trace:
        """Return what has been recorded of a state.

        Raises
        ------
        UserError
            The state is not recorded.
        """
        self._population(population).recordable(variable)
        recorder = self._recording.traces.get((population, variable))
        if recorder is None:
            raise UserError(f"'{variable}' of '{population}' is not recorded")
        return recorder.trace(self.dt)

    def clear(self, population: str | None = None) -> None:
        """Forget what has been recorded of a population, or of all."""
        self._recording.clear(population)

    # Connections

    def edges(self, projection: str) -> Edges:
        """Return the connections of a projection, sorted by (pre, post, ordinal)."""
        return self._access(projection).edges()

    def size(self, projection: str) -> int:
        """Return the number of connections of a projection."""
        return self._access(projection).size

    def edge_values(self, projection: str, name: str) -> NDArray[np.float64]:
        """Return ``weight``, ``delay`` (ms), a parameter or a state of each connection.

        Returns
        -------
        ndarray of float64, shape (m,)
            In the declared unit, in the order of `edges`.
        """
        return self._access(projection).values(name)

    def weights_have_sign(self, projection: str, sign: int) -> bool:
        """Tell whether all weights of a projection (and of those that share its rows) have a sign.

        Parameters
        ----------
        sign : int
            1 for weights of at least 0, -1 for at most 0, 0 for any.
        """
        return self._access(projection).weights_have_sign(sign)

    def set_edge_values(self, projection: str, name: str, value: Value) -> None:
        """Set a value of all connections of a projection.

        Parameters
        ----------
        value : Value
            In the declared unit; an array has the shape [pre, post], or (m,) in the order of
            `edges`.

        Raises
        ------
        NeedsRecompilation
            Kernels take the value as one number, and it differs. Nothing has been changed.

        Notes
        -----
        Spikes that are under way when delays change take the new ones.
        """
        engine = self._built()
        if name == "delay":
            engine.forget_delivered()
        self._access(projection).set(name, value)
        engine.stale = True

    def _access(self, projection: str) -> EdgeAccess:
        if projection not in self._wiring.bundle_of:
            known = self._wiring.bundle_of
            raise UserError(f"no projection '{projection}'{did_you_mean(projection, known)}")
        self.build()
        return EdgeAccess(self._wiring, self._kernels, projection)

    # Building anew

    def export_state(self) -> SimulationState:
        """Return what is to be carried over when the network is compiled anew.

        It shares memory with this simulation, which should not run any more.
        """
        engine = self._built()
        return exported(engine, self._cells, self._wiring, self._recording, self._kernels)

    def import_state(self, state: SimulationState) -> None:
        """Go on from the state of another simulation.

        States, spikes under way, changes of plastic synapses, time and what has been recorded are
        taken over where populations and projections have the same names and sizes; parameters,
        initial values and the choice of what is recorded are those of the new network.
        """
        engine = self._built()
        imported(state, engine, self._cells, self._wiring, self._recording, self._kernels)

    # Looking inside

    def report(self) -> Report:
        """Return times of stages, kernels and memory so far."""
        engine, cells = self._engine, self._cells.values()
        memory = {
            "states": sum(a.nbytes for c in cells for a in c.states.values()),
            "injected currents": sum(c.current.nbytes for c in cells),
        }
        if engine is not None:
            memory["connections"] = self._wiring.nbytes()
            memory["arrivals"] = sum(a.nbytes for a in engine.accumulators)
            memory["spikes in flight (reserved)"] = sum(c.bytes_in_flight for c in cells)
        error = self._wiring.packing.error
        return replace(self._report, memory=memory, weight_error=error)

    def buffers(self) -> list[Buffer]:
        """Return descriptions of the buffers that hold the state of the network."""
        cells = [
            replace(state, owner=name) for name, c in self._cells.items() for state in c.cell.states
        ]
        synapses = [
            replace(state, owner=projection)
            for projection, (bundle, _) in self._wiring.bundle_of.items()
            for state in bundle.synapse.states
        ]
        return cells + synapses

    def close(self) -> None:
        """End the threads of the simulation."""
        if self._engine is not None:
            self._engine.close()


def indices_of(index: ArrayLike | None, size: int) -> Index:
    """Return indices of cells as an array; UserError outside of the population."""
    if index is None:
        return None
    array = np.asarray(index, np.int64).ravel()
    if array.size and not (array.min() >= 0 and array.max() < size):
        raise UserError(f"index outside of a population of {size} cells")
    return array


def _has_nan(values: NDArray[Any]) -> bool:
    return values.dtype.kind == "f" and bool(np.isnan(values).any())
