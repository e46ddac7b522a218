"""Drives the kernels of one projection with hand-made tables and scripted spikes on both sides."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

import snnc
from snnc.codegen.artifact import SynapseField, SynapseForm, SynapsePlan
from snnc.codegen.kernels.synapse_plans import synapse_plan
from snnc.ir.context import context
from snnc.ir.dialects.step_synapse import SynapseOp
from snnc.ir.text import parse, verify
from snnc.passes.place_synapse_states import place
from snnc.passes.solving.solve_synapse import SolveSynapsesPass
from snnc.runtime.connectivity.history_words import history_word
from snnc.runtime.connectivity.post_history import PostHistory
from snnc.runtime.connectivity.under_way import UnderWay
from snnc.runtime.jit.cache import shared_kernels
from snnc.runtime.random import RELEASE, key

MODELS = Path(snnc.__file__).parent / "models"
SLOTS = 128
DEPENDENCES = {
    "AdditiveWeightDependence": (0.0, 0.0),
    "MultiplicativeWeightDependence": (1.0, 1.0),
    "AdditivePotentiationMultiplicativeDepression": (0.0, 1.0),
    "GutigWeightDependence": (0.5, 0.5),
}
"""Names of weight dependences, with the powers of a weight that its changes have."""
STDP = {
    "tau_plus": 17.0,
    "tau_minus": 34.0,
    "A_plus": 0.02,
    "A_minus": 0.024,
    "w_min": 0.0,
    "w_max": 2.0,
}


def solved(text: str, filename: str = "model.mlir") -> SynapseOp:
    document = parse(text, filename)
    verify(document)
    SolveSynapsesPass().apply(context(), document.module)
    verify(document)
    op = document.module.body.block.first_op
    assert isinstance(op, SynapseOp)
    return op


def library(name: str) -> SynapseOp:
    path = MODELS / f"{name}.mlir"
    return solved(path.read_text(), str(path))


def plan_of(
    op: SynapseOp,
    *,
    edge: Sequence[str] = (),
    initial: Sequence[str] = (),
    target: str = "u16",
    weight: str = "float32",
    precision: str = "f64",
) -> SynapsePlan:
    placed = place(op, set(edge), set(initial))
    placed.verify()
    form = SynapseForm(target, "edge" if placed.is_plastic else weight)
    return synapse_plan(placed, form, precision)


@dataclass
class Edges:
    """Synapses in any order: all arrays have one value per synapse; delays in steps."""

    pre: np.ndarray
    post: np.ndarray
    delay: np.ndarray
    weight: np.ndarray | float
    arrays: dict[str, np.ndarray] = field(default_factory=dict)


class _Train:
    """Spikes of one population: the history that kernels read."""

    def __init__(self, size: int, parts: int, trains: Sequence[Sequence[int]]) -> None:
        self.size, self.parts = size, parts
        self.bounds = np.linspace(0, size, parts + 1).astype(np.int64)
        room = 4 * np.diff(self.bounds) + 2
        self.starts = np.concatenate([[0], np.cumsum(room)]).astype(np.int64)
        self.ids = np.zeros((SLOTS, self.starts[-1]), np.int32)
        self.due: dict[int, list[int]] = {}
        for cell, stamps in enumerate(trains):
            for stamp in stamps:
                self.due.setdefault(int(stamp), []).append(cell)

    def fill(self, stamp: int) -> None:
        slot = stamp & (SLOTS - 1)
        cells = np.array(sorted(self.due.get(stamp, ())), np.int32)
        for p in range(self.parts):
            inside = cells[(cells >= self.bounds[p]) & (cells < self.bounds[p + 1])]
            first = self.starts[p]
            self.ids[slot, first] = len(inside)
            self.ids[slot, first + 1 : first + 1 + len(inside)] = inside

    def words(self) -> list[int]:
        return [_at(self.ids), _at(self.starts), self.parts, SLOTS - 1, self.ids.shape[1]]


def _at(array: np.ndarray) -> int:
    return array.ctypes.data


def _bits(value: float) -> int:
    return int(np.float64(value).view(np.int64))


class _Part:
    """The synapses onto the cells of one partition, in rows."""

    def __init__(self, rig: Rig, p: int) -> None:
        edges, plan = rig.edges, rig.plan
        low, high = rig.post.bounds[p], rig.post.bounds[p + 1]
        mine = np.flatnonzero((edges.post >= low) & (edges.post < high))
        order = np.lexsort((edges.post[mine], edges.delay[mine], edges.pre[mine]))
        self.index = mine[order]
        self.delays = np.unique(edges.delay).astype(np.int32)
        row = edges.pre[self.index] * len(self.delays) + np.searchsorted(
            self.delays, edges.delay[self.index]
        )
        rows = np.arange(rig.pre.size * len(self.delays) + 1)
        self.pointer = np.searchsorted(row, rows).astype(np.int64)
        # Odd places in the accumulator, so that a kernel that ignores `base` is found out.
        self.base = 3
        kind = {"u16": np.uint16, "u32": np.uint32}[plan.form.target]
        self.target = (edges.post[self.index] - low + self.base).astype(kind)
        self.float = np.float64 if plan.deliver.name.endswith("f64") else np.float32
        self.accumulator = np.zeros(high - low + self.base, self.float)
        weight = {"float32": np.float32, "edge": self.float, "scalar": np.float64}
        self.weight = np.broadcast_to(edges.weight, edges.pre.shape)[self.index].astype(
            weight[plan.form.weight]
        )
        self.arrays = {
            name: edges.arrays[name][self.index].astype(self.float)
            for name in plan.edge_arrays
            if name in edges.arrays
        }
        for state in plan.states:
            if state.axes == ("edge",) and state.name not in self.arrays:
                self.arrays[state.name] = np.full(len(self.index), state.initial, self.float)
        states = [s for s in plan.states if s.axes == ("post",)]
        values = {s.name: s.initial for s in states}
        self.history = PostHistory(high - low, values, rig.capacity, values)
        if rig.dense:
            self.history.keep_log()
        self.initial = {s.name: np.full(high - low, s.initial) for s in states}
        self.first = low


class Rig:
    """One projection; `run` returns what arrives, ``[steps + 1, posts]``, by stamp."""

    def __init__(
        self,
        plan: SynapsePlan,
        edges: Edges,
        pre: Sequence[Sequence[int]],
        post: Sequence[Sequence[int]],
        *,
        parameters: Mapping[str, float] | None = None,
        dt: float = 0.1,
        parts: int = 1,
        capacity: int = 64,
        seed: int = 1,
        dense: bool = False,
    ) -> None:
        self.seed, self.dense = seed, dense
        self.plan, self.edges, self.capacity = plan, edges, capacity
        self.pre, self.post = _Train(len(pre), parts, pre), _Train(len(post), parts, post)
        self.values = {p.name: p.default for p in plan.parameters} | dict(parameters or {})
        self.dt = dt
        initial = {s.name: s.initial for s in plan.states}
        self.states = {n: np.full(len(pre), initial[s]) for n, s in plan.pre_arrays.items()}
        self.last = np.full(len(pre), -1, np.int32)
        shape = self.pre.ids.shape
        self.carried = {name: np.full(shape, np.nan) for name in plan.carried}
        self.parts = [_Part(self, p) for p in range(parts)]
        kernels = shared_kernels()
        sources = {"deliver": plan.deliver, "emit": plan.emit, "observe": plan.observe}
        self.kernels = {name: kernels.get(s) for name, s in sources.items() if s is not None}
        self._tables: dict[tuple[str, int], np.ndarray] = {}

    def run(self, steps: int, chunk: int = 10) -> np.ndarray:
        arrived = np.zeros((steps + 1, self.post.size))
        self._tables.clear()
        self._after(0)
        for step in range(steps):
            if step % chunk == 0:
                for part in self.parts:
                    targeted = np.diff(part.pointer[:: len(part.delays)]) > 0
                    longest = int(part.delays[-1])
                    if part.history.prepare(step, chunk, [(self.last, targeted)], longest):
                        self._tables.clear()
            for p, part in enumerate(self.parts):
                self._call("deliver", p, step)
                arrived[step + 1, part.first : part.first + len(part.accumulator) - part.base] = (
                    part.accumulator[part.base :]
                )
                assert not part.accumulator[: part.base].any()
                part.accumulator[:] = 0
            self._after(step + 1)
        return arrived

    def _after(self, stamp: int) -> None:
        self.pre.fill(stamp)
        self.post.fill(stamp)
        for p in range(len(self.parts)):
            self._call("emit", p, stamp - 1)
            self._call("observe", p, stamp - 1)

    def _call(self, name: str, p: int, step: int) -> None:
        if name not in self.kernels:
            return
        if (name, p) not in self._tables:
            self._tables[name, p] = self._table(name, p)
        self.kernels[name](_at(self._tables[name, p]), 1, step)

    def _table(self, name: str, p: int) -> np.ndarray:
        part = self.parts[p]
        if name == "deliver":
            weight = _bits(part.weight[0]) if self.plan.form.weight == "scalar" else None
            words = [
                *self.pre.words(),
                *(_at(part.delays), len(part.delays), _at(part.pointer), _at(part.target)),
                *(_at(part.weight) if weight is None else weight, _at(part.accumulator)),
                *(0, len(part.delays)),
            ]
        else:
            train = self.pre if name == "emit" else self.post
            size = train.bounds[p + 1] - train.bounds[p]
            words = [*train.words(), p, int(train.bounds[p]), int(size)]
        words += [self._word(part, f.kind, f.name) for f in self.plan.layout[name]]
        return np.array(words, np.int64)

    def _word(self, part: _Part, kind: str, name: str) -> int:
        match kind:
            case "base":
                return part.base
            case "under_way":
                ranks = 0, len(part.delays)
                part.queue = UnderWay(part.delays, ranks, self.pre.ids.shape[1], SLOTS)
                return _at(part.queue.words)
            case "carried":
                return _at(self.carried[name])
            case "last":
                return _at(self.last)
            case "pre_state":
                return _at(self.states[name])
            case "edge":
                return _at(part.arrays[name])
            case "scalar":
                return _bits(self.values[name])
            case "dt":
                return _bits(self.dt)
            case "key0" | "key1":
                return key(self.seed, 5, RELEASE)[kind == "key1"]
            case "pre_first":
                return 1000
            case "post_first":
                return 2000 + int(part.first)
            case "post_initial":
                return _at(part.initial[name])
        return history_word(SynapseField(kind, name), part.history, self.dense)

    def edge_values(self, name: str = "weight") -> np.ndarray:
        values = np.zeros(len(self.edges.pre))
        for part in self.parts:
            values[part.index] = part.weight if name == "weight" else part.arrays[name]
        return values
