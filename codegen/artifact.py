"""What code generation hands to the runtime: kernel texts and plans, free of the IR's classes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from snnc.ir.values import Option, Space, Value

Selector = slice | np.ndarray


@dataclass(frozen=True)
class KernelSource:
    """The text of a kernel.

    Parameters
    ----------
    name : str
        A short identifier; it becomes part of file names and of the function's symbol.
    text : str
        A Python module that defines ``entry(desc, rows, step)``.
    """

    name: str
    text: str


FieldKind = Literal[
    "size",  # int64: rows of the slice
    "first",  # int64: index of the slice's first cell in its population
    "state",  # address of the slice of a state variable
    "arrivals",  # address of the accumulator of a receptor, which the kernel clears
    "shift",  # int64: bits by which what has arrived at a receptor is shifted into a number
    "quantum",  # what one unit of a packed receptor's arrivals is worth, as bits of a float64
    "current",  # address of the injected current
    "fired",  # address of uint8 flags, or of the first slot of a ring of spike counts
    "ring_mask",  # int64: slots of that ring - 1; 0 where there is no ring
    "ring_stride",  # int64: bytes from slot to slot
    "scratch",  # address of 898 uint32
    "scalar",  # a homogeneous constant as bits of a float64
    "array",  # address of a heterogeneous constant
    "values",  # address of the numbers of a sequence parameter of all cells, float64
    "offsets",  # address of int64: where the sequence of each cell begins, and where the last ends
    "step_count",  # int64: a homogeneous constant counted in steps
    "step_array",  # address of int32, the same per cell
    "first_id",  # int64: index in the network of the slice's first cell
    "key0",  # Philox key of the population's spikes
    "key1",
    "dt",  # the time step as bits of a float64
]


@dataclass(frozen=True)
class Field:
    """One word of a row of a kernel's table."""

    kind: FieldKind
    name: str = ""


@dataclass(frozen=True)
class Buffer:
    """A buffer that belongs to a model: what checkpoints, ranks and devices need to know."""

    name: str
    dtype: str
    axes: tuple[str, ...]
    owner: str
    unit: str = "1"
    scale: float = 1.0
    initial: float = 0.0
    recordable: bool = True


@dataclass(frozen=True)
class ParameterPlan:
    """A parameter of a model: `scale` coherent units per declared unit."""

    name: str
    unit: str
    scale: float
    default: float | None
    sequence: bool = False


@dataclass(frozen=True)
class CellPlan:
    """A cell model, ready to run.

    Attributes
    ----------
    kind : str
        ``"equations"`` (`kernel` advances cells), ``"poisson"`` (`kernel` draws spike counts) or
        ``"schedule"`` (spikes are listed in the sequence parameter `schedule`).
    constants : str
        Text of a Python module with ``constants(p, dt)``: from a dict of parameters in coherent
        units (floats or arrays) to a dict of derived constants, by NumPy.
    fields : tuple of Field
        The words of a row of the kernel's table.
    decays : dict of str to str
        For receptors that have one, the parameter that is their time constant.
    packed : tuple of str
        Receptors whose arrivals are sums of integers.
    tables : tuple of (str, str)
        Sequence parameters that are the values and the beginnings of the bins of a table.
    """

    name: str
    kind: Literal["equations", "poisson", "schedule"]
    parameters: tuple[ParameterPlan, ...]
    states: tuple[Buffer, ...]
    receptors: tuple[str, ...]
    current: str | None
    kernel: KernelSource | None
    fields: tuple[Field, ...]
    constants: str
    solver: str
    schedule: str | None = None
    decays: Mapping[str, str] = field(default_factory=dict)
    packed: tuple[str, ...] = ()
    tables: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Ring:
    """The ring buffers of a receptor: 16 bits without a sign.

    Attributes
    ----------
    quantum : float
        What weights are multiples of, in coherent units; negative where weights are.
    shift : int
        Bits by which sums are shifted left to become numbers of the cell.
    """

    quantum: float
    shift: int


@dataclass(frozen=True)
class PopulationPlan:
    """A population: values in the units of the model, and the slices that threads own.

    `rings` says, by receptor, in what sums count where a machine decides that.
    """

    name: str
    label: str
    size: int
    cell: str
    first_id: int
    object_id: int
    parameters: Mapping[str, Value]
    initial: Mapping[str, Value]
    bounds: tuple[int, ...]
    positions: np.ndarray | None = None
    rings: Mapping[str, Ring] = field(default_factory=dict)


@dataclass(frozen=True)
class SelectionPlan:
    """An ordered choice of cells: one side of a projection, or what is recorded."""

    members: tuple[tuple[str, Selector], ...]


SynapseFieldKind = Literal[
    "under_way",  # address of int64: the queue of spikes that still have synapses ahead of them
    "base",  # int64: place in the accumulator of the first cell of the slice and receptor
    "carried",  # address of float64 [slots, capacity] beside the spikes of the source
    "last",  # address of int32 per presynaptic cell: stamp of its last spike, -1 before it
    "pre_state",  # address of float64 per presynaptic cell
    "edge",  # address of an array per synapse: a state, or a parameter
    "scalar",  # a parameter, the same for all synapses, as bits of a float64
    "dt",  # the time step as bits of a float64
    "key0",  # Philox key of the projection's random events
    "key1",
    "pre_first",  # int64: index in the network of the source population's first cell
    "post_first",  # int64: index in the network of the slice's first cell
    "post_heads",  # address of int64 per cell of the slice: its number of spikes
    "post_stamps",  # address of int32 [cells, capacity]: the ring of their stamps
    "post_mask",  # int64: capacity - 1
    "post_values",  # address of float64 [cells, capacity]: a state after each spike
    "post_initial",  # address of float64 per cell of the slice: the state at the start
    "post_cells",  # int64: number of cells of the slice
    "recent_stamps",  # address of int32 [RECENT, cells]: the last stamp, the one before it, ...
    "latest",  # address of float64 per cell: a state after its last spike
    "dense",  # int64: whether rows are delivered as a whole; then all of these are there:
    "log_stamps",  # address of int32: stamps of the spikes of all cells in the order of time
    "log_cells",  # address of int32: their cells
    "log_count",  # address of one int64: their number
    # Room for the kernel's own use: per cell,
    "unseen",  # address of int32
    "seen_stamps",  # address of int32
    "since_stamps",  # address of int32
    "post_now",  # address of float64
    # and for `BLOCK` synapses with as many events each as the ring has entries
    "event_synapse",  # address of int32
    "event_stamps",  # address of int32
    "event_values",  # address of float64
    "event_bounds",  # address of int64 for the rounds of events
    # Factors of states after 0, 1, ... steps, which the kernel fills in:
    "factors",  # address of float64 [FACTORS]
    "factors_known",  # address of one int64: whether that has been done
]

BLOCK = 512
"""Synapses of a row that are delivered together."""
FACTORS = 8192
"""Numbers of steps since a spike for which factors of states are kept in tables."""
RECENT = 8
"""The last spikes of each cell, whose stamps lie side by side with those of other cells."""


@dataclass(frozen=True)
class SynapseField:
    """One word of a row of a synapse kernel's table, after the words that all of them have."""

    kind: SynapseFieldKind
    name: str = ""


@dataclass(frozen=True)
class SynapseForm:
    """How the synapses of a projection are stored.

    Parameters
    ----------
    target : {"u16", "u32"}
        Type of the places in the accumulator.
    weight : {"scalar", "mask", "float32", "int16", "edge", "counts"}
        One weight for all synapses (``"mask"``: synapses are bits of rows), one for each (as a
        float, or as a multiple of the receptor's quantum), or, of plastic synapses, one for each in
        the kernel's precision; for ``"counts"`` one for all, delivered from the counts of Poisson
        sources, cell by cell.
    packed : bool
        Whether arrivals are summed as integers.
    unsigned : bool
        Whether multiples have no sign and use all 16 bits.
    """

    target: Literal["u16", "u32"]
    weight: Literal["scalar", "mask", "float32", "int16", "edge", "counts"]
    packed: bool = False
    unsigned: bool = False

    @property
    def paired(self) -> bool:
        """Whether target and weight are the halves of one word of 32 bits."""
        return self.target == "u16" and self.weight == "int16"

    def __str__(self) -> str:
        packed = "_packed" if self.packed and self.weight in ("scalar", "mask", "counts") else ""
        unsigned = "_unsigned" if self.unsigned else ""
        return f"{self.target}_{self.weight}{packed}{unsigned}"


@dataclass(frozen=True)
class SynapsePlan:
    """A synapse model in one storage form; see `snnc.codegen.kernels.synapse_plans`.

    Attributes
    ----------
    parameters : tuple of ParameterPlan
        Parameters of a projection.
    decays : tuple of str
        Names that stand for the time constant of the receptor, in ms.
    edge_parameters : tuple of str
        Those parameters and decays that are arrays, one value per synapse.
    states : tuple of Buffer
        States with their axis, ``pre``, ``post`` or ``edge``; the weight is not among them.
    plastic : bool
        Whether the weight changes; then it is an edge array of the kernel's precision.
    carried : tuple of str
        Arrays that go with the spikes of a presynaptic population.
    pre_arrays : dict
        Arrays per presynaptic cell that `emit` needs, with the state whose initial value they
        start from.
    deliver : KernelSource
        Delivers what is due in a step.
    emit : KernelSource or None
        Advances the presynaptic states at emission and leaves what each spike carries.
    observe : KernelSource or None
        Advances the postsynaptic states at emission and keeps the history of spikes.
    layout : dict
        Words of a row of each kernel's table, after the common ones.
    couple : KernelSource or None
        Adds the currents of a step, where the synapse couples cells; `deliver` is None then.
    reads : tuple of str
        The states of cells that `couple` reads, with the sides on which it does.
    one_way : bool
        Whether `couple` adds currents to the cells after synapses alone.
    """

    name: str
    model: str
    form: SynapseForm
    parameters: tuple[ParameterPlan, ...]
    decays: tuple[str, ...]
    edge_parameters: tuple[str, ...]
    states: tuple[Buffer, ...]
    plastic: bool
    carried: tuple[str, ...]
    pre_arrays: Mapping[str, str]
    deliver: KernelSource | None
    emit: KernelSource | None
    observe: KernelSource | None
    layout: Mapping[Literal["deliver", "emit", "observe", "couple"], tuple[SynapseField, ...]]
    couple: KernelSource | None = None
    reads: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    one_way: bool = False

    @property
    def is_static(self) -> bool:
        """Whether delivery needs nothing but weights, so that projections can share rows."""
        special = any(field.kind != "under_way" for field in self.layout["deliver"])
        return not (self.plastic or special or self.couple)

    @property
    def edge_arrays(self) -> tuple[str, ...]:
        """Arrays per synapse apart from the weight: parameters first, then states."""
        states = tuple(state.name for state in self.states if state.axes == ("edge",))
        return self.edge_parameters + states


@dataclass(frozen=True)
class ProjectionPlan:
    """A projection, still symbolic: connections are made when the simulation is built.

    `rounding` says how weights become multiples where a machine decides of what: ``"nearest"``, or
    ``"stochastic"``, up as often as the remainder says.
    """

    name: str
    object_id: int
    pre: SelectionPlan
    post: SelectionPlan
    connector: str
    options: Mapping[str, Option]
    synapse: str
    receptor: str
    weight: Value
    delay: Value
    parameters: Mapping[str, Value]
    initial: Mapping[str, Value]
    space: Space
    storage: str
    bundle: int
    rounding: str = "nearest"


@dataclass(frozen=True)
class SourcePlan:
    """A current source and the cells it is injected into."""

    name: str
    kind: str
    object_id: int
    parameters: Mapping[str, Value]
    targets: tuple[SelectionPlan, ...]


@dataclass(frozen=True)
class RecordPlan:
    """Variables recorded from some cells of one population every `interval` ms."""

    target: SelectionPlan
    variables: tuple[str, ...]
    interval: float


@dataclass(frozen=True)
class Artifact:
    """A compiled network for the CPU.

    Attributes
    ----------
    lead : int
        Steps by which the stamps of spikes are ahead of their times: 1 where a spike has the time
        at which the step of its stamp begins, not the time at which it ends.
    """

    name: str
    dt: float
    seed: int
    precision: Literal["f64", "f32", "packed"]
    threads: int
    cells: Mapping[str, CellPlan]
    synapses: Mapping[str, SynapsePlan]
    populations: tuple[PopulationPlan, ...]
    projections: tuple[ProjectionPlan, ...]
    sources: tuple[SourcePlan, ...]
    records: tuple[RecordPlan, ...]
    lead: int = 0

    def settings(self) -> dict[str, Any]:
        """Return what was chosen: threads, precision and the solver of each model."""
        return {
            "threads": self.threads,
            "precision": self.precision,
            "solvers": {name: cell.solver for name, cell in self.cells.items()},
        }
