"""Sources whose spikes are listed beforehand."""

from __future__ import annotations

import warnings

import numpy as np
from numpy.typing import NDArray

from snnc.ir.values import Sequences
from snnc.runtime.engine.clock import Clock
from snnc.runtime.engine.history import History
from snnc.runtime.engine.layout import Slice
from snnc.runtime.engine.tables import address


class Schedule:
    """The listed spikes of a population, by step.

    Parameters
    ----------
    sequences : Sequences
        Times of each cell, in any order; ms times `scale`.
    scale : float
        Milliseconds in the unit of the times.
    clock : Clock
        The time grid; a time belongs to the nearest step, halves rounded up.
    label : str
        Of the population, for messages.
    step : int
        The present step: what is listed for it or before has passed.
    pending : bool
        Whether spikes of the present step are still to be emitted (before the first step).
    warn : bool
        Whether to warn of spikes that have passed.
    lead : int
        Steps by which stamps are ahead of times; see `Artifact`.

    Attributes
    ----------
    stamps : ndarray of int64, shape (n,)
        Steps in ascending order.
    cells : ndarray of int32, shape (n,)
        The cell of each spike, ascending within a step.
    """

    def __init__(
        self,
        sequences: Sequences,
        scale: float,
        clock: Clock,
        label: str,
        step: int,
        pending: bool,
        warn: bool = True,
        lead: int = 0,
    ) -> None:
        stamps = clock.steps(sequences.values * scale) + lead
        cells = np.repeat(np.arange(len(sequences), dtype=np.int32), np.diff(sequences.offsets))
        late = stamps < (step if pending else step + 1)
        if warn and late.any():
            warnings.warn(
                f"{int(late.sum())} spike times of '{label}' have passed at "
                f"{clock.time(step):g} ms and are ignored",
                stacklevel=2,
            )
        order = np.lexsort((cells[~late], stamps[~late]))
        self.stamps = np.ascontiguousarray(stamps[~late][order])
        self.cells = np.ascontiguousarray(cells[~late][order])

    def widths(self, bounds: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the greatest number of spikes in a step, for the cells of each thread."""
        result = np.zeros(len(bounds) - 1, np.int64)
        for p in range(len(result)):
            stamps = self.stamps[(self.cells >= bounds[p]) & (self.cells < bounds[p + 1])]
            if stamps.size:
                result[p] = np.unique(stamps, return_counts=True)[1].max()
        return result

    def rows(self, slices: list[Slice], history: History, step: int) -> ScheduleRows:
        """Return what the kernel ``schedule`` reads, from a step on."""
        return ScheduleRows(self, slices, history, step)


class ScheduleRows:
    """The rows of the kernel ``schedule`` for one population, and the arrays they point to."""

    def __init__(
        self, schedule: Schedule, slices: list[Slice], history: History, step: int
    ) -> None:
        self._keep: list[NDArray[np.generic]] = []
        self.rows: list[tuple[int, list[int]]] = []
        for part in slices:
            own = (schedule.cells >= part.first) & (schedule.cells < part.last)
            if own.any():
                stamps, cells = schedule.stamps[own], schedule.cells[own]
                self._keep += [stamps, cells]
                following = int(np.searchsorted(stamps, step + 1))
                words = [address(stamps), address(cells), len(stamps), following]
                self.rows.append((part.thread, [*words, *history.part(part.thread)]))


def poisson_widths(mean: NDArray[np.float64], bounds: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return room for the spikes of Poisson sources in a step, for the cells of each thread.

    Parameters
    ----------
    mean : ndarray, shape (n,)
        Expected number of spikes of each source in a step.
    bounds : ndarray of int64, shape (P + 1,)
        First cells.

    Returns
    -------
    ndarray of int64, shape (P,)
        Twelve standard deviations above the mean, and 64: exceeded with a probability below 1e-30.
    """
    total = np.concatenate(([0.0], np.cumsum(mean)))
    expected = np.maximum(total[bounds[1:]] - total[bounds[:-1]], 0.0)
    cells = np.diff(bounds)
    room = np.ceil(expected + 12.0 * np.sqrt(expected)).astype(np.int64) + 64
    return np.where(cells > 0, np.minimum(room, 255 * cells), 0)
