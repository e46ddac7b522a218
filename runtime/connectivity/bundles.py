"""Bundles: projections whose connections lie in the same rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import zip_longest
from typing import Any

import numpy as np
from numpy.typing import NDArray

from snnc.codegen.artifact import PopulationPlan, ProjectionPlan, SynapsePlan
from snnc.hardware.cpu import CPU
from snnc.ir.values import Value
from snnc.runtime.connectivity.edges import ProjectionInstance, estimate, instance
from snnc.runtime.connectivity.locate import Locator, Place
from snnc.runtime.connectivity.masks import Reach, Sheet
from snnc.runtime.connectivity.rows import Rows, build_rows
from snnc.runtime.connectivity.under_way import UnderWay
from snnc.runtime.engine.layout import Layout
from snnc.runtime.jit.cache import Kernels

# Weights that are packed are made as floats first.
_ROWS_WEIGHT = {
    "scalar": "scalar",
    "mask": "scalar",
    "float32": "float32",
    "int16": "float32",
    "edge": None,
    "counts": "scalar",
}
# Accumulator sizes for which rows have targets of the type that a form names.
_TARGETS = {"u16": CPU.short_offset_reach, "u32": 1 << 31}


@dataclass
class Part:
    """The rows of a bundle from one source population into one thread's cells.

    Attributes
    ----------
    place : Place
        The rows, and what they were built from.
    source : str
        The presynaptic population.
    target : str or None
        The one postsynaptic population, where states of synapses, or one weight in units that
        differ between populations, make that necessary.
    thread : int
        Who owns the postsynaptic cells.
    baseline : dict of ndarray
        Copies of the edge arrays, to which `Wiring.reset` returns.
    connected : ndarray of bool, shape (n_pre,)
        Which presynaptic cells have synapses here; known where synapses have states.
    queues : dict
        What the kernels of delivery keep from step to step, by the ranks of their delays.
    """

    place: Place
    source: str
    target: str | None
    thread: int
    baseline: dict[str, NDArray[Any]] = field(default_factory=dict)
    connected: NDArray[np.bool_] = field(default_factory=lambda: np.empty(0, np.bool_))
    queues: dict[tuple[int, int], UnderWay] = field(default_factory=dict)

    @property
    def rows(self) -> Rows:
        """The rows."""
        return self.place.rows


class Bundle:
    """Projections of one synapse model and storage form.

    Parameters
    ----------
    synapse : SynapsePlan
        The model and form.
    instances : list of ProjectionInstance
        The projections in network order; one, unless synapses are static.
    layout : Layout
        Who owns what.
    populations : sequence of PopulationPlan
        Of the network.

    Attributes
    ----------
    parts : list of Part
        The rows that hold synapses.
    dense : bool
        Whether synapses with states connect most cells, none of them twice with one delay.
    weight : float
        The weight of all synapses in the form "scalar", in coherent units.
    quanta : dict of (population, receptor) to float
        What the present multiples in the form "int16" are multiples of.
    rounding : dict of (population, receptor) to float
        The largest error that `Packing.shorten` has made.
    """

    def __init__(
        self,
        synapse: SynapsePlan,
        instances: list[ProjectionInstance],
        layout: Layout,
        populations: tuple[PopulationPlan, ...],
    ) -> None:
        self.synapse = synapse
        self.instances = instances
        self.parts: list[Part] = []
        self.weight = 0.0
        self.dense = False
        self.quanta: dict[tuple[str, str], float] = {}
        self.rounding: dict[tuple[str, str], float] = {}
        self._layout = layout
        self._populations = populations
        self._offsets: dict[tuple[int, int, int | None], NDArray[np.int32]] = {}
        self._locator: Locator | None = None

    @property
    def projections(self) -> list[str]:
        """Names of the projections."""
        return [one.plan.name for one in self.instances]

    @property
    def size(self) -> int:
        """Number of synapses."""
        return sum(part.rows.size for part in self.parts)

    @property
    def arrays(self) -> tuple[str, ...]:
        """Names of the arrays per synapse that come from the projections."""
        weight = ("weight",) if self.synapse.form.weight == "edge" else ()
        own = (name for name in self.synapse.edge_arrays if name not in self.synapse.decays)
        return (*weight, *own)

    def estimate(self, kernels: Kernels) -> int:
        """Return about how many bytes the rows will take."""
        return estimate(
            kernels,
            self.instances,
            weight=_ROWS_WEIGHT[self.synapse.form.weight],
            arrays=len(self.arrays),
            itemsize=self._layout.float_dtype.itemsize,
        )

    def build(self, kernels: Kernels, executor: Executor) -> None:
        """Make the connections."""
        self._offsets.clear()
        self._locator = None
        self.quanta.clear()
        self.rounding.clear()
        reached = self._reached()
        tasks = [(s, t, p) for s, t in reached.items() for p in range(self._layout.partitions)]
        for _ in executor.map(lambda one: one.pairs(kernels), self.instances):
            pass  # else threads would wait for each other, as each projection's are made once
        parts = executor.map(lambda task: self._parts(kernels, *task), tasks)
        self.parts = [part for own in parts for part in own if part.rows.size]
        for part in self.parts:
            if isinstance(part.rows.weight, float):
                self.weight = part.rows.weight

    def _reached(self) -> Mapping[int, Sequence[int | None]]:
        """Return the target populations of each source; None for all that need no rows apart."""
        form = self.synapse.form
        single = form.weight == "counts" or (form.packed and form.weight != "int16")
        apart = single or not self.synapse.is_static
        found: dict[int, set[int]] = {}
        for one in self.instances:
            targets = np.unique(one.post.population).tolist()
            for source in np.unique(one.pre.population).tolist():
                found.setdefault(source, set()).update(targets)
        return {source: sorted(found[source]) if apart else [None] for source in sorted(found)}

    def _parts(
        self, kernels: Kernels, source: int, targets: Sequence[int | None], thread: int
    ) -> list[Part]:
        names = [self._populations[target].name for target in targets if target is not None]
        return [
            self._part(kernels, source, target, thread, reach)
            for target, reach in zip_longest(targets, self._reaches(thread, names))
        ]

    def _reaches(self, thread: int, targets: Sequence[str]) -> list[Reach]:
        """Return the slices of populations that are reached, if connections are bits."""
        if self.synapse.form.weight != "mask":
            return []
        bounds = [self._layout.bounds(name)[thread : thread + 2].tolist() for name in targets]
        cells = [last - first for first, last in bounds]
        sheet = Sheet(cells)
        return [
            Reach(self._base(thread, name), size, sheet, number)
            for number, (name, size) in enumerate(zip(targets, cells, strict=True))
        ]

    def _part(
        self, kernels: Kernels, source: int, target: int | None, thread: int, reach: Reach | None
    ) -> Part:
        population = self._populations[source]
        offsets = [
            self._offsets_of(number, thread, target) for number in range(len(self.instances))
        ]
        rows = build_rows(
            kernels,
            self.instances,
            source,
            population.size,
            offsets,
            accumulator=_TARGETS[self.synapse.form.target],
            weight=_ROWS_WEIGHT[self.synapse.form.weight],
            arrays=self.arrays,
            dtype=self._layout.float_dtype,
            masked=reach,
        )
        place = Place(source, population.size, offsets, rows)
        name = None if target is None else self._populations[target].name
        return Part(place, population.name, name, thread)

    def _offsets_of(self, number: int, thread: int, target: int | None) -> NDArray[np.int32]:
        known = self._offsets.get((number, thread, target))
        if known is not None:
            return known
        one = self.instances[number]
        result = np.full(one.post.size, -1, np.int32)
        for ordinal in np.unique(one.post.population).tolist():
            if target in (None, ordinal):
                name = self._populations[ordinal].name
                first, last = self._layout.bounds(name)[thread : thread + 2]
                index = one.post.index
                own = (one.post.population == ordinal) & (index >= first) & (index < last)
                start = self._layout.accumulator_offset(thread, name, one.plan.receptor)
                start -= self.origin(thread)
                result[own] = start + index[own] - first
        self._offsets[number, thread, target] = result
        return result

    def locator(self, kernels: Kernels) -> Locator:
        """Return where each connection is in the rows."""
        if self._locator is None:
            self._locator = Locator(kernels, self.instances, [part.place for part in self.parts])
        return self._locator

    def origin(self, thread: int) -> int:
        """Return the element of a thread's accumulator that targets are offsets from."""
        return self._layout.origin(thread, self.segments)

    @cached_property
    def segments(self) -> set[tuple[str, str]]:
        """The populations and receptors that the projections act on."""
        return {
            (self._populations[ordinal].name, one.plan.receptor)
            for one in self.instances
            for ordinal in np.unique(one.post.population).tolist()
        }

    def base(self, part: Part) -> int:
        """Return the offset of the first cell that a part reaches."""
        assert part.target is not None
        return self._base(part.thread, part.target)

    def _base(self, thread: int, target: str) -> int:
        receptor = self.instances[0].plan.receptor
        first = self._layout.accumulator_offset(thread, target, receptor)
        return first - self.origin(thread)


def make_instance(
    plan: ProjectionPlan,
    synapse: SynapsePlan,
    populations: tuple[PopulationPlan, ...],
    seed: int,
    dt: float,
    ordinals: Mapping[str, int] | None = None,
) -> ProjectionInstance:
    """Return a projection with the defaults of its model filled in."""
    parameters: dict[str, Value] = {}
    for parameter in synapse.parameters:
        value = plan.parameters.get(parameter.name, parameter.default)
        if value is not None:
            parameters[parameter.name] = value
    initial: dict[str, Value] = {s.name: s.initial / s.scale for s in synapse.states}
    initial.update(plan.initial)
    plan = replace(plan, parameters={**parameters, **plan.parameters}, initial=initial)
    return instance(plan, populations, seed, dt, scales_of(synapse), ordinals)


def scales_of(synapse: SynapsePlan) -> Mapping[str, float]:
    """Return coherent units per declared unit of all values of a synapse model."""
    return {item.name: item.scale for item in (*synapse.parameters, *synapse.states)}
