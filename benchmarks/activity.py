"""Statistics of spikes: rates, irregularity, events."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from snnc.benchmarks.description import Network, Projection
from snnc.benchmarks.geometry import mean_probability

_FEWEST_INTERVALS = 3
_LAST = 50.0  # ms at the end, in which a network that is alive has spikes


@dataclass(frozen=True)
class Spikes:
    """Spikes of a population: times in ms, ascending for each cell, and the cells."""

    times: NDArray[np.float64]
    ids: NDArray[np.int64]

    def within(self, start: float, stop: float) -> Spikes:
        """Return those after `start` and up to `stop`."""
        kept = (self.times > start + 1e-9) & (self.times <= stop + 1e-9)
        return Spikes(self.times[kept], self.ids[kept])


@dataclass(frozen=True)
class Activity:
    """What a network did in the timed part of a run.

    Attributes
    ----------
    rate_hz, cv : float
        Mean rate; mean coefficient of variation of the intervals of a cell (nan without any).
    rates : dict of str to float
        Mean rates of the populations in Hz.
    events : float
        Spikes that synapses have passed on, external input not counted.
    alive : bool
        Whether there are spikes at the end.
    """

    rate_hz: float
    cv: float
    rates: dict[str, float]
    events: float
    alive: bool


def activity(network: Network, spikes: Mapping[str, Spikes], ms: float) -> Activity:
    """Return the statistics of the `ms` that follow the warm-up."""
    stop = network.warm_up + ms
    start = network.warm_up + min(network.settle, ms / 2)
    kept = {name: one.within(start, stop) for name, one in spikes.items()}
    counts = {name: one.times.size for name, one in kept.items()}
    sizes = {population.name: population.size for population in network.cells}
    seconds = (stop - start) / 1e3
    cvs = np.concatenate([cv_of_intervals(one) for one in kept.values()])
    timed = {n: one.within(network.warm_up, stop).times.size for n, one in spikes.items()}
    return Activity(
        rate_hz=sum(counts.values()) / network.size / seconds,
        cv=float(cvs.mean()) if cvs.size else float("nan"),
        rates={name: count / sizes[name] / seconds for name, count in counts.items()},
        events=sum(timed.get(p.pre, 0) * out_degree(p, network) for p in network.projections),
        alive=any((one.times > stop - min(_LAST, ms / 2)).any() for one in spikes.values()),
    )


def cv_of_intervals(spikes: Spikes) -> NDArray[np.float64]:
    """Return the coefficient of variation of each cell with at least three intervals."""
    order = np.lexsort((spikes.times, spikes.ids))
    times, ids = spikes.times[order], spikes.ids[order]
    same = np.diff(ids) == 0
    gaps, owner = np.diff(times)[same], ids[1:][same]
    number = np.bincount(owner)
    cells = number >= _FEWEST_INTERVALS
    mean = np.bincount(owner, gaps)[cells] / number[cells]
    square = np.bincount(owner, gaps**2)[cells] / number[cells]
    return np.sqrt(np.maximum(square - mean**2, 0.0)) / mean


def out_degree(projection: Projection, network: Network) -> float:
    """Return the expected number of synapses of a presynaptic cell."""
    sizes = {population.name: population.size for population in network.populations}
    n_pre, n_post = sizes[projection.pre], sum(sizes[name] for name in projection.post)
    match projection.rule:
        case "fixed_probability":
            return projection.options["p_connect"] * n_post
        case "fixed_number_pre":
            return projection.options["n"] * n_post / n_pre
        case "fixed_total_number":
            return projection.options["n"] / n_pre
        case "distance_dependent_probability":
            return mean_probability(projection, network) * n_post
        case "all_to_all":
            return n_post
        case _:
            return 1.0
