"""`partition-cores`: cut populations into slices, and put slices on cores.

Each model, and each rule of plasticity, has cores of its own. As many cells share a core as its
time in a step and its memories allow. Populations are cut evenly, and small ones share cores. They
are cut at the ends of cores instead, one population after the other, where that saves cores and
either makes no more slices or saves a tenth of the cores.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from itertools import chain, pairwise
from math import ceil

from xdsl.context import Context
from xdsl.dialects.builtin import IntegerAttr, ModuleOp, i64
from xdsl.ir import Block, Operation, Region
from xdsl.passes import ModulePass

from snnc.hardware.spinnaker import SpiNNaker, machine_for
from snnc.ir.diagnostics import OptionError, ResourceLimitError
from snnc.ir.dialects import map as mapping
from snnc.ir.dialects import snn
from snnc.ir.pass_context import arrays_of
from snnc.passes.one_network import network_of
from snnc.passes.spinnaker.loads import TABLE_ENTRY, TABLE_HEADER, Late, Load, Loads
from snnc.passes.spinnaker.reading import Mapping

WORTH_CUTTING = 0.1
"""Share of the cores that cutting populations anywhere must save where it makes more slices, since
each costs routing entries."""
Most = Callable[[snn.PopulationOp], int]
Program = Callable[[snn.PopulationOp], Hashable]
_TINY = 1e-9
_LIMITS = (
    "boards",
    "router_entries",
    "key_bits",
    "colour_bits",
    "neurons_per_core",
    "poisson_per_core",
    "ring_buffer_bits",
    "sdram",
    "dtcm",
)


@dataclass(frozen=True)
class Piece:
    """Cells `first` to `last` - 1 of a population."""

    population: snn.PopulationOp
    first: int
    last: int


@dataclass(frozen=True)
class PartitionCoresPass(ModulePass):
    """Put the cells of a network on cores of a machine.

    Attributes
    ----------
    boards : int
        Boards of the machine; 0 for as many as are needed.
    cells : int
        The most cells of a core; 0 for as many as it can hold.
    rate : float
        Expected spikes of a cell in a second, where the model does not say.
    slowdown : float
        How much longer than its own time a step may take.
    alone : bool
        Whether populations share no cores, as sPyNNaker's programs need.
    """

    name = "partition-cores"

    boards: int = 0
    cells: int = 0
    rate: float = 30.0
    slowdown: float = 1.0
    alone: bool = False

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        """Add the mapping, with the machine, its cores and the slices on them."""
        if self.boards < 0 or self.cells < 0 or self.rate < 0 or self.slowdown <= 0:
            raise OptionError("boards, cells, rate and slowdown of 'partition-cores' are positive")
        network = network_of(op)
        loads = Loads(op, network, SpiNNaker(), self.rate, self.slowdown, arrays_of(ctx))
        cores = cores_of(network, self._most(loads), loads.program, self.alone)
        late = [
            (piece, found)
            for piece in chain.from_iterable(cores)
            if (found := loads.late(piece.population.symbol, piece.first, piece.last))
        ]
        machine = self._machine(len(cores) + len(late))
        result = mapping.MappingOp(network.symbol, Region(Block()))
        result.add([_machine_op(machine)])
        counts: dict[str, int] = defaultdict(int)
        names: dict[Piece, str] = {}
        for number, pieces in enumerate(cores):
            result.add([_core_op(f"core{number}", pieces, loads)])
            for piece in pieces:
                symbol = piece.population.symbol
                name = f"{symbol}.{counts[symbol]}"
                counts[symbol] += 1
                rate = loads.rate(piece.population)
                place = (symbol, piece.first, piece.last, f"core{number}")
                result.add([mapping.SliceOp(name, *place, rate)])
                names[piece] = name
        for number, (piece, needed) in enumerate(late, len(cores)):
            load = loads.extension(piece.last - piece.first, needed)
            result.add(_extension(f"core{number}", names[piece], load, needed))
        op.body.block.add_op(result)
        _add_tables(Mapping(result, network))

    def _most(self, loads: Loads) -> Most:
        def most(population: snn.PopulationOp) -> int:
            fitting = loads.most(population)
            return min(fitting, self.cells) if self.cells else fitting

        return most

    def _machine(self, cores: int) -> SpiNNaker:
        fitting = machine_for(cores)
        machine = SpiNNaker(boards=self.boards) if self.boards else fitting
        there, largest = sum(machine.cores.values()), sum(fitting.cores.values())
        if cores <= there:
            return machine
        hint = f"{fitting.boards} boards have enough"
        if largest < cores:
            hint = (
                f"the largest machine has {largest}, enough for {largest / cores:.0%} of the cells"
            )
        raise ResourceLimitError(
            f"the network needs {cores} cores; {machine.boards} boards have {there}; {hint}"
        )


def cores_of(
    network: snn.NetworkOp, most: Most, program: Program, alone: bool = False
) -> list[list[Piece]]:
    """Return the pieces of populations on each core.

    Parameters
    ----------
    network : snn.NetworkOp
        The network.
    most : callable
        How many cells of a population fit on a core.
    program : callable
        What cells of populations must have in common to share a core.
    alone : bool
        Whether populations share no cores.
    """
    programs: dict[Hashable, list[snn.PopulationOp]] = defaultdict(list)
    for op in network.symbols().values():
        if isinstance(op, snn.PopulationOp):
            programs[program(op)].append(op)
    found: list[list[Piece]] = []
    if alone:
        every = chain.from_iterable(programs.values())
        return [[piece] for one in every for piece in _even_pieces(one, most(one))]
    for populations in programs.values():
        even, filled = _evenly(populations, most), _one_after_the_other(populations, most)
        found += filled if _is_worth_cutting(even, filled) else even
    return found


def _is_worth_cutting(even: list[list[Piece]], filled: list[list[Piece]]) -> bool:
    if sum(map(len, filled)) <= sum(map(len, even)):
        return len(filled) < len(even)
    return len(filled) <= (1 - WORTH_CUTTING) * len(even)


def _evenly(populations: Sequence[snn.PopulationOp], most: Most) -> list[list[Piece]]:
    """Cut populations evenly; put each piece on the first core with room, large ones first."""
    sized = [
        (piece, (piece.last - piece.first) / most(population))
        for population in populations
        for piece in _even_pieces(population, most(population))
    ]
    cores: list[list[Piece]] = []
    room: dict[int, float] = {}
    for piece, share in sorted(sized, key=lambda one: -one[1]):
        core = next((c for c, left in room.items() if left >= share - _TINY), None)
        if core is None:
            core = len(cores)
            cores.append([])
            room[core] = 1.0
        cores[core].append(piece)
        room[core] -= share
        if room[core] < _TINY:
            del room[core]
    return cores


def _even_pieces(population: snn.PopulationOp, most: int) -> list[Piece]:
    number = ceil(population.size / most)
    bounds = [round(population.size * k / number) for k in range(number + 1)]
    return [Piece(population, *ends) for ends in pairwise(bounds)]


def _one_after_the_other(populations: Sequence[snn.PopulationOp], most: Most) -> list[list[Piece]]:
    """Fill the least number of cores evenly, with populations cut where a core ends."""
    total = sum(population.size / most(population) for population in populations)
    share = total / ceil(total - _TINY)
    cores: list[list[Piece]] = [[]]
    used = filled = 0.0
    for population in populations:
        cell, first = 1.0 / most(population), 0
        while first < population.size:
            room = min(1.0 - used, len(cores) * share - filled)
            number = min(int(room / cell + 1e-6), population.size - first)
            if number:
                cores[-1].append(Piece(population, first, first + number))
            first, used, filled = first + number, used + number * cell, filled + number * cell
            if first < population.size:
                cores.append([])
                used = 0.0
    return [core for core in cores if core]


def _machine_op(machine: SpiNNaker) -> mapping.MachineOp:
    chips = [(x, y, cores) for (x, y), cores in sorted(machine.cores.items())]
    return mapping.MachineOp(
        machine.name, chips, {name: getattr(machine, name) for name in _LIMITS}
    )


def _core_op(symbol: str, pieces: Sequence[Piece], loads: Loads) -> mapping.CoreOp:
    load = sum((loads.of(one.population, one.first, one.last) for one in pieces), Load())
    index = loads.index({one.population.symbol: one.last - one.first for one in pieces})
    fixed = loads.fixed(index, [one.population for one in pieces])
    return mapping.CoreOp(
        symbol, index, load.events, load.synapses, load.sdram + fixed.sdram, load.dtcm + fixed.dtcm
    )


def _extension(core: str, sliced: str, load: Load, late: Late) -> list[Operation]:
    """Return a core that sends the packets of a slice again."""
    return [
        mapping.CoreOp(core, (), 0.0, 0.0, load.sdram, load.dtcm),
        mapping.ExtensionOp(
            f"{sliced}.late", sliced, core, late.stages, late.steps, late.projections
        ),
    ]


def _add_tables(found: Mapping) -> None:
    """Add the bytes of population tables, which know where the synapses of each slice are.

    Raises
    ------
    ResourceLimitError
        If a core cannot hold its table.
    """
    heard = Counter(core for aims in found.targets().values() for core in aims)
    there = found.machine.dtcm.value.data
    for core in found.cores:
        table = TABLE_HEADER + TABLE_ENTRY * heard[core.symbol] if core.index else 0
        needed = core.dtcm.value.data + table
        if needed > there:
            raise ResourceLimitError(
                f"'@{core.symbol}' hears {heard[core.symbol]} slices, and needs {needed} bytes of "
                f"DTCM for its cells, ring buffers and population table; a core has {there}; "
                "fewer cells on it leave more ('partition-cores{cells=...}')"
            )
        core.properties["dtcm"] = IntegerAttr(needed, i64)
        core.properties["sdram"] = IntegerAttr(core.sdram.value.data + table, i64)
