"""Runs a described network on snnc.

Like every peer a script of its own process: a request as JSON on standard input, figures as the
last line of output, spikes in the file that the request names. Run with ``python -P``, so that the
simulator is visible that the script is named after.
"""

from __future__ import annotations

import json
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

import snnc
from snnc.benchmarks.description import Network
from snnc.benchmarks.document import document
from snnc.compiled import CompiledNetwork
from snnc.runtime.jit.cache import shared_kernels


def main() -> None:
    """Run the request on standard input."""
    request = json.load(sys.stdin)
    network = Network.of(request["network"])
    started = time.perf_counter()
    compiled = compiled_network(network, request)
    lowered, before = time.perf_counter(), shared_kernels().seconds
    compiled.simulation.build()
    built, kernels = time.perf_counter(), shared_kernels().seconds
    compiled.run(network.warm_up)
    wall, cpu = time.perf_counter(), time.process_time()
    compiled.run(request["ms"])
    figures = {
        "sim_s": time.perf_counter() - wall,
        "sim_cpu_s": time.process_time() - cpu,
        "compile_s": lowered - started + shared_kernels().seconds - before,
        "build_s": built - lowered - (kernels - before),
        "peak_mb": peak_mb(),
        "version": snnc.__version__,
        "integrator": integrator(compiled, network),
    }
    np.savez(request["output"], **recorded(compiled, network))
    if request["split"]:
        figures["update_s"] = update_seconds(network, request)
    print(json.dumps(figures))


def compiled_network(network: Network, request: dict[str, Any]) -> CompiledNetwork:
    """Return the network, compiled as requested."""
    return snnc.compile(
        document(network, request["seed"]),
        threads=request["threads"],
        precision=request["precision"],
        solver=network.solver,
    )


def integrator(compiled: CompiledNetwork, network: Network) -> str:
    """Return how the potential is advanced while cells integrate."""
    method = compiled.settings()["solvers"][network.cells[0].model]
    of_v = [part.strip() for part in method.split(";") if part.strip().startswith("v")]
    return (of_v or [method])[0]


def recorded(compiled: CompiledNetwork, network: Network) -> dict[str, Any]:
    """Return the spikes of each population, and potentials if they are wanted."""
    simulation = compiled.simulation
    arrays: dict[str, Any] = {}
    for population in network.cells:
        times, ids = simulation.spikes(population.name)
        arrays[f"{population.name}.times"], arrays[f"{population.name}.ids"] = times, ids
    if network.record_v is not None:
        arrays["v"] = simulation.trace(network.record_v, "v").values[1:, 0]
    return arrays


def update_seconds(network: Network, request: dict[str, Any]) -> float:
    """Return the CPU time that the cells and their external input take without any synapses."""
    compiled = compiled_network(replace(network, projections=()), request)
    compiled.run(network.warm_up)
    started = time.process_time()
    compiled.run(request["ms"])
    return time.process_time() - started


def peak_mb() -> float:
    """Return the most memory this process has had; its parent's does not count, as in getrusage."""
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


if __name__ == "__main__":
    main()
