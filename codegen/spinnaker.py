"""The target ``spinnaker``: a network's place on the machine, and its routing tables."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import Any, TypeVar

from xdsl.ir import Operation

from snnc.codegen.native.artifact import NativeSynapse
from snnc.codegen.native.in_use import synapses_in_use
from snnc.codegen.native.matched import matched_synapse
from snnc.codegen.spinnaker_files import (
    keys_text,
    machine_text,
    placements_text,
    tables_text,
)
from snnc.codegen.target import Target, Text
from snnc.hardware.spinnaker import SpiNNaker
from snnc.ir.diagnostics import OptionError
from snnc.ir.dialects import map as mapping
from snnc.ir.dialects import snn
from snnc.ir.dialects.map_weights import CurrentUnitOp, RingOp, WeightsOp
from snnc.ir.model_info import ModelInfo, describe_model, models_of
from snnc.ir.text import Document
from snnc.ir.units import parse_unit

SIMULATOR = "spinnaker"
"""Whose models count as the machine's."""
Place = tuple[int, int, int]
Op = TypeVar("Op", bound=Operation)


@dataclass(frozen=True)
class Slice:
    """Cells of a population on a core, with their keys; those without are never heard."""

    name: str
    population: str
    first: int
    last: int
    rate: float
    core: str
    place: Place
    key: int | None
    mask: int | None

    @property
    def size(self) -> int:
        """Number of cells."""
        return self.last - self.first


@dataclass(frozen=True)
class Extension:
    """A core that sends the packets of a slice again, `steps` later, 2 · `steps`, ... .

    Stage s of cell i has the key of cell (s - 1) · cells + i.
    """

    name: str
    slice: Slice
    stages: int
    steps: int
    projections: tuple[str, ...]
    core: str
    place: Place
    key: int | None
    mask: int | None

    @property
    def size(self) -> int:
        """Number of cells in all stages."""
        return self.slice.size * self.stages

    @property
    def rate(self) -> float:
        """Packets of each in a second."""
        return self.slice.rate


Sender = Slice | Extension


@dataclass(frozen=True)
class Core:
    """A core, with what is expected of it: events of a step, synapses, bytes of its memories.

    `index` holds the bits of cell, receptor and delay slot; none where no synapse ends.
    """

    name: str
    place: Place
    index: tuple[int, ...]
    events: float
    synapses: float
    sdram: int
    dtcm: int


@dataclass(frozen=True)
class Ring:
    """How weights onto a receptor of a population are stored.

    Attributes
    ----------
    receptor : int
        Number of the receptor in its model, which synapses name as their type.
    shift : int
        Bits by which sums are shifted.
    factor : float
        Stored integers per unit of the weight as declared; negative where weights are.
    """

    receptor: int
    shift: int
    factor: float


@dataclass(frozen=True)
class Tree:
    """Links and cores that the packets of slices reach."""

    slices: tuple[str, ...]
    links: tuple[Place, ...]
    cores: tuple[Place, ...]


@dataclass(frozen=True)
class Entry:
    """A routing entry."""

    key: int
    mask: int
    links: tuple[int, ...]
    cores: tuple[int, ...]


@dataclass(frozen=True)
class SpiNNakerArtifact:
    """A network on the machine.

    Attributes
    ----------
    document : Document
        The network with its mapping.
    receptors : mapping of str to int
        Number of receptors of each population's cells.
    rings : mapping of (str, str) to Ring
        How weights are stored, by population and receptor.
    bits : mapping of str to int
        The populations whose currents count in 2^-bits nA.
    rounding : mapping of str to str
        How weights of each projection are rounded.
    synapses : mapping of str to NativeSynapse
        What sPyNNaker has for each synapse model in use.
    tables : mapping of (int, int) to tuple of Entry
        The routing table of each chip that has one; the first entry that matches counts.
    dt : float
        Time step in ms.
    seconds : dict of str to float
        Processor time of each pass, and of what is written afterwards.
    figures : dict
        What is found out while files are written, for the summary.
    """

    network: str
    dt: float
    machine: SpiNNaker
    slices: tuple[Slice, ...]
    extensions: tuple[Extension, ...]
    cores: tuple[Core, ...]
    trees: tuple[Tree, ...]
    tables: Mapping[tuple[int, int], tuple[Entry, ...]]
    document: Document
    receptors: Mapping[str, int]
    rings: Mapping[tuple[str, str], Ring]
    bits: Mapping[str, int]
    rounding: Mapping[str, str]
    synapses: Mapping[str, NativeSynapse]
    seconds: dict[str, float] = field(default_factory=dict)
    figures: dict[str, Any] = field(default_factory=dict)

    @property
    def senders(self) -> tuple[Sender, ...]:
        """The slices, and the extensions."""
        return (*self.slices, *self.extensions)

    def settings(self) -> dict[str, Any]:
        """Return what was chosen: the size of the machine."""
        return {"boards": self.machine.boards}


def generate(document: Document) -> SpiNNakerArtifact:
    """Return the artifact of a network that the ``spinnaker`` pipeline has mapped.

    Raises
    ------
    OptionError
        If the module has not been mapped.
    UnsupportedError
        Synapses that sPyNNaker does not have; the message names the nearest.
    """
    found = [op for op in document.module.body.block.ops if isinstance(op, mapping.MappingOp)]
    if len(found) != 1:
        raise OptionError(
            f"expected one mapping, as the spinnaker pipeline leaves; found {len(found)}"
        )
    op = found[0]
    places = {place.core: place.at for place in _of(op, mapping.PlaceOp)}
    keys = {key.slice: key for key in _of(op, mapping.KeyOp)}
    if not places:
        raise OptionError("cores have no places; expected pass 'place-cores'")
    infos = _models_of_populations(document)
    slices = {
        one.symbol: _slice(one, places[one.core], keys.get(one.symbol))
        for one in _of(op, mapping.SliceOp)
    }
    return SpiNNakerArtifact(
        network=op.network,
        dt=document.network.dt,
        machine=SpiNNaker(boards=_of(op, mapping.MachineOp)[0].boards.value.data),
        slices=tuple(slices.values()),
        extensions=tuple(
            _extension(one, slices[one.slice], places[one.core], keys.get(one.symbol))
            for one in _of(op, mapping.ExtensionOp)
        ),
        cores=tuple(_core(core, places[core.symbol]) for core in _of(op, mapping.CoreOp)),
        trees=tuple(
            Tree(tuple(tree.slices), tuple(tree.links), tuple(tree.cores))
            for tree in _of(op, mapping.TreeOp)
        ),
        tables={
            table.at: tuple(Entry(e.key, e.mask, e.links, e.cores) for e in table.entries)
            for table in _of(op, mapping.TableOp)
        },
        document=document,
        receptors={name: len(info.receptors) for name, info in infos.items()},
        rings={
            (ring.population, ring.receptor): _ring(ring, infos[ring.population])
            for ring in _of(op, RingOp)
        },
        bits={one.population: one.bits for one in _of(op, CurrentUnitOp)},
        rounding={one.projection: one.rounding for one in _of(op, WeightsOp)},
        synapses={
            label: matched_synapse(document, label, SIMULATOR)
            for label in synapses_in_use(document)
        },
        seconds=dict(document.seconds),
    )


def _of(op: mapping.MappingOp, kind: type[Op]) -> list[Op]:
    return [one for one in op.body.block.ops if isinstance(one, kind)]


def _models_of_populations(document: Document) -> dict[str, ModelInfo]:
    models = {name: describe_model(op) for name, op in models_of(document.module).items()}
    return {
        op.symbol: models[op.model]
        for op in document.network.symbols().values()
        if isinstance(op, snn.PopulationOp)
    }


def _ring(op: RingOp, info: ModelInfo) -> Ring:
    unit = parse_unit(info.receptors[op.receptor].unit).scale
    return Ring(list(info.receptors).index(op.receptor), op.shift, op.sign * unit / op.quantum)


def _slice(op: mapping.SliceOp, place: Place, key: mapping.KeyOp | None) -> Slice:
    return Slice(
        op.symbol,
        op.population,
        op.first,
        op.last,
        op.rate,
        op.core,
        place,
        None if key is None else key.key,
        None if key is None else key.mask,
    )


def _extension(
    op: mapping.ExtensionOp, of: Slice, place: Place, key: mapping.KeyOp | None
) -> Extension:
    return Extension(
        op.symbol,
        of,
        op.stages,
        op.steps,
        tuple(op.projections),
        op.core,
        place,
        None if key is None else key.key,
        None if key is None else key.mask,
    )


def _core(op: mapping.CoreOp, place: Place) -> Core:
    return Core(
        op.symbol,
        place,
        op.index,
        op.events.value.data,
        op.synapses.value.data,
        op.sdram.value.data,
        op.dtcm.value.data,
    )


def unavailable() -> str | None:
    """Return how to install what mapping needs if it is missing."""
    if find_spec("pymetis") and find_spec("matplotlib"):
        return None
    return "needs pymetis and Matplotlib: pip install 'snnc[spinnaker]'"


def _from(write: Callable[[SpiNNakerArtifact], str]) -> Callable[[Document], str]:
    return lambda document: write(generate(document))


SPINNAKER = Target(
    "spinnaker",
    generate,
    executor=None,
    texts={
        "machine": Text("machine.json", _from(machine_text)),
        "placements": Text("placements.json", _from(placements_text)),
        "keys": Text("keys.json", _from(keys_text)),
        "tables": Text("routing_tables.json", _from(tables_text)),
    },
    files={
        "ds.sqlite3": "snnc.runtime.spinnaker.data:write_data",
        "chips.png": "snnc.chip_picture:draw_chips",
        "summary.json": "snnc.codegen.spinnaker_files:write_summary",
    },
    unavailable=unavailable,
    emulation="spinnaker-emulation",
)
