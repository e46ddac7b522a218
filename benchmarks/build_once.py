"""Builds a network through a PyNN module and prints what that took; a process of its own.

A network of a few cells is built before: what a module loads only when it is used, and kernels that
are not in the cache yet, count as much as importing it does, which is not.

Arguments: the module, ``random`` or ``distance``, number of cells, seed, threads.
"""

from __future__ import annotations

import json
import math
import sys
import time
from importlib import import_module
from pathlib import Path
from typing import Any

P_CONNECT = 0.02
WITHIN = "exp(-d**2/160.0)"  # of a grid with distance 1: about 500 connections of a cell


def main() -> None:
    """Build as the arguments say."""
    module, rule, cells, seed, threads = sys.argv[1:]
    build(module, rule, 9, int(seed), int(threads))
    figures = build(module, rule, int(cells), int(seed), int(threads))
    print(json.dumps(figures))


def build(module: str, rule: str, size: int, seed: int, threads: int) -> dict[str, float]:
    """Build a network, and return how long that took, the memory, and the number of synapses."""
    sim = import_module(module)
    space, random = import_module("pyNN.space"), import_module("pyNN.random")
    sim.setup(timestep=0.1, min_delay=0.1, max_delay=1.0, threads=threads)
    rng = random.NumpyRNG(seed)
    started = time.perf_counter()
    structure: Any = None
    if rule == "random":
        connector = sim.FixedProbabilityConnector(P_CONNECT, rng=rng)
    else:
        structure, size = space.Grid2D(), math.isqrt(size) ** 2
        connector = sim.DistanceDependentProbabilityConnector(WITHIN, rng=rng)
    population = sim.Population(size, sim.IF_curr_exp(), structure=structure)
    projection = sim.Projection(
        population, population, connector, sim.StaticSynapse(weight=0.006, delay=0.1)
    )
    sim.run(0.1)  # some make their connections no earlier
    figures = {"build_s": time.perf_counter() - started, "peak_mb": peak_mb()}
    figures["synapses"] = projection.size()
    sim.end()
    return figures


def peak_mb() -> float:
    """Return the most memory that this process has had."""
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


if __name__ == "__main__":
    main()
