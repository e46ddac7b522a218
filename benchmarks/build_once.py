"""Builds a network through a PyNN module and prints what that took; a process of its own.

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
    sim = import_module(module)
    space, random = import_module("pyNN.space"), import_module("pyNN.random")
    sim.setup(timestep=0.1, min_delay=0.1, max_delay=1.0, threads=int(threads))
    rng = random.NumpyRNG(int(seed))
    started = time.perf_counter()
    structure: Any = None
    size = int(cells)
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
    figures = {"build_s": time.perf_counter() - started}
    status = Path("/proc/self/status").read_text()
    figures["peak_mb"] = int(status.split("VmHWM:")[1].split()[0]) / 1024
    print(json.dumps({**figures, "synapses": projection.size()}))


if __name__ == "__main__":
    main()
