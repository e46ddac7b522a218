"""Couplings of cells, such as gap junctions: currents that act in every step.

The states that couplings read have places that all threads can see, one set for even and one for
odd times: within a step cells advance while others still read what was there at its start, so
threads meet at the end of every step and need no other barrier.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from snnc.codegen.artifact import Artifact, KernelSource, ProjectionPlan, SynapsePlan
from snnc.runtime.connectivity.edge_access import EdgeAccess
from snnc.runtime.connectivity.edges import EdgeSpace, ProjectionInstance
from snnc.runtime.connectivity.wiring import Wiring
from snnc.runtime.engine.cells import Cells
from snnc.runtime.engine.layout import Slice
from snnc.runtime.engine.tables import address, aligned_zeros, bits
from snnc.runtime.jit.cache import Kernels, source_of

Rows = list[tuple[int, list[int]]]


class Couplings:
    """All couplings of a network.

    Parameters
    ----------
    artifact : Artifact
        The network.
    cells : dict of str to Cells
        The populations; those that are coupled keep the currents of sources apart from now on.
    """

    def __init__(self, artifact: Artifact, cells: dict[str, Cells]) -> None:
        self._artifact = artifact
        self._cells = cells
        self._targets: dict[str, None] = {}
        states: dict[str, set[str]] = {}
        for plan in artifact.projections:
            synapse = artifact.synapses[plan.synapse]
            if synapse.couple is not None:
                self._targets.update(dict.fromkeys(_targets(plan, synapse)))
                for side, selection in (("pre", plan.pre), ("post", plan.post)):
                    read = {name for name, sides in synapse.reads.items() if side in sides}
                    for population, _ in selection.members:
                        states.setdefault(population, set()).update(read)
        for name in self._targets:
            cells[name].couple()
        self._first: dict[str, int] = {}
        size = 0
        for name in states:
            self._first[name] = size
            size += cells[name].size
        self._reads = states
        names = sorted(set().union(*states.values())) if states else []
        self._places = {name: (aligned_zeros(size, np.float64), aligned_zeros(size, np.float64))
                        for name in names}  # fmt: skip
        self._keep: list[NDArray[Any]] = []

    def __bool__(self) -> bool:
        return bool(self._first)

    def publish_rows(self) -> Rows:
        """Return (thread, words) for the kernel ``publish``."""
        rows: Rows = []
        for population, first in self._first.items():
            cells = self._cells[population]
            for name in sorted(self._reads[population]):
                state = cells.states[name]
                for part in cells.slices:
                    places = [address(each, first + part.first) for each in self._places[name]]
                    words = [state.address(part), _is_single(state), part.last - part.first]
                    rows.append((part.thread, [*words, *places]))
        return rows

    def couple(self, wiring: Wiring, kernels: Kernels) -> Iterator[tuple[KernelSource, Rows]]:
        """Yield the kernels that add the currents of a step, with their rows.

        The words point to arrays that live until the next call.
        """
        self._keep = []
        if self:
            yield source_of("restore_currents"), self._restore_rows()
        for one in wiring.couplings:
            synapse = self._artifact.synapses[one.plan.synapse]
            assert synapse.couple is not None
            yield (
                synapse.couple,
                self._rows(one, synapse, EdgeAccess(wiring, kernels, one.plan.name)),
            )

    def _restore_rows(self) -> Rows:
        return [
            (part.thread, [
                address(cells.from_sources, part.first), address(cells.current, part.first),
                _is_single(cells.current), part.last - part.first,
            ])
            for cells in (self._cells[name] for name in self._targets)
            for part in cells.slices
        ]  # fmt: skip

    def _rows(self, one: ProjectionInstance, synapse: SynapsePlan, access: EdgeAccess) -> Rows:
        """Return a row for each slice that the junctions of a projection reach."""
        edges = access.edges()
        pre, post = self._places_of(one.pre)[edges.pre], self._places_of(one.post)[edges.post]
        # Seen from the cell before a junction the sides are exchanged.
        ways = 1 if synapse.one_way else 2
        own, peer = np.concatenate((post, pre)[:ways]), np.concatenate((pre, post)[:ways])
        order = np.argsort(own, kind="stable")
        own, peer = own[order], peer[order]
        values: dict[str, NDArray[np.float64]] = {}
        for field in synapse.layout["couple"]:
            if field.kind == "edge":
                each = access.values(field.name) * one.scales.get(field.name, 1.0)
                values[field.name] = np.tile(each, ways)[order]
        rows: Rows = []
        for name in dict.fromkeys(_targets(one.plan, synapse)):
            cells = self._cells[name]
            for part in cells.slices:
                rows.append((part.thread, self._words(one, synapse, name, part, own, peer, values)))
        return rows

    def _words(
        self,
        one: ProjectionInstance,
        synapse: SynapsePlan,
        population: str,
        part: Slice,
        own: NDArray[np.int64],
        peer: NDArray[np.int64],
        values: dict[str, NDArray[np.float64]],
    ) -> list[int]:
        size, first = part.last - part.first, self._first[population] + part.first
        pointer = np.searchsorted(own, np.arange(first, first + size + 1))
        begin, end = int(pointer[0]), int(pointer[-1])
        peers = self._kept(peer[begin:end])
        words = [
            size, address(self._kept(pointer - begin)), address(peers), end - begin,
            address(self._cells[population].current, part.first), first,
        ]  # fmt: skip
        for name in synapse.reads:
            words += [address(each) for each in self._places[name]]
        for field in synapse.layout["couple"]:
            if field.kind == "edge":
                words.append(address(self._kept(values[field.name][begin:end])))
            else:
                given = one.plan.parameters[field.name]
                assert isinstance(given, float | int)
                words.append(bits(float(given) * one.scales.get(field.name, 1.0)))
        return words

    def _kept(self, array: NDArray[Any]) -> NDArray[Any]:
        self._keep.append(np.ascontiguousarray(array))
        return self._keep[-1]

    def _places_of(self, side: EdgeSpace) -> NDArray[np.int64]:
        """Return the place of each cell of one side of a projection."""
        plans = self._artifact.populations
        first = np.array([self._first.get(plan.name, 0) for plan in plans], np.int64)
        return first[side.population] + side.index


def _targets(plan: ProjectionPlan, synapse: SynapsePlan) -> list[str]:
    """Return the populations to which a projection gives currents."""
    sides = (plan.post,) if synapse.one_way else (plan.pre, plan.post)
    return [name for side in sides for name, _ in side.members]


def _is_single(array: NDArray[Any]) -> int:
    return int(array.dtype == np.float32)
