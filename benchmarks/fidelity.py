"""Whether distributions of activity agree with NEST's, as closely as NEST's own between seeds."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from snnc.benchmarks.activity import Spikes, cv_of_intervals
from snnc.benchmarks.description import Network
from snnc.benchmarks.measure import OWN, Row, Sample, Setting, blank, run

MEASURES = ("rate", "CV", "correlation")
_BIN = 5.0  # ms, of spike counts that are correlated
_CELLS = 200  # of a population, whose pairs are correlated
_EXCHANGES = 300  # of runs, at most
_LEAST_SHARE = 0.05


def compare_with_nest(
    network: Network,
    settings: Sequence[Setting],
    ms: float,
    repeat: int,
    step: Callable[[str], None],
) -> list[Row]:
    """Return a row for each setting, population and measure, and one for each setting as a whole.

    The Kolmogorov-Smirnov distance is taken between all pairs of a run of snnc and a run of NEST,
    and between all pairs of runs of NEST, which have different seeds. A row agrees if the median of
    the former is at most the largest of the latter.

    Of many rows some are outside by chance. How many, is seen by exchanging runs of snnc and NEST
    in all ways: a setting as a whole agrees if more than one in twenty of these have as many rows
    outside as the runs have (a permutation test, which takes four runs of each to fail at all).
    """
    reference = _runs(network, Setting("nest"), ms, repeat, 1000, step)
    rows: list[Row] = []
    for setting in settings:
        own = _runs(network, setting, ms, repeat, 1, step)
        common = blank() | {
            "bench": f"{network.name} fidelity", "scale": network.scale, "target": OWN,
            "precision": setting.precision, "threads": setting.threads,
        }  # fmt: skip
        tables = []
        for population in network.cells:
            for measure in MEASURES:
                values = [
                    _values(one, network, population.name, measure, ms)
                    for one in (*own, *reference)
                ]
                tables.append(distances := _distances(values))
                between, among = _spread(distances, range(len(own)))
                rows.append(common | {
                    "population": population.name, "measure": measure,
                    "distance": between, "among_seeds": among,
                    "mean": _mean(values[: len(own)]), "nest_mean": _mean(values[len(own) :]),
                    "valid": between <= among,
                })  # fmt: skip
        rows.append(common | _as_a_whole(tables, len(own)))
    return rows


def _distances(values: list[NDArray[np.float64]]) -> NDArray[np.float64]:
    """Return the distances of all pairs of runs."""
    result = np.zeros((len(values), len(values)))
    for i, j in itertools.combinations(range(len(values)), 2):
        result[i, j] = result[j, i] = _distance(values[i], values[j])
    return result


def _spread(distances: NDArray[np.float64], ours: Sequence[int]) -> tuple[float, float]:
    """Return the median distance of our runs from the others, and the largest among these."""
    own = np.isin(np.arange(len(distances)), list(ours))
    return float(np.median(distances[own][:, ~own])), float(distances[~own][:, ~own].max())


def _as_a_whole(tables: list[NDArray[np.float64]], ours: int) -> dict[str, Any]:
    """Return how many measures are outside, and how that compares with exchanged runs."""

    def outside(chosen: Sequence[int]) -> int:
        return sum(between > among for between, among in (_spread(t, chosen) for t in tables))

    ways = list(itertools.combinations(range(len(tables[0])), ours))
    if len(ways) > _EXCHANGES:
        random = np.random.default_rng(1)
        ways = [ways[i] for i in random.choice(len(ways), _EXCHANGES, replace=False)]
    counts = np.array([outside(way) for way in ways])
    found = outside(range(ours))
    share = float(np.mean(counts >= found))
    return {"outside": found, "measures": len(tables), "outside_by_chance": float(counts.mean()),
            "share_of_exchanges": share, "valid": share > _LEAST_SHARE}  # fmt: skip


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
        if "outside" in row:
            lines.append(_whole_text(row))
            continue
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


def _whole_text(row: Row) -> str:
    return (
        f"{row['precision']}: {row['outside']} of {row['measures']} outside the spread of NEST's "
        f"seeds; {row['outside_by_chance']:.1f} would be if runs were exchanged, as many or more "
        f"in {row['share_of_exchanges']:.0%} of exchanges: "
        f"{'agrees' if row['valid'] else 'DIFFERS'}"
    )
