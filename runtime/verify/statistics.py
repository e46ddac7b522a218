"""How active a population is, how irregular, and how synchronous."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from snnc.runtime.verify.observation import Observed

BIN = 5.0  # ms, of the counts that are correlated


@dataclass(frozen=True)
class Statistics:
    """Activity of a population; nan where there are too few spikes.

    Attributes
    ----------
    rate : float
        Spikes per second and cell.
    cv : float
        Standard deviation of the intervals of a cell over their mean, averaged over the cells that
        have three spikes or more.
    correlation : float
        Mean correlation of the spike counts, in bins of 5 ms, of two cells that spiked.
    """

    rate: float
    cv: float
    correlation: float


def statistics(one: Observed, duration: float) -> Statistics:
    """Return the activity of a population over a duration in ms."""
    if duration <= 0.0:
        return Statistics(float("nan"), float("nan"), float("nan"))
    rate = one.times.size / one.size / duration * 1e3
    return Statistics(rate, _irregularity(one), _correlation(one, duration))


def intervals(one: Observed) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return the intervals between spikes in ms, with their cells."""
    same = np.diff(one.cells) == 0
    return np.diff(one.times)[same], one.cells[1:][same]


def _irregularity(one: Observed) -> float:
    lengths, cells = intervals(one)
    number = np.bincount(cells, minlength=one.size)
    enough = number >= 2
    if not enough.any():
        return float("nan")
    mean = np.bincount(cells, lengths, one.size)[enough] / number[enough]
    square = np.bincount(cells, lengths**2, one.size)[enough] / number[enough]
    return float(np.mean(np.sqrt(np.maximum(square - mean**2, 0.0)) / mean))


def _correlation(one: Observed, duration: float) -> float:
    """Return the mean over all pairs, from the variance of the sum of standardised counts."""
    bins = int(duration // BIN)
    kept = one.times < bins * BIN
    where, cell = np.unique(one.cells[kept], return_inverse=True)
    if where.size < 2 or bins < 2:
        return float("nan")
    number = np.bincount(cell) / bins
    slot = cell * bins + (one.times[kept] / BIN).astype(np.int64)
    full, counts = np.unique(slot, return_counts=True)
    square = np.bincount(full // bins, counts.astype(np.float64) ** 2, where.size) / bins
    deviation = np.sqrt(square - number**2)
    varying = deviation > 0.0
    n = int(varying.sum())
    if n < 2:
        return float("nan")
    gain = np.where(varying, 1.0 / np.where(varying, deviation, 1.0), 0.0)
    total = np.bincount(full % bins, counts * gain[full // bins], bins) - float(number @ gain)
    return float((np.mean(total**2) - n) / (n * (n - 1)))
