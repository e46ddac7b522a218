"""Running networks on snnc and on peers, each run a process of its own, and taking medians."""

from __future__ import annotations

import json
import math
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from snnc.benchmarks.activity import Activity, Spikes, activity
from snnc.benchmarks.description import Draw, Network
from snnc.benchmarks.limits import scatter_ns
from snnc.ir.diagnostics import SnncError

PEERS = Path(__file__).parent / "peers"
OWN = "cpu"  # the target of rows that are snnc's
_DEVIATIONS = 3.0

Row = dict[str, Any]
FIELDS = (
    "bench", "scale", "target", "threads", "precision", "compile_s", "build_s", "sim_s",
    "sim_cpu_s", "bio_s", "rate_hz", "cv", "events", "peak_mb", "size", "runs", "version",
    "integrator", "rms_mv", "ns_per_update", "ns_per_event", "limit_ns_per_event",
)  # fmt: skip
"""What every row has, None where it does not apply; beside `valid`, `reason` and `ratio`."""


def blank() -> Row:
    """Return a valid row without figures."""
    return {**dict.fromkeys(FIELDS), "valid": True, "reason": "", "ratio": {}}


@dataclass(frozen=True)
class Setting:
    """Who runs a network, and how.

    Attributes
    ----------
    target : str
        ``"cpu"`` for snnc, or a peer.
    threads : int
        Number of threads.
    precision : str
        snnc's option; peers have one.
    python : str
        The interpreter that has the simulator.
    """

    target: str
    threads: int = 1
    precision: str = "f64"
    python: str = sys.executable


@dataclass(frozen=True)
class Sample:
    """One run: the peer's figures, the activity, and what was recorded."""

    figures: dict[str, Any]
    activity: Activity
    spikes: dict[str, Spikes]
    v: np.ndarray | None


def run(
    network: Network, setting: Setting, ms: float, seed: int = 1, split: bool = False
) -> Sample:
    """Run a network once in a process of its own.

    Parameters
    ----------
    network : Network
        What is run.
    setting : Setting
        Who runs it.
    ms : float
        The timed part, after the warm-up.
    seed : int
        Seed of all random choices.
    split : bool
        Whether snnc also runs the cells alone, to tell updates from deliveries.

    Raises
    ------
    SnncError
        If the process fails; with the end of what it said.
    """
    script = PEERS / f"{'snnc' if setting.target == OWN else setting.target}.py"
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / "recorded.npz"
        request = {
            "network": network.plain(),
            "seed": seed,
            "ms": ms,
            "threads": setting.threads,
            "precision": setting.precision,
            "split": split,
            "output": str(output),
        }
        done = subprocess.run(
            [setting.python, "-P", str(script)],
            input=json.dumps(request),
            capture_output=True,
            text=True,
            cwd=folder,
        )
        if done.returncode:
            raise SnncError(f"{network.name} on {setting.target} failed:\n{done.stderr[-2000:]}")
        figures = json.loads(done.stdout.splitlines()[-1])
        with np.load(output) as arrays:
            spikes = {
                one.name: Spikes(
                    arrays[f"{one.name}.times"], arrays[f"{one.name}.ids"].astype(np.int64)
                )
                for one in network.cells
            }
            v = arrays.get("v")
    return Sample(figures, activity(network, spikes, ms), spikes, v)


def measure(
    network: Network,
    settings: Sequence[Setting],
    ms: float,
    repeat: int,
    step: Callable[[str], None],
) -> list[Row]:
    """Run a network under all settings in alternation, and return a row of medians for each.

    Parameters
    ----------
    network : Network
        What is run.
    settings : sequence of Setting
        Who runs it.
    ms : float
        The timed part.
    repeat : int
        Number of runs, each with a seed of its own.
    step : callable
        Called after each run, with its name.
    """
    samples: list[list[Sample]] = [[] for _ in settings]
    for number in range(repeat):
        for setting, own in zip(settings, samples, strict=True):
            split = setting.target == OWN
            own.append(run(network, setting, ms, seed=number + 1, split=split))
            step(f"{network.name} {setting.target}")
    rows = [row_of(network, *pair, ms) for pair in zip(settings, samples, strict=True)]
    judge(rows, network)
    compare(rows)
    return rows


def row_of(network: Network, setting: Setting, samples: list[Sample], ms: float) -> Row:
    """Return the medians over the runs that were alive at the end."""
    alive = [one for one in samples if one.activity.alive]
    used = alive or samples

    def median(key: str) -> float:
        return statistics.median(one.figures[key] for one in used)

    rates = [one.activity.rate_hz for one in used]
    events = statistics.median(one.activity.events for one in used)
    row: Row = blank() | {
        "bench": network.name,
        "scale": network.scale,
        "target": setting.target,
        "threads": setting.threads,
        "precision": setting.precision,
        "compile_s": median("compile_s"),
        "build_s": median("build_s"),
        "sim_s": median("sim_s"),
        "sim_cpu_s": median("sim_cpu_s"),
        "bio_s": ms / 1e3,
        "rate_hz": statistics.median(rates),
        "cv": statistics.median(one.activity.cv for one in used),
        "events": events,
        "peak_mb": median("peak_mb"),
        "rates_hz": rates,
        "population_rates_hz": {
            name: statistics.mean(one.activity.rates[name] for one in used)
            for name in used[0].activity.rates
        },
        "runs": len(samples),
        "alive": len(alive),
        "integrator": used[0].figures["integrator"],
        "version": used[0].figures["version"],
        "size": network.size,
    }
    if setting.target == OWN:
        row.update(costs(network, row, used, setting))
    return row


def costs(network: Network, row: Row, samples: Sequence[Sample], setting: Setting) -> Row:
    """Return what an update and an event cost in ns, medians over runs, and the latter's limit."""
    updates = network.size * row["bio_s"] * 1e3 / network.dt
    update_s = statistics.median(one.figures["update_s"] for one in samples)
    deliveries = [
        (one.figures["sim_cpu_s"] - one.figures["update_s"]) / one.activity.events
        for one in samples
        if one.activity.events
    ]
    per_event = statistics.median(deliveries) if deliveries else 0.0
    elements = max(2 * network.size // setting.threads, 1)
    weighted = any(isinstance(one.weight, Draw) for one in network.projections)
    return {
        "ns_per_update": update_s / updates * 1e9,
        "ns_per_event": per_event * 1e9 if per_event > 0.0 else None,
        "limit_ns_per_event": scatter_ns(elements, setting.precision, setting.threads, weighted),
    }


def judge(rows: list[Row], network: Network) -> None:
    """Mark rows of dead networks, and of snnc where rates are outside the peers' noise.

    The noise is the deviation of the mean rate over seeds, of snnc and peer together; with fewer
    than three runs of either, or where it is larger, the one that the network states.
    """
    for row in rows:
        active = row["alive"] > 0 and row["rate_hz"] > 0.0 and math.isfinite(row["rate_hz"])
        row["valid"], row["reason"] = active, "" if active else "no activity at the end"
    for row in rows:
        for peer in rows:
            if (
                row["target"] != OWN
                or peer["target"] == OWN
                or not row["valid"]
                or not peer["valid"]
            ):
                continue
            allowed = _DEVIATIONS * noise(row, peer, network)
            if abs(row["rate_hz"] - peer["rate_hz"]) > allowed:
                row["valid"] = False
                row["reason"] = (
                    f"{row['rate_hz']:.2f} Hz is not {peer['target']}'s "
                    f"{peer['rate_hz']:.2f} +- {allowed:.2f} Hz"
                )


def noise(row: Row, peer: Row, network: Network) -> float:
    """Return the standard deviation in Hz of the difference of two rows' rates."""
    samples = [*row["rates_hz"], *peer["rates_hz"]]
    spikes = peer["rate_hz"] * network.size * peer["bio_s"]
    counting = peer["rate_hz"] / math.sqrt(max(spikes, 1.0))
    stated = network.spread * peer["rate_hz"]
    least = min(len(row["rates_hz"]), len(peer["rates_hz"]))
    if least < 3:
        return max(stated, counting)
    own = statistics.pstdev(row["rates_hz"]), statistics.pstdev(peer["rates_hz"])
    return max(math.hypot(*own), counting, stated if len(samples) < 10 else 0.0)


def compare(rows: list[Row]) -> None:
    """Give valid rows of snnc the ratio of each peer's time, at the same number of threads."""
    for row in rows:
        row["ratio"] = {
            peer["target"]: peer["sim_s"] / row["sim_s"]
            for peer in rows
            if row["target"] == OWN != peer["target"]
            and row["valid"]
            and peer["valid"]
            and peer["threads"] == row["threads"]
        }
