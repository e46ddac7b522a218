"""`place-cores`: give each core a place, so that packets take few links.

Units of cores that share packets are put on chips together by multilevel partitioning (METIS), and
then moved by simulated annealing of the links that packets take, weighted by expected rates, and of
crowding, as chips that many populations come to need long routing tables.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from math import ceil

import numpy as np
from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.passes import ModulePass

from snnc.hardware.spinnaker import Chip, distance
from snnc.ir.diagnostics import OptionError, ResourceLimitError
from snnc.ir.dialects import map as mapping
from snnc.passes.spinnaker.annealing import Annealing
from snnc.passes.spinnaker.multilevel import partition
from snnc.passes.spinnaker.reading import Mapping, mapping_of
from snnc.passes.spinnaker.spanning import Room, links_used
from snnc.passes.spinnaker.units import Units, units_of

SPARE = 0.15
"""Share of chips beyond those needed that the search may use."""
UNITS_PER_CHIP = 3
"""Large units leave parts of chips unused."""
TRIES = 4
"""Numbers of parts that are tried."""


@dataclass(frozen=True)
class PlaceCoresPass(ModulePass):
    """Give each core a place.

    Attributes
    ----------
    seed : int
        Of the search.
    crowding : float
        What it costs, relative to links, that packets of many populations come to a chip: routing
        tables get shorter, and trees a little longer.
    """

    name = "place-cores"

    seed: int = 0
    crowding: float = 0.6

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        """Add a `map.place` for each core.

        Raises
        ------
        OptionError
            If crowding is negative.
        ResourceLimitError
            If the chips do not have the memory that cores need.
        """
        if self.crowding < 0.0:
            raise OptionError(f"crowding of 'place-cores' is not negative; found {self.crowding:g}")
        found = mapping_of(op)
        units, room, chips, first = _begun(found)
        where = Annealing(units, room, first, self.seed, self.crowding).run()
        found.op.add(_places(units, [chips[chip] for chip in where]))


def _begun(found: Mapping) -> tuple[Units, Room, list[Chip], np.ndarray]:
    """Return units of the largest size that fits, chips for them, and a placement.

    At last, single cores may go anywhere.
    """
    everywhere = _nearest_the_middle(found.machine)
    for size in range(max(1, min(found.machine.chips.values()) // UNITS_PER_CHIP), 0, -1):
        units = units_of(found, size)
        chips = everywhere[: _needed(units, found.machine, everywhere)]
        room = _room(found.machine, chips)
        if (first := first_placement(units, room)) is not None:
            return units, room, chips, first
    units, room = units_of(found, 1), _room(found.machine, everywhere)
    if (first := first_placement(units, room)) is not None:
        return units, room, everywhere, first
    raise ResourceLimitError(
        f"the cores need {units.sdram.sum()} bytes of SDRAM, and the largest {units.sdram.max()}; "
        f"the {len(everywhere)} chips have {room.sdram} each"
    )


def _room(machine: mapping.MachineOp, chips: list[Chip]) -> Room:
    capacity = machine.chips
    return Room(
        np.array([[distance(a, b) for b in chips] for a in chips]),
        np.array([capacity[chip] for chip in chips]),
        machine.sdram.value.data,
    )


def _nearest_the_middle(machine: mapping.MachineOp) -> list[Chip]:
    """Return chips from the middle of the machine outwards, those with more cores first."""
    chips = machine.chips
    x, y = (sorted(chip[axis] for chip in chips)[len(chips) // 2] for axis in (0, 1))
    middle = min(chips, key=lambda chip: (-chips[chip], distance(chip, (x, y)), chip))
    return sorted(chips, key=lambda chip: (distance(chip, middle), -chips[chip], chip))


def _needed(units: Units, machine: mapping.MachineOp, chips: list[Chip]) -> int:
    """Return how many of the chips, in their order, the search gets."""
    cores = np.cumsum([machine.chips[chip] for chip in chips])
    by_cores = int(np.searchsorted(cores, units.sizes.sum())) + 1
    by_sdram = ceil(int(units.sdram.sum()) / machine.sdram.value.data)
    return ceil(max(by_cores, by_sdram) * (1 + SPARE)) + 2


def first_placement(units: Units, room: Room) -> np.ndarray | None:
    """Return the chip of each unit, shape (units,), as partitioning has it; None if none fits.

    Networks fall apart at numbers of parts of their own, so several are tried, from the least on.
    """
    by_cores = ceil(int(units.sizes.sum()) / int(room.cores.max()))
    least = max(1, by_cores, ceil(int(units.sdram.sum()) / room.sdram))
    most = min(least + TRIES, len(room.cores) + 1, len(units.cores) + 1)
    found = [
        chips
        for number in range(least, max(most, least + 1))
        if (chips := _on_chips(partition(units, number), units, room)) is not None
    ]
    return min(found, key=lambda chips: links_used(units, room, chips), default=None)


def _on_chips(parts: np.ndarray, units: Units, room: Room) -> np.ndarray | None:
    """Put each part on a chip of its own while there are some, and what does not fit beside."""
    chips = np.full(len(units.cores), -1)
    cores, sdram = np.zeros(len(room.cores), int), np.zeros(len(room.cores), int)
    every = range(len(room.cores))
    for part in np.argsort(-np.bincount(parts, units.sizes), kind="stable"):
        likely = [chip for chip in every if cores[chip] == 0]
        for unit in np.flatnonzero(parts == part):
            size, memory = int(units.sizes[unit]), int(units.sdram[unit])
            fits = (
                c for c in (*likely, *every) if room.holds(c, cores[c] + size, sdram[c] + memory)
            )
            chip = next(fits, None)
            if chip is None:
                return None
            chips[unit], likely = chip, [chip]
            cores[chip] += size
            sdram[chip] += memory
    return chips


def _places(units: Units, chips: list[Chip]) -> list[mapping.PlaceOp]:
    taken: dict[Chip, int] = defaultdict(int)
    places = []
    for cores, (x, y) in zip(units.cores, chips, strict=True):
        for core in cores:
            taken[x, y] += 1
            places.append(mapping.PlaceOp(core, (x, y, taken[x, y])))
    return places
