"""Times the COBA network on snnc, NEST and Brian2, side by side; see README.md."""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
PEERS = {"snnc": "coba_snnc.py", "nest": "coba_nest.py", "brian2": "coba_brian2.py"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--peers", default="nest,brian2")
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--brian2-python", default=sys.executable)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    rows = [
        ("snnc f64", sys.executable, ["snnc", "--precision", "f64"]),
        ("snnc f32", sys.executable, ["snnc", "--precision", "f32"]),
    ]
    peers = [name for name in arguments.peers.split(",") if name]
    for name in peers:
        python = arguments.brian2_python if name == "brian2" else sys.executable
        rows.append((name, python, [name]))
    results = measure(rows, arguments.repeat, arguments.threads)
    report(results)
    if arguments.json:
        arguments.json.write_text(json.dumps(results, indent=1))


def measure(rows: list, repeat: int, threads: int) -> dict[str, dict]:
    """Run every row `repeat` times in alternation and return the medians."""
    samples: dict[str, list[dict]] = {label: [] for label, _, _ in rows}
    for seed in range(1, repeat + 1):
        for label, python, (kind, *options) in rows:
            command = [python, str(HERE / "peers" / PEERS[kind]), "--seed", str(seed)]
            command += ["--threads", str(threads), *options]
            done = subprocess.run(command, capture_output=True, text=True)
            if done.returncode:
                sys.exit(f"{label} failed:\n{done.stderr[-2000:]}")
            samples[label].append(json.loads(done.stdout.splitlines()[-1]))
    return {label: median_of(list_) for label, list_ in samples.items()}


def median_of(samples: list[dict]) -> dict:
    """Return the median of each figure, over the runs that were alive at the end."""
    alive = [s for s in samples if s["alive"]] or samples
    keys = [key for key, value in alive[0].items() if isinstance(value, float)]
    return {key: statistics.median(s[key] for s in alive) for key in keys} | {
        "alive": sum(s["alive"] for s in samples),
        "runs": len(samples),
        "rates_hz": [s["rate_hz"] for s in alive],
        "integrator": samples[0]["integrator"],
    }


def report(results: dict[str, dict]) -> None:
    """Print the table."""
    base = results["snnc f64"]["run_s"]
    print(
        f"{'':12}{'prepare s':>10}{'run s':>9}{'ratio':>8}{'rate Hz':>9}{'of seeds':>12}{'CV':>6}"
        f"{'v error mV':>12}  integrator"
    )
    for label, row in results.items():
        print(
            f"{label:12}{row['prepare_s']:>10.2f}{row['run_s']:>9.3f}{row['run_s'] / base:>8.1f}"
            f"{row['rate_hz']:>9.1f}{min(row['rates_hz']):>7.1f}-{max(row['rates_hz']):.1f}"
            f"{row['cv']:>6.2f}{row['v_rms_mv']:>12.1e}  {row['integrator']}"
            f" ({row['alive']} of {row['runs']} alive)"
        )


if __name__ == "__main__":
    main()
