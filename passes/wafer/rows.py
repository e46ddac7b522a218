"""Synapse drivers, the addresses that their rows take, and the synapses in them.

A driver takes the events of one bus. Each of its two rows reaches one synaptic input of all
circuits of its block, and takes the addresses with certain first bits in even and with others in
odd columns; so one more row delivers, of the synapses that share bus, input and first bits, as many
to each neuron as it has columns there. Rows are chosen for each bus one after the other by how many
synapses they deliver, and drivers go to the buses that gain most by another, as long as one is free
in a group on their lines. What the rows of a bus deliver grows ever slower with their number.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from snnc.hardware.wafer import Wafer
from snnc.ir.hicann import ROWS_PER_DRIVER
from snnc.passes.wafer.buses import Buses
from snnc.passes.wafer.connections import Connections
from snnc.passes.wafer.lines import SIDES
from snnc.passes.wafer.placing import NOWHERE, Placement

Integers = NDArray[np.int64]

PLACED, NO_ADDRESS, NO_LINE, NO_DRIVER, IN_DEGREE = range(5)
CAUSES = ("", "labels", "lines", "rows", "in-degree")
"""Why a synapse is lost, as ``analog.lost`` has it, by number; nothing where it is not."""
INPUTS = 2


@dataclass(frozen=True, eq=False)
class Rows:
    """Drivers in use, and where each synapse is.

    Attributes
    ----------
    drivers : ndarray of int64, shape (drivers in use, 4)
        HICANN, driver, vertical line of that HICANN, and bus.
    decoders : ndarray of int64, shape (drivers in use, 2, 3)
        For each row its synaptic input, and the first bits of addresses in even and odd columns.
    row, column : ndarray of int64, shape (synapses,)
        The row, counted over both arrays of the HICANN; -1 where a synapse is lost.
    cause : ndarray of int8, shape (synapses,)
        Place in `CAUSES`.
    unavoidable : int
        Synapses that any choice of drivers loses, with the cells where they are: a bound from
        below of those that are lost for want of drivers.
    """

    drivers: Integers
    decoders: Integers
    row: Integers
    column: Integers
    cause: NDArray[np.int8]
    unavoidable: int


def assign_rows(
    wafer: Wafer, connections: Connections, placement: Placement, buses: Buses, heard_on: Integers
) -> Rows:
    """Return drivers, their rows and the places of all synapses.

    `heard_on` holds the vertical lines on which each bus reaches each HICANN, or -1: of shape
    (2, buses, HICANNs), for the left and the right side.
    """
    count = connections.pre.size
    found = Rows(
        np.empty((0, 4), np.int64),
        np.empty((0, ROWS_PER_DRIVER, 3), np.int64),
        np.full(count, NOWHERE, np.int64),
        np.full(count, NOWHERE, np.int64),
        np.full(count, NO_DRIVER, np.int8),
        0,
    )
    bus = buses.of_cell[connections.pre]
    home = placement.chip[connections.post]
    line = np.where(bus == NOWHERE, NOWHERE, heard_on.max(axis=0)[bus, home])
    found.cause[line == NOWHERE] = NO_LINE
    found.cause[bus == NOWHERE] = NO_ADDRESS
    order = np.argsort(home, kind="stable")
    order = order[line[order] != NOWHERE]
    chips, starts = np.unique(home[order], return_index=True)
    parts = []
    for chip, own in zip(chips, np.split(order, starts)[1:], strict=True):
        parts.append(_Chip(wafer, connections, placement, heard_on, int(chip), own, bus[own]))
    for part in parts:
        part.place(found)
    _mark_in_degree(wafer, connections, placement, found)
    return Rows(
        np.concatenate([found.drivers, *(part.drivers for part in parts)]),
        np.concatenate([found.decoders, *(part.decoders for part in parts)]),
        found.row,
        found.column,
        found.cause,
        sum(part.unavoidable for part in parts),
    )


def _mark_in_degree(
    wafer: Wafer, connections: Connections, placement: Placement, found: Rows
) -> None:
    """Name the in-degree as the cause of as many losses as a neuron has synapses too many."""
    excess = connections.in_degrees() - placement.size * wafer.rows
    if (excess <= 0).all():
        return
    lost = np.flatnonzero(found.cause == NO_DRIVER)
    post = connections.post[lost]
    order = np.argsort(post, kind="stable")
    starts = np.searchsorted(post[order], post[order])
    named = np.arange(order.size) - starts < excess[post[order]]
    found.cause[lost[order[named]]] = IN_DEGREE


class _Chip:
    """One HICANN: the synapses `own` onto its neurons, which come over the buses `bus`."""

    def __init__(
        self,
        wafer: Wafer,
        connections: Connections,
        placement: Placement,
        heard_on: Integers,
        chip: int,
        own: Integers,
        bus: Integers,
    ) -> None:
        self.wafer, self.chip, self.own, self.size = wafer, chip, own, placement.size
        post = connections.post[own]
        self.buses, self.bus = np.unique(bus, return_inverse=True)
        neurons, self.neuron = np.unique(post, return_inverse=True)
        self.first_column = placement.column[neurons]
        self.pattern = placement.address[connections.pre[own]] >> wafer.synapse_bits
        self.input = connections.receptor[own]
        self.columns = _columns_by_parity(self.first_column, self.size // wafer.blocks)
        choices = _Choices(self._demand(neurons.size), self.columns, wafer)
        line = heard_on[:, self.buses, chip]
        self.unavoidable = choices.demand - choices.most(wafer.drivers)
        self._allocate(choices, line)

    def _demand(self, neurons: int) -> NDArray[np.int16]:
        shape = (self.buses.size, INPUTS, self.wafer.patterns, neurons)
        key = np.ravel_multi_index((self.bus, self.input, self.pattern, self.neuron), shape)
        return np.bincount(key, minlength=int(np.prod(shape))).reshape(shape).astype(np.int16)

    def _allocate(self, choices: _Choices, line: Integers) -> None:
        """Give drivers to the buses that gain most, in the groups of drivers on their lines."""
        groups = np.array([[self._group(int(one)) for one in side] for side in line])
        free = [list(group) for group in self.wafer.group_drivers]
        drivers, decoders = [], []
        for bus, rows in choices.in_order():
            sides = [side for side in SIDES if groups[side, bus] != NOWHERE]
            side = max(sides, key=lambda side: len(free[groups[side, bus]]))
            left = free[groups[side, bus]]
            if left:
                vertical = int(line[side, bus])
                drivers.append((self.chip, left.pop(0), vertical, int(self.buses[bus])))
                decoders.append(rows)
        self.drivers = np.array(drivers, np.int64).reshape(-1, 4)
        self.decoders = np.array(decoders, np.int64).reshape(-1, ROWS_PER_DRIVER, 3)

    def _group(self, vertical: int) -> int:
        return NOWHERE if vertical == NOWHERE else self.wafer.group(vertical)

    def place(self, found: Rows) -> None:
        """Put the synapses into the rows that take their addresses."""
        parities = 2 if self.size // self.wafer.blocks == 1 else 1
        shape = (self.buses.size, INPUTS, self.wafer.patterns, parities)
        halves = self._half_rows(shape)
        parity = self.first_column[self.neuron] % 2 if parities == 2 else 0 * self.neuron
        kind = np.ravel_multi_index((self.bus, self.input, self.pattern, parity), shape)
        each = int(self.columns.max())
        place = _ordinals(kind * self.first_column.size + self.neuron)
        starts = np.searchsorted(halves[:, 0], kind)
        ends = np.searchsorted(halves[:, 0], kind, side="right")
        at = starts + place // each
        fits = at < ends
        row, side = halves[at[fits], 1], halves[at[fits], 2]
        first = self.first_column[self.neuron[fits]]
        found.row[self.own[fits]] = row
        found.column[self.own[fits]] = first + 2 * (place[fits] % each) + (side - first) % 2
        found.cause[self.own[fits]] = PLACED

    def _half_rows(self, shape: tuple[int, ...]) -> Integers:
        """Return kind of synapse, row and parity of each half of a row, sorted by kind."""
        bus = np.searchsorted(self.buses, self.drivers[:, 3])
        found = []
        for which in range(ROWS_PER_DRIVER):
            for side in (0, 1):
                parity = side if shape[3] == 2 else 0
                decoder = self.decoders[:, which]
                index = (bus, decoder[:, 0], decoder[:, 1 + side], np.full(bus.size, parity))
                kind = np.ravel_multi_index(index, shape)
                row = self.drivers[:, 1] * ROWS_PER_DRIVER + which
                found.append(np.column_stack([kind, row, np.full(bus.size, side)]))
        rows = np.concatenate(found)
        return rows[np.argsort(rows[:, 0], kind="stable")]


def _columns_by_parity(first: Integers, width: int) -> NDArray[np.int16]:
    """Return how many even and odd columns of a block each neuron has, shape (2, neurons)."""
    even = (width + (first % 2 == 0)) // 2
    return np.stack([even, width - even]).astype(np.int16)


def _ordinals(key: Integers) -> Integers:
    """Return for each number how many equal ones precede it."""
    order = np.argsort(key, kind="stable")
    ordered = key[order]
    found = np.empty(key.size, np.int64)
    found[order] = np.arange(key.size) - np.searchsorted(ordered, ordered)
    return found


class _Choices:
    """The rows that each bus would like to have on a HICANN, in their order.

    Parameters
    ----------
    demand : ndarray of int16, shape (buses, inputs, patterns, neurons)
        Synapses by bus, synaptic input, first bits of the address and neuron.
    columns : ndarray of int16, shape (2, neurons)
        Even and odd columns of a neuron.
    wafer : Wafer
        The wafer.
    """

    def __init__(self, demand: NDArray[np.int16], columns: NDArray[np.int16], wafer: Wafer) -> None:
        self.demand = int(demand.sum())
        self._rows: list[NDArray[np.int64]] = []
        gains = []
        left = demand.copy()
        active = np.arange(demand.shape[0])
        most = ROWS_PER_DRIVER * len(SIDES) * max(len(group) for group in wafer.group_drivers)
        while active.size and len(gains) < most:
            gain = np.zeros(demand.shape[0], np.int64)
            rows = np.zeros((demand.shape[0], 3), np.int64)
            gain[active], rows[active], left[active] = _next_row(left[active], columns)
            gains.append(gain)
            self._rows.append(rows)
            active = active[gain[active] > 0]
        gains += [np.zeros(demand.shape[0], np.int64)] * (-len(gains) % ROWS_PER_DRIVER)
        self._rows += [np.zeros((demand.shape[0], 3), np.int64)] * (len(gains) - len(self._rows))
        by_row = np.array(gains).reshape(-1, ROWS_PER_DRIVER, demand.shape[0])
        self._gain = by_row.sum(axis=1)

    def most(self, drivers: int) -> int:
        """Return how many synapses so many drivers deliver, whichever buses they could have."""
        return int(np.sort(self._gain, axis=None)[::-1][:drivers].sum())

    def in_order(self) -> Iterator[tuple[int, NDArray[np.int64]]]:
        """Yield buses with the rows of a further driver, those that gain most by it first."""
        order = np.argsort(-self._gain, axis=None, kind="stable")
        for driver, bus in np.column_stack(np.unravel_index(order, self._gain.shape)).tolist():
            if self._gain[driver, bus] == 0:
                return
            first = ROWS_PER_DRIVER * driver
            yield bus, np.stack([rows[bus] for rows in self._rows[first : first + ROWS_PER_DRIVER]])


def _next_row(
    left: NDArray[np.int16], columns: NDArray[np.int16]
) -> tuple[Integers, Integers, NDArray[np.int16]]:
    """Return the gain of the best further row of each bus, its setting, and what it leaves."""
    outcomes = [_row_of(left[:, side], columns) for side in range(INPUTS)]
    side = np.argmax([gain for gain, _, _ in outcomes], axis=0)
    every = np.arange(left.shape[0])
    gain = np.where(side, outcomes[1][0], outcomes[0][0])
    patterns = np.where(side[:, None], outcomes[1][1], outcomes[0][1])
    after = left.copy()
    after[every, side] = np.where(side[:, None, None], outcomes[1][2], outcomes[0][2])
    return gain, np.column_stack([side, patterns]), after


def _row_of(
    left: NDArray[np.int16], columns: NDArray[np.int16]
) -> tuple[Integers, Integers, NDArray[np.int16]]:
    """Choose the first bits of the addresses of one row for one synaptic input of each bus."""
    every = np.arange(left.shape[0])
    left = left.copy()
    total = np.zeros(left.shape[0], np.int64)
    chosen = []
    for parity in (0, 1):
        delivered = np.minimum(left, columns[parity])
        gain = delivered.sum(axis=2, dtype=np.int64)
        pattern = np.argmax(gain, axis=1)
        total += gain[every, pattern]
        left[every, pattern] -= delivered[every, pattern]
        chosen.append(pattern)
    return total, np.column_stack(chosen), left
