"""Places of cells, and what follows from them."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from snnc.benchmarks.description import Network, Population, Projection
from snnc.ir.values import DistanceExpression

_SAMPLES = 1000  # presynaptic cells


def positions(population: Population) -> NDArray[np.float64]:
    """Return the places of cells on their grid in um: float64 of shape (3, size)."""
    assert population.grid is not None
    side = math.ceil(math.sqrt(population.size))
    row, column = np.divmod(np.arange(population.size), side)
    return population.grid * np.stack([column, row, np.zeros_like(row)]).astype(np.float64)


def mean_probability(projection: Projection, network: Network) -> float:
    """Return the mean of the probability over pairs of cells, from a sample of them."""
    populations = {population.name: population for population in network.populations}
    pre = positions(populations[projection.pre])
    post = np.concatenate([positions(populations[name]) for name in projection.post], axis=1)
    chosen = np.linspace(0, pre.shape[1] - 1, min(_SAMPLES, pre.shape[1])).astype(int)
    expression = DistanceExpression(projection.options["d_expression"]).arithmetic
    means = [
        np.minimum(expression.evaluate(d=np.linalg.norm(post - pre[:, [i]], axis=0)), 1.0).mean()
        for i in chosen
    ]
    return float(np.mean(means))
