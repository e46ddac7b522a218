"""Connections as rows: what a spike reaches after each delay, in the order of delivery."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import DTypeLike, NDArray

from snnc.ir.diagnostics import SnncError
from snnc.runtime.cache import Kernel, Kernels, source_of
from snnc.runtime.edge_values import evaluate, steps_of
from snnc.runtime.edges import ProjectionInstance
from snnc.runtime.pairs import Block, Pairs

WeightForm = Literal["scalar", "float32"]

_COUNT, _PLACE, _STORE_16, _STORE_32 = range(4)
_NARROW = 1 << 16  # accumulators up to this size have 16-bit targets


@dataclass
class Rows:
    """Connections from one population into one partition.

    The row of cell i and the k-th delay is ``pointer[i * nd + k]`` to ``pointer[i * nd + k + 1]``;
    in it, projections follow in the order of the network, then targets ascend.

    Attributes
    ----------
    delays : ndarray of int32, shape (nd,)
        The different delays in steps, ascending.
    pointer : ndarray of int64, shape (cells * nd + 1,)
        Where rows begin.
    target : ndarray of uint16 or uint32, shape (n,)
        Offsets.
    weight : float, ndarray of float32, shape (n,), or None
        The one weight of all, or those of each; None where weights are an edge array.
    arrays : dict of str to ndarray, shape (n,)
        Other values of connections, by name.
    """

    delays: NDArray[np.int32]
    pointer: NDArray[np.int64]
    target: NDArray[np.uint16] | NDArray[np.uint32]
    weight: float | NDArray[np.float32] | None
    arrays: dict[str, NDArray[np.floating]] = field(default_factory=dict)

    @property
    def nbytes(self) -> int:
        """Bytes of all arrays."""
        parts = [self.delays, self.pointer, self.target, *self.arrays.values()]
        if isinstance(self.weight, np.ndarray):
            parts.append(self.weight)
        return sum(part.nbytes for part in parts)


def bundle_weight_form(instances: Sequence[ProjectionInstance]) -> WeightForm:
    """Return ``"scalar"`` if all connections of a bundle have the same weight, else ``"float32"``."""
    weights = {_same_weight(one) for one in instances}
    return "scalar" if len(weights) == 1 and None not in weights else "float32"


def _same_weight(one: ProjectionInstance) -> float | None:
    weight = one.plan.weight
    if isinstance(weight, float | int):
        return float(weight) * one.scales.get("weight", 1.0)
    return None


def build_rows(
    kernels: Kernels,
    instances: Sequence[ProjectionInstance],
    source: int,
    size: int,
    offsets: Sequence[NDArray[np.int32]],
    *,
    accumulator: int,
    weight: WeightForm | None = "float32",
    arrays: Sequence[str] = (),
    dtype: DTypeLike = np.float64,
) -> Rows:
    """Make the connections of a bundle from one population into one partition.

    Kernels run without Python's global lock: build partitions in parallel threads.

    Parameters
    ----------
    kernels : Kernels
        Where kernels come from.
    instances : sequence of ProjectionInstance
        The projections of the bundle in the order of the network.
    source, size : int
        Ordinal of the source population and its number of cells.
    offsets : sequence of ndarray of int32, shape (n_post,)
        For each projection, the target of each postsynaptic position; -1 where it is not of this
        partition.
    accumulator : int
        Number of elements that targets are offsets in.
    weight : {"float32", "scalar"}, optional
        Whether each connection has its weight, or all the same; None for bundles whose weights are
        among `arrays`.
    arrays : sequence of str
        Names of edge arrays: "weight", parameters and states of the synapse model.
    dtype : dtype
        Type of edge arrays.

    Raises
    ------
    UserError
        Connections that cannot be made: options, values or delays.
    """
    streams = [
        Pairs(kernels, one, one.cells_of(source), part)
        for one, part in zip(instances, offsets, strict=True)
    ]
    counter = RowCounter(kernels, size)
    for stream in streams:
        counter.count_all(stream)
    delays, pointer = counter.finish()
    n = int(pointer[-1])
    narrow = accumulator <= _NARROW
    rows = Rows(
        delays,
        pointer,
        np.empty(n, np.uint16 if narrow else np.uint32),
        _weight_storage(instances, weight, n),
        {name: np.empty(n, dtype) for name in arrays},
    )
    for stream in streams:
        for number, block in enumerate(stream):
            places = counter.place(stream, number, block, rows.target)
            _store_values(kernels, stream.one, block, places, rows)
    return rows


def _weight_storage(
    instances: Sequence[ProjectionInstance], form: WeightForm | None, n: int
) -> float | NDArray[np.float32] | None:
    if form == "float32":
        return np.empty(n, np.float32)
    if form is None:
        return None
    weights = {_same_weight(one) for one in instances}
    weight = weights.pop() if len(weights) == 1 else None
    if weight is None:
        raise SnncError("internal error: weights of a bundle with one weight differ")
    return weight


def _store_values(
    kernels: Kernels,
    one: ProjectionInstance,
    block: Block,
    places: NDArray[np.int64],
    rows: Rows,
) -> None:
    known: dict[str, float | NDArray[np.float64]] = {}
    if isinstance(rows.weight, np.ndarray):
        known["weight"] = evaluate(kernels, one, "weight", block)
        rows.weight[places] = known["weight"]
    for name, array in rows.arrays.items():
        array[places] = known[name] if name in known else evaluate(kernels, one, name, block)


class RowCounter:
    """Numbers of connections of each row, then the next free place of each.

    Parameters
    ----------
    kernels : Kernels
        Where the kernel comes from.
    size : int
        Number of cells of the source population.
    """

    def __init__(self, kernels: Kernels, size: int) -> None:
        self.kernels = kernels
        self.kernel: Kernel = kernels.get(source_of("edge_rows"))
        self.size = size
        self.delays = np.empty(0, np.int32)  # in the order of their first occurrence
        self.counters = np.zeros((0, size), np.int64)
        self.rank = np.zeros(0, np.int32)  # by delay, -1 for those not seen
        self.places = np.empty(0, np.int64)
        self.steps: dict[tuple[Pairs, int], int | NDArray[np.integer]] = {}

    def count_all(self, stream: Pairs) -> None:
        """Count all pairs of a stream."""
        for number, block in enumerate(stream):
            steps = steps_of(self.kernels, stream.one, block)
            self._admit(steps)
            # Kept for the second pass, as drawing delays again would take longer than all else.
            short = not isinstance(steps, int) and self.rank.size <= _NARROW
            self.steps[stream, number] = steps.astype(np.uint16) if short else steps
            self._run(_COUNT, stream, block, self._ranks(steps), 1, self.size)

    def finish(self) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
        """Return the delays and the pointer; from now on counters are the next free places."""
        order = np.argsort(self.delays)
        self.delays = self.delays[order]
        self.rank[self.delays] = np.arange(len(order), dtype=np.int32)
        counts = self.counters[order].T
        pointer = np.zeros(counts.size + 1, np.int64)
        np.cumsum(counts.ravel(), out=pointer[1:])
        self.counters = pointer[:-1].copy()
        return self.delays, pointer

    def resume(self, delays: NDArray[np.int32], pointer: NDArray[np.int64]) -> None:
        """Take over the result of `finish` of a counter of the same connections."""
        self.delays = delays
        self.rank = np.full(int(delays.max(initial=0)) + 1, -1, np.int32)
        self.rank[delays] = np.arange(delays.size, dtype=np.int32)
        self.counters = pointer[:-1].copy()

    def place(
        self,
        stream: Pairs,
        number: int,
        block: Block,
        target: NDArray[np.unsignedinteger] | None = None,
    ) -> NDArray[np.int64]:
        """Return the places of the pairs of block `number`, valid until the next call.

        Stores their targets, too, unless `target` is None.
        """
        mode = _PLACE
        if target is not None:
            mode = _STORE_16 if target.dtype == np.uint16 else _STORE_32
        if self.places.size < block.size:
            self.places = np.empty(block.size, np.int64)
        steps = self.steps.pop((stream, number), None)
        if steps is None:
            steps = steps_of(self.kernels, stream.one, block)
        ranks = self._ranks(steps)
        self._run(mode, stream, block, ranks, self.delays.size, 1, target)
        return self.places[: block.size]

    def _admit(self, steps: int | NDArray[np.int32]) -> None:
        """Make counters for delays that have not occurred before."""
        longest = int(np.max(steps))
        if longest >= self.rank.size:
            grown = np.full(longest + 1, -1, np.int32)
            grown[: self.rank.size] = self.rank
            self.rank = grown
        if isinstance(steps, int):
            fresh = np.array([steps] if self.rank[steps] < 0 else [], np.int32)
        else:
            present = np.zeros(longest + 1, bool)
            present[steps] = True
            fresh = np.flatnonzero(present & (self.rank[: longest + 1] < 0)).astype(np.int32)
        if not fresh.size:
            return
        known = self.delays.size
        self.rank[fresh] = np.arange(known, known + fresh.size, dtype=np.int32)
        self.delays = np.concatenate([self.delays, fresh])
        if self.delays.size > len(self.counters):
            grown = np.zeros((max(self.delays.size, 2 * known), self.size), np.int64)
            grown[:known] = self.counters[:known]
            self.counters = grown

    def _ranks(self, steps: int | NDArray[np.integer]) -> int | NDArray[np.int32]:
        return int(self.rank[steps]) if isinstance(steps, int) else self.rank[steps]

    def _run(
        self,
        mode: int,
        stream: Pairs,
        block: Block,
        ranks: int | NDArray[np.int32],
        by_cell: int,
        by_rank: int,
        target: NDArray[np.unsignedinteger] | None = None,
    ) -> None:
        same = isinstance(ranks, int)
        words = np.array(
            [
                block.size,
                block.pre.ctypes.data,
                block.post.ctypes.data,
                0 if same else ranks.ctypes.data,
                ranks if same else 0,
                stream.cells.ctypes.data,
                stream.cells.size,
                self.counters.ctypes.data,
                self.counters.size,
                by_cell,
                by_rank,
                stream.offsets.ctypes.data,
                stream.offsets.size,
                0 if target is None else target.ctypes.data,
                0 if target is None else target.size,
                self.places.ctypes.data,
            ],
            np.int64,
        )
        self.kernel(words.ctypes.data, 1, mode)
