"""Tables of the kernels that spikes set to work: synapses deliver, are advanced, look back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Any

import numpy as np
from numpy.typing import NDArray

from snnc.codegen.artifact import Artifact, KernelSource, SynapseField
from snnc.runtime.connectivity.bundles import Bundle, Part
from snnc.runtime.connectivity.history_words import history_word
from snnc.runtime.connectivity.packing import Packing
from snnc.runtime.connectivity.synapse_parameters import SynapseParameters
from snnc.runtime.connectivity.synapse_states import SynapseStates
from snnc.runtime.connectivity.under_way import UnderWay
from snnc.runtime.engine.cells import Cells
from snnc.runtime.engine.layout import Layout
from snnc.runtime.engine.tables import address, bits
from snnc.runtime.jit.cache import source_of
from snnc.runtime.random import RELEASE, key

Rows = list[tuple[int, list[int]]]
Work = Iterator[tuple[KernelSource, Rows]]

FOREVER = 1 << 24


def spiking(bundles: Iterable[Bundle]) -> Iterator[Bundle]:
    """Yield the bundles that spikes go through, rather than those that act in every step."""
    return (bundle for bundle in bundles if bundle.synapse.couple is None)


class SynapseTables:
    """What kernels of synapses are given, one row of words for each piece of work.

    Parameters
    ----------
    artifact : Artifact
        The network.
    layout : Layout
        Who owns what.
    cells : dict of str to Cells
        The populations.
    bundles : list of Bundle
        The connections, in network order.
    packing, parameters, states : Packing, SynapseParameters, SynapseStates
        Values that words hold or point to.
    """

    def __init__(
        self,
        artifact: Artifact,
        layout: Layout,
        cells: dict[str, Cells],
        bundles: list[Bundle],
        packing: Packing,
        parameters: SynapseParameters,
        states: SynapseStates,
    ) -> None:
        self._artifact = artifact
        self._layout = layout
        self._cells = cells
        self._bundles = bundles
        self._packing = packing
        self._parameters = parameters
        self._states = states

    def deliver(
        self, accumulators: Sequence[NDArray[Any]], after: int = 0, until: int = FOREVER
    ) -> Work:
        """Yield the kernels that deliver spikes, with their rows.

        Parameters
        ----------
        accumulators : sequence of ndarray
            Of each thread.
        after, until : int
            Deliver what has been under way for more and at most as many steps. Where sums are no
            integers their order matters: all is delivered when `after` is 0, otherwise nothing.
        """
        for bundle in sorted(spiking(self._bundles), key=self._turn):
            assert bundle.synapse.deliver is not None
            form = bundle.synapse.form
            if after and not form.packed:
                continue
            delays = (after, until if form.packed else FOREVER)
            if form.weight == "counts":
                yield bundle.synapse.deliver, self._count_rows(bundle, accumulators, delays)
                continue
            self._parameters.refresh(bundle)
            layout = bundle.synapse.layout["deliver"]
            if form.weight == "mask":
                yield source_of("deliver_masks"), self._mask_rows(bundle, accumulators, delays)
            yield bundle.synapse.deliver, [
                (part.thread, [
                    *self._cells[part.source].history.words(),
                    *self._row_words(bundle, part),
                    address(accumulators[part.thread], bundle.origin(part.thread)),
                    *ranks,
                    *(
                        self._queue(part, ranks) if field.kind == "under_way"
                        else self._word(field, bundle, part)
                        for field in layout
                    ),
                ])
                for part in bundle.parts
                if part.rows.target.size and (ranks := _ranks(part, delays))
            ]  # fmt: skip

    def _queue(self, part: Part, ranks: tuple[int, int]) -> int:
        """Return the address of a new queue of the spikes under way to a part."""
        history = self._cells[part.source].history
        queue = UnderWay(part.rows.delays, ranks, int(history.widths.sum()), history.slots)
        part.queues[ranks] = queue
        return address(queue.words)

    def _mask_rows(
        self, bundle: Bundle, accumulators: Sequence[NDArray[Any]], delays: tuple[int, int]
    ) -> Rows:
        """Return a row for each part; those of parts whose bits are side by side follow."""
        rows: Rows = []
        for parts in _side_by_side(bundle.parts):
            ranks = _ranks(parts[0], delays)
            if not ranks:
                continue
            pieces = [(part, masks) for part in parts if (masks := part.rows.masks) is not None]
            first, last = pieces[0][1], pieces[-1][1]
            size = last.column + last.bits.shape[1] - first.column
            for part, masks in pieces:
                target = bundle.origin(part.thread) + masks.first
                rows.append((part.thread, [
                    *self._cells[part.source].history.words(),
                    address(part.rows.delays), len(part.rows.delays), *ranks, len(pieces),
                    address(first.bits), first.sheet.shape[1], size,
                    masks.column - first.column, masks.received.size,
                    address(accumulators[part.thread], target),
                    self._packing.multiple(bundle, part),
                ]))  # fmt: skip
        return rows

    def _turn(self, bundle: Bundle) -> int:
        """Return when a bundle is delivered, that counts and spikes are summed in one order."""
        if bundle.synapse.form.weight == "counts":
            return 0
        sources = {part.source for part in bundle.parts}
        return 1 if any(self._cells[name].cell.kind == "poisson" for name in sources) else 2

    def _count_rows(
        self, bundle: Bundle, accumulators: Sequence[NDArray[Any]], delays: tuple[int, int]
    ) -> Rows:
        """Return a row for each piece of a target that one thread draws and one thread owns."""
        rows: Rows = []
        for part in bundle.parts:
            assert part.target is not None
            delay = int(part.rows.delays[0])
            if not delays[0] < delay <= delays[1]:
                continue
            first, last = self._layout.bounds(part.target)[part.thread : part.thread + 2].tolist()
            counts = self._cells[part.source].counts
            assert counts is not None
            base = address(
                accumulators[part.thread], bundle.origin(part.thread) + bundle.base(part)
            )
            packed = bundle.synapse.form.packed
            weight = self._packing.multiple(bundle, part) if packed else bits(bundle.weight)
            for cut in self._layout.slices(part.source):
                low, high = max(first, cut.first), min(last, cut.last)
                if low < high:
                    sums = base + (low - first) * accumulators[part.thread].itemsize
                    where = counts.words(cut.thread, low - cut.first)
                    rows.append((part.thread, [high - low, *where, delay, sums, weight]))
        return rows

    def _row_words(self, bundle: Bundle, part: Part) -> list[int]:
        rows = part.rows
        match bundle.synapse.form.weight:
            case "scalar" | "mask" if bundle.synapse.form.packed:
                weight = self._packing.multiple(bundle, part)
            case "scalar" | "mask" | "counts":
                weight = bits(bundle.weight)
            case "float32" | "int16":
                assert isinstance(rows.weight, np.ndarray)
                weight = address(rows.weight)
            case "edge":
                weight = address(rows.arrays["weight"])
        return [
            address(rows.delays), len(rows.delays), address(rows.pointer), address(rows.target),
            weight,
        ]  # fmt: skip

    def emit(self) -> Work:
        """Yield the kernels that advance presynaptic states at spikes, with their rows."""
        for bundle in self._bundles:
            if bundle.synapse.emit is not None:
                first = {part.source: part for part in reversed(bundle.parts)}
                yield bundle.synapse.emit, [
                    row for name, part in first.items()
                    for row in self._event_rows(name, "emit", bundle, part)
                ]  # fmt: skip

    def observe(self) -> Work:
        """Yield the kernels that keep the spikes of postsynaptic cells, with their rows."""
        for bundle in self._bundles:
            if bundle.synapse.observe is not None:
                first = {part.target: part for part in reversed(bundle.parts)}
                yield bundle.synapse.observe, [
                    row for name, part in first.items() if name is not None
                    for row in self._event_rows(name, "observe", bundle, part)
                ]  # fmt: skip

    def _event_rows(self, population: str, kind: str, bundle: Bundle, part: Part) -> Rows:
        cells = self._cells[population]
        fields = bundle.synapse.layout["emit" if kind == "emit" else "observe"]
        rows: Rows = []
        for cut in cells.slices:
            own = Part(part.place, part.source, part.target, cut.thread)
            words = [*cells.history.words(), cut.thread, cut.first, cut.last - cut.first]
            words += [self._word(field, bundle, own) for field in fields]
            rows.append((cut.thread, words))
        return rows

    def _word(self, field: SynapseField, bundle: Bundle, part: Part) -> int:
        name = bundle.instances[0].plan.name
        match field.kind:
            case "base":
                return bundle.base(part)
            case "carried":
                return address(self._cells[part.source].history.carried[name, field.name])
            case "last":
                return address(self._states.pre[name, part.source].last)
            case "pre_state":
                return address(self._states.pre[name, part.source].arrays[field.name])
            case "edge":
                return address(part.rows.arrays[field.name])
            case "scalar":
                return bits(self._parameters.scalar(bundle, part, field.name))
            case "dt":
                return bits(self._artifact.dt)
            case "key0" | "key1":
                object_id = bundle.instances[0].plan.object_id
                return key(self._artifact.seed, object_id, RELEASE)[field.kind == "key1"]
            case "pre_first":
                return self._cells[part.source].plan.first_id
            case "post_first":
                assert part.target is not None
                first = self._layout.bounds(part.target)[part.thread]
                return self._cells[part.target].plan.first_id + int(first)
            case "post_initial":
                return address(self._states.initial_post[name, field.name])
        return history_word(field, self._states.ring(name, part), bundle.dense)


def _side_by_side(parts: Iterable[Part]) -> Iterator[list[Part]]:
    """Yield the parts whose rows of bits are rows of one sheet, for the same delays."""

    def place(part: Part) -> tuple[int, bytes]:
        assert part.rows.masks is not None
        return id(part.rows.masks.sheet), part.rows.delays.tobytes()

    return (list(group) for _, group in groupby(parts, place))


def _ranks(part: Part, delays: tuple[int, int]) -> tuple[int, int] | None:
    """Return the first and the last + 1 of the delays above the one and up to the other number."""
    first, last = np.searchsorted(part.rows.delays, delays, "right").tolist()
    return (first, last) if first < last else None
