"""Whether distributions of activity agree with NEST's, as closely as NEST's own between seeds."""

from __future__ import annotations

import itertools
import statistics
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from snnc.benchmarks.activity import Spikes, cv_of_intervals
from snnc.benchmarks.description import Network
from snnc.benchmarks.measure import OWN, Row, Sample, Setting, blank, run

MEASURES = ("rate", "CV", "correlation")
_BIN = 5.0  # ms, of spike counts that are correlated
_CELLS = 200  # of a population, whose pairs are correlated


def compare_with_nest(
    network: Network,
    settings: Sequence[Setting],
    ms: float,
    repeat: int,
    step: Callable[[str], None],
) -> list[Row]:
    """Return a row for each setting, population and measure.

    The Kolmogorov-Smirnov distance is taken between all pairs of a run of snnc and a run of NEST,
    and between all pairs of runs of NEST, which have different seeds. A row agrees if the median of
    the former is at most the largest of the latter.
    """
    reference = _runs(network, Setting("nest"), ms, repeat, 1000, step)
    rows = []
    for setting in settings:
        own = _runs(network, setting, ms, repeat, 1, step)
        for population in network.cells:
            for measure in MEASURES:
                theirs = [_values(s, network, population.name, measure, ms) for s in reference]
                ours = [_values(s, network, population.name, measure, ms) for s in own]
                among = [_distance(a, b) for a, b in itertools.combinations(theirs, 2)]
                between = [_distance(a, b) for a, b in itertools.product(ours, theirs)]
                rows.append(blank() | {
                    "bench": f"{network.name} fidelity", "scale": network.scale, "target": OWN,
                    "precision": setting.precision, "threads": setting.threads,
                    "population": population.name, "measure": measure,
                    "distance": statistics.median(between), "among_seeds": max(among),
                    "mean": _mean(ours), "nest_mean": _mean(theirs),
                    "valid": statistics.median(between) <= max(among),
                })  # fmt: skip
    return rows


def _runs(
    network: Network,
    setting: Setting,
    ms: float,
    repeat: int,
    first: int,
    step: Callable[[str], None],
) -> list[Sample]:
    samples = []
    for seed in range(first, first + max(repeat, 2)):
        samples.append(run(network, setting, ms, seed))
        step(f"{network.name} {setting.target} seed {seed}")
    return samples


def _values(
    sample: Sample, network: Network, population: str, measure: str, ms: float
) -> NDArray[np.float64]:
    size = next(one.size for one in network.cells if one.name == population)
    start, stop = network.warm_up + min(network.settle, ms / 2), network.warm_up + ms
    spikes = sample.spikes[population].within(start, stop)
    if measure == "rate":
        return np.bincount(spikes.ids, minlength=size) / (stop - start) * 1e3
    if measure == "CV":
        return cv_of_intervals(spikes)
    return correlations(spikes, size, start, stop)


def correlations(spikes: Spikes, size: int, start: float, stop: float) -> NDArray[np.float64]:
    """Return the correlation coefficients of spike counts in bins, of all pairs of some cells."""
    bins = max(int((stop - start) / _BIN), 1)
    cells = min(size, _CELLS)
    kept = spikes.ids < cells
    column = np.minimum(((spikes.times[kept] - start) / _BIN).astype(int), bins - 1)
    counts = np.zeros((cells, bins))
    np.add.at(counts, (spikes.ids[kept], column), 1.0)
    active = counts[counts.std(axis=1) > 0.0]
    if len(active) < 2:
        return np.empty(0)
    return np.asarray(np.corrcoef(active), np.float64)[np.triu_indices(len(active), 1)]


def _distance(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    from scipy.stats import ks_2samp

    if not (a.size and b.size):
        return 0.0 if a.size == b.size else 1.0
    return float(ks_2samp(a, b, method="asymp").statistic)  # pyright: ignore[reportAttributeAccessIssue]


def _mean(samples: list[NDArray[np.float64]]) -> float:
    values = np.concatenate(samples)
    return float(values.mean()) if values.size else float("nan")


def fidelity_text(rows: list[Row]) -> str:
    """Return the comparison as a table."""
    form = "{:<14}{:>6} {:>5} {:<8}{:<12}{:>10}{:>10}{:>9}{:>12}  {}"
    head = ("bench", "scale", "prec", "cells", "measure", "snnc", "NEST", "KS", "NEST seeds", "")
    lines = [form.format(*head).rstrip()]
    for row in rows:
        lines.append(
            form.format(
                row["bench"].removesuffix(" fidelity"),
                f"{row['scale']:g}",
                row["precision"],
                row["population"],
                row["measure"],
                f"{row['mean']:.4f}",
                f"{row['nest_mean']:.4f}",
                f"{row['distance']:.4f}",
                f"{row['among_seeds']:.4f}",
                "" if row["valid"] else "OUTSIDE",
            ).rstrip()
        )
    return "\n".join(lines)
