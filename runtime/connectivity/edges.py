"""The two sides of a projection, and what all partitions share when its connections are made."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from snnc.codegen.artifact import PopulationPlan, ProjectionPlan, SelectionPlan
from snnc.codegen.connectors.base import Connector, PairKernel, PairList, Sides, find_connector
from snnc.codegen.connectors.distances import Coordinates
from snnc.ir.values import Random
from snnc.runtime.connectivity.delays import check_grid
from snnc.runtime.connectivity.splitting import split_draws
from snnc.runtime.jit.cache import Kernels
from snnc.runtime.random import CONNECT, Key, Sampler, draw_elements, key

_BYTES_OF_TARGET = 4
_BYTES_OF_POINTER = 8
_BYTES_OF_LISTED_PAIR = 20
_USUAL_DELAYS = 32  # different ones of a projection whose delays differ, for estimates


@dataclass(frozen=True, eq=False)
class EdgeSpace:
    """The cells on one side of a projection, in the order of the selection.

    Attributes
    ----------
    population : ndarray of int32, shape (n,)
        Ordinal of each cell's population in the artifact.
    index : ndarray of int64, shape (n,)
        Index of each cell in its population.
    gid : ndarray of int64, shape (n,)
        Network-wide index.
    position : ndarray of float64, shape (3, n)
        In um.
    """

    population: NDArray[np.int32]
    index: NDArray[np.int64]
    gid: NDArray[np.int64]
    position: NDArray[np.float64]

    @property
    def size(self) -> int:
        """Number of cells."""
        return self.gid.size


def ordinals_of(populations: Sequence[PopulationPlan]) -> dict[str, int]:
    """Return the place of each population by its name."""
    return {plan.name: ordinal for ordinal, plan in enumerate(populations)}


def edge_space(
    selection: SelectionPlan,
    populations: Sequence[PopulationPlan],
    ordinals: Mapping[str, int] | None = None,
) -> EdgeSpace:
    """Return the cells of a selection; populations without positions lie on PyNN's default line.

    The line is ``x = index`` um, ``y = z = 0``. `ordinals`, of `ordinals_of`, spare its call.
    """
    ordinals = ordinals_of(populations) if ordinals is None else ordinals
    parts = [_member(ordinals[name], populations, cells) for name, cells in selection.members]
    if len(parts) == 1:
        return parts[0]
    return EdgeSpace(
        np.concatenate([p.population for p in parts] or [np.empty(0, np.int32)]),
        np.concatenate([p.index for p in parts] or [np.empty(0, np.int64)]),
        np.concatenate([p.gid for p in parts] or [np.empty(0, np.int64)]),
        np.concatenate([p.position for p in parts] or [np.empty((3, 0))], axis=1),
    )


def _member(
    ordinal: int, populations: Sequence[PopulationPlan], cells: slice | NDArray[np.integer]
) -> EdgeSpace:
    plan = populations[ordinal]
    index = np.arange(plan.size)[cells]
    if plan.positions is None:
        position = np.zeros((3, index.size))
        position[0] = index
    else:
        position = np.ascontiguousarray(plan.positions[:, index], np.float64)
    return EdgeSpace(np.full(index.size, ordinal, np.int32), index, plan.first_id + index, position)


@dataclass(frozen=True, eq=False)
class ProjectionInstance:
    """A projection whose connections are to be made; keep it, it holds what partitions share.

    Parameters
    ----------
    plan : ProjectionPlan
        What the compiler says.
    pre, post : EdgeSpace
        Its cells.
    seed : int
        Seed of the network.
    dt : float
        Time step in ms.
    scales : mapping of str to float
        For named values, coherent units per declared unit; 1 for those not listed.
    quanta : ndarray of float64, shape (n,), or None
        What the weight onto each postsynaptic cell is a multiple of, in coherent units, where a
        machine decides that.

    Attributes
    ----------
    samplers : dict of int to (Random, Sampler)
        What has drawn random values of connections, by purpose.

    Raises
    ------
    UserError
        Options that the connector does not have, or constant delays that cannot be.

    Warns
    -----
    UserWarning
        Constant or listed delays that are no multiples of the time step.
    """

    plan: ProjectionPlan
    pre: EdgeSpace
    post: EdgeSpace
    seed: int
    dt: float
    scales: Mapping[str, float] = field(default_factory=dict)
    quanta: NDArray[np.float64] | None = None
    samplers: dict[int, tuple[Random, Sampler]] = field(
        default_factory=dict, init=False, repr=False
    )
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False)

    def __post_init__(self) -> None:
        self.connector  # noqa: B018 (checks the options now rather than when connecting)
        check_grid(self.plan.delay, self.dt, self.plan.name)

    @cached_property
    def connector(self) -> tuple[Connector, dict[str, Any]]:
        """The connector and its options, checked."""
        connector = find_connector(self.plan.connector)
        return connector, connector.check(self.plan.options)

    @cached_property
    def key(self) -> Key:
        """The Philox key of random pairs."""
        seed = self.connector[1].get("seed", self.seed)
        return key(seed, self.plan.object_id, CONNECT)

    @cached_property
    def coordinates(self) -> Coordinates:
        """Positions in the axes that count."""
        return Coordinates.of(self.plan.space, self.pre.position, self.post.position)

    def sides(self, kernels: Kernels) -> Sides:
        """Return what the connector may know."""

        def draw(value: Random, gids: np.ndarray) -> np.ndarray:
            where = self.key
            if value.seed is not None:
                where = key(value.seed, self.plan.object_id, CONNECT)
            return draw_elements(kernels, value.name, value.params, where, gids)

        def split(number: int, choices: np.ndarray, replace: bool) -> np.ndarray:
            return split_draws(kernels, self.key, number, choices, replace)

        return Sides(
            self.plan.name,
            self.pre.gid,
            self.post.gid,
            self.pre.position,
            self.post.position,
            self.plan.space,
            draw,
            split,
        )

    def pairs(self, kernels: Kernels) -> PairKernel | PairList:
        """Return how the pairs are listed; made once, for all partitions."""
        with self._lock:
            if "_pairs" not in self.__dict__:
                connector, options = self.connector
                self.__dict__["_pairs"] = connector.prepare(self.sides(kernels), options)
            return self.__dict__["_pairs"]

    def cells_of(self, source: int) -> NDArray[np.int32]:
        """Return for each presynaptic position the index in population `source`, or -1."""
        return np.where(self.pre.population == source, self.pre.index, -1).astype(np.int32)

    def expected(self, kernels: Kernels) -> float:
        """Return about how many connections there will be."""
        connector, options = self.connector
        return connector.expected(self.sides(kernels), options)


def instance(
    plan: ProjectionPlan,
    populations: Sequence[PopulationPlan],
    seed: int,
    dt: float,
    scales: Mapping[str, float] | None = None,
    ordinals: Mapping[str, int] | None = None,
) -> ProjectionInstance:
    """Return the projection of a plan; see `ProjectionInstance` and `edge_space`."""
    pre = edge_space(plan.pre, populations, ordinals)
    post = edge_space(plan.post, populations, ordinals)
    return ProjectionInstance(
        plan, pre, post, seed, dt, scales or {}, _quanta(plan, post, populations)
    )


def _quanta(
    plan: ProjectionPlan, post: EdgeSpace, populations: Sequence[PopulationPlan]
) -> NDArray[np.float64] | None:
    rings = [population.rings.get(plan.receptor) for population in populations]
    if not any(rings):
        return None
    quanta = np.array([1.0 if ring is None else ring.quantum for ring in rings])
    return quanta[post.population]


def estimate(
    kernels: Kernels,
    instances: Sequence[ProjectionInstance],
    *,
    weight: str | None = "float32",
    arrays: int = 0,
    itemsize: int = 8,
) -> int:
    """Return about how many bytes the connections of a bundle take, over all partitions.

    Parameters
    ----------
    kernels : Kernels
        For numbers of connections that are drawn.
    instances : sequence of ProjectionInstance
        The projections.
    weight, arrays, itemsize
        The form of weights as `build_rows` takes it, number of edge arrays and bytes of their
        elements.
    """
    per_edge = _BYTES_OF_TARGET + arrays * itemsize + (4 if weight == "float32" else 0)
    total = 0.0
    for one in instances:
        listed = one.plan.connector in ("from_list", "array")
        delays = 1 if isinstance(one.plan.delay, float | int) else _USUAL_DELAYS
        total += one.expected(kernels) * (per_edge + listed * _BYTES_OF_LISTED_PAIR)
        total += one.pre.size * delays * _BYTES_OF_POINTER
    return int(total)
