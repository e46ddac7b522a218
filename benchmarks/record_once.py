"""Runs COBA without or with every potential recorded, twice in a row, and prints what that took.

The first run begins when the network has been compiled, as a user's does: it builds the network and
asks for the memory of its samples. Both count as building; what the simulation's report says of the
run is the simulating. The second begins when the samples of the first have been cleared.

Arguments: scale, seed, threads, precision, ms, and the variable that is recorded, or none.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any

import snnc
from snnc.benchmarks.build_once import peak_mb
from snnc.benchmarks.document import document
from snnc.benchmarks.networks import coba


def main() -> None:
    """Run as the arguments say."""
    scale, seed, threads, precision, ms, *variables = sys.argv[1:]
    options = {"threads": int(threads), "precision": precision}
    print(json.dumps(run(float(scale), int(seed), options, float(ms), variables)))


def run(
    scale: float, seed: int, options: dict[str, Any], ms: float, variables: list[str]
) -> dict[str, float]:
    """Run twice and return times, memory, and the number of samples of the first run."""
    network = coba.network(scale)
    started, cpu = time.perf_counter(), time.process_time()
    compiled = snnc.compile(document(network, seed), **options)
    simulation = compiled.simulation
    for population in network.cells:
        simulation.record(population.name, variables)
    lowered = time.perf_counter()
    compiled.run(ms)
    done, cpu = time.perf_counter(), time.process_time() - cpu
    sim_s = compiled.report().stages["run"]
    simulation.clear()
    cleared = time.perf_counter()
    compiled.run(ms)
    further_s = time.perf_counter() - cleared
    simulation.close()
    return {
        "compile_s": lowered - started, "build_s": done - lowered - sim_s, "sim_s": sim_s,
        "all_cpu_s": cpu, "further_s": further_s, "peak_mb": peak_mb(),
        "samples": len(variables) * network.size * ms / simulation.dt,
    }  # fmt: skip


if __name__ == "__main__":
    main()
