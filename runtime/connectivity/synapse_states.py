"""States of synapses that belong to their presynaptic or postsynaptic cells."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from snnc.codegen.artifact import SynapsePlan
from snnc.ir.diagnostics import SnncError
from snnc.runtime.connectivity.bundles import Bundle, Part
from snnc.runtime.connectivity.edges import ProjectionInstance
from snnc.runtime.connectivity.history_words import is_dense
from snnc.runtime.connectivity.post_history import PostHistory
from snnc.runtime.engine.cells import Cells
from snnc.runtime.engine.layout import Layout

BundleOf = Mapping[str, tuple[Bundle, int]]

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


class SynapseStates:
    """States of all projections' synapses that their cells share.

    Parameters
    ----------
    cells : dict of str to Cells
        The populations.
    layout : Layout
        Who owns what.

    Attributes
    ----------
    pre : dict of (str, str) to PreStates
        Presynaptic states, by projection and source population.
    rings : dict of (str, str, int) to PostHistory
        Histories of postsynaptic spikes, by projection, target population and thread.
    initial_post : dict of (str, str) to ndarray of float64
        What a postsynaptic state starts from in each cell, by projection and name.
    """

    def __init__(self, cells: dict[str, Cells], layout: Layout) -> None:
        self._cells = cells
        self._layout = layout
        self.pre: dict[tuple[str, str], PreStates] = {}
        self.rings: dict[tuple[str, str, int], PostHistory] = {}
        self.initial_post: dict[tuple[str, str], NDArray[np.float64]] = {}

    def add(self, bundle: Bundle) -> None:
        """Make what the synapses of a bundle need, unless it is there from an earlier build."""
        if bundle.synapse.is_static:
            return
        synapse, one = bundle.synapse, bundle.instances[0]
        for part in bundle.parts:
            size = self._cells[part.source].size
            if (one.plan.name, part.source) not in self.pre:
                initial = {s.name: self._initial(one, s.name) for s in synapse.states
                           if s.axes == ("pre",)}  # fmt: skip
                self.pre[one.plan.name, part.source] = PreStates(synapse, initial, size)
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
                if where not in self.rings:
                    self.rings[where] = PostHistory(
                        cut.last - cut.first, states, _FIRST_RING, states
                    )
        largest = max((self._cells[p.target].size for p in bundle.parts if p.target), default=0)
        for state, value in states.items():
            self.initial_post[one.plan.name, state] = np.full(largest, value)

    def prepare(self, bundle_of: BundleOf, step: int, steps: int) -> bool:
        """Make room in the rings for a chunk; return whether tables must be made anew."""
        moved = False
        for (projection, target, thread), ring in self.rings.items():
            bundle, _ = bundle_of[projection]
            parts = [p for p in bundle.parts if (p.target, p.thread) == (target, thread)]
            last = [(self.pre[projection, p.source].last, p.connected) for p in parts]
            longest = max((int(p.rows.delays[-1]) for p in parts), default=0)
            if bundle.dense and ring.log is None:
                ring.keep_log()
                moved = True
            moved |= ring.prepare(step, steps, last, longest)
        return moved

    def ring(self, projection: str, part: Part) -> PostHistory:
        """Return the history of the postsynaptic cells of a part."""
        assert part.target is not None
        return self.rings[projection, part.target, part.thread]

    def reset(self) -> None:
        """Return to the start."""
        for pre in self.pre.values():
            pre.reset()
        for ring in self.rings.values():
            ring.reset()


def _connected(part: Part) -> NDArray[np.bool_]:
    """Return which presynaptic cells have synapses in a part."""
    pointer = part.rows.pointer
    delays = len(part.rows.delays)
    ends = pointer[delays::delays]
    return ends > pointer[:-1:delays]
