"""Connectors given by a probability for each pair of cells, worked out in Python."""

from __future__ import annotations

from copy import copy
from typing import TYPE_CHECKING, Any

import numpy as np
from pyNN.core import IndexBasedExpression
from pyNN.random import AbstractRNG

from snnc.pynn.refusals import ConnectionRefused, TypeRefused
from snnc.pynn.wiring.connectors import Connector, Rule, seed_of

if TYPE_CHECKING:
    from snnc.pynn.wiring.projections import Projection


def drawn_pairs(projection: Projection, probability: Any, options: dict[str, Any]) -> Rule:
    """Return a connector for pairs drawn with a probability each.

    Parameters
    ----------
    projection : Projection
        Whose cells are connected.
    probability : array_like, broadcast to shape (pre, post)
        Of each pair.
    options : dict
        ``allow_self_connections`` and, perhaps, ``seed``.
    """
    from snnc.runtime.jit.cache import shared_kernels
    from snnc.runtime.random import CONNECT, draw_edges, key

    pre, post = projection.pre.cell_numbers, projection.post.cell_numbers
    chance = np.broadcast_to(np.asarray(probability, dtype=float), projection.shape)
    if np.isnan(chance).any():
        raise ConnectionRefused("a probability of connection is NaN")
    seed = options.get("seed", projection.session.seed)
    where = key(seed, projection.object_id, CONNECT)
    pairs = np.meshgrid(pre, post, indexing="ij")
    ordinal = np.zeros(chance.size, np.int64)
    draws = draw_edges(
        shared_kernels(),
        "uniform",
        {"low": 0.0, "high": 1.0},
        where,
        pairs[0].ravel(),
        pairs[1].ravel(),
        ordinal,
    )
    matrix = draws.reshape(chance.shape) < chance
    allowed = options.get("allow_self_connections", True)
    if allowed is False:
        matrix &= pairs[0] != pairs[1]
    elif allowed == "NoMutual":
        matrix &= pairs[0] > pairs[1]
    return "array", {"array": matrix}


class IndexBasedProbabilityConnector(Connector):
    """Connect pairs with a probability that depends on the indices of the cells.

    Parameters
    ----------
    index_expression : pyNN.core.IndexBasedExpression
        Called with arrays of indices (i, j); its attribute `projection` is the projection.
    allow_self_connections : bool or "NoMutual"
        Whether a cell may connect to itself.
    rng : AbstractRNG, optional
        Its seed counts instead of that of `setup`.
    location_selector, safe, callback
        See `Connector`.
    """

    parameter_names = ("allow_self_connections", "index_expression")

    def __init__(
        self,
        index_expression: IndexBasedExpression,
        allow_self_connections: bool | str = True,
        location_selector: Any = None,
        rng: AbstractRNG | None = None,
        safe: bool = True,
        callback: Any = None,
    ) -> None:
        super().__init__(location_selector, safe, callback)
        if not isinstance(index_expression, IndexBasedExpression):
            raise TypeRefused(
                f"an IndexBasedExpression of pyNN.core is expected; found {index_expression!r}"
            )
        self.index_expression = index_expression
        self.allow_self_connections = allow_self_connections
        self.rng = rng

    def rule(self, projection: Projection) -> Rule:
        """Return the connector's name in the IR and its options."""
        options: dict[str, Any] = {"allow_self_connections": self.allow_self_connections}
        seed = seed_of(self.rng)
        if seed is not None:
            options["seed"] = seed
        return drawn_pairs(projection, of_indices(self.index_expression, projection), options)


class DisplacementDependentProbabilityConnector(IndexBasedProbabilityConnector):
    """Connect pairs with a probability that depends on the displacement between the cells.

    Parameters
    ----------
    disp_function : callable
        From displacements of shape (3, ...) in um, postsynaptic minus presynaptic position, to
        probabilities.
    allow_self_connections, location_selector, rng, safe, callback
        See `IndexBasedProbabilityConnector`.
    """

    class DisplacementExpression(IndexBasedExpression):
        """A function of displacement, called with indices."""

        def __init__(self, disp_function: Any) -> None:
            self._function = disp_function

        def __call__(self, i: Any, j: Any) -> Any:
            """Return the function's value for pairs of indices."""
            projection: Any = self.projection
            return self._function(projection.post.positions[:, j] - projection.pre.positions[:, i])

    def __init__(self, disp_function: Any, *arguments: Any, **keywords: Any) -> None:
        self.disp_function = disp_function
        super().__init__(self.DisplacementExpression(disp_function), *arguments, **keywords)


def of_indices(function: IndexBasedExpression, projection: Projection) -> np.ndarray:
    """Return the value of a function of indices for all pairs, shape (pre, post)."""
    bound = copy(function)
    bound.projection = projection
    i, j = np.meshgrid(*(np.arange(n) for n in projection.shape), indexing="ij")
    values = np.asarray(bound(i.ravel(), j.ravel()), dtype=float)
    return np.broadcast_to(values, (i.size,)).reshape(projection.shape)
