"""How costs grow with the numbers of cells and of synapses."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence

from snnc.benchmarks.measure import Row


def growth_text(rows: Sequence[Row]) -> str:
    """Return, for each target of rows at several scales, how its CPU time and its parts grow.

    An exponent is that of a power law fitted by least squares of logarithms; linear growth has 1.
    What is spent on updates is fitted to the number of cells and what is spent on deliveries to
    the number of events, where the rows tell them apart and these numbers differ.
    """
    lines = []
    for who in dict.fromkeys(_who(row) for row in rows):
        own = [row for row in rows if _who(row) == who and row["valid"]]
        total = _exponent([(row["scale"], row["sim_cpu_s"]) for row in own])
        if total is None:
            continue
        bench, target, threads, precision = who
        parts = [f"CPU time grows as scale^{total:.2f}", *_parts(own)]
        scales = [row["scale"] for row in own]
        lines.append(
            f"{bench} on {target}, {precision}, {threads} thread{'s' * (threads > 1)}, scales "
            f"{min(scales):g} to {max(scales):g}: {'; '.join(parts)}"
        )
    return "\n".join(lines)


def _who(row: Row) -> tuple[str, str, int, str]:
    return row["bench"], row["target"], row["threads"], row["precision"]


def _parts(rows: Sequence[Row]) -> list[str]:
    found = []
    for what, unit, number, key in (
        ("updates", "cells", "size", "ns_per_update"),
        ("deliveries", "events", "events", "ns_per_event"),
    ):
        known = [row for row in rows if row[key] is not None]
        exponent = _exponent([(row[number], row[number] * row[key]) for row in known])
        if exponent is not None:
            costs = [row[key] for row in known]
            found.append(
                f"{what} as {unit}^{exponent:.2f}, {min(costs):.2f} to {max(costs):.2f} ns each"
            )
    return found


def _exponent(points: Sequence[tuple[float, float]]) -> float | None:
    """Return the exponent of times against numbers, or None if these hardly differ."""
    logs = [(math.log(n), math.log(time)) for n, time in points if n > 0.0 and time > 0.0]
    numbers = [n for n, _ in logs]
    if len(logs) < 2 or max(numbers) - min(numbers) < math.log(1.5):
        return None
    return statistics.linear_regression(numbers, [time for _, time in logs]).slope
