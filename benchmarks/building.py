"""B5: building networks through PyNN, random and with distance-dependent probability."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from collections.abc import Callable
from typing import Any

from snnc.benchmarks.measure import OWN, Row, blank
from snnc.ir.diagnostics import SnncError

CELLS = 25_000
PEER_CELLS = 2_500  # at which a peer ends within seconds
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
            size = cells if target == OWN else min(cells, PEER_CELLS)
            samples = []
            for seed in range(1, repeat + 1):
                samples.append(build(MODULES[target], rule, size, seed, threads))
                step(f"{bench} {target}")
            new.append(_row(bench, scale, target, threads, size, samples))
        _compare(new)
        rows += new
    return rows


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
        "compile_s": 0.0, "build_s": median("build_s"), "peak_mb": median("peak_mb"),
        "size": size, "runs": len(samples), "synapses": median("synapses"),
        "extrapolated_from": None,
    }  # fmt: skip


def _compare(rows: list[Row]) -> None:
    """Extrapolate peers to snnc's number of synapses, and give snnc the ratio of build times.

    In proportion to synapses, which favours the peer where its cost follows the pairs of cells.
    """
    own = rows[0]
    for peer in rows[1:]:
        if peer["synapses"] and peer["size"] != own["size"]:
            peer["extrapolated_from"] = peer["size"]
            peer["build_s"] *= own["synapses"] / peer["synapses"]
        own["ratio"][peer["target"]] = peer["build_s"] / own["build_s"]
