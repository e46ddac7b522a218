"""Cost against the number of synapses: 8,192 cells with more and more of them."""

from __future__ import annotations

from dataclasses import replace

from snnc.benchmarks.description import Drive, Network, Population, Projection
from snnc.benchmarks.networks import brunel

NAME = "synapses"
CELLS, IN_DEGREE = 8192, 20
WEAKER = 0.5  # of the recurrent weights, so that the external drive sets the rates
SCALES = tuple(float(2**k) for k in range(8))


def network(scale: float = 1.0) -> Network:
    """Return a network with `scale` times 20 synapses a cell."""
    k = round(IN_DEGREE * scale)
    return replace(
        sparse(CELLS, k), name=NAME, title=f"{CELLS} cells with {k} synapses each", scale=scale
    )


def sparse(cells: int, in_degree: int) -> Network:
    """Return a balanced network whose activity does not depend on its size and wiring much.

    The charge that a cell gets at a given rate stays the same.
    """
    base = brunel.network(0.08)
    n_exc = max(round(0.8 * cells), 1)
    k_exc = max(round(0.8 * in_degree), 1)
    sizes = {"exc": n_exc, "inh": max(cells - n_exc, 1)}
    degrees = {"exc": k_exc, "inh": max(in_degree - k_exc, 1)}
    populations: list[Population] = []
    for one in base.populations:
        assert one.drive is not None
        drive = Drive(one.drive.rate, one.drive.weight, one.drive.delay)
        populations.append(replace(one, size=sizes[one.name], drive=drive))
    projections: list[Projection] = []
    for one in base.projections:
        assert isinstance(one.weight, float)
        weight = one.weight * one.options["n"] / degrees[one.pre] * WEAKER
        options = {**one.options, "n": degrees[one.pre]}
        projections.append(replace(one, options=options, weight=weight))
    return replace(base, populations=tuple(populations), projections=tuple(projections), note="")
