"""Pictures of a comparison: overlaid rasters, and the first potential that diverges."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from snnc.figures import new_figure
from snnc.runtime.verify.comparison import Comparison
from snnc.runtime.verify.observation import Observation
from snnc.verifying.verification import Verification

# Later targets are drawn within the marks of the earlier ones; in points, for up to 100 cells.
_SIZES = (5.0, 3.2, 2.0, 1.0)
_AROUND = 20.0  # ms of the potential on either side of the divergence


def plot(found: Verification, path: Path) -> None:
    """Draw a comparison into a file; its ending chooses the format.

    Raises
    ------
    MissingDependencyError
        If Matplotlib is not installed.
    """
    first = first_to_diverge(found)
    figure = new_figure(9.0, 6.5 if first else 4.5)
    heights = [3.0, 1.5] if first else [3.0]
    axes = figure.subplots(len(heights), 1, squeeze=False, height_ratios=heights)[:, 0]
    _rasters(axes[0], found)
    if first is not None:
        _potential(axes[1], found, first)
    loop = "open loop" if found.open_loop else "closed loop"
    figure.suptitle(f"{found.network}, {loop}")
    figure.savefig(path, dpi=120)


def first_to_diverge(found: Verification) -> Comparison | None:
    """Return the comparison with the earliest spike that only one target has."""
    diverging = [pair for pair in found.pairs if pair.first_divergence is not None]
    return min(diverging, key=lambda pair: pair.mismatches[0].time, default=None)


def _rasters(axis: Any, found: Verification) -> None:
    offset, ticks, labels = 0, [], []
    cells = sum(one.size for one in found.runs[0].populations.values())
    shrunk = max(100.0 / cells, 0.16) ** 0.5 if cells > 100 else 1.0
    for name, population in found.runs[0].populations.items():
        for number, run in enumerate(found.runs):
            one = run.populations[name]
            axis.plot(
                one.times,
                one.cells + offset,
                linestyle="none",
                marker="s",
                markeredgewidth=0.0,
                markersize=_SIZES[min(number, len(_SIZES) - 1)] * shrunk,
                color=f"C{number}",
                label=run.label if offset == 0 else None,
                rasterized=True,
            )
        ticks.append(offset + population.size / 2)
        labels.append(name)
        offset += population.size
        axis.axhline(offset, color="0.8", linewidth=0.5)
    axis.set_yticks(ticks, labels)
    axis.set_ylim(0, offset)
    axis.set_xlim(0.0, found.ms)
    axis.set_ylabel("cells")
    axis.set_xlabel("time (ms)")
    axis.legend(loc="upper right", fontsize="small", markerscale=4.0)


def _potential(axis: Any, found: Verification, pair: Comparison) -> None:
    first = pair.mismatches[0]
    runs = [run for run in found.runs if run.label in (pair.a, pair.b)]
    for number, run in enumerate(runs):
        _one_potential(axis, run, pair.population, first.cell, f"C{found.runs.index(run)}", number)
    axis.axvline(first.time, color="0.7", linewidth=0.5, zorder=0)
    axis.set_xlim(max(first.time - _AROUND, 0.0), min(first.time + _AROUND, found.ms))
    axis.set_title(f"{pair.population}, cell {first.cell}: the first to diverge", fontsize="medium")
    axis.set_ylabel("v (mV)")
    axis.set_xlabel("time (ms)")
    axis.legend(loc="upper right", fontsize="small")


def _one_potential(
    axis: Any, run: Observation, population: str, cell: int, color: str, number: int
) -> None:
    one = run.populations[population]
    if one.trace is not None and cell in one.trace.index:
        column = int(np.searchsorted(one.trace.index, cell))
        times = one.trace.start + one.trace.interval * np.arange(len(one.trace.values))
        style = "-" if number == 0 else "--"
        axis.plot(times, one.trace.values[:, column], style, color=color, label=run.label)
    else:
        spikes = one.times[one.cells == cell]
        axis.plot(spikes, np.zeros_like(spikes), "|", color=color, label=f"{run.label} (spikes)")
