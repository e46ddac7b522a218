"""Small-world networks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from pyNN.random import AbstractRNG

from snnc.pynn.refusals import TypeRefused, ValueRefused
from snnc.pynn.wiring.connectors import Connector, seed_of

if TYPE_CHECKING:
    from snnc.pynn.wiring.projections import Projection


class SmallWorldConnector(Connector):
    """Connect cells with their neighbourhood, and move some connections to far cells.

    As in Watts & Strogatz (1998), with directed connections: each cell connects to all cells
    nearer than `degree`; then each connection, with probability `rewiring`, gets another target,
    drawn uniformly from the cells that its source does not connect to.

    Parameters
    ----------
    degree : float
        Radius of the neighbourhood, in um.
    rewiring : float
        Probability that a connection is moved.
    allow_self_connections : bool
        Whether a cell may connect to itself.
    n_connections : int, optional
        Take only so many cells of each neighbourhood, drawn at random.
    rng : AbstractRNG, optional
        Its seed counts instead of that of `setup`.
    location_selector, safe, callback
        See `Connector`.
    """

    parameter_names = ("allow_self_connections", "degree", "rewiring", "n_connections")

    def __init__(
        self,
        degree: float,
        rewiring: float,
        allow_self_connections: bool = True,
        n_connections: int | None = None,
        location_selector: Any = None,
        rng: AbstractRNG | None = None,
        safe: bool = True,
        callback: Any = None,
    ) -> None:
        super().__init__(location_selector, safe, callback)
        if not 0.0 <= rewiring <= 1.0:
            raise ValueRefused(f"rewiring is a probability; found {rewiring!r}")
        if not isinstance(allow_self_connections, bool):
            raise TypeRefused(
                f"allow_self_connections is True or False; found {allow_self_connections!r}"
            )
        self.degree = degree
        self.rewiring = rewiring
        self.allow_self_connections = allow_self_connections
        self.n_connections = n_connections
        self.rng = rng

    def connect(self, projection: Projection) -> None:
        """Give the projection its connections."""
        from snnc.runtime.random import CONNECT, key

        seed = seed_of(self.rng)
        seed = projection.session.seed if seed is None else seed
        words = key(seed, projection.object_id, CONNECT)
        generator = np.random.Generator(np.random.Philox(key=words[0] << 32 | words[1]))
        near = projection.distances() < self.degree
        possible = np.ones(projection.shape, dtype=bool)
        if not self.allow_self_connections:
            pre, post = projection.pre.cell_numbers, projection.post.cell_numbers
            possible = pre[:, None] != post[None, :]
        for source in range(projection.shape[0]):
            targets = self._targets(generator, near[source] & possible[source], possible[source])
            projection.add_list(np.full(targets.size, source, np.int64), targets, {})
            if self.callback:
                self.callback((source + 1) / projection.shape[0])

    def _targets(
        self, generator: np.random.Generator, near: np.ndarray, possible: np.ndarray
    ) -> np.ndarray:
        """Return the targets of one cell, ascending, after some have been moved."""
        targets = np.flatnonzero(near)
        if self.n_connections is not None and targets.size > self.n_connections:
            targets = generator.choice(targets, self.n_connections, replace=False)
        moved = generator.random(targets.size) < self.rewiring
        free = possible.copy()
        free[targets] = False
        far = np.flatnonzero(free)
        count = min(int(moved.sum()), far.size)
        chosen = np.flatnonzero(moved)[:count]
        targets[chosen] = generator.choice(far, count, replace=False)
        return np.sort(targets)
