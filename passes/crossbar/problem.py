"""One chip's share of a network as arrays: who must reach whom, and what a placement loses.

Sources are told apart by *classes*. Sources of a class are on one bus and have labels of their own;
drivers of the bus that take the class take no other. Where a bus has few sources it has one class,
else one for each event output that reaches it, and further ones for sources from outside.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from snnc.hardware.crossbar import CrossbarChip

LINES = 2
"""Excitatory and inhibitory inputs of a circuit."""
Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Classes:
    """The classes of sources on a chip.

    Attributes
    ----------
    bus : ndarray of int64, shape (q,)
        The bus of each.
    of_output : ndarray of int64, shape (event outputs,)
        The class of circuits at each event output.
    """

    bus: Ints
    of_output: Ints

    @property
    def number(self) -> int:
        """How many there are."""
        return self.bus.size


def classes_for(chip: CrossbarChip, sources: int) -> Classes:
    """Return the least classes that have labels for a number of sources, evenly spread."""
    outputs = np.arange(chip.event_outputs)
    bus = np.array([chip.bus_of(int(o)) for o in outputs])
    if sources <= chip.labels * chip.buses:
        return Classes(np.arange(chip.buses), bus)
    further = max(0, -(-(sources - chip.labels * chip.event_outputs) // chip.labels))
    addresses = chip.drivers - chip.event_outputs // chip.buses
    further = min(further, chip.buses * min(MOST_FURTHER, addresses))
    return Classes(np.concatenate([bus, np.arange(further) % chip.buses]), outputs)


MOST_FURTHER = 6
"""Further classes of a bus, for sources from outside the chip."""


@dataclass(frozen=True, eq=False)
class Problem:
    """What is to be placed on a chip.

    Attributes
    ----------
    needs : ndarray of int64, shape (lines, sources, cells)
        Synapses in the array from each source onto each cell. The first sources are the cells
        themselves, those after come from outside.
    circuits : ndarray of int64, shape (cells,)
        Circuits of each cell.
    """

    chip: CrossbarChip
    classes: Classes
    needs: Ints
    circuits: Ints

    @property
    def cells(self) -> int:
        """Number of cells."""
        return self.circuits.size

    @property
    def sources(self) -> int:
        """Number of sources."""
        return self.needs.shape[1]

    def heard(self) -> NDArray[np.bool_]:
        """Tell which sources have a synapse, shape (sources,)."""
        return self.needs.sum(axis=(0, 2)) > 0

    def least_loss(self) -> int:
        """Return what is lost whatever the placement.

        A cell has at most the rows of its circuits, and a class at most its labels.
        """
        wanted = self.needs.sum(axis=(0, 1))
        rows = np.maximum(0, wanted - self.circuits * self.chip.rows).sum()
        sent = np.sort(self.needs.sum(axis=(0, 2)))
        unheard = max(0, int((sent > 0).sum()) - self.classes.number * self.chip.labels)
        labels = sent[sent > 0][:unheard].sum()
        return int(max(rows, labels))


@dataclass(eq=False)
class Placement:
    """Where things are.

    Attributes
    ----------
    output : ndarray of int64, shape (cells,)
        The event output of each cell, -1 where it has no circuit.
    block : ndarray of int64, shape (cells,)
        The block of each cell with one circuit; -1 for cells that are in all blocks.
    of_source : ndarray of int64, shape (sources,)
        The class of each source; -1 where it has none.
    """

    output: Ints
    block: Ints
    of_source: Ints

    def copy(self) -> Placement:
        """Return a copy that can be changed."""
        return Placement(self.output.copy(), self.block.copy(), self.of_source.copy())


def circuits_in(problem: Problem, placement: Placement) -> Ints:
    """Return how many circuits each cell has in each block, shape (blocks, cells)."""
    blocks = problem.chip.blocks
    found = np.zeros((blocks, problem.cells), np.int64)
    placed = placement.output >= 0
    for block in range(blocks):
        # Of cells in all blocks, the first blocks have the circuit that is left over.
        shared = (problem.circuits + blocks - 1 - block) // blocks
        found[block] = np.where(placement.block < 0, shared, placement.block == block) * placed
    return found


def demands(problem: Problem, placement: Placement) -> Ints:
    """Return how many synapses each cell needs from each class, shape (classes, lines, cells)."""
    members = placement.of_source[:, None] == np.arange(problem.classes.number)
    found = np.einsum("sq,lsc->qlc", members.astype(np.float64), problem.needs, optimize=True)
    return np.rint(found).astype(np.int64)


def capacities(rows: Ints, inside: Ints) -> Ints:
    """Return how many synapses each cell can have from each class, shape (classes, lines, cells).

    Parameters
    ----------
    rows : ndarray of int64, shape (blocks, classes, lines)
        Rows of each block.
    inside : ndarray of int64, shape (blocks, cells)
        Circuits of each cell.
    """
    return np.einsum("bql,bc->qlc", rows, inside)


def loss(problem: Problem, placement: Placement, rows: Ints) -> int:
    """Return how many synapses a placement loses with the rows that classes have."""
    room = capacities(rows, circuits_in(problem, placement))
    over = np.maximum(0, demands(problem, placement) - room).sum()
    return int(over + problem.needs[:, placement.of_source < 0].sum())
