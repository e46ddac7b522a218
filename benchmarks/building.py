"""B5: building networks through PyNN, random and with distance-dependent probability."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from snnc.benchmarks.measure import OWN, Row, blank
from snnc.ir.diagnostics import SnncError

CELLS = 25_000
PEER_CELLS = (1_000, 2_000, 4_000)  # at which a peer ends within seconds
MODULES = {OWN: "snnc.pynn", "nest": "pyNN.nest"}
RULES = {"b5": "random", "b5d": "distance"}


def rows_of_building(
    scale: float, peers: list[str], threads: int, repeat: int, step: Callable[[str], None]
) -> list[Row]:
    """Return rows for both rules, with snnc and with the peers that PyNN has."""
    cells = max(round(CELLS * scale), 1)
    rows = []
    for bench, rule in RULES.items():
        new = []
        for target in (OWN, *(peer for peer in peers if peer in MODULES)):
            for size in sizes_of(target, cells):
                samples = []
                for seed in range(1, repeat + 1):
                    samples.append(build(MODULES[target], rule, size, seed, threads))
                    step(f"{bench} {target} {size}")
                new.append(_row(bench, scale, target, threads, size, samples))
        rows += _compared(new, cells)
    return rows


def sizes_of(target: str, cells: int) -> list[int]:
    """Return the numbers of cells at which a target is timed."""
    smaller = [size for size in PEER_CELLS if size < cells]
    return [cells] if target == OWN or len(smaller) < 2 else smaller


def build(module: str, rule: str, cells: int, seed: int, threads: int) -> dict[str, Any]:
    """Build once in a process of its own."""
    command = [sys.executable, "-m", "snnc.benchmarks.build_once", module, rule]
    command += [str(cells), str(seed), str(threads)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise SnncError(f"building with {module} failed:\n{done.stderr[-2000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def _row(
    bench: str, scale: float, target: str, threads: int, size: int, samples: list[dict[str, Any]]
) -> Row:
    def median(key: str) -> float:
        return statistics.median(one[key] for one in samples)

    return blank() | {
        "bench": bench, "scale": scale, "target": target, "threads": threads, "precision": "f64",
        "build_s": median("build_s"), "peak_mb": median("peak_mb"),
        "size": size, "runs": len(samples), "synapses": median("synapses"),
        "extrapolated_from": None,
    }  # fmt: skip


def _compared(rows: list[Row], cells: int) -> list[Row]:
    """Extrapolate the times of peers to a number of cells, and give snnc's row the ratios.

    A peer spends time on each cell and on each pair of cells; how much, comes from the times at
    several sizes by least squares of relative errors, neither being negative.
    """
    own = rows[0]
    kept = [own]
    for target in dict.fromkeys(row["target"] for row in rows[1:]):
        timed = [row for row in rows if row["target"] == target]
        row = timed[-1] | {"size": cells}
        if timed[-1]["size"] != cells:
            row["extrapolated_from"] = [one["size"] for one in timed]
            row["measured_s"] = [one["build_s"] for one in timed]
            row["s_per_cell"], row["s_per_pair"] = parts = _parts(timed)
            row["build_s"] = parts[0] * cells + parts[1] * cells**2
            row["synapses"], row["peak_mb"] = own["synapses"], None
        own["ratio"][target] = row["build_s"] / own["build_s"]
        kept.append(row)
    return kept


def _parts(rows: list[Row]) -> tuple[float, float]:
    """Return the seconds that each cell and each pair of cells takes."""
    from scipy.optimize import nnls

    sizes, times = (np.array([row[key] for row in rows], float) for key in ("size", "build_s"))
    (cell, pair), _ = nnls(np.stack([sizes / times, sizes**2 / times], axis=1), np.ones(len(rows)))
    return float(cell), float(pair)


def building_text(rows: list[Row]) -> str:
    """Return how the times of peers were extrapolated."""
    lines = []
    for row in rows:
        if row["extrapolated_from"]:
            pairs = zip(row["extrapolated_from"], row["measured_s"], strict=True)
            measured = ", ".join(f"{seconds:.2f} s at {size} cells" for size, seconds in pairs)
            lines.append(
                f"{row['bench']}: {row['target']} took {measured}; extrapolated to {row['size']} "
                f"with {1e6 * row['s_per_cell']:.0f} us a cell and "
                f"{1e9 * row['s_per_pair']:.0f} ns a pair of cells"
            )
    return "\n".join(lines)
