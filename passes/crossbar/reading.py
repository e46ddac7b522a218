"""What passes for chips with crossbars read of a mapping: each chip's share of the network."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from snnc.hardware.crossbar import CrossbarChip, crossbar_chip
from snnc.hardware.descriptions import described
from snnc.ir.diagnostics import OptionError
from snnc.ir.dialects import analog
from snnc.passes.analog.reading import AnalogMapping, Ints
from snnc.passes.crossbar.drivers import selects_of
from snnc.passes.crossbar.problem import LINES, Placement, Problem, classes_for


def chip_of(mapping: AnalogMapping) -> CrossbarChip:
    """Return the chip of a mapping.

    Raises
    ------
    OptionError
        If it is of another topology.
    """
    description = described(**mapping.chip.described())
    if description.topology != "crossbar":
        raise OptionError(
            f"{description.label} is a {description.topology}; this pass is for crossbars"
        )
    return crossbar_chip(description)


@dataclass(frozen=True, eq=False)
class Demand:
    """The synapses of a network as a chip has to make them.

    Attributes
    ----------
    pre, post, line, code, parallel : ndarray of int64, shape (m,)
        Cells, input, code, and the synapses that the code takes.
    sent : ndarray of bool, shape (m,)
        Whether the host sends the spikes.
    """

    pre: Ints
    post: Ints
    line: Ints
    code: Ints
    parallel: Ints
    sent: NDArray[np.bool_]

    def between(self, cells: Ints) -> NDArray[np.bool_]:
        """Tell which synapses are onto some cells, from them or from the host."""
        return np.isin(self.post, cells) & (np.isin(self.pre, cells) | self.sent)


def demand_of(mapping: AnalogMapping, chip: CrossbarChip) -> Demand:
    """Return what has to be placed."""
    tables = mapping.tables(analog.CodesOp, "quantise-weights")
    parts = [tables[op.symbol] for op in mapping.projections if op.symbol in tables]
    line, code = (
        np.concatenate([part[name] for part in parts] or [np.empty(0, np.int64)])
        for name in ("line", "code")
    )
    parallel = np.maximum(1, -(-code // ((1 << chip.weight_bits) - 1)))
    wiring = mapping.wiring
    return Demand(wiring.pre, wiring.post, line, code, parallel, mapping.is_source[wiring.pre])


@dataclass(frozen=True, eq=False)
class Share:
    """A chip's share.

    Attributes
    ----------
    cells, outside : ndarray of int64
        Cells that are on the chip; those that are not and have synapses onto them.
    synapses : ndarray of int64
        The synapses onto the cells, as places in the demand.
    source, target : ndarray of int64
        Of each synapse: its source and cell, as numbered in the problem.
    problem : Problem
        The share as a problem.
    """

    cells: Ints
    outside: Ints
    synapses: Ints
    source: Ints
    target: Ints
    problem: Problem


def share_of(
    chip: CrossbarChip, demand: Demand, cells: Ints, circuits: Ints, able: NDArray[np.bool_]
) -> Share:
    """Return the share of a chip.

    Parameters
    ----------
    able : ndarray of bool, shape (m,)
        Synapses whose cells are on some chip.
    cells : ndarray of int64, shape (n,)
        The cells on the chip, in order.
    circuits : ndarray of int64, shape (n,)
        How many circuits each has.
    """
    synapses = np.flatnonzero(able & np.isin(demand.post, cells))
    pre = demand.pre[synapses]
    outside = np.setdiff1d(pre, cells)
    order = np.concatenate([cells, outside])
    by_cell = np.argsort(order, kind="stable")
    source = by_cell[np.searchsorted(order, pre, sorter=by_cell)]
    target = np.searchsorted(cells, demand.post[synapses])
    needs = np.zeros((LINES, order.size, cells.size), np.int64)
    np.add.at(needs, (demand.line[synapses], source, target), demand.parallel[synapses])
    heard = int(needs.any(axis=(0, 2)).sum())
    problem = Problem(chip, classes_for(chip, heard), needs, circuits)
    return Share(cells, outside, synapses, source, target, problem)


def shares_of(
    mapping: AnalogMapping, chip: CrossbarChip, demand: Demand
) -> list[tuple[Share, Placement]]:
    """Return the share of each chip with what has been placed there."""
    circuits = mapping.joined(analog.CircuitsOp, "place-circuits")
    selects = mapping.joined(analog.SelectsOp, "place-circuits")
    able = demand.between(np.unique(circuits["cell"]))
    found = []
    for number in range(mapping.chip.number):
        here = circuits["chip"] == number
        cells, counts = np.unique(circuits["cell"][here], return_counts=True)
        share = share_of(chip, demand, cells, counts, able)
        placement = _placement(share, {k: v[here] for k, v in circuits.items()})
        mine = selects["chip"] == number
        place = {int(cell): k for k, cell in enumerate([*share.cells, *share.outside])}
        number_of = {
            (bus, select): number
            for bus in range(chip.buses)
            for number, addresses in selects_of(chip, share.problem.classes, bus).items()
            for select in addresses
        }
        for cell, bus, select in zip(
            *(selects[name][mine].tolist() for name in ("cell", "bus", "select")), strict=True
        ):
            placement.of_source[place[cell]] = number_of[bus, select]
        found.append((share, placement))
    return found


def _placement(share: Share, circuits: dict[str, Ints]) -> Placement:
    """Return where the circuits of a chip's cells are; sources have no classes yet."""
    problem = share.problem
    first = np.searchsorted(circuits["cell"], share.cells)
    output = circuits["column"][first] // problem.chip.run
    block = np.where(problem.circuits == 1, circuits["block"][first], -1)
    return Placement(output, block, np.full(problem.sources, -1))
