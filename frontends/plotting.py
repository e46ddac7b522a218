"""Pictures of what a network did: raster, population rates, and recorded traces."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from snnc.figures import new_figure
from snnc.ir.diagnostics import UserError

_MOST_TRACES = 5
_BINS = 200


@dataclass
class Recorded:
    """What a population recorded, ready to draw.

    Attributes
    ----------
    label : str
        Name of the population.
    size : int
        Number of its cells.
    times, senders : ndarray
        Spike times in ms, and the index of each spike's cell.
    traces : dict
        For each variable: times in ms, values of shape (samples, cells), unit.
    """

    label: str
    size: int
    times: np.ndarray
    senders: np.ndarray
    traces: dict[str, tuple[np.ndarray, np.ndarray, str]] = field(default_factory=dict)


def plot_activity(populations: list[Recorded], title: str, path: Path, duration: float) -> None:
    """Draw raster, rates and traces into a file.

    Parameters
    ----------
    populations : list of Recorded
        What to draw, from top to bottom.
    title : str
        Above the picture.
    path : Path
        File to write; its ending chooses the format.
    duration : float
        Length of the time axis, in ms.

    Raises
    ------
    UserError
        If nothing was recorded.
    MissingDependencyError
        If Matplotlib is not installed.
    """
    spiking = [p for p in populations if p.times.size]
    variables = sorted({name for p in populations for name in p.traces})
    if not spiking and not variables:
        raise UserError("nothing to plot; expected a script that records spikes or a variable")
    heights = [3.0, 1.0] * bool(spiking) + [1.2] * len(variables)
    figure = new_figure(9.0, 1.2 + 1.3 * sum(heights))
    axes = figure.subplots(len(heights), 1, sharex=True, squeeze=False, height_ratios=heights)[:, 0]
    if spiking:
        _raster(axes[0], spiking)
        _rates(axes[1], spiking, duration)
    for axis, name in zip(axes[2 * bool(spiking) :], variables, strict=True):
        _traces(axis, [p for p in populations if name in p.traces], name)
    axes[-1].set_xlim(0.0, duration)
    axes[-1].set_xlabel("time (ms)")
    figure.suptitle(title)
    figure.savefig(path, dpi=120)


def _raster(axis: Any, populations: list[Recorded]) -> None:
    offset, ticks = 0, []
    for number, population in enumerate(populations):
        axis.plot(
            population.times,
            population.senders + offset,
            linestyle="none",
            marker=",",
            color=f"C{number}",
            rasterized=True,
        )
        ticks.append(offset + population.size / 2)
        offset += population.size
        if number + 1 < len(populations):
            axis.axhline(offset, color="0.8", linewidth=0.5)
    axis.set_yticks(ticks, [p.label for p in populations])
    axis.set_ylim(0, offset)
    axis.set_ylabel("cells")


def _rates(axis: Any, populations: list[Recorded], duration: float) -> None:
    width = max(duration / _BINS, 1.0)
    edges = np.arange(0.0, duration + width, width)
    for number, population in enumerate(populations):
        counts, _ = np.histogram(population.times, edges)
        axis.step(
            edges[:-1],
            counts / population.size / width * 1e3,
            where="post",
            color=f"C{number}",
            label=population.label,
            linewidth=0.8,
        )
    axis.set_ylabel("rate (Hz)")
    axis.legend(loc="upper right", fontsize="small")


def _traces(axis: Any, populations: list[Recorded], name: str) -> None:
    unit = ""
    for number, population in enumerate(populations):
        times, values, unit = population.traces[name]
        axis.plot(times, values[:, :_MOST_TRACES], color=f"C{number}", linewidth=0.7)
    axis.set_ylabel(f"{name} ({unit})" if unit != "1" else name)
