"""What a mapping onto chips with crossbars comes to: figures, and a table to read."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np

from snnc.ir.dialects.analog import LOST

if TYPE_CHECKING:
    from snnc.codegen.crossbar import CrossbarArtifact, PlacedProjection


def summary_text(artifact: CrossbarArtifact) -> str:
    """Return the figures by which mappings are compared."""
    return json.dumps(summary(artifact), indent=1)


def summary(artifact: CrossbarArtifact) -> dict[str, Any]:
    """Return the figures by which mappings are compared.

    ``synapses`` are those of the network, ``lost`` those on no chip; ``array_synapses`` are those
    used on chips, where large weights take several. ``weight_error`` is the relative error of
    weights, the root of the mean square over synapses whose weight is not 0.
    """
    projections = [_of_projection(one) for one in artifact.projections]
    reasons: Counter[str] = Counter()
    for one in projections:
        reasons.update(one["lost_by_reason"])
    return {
        "network": artifact.network,
        "target": artifact.chip.name,
        "chips": artifact.number,
        "cells": sum(np.unique(one.circuits["cell"]).size for one in artifact.populations),
        "circuits": sum(one.circuits["cell"].size for one in artifact.populations),
        "synapses": sum(one["synapses"] for one in projections),
        "lost": sum(one["lost"] for one in projections),
        "lost_by_reason": {name: reasons[name] for name in _WHY},
        "array_synapses": sum(one.synapses["row"].size for one in artifact.projections),
        "drivers": sum(table["driver"].size for table in artifact.drivers.values()),
        "crossbar_nodes": sum(table["input"].size for table in artifact.crossbars.values()),
        "projections": projections,
        "seconds": dict(artifact.seconds),
    }


def _of_projection(one: PlacedProjection) -> dict[str, Any]:
    reasons = Counter(LOST[reason] for reason in one.lost["reason"].tolist())
    return {
        "projection": one.label,
        "synapses": one.pre.size,
        "lost": one.lost["synapse"].size,
        "lost_by_reason": dict(reasons),
        "weight_error": _error(one.weight, one.written),
    }


def _error(weight: np.ndarray, written: np.ndarray) -> float:
    some = weight != 0
    if not some.any():
        return 0.0
    return float(np.sqrt(np.mean((written[some] / weight[some] - 1.0) ** 2)))


_WHY = {
    "circuits": "a cell has no circuit",
    "labels": "no label is left for the source",
    "rows": "no row is left for the synapse",
}


def table_text(artifact: CrossbarArtifact) -> str:
    """Return what became of each projection, as a table."""
    figures = summary(artifact)
    total = {"projection": "all", "weight_error": _overall(artifact), **figures}
    rows = [_row(one) for one in (*figures["projections"], total)]
    head = ("projection", "synapses", "lost", "", "weights", "lost because")
    widths = [max(len(row[k]) for row in (head, *rows)) for k in range(len(head))]
    lines = [
        f"{figures['network']} on {artifact.chip.label}: {figures['cells']} cells in "
        f"{figures['circuits']} circuits of {figures['chips']} "
        f"chip{'s' if figures['chips'] != 1 else ''}",
        "",
        *(_line(row, widths) for row in (head, *rows)),
    ]
    return "\n".join(lines)


def _overall(artifact: CrossbarArtifact) -> float:
    weights = [one.weight for one in artifact.projections] or [np.empty(0)]
    written = [one.written for one in artifact.projections] or [np.empty(0)]
    return _error(np.concatenate(weights), np.concatenate(written))


def _row(one: dict[str, Any]) -> tuple[str, ...]:
    share = one["lost"] / one["synapses"] if one["synapses"] else 0.0
    why = ", ".join(f"{_WHY[name]} ({n})" for name, n in one["lost_by_reason"].items() if n)
    return (
        one["projection"], str(one["synapses"]), str(one["lost"]), f"{share:.2%}",
        f"±{one['weight_error']:.1%}", why,
    )  # fmt: skip


def _line(row: tuple[str, ...], widths: list[int]) -> str:
    first, *numbers, last = (
        text.ljust(width) if k in (0, len(row) - 1) else text.rjust(width)
        for k, (text, width) in enumerate(zip(row, widths, strict=True))
    )
    return "  ".join([first, *numbers, last]).rstrip()
