"""Cost against the number of cells: Brunel's network with 100 synapses a cell at any size."""

from __future__ import annotations

from dataclasses import replace

from snnc.benchmarks.description import Network
from snnc.benchmarks.networks.synapses import sparse

NAME = "size"
CELLS = 1024
SCALES = tuple(float(2**k) for k in range(8))
IN_DEGREE = 100


def network(scale: float = 1.0) -> Network:
    """Return a network of `scale` times 1024 cells."""
    base = sparse(round(CELLS * scale), IN_DEGREE)
    return replace(base, name=NAME, title=f"{IN_DEGREE} synapses a cell", scale=scale)
