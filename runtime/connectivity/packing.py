"""Weights as integers: the quantum of each receptor, and rows of 16-bit multiples of it."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from snnc.codegen.artifact import Ring
from snnc.ir.diagnostics import UserError
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
# Of 16 bits without a sign.
_LARGEST_WORD = (1 << 16) - 1
_SINGLE = ("scalar", "mask", "counts")
# Bundles of so many synapses do not wait as floats until the quanta of all are known.
_LARGE = 1 << 20
Receptor = tuple[str, str]


@dataclass
class _Weights:
    """What is known of the weights onto each element of a thread's accumulator."""

    total: NDArray[np.float64]
    largest: NDArray[np.float64]
    smallest: NDArray[np.float64]

    @classmethod
    def of(cls, size: int) -> _Weights:
        return cls(np.zeros(size), np.zeros(size), np.full(size, np.inf))


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

    def shorten(self, bundle: Bundle, executor: Executor) -> None:
        """Turn the floats of a large bundle into multiples of quanta of its own, to save memory.

        `pack` rounds them a second time, to multiples of the quanta that all bundles share.
        """
        form = bundle.synapse.form
        if form.weight != "int16" or form.unsigned or bundle.size < _LARGE:
            return
        self._begin()
        self._run(executor, _LOOK, [bundle])
        quanta: dict[Receptor, float] = {}
        bundle.rounding.clear()
        for receptor in bundle.segments:
            smallest, largest = self._range(receptor)
            quanta[receptor] = smallest
            if smallest < largest:
                quanta[receptor] = largest / _LARGEST_MULTIPLE
                bundle.rounding[receptor] = 0.5 * quanta[receptor]
        self._run(executor, _PACK, [bundle], quanta)

    def _begin(self) -> None:
        sizes = map(self._layout.accumulator_size, range(self._layout.partitions))
        self._weights = [_Weights.of(size) for size in sizes]

    def pack(self, bundles: Iterable[Bundle], executor: Executor) -> None:
        """Choose the quanta anew and turn weights into multiples of them."""
        packed = [bundle for bundle in bundles if bundle.synapse.form.packed]
        if not packed:
            return
        self._begin()
        listed = [bundle for bundle in packed if bundle.synapse.form.weight == "int16"]
        single = [bundle for bundle in packed if bundle.synapse.form.weight in _SINGLE]
        self._run(executor, _LOOK, listed)
        known = {receptor: self._only(receptor) for receptor in self._receptors()}
        self._run(executor, _LOOK, single)
        self.error = 0.0
        quanta: dict[Receptor, float] = {}
        for receptor, weights in known.items():
            ring = self._ring(receptor)
            if ring is not None:
                quanta[receptor] = self._take(receptor, ring)
                continue
            if weights is not None:
                weights |= _scalars(single, receptor)
            quanta[receptor] = self._choose(receptor, weights, listed)
        self._refuse_signs(packed)
        self._run(executor, _PACK, listed, quanta)
        self._weights = []

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
                    floats = self.floats(bundle, part)
                    if bundle.synapse.form.paired:
                        part.rows.target = part.rows.target.copy()
                    part.rows.weight = floats
                bundle.rounding.clear()

    def floats(self, bundle: Bundle, part: Part) -> NDArray[np.float32]:
        """Return the weights of a part in coherent units; its own array if they are floats."""
        weight = part.rows.weight
        assert isinstance(weight, np.ndarray)
        if weight.dtype == np.float32:
            return weight.view(np.float32)
        quantum = self._each(bundle.quanta, bundle, part.thread)
        multiples = weight.view(np.uint16) if bundle.synapse.form.unsigned else weight
        return (multiples * quantum[part.rows.target]).astype(np.float32)

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

    def _choose(
        self, receptor: Receptor, weights: set[float] | None, listed: Sequence[Bundle]
    ) -> float:
        """Set and return a receptor's quantum; `weights` are all magnitudes, if they are known."""
        smallest, largest = self._range(receptor)
        if largest == 0.0:
            return self._cells[receptor[0]].quanta[receptor[1]]
        total = max(float(v.max()) for v in self._segment("total", receptor))
        quantum = smallest
        exact = weights is not None and all(_is_multiple(w, smallest) for w in weights)
        if not exact or total / quantum > _LARGEST_SUM:
            quantum = max(largest / _LARGEST_MULTIPLE, total / _LARGEST_SUM)
            before = (
                b.rounding.get(receptor, 0.0) for b in listed if _differs(b, receptor, quantum)
            )
            self.error = max(self.error, (0.5 * quantum + max(before, default=0.0)) / largest)
        self._cells[receptor[0]].quanta[receptor[1]] = quantum
        return quantum

    def _ring(self, receptor: Receptor) -> Ring | None:
        return self._cells[receptor[0]].plan.rings.get(receptor[1])

    def _take(self, receptor: Receptor, ring: Ring) -> float:
        """Set and return the quantum that a machine has for a receptor."""
        largest, most = self._range(receptor)[1], _LARGEST_WORD * abs(ring.quantum)
        if largest > most + 0.5 * abs(ring.quantum):
            warnings.warn(
                f"weights of up to {largest:g} onto '{receptor[1]}' of '{receptor[0]}' are cut to "
                f"{most:g}, the largest that 16 bits hold with shift {ring.shift}; the machine's "
                "own tools would let them wrap",
                stacklevel=2,
            )
        if largest > 0.0:
            self.error = max(self.error, 0.5 * abs(ring.quantum) / largest)
        self._cells[receptor[0]].quanta[receptor[1]] = ring.quantum
        return ring.quantum

    def _refuse_signs(self, bundles: Iterable[Bundle]) -> None:
        """Refuse weights of the other sign than a machine has for their receptor."""
        for bundle in bundles:
            for part in bundle.parts:
                receptor = part.target or "", bundle.instances[0].plan.receptor
                ring = self._ring(receptor) if part.target else None
                if ring is None:
                    continue
                weight = part.rows.weight if isinstance(part.rows.weight, np.ndarray) else None
                least = bundle.weight if weight is None else _outermost(weight, ring.quantum)
                if least * ring.quantum < 0.0:
                    expected = "at least 0" if ring.quantum > 0.0 else "at most 0"
                    raise UserError(
                        f"weights onto '{receptor[1]}' of '{receptor[0]}' have no sign on the "
                        f"machine; found {least:g}, expected all {expected}"
                    )

    def _run(
        self,
        executor: Executor,
        what: int,
        bundles: Sequence[Bundle],
        following: Mapping[Receptor, float] | None = None,
    ) -> None:
        """Look at the weights of bundles, or turn them into multiples of the quanta `following`."""

        def run(thread: int) -> None:
            for bundle in bundles:
                self._run_bundle(what, bundle, thread, following or {})

        list(executor.map(run, range(self._layout.partitions)))
        if following is not None:
            for bundle in bundles:
                bundle.quanta = {receptor: following[receptor] for receptor in bundle.segments}

    def _run_bundle(
        self, what: int, bundle: Bundle, thread: int, following: Mapping[Receptor, float]
    ) -> None:
        parts = [part for part in bundle.parts if part.thread == thread]
        if not parts:
            return
        arrays = [self._each(q, bundle, thread) for q in (bundle.quanta, following)]
        quanta = [address(array) for array in arrays]
        table = np.array([[*self._words(bundle, part), *quanta] for part in parts], np.int64)
        self._kernels.get(source_of("pack_weights"))(table.ctypes.data, len(parts), what)
        for part in parts:
            if what == _LOOK:
                self._look_at_masks(bundle, part)
            else:
                _take_multiples(part, bundle.synapse.form.paired)

    def _each(
        self, quanta: Mapping[Receptor, float], bundle: Bundle, thread: int
    ) -> NDArray[np.float64]:
        """Return the quantum of each element of an accumulator from the bundle's origin on."""
        origin = bundle.origin(thread)
        result = np.ones(self._layout.accumulator_size(thread) - origin)
        for receptor, quantum in quanta.items():
            first = self._layout.accumulator_offset(thread, *receptor) - origin
            bounds = self._layout.bounds(receptor[0])
            result[first : first + int(bounds[thread + 1] - bounds[thread])] = quantum
        return result

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
        weights = rows.weight if isinstance(rows.weight, np.ndarray) else None
        return [
            rows.target.size, address(rows.target), rows.target.itemsize,
            0 if weights is None else address(weights),
            0 if weights is None else weights.itemsize,
            bits(bundle.weight), bits(self._most_spikes(part)),
            known.total.size - origin, address(known.total, origin), address(known.largest, origin),
            address(known.smallest, origin),
        ]  # fmt: skip


def _take_multiples(part: Part, paired: bool) -> None:
    """Have the rows take the multiples, or words, that have taken the memory of the floats."""
    rows = part.rows
    weight = rows.weight
    assert isinstance(weight, np.ndarray)
    n = weight.size
    if weight.dtype == np.int16:
        return
    if paired:
        rows.pair(weight.view(np.uint32))
    elif weight.base is None:
        rows.weight = None
        weight.resize((n + 1) // 2, refcheck=False)
        rows.weight = weight.view(np.int16)[:n]
    else:
        rows.weight = weight.view(np.int16)[:n].copy()


def _scalars(bundles: Iterable[Bundle], receptor: Receptor) -> set[float]:
    return {
        abs(bundle.weight)
        for bundle in bundles
        if bundle.instances[0].plan.receptor == receptor[1]
        and any(part.target == receptor[0] for part in bundle.parts)
    } - {0.0}


def _outermost(weight: NDArray[Any], quantum: float) -> float:
    """Return the weight that is farthest in the direction opposite to a quantum."""
    if weight.size == 0 or weight.dtype != np.float32:
        return 0.0
    return float(weight.min() if quantum > 0.0 else weight.max())


def _differs(bundle: Bundle, receptor: Receptor, quantum: float) -> bool:
    return bundle.quanta.get(receptor, quantum) != quantum


def _nearest(multiple: float) -> int:
    return round(multiple)


def _is_multiple(weight: float, quantum: float) -> bool:
    multiple = weight / quantum
    return (
        multiple <= _LARGEST_MULTIPLE and abs(multiple - round(multiple)) <= _TOLERANCE * multiple
    )
