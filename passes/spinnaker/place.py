"""`place-cores`: give each core a place, so that packets take few links.

Units of cores that share packets are put on chips together by multilevel partitioning (METIS), and
then moved by simulated annealing of the links that packets take, weighted by expected rates.
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
from snnc.ir.diagnostics import MissingDependencyError, ResourceLimitError
from snnc.ir.dialects import map as mapping
from snnc.passes.spinnaker.annealing import Annealing, Room
from snnc.passes.spinnaker.reading import mapping_of
from snnc.passes.spinnaker.units import Units, units_of

SPARE = 0.15
"""Share of chips beyond those needed that the search may use."""
_LARGEST_WEIGHT = 10_000


@dataclass(frozen=True)
class PlaceCoresPass(ModulePass):
    """Give each core a place."""

    name = "place-cores"

    seed: int = 0

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        """Add a `map.place` for each core."""
        found = mapping_of(op)
        chips = _nearest_the_middle(found.machine)
        capacity = found.machine.chips
        units = units_of(found, min(capacity[chip] for chip in chips))
        sdram = found.machine.sdram.value.data
        chips = chips[: _needed(units, [capacity[chip] for chip in chips], sdram)]
        room = Room(
            np.array([[distance(a, b) for b in chips] for a in chips]),
            np.array([capacity[chip] for chip in chips]),
            sdram,
        )
        first = fitting(units, room)
        if first is None:
            units = units_of(found, 1)
            first = fitting(units, room)
        if first is None:
            raise ResourceLimitError(
                f"the cores need {units.sdram.sum()} bytes of SDRAM, the largest "
                f"{units.sdram.max()}; a chip has {sdram}, and the machine {len(chips)} chips"
            )
        where = Annealing(units, room, first, self.seed).run()
        found.op.add(_places(units, [chips[chip] for chip in where]))


def _nearest_the_middle(machine: mapping.MachineOp) -> list[Chip]:
    """Return chips from the middle of the machine outwards, those with more cores first."""
    chips = machine.chips
    x, y = (sorted(chip[axis] for chip in chips)[len(chips) // 2] for axis in (0, 1))
    middle = min(chips, key=lambda chip: (-chips[chip], distance(chip, (x, y)), chip))
    return sorted(chips, key=lambda chip: (distance(chip, middle), -chips[chip], chip))


def _needed(units: Units, cores: list[int], sdram: int) -> int:
    """Return how many of the chips, in their order, the search gets."""
    by_cores = int(np.searchsorted(np.cumsum(cores), units.sizes.sum())) + 1
    by_sdram = ceil(int(units.sdram.sum()) / sdram)
    return ceil(max(by_cores, by_sdram) * (1 + SPARE)) + 2


def fitting(units: Units, room: Room) -> np.ndarray | None:
    """Return the chip of each unit, units that share packets together; None if they do not fit.

    Raises
    ------
    MissingDependencyError
        If pymetis is not installed.
    """
    parts = np.array(_parts(units, room))
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


def _parts(units: Units, room: Room) -> list[int]:
    """Return the part of each unit, as many as chips are needed."""
    try:
        import pymetis
    except ImportError:
        raise MissingDependencyError(
            "placing cores needs pymetis: pip install 'snnc[spinnaker]'"
        ) from None
    by_sdram = ceil(int(units.sdram.sum()) / room.sdram)
    number = max(ceil(int(units.sizes.sum()) / int(room.cores.max())), by_sdram)
    if number == 1:
        return [0] * len(units.cores)
    affinity = units.affinity()
    scaled = np.ceil(affinity * (_LARGEST_WEIGHT / max(affinity.max(), 1e-9))).astype(int)
    starts, ends = [0], []
    weights: list[int] = []
    for row in scaled:
        near = np.flatnonzero(row)
        ends.extend(near.tolist())
        weights.extend(row[near].tolist())
        starts.append(len(ends))
    return list(
        pymetis.part_graph(
            number,
            xadj=starts,
            adjncy=ends,
            vweights=units.sizes.tolist(),
            eweights=weights,
            options=pymetis.Options(seed=0),
        ).vertex_part
    )


def _places(units: Units, chips: list[Chip]) -> list[mapping.PlaceOp]:
    taken: dict[Chip, int] = defaultdict(int)
    places = []
    for cores, (x, y) in zip(units.cores, chips, strict=True):
        for core in cores:
            taken[x, y] += 1
            places.append(mapping.PlaceOp(core, (x, y, taken[x, y])))
    return places
