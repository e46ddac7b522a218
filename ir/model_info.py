"""What a network needs to know of its cell and synapse models, read from their declarations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from xdsl.dialects.builtin import ModuleOp, StringAttr
from xdsl.ir import Operation

from snnc.ir.dialects import dyn, native_models, step, syn
from snnc.ir.dialects.coupling import CoupleOp, ReadsOp
from snnc.ir.dialects.expressions import CompareOp, ConstOp, GetOp
from snnc.ir.dialects.piecewise import tables_of
from snnc.ir.dialects.step_synapse import SynapseOp
from snnc.ir.units import NAMED, parse_unit


@dataclass(frozen=True)
class ParameterInfo:
    """A parameter: its unit as declared, and its default in that unit, if it has one.

    Of sequences, `ascending` are those of times and of the bins of tables.
    """

    name: str
    unit: str
    default: float | None
    sequence: bool
    ascending: bool = False


@dataclass(frozen=True)
class StateInfo:
    """A state variable: its unit and initial value, and the axis along which it lives."""

    name: str
    unit: str
    initial: float
    axis: str
    hidden: bool


@dataclass(frozen=True)
class ReceptorInfo:
    """A receptor: the unit of its weights, and the parameter that is its time constant."""

    name: str
    unit: str
    decay: str | None

    @property
    def is_conductance(self) -> bool:
        """Whether weights are conductances, which cannot be negative."""
        return self._has_dimension_of("uS")

    @property
    def is_voltage_step(self) -> bool:
        """Whether weights are steps of the membrane potential."""
        return self._has_dimension_of("mV")

    def _has_dimension_of(self, unit: str) -> bool:
        return parse_unit(self.unit).exponents == NAMED[unit].exponents


@dataclass(frozen=True)
class ModelInfo:
    """The declarations of a model, by name and in the order of the text.

    `kind` is ``cell``, ``synapse`` or ``response``; `port` is the name by which a cell takes
    current, if it does; `reads` the states of cells that a synapse reads in every step, with their
    units and sides; `one_way` whether it acts on the cell after it alone; `decay` whether a synapse
    asks for the time constant of its receptor; `source` whether
    a cell does nothing but emit, without any input or state that shows,
    `plastic` whether a synapse changes its weight;
    `times` is the parameter with the times at which a cell emits, if that is what it does;
    `threshold` the state of which a cell emits above a value, with that value: a number in the
    coherent unit or the name of a parameter; `refractory` the parameter after which a regime ends;
    `simulator` the one that has a model which is not given by equations.
    """

    name: str
    kind: str
    doc: str
    parameters: dict[str, ParameterInfo]
    states: dict[str, StateInfo]
    receptors: dict[str, ReceptorInfo]
    port: str | None
    decay: bool
    source: bool
    plastic: bool
    times: str | None = None
    reads: Mapping[str, tuple[str, tuple[str, ...]]] = field(default_factory=dict)
    one_way: bool = False
    threshold: tuple[str, float | str] | None = None
    refractory: str | None = None
    simulator: str | None = None

    @property
    def injectable(self) -> bool:
        """Whether a cell takes current."""
        return self.port is not None

    @property
    def couples(self) -> bool:
        """Whether a synapse acts in every step rather than at spikes."""
        return bool(self.reads)

    @property
    def conductance_based(self) -> bool:
        """Whether a cell has receptors and all take conductances."""
        receptors = self.receptors.values()
        return bool(receptors) and all(receptor.is_conductance for receptor in receptors)

    @property
    def voltage_step(self) -> bool:
        """Whether a cell has receptors and all take steps of the membrane potential."""
        receptors = self.receptors.values()
        return bool(receptors) and all(receptor.is_voltage_step for receptor in receptors)

    @property
    def recordables(self) -> tuple[str, ...]:
        """The variables of a cell that can be recorded."""
        return ("spikes", *(state.name for state in self.states.values() if not state.hidden))


CELLS = (dyn.CellOp, step.CellOp, native_models.CellOp)
SYNAPSES = (syn.ModelOp, SynapseOp, native_models.SynapseOp)
"""Models as equations, as what `solve` makes of them, and those that only a simulator has."""
RESPONSES = (dyn.ResponseOp,)
"""Post-synaptic responses, of which cells are composed."""
MODELS = CELLS + SYNAPSES + RESPONSES


PORTS = (dyn.ReceptorOp, dyn.CurrentOp)


def is_model(op: Operation) -> bool:
    """Return whether `op` is a model, solved or not."""
    return isinstance(op, MODELS)


def describe_model(op: Operation) -> ModelInfo:
    """Return the declarations of a model, solved or not."""
    assert isinstance(op, MODELS)
    doc = op.properties.get("doc")
    ops = list(op.body.block.ops)
    ascending = {starts for _, starts in tables_of(op)}
    ascending |= {o.times.data for o in ops if isinstance(o, dyn.ScheduleOp)}
    return ModelInfo(
        name=op.label,
        kind=_kind(op),
        doc=doc.data if isinstance(doc, StringAttr) else "",
        parameters={o.label: _parameter(o, ascending) for o in ops if isinstance(o, dyn.ParamOp)},
        states={o.label: _state(o) for o in ops if isinstance(o, dyn.StateOp)},
        receptors={o.label: _receptor(o) for o in ops if isinstance(o, dyn.ReceptorOp)},
        port=next((o.label for o in ops if isinstance(o, dyn.CurrentOp)), None),
        decay=any(isinstance(o, syn.DecayOp) for o in ops),
        source=_kind(op) == "cell" and not any(isinstance(o, PORTS) or _shows(o) for o in ops),
        times=next((o.times.data for o in ops if isinstance(o, dyn.ScheduleOp)), None),
        plastic=any(_assigns_weight(o) for o in ops if isinstance(o, syn.EventOp)),
        simulator=op.simulator.data if isinstance(op, native_models.NativeModel) else None,
        reads={o.label: (o.unit.data, o.sides) for o in ops if isinstance(o, ReadsOp)},
        one_way=any(isinstance(o, CoupleOp) and o.one_way is not None for o in ops),
        threshold=next(filter(None, map(_threshold, op.walk())), None),
        refractory=next(filter(None, map(_duration, op.walk())), None),
    )


def _kind(op: Operation) -> str:
    if isinstance(op, CELLS):
        return "cell"
    return "response" if isinstance(op, RESPONSES) else "synapse"


def _threshold(event: Operation) -> tuple[str, float | str] | None:
    """Return state and value of an event that emits when the state is above the value."""
    if not (
        isinstance(event, dyn.WhenOp)
        and any(isinstance(op, dyn.EmitOp) for op in event.body.block.ops)
        and isinstance(test := event.value.owner, CompareOp)
        and test.predicate.data in (">", ">=")
        and isinstance(state := test.lhs.owner, GetOp)
    ):
        return None
    match test.rhs.owner:
        case GetOp() as value:
            return state.variable.data, value.variable.data
        case ConstOp() as value:
            return state.variable.data, value.number
    return None


def _duration(event: Operation) -> str | None:
    """Return the parameter that is the duration of a regime."""
    if isinstance(event, dyn.AfterOp) and isinstance(value := event.value.owner, GetOp):
        return value.variable.data
    return None


def _assigns_weight(event: syn.EventOp) -> bool:
    sets = (op for op in event.body.block.ops if isinstance(op, dyn.SetOp))
    return any(op.state.data == "weight" for op in sets)


def models_of(module: ModuleOp) -> dict[str, Operation]:
    """Return the model operations of a module by name; the first of each name."""
    found: dict[str, Operation] = {}
    for op in module.body.block.ops:
        if isinstance(op, MODELS):
            found.setdefault(op.label, op)
    return found


def _shows(op: Operation) -> bool:
    """Tell whether an operation of a model declares a state that can be recorded."""
    return isinstance(op, dyn.StateOp) and op.hidden is None


def _parameter(op: dyn.ParamOp, ascending: set[str]) -> ParameterInfo:
    default = None if op.default is None else op.default.value.data
    sequence = op.sequence is not None
    return ParameterInfo(op.label, op.unit.data, default, sequence, op.label in ascending)


def _state(op: dyn.StateOp) -> StateInfo:
    hidden = op.hidden is not None
    return StateInfo(op.label, op.unit.data, op.initial.value.data, op.per.data, hidden)


def _receptor(op: dyn.ReceptorOp) -> ReceptorInfo:
    decay = None if op.decay is None else op.decay.data
    return ReceptorInfo(op.label, op.unit.data, decay)
