"""Running a script on sPyNNaker with the partition, placement and trees of target ``spinnaker``.

sPyNNaker 7.4 makes everything else, as parts of its pipeline hang together:

- Slices: its splitters cut a population into cores of one size, the last one smaller, and a core's
  program has one population. So populations share no cores, and it is told how many cells a core
  has.
- Placement: its placer is replaced by one that puts each slice where it is in the mapping, on the
  next core that its monitors leave free. Cores that the mapping does not have (delay extensions)
  go to chips with room.
- Trees: its router is replaced by one that grows trees as ``grow-trees`` does.
- Keys: its population tables tell the cores of a population apart by bits of the key at one place
  and of one width (``master_pop_table.py``), so keys are allocated by it, in blocks of its form,
  and with them the routing tables and their compression are its own.
- Synapses: its programs draw most connections on the machine, and the rest is written by its own
  data specifications; ``ds.sqlite3`` of this target cannot be loaded in their place.
- Numbers: currents, conductances, capacities and weights are written in the unit that
  ``choose-current-unit`` has for a population, and read back in the script's (`spynnaker_units`).
"""

from __future__ import annotations

import runpy
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from math import ceil
from pathlib import Path
from typing import Any

from snnc.codegen.spinnaker import Slice, SpiNNakerArtifact, generate
from snnc.compiler import document_of, lowering_of
from snnc.ir.diagnostics import MissingDependencyError, ResourceLimitError, UserError
from snnc.running import standing_in
from snnc.spynnaker_router import routed
from snnc.spynnaker_units import count_currents

_SETTINGS = (".spynnaker.cfg", "spynnaker.cfg")
_BOARD = "[Machine]\nvirtual_board = True\nversion = 5\n"


@dataclass(frozen=True)
class Plan:
    """What sPyNNaker is told of a population.

    Attributes
    ----------
    label : str
        The population.
    size : int
        Its cells.
    slices : tuple of Slice
        In the order of cells.
    bits : int
        Its currents count in 2^-bits nA.
    """

    label: str
    size: int
    slices: tuple[Slice, ...]
    bits: int

    @property
    def cells_per_core(self) -> int:
        """Cells of all cores but the last."""
        return ceil(self.size / len(self.slices))


def run_with_spynnaker(path: Path, arguments: list[str], passes: Iterable[str] = ()) -> None:
    """Run a script on sPyNNaker, on the cores where the mapping has its cells.

    Parameters
    ----------
    path : Path
        A PyNN script.
    arguments : list of str
        Its arguments.
    passes : iterable of str
        Passes of the mapping with other options, as ``"choose-current-unit{bits=0}"``.

    Raises
    ------
    MissingDependencyError
        If sPyNNaker is not installed.
    UserError
        If it does not know its machine, or makes other populations than the mapping has.
    """
    if find_spec("spynnaker") is None:
        raise MissingDependencyError("needs sPyNNaker: pip install 'snnc[spynnaker]'")
    if not any((folder / name).exists() for folder in (Path.home(), Path()) for name in _SETTINGS):
        raise UserError(
            f"sPyNNaker does not know its machine; write {Path.home() / _SETTINGS[0]}, for a "
            f"virtual board with these lines:\n{_BOARD}"
        )
    plans = plans_of(path, passes)
    backend = import_module("pyNN.spiNNaker")
    others = {"snnc.pynn": backend}
    with _replaced(plans), standing_in(backend, path, arguments, others):
        runpy.run_path(str(path), run_name="__main__")


def plans_of(path: Path, passes: Iterable[str] = ()) -> list[Plan]:
    """Return what sPyNNaker is told of the populations of a script, in the order of the script."""
    document = document_of(path)
    lowering = lowering_of(document, "spinnaker", passes=["partition-cores{alone=true}", *passes])
    artifact: SpiNNakerArtifact = generate(lowering.lowered())
    slices: dict[str, list[Slice]] = defaultdict(list)
    for one in artifact.slices:
        slices[one.population].append(one)
    symbols = document.network.symbols()
    return [
        Plan(
            getattr(symbols[name], "label", name),
            ordered[-1].last,
            tuple(ordered),
            artifact.bits.get(name, 0),
        )
        for name in symbols
        if (ordered := sorted(slices[name], key=lambda one: one.first))
    ]


@contextmanager
def _replaced(plans: list[Plan]) -> Iterator[None]:
    """Replace sPyNNaker's sizes of slices, its placer and its router."""
    base: Any = import_module("spinn_front_end_common.interface.abstract_spinnaker_base")
    simulator = base.AbstractSpinnakerBase
    run = simulator.run
    placer, router = base.place_application_graph, base.route_application_graph
    told = False

    def run_in_slices(self: Any, *args: Any, **kwargs: Any) -> None:
        nonlocal told
        for vertex, plan in zip(_populations(plans), plans, strict=True):
            if plan.bits:
                count_currents(vertex, plan.bits)
            if not told:
                vertex.set_max_atoms_per_dimension_per_core(plan.cells_per_core)
        told = True
        run(self, *args, **kwargs)

    simulator.run = run_in_slices
    base.place_application_graph = lambda system: _placed(plans, system)
    base.route_application_graph = routed
    try:
        yield
    finally:
        simulator.run = run
        base.place_application_graph, base.route_application_graph = placer, router


def _populations(plans: list[Plan]) -> list[Any]:
    """Return sPyNNaker's vertices of the populations, in the order of the script."""
    view = import_module("pacman.data").PacmanDataView
    kind = import_module("spynnaker.pyNN.models.common").PopulationApplicationVertex
    found = [vertex for vertex in view.iterate_vertices() if isinstance(vertex, kind)]
    if [vertex.n_atoms for vertex in found] != [plan.size for plan in plans]:
        raise UserError(
            f"sPyNNaker has populations of {[v.n_atoms for v in found]} cells; the mapping is for "
            f"{[plan.size for plan in plans]}"
        )
    return found


def _placed(plans: list[Plan], system: Any) -> Any:
    """Return sPyNNaker's placements: those of the system, and each slice where the mapping is."""
    placements = import_module("pacman.model.placements")
    view = import_module("pacman.data").PacmanDataView
    result = placements.Placements(system.placements)
    next_core = _free_cores(view.get_machine(), result)

    def place(vertex: Any, chip: tuple[int, int]) -> None:
        core = next_core(chip)
        result.add_placement(placements.Placement(vertex, *core))

    chips: dict[Any, tuple[int, int]] = {}
    for app, plan in zip(_populations(plans), plans, strict=True):
        for vertex in app.machine_vertices:
            number = vertex.vertex_slice.lo_atom // plan.cells_per_core
            chips[vertex] = plan.slices[number].place[:2]
    for vertex, chip in chips.items():
        place(vertex, chip)
    last = next(iter(chips.values()), (0, 0))
    for app in view.iterate_vertices():
        for vertex in app.machine_vertices:
            if vertex not in chips:
                place(vertex, last)
    return result


def _free_cores(machine: Any, taken: Any) -> Callable[[tuple[int, int]], tuple[int, int, int]]:
    """Return what gives the next free core of a chip, or of the first chip that has one."""
    free: Mapping[tuple[int, int], list[int]] = {
        (chip.x, chip.y): [
            core
            for core in chip.placable_processors_ids
            if not taken.is_processor_occupied(chip.x, chip.y, core)
        ]
        for chip in machine.chips
    }

    def take(chip: tuple[int, int]) -> tuple[int, int, int]:
        there = chip if free.get(chip) else next((one for one, left in free.items() if left), None)
        if there is None:
            raise ResourceLimitError(f"the machine has no core left; it has {len(free)} chips")
        return (*there, free[there].pop(0))

    return take
