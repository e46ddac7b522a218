"""Two targets, one population: how far they agree."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from snnc.runtime.verify.conventions import Convention, convention_of
from snnc.runtime.verify.matching import Matching, match, steps_between
from snnc.runtime.verify.observation import Observation, Observed
from snnc.runtime.verify.potentials import Potentials, both, difference, margin
from snnc.runtime.verify.statistics import Statistics, statistics

NEVER = math.inf


@dataclass(frozen=True)
class Mismatch:
    """A spike of one target that the other has not.

    Attributes
    ----------
    time : float
        In ms.
    cell : int
        Index in the population.
    spiked : str
        The target that has it.
    margin : float
        The potential minus the threshold in the other target, in mV: below zero by how much it
        missed the spike; nan if it was not recorded.
    difference : float
        Potential of the second target minus that of the first, a step before, in mV; or nan.
    """

    time: float
    cell: int
    spiked: str
    margin: float
    difference: float


@dataclass(frozen=True)
class Comparison:
    """How far two targets agree about a population.

    Attributes
    ----------
    a, b, population : str
        Labels of the targets, symbol of the population.
    dt_a, dt_b : float
        Time steps in ms.
    spikes_a, spikes_b : int
        Numbers of spikes.
    matched : tuple of three floats
        Fractions of the spikes that the other target has at the same step, within one, within two.
    shifts : dict of int to float
        Of the spikes matched within two steps, the fraction that is so many steps later in `b`;
        until the divergence of a cell spreads.
    first_difference : Mismatch, optional
        The first spike that the other target has not at the same step.
    mismatches : tuple of Mismatch
        The spikes without a partner within one step, in the order of time.
    v_rms : float
        Root mean square of the difference of the potentials outside spikes in mV, of each cell
        until it spikes at different steps, and of all until a divergence spreads; nan if unknown.
    statistics_a, statistics_b : Statistics
        Activity.
    spreads : float
        From when on the difference of one cell may have reached all others, in ms; or infinite.
    convention : Convention, optional
        The known difference between simulators that explains the shifts.
    agrees, reasons, remarks
        The verdict, what speaks against the targets, and what else was compared.
    """

    a: str
    b: str
    population: str
    dt_a: float
    dt_b: float
    spikes_a: int
    spikes_b: int
    matched: tuple[float, float, float]
    shifts: dict[int, float]
    first_difference: Mismatch | None
    mismatches: tuple[Mismatch, ...]
    v_rms: float
    statistics_a: Statistics
    statistics_b: Statistics
    spreads: float
    convention: Convention | None = None
    agrees: bool = True
    reasons: tuple[str, ...] = field(default=())
    remarks: tuple[str, ...] = field(default=())

    @property
    def step(self) -> float:
        """The longer time step: what "one step" means."""
        return max(self.dt_a, self.dt_b)

    @property
    def first_divergence(self) -> Mismatch | None:
        """The first spike that only one of the targets has."""
        return self.mismatches[0] if self.mismatches else None


def compare(a: Observation, b: Observation, population: str, spreads: float) -> Comparison:
    """Compare what two targets did with a population.

    Parameters
    ----------
    a, b : Observation
        What they did.
    population : str
        Symbol of the population.
    spreads : float
        From when on, in ms, a difference of one cell may have reached all others; infinite where
        cells are uncoupled.
    """
    one, other = a.populations[population], b.populations[population]
    step = max(a.dt, b.dt)
    same, within_1, within_2 = (match(one, other, n * step) for n in (0.5, 1.0, 2.0))
    shift = steps_between(one, other, within_2, step)[one.times[within_2.a] < spreads]
    values, counts = np.unique(shift, return_counts=True)
    potentials = both(one, other)
    v_rms = math.nan
    if potentials is not None:
        until = np.minimum(_diverging(one, other, same), spreads)
        v_rms = difference(potentials, one, other, until)
    return Comparison(
        a=a.label,
        b=b.label,
        population=population,
        dt_a=a.dt,
        dt_b=b.dt,
        spikes_a=one.times.size,
        spikes_b=other.times.size,
        matched=(same.fraction, within_1.fraction, within_2.fraction),
        shifts={int(v): float(c / shift.size) for v, c in zip(values, counts, strict=True)},
        first_difference=next(iter(_mismatches(a, b, population, same, potentials)), None),
        mismatches=_mismatches(a, b, population, within_1, potentials),
        v_rms=v_rms,
        statistics_a=statistics(one, a.duration),
        statistics_b=statistics(other, b.duration),
        spreads=spreads,
        convention=convention_of(one, other, within_2, potentials, step),
    )


def first_difference(a: Observation, b: Observation) -> float:
    """Return the time in ms of the first spike of any cell that one target has not at that step."""
    first = NEVER
    for name, one in a.populations.items():
        other = b.populations[name]
        alone = match(one, other, 0.5 * max(a.dt, b.dt))
        times = np.concatenate((one.times[alone.alone_a], other.times[alone.alone_b]))
        first = min(first, float(times.min(initial=NEVER)))
    return first


def _diverging(a: Observed, b: Observed, pairs: Matching) -> NDArray[np.float64]:
    """Return when each cell has its first spike without a partner; infinite for none."""
    first = np.full(a.size, NEVER)
    np.minimum.at(first, a.cells[pairs.alone_a], a.times[pairs.alone_a])
    np.minimum.at(first, b.cells[pairs.alone_b], b.times[pairs.alone_b])
    return first


def _mismatches(
    a: Observation, b: Observation, population: str, pairs: Matching, v: Potentials | None
) -> tuple[Mismatch, ...]:
    found: list[Mismatch] = []
    for spiking, silent, alone in ((a, b, pairs.alone_a), (b, a, pairs.alone_b)):
        one, other = spiking.populations[population], silent.populations[population]
        times, cells = one.times[alone], one.cells[alone]
        margins = apart = np.full(times.shape, np.nan)
        if v is not None:
            margins = margin(v, v.a if silent is a else v.b, times, cells, other)
            apart = v.at(v.b - v.a, times, cells, before=1)
        columns = (times.tolist(), cells.tolist(), margins.tolist(), apart.tolist())
        found += [Mismatch(t, c, spiking.label, m, d) for t, c, m, d in zip(*columns, strict=True)]
    return tuple(sorted(found, key=lambda one: (one.time, one.cell)))
