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

WAYS = ("none", "v")


def rows_of_recording(
    scale: float, setting: Setting, ms: float, repeat: int, step: Callable[[str], None]
) -> list[Row]:
    """Return a row without and one with recording."""
    samples = []
    for number in range(repeat):
        samples.append(record_once(scale, number + 1, setting, ms))
        step("record")
    rows = [_row(way, scale, setting, ms, [one[way] for one in samples]) for way in WAYS]
    rows[1]["ratio"] = {"unrecorded": rows[0]["sim_s"] / rows[1]["sim_s"]}
    return rows


def record_once(scale: float, seed: int, setting: Setting, ms: float) -> dict[str, dict[str, Any]]:
    """Run both ways in a process of its own, and return the figures of each.

    Raises
    ------
    SnncError
        If the process fails; with the end of what it said.
    """
    arguments = [scale, seed, setting.threads, setting.precision, ms]
    command = [sys.executable, "-m", "snnc.benchmarks.record_once", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise SnncError(f"recording failed:\n{done.stderr[-2000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def _row(way: str, scale: float, setting: Setting, ms: float, samples: list[dict[str, Any]]) -> Row:
    def median(key: str) -> float:
        return statistics.median(one[key] for one in samples)

    return blank() | {
        "bench": f"record {way}", "scale": scale, "target": OWN, "threads": setting.threads,
        "precision": setting.precision, "sim_s": median("sim_s"), "bio_s": ms / 1e3,
        "sim_cpu_s": median("sim_cpu_s"), "runs": len(samples),
        "peak_mb": None if way == "none" else median("peak_mb"),
        "size": coba.network(scale).size, "samples": median("samples"),
    }  # fmt: skip


def recording_text(rows: list[Row]) -> str:
    """Return at which share of its speed a network runs that is recorded."""
    plain, recorded = rows
    shares = [plain[key] / recorded[key] for key in ("sim_s", "sim_cpu_s")]
    rate = recorded["samples"] / recorded["sim_s"] / 1e6
    return (
        f"{recorded['precision']}, {recorded['threads']} thread(s): recorded at {shares[0]:.2f} of "
        f"the unrecorded speed, {shares[1]:.2f} by CPU time (with that of the thread that asks for "
        f"pages); {rate:.0f} million samples a second"
    )
