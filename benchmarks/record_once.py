"""Runs COBA without and with every potential recorded, and prints what that took.

A recorded run comes first and is not timed: a virtual machine may have to fetch memory from its
host then, which takes longer than all else.

Arguments: scale, seed, threads, precision and ms.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any

import snnc
from snnc.benchmarks.build_once import peak_mb
from snnc.benchmarks.description import Network
from snnc.benchmarks.document import document
from snnc.benchmarks.networks import coba


def main() -> None:
    """Run as the arguments say."""
    scale, seed, threads, precision, ms = sys.argv[1:]
    network = coba.network(float(scale))
    options = {"threads": int(threads), "precision": precision}
    run(network, int(seed), options, float(ms), ["v"])
    figures = {
        way: run(network, int(seed), options, float(ms), recorded)
        for way, recorded in (("none", []), ("v", ["v"]))
    }
    print(json.dumps(figures))


def run(
    network: Network, seed: int, options: dict[str, Any], ms: float, variables: list[str]
) -> dict[str, float]:
    """Run once and return times, memory, and the number of samples."""
    compiled = snnc.compile(document(network, seed), **options)
    simulation = compiled.simulation
    for population in network.cells:
        simulation.record(population.name, variables)
    compiled.run(network.warm_up)
    wall, cpu = time.perf_counter(), time.process_time()
    compiled.run(ms)
    figures = {"sim_s": time.perf_counter() - wall, "sim_cpu_s": time.process_time() - cpu}
    samples = len(variables) * network.size * ms / simulation.dt
    simulation.close()
    return figures | {"peak_mb": peak_mb(), "samples": samples}


if __name__ == "__main__":
    main()
