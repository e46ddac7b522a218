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
from snnc.ir.diagnostics import UserError
from snnc.runtime.engine.carried_state import SimulationState, exported, imported
from snnc.runtime.engine.interrupts import stopping
from snnc.runtime.engine.memory import check_record
from snnc.runtime.engine.recording import SPIKES
from snnc.runtime.engine.report import Report
from snnc.runtime.engine.spool import Spool
from snnc.runtime.engine.traces import Trace
from snnc.runtime.jit.cache import Kernels
from snnc.runtime.network import Network, indices_of


class Simulation(Network):
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
        super().__init__(artifact, kernels)
        for plan in artifact.records:
            for population, chosen in plan.target.members:
                index = np.arange(self._cells[population].size)[chosen]
                self.record(population, plan.variables, index, plan.interval)

    # Time

    def run(self, duration: float, *, progress: Callable[[float], None] | None = None) -> None:
        """Run for a duration, rounded to whole time steps.

        Memory for the samples of the run is made ready before it begins ("memory for samples" in
        the report), of long ones only the first part; the rest follows on the way.

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
        steps = self._clock.step(duration)
        if self._recording.spool is None:
            connections = self._wiring.estimate() if self._engine is None else 0
            check_record(steps, self._recording.sample_bytes_per_step(), connections)
        self._expect(steps)
        self.build()
        self._advance(steps, progress)

    def _expect(self, steps: int) -> None:
        """Have memory for samples provided while connections and kernels are made."""
        self._recording.expect(self.step + steps)

    def _advance(self, steps: int, progress: Callable[[float], None] | None) -> None:
        engine = self._built()
        first = engine.step
        with stopping(engine.stop):
            engine.prepare()
            with self._report.stage("memory for samples"):
                self._recording.await_memory()
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
            broken = [state for state, values in cells.states.items() if _has_nan(values.read())]
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


def _has_nan(values: NDArray[Any]) -> bool:
    return values.dtype.kind == "f" and bool(np.isnan(values).any())
