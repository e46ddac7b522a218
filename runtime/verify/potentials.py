"""Membrane potentials of two simulations, sample by sample."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from snnc.runtime.engine.traces import Trace
from snnc.runtime.verify.observation import Observed

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]
AROUND = 1  # samples on either side of a spike that count as the spike


@dataclass(frozen=True)
class Potentials:
    """Potentials at the times and of the cells that both simulations recorded.

    Attributes
    ----------
    start, step : float
        Time of the first sample and between samples, in ms.
    cells : ndarray of int64, shape (c,)
        Their indices in the population, ascending.
    a, b : ndarray of float64, shape (samples, c)
        In mV.
    """

    start: float
    step: float
    cells: Indices
    a: Floats
    b: Floats

    @property
    def times(self) -> Floats:
        """Times of the samples in ms."""
        return self.start + self.step * np.arange(len(self.a), dtype=np.float64)

    def samples(self, times: Floats) -> Indices:
        """Return the samples nearest to some times."""
        return np.rint((times - self.start) / self.step).astype(np.int64)

    def columns(self, cells: Indices) -> Indices:
        """Return the columns of some cells; -1 for those that are not recorded."""
        if not self.cells.size:
            return np.full(cells.shape, -1, np.int64)
        at = np.minimum(np.searchsorted(self.cells, cells), self.cells.size - 1)
        return np.where(self.cells[at] == cells, at, -1)

    def at(self, values: Floats, times: Floats, cells: Indices, before: int = 0) -> Floats:
        """Return samples of `a` or `b` at some times of some cells; nan where there is none."""
        sample, column = self.samples(times) - before, self.columns(cells)
        found = (sample >= 0) & (sample < len(values)) & (column >= 0)
        result = np.full(times.shape, np.nan)
        result[found] = values[sample[found], column[found]]
        return result


def both(a: Observed, b: Observed) -> Potentials | None:
    """Return what two simulations recorded of a population on their common grid, if anything."""
    if a.trace is None or b.trace is None:
        return None
    step = max(a.trace.interval, b.trace.interval)
    strides = [step / trace.interval for trace in (a.trace, b.trace)]
    if any(abs(stride - round(stride)) > 1e-6 for stride in strides):
        return None
    start = max(a.trace.start, b.trace.start)
    cells = np.intersect1d(a.trace.index, b.trace.index)
    values = [_resampled(trace, start, step, cells) for trace in (a.trace, b.trace)]
    length = min(map(len, values))
    if not (cells.size and length):
        return None
    return Potentials(start, step, cells, values[0][:length], values[1][:length])


def _resampled(trace: Trace, start: float, step: float, cells: Indices) -> Floats:
    first = round((start - trace.start) / trace.interval)
    stride = round(step / trace.interval)
    return trace.values[first::stride, np.searchsorted(trace.index, cells)]


def difference(v: Potentials, a: Observed, b: Observed, until: Floats) -> float:
    """Return the root mean square of the difference outside spikes, in mV.

    Parameters
    ----------
    v : Potentials
        Of a population.
    a, b : Observed
        Its spikes; the sample of a spike and those beside it do not count.
    until : ndarray of float64, shape (size,)
        From when on the samples of a cell do not count either, in ms.

    Returns
    -------
    float
        nan if no sample counts.
    """
    counts = v.times[:, None] < until[v.cells]
    for one in (a, b):
        column = v.columns(one.cells)
        kept = column >= 0
        sample, column = v.samples(one.times[kept]), column[kept]
        for shift in range(-AROUND, AROUND + 1):
            inside = (sample + shift >= 0) & (sample + shift < len(counts))
            counts[sample[inside] + shift, column[inside]] = False
    if not counts.any():
        return float("nan")
    return float(np.sqrt(np.mean(np.square(v.a - v.b)[counts])))


def margin(v: Potentials, silent: Floats, times: Floats, cells: Indices, one: Observed) -> Floats:
    """Return how near cells came to their threshold when others spiked, in mV.

    Parameters
    ----------
    v : Potentials
        Of the population.
    silent : ndarray
        ``v.a`` or ``v.b``: of the simulation in which the cells did not spike.
    times, cells : ndarray, shape (n,)
        Spikes in the other simulation.
    one : Observed
        The silent population, for its thresholds.

    Returns
    -------
    ndarray of float64, shape (n,)
        The largest potential within one step of the spike minus the threshold; nan if unknown.
    """
    if one.threshold is None:
        return np.full(times.shape, np.nan)
    near = np.stack([v.at(silent, times, cells, shift) for shift in (-1, 0, 1)])
    return np.fmax.reduce(near, axis=0) - one.threshold[cells]
