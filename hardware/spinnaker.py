"""SpiNNaker machines of the first generation: chips, links and limits, as mapping needs them.

Unless another source is given, values are those of SpiNNMachine 7.4.1 (``version_spin1.py``,
``version_5.py``), the description that the machine's own tools map with.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from math import ceil, sqrt

from snnc.ir.links import LINKS

Chip = tuple[int, int]

_COLUMNS = ((0, 4), (0, 5), (0, 6), (0, 7), (0, 8), (1, 8), (2, 8), (3, 8))
BOARD: tuple[Chip, ...] = tuple(
    (x, y) for x, (low, high) in enumerate(_COLUMNS) for y in range(low, high)
)
"""The 48 chips of a board, from its Ethernet chip at (0, 0)."""

SEVENTEEN_CORES = frozenset(
    {(1, 1), (1, 3), (3, 1), (3, 3), (3, 5), (5, 2), (5, 4), (5, 6)}
)  # fmt: skip
"""Chips of a board that are assumed to have a core less, as virtual boards have."""


@dataclass(frozen=True)
class SpiNNaker:
    """A machine of 48-chip boards, in whole triads beyond one board.

    Attributes
    ----------
    boards : int
        Number of boards: 1, or a multiple of 3.
    system_cores : int
        Cores of a chip that the system takes: its monitor and the monitor for extraction.
    board_cores : int
        Further cores that it takes on each Ethernet chip: the gatherer of extraction.
    cores_per_chip : int
        Cores of a chip, of which some have one less (`SEVENTEEN_CORES`).
    clock : float
        Cycles per ms of a core: 200 MHz.
    sdram, dtcm, itcm : int
        Bytes that applications can use, of a chip and of a core. ITCM is that of the ARM968 cores
        (SpiNNaker datasheet, section 2).
    router_entries : int
        Entries of a chip's routing table that applications can use: 1,024, less the system's one.
    key_bits : int
        Bits of a routing key.
    colour_bits : int
        Low bits of a key that stay free: sPyNNaker 7.4.1 numbers the steps there, for late packets.
    row_synapses : int
        Synapses in a row, one source onto one core (sPyNNaker, ``master_pop_table.py``).
    ring_buffer_bits : int
        Bits of an index of the ring buffers: delay slot, synapse type and cell (sPyNNaker,
        ``constants.py``).
    dtcm_reserved : int
        Bytes of a core's DTCM that stacks and the system take (sPyNNaker,
        ``delay_extension_vertex.py``: 59,756 are available).
    spike_buffer : int
        Spikes that a core keeps until it has read their synapses (sPyNNaker's default).
    neurons_per_core, poisson_per_core : int
        Cells of a core (sPyNNaker's ``max_atoms_per_core``).
    cycles_per_neuron : float
        To update a cell: a planning figure, the 64 cells in 0.1 ms that sPyNNaker's microcircuit
        runs in real time (Rhodes et al. 2020, doi 10.1098/rsta.2019.0160).
    cycles_per_event : float
        To add a synaptic event: sPyNNaker plans with 13 million static events in a second.
    cycles_per_plastic_event : float
        The same where the synapse changes: 1.4 million (``synapse_dynamics_stdp.py``).
    cycles_per_delay_check, cycles_per_packet : float
        Of a delay extension, to look whether a cell of a stage has packets to be sent, and to take
        a packet in or to send it: estimates from the instructions of sPyNNaker's
        ``delay_extension.c``, as no measurement is published.
    idle_board_watts, active_core_watts, joules_per_hop : float
        Energy: of a board doing nothing, of each core in use, and of a packet on a link.
    """

    boards: int = 1
    system_cores: int = 2
    board_cores: int = 1
    cores_per_chip: int = 18
    clock: float = 200e3
    sdram: int = 123_469_792
    dtcm: int = 65_536
    itcm: int = 32_768
    dtcm_reserved: int = 5780
    spike_buffer: int = 256
    router_entries: int = 1023
    key_bits: int = 32
    colour_bits: int = 4
    row_synapses: int = 256
    ring_buffer_bits: int = 14
    neurons_per_core: int = 256
    poisson_per_core: int = 500
    cycles_per_neuron: float = 312.5
    cycles_per_event: float = 15.4
    cycles_per_plastic_event: float = 142.9
    cycles_per_delay_check: float = 10.0
    cycles_per_packet: float = 100.0
    idle_board_watts: float = 26.84
    active_core_watts: float = 0.034
    joules_per_hop: float = 1e-9
    name: str = field(default="SpiNNaker, 48-chip boards")

    @property
    def triads(self) -> Chip:
        """Triads of boards along x and y: the smallest rectangle that holds them."""
        triads = ceil(self.boards / 3)
        width = ceil(sqrt(triads))
        return width, ceil(triads / width)

    @property
    def size(self) -> Chip:
        """Chips along x and y, of a rectangle that holds all."""
        if self.boards == 1:
            return 8, 8
        width, height = self.triads
        return 12 * width + 4, 12 * height + 4

    @cached_property
    def ethernet(self) -> tuple[Chip, ...]:
        """The Ethernet chip of each board."""
        if self.boards == 1:
            return ((0, 0),)
        width, height = self.triads
        offsets = ((0, 0), (4, 8), (8, 4))
        return tuple(
            (12 * i + x, 12 * j + y)
            for i in range(width)
            for j in range(height)
            for x, y in offsets
        )

    @cached_property
    def cores(self) -> dict[Chip, int]:
        """How many cores of each chip applications can use; they are numbered from 1."""
        found = {}
        for x0, y0 in self.ethernet:
            for x, y in BOARD:
                number = self.cores_per_chip - self.system_cores
                number -= (x, y) in SEVENTEEN_CORES
                found[x0 + x, y0 + y] = number - (self.board_cores if (x, y) == (0, 0) else 0)
        return found

    def neighbour(self, chip: Chip, link: int) -> Chip | None:
        """Return the chip that a link leads to, or None where there is no link."""
        found = chip[0] + LINKS[link][0], chip[1] + LINKS[link][1]
        return found if found in self.cores else None


def machine_for(cores: int) -> SpiNNaker:
    """Return the smallest machine with a number of cores, or the largest there is."""
    machine = SpiNNaker()
    while sum(machine.cores.values()) < cores and machine.boards < MOST_BOARDS:
        width, height = machine.triads
        triads = 1 if machine.boards == 1 else width * height + 1
        machine = SpiNNaker(boards=3 * triads)
    return machine


MOST_BOARDS = 1200
"""Boards of the largest machine, of a million cores (Manchester)."""


def distance(a: Chip, b: Chip) -> int:
    """Return the number of links between two chips, where none is missing."""
    x, y = b[0] - a[0], b[1] - a[1]
    return max(abs(x), abs(y), abs(x - y))
