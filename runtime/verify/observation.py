"""What one target did with a network: spikes and potentials of each population."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from snnc.ir.values import Sequences
from snnc.runtime.engine.traces import Trace
from snnc.runtime.simulation import Simulation

Progress: TypeAlias = Callable[[float], None] | None


@dataclass(frozen=True)
class Observed:
    """What a population did.

    Attributes
    ----------
    size : int
        Number of cells.
    times, cells : ndarray, shape (n,)
        Of all spikes in ms, sorted by cell, then time.
    trace : Trace, optional
        The membrane potential of some cells in mV.
    threshold : ndarray of float64, shape (size,), optional
        The potential above which each cell emits, in mV.
    refractory : ndarray of float64, shape (size,), optional
        The refractory period of each cell in ms.
    """

    size: int
    times: NDArray[np.float64]
    cells: NDArray[np.int64]
    trace: Trace | None = None
    threshold: NDArray[np.float64] | None = None
    refractory: NDArray[np.float64] | None = None

    def trains(self) -> Sequences:
        """Return the spike times of each cell."""
        counts = np.bincount(self.cells, minlength=self.size)
        return Sequences(self.times, np.concatenate(([0], np.cumsum(counts))))


@dataclass(frozen=True)
class Observation:
    """What a target did with a network.

    Attributes
    ----------
    label : str
        Name of the target, with its options.
    dt, duration : float
        Time step and simulated time in ms.
    seconds : dict of str to float
        Wall time of each stage.
    populations : dict of str to Observed
        By symbol.
    """

    label: str
    dt: float
    duration: float
    seconds: dict[str, float] = field(default_factory=dict)
    populations: dict[str, Observed] = field(default_factory=dict)


@dataclass(frozen=True)
class Wanted:
    """What to observe of a population.

    Attributes
    ----------
    size : int
        Number of cells.
    potential : str, optional
        The state to record.
    threshold : float or str, optional
        The value above which a cell emits: a number, or the name of a parameter.
    refractory : str, optional
        The parameter that is the refractory period.
    cells : ndarray of int64, optional
        The cells whose potential is recorded; all by default.
    """

    size: int
    potential: str | None = None
    threshold: float | str | None = None
    refractory: str | None = None
    cells: NDArray[np.int64] | None = None

    def thinned(self, share: float) -> Wanted:
        """Return the same with the potential of a share of the cells, evenly spread."""
        if share >= 1.0:
            return self
        number = max(int(self.size * share), 1)
        return replace(self, cells=np.arange(number) * self.size // number)


def record(simulation: Simulation, wanted: dict[str, Wanted], others: Sequence[str]) -> None:
    """Record spikes and potentials of some populations, and nothing of the others."""
    for name in (*wanted, *others):
        simulation.record(name, None)
    for name, one in wanted.items():
        simulation.record(name, ["spikes"])
        if one.potential is not None and (one.cells is None or one.cells.size):
            simulation.record(name, [one.potential], one.cells)


def observed(simulation: Simulation, name: str, wanted: Wanted) -> Observed:
    """Return what a population did since the start of a simulation."""
    times, cells = simulation.spikes(name)
    order = np.lexsort((times, cells))
    trace = None
    if wanted.potential is not None and wanted.potential in simulation.recorded(name):
        trace = simulation.trace(name, wanted.potential)
    return Observed(
        size=wanted.size,
        times=np.asarray(times, np.float64)[order],
        cells=np.asarray(cells, np.int64)[order],
        trace=trace,
        threshold=_values(simulation, name, wanted.size, wanted.threshold),
        refractory=_values(simulation, name, wanted.size, wanted.refractory),
    )


def _values(
    simulation: Simulation, name: str, size: int, value: float | str | None
) -> NDArray[np.float64] | None:
    """Return a number, or what a parameter is, for each cell."""
    if value is None:
        return None
    found = simulation.parameters(name, value) if isinstance(value, str) else value
    if isinstance(found, Sequences):
        return None
    return np.broadcast_to(np.asarray(found, np.float64), size)
