"""The connections of a network while it runs: rows, states of synapses, and kernels' tables."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import NDArray

from snnc.codegen.artifact import (
    Artifact,
    KernelSource,
    ProjectionPlan,
    SynapseField,
    SynapsePlan,
)
from snnc.ir.diagnostics import SnncError
from snnc.runtime.connectivity.bundles import Bundle, Part, make_instance
from snnc.runtime.connectivity.edges import ProjectionInstance, ordinals_of
from snnc.runtime.connectivity.history_words import history_word, is_dense
from snnc.runtime.connectivity.packing import Packing
from snnc.runtime.connectivity.post_history import PostHistory
from snnc.runtime.connectivity.under_way import UnderWay
from snnc.runtime.engine.cells import Cells
from snnc.runtime.engine.layout import Layout
from snnc.runtime.engine.tables import address, bits
from snnc.runtime.jit.cache import Kernels, source_of
from snnc.runtime.random import RELEASE, key

Rows = list[tuple[int, list[int]]]
Work = Iterator[tuple[KernelSource, Rows]]

FOREVER = 1 << 24
# A ring keeps room for a spike of every cell in every step of a chunk.
_CHUNK_WITH_RINGS = 64
_FIRST_RING = 16


class PreStates:
    """States of a projection's synapses that the synapses of a presynaptic cell share.

    Attributes
    ----------
    arrays : dict of ndarray of float64, shape (n_pre,)
        In coherent units, by name.
    last : ndarray of int32, shape (n_pre,)
        Stamp of the last spike, -1 before it.
    """

    def __init__(self, synapse: SynapsePlan, initial: dict[str, float], size: int) -> None:
        self._initial = {name: initial[state] for name, state in synapse.pre_arrays.items()}
        self.arrays = {name: np.zeros(size) for name in self._initial}
        self.last = np.zeros(size, np.int32)
        self.reset()

    def reset(self) -> None:
        """Return to the start."""
        self.last[:] = -1
        for name, array in self.arrays.items():
            array[:] = self._initial[name]

    def take_over(self, old: PreStates) -> None:
        """Take the present values of another simulation."""
        if old.last.shape == self.last.shape:
            self.last[:] = old.last
            for name in self.arrays.keys() & old.arrays.keys():
                self.arrays[name][:] = old.arrays[name]


class Wiring:
    """All connections of a network.

    Parameters
    ----------
    artifact : Artifact
        The network.
    layout : Layout
        Who owns what.
    cells : dict of str to Cells
        The populations.
    kernels : Kernels
        Where compiled kernels come from.

    Attributes
    ----------
    bundles : list of Bundle
        In network order.
    bundle_of : dict of str to (Bundle, int)
        The bundle of each projection, and its number in it.
    packing : Packing
        Weights as integers.
    """

    def __init__(
        self, artifact: Artifact, layout: Layout, cells: dict[str, Cells], kernels: Kernels
    ) -> None:
        self._artifact = artifact
        self._layout = layout
        self._cells = cells
        self._kernels = kernels
        self.packing = Packing(kernels, layout, cells)
        self.bundles: list[Bundle] = []
        self.bundle_of: dict[str, tuple[Bundle, int]] = {}
        self._pre: dict[tuple[str, str], PreStates] = {}
        self._rings: dict[tuple[str, str, int], PostHistory] = {}
        self._initial_post: dict[tuple[str, str], NDArray[np.float64]] = {}
        self._ordinals = ordinals_of(artifact.populations)
        for plans in _grouped(artifact):
            self._add(plans)
        self._summarise()

    def _add(self, plans: list[ProjectionPlan]) -> None:
        artifact = self._artifact
        synapse = artifact.synapses[plans[0].synapse]
        instances = [
            make_instance(
                plan, synapse, artifact.populations, artifact.seed, artifact.dt, self._ordinals
            )
            for plan in plans
        ]
        bundle = Bundle(synapse, instances, self._layout, artifact.populations)
        self.bundles.append(bundle)
        for number, plan in enumerate(plans):
            self.bundle_of[plan.name] = bundle, number

    # Building

    def estimate(self) -> int:
        """Return about how many bytes the connections will take."""
        return sum(bundle.estimate(self._kernels) for bundle in self.bundles)

    def nbytes(self) -> int:
        """Return how many bytes the rows take."""
        return sum(part.rows.nbytes for bundle in self.bundles for part in bundle.parts)

    def build(self) -> None:
        """Make all connections."""
        with ThreadPoolExecutor(self._layout.partitions, "snnc-build") as executor:
            for bundle in self.bundles:
                bundle.build(self._kernels, executor)
                self.packing.shorten(bundle, executor)
            self.packing.pack(self.bundles, executor)
        for bundle in self.bundles:
            self._add_states(bundle)
        self._summarise()

    @contextlib.contextmanager
    def unpacked(self) -> Iterator[None]:
        """Have all weights as floats while some are changed."""
        self.packing.unpack(self.bundles)
        try:
            yield
        finally:
            with ThreadPoolExecutor(self._layout.partitions, "snnc-build") as executor:
                self.packing.pack(self.bundles, executor)

    def rebuild(self, bundle: Bundle) -> None:
        """Make the connections of a bundle anew, its projections having changed."""
        with ThreadPoolExecutor(self._layout.partitions, "snnc-build") as executor:
            bundle.build(self._kernels, executor)
        self._add_states(bundle)
        self._summarise()

    def _add_states(self, bundle: Bundle) -> None:
        if bundle.synapse.is_static:
            return
        synapse, one = bundle.synapse, bundle.instances[0]
        for part in bundle.parts:
            size = self._cells[part.source].size
            if (one.plan.name, part.source) not in self._pre:
                initial = {s.name: self._initial(one, s.name) for s in synapse.states
                           if s.axes == ("pre",)}  # fmt: skip
                self._pre[one.plan.name, part.source] = PreStates(synapse, initial, size)
            part.connected = _connected(part)
            part.baseline = {name: part.rows.arrays[name].copy() for name in bundle.arrays}
        if synapse.observe is not None:
            rows = any(field.kind == "dense" for field in synapse.layout["deliver"])
            targets = {part.target for part in bundle.parts}
            cells = sum(self._cells[name].size for name in targets if name is not None)
            every = [part.rows for part in bundle.parts]
            bundle.dense = rows and is_dense(every, one.pre.size, cells)
            self._add_rings(bundle)

    def _initial(self, one: ProjectionInstance, name: str) -> float:
        value = one.plan.initial[name]
        if not isinstance(value, float | int):
            raise SnncError(f"internal error: initial '{name}' of '{one.plan.name}' is {value}")
        return float(value) * one.scales.get(name, 1.0)

    def _add_rings(self, bundle: Bundle) -> None:
        one = bundle.instances[0]
        states = {
            s.name: self._initial(one, s.name) for s in bundle.synapse.states if s.axes == ("post",)
        }
        for target in {part.target for part in bundle.parts if part.target is not None}:
            for cut in self._layout.slices(target):
                where = one.plan.name, target, cut.thread
                if where not in self._rings:
                    self._rings[where] = PostHistory(
                        cut.last - cut.first, states, _FIRST_RING, states
                    )
        largest = max((self._cells[p.target].size for p in bundle.parts if p.target), default=0)
        for state, value in states.items():
            self._initial_post[one.plan.name, state] = np.full(largest, value)

    # What the time loop needs to know

    def _summarise(self) -> None:
        """Note the delays and the carried values of each source population."""
        self._shortest = FOREVER
        self._longest: dict[str, int] = {}
        self._carried: dict[str, dict[tuple[str, str], None]] = {}
        for bundle in self._spiking():
            for part in bundle.parts:
                delays, source = part.rows.delays, part.source
                self._shortest = min(self._shortest, int(delays[0]))
                self._longest[source] = max(self._longest.get(source, 0), int(delays[-1]))
                names = {(bundle.projections[0], name): None for name in bundle.synapse.carried}
                self._carried.setdefault(source, {}).update(names)

    def min_delay(self) -> int:
        """Return the shortest delay in steps; a long time when there are no connections."""
        return self._shortest

    def max_delay(self, source: str) -> int:
        """Return the longest delay of a population's spikes in steps, 0 without connections."""
        return self._longest.get(source, 0)

    def carried(self, source: str) -> list[tuple[str, str]]:
        """Return the keys of the values that spikes of a population carry."""
        return list(self._carried.get(source, ()))

    def reads_counts(self, source: str) -> bool:
        """Return whether synapses are reached by counts of a population's spikes."""
        return any(p.source == source for b in self._counted(True) for p in b.parts)

    def reads_spikes(self, source: str) -> bool:
        """Return whether synapses are reached by a population's spikes one by one."""
        return any(p.source == source for b in self._counted(False) for p in b.parts)

    def _counted(self, yes: bool) -> Iterator[Bundle]:
        return (b for b in self._spiking() if (b.synapse.form.weight == "counts") == yes)

    def _spiking(self) -> Iterator[Bundle]:
        return (b for b in self.bundles if b.synapse.couple is None)

    @property
    def couplings(self) -> list[ProjectionInstance]:
        """The projections that act in every step, in network order."""
        coupled = (b for b in self.bundles if b.synapse.couple is not None)
        return [one for bundle in coupled for one in bundle.instances]

    def longest_chunk(self) -> int:
        """Return the most steps that may run without a call of `prepare`."""
        return _CHUNK_WITH_RINGS if self._rings else FOREVER

    # Tables

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
        for bundle in sorted(self._spiking(), key=self._turn):
            assert bundle.synapse.deliver is not None
            form = bundle.synapse.form
            if after and not form.packed:
                continue
            delays = (after, until if form.packed else FOREVER)
            if form.weight == "counts":
                yield bundle.synapse.deliver, self._count_rows(bundle, accumulators, delays)
                continue
            self._refresh_decays(bundle)
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
        rows: Rows = []
        for part in bundle.parts:
            masks, ranks = part.rows.masks, _ranks(part, delays)
            assert masks is not None
            if not ranks:
                continue
            first = bundle.origin(part.thread) + masks.first
            rows.append((part.thread, [
                *self._cells[part.source].history.words(),
                address(part.rows.delays), len(part.rows.delays),
                address(masks.bits), masks.bits.shape[1], masks.received.size,
                address(accumulators[part.thread], first), self.packing.multiple(bundle, part),
                *ranks,
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
            weight = self.packing.multiple(bundle, part) if packed else bits(bundle.weight)
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
                weight = self.packing.multiple(bundle, part)
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
        for bundle in self.bundles:
            if bundle.synapse.emit is not None:
                first = {part.source: part for part in reversed(bundle.parts)}
                yield bundle.synapse.emit, [
                    row for name, part in first.items()
                    for row in self._event_rows(name, "emit", bundle, part)
                ]  # fmt: skip

    def observe(self) -> Work:
        """Yield the kernels that keep the spikes of postsynaptic cells, with their rows."""
        for bundle in self.bundles:
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
                return address(self._pre[name, part.source].last)
            case "pre_state":
                return address(self._pre[name, part.source].arrays[field.name])
            case "edge":
                return address(part.rows.arrays[field.name])
            case "scalar":
                return bits(self._scalar(bundle, part, field.name))
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
                return address(self._initial_post[name, field.name])
        return history_word(field, self._ring(name, part), bundle.dense)

    def _ring(self, projection: str, part: Part) -> PostHistory:
        assert part.target is not None
        return self._rings[projection, part.target, part.thread]

    # Parameters

    def _scalar(self, bundle: Bundle, part: Part, name: str) -> float:
        one = bundle.instances[0]
        if name not in bundle.synapse.decays:
            value = one.plan.parameters[name]
            assert isinstance(value, float | int)
            return float(value) * one.scales.get(name, 1.0)
        assert part.target is not None
        decay = self._decay(one, part.target)
        assert np.ndim(decay) == 0
        return float(decay)

    def _decay(self, one: ProjectionInstance, target: str) -> Any:
        """Return the time constant of a projection's receptor in ms: a number, or per cell."""
        cells = self._cells[target]
        name = cells.cell.decays[one.plan.receptor]
        scale = next(p.scale for p in cells.cell.parameters if p.name == name)
        return np.multiply(np.asarray(cells.parameters[name], np.float64), scale)

    def _refresh_decays(self, bundle: Bundle) -> None:
        """Copy time constants of receptors to the synapses that act on them."""
        names = [n for n in bundle.synapse.decays if n in bundle.synapse.edge_parameters]
        if not names:
            return
        for part in bundle.parts:
            assert part.target is not None
            decay = np.broadcast_to(
                self._decay(bundle.instances[0], part.target), self._cells[part.target].size
            )
            first = self._layout.bounds(part.target)[part.thread]
            cells = part.rows.target.astype(np.int64) - bundle.base(part) + first
            for name in names:
                values = decay[cells].astype(self._layout.float_dtype)
                if name in part.rows.arrays:
                    part.rows.arrays[name][:] = values
                else:
                    part.rows.arrays[name] = values

    def takes(self, population: str, parameter: str) -> bool:
        """Return whether kernels take a parameter of cells in the form that it has now.

        Synapses may have been compiled for one time constant of the receptor of all their targets.
        """
        for bundle in self.bundles:
            one, synapse = bundle.instances[0], bundle.synapse
            targets = {part.target for part in bundle.parts if part.target is not None}
            single = set(synapse.decays) - set(synapse.edge_parameters)
            if not single or population not in targets:
                continue
            if self._cells[population].cell.decays[one.plan.receptor] == parameter:
                decays = [np.unique(self._decay(one, target)) for target in targets]
                if np.unique(np.concatenate(decays)).size > 1:
                    return False
        return True

    # Time

    def prepare(self, step: int, steps: int) -> bool:
        """Make room in the rings for a chunk; return whether tables must be made anew."""
        moved = False
        for (projection, target, thread), ring in self._rings.items():
            bundle, _ = self.bundle_of[projection]
            parts = [p for p in bundle.parts if (p.target, p.thread) == (target, thread)]
            last = [(self._pre[projection, p.source].last, p.connected) for p in parts]
            longest = max((int(p.rows.delays[-1]) for p in parts), default=0)
            if bundle.dense and ring.log is None:
                ring.keep_log()
                moved = True
            moved |= ring.prepare(step, steps, last, longest)
        return moved

    def reset(self) -> None:
        """Return weights and states of synapses to the start."""
        for bundle in self.bundles:
            for part in bundle.parts:
                for name, values in part.baseline.items():
                    part.rows.arrays[name][:] = values
        for pre in self._pre.values():
            pre.reset()
        for ring in self._rings.values():
            ring.reset()

    @property
    def pre_states(self) -> dict[tuple[str, str], PreStates]:
        """Presynaptic states, by projection and source population."""
        return self._pre

    @property
    def rings(self) -> dict[tuple[str, str, int], PostHistory]:
        """Histories of postsynaptic spikes, by projection, target population and thread."""
        return self._rings


def _connected(part: Part) -> NDArray[np.bool_]:
    """Return which presynaptic cells have synapses in a part."""
    pointer = part.rows.pointer
    delays = len(part.rows.delays)
    ends = pointer[delays::delays]
    return ends > pointer[:-1:delays]


def _ranks(part: Part, delays: tuple[int, int]) -> tuple[int, int] | None:
    """Return the first and the last + 1 of the delays above the one and up to the other number."""
    first, last = np.searchsorted(part.rows.delays, delays, "right").tolist()
    return (first, last) if first < last else None


def _grouped(artifact: Artifact) -> list[list[ProjectionPlan]]:
    """Return the projections that are built together, in network order."""
    groups: dict[tuple[Any, str], list[ProjectionPlan]] = {}
    for plan in artifact.projections:
        static = artifact.synapses[plan.synapse].is_static
        where: tuple[Any, str] = (plan.bundle if static else plan.name, plan.synapse)
        groups.setdefault(where, []).append(plan)
    return list(groups.values())
