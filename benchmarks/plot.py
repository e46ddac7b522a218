"""A picture of rows: bars per peer, and cost against the numbers of cells and of synapses."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from snnc.benchmarks.measure import OWN, Row
from snnc.benchmarks.networks import size, synapses
from snnc.figures import new_figure
from snnc.ir.diagnostics import UserError

_AXES = {
    size.NAME: ("cells", size.CELLS),
    synapses.NAME: ("synapses", synapses.CELLS * synapses.IN_DEGREE),
}


def plot(rows: list[Row], path: Path) -> None:
    """Draw rows into a PNG.

    Raises
    ------
    MissingDependencyError
        If Matplotlib is not installed.
    UserError
        If no row has a time.
    """
    timed = [row for row in rows if row.get("sim_s") is not None]
    bars = [row for row in timed if row["bench"] not in _AXES]
    scaling = [name for name in _AXES if any(row["bench"] == name for row in timed)]
    parts = bool(bars) + len(scaling)
    if not parts:
        raise UserError("there is nothing to plot: no benchmark that was run has a time")
    figure = new_figure(6.0 * parts, 4.5)
    axes = list(figure.subplots(1, parts, squeeze=False)[0])
    if bars:
        _draw_bars(axes.pop(0), bars)
    for name in scaling:
        _draw_scaling(axes.pop(0), name, [row for row in timed if row["bench"] == name])
    figure.savefig(path, dpi=150)


def _label(row: Row) -> str:
    name = f"snnc {row['precision']}" if row["target"] == OWN else row["target"]
    return name if row["threads"] == 1 else f"{name}, {row['threads']} threads"


def _draw_bars(axis: Any, rows: list[Row]) -> None:
    groups = list(dict.fromkeys((row["bench"], row["scale"]) for row in rows))
    labels = list(dict.fromkeys(_label(row) for row in rows))
    width = 0.8 / len(labels)
    for number, label in enumerate(labels):
        own = {(r["bench"], r["scale"]): r for r in rows if _label(r) == label}
        places = [i + width * number for i, group in enumerate(groups) if group in own]
        heights = [own[g]["sim_s"] / own[g]["bio_s"] for g in groups if g in own]
        bars = axis.bar(places, heights, width, label=label)
        for bar, group in zip(bars, (g for g in groups if g in own), strict=True):
            if not own[group]["valid"]:
                bar.set(hatch="//", alpha=0.4)
    axis.set_yscale("log")
    ticks = [i + width * (len(labels) - 1) / 2 for i in range(len(groups))]
    axis.set_xticks(ticks, [f"{name}\n{scale:g}" for name, scale in groups])
    axis.set_ylabel("time / biological time (hatched: invalid)")
    # Below the bars, which may be as high as the picture.
    axis.legend(loc="upper center", bbox_to_anchor=(0.5, -0.12), ncols=3)


def _draw_scaling(axis: Any, name: str, rows: list[Row]) -> None:
    what, unit = _AXES[name]
    for label in dict.fromkeys(_label(row) for row in rows):
        own = sorted((r for r in rows if _label(r) == label), key=lambda r: r["scale"])
        numbers = [row["scale"] * unit for row in own]
        (line,) = axis.plot(numbers, [r["sim_s"] / r["bio_s"] for r in own], "o-", label=label)
        parted = [row for row in own if row["ns_per_event"] is not None]
        if parted:
            axis.plot(
                [row["scale"] * unit for row in parted],
                [r["ns_per_event"] * 1e-9 * r["events"] / r["bio_s"] for r in parted],
                ".--", color=line.get_color(), label=f"{label}, CPU time of deliveries",
            )  # fmt: skip
        last = own[-1]["sim_s"] / own[-1]["bio_s"]
        growing = [last * n / numbers[-1] for n in numbers]
        axis.plot(numbers, growing, ":", color="grey", linewidth=0.8)
    axis.set_xscale("log")
    axis.set_yscale("log")
    axis.set_xlabel(what)
    axis.set_ylabel("time / biological time (dotted: linear)")
    axis.legend()
