"""Connections as rows: what a spike reaches after each delay, in the order of delivery."""

from __future__ import annotations

import itertools
import math
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import DTypeLike, NDArray

from snnc.hardware.cpu import CPU
from snnc.ir.diagnostics import SnncError
from snnc.runtime.connectivity.edge_values import has_one_delay, store
from snnc.runtime.connectivity.edges import ProjectionInstance
from snnc.runtime.connectivity.masks import MaskBuilder, Masks, Reach
from snnc.runtime.connectivity.pairs import BLOCK, Block, Pairs
from snnc.runtime.connectivity.row_counter import RowCounter
from snnc.runtime.jit.cache import Kernels

Counted = tuple[Pairs, Block, int | NDArray[np.int32]]  # and the delays in steps
WeightForm = Literal["scalar", "float32"]
_SHARE_TO_SPARE = 16
_SHARE_TO_GROW = 8  # arrays that are too short grow by an eighth, so that little is taken in vain
_BLOCKS_OF_WINDOW = 8


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
    weight : float, ndarray of float32 or int16, shape (n,), or None
        The one weight of all, or those of each, packed ones as int16 in quanta; None where weights
        are an edge array. Packed ones and targets of 16 bits are the halves of words, see `pair`.
    arrays : dict of str to ndarray, shape (n,)
        Other values of connections, by name.
    masks : Masks or None
        Connections that are kept as bits; `pointer` and `target` then hold the rest.
    """

    delays: NDArray[np.int32]
    pointer: NDArray[np.int64]
    target: NDArray[np.uint16] | NDArray[np.uint32]
    weight: float | NDArray[np.float32] | NDArray[np.int16] | None
    arrays: dict[str, NDArray[np.floating]] = field(default_factory=dict)
    masks: Masks | None = None

    def pair(self, words: NDArray[np.uint32]) -> None:
        """Have words for targets and weights: targets are the lower halves, weights the upper."""
        lower, upper = (0, 1) if sys.byteorder == "little" else (1, 0)
        self.target = words.view(np.uint16)[lower::2]
        self.weight = words.view(np.int16)[upper::2]

    @property
    def size(self) -> int:
        """Number of connections."""
        masked = 0 if self.masks is None else int(self.masks.received.sum())
        return self.target.size + masked

    @property
    def nbytes(self) -> int:
        """Bytes of all arrays."""
        parts = [self.delays, self.pointer, self.target, *self.arrays.values()]
        if isinstance(self.weight, np.ndarray):
            parts.append(self.weight)
        masks = 0 if self.masks is None else self.masks.nbytes
        return masks + sum(part.nbytes for part in parts)


def bundle_weight_form(instances: Sequence[ProjectionInstance]) -> WeightForm:
    """Return ``"scalar"`` if all weights of a bundle are the same number, else ``"float32"``."""
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
    masked: Reach | None = None,
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
    masked : Reach, optional
        Keep connections as bits; what they reach.

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
    narrow = accumulator <= CPU.short_offset_reach
    if masked is None and all(stream.ascends for stream in streams):
        return _rows_at_once(kernels, streams, counter, narrow, weight, arrays, dtype)
    for stream in streams:
        counter.count_all(stream)
    counter.end()
    delays, pointer = counter.finish()
    n = int(pointer[-1])
    if masked is not None:
        masks = MaskBuilder(kernels, pointer.size - 1, masked)
        _fill_masks(streams, counter, masks)
        pointer, rest = masks.rest()
        target = rest.astype(np.uint16) if narrow else rest.astype(np.uint32)
        same = _weight_storage(instances, weight, n)
        return Rows(delays, pointer, target, same, masks=masks.masks)
    rows = Rows(
        delays,
        pointer,
        np.empty(n, np.uint16) if narrow else np.empty(n, np.uint32),
        _weight_storage(instances, weight, n),
        {name: np.empty(n, dtype) for name in arrays},
    )
    for stream in streams:
        for number, block in enumerate(stream):
            places = counter.place(stream, number, block, rows.target)
            _store_values(kernels, stream.one, block, places, rows)
    counter.restore(pointer)
    return rows


def _rows_at_once(
    kernels: Kernels,
    streams: Sequence[Pairs],
    counter: RowCounter,
    narrow: bool,
    weight: WeightForm | None,
    arrays: Sequence[str],
    dtype: DTypeLike,
) -> Rows:
    """Return rows of pairs that ascend by cells: those of some cells are finished at a time."""
    room = int(sum(stream.expected for stream in streams) * (1.0 + 1.0 / _SHARE_TO_SPARE)) + BLOCK
    rows = Rows(
        counter.delays,
        np.empty(0, np.int64),
        np.empty(room, np.uint16) if narrow else np.empty(room, np.uint32),
        _weight_storage([stream.one for stream in streams], weight, room),
        {name: np.empty(room, dtype) for name in arrays},
    )
    ordered = len(streams) == 1 and has_one_delay(streams[0].one)
    place = _append if ordered else _sort_in
    n = 0
    for cells, pairs in _windows(streams, counter.size):
        counter.begin(cells)
        counted = [(*both, counter.count(*both)) for both in pairs]
        counter.end()
        start, n = n, n + sum(block.size for _, block in pairs)
        if n > rows.target.size:
            _resize(rows, max(n, rows.target.size + rows.target.size // _SHARE_TO_GROW))
        place(kernels, counter, counted, start, rows)
    _resize(rows, n)
    rows.delays, rows.pointer = counter.finish()
    return rows


def _windows(
    streams: Sequence[Pairs], size: int
) -> Iterator[tuple[slice, list[tuple[Pairs, Block]]]]:
    """List pairs by windows of cells, whose pairs stay in the caches."""
    pairs = min(len(streams), _BLOCKS_OF_WINDOW) * BLOCK
    number = max(1, min(math.ceil(sum(stream.expected for stream in streams) / pairs), size))
    bounds = [size * w // number for w in range(number + 1)]
    listed = [stream.windows(bounds[1:]) for stream in streams]
    for first, last in itertools.pairwise(bounds):
        yield (
            slice(first, last),
            [(s, b) for s, window in zip(streams, listed, strict=True) for b in next(window)],
        )


def _sort_in(
    kernels: Kernels,
    counter: RowCounter,
    counted: Sequence[Counted],
    start: int,
    rows: Rows,
) -> None:
    """Store pairs in the rows of their cells, all counted, from `start` on."""
    counter.open_rows(start)
    for stream, block, steps in counted:
        places = counter.place_opened(stream, block, steps, rows.target)
        _store_values(kernels, stream.one, block, places, rows)


def _append(
    kernels: Kernels,
    counter: RowCounter,
    counted: Sequence[Counted],
    start: int,
    rows: Rows,
) -> None:
    """Do the same with pairs that come in the order of the rows."""
    for stream, block, _ in counted:
        stop = start + block.size
        offsets = stream.offsets.astype(rows.target.dtype)
        np.take(offsets, block.post, out=rows.target[start:stop], mode="clip")
        if rows.arrays or isinstance(rows.weight, np.ndarray):
            _store_values(kernels, stream.one, block, np.arange(start, stop), rows)
        start = stop


def _resize(rows: Rows, n: int) -> None:
    for array in (rows.target, rows.weight, *rows.arrays.values()):
        if isinstance(array, np.ndarray):
            array.resize(n, refcheck=False)


def _fill_masks(streams: Sequence[Pairs], counter: RowCounter, masks: MaskBuilder) -> None:
    for stream in streams:
        for number, block in enumerate(stream):
            masks.add(counter.rows(stream, number, block), block.post, stream.offsets)


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
    if isinstance(rows.weight, np.ndarray):
        store(kernels, one, "weight", block, rows.weight, places)
    for name, array in rows.arrays.items():
        store(kernels, one, name, block, array, places)
