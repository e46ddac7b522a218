"""Chips whose events go through a crossbar to buses of synapse drivers, as on HICANN-X.

The names are those of halco, the coordinate system of BrainScaleS-2. A circuit is at a column, in
the row of one of two blocks; each block has its own array of synapses. Circuits of a run of columns
share an event output. The crossbar takes events from outputs, L2 (the FPGA) and background
generators to the buses of both blocks and to L2. A driver takes those events of its bus whose
row-select address equals its own number where its mask has ones, and gives their label to the
synapses of its two rows; a synapse takes those with its own label.

The bits of an event, from the lowest: the label of synapses, the row-select address, what is left.
The lowest `address_bits` of a circuit's events can be chosen, the number of its output follows.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

from snnc.hardware.descriptions import Description, describe
from snnc.ir.diagnostics import ModelError

ROWS_PER_DRIVER = 2
"""Rows of a synapse driver (halco synapse_driver.h: SynapseRowOnSynapseDriver)."""


@dataclass(frozen=True)
class CrossbarChip:
    """A chip of this kind.

    Attributes
    ----------
    name, label : str
        Of its description.
    columns, blocks : int
        Circuits of a row, and rows of circuits, each with an array of synapses.
    rows : int
        Rows of synapses in a block.
    buses : int
        Buses of a block.
    drivers : int
        Synapse drivers on a bus.
    row_select_bits, label_bits, address_bits, event_bits : int
        Bits of the parts of an event.
    event_outputs, l2_channels, background_sources : int
        Inputs of the crossbar, in this order.
    joined_columns : int
        Circuits are joined with neighbours in a run of so many columns.
    weight_bits : int
        Bits of a synapse's weight.
    nodes : frozenset of (int, int)
        Nodes of the crossbar: input and output.
    chips : int
        The most chips that are used together.
    """

    name: str
    label: str
    columns: int
    blocks: int
    rows: int
    buses: int
    drivers: int
    row_select_bits: int
    label_bits: int
    address_bits: int
    event_bits: int
    event_outputs: int
    l2_channels: int
    background_sources: int
    joined_columns: int
    weight_bits: int
    nodes: frozenset[tuple[int, int]]
    chips: int

    @property
    def circuits(self) -> int:
        """Neuron circuits of a chip."""
        return self.columns * self.blocks

    @property
    def run(self) -> int:
        """Columns that share an event output."""
        return self.columns // self.event_outputs

    @property
    def labels(self) -> int:
        """Labels that a synapse can have."""
        return 1 << self.label_bits

    @property
    def free_selects(self) -> int:
        """Bits of the row-select address that a circuit's address holds."""
        return self.address_bits - self.label_bits

    @property
    def inputs(self) -> int:
        """Inputs of the crossbar."""
        return self.event_outputs + self.l2_channels + self.background_sources

    @property
    def outputs(self) -> int:
        """Outputs of the crossbar: buses of the blocks, then L2."""
        return self.blocks * self.buses + self.l2_channels

    def block_bit(self, block: int) -> int:
        """Return the bit of an event from L2 that is used here to choose a block."""
        return self.label_bits + self.row_select_bits + block

    def bus_of(self, output: int) -> int:
        """Return the bus, of each block, that an event output of circuits reaches."""
        return next(bus for bus in range(self.buses) if (output, bus) in self.nodes)

    def row_of(self, bus: int, driver: int, which: int) -> int:
        """Return a row of a block by bus, driver on the bus, and 0 (top) or 1 (bottom).

        Drivers of the buses take turns, and the top row of a driver is the odd one
        (halco synapse_driver.cpp: toSynapseRowOnSynram).
        """
        return ROWS_PER_DRIVER * (driver * self.buses + bus) + 1 - which


def crossbar_chip(description: Description) -> CrossbarChip:
    """Return the chip of a description.

    Raises
    ------
    ModelError
        If figures are missing, or do not belong together.
    """
    names = (
        "columns", "blocks", "rows", "buses", "drivers", "row_select_bits", "label_bits",
        "address_bits", "event_bits", "event_outputs", "l2_channels", "background_sources",
        "joined_columns", "weight_bits", "chips",
    )  # fmt: skip
    counts = {name: description.count(name) for name in names}
    picture = description.several("crossbar")
    nodes = frozenset(
        (row, column)
        for row, line in enumerate(picture)
        for column, mark in enumerate(str(line))
        if mark == "X"
    )
    chip = CrossbarChip(description.name, description.label, nodes=nodes, **counts)
    _check(chip, picture)
    return chip


def _check(chip: CrossbarChip, picture: tuple[str, ...]) -> None:
    if len(picture) != chip.inputs or {len(line) for line in picture} != {chip.outputs}:
        raise ModelError(
            f"the crossbar of {chip.label} has {chip.inputs} inputs and {chip.outputs} outputs"
        )
    if chip.rows != chip.buses * chip.drivers * ROWS_PER_DRIVER:
        raise ModelError(
            f"{chip.label} has {chip.rows} rows in a block; found drivers for "
            f"{chip.buses * chip.drivers * ROWS_PER_DRIVER}"
        )
    if chip.drivers != 1 << chip.row_select_bits:
        raise ModelError(f"drivers of {chip.label} are not those that its row-select address has")
    if chip.block_bit(chip.blocks) > chip.event_bits:
        raise ModelError(f"events of {chip.label} need a bit for each block above their addresses")
    if chip.free_selects < 1 or chip.run * chip.blocks > 1 << (chip.address_bits - 1):
        raise ModelError(f"addresses of {chip.label} have too few bits for circuits of an output")
    if chip.columns % chip.event_outputs or chip.columns % chip.joined_columns:
        raise ModelError(f"columns of {chip.label} do not fall into equal runs")
    for output, block in product(range(chip.event_outputs), range(chip.blocks)):
        reached = [b for b in range(chip.buses) if (output, block * chip.buses + b) in chip.nodes]
        if reached != [chip.bus_of(output)]:
            raise ModelError(
                f"event output {output} of {chip.label} reaches one bus of each block, the same"
            )


def load_crossbar_chip(name: str) -> CrossbarChip:
    """Return the chip that a description names.

    Raises
    ------
    ModelError
        If it is of another topology.
    """
    description = describe(name)
    if description.topology != "crossbar":
        raise ModelError(f"'{name}' is a {description.topology}; expected a crossbar")
    return crossbar_chip(description)
