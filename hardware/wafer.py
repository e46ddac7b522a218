"""Wafers of HICANNs: where chips are, and what their lines, switches and drivers connect.

Names and geometry are those of halco (``hicann/v2/l1.cpp``, ``synapse.cpp``), the merger tree is
that of marocco (``placement/MergerTreeGraph.cpp``). Circuits are in two blocks of rows, one above
the other; each block has an array of synapses. Events of circuits run through a tree of mergers
onto horizontal lines, from those over switches onto vertical lines, and from those over switches
into synapse drivers, each of which drives two rows of synapses. A row takes, in its even and in its
odd columns, the addresses that begin with two bits of its own; a synapse takes one of those.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from snnc.hardware.descriptions import Description, describe
from snnc.ir.diagnostics import ModelError
from snnc.ir.hicann import ROW_BITS, ROWS_PER_DRIVER

Chip = tuple[int, int]

MERGED_OUTPUTS: dict[int, tuple[int, ...]] = {
    1: (3,),
    2: (3, 5),
    4: (1, 3, 5, 6),
    8: (0, 1, 2, 3, 4, 5, 6, 7),
}
"""The output mergers that so many equal runs of neuron blocks can reach all at once, in order."""

PERIOD = 32
"""Vertical lines after which the switches to horizontal lines repeat."""
_RUN = 4
"""Neighbouring vertical lines with the same switches to drivers."""
_SPACING = 16
"""Rows after which the switches of a vertical line repeat."""
_LINE_SHIFT = 2
"""By how much the number of a line changes from chip to chip."""


@dataclass(frozen=True)
class Wafer:
    """A wafer.

    Attributes
    ----------
    name, label : str
        Of its description.
    rows_of_chips : tuple of int
        How many HICANNs are in each row of the grid; rows are centred.
    columns : int
        Columns of a synapse array: circuits of a block.
    rows : int
        Rows of a synapse array.
    blocks : int
        Blocks of circuits, each with a synapse array.
    horizontal_lines, vertical_lines : int
        L1 lines of a HICANN.
    outputs : int
        Output mergers, each with a link for input from outside and a horizontal line.
    label_bits : int
        Bits of an address.
    reserved : tuple of int
        Addresses that no source may have.
    weight_bits : int
        Bits of a synapse's weight.
    """

    name: str
    label: str
    rows_of_chips: tuple[int, ...]
    columns: int
    rows: int
    blocks: int
    horizontal_lines: int
    vertical_lines: int
    outputs: int
    label_bits: int
    reserved: tuple[int, ...]
    weight_bits: int

    # Chips

    @cached_property
    def chips(self) -> tuple[Chip, ...]:
        """The places (x, y) of the HICANNs, row by row."""
        width = max(self.rows_of_chips)
        return tuple(
            ((width - count) // 2 + i, y)
            for y, count in enumerate(self.rows_of_chips)
            for i in range(count)
        )

    @cached_property
    def number_of(self) -> dict[Chip, int]:
        """The number of the HICANN at each place."""
        return {chip: number for number, chip in enumerate(self.chips)}

    @property
    def circuits(self) -> int:
        """Circuits of a HICANN."""
        return self.columns * self.blocks

    @property
    def drivers(self) -> int:
        """Synapse drivers of a HICANN; driver i drives rows 2i and 2i + 1, counted over arrays."""
        return self.rows * self.blocks // ROWS_PER_DRIVER

    # Addresses

    @property
    def patterns(self) -> int:
        """First bits of addresses that a row can be set to in the columns of a parity."""
        return 1 << (self.label_bits - self.synapse_bits)

    @property
    def synapse_bits(self) -> int:
        """Last bits of an address, which each synapse compares itself."""
        return self.label_bits - ROW_BITS

    @cached_property
    def addresses(self) -> NDArray[np.int64]:
        """The addresses that sources can have, in rising order."""
        return np.setdiff1d(np.arange(1 << self.label_bits), self.reserved)

    # Lines

    def output_line(self, output: int) -> int:
        """Return the horizontal line that an output merger sends on (halco: ``spl1``)."""
        spacing = self.horizontal_lines // self.outputs
        return (self.outputs - output) * spacing - _LINE_SHIFT

    def horizontal(self, line: int, dx: int) -> int:
        """Return the number that a horizontal line has `dx` chips to the east."""
        return (line + _LINE_SHIFT * dx) % self.horizontal_lines

    def vertical(self, line: int, dy: int) -> int:
        """Return the number that a vertical line has `dy` chips to the south."""
        half = self.vertical_lines // 2
        if line < half:
            return (line - _LINE_SHIFT * dy) % half
        return half + (line - half + _LINE_SHIFT * dy) % half

    def crossings(self, line: int) -> tuple[int, ...]:
        """Return the vertical lines to which a horizontal line has switches."""
        half, pair = self.vertical_lines // 2, line // 2
        places = range(0, half, PERIOD)
        return (*(at + PERIOD - 1 - pair for at in places), *(half + at + pair for at in places))

    def group(self, line: int) -> int:
        """Return the group of drivers of its own chip to which a vertical line has switches."""
        half = self.vertical_lines // 2
        groups = PERIOD // _RUN
        run = line % PERIOD // _RUN
        return run if line < half else groups + run

    @cached_property
    def group_drivers(self) -> tuple[tuple[int, ...], ...]:
        """The drivers of each group: one in seven spacings of the upper, and of the lower array."""
        groups = PERIOD // _RUN
        return tuple(self._drivers_of(run, True) for run in range(groups)) + tuple(
            self._drivers_of(run, False) for run in range(groups)
        )

    def _drivers_of(self, run: int, left: bool) -> tuple[int, ...]:
        """Return the drivers on the left or right of a chip that a run of lines of it reaches."""
        shift = 2 * run if left else _SPACING - 2 - 2 * run
        starts = range(0, self.drivers // 2, _SPACING)
        upper = tuple(at + shift + (1 if left else 0) for at in starts)
        return upper + tuple(self.drivers - 1 - driver for driver in upper)


def wafer_of(description: Description) -> Wafer:
    """Return the wafer of a description.

    Raises
    ------
    ModelError
        If figures are missing, or the description is of another topology.
    """
    if description.topology != "wafer":
        raise ModelError(f"'{description.name}' is a {description.topology}; expected a wafer")
    return Wafer(
        name=description.name,
        label=description.label,
        rows_of_chips=description.several("rows_of_chips"),
        columns=description.count("columns"),
        rows=description.count("rows"),
        blocks=description.count("blocks"),
        horizontal_lines=description.count("horizontal_lines"),
        vertical_lines=description.count("vertical_lines"),
        outputs=description.count("outputs"),
        label_bits=description.count("label_bits"),
        reserved=description.several("reserved_addresses"),
        weight_bits=description.count("weight_bits"),
    )


def load_wafer(name: str) -> Wafer:
    """Return the wafer that a description names."""
    return wafer_of(describe(name))
