"""A compiled network in this machine's memory: its values, which can be looked at and changed."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from snnc.codegen.artifact import Artifact
from snnc.ir.diagnostics import UserError, did_you_mean
from snnc.ir.values import Sequences, Value
from snnc.runtime.connectivity.couplings import Couplings
from snnc.runtime.connectivity.edge_access import EdgeAccess, Edges
from snnc.runtime.connectivity.wiring import Wiring
from snnc.runtime.engine.cells import Cells
from snnc.runtime.engine.clock import Clock
from snnc.runtime.engine.currents import Currents
from snnc.runtime.engine.layout import Layout
from snnc.runtime.engine.memory import check_network
from snnc.runtime.engine.recompilation import NeedsRecompilation
from snnc.runtime.engine.recording import Recording
from snnc.runtime.engine.report import Report
from snnc.runtime.engine.resolve import Draws, Numbers
from snnc.runtime.engine.time_loop import Engine
from snnc.runtime.jit.cache import Kernels, shared_kernels

Index = NDArray[np.int64] | None


class Network:
    """A network in memory.

    Connections are made when they are first asked for.

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


def indices_of(index: ArrayLike | None, size: int) -> Index:
    """Return indices of cells as an array; UserError outside of the population."""
    if index is None:
        return None
    array = np.asarray(index, np.int64).ravel()
    if array.size and not (array.min() >= 0 and array.max() < size):
        raise UserError(f"index outside of a population of {size} cells")
    return array
