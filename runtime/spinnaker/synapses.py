"""The synapses of a network by the cores that they end on, made as for every other target."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from snnc.codegen.spinnaker import Ring, SpiNNakerArtifact
from snnc.runtime.connectivity.bundles import make_instance
from snnc.runtime.connectivity.edge_values import evaluate, rounding_draws, steps_of
from snnc.runtime.connectivity.edges import ProjectionInstance, ordinals_of
from snnc.runtime.connectivity.pairs import Block, Pairs
from snnc.runtime.jit.cache import Kernels
from snnc.runtime.replica import replica_of
from snnc.runtime.spinnaker.late_cells import LateCells
from snnc.runtime.spinnaker.matrices import CoreSynapses
from snnc.runtime.spinnaker.plasticity import rules_of
from snnc.runtime.spinnaker.rows import PLASTIC, STATIC, RowForm
from snnc.runtime.spinnaker.words import Losses, WordForm, stored_weights

AT_ONCE = 20e6
"""Synapses that are made at once; each takes some 40 bytes."""


@dataclass(frozen=True)
class Sorted:
    """Synapses of a form onto some cores.

    Attributes
    ----------
    counts : ndarray of int64, shape (cores, cells)
        Number of synapses from each cell of the network; those of slices, then of extensions.
    words : ndarray of uint32
        The synapses, by core and cell.
    """

    counts: NDArray[np.int64]
    words: NDArray[np.uint32]

    @cached_property
    def _begin(self) -> NDArray[np.int64]:
        return np.concatenate([[0], np.cumsum(self.counts.sum(axis=1))])

    def of_core(self, number: int, cells: Sequence[slice]) -> CoreSynapses:
        """Return the synapses onto a core, counted for each cell of some ranges."""
        counts, (begin, end) = self.counts[number], self._begin[number : number + 2]
        return CoreSynapses([counts[some] for some in cells], self.words[begin:end])


class Synapses:
    """Makes the synapses of a network on its cores.

    Parameters
    ----------
    artifact : SpiNNakerArtifact
        The network on the machine.
    kernels : Kernels
        Where compiled kernels come from.

    Attributes
    ----------
    losses : dict of str to Losses
        What cannot be stored as it is, by projection.
    begin : dict of str to int
        Number of the first cell of each slice and extension.
    rules : dict of str to Plasticity
        How plastic synapses change, by the population that they end on.

    Raises
    ------
    UnsupportedError
        If SpiNNaker has no such plasticity.
    """

    def __init__(self, artifact: SpiNNakerArtifact, kernels: Kernels) -> None:
        self._artifact = artifact
        self._kernels = kernels
        self._plans = replica_of(artifact.document)
        ordinals = ordinals_of(self._plans.populations)
        self._instances = [
            make_instance(
                plan,
                self._plans.synapses[plan.synapse],
                self._plans.populations,
                self._plans.seed,
                self._plans.dt,
                ordinals,
            )
            for plan in self._plans.projections
        ]
        self.rules = rules_of(artifact, self._plans, self._instances)
        self._form = {
            one.plan.name: PLASTIC if self._plans.synapses[one.plan.synapse].plastic else STATIC
            for one in self._instances
        }
        self.losses = {one.plan.name: Losses() for one in self._instances}
        self.begin: dict[str, int] = {}
        self._places = _Places(artifact, ordinals)
        self.cells = 0
        for one in artifact.senders:
            self.begin[one.name] = self.cells
            self.cells += one.size
        self._late = LateCells(artifact, self.begin)

    def onto(self, cores: Sequence[str]) -> dict[RowForm, Sorted]:
        """Return the synapses onto some cores by their form; those that the network has."""
        numbers = {name: number for number, name in enumerate(cores)}
        where = self._places.on(numbers)
        forms = sorted(set(self._form.values()), key=lambda form: not form.plastic) or [STATIC]
        return {form: self._sorted(form, len(cores), where) for form in forms}

    def _sorted(self, form: RowForm, cores: int, where: Mapping[int, _Targets]) -> Sorted:
        rows, words = [np.empty(0, np.int64)], [np.empty(0, np.uint32)]
        for one in self._instances:
            if self._form[one.plan.name] == form:
                for row, word in self._of(one, where):
                    rows.append(row)
                    words.append(word)
        row = np.concatenate(rows)
        order = np.argsort(row, kind="stable")
        counts = np.bincount(row, minlength=cores * self.cells)
        return Sorted(counts.reshape(cores, self.cells), np.concatenate(words)[order])

    def _of(
        self, one: ProjectionInstance, where: Mapping[int, _Targets]
    ) -> Iterator[tuple[NDArray[np.int64], NDArray[np.uint32]]]:
        """Yield rows and words of the synapses of a projection."""
        losses = self.losses[one.plan.name]
        for ordinal in np.unique(one.post.population).tolist():
            targets = where.get(ordinal)
            if targets is None:
                continue
            ring = self._artifact.rings[self._plans.populations[ordinal].name, one.plan.receptor]
            core = targets.cores(one.post.population == ordinal, one.post.index)
            source = self._places.number(one.pre.population, one.pre.index)
            for block in Pairs(self._kernels, one, np.zeros(one.pre.size, np.int32), core):
                weights = self._weights(one, block, ring, losses)
                delays = np.broadcast_to(steps_of(self._kernels, one, block), block.size)
                sender, delays = self._late.sent(one.plan.name, source[block.pre], delays)
                row = core[block.post].astype(np.int64) * self.cells + sender
                cell = one.post.index[block.post]
                yield row, targets.packed(weights, delays, ring.receptor, cell, losses)

    def _weights(
        self, one: ProjectionInstance, block: Block, ring: Ring, losses: Losses
    ) -> NDArray[np.uint16]:
        values = evaluate(self._kernels, one, "weight", block)
        values = np.broadcast_to(values, (block.size,))
        draws = None
        if self._artifact.rounding[one.plan.name] == "stochastic":
            draws = rounding_draws(self._kernels, one, block)
        return stored_weights(values, ring.factor, losses, draws)

    def batches(self) -> Iterator[list[str]]:
        """Yield cores whose synapses can be made at once, by what is expected."""
        batch: list[str] = []
        expected = 0.0
        for core in self._artifact.cores:
            if not core.index:
                continue
            if batch and expected + core.synapses > AT_ONCE:
                yield batch
                batch, expected = [], 0.0
            batch.append(core.name)
            expected += core.synapses
        if batch:
            yield batch


@dataclass
class _Targets:
    """Cells of a population on some cores: number of the core (or -1), and of the cell there."""

    core: NDArray[np.int32]
    cell: NDArray[np.int64]
    forms: Sequence[WordForm]

    def cores(self, mine: NDArray[np.bool_], cells: NDArray[np.int64]) -> NDArray[np.int32]:
        """Return the cores of cells, -1 for those of other populations."""
        found = np.full(cells.size, -1, np.int32)
        found[mine] = self.core[cells[mine]]
        return found

    def packed(
        self,
        weights: NDArray[np.uint16],
        delays: NDArray[np.integer],
        receptor: int,
        cells: NDArray[np.int64],
        losses: Losses,
    ) -> NDArray[np.uint32]:
        """Return synapses onto cells of the population as words."""
        core, place = self.core[cells], self.cell[cells]
        words = np.zeros(cells.size, np.uint32)
        for form in set(self.forms):
            mine = np.array([other == form for other in self.forms])[core]
            losses.shortened += int(np.count_nonzero(delays[mine] > form.slots))
            late = np.minimum(delays[mine], form.slots)
            words[mine] = form.packed(weights[mine], late, receptor, place[mine])
        return words


class _Places:
    """Where the cells of populations are."""

    def __init__(self, artifact: SpiNNakerArtifact, ordinals: Mapping[str, int]) -> None:
        self._ordinals = ordinals
        self._forms = {core.name: WordForm(*core.index) for core in artifact.cores if core.index}
        self._slices = artifact.slices
        sizes: dict[int, int] = {}
        for one in artifact.slices:
            ordinal = ordinals[one.population]
            sizes[ordinal] = max(sizes.get(ordinal, 0), one.last)
        self._offset = np.zeros(len(ordinals) + 1, np.int64)
        for ordinal, size in sizes.items():
            self._offset[ordinal + 1] = size
        self._offset = np.cumsum(self._offset)
        self._number = np.zeros(int(self._offset[-1]), np.int64)
        begin = 0
        for one in artifact.slices:
            start = self._offset[ordinals[one.population]]
            self._number[start + one.first : start + one.last] = np.arange(begin, begin + one.size)
            begin += one.size

    def number(
        self, population: NDArray[np.integer], index: NDArray[np.integer]
    ) -> NDArray[np.int64]:
        """Return the numbers of cells, which follow each other in slices."""
        return self._number[self._offset[population] + index]

    def on(self, cores: Mapping[str, int]) -> dict[int, _Targets]:
        """Return the cells of each population on some cores."""
        forms = [self._forms[name] for name in cores]
        found: dict[int, _Targets] = {}
        filled: dict[str, int] = {}
        for one in self._slices:
            if one.core not in cores:
                continue
            ordinal = self._ordinals[one.population]
            if ordinal not in found:
                size = int(self._offset[ordinal + 1] - self._offset[ordinal])
                nowhere = np.full(size, -1, np.int32)
                found[ordinal] = _Targets(nowhere, np.zeros(size, np.int64), forms)
            first = filled.get(one.core, 0)
            found[ordinal].core[one.first : one.last] = cores[one.core]
            found[ordinal].cell[one.first : one.last] = np.arange(first, first + one.size)
            filled[one.core] = first + one.size
        return found
