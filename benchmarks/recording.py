"""What recording costs: COBA without any, and with the potential of every cell at every step."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from collections.abc import Callable
from typing import Any

from snnc.benchmarks.measure import OWN, Row, Setting, blank
from snnc.benchmarks.networks import coba
from snnc.ir.diagnostics import SnncError

WAYS: dict[str, list[str]] = {"none": [], "v": ["v"]}
"""What is recorded of each cell."""


def rows_of_recording(
    scale: float, setting: Setting, ms: float, repeat: int, step: Callable[[str], None]
) -> list[Row]:
    """Return a row without and one with recording, of runs in alternation."""
    samples: dict[str, list[dict[str, Any]]] = {way: [] for way in WAYS}
    for number in range(repeat):
        for way in WAYS:
            samples[way].append(record_once(scale, number + 1, setting, ms, way))
            step(f"record {way}")
    rows = [_row(way, scale, setting, ms, samples[way]) for way in WAYS]
    rows[1]["ratio"] = {"unrecorded": rows[0]["sim_s"] / rows[1]["sim_s"]}
    return rows


def record_once(scale: float, seed: int, setting: Setting, ms: float, way: str) -> dict[str, Any]:
    """Run in a process of its own, and return the figures.

    Raises
    ------
    SnncError
        If the process fails; with the end of what it said.
    """
    arguments = [scale, seed, setting.threads, setting.precision, ms, *WAYS[way]]
    command = [sys.executable, "-m", "snnc.benchmarks.record_once", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise SnncError(f"recording failed:\n{done.stderr[-2000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def _row(way: str, scale: float, setting: Setting, ms: float, samples: list[dict[str, Any]]) -> Row:
    figures = {key: statistics.median(one[key] for one in samples) for key in samples[0]}
    all_s = statistics.median(one["compile_s"] + one["build_s"] + one["sim_s"] for one in samples)
    return blank() | figures | {
        "bench": f"record {way}", "scale": scale, "target": OWN, "threads": setting.threads,
        "precision": setting.precision, "bio_s": ms / 1e3, "runs": len(samples), "all_s": all_s,
        "size": coba.network(scale).size,
    }  # fmt: skip


def recording_text(rows: list[Row]) -> str:
    """Return at which share of its speed a network runs that is recorded, and what it costs."""
    plain, recorded = rows
    rate = recorded["samples"] / recorded["sim_s"] / 1e6

    def both(key: str) -> str:
        return f"{recorded[key]:.3f} s instead of {plain[key]:.3f} s"

    return (
        f"{recorded['precision']}, {recorded['threads']} thread(s): recorded at "
        f"{plain['sim_s'] / recorded['sim_s']:.2f} of the unrecorded speed; {rate:.0f} million "
        f"samples a second\n  from compiling to the end {both('all_s')} (CPU "
        f"{both('all_cpu_s')}); a further run, samples cleared, {both('further_s')}"
    )
