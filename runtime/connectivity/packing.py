"""Weights as integers: the quantum of each receptor, and rows of 16-bit multiples of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from snnc.runtime.connectivity.bundles import Bundle, Part
from snnc.runtime.engine.cells import MOST_SPIKES, Cells
from snnc.runtime.engine.layout import Layout
from snnc.runtime.engine.tables import address, bits
from snnc.runtime.jit.cache import Kernels, source_of

_LARGEST_MULTIPLE = (1 << 15) - 1
# Half of what an int32 holds: the other half is for what rounding adds to each weight.
_LARGEST_SUM = float(1 << 30)
# Weights that differ from a multiple by less than this part, what rounding to f32 leaves, are it.
_TOLERANCE = 2e-7
_LOOK, _PACK = range(2)
_SINGLE = ("scalar", "mask", "counts")
Receptor = tuple[str, str]


@dataclass
class _Weights:
    """What is known of the weights onto each element of a thread's accumulator."""

    total: NDArray[np.float64]
    largest: NDArray[np.float64]
    smallest: NDArray[np.float64]
    quantum: NDArray[np.float64]

    @classmethod
    def of(cls, size: int) -> _Weights:
        return cls(np.zeros(size), np.zeros(size), np.full(size, np.inf), np.ones(size))


class Packing:
    """Packs the weights of all bundles whose receptors sum integers.

    Parameters
    ----------
    kernels : Kernels
        Where the kernel comes from.
    layout : Layout
        Who owns what.
    cells : dict of str to Cells
        The populations; their `quanta` are set.

    Attributes
    ----------
    error : float
        The largest error of a weight, relative to the largest weight onto the same receptor.
    """

    def __init__(self, kernels: Kernels, layout: Layout, cells: Mapping[str, Cells]) -> None:
        self._kernels = kernels
        self._layout = layout
        self._cells = cells
        self._weights: list[_Weights] = []
        self.error = 0.0

    def pack(self, bundles: Iterable[Bundle], executor: Executor) -> None:
        """Choose the quanta anew and turn weights into multiples of them."""
        packed = [bundle for bundle in bundles if bundle.synapse.form.packed]
        if not packed:
            return
        layout, threads = self._layout, range(self._layout.partitions)
        self._weights = [_Weights.of(layout.accumulator_size(p)) for p in threads]
        listed = [bundle for bundle in packed if bundle.synapse.form.weight == "int16"]
        single = [bundle for bundle in packed if bundle.synapse.form.weight in _SINGLE]
        list(executor.map(lambda thread: self._run(_LOOK, listed, thread), threads))
        known = {receptor: self._only(receptor) for receptor in self._receptors()}
        list(executor.map(lambda thread: self._run(_LOOK, single, thread), threads))
        self.error = 0.0
        for receptor, weights in known.items():
            if weights is not None:
                weights |= _scalars(single, receptor)
            self._choose(receptor, weights)
        list(executor.map(lambda thread: self._run(_PACK, listed, thread), threads))

    def multiple(self, bundle: Bundle, part: Part) -> int:
        """Return the one weight of all synapses of a part, in quanta."""
        assert part.target is not None
        receptor = bundle.instances[0].plan.receptor
        return _nearest(bundle.weight / self._cells[part.target].quanta[receptor])

    def unpack(self, bundles: Iterable[Bundle]) -> None:
        """Turn weights into floats, to be changed and packed again."""
        for bundle in bundles:
            if bundle.synapse.form.weight == "int16":
                for part in bundle.parts:
                    part.rows.weight = self.floats(bundle, part)

    def floats(self, bundle: Bundle, part: Part) -> NDArray[np.float32]:
        """Return the weights of a part in coherent units; its own array if they are floats."""
        weight = part.rows.weight
        assert isinstance(weight, np.ndarray)
        if weight.dtype == np.float32:
            return weight.view(np.float32)
        quantum = self._weights[part.thread].quantum[bundle.origin(part.thread) :]
        return (weight * quantum[part.rows.target]).astype(np.float32)

    def _receptors(self) -> list[Receptor]:
        return [(name, r) for name, cells in self._cells.items() for r in cells.cell.packed]

    def _segment(self, what: str, receptor: Receptor) -> list[NDArray[np.float64]]:
        """Return the values of a receptor's cells, by thread."""
        result = []
        for cut in self._layout.slices(receptor[0]):
            first = self._layout.accumulator_offset(cut.thread, *receptor)
            values: NDArray[np.float64] = getattr(self._weights[cut.thread], what)
            result.append(values[first : first + cut.last - cut.first])
        return result

    def _range(self, receptor: Receptor) -> tuple[float, float]:
        """Return the smallest magnitude of a weight that is not zero, and the largest."""
        smallest = min(float(v.min()) for v in self._segment("smallest", receptor))
        return smallest, max(float(v.max()) for v in self._segment("largest", receptor))

    def _only(self, receptor: Receptor) -> set[float] | None:
        """Return the one magnitude of all weights seen so far, or None if there are more."""
        smallest, largest = self._range(receptor)
        return None if smallest < largest else {largest} - {0.0}

    def _choose(self, receptor: Receptor, weights: set[float] | None) -> None:
        """Set the quantum of a receptor; `weights` are all magnitudes, if they are known."""
        smallest, largest = self._range(receptor)
        if largest == 0.0:
            return
        total = max(float(v.max()) for v in self._segment("total", receptor))
        quantum = smallest
        exact = weights is not None and all(_is_multiple(w, smallest) for w in weights)
        if not exact or total / quantum > _LARGEST_SUM:
            quantum = max(largest / _LARGEST_MULTIPLE, total / _LARGEST_SUM)
            self.error = max(self.error, 0.5 * quantum / largest)
        self._cells[receptor[0]].quanta[receptor[1]] = quantum
        for values in self._segment("quantum", receptor):
            values[:] = quantum

    def _run(self, what: int, bundles: Sequence[Bundle], thread: int) -> None:
        kernel = self._kernels.get(source_of("pack_weights"))
        parts = [(b, part) for b in bundles for part in b.parts if part.thread == thread]
        table = np.array([self._words(*each) for each in parts], np.int64)
        kernel(table.ctypes.data, len(parts), what)
        if what == _LOOK:
            for bundle, part in parts:
                self._look_at_masks(bundle, part)
        if what == _PACK:
            for _, part in parts:
                part.rows.weight = _shortened(part)

    def _look_at_masks(self, bundle: Bundle, part: Part) -> None:
        masks, known, weight = part.rows.masks, self._weights[part.thread], abs(bundle.weight)
        if masks is None or weight == 0.0:
            return
        first = bundle.origin(part.thread) + masks.first
        here = slice(first, first + masks.received.size)
        reached = masks.received > 0
        known.total[here] += weight * self._most_spikes(part) * masks.received
        known.largest[here][reached] = np.maximum(known.largest[here][reached], weight)
        known.smallest[here][reached] = np.minimum(known.smallest[here][reached], weight)

    def _most_spikes(self, part: Part) -> float:
        """Return the most spikes of a presynaptic cell in a step."""
        return 1.0 if self._cells[part.source].cell.kind == "equations" else MOST_SPIKES

    def _words(self, bundle: Bundle, part: Part) -> list[int]:
        rows, known = part.rows, self._weights[part.thread]
        origin = bundle.origin(part.thread)
        each = isinstance(rows.weight, np.ndarray)
        return [
            rows.target.size, address(rows.target), rows.target.itemsize,
            address(rows.weight) if isinstance(rows.weight, np.ndarray) else 0,
            0 if each else bits(bundle.weight), bits(self._most_spikes(part)),
            known.total.size - origin, address(known.total, origin), address(known.largest, origin),
            address(known.smallest, origin), address(known.quantum, origin),
        ]  # fmt: skip


def _shortened(part: Part) -> NDArray[np.int16]:
    """Return the integers that have taken the first half of the memory of the weights."""
    weight = part.rows.weight
    assert isinstance(weight, np.ndarray)
    n = weight.size
    if weight.base is None:
        part.rows.weight = None
        weight.resize((n + 1) // 2, refcheck=False)
        return weight.view(np.int16)[:n]
    return weight.view(np.int16)[:n].copy()


def _scalars(bundles: Iterable[Bundle], receptor: Receptor) -> set[float]:
    return {
        abs(bundle.weight)
        for bundle in bundles
        if bundle.instances[0].plan.receptor == receptor[1]
        and any(part.target == receptor[0] for part in bundle.parts)
    } - {0.0}


def _nearest(multiple: float) -> int:
    return int(np.floor(multiple + 0.5))


def _is_multiple(weight: float, quantum: float) -> bool:
    multiple = weight / quantum
    return (
        multiple <= _LARGEST_MULTIPLE and abs(multiple - round(multiple)) <= _TOLERANCE * multiple
    )
