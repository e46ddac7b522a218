"""Verifier rules of ``syn.model``: what cells have too, and that each state keeps to its axis."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from xdsl.ir import Attribute, Operation, SSAValue

from snnc.ir.dialects import draws, dyn, syn
from snnc.ir.dialects import expressions as ex
from snnc.ir.dialects.coupling import CONDUCTANCE, CoupleOp, ReadsOp
from snnc.ir.dialects.coupling_rules import check_coupling, coupling_of
from snnc.ir.dialects.model_rules import (
    check_assignments,
    check_derivative,
    check_number,
    check_places,
    check_reads,
    check_sequences,
    readable_names,
    states_of,
)
from snnc.ir.dialects.piecewise import tables_of
from snnc.ir.locations import refuse

IN_MODEL = (
    dyn.ParamOp,
    dyn.StateOp,
    dyn.AliasOp,
    dyn.DerivOp,
    syn.DecayOp,
    syn.EventOp,
    ReadsOp,
    CoupleOp,
)
_IN_EVENT = (ex.Expression, dyn.SetOp, syn.DeliverOp)


def check_model(model: syn.ModelOp) -> None:
    """Check the whole of a synapse model; refuse the first rule that is broken."""
    ops = list(model.body.block.ops)
    check_places(ops, IN_MODEL, "a synapse")
    names = names_of(ops)
    coupling = coupling_of(ops)
    if coupling is not None:
        check_coupling(coupling, ops, names)
        return
    states = {**states_of(ops), "weight": dyn.StateOp("weight", "weight", 0.0, per="edge")}
    axes = axes_of(ops, states)
    derived: set[str] = set()
    events: set[str] = set()
    for op in ops:
        match op:
            case dyn.StateOp():
                check_state(op)
            case dyn.DerivOp():
                check_reads(op, names)
                check_derivative(op, states)
                check_axis(op, op.state.data, op.value, axes)
                if op.state.data in derived:
                    refuse(op, f"'{op.state.data}' has two derivatives")
                derived.add(op.state.data)
            case syn.EventOp():
                check_event(op, names, states, axes, events)
    if "pre" not in events:
        refuse(model, f"synapse '{model.label}' has no 'on pre', so it would deliver nothing")
    check_sequences(model)
    if tables_of(model):
        refuse(model, f"synapse '{model.label}' reads a table, which only cells have")
    check_time(ops)
    check_draws(model)


def axes_of(ops: Sequence[Operation], states: Mapping[str, dyn.StateOp]) -> dict[str, str]:
    """Return where each state lives, and where each alias can be computed from states."""
    axes = {label: op.per.data for label, op in states.items()}
    for op in ops:
        if isinstance(op, dyn.AliasOp):
            found = {axes[name] for name in reads(op.value) if name in axes}
            if found:
                axes[op.label] = found.pop() if len(found) == 1 else "edge"
    return axes


def names_of(ops: Sequence[Operation]) -> dict[str, Attribute]:
    """Return the types of the names that expressions of a synapse may read."""
    names = readable_names(ops)
    for op in ops:
        if isinstance(op, syn.DecayOp):
            if op.label in names:
                refuse(op, f"'{op.label}' is declared twice")
            names[op.label] = op.type
    if "weight" in names:
        raise_on = next(
            op for op in ops if isinstance(op, dyn.Declaration) and op.label == "weight"
        )
        refuse(raise_on, "'weight' is there already, per edge")
    couples = any(isinstance(op, CoupleOp) for op in ops)
    return {**names, "weight": CONDUCTANCE if couples else syn.WEIGHT}


def check_state(op: dyn.StateOp) -> None:
    """Refuse a state without a number to start from, or on an unknown axis."""
    check_number(op, op.initial.value.data, "the initial value")
    if op.per.data not in syn.AXES:
        refuse(
            op,
            f"unknown axis of state '{op.label}'; found '{op.per.data}', "
            f"expected one of {', '.join(syn.AXES)}",
        )


def check_event(
    op: syn.EventOp,
    names: Mapping[str, Attribute],
    states: Mapping[str, dyn.StateOp],
    axes: Mapping[str, str],
    events: set[str],
) -> None:
    """Refuse an event that stands twice, or assigns or delivers what it may not."""
    side = op.side.data
    if side not in ("pre", "post"):
        refuse(op, f"unknown event '{side}'; expected pre or post")
    if side in events:
        refuse(op, f"'on {side}' stands twice")
    events.add(side)
    check_places(op.body.block.ops, _IN_EVENT, "the event of a synapse")
    check_reads(op, names)
    check_assignments(op.body.block, states)
    if side == "pre" and not any(isinstance(o, syn.DeliverOp) for o in op.body.block.ops):
        refuse(op, "'on pre' delivers nothing")
    for inner in op.body.block.ops:
        match inner:
            case syn.DeliverOp():
                _check_deliver(inner, side)
            case dyn.SetOp():
                check_axis(inner, inner.state.data, inner.value, axes)
                _check_side(inner, side, axes[inner.state.data])


def _check_deliver(op: syn.DeliverOp, side: str) -> None:
    if side != "pre":
        refuse(op, "only a presynaptic spike delivers")
    if op.value.type != syn.WEIGHT:
        refuse(op, f"a weight is delivered; found {ex.describe(op.value)}, expected weight")


def _check_side(op: dyn.SetOp, side: str, axis: str) -> None:
    if axis in ("pre", "post") and axis != side:
        refuse(op, f"'{op.state.data}' is per {axis}, so only 'on {axis}' can assign it")


def check_axis(op: Operation, name: str, value: SSAValue, axes: Mapping[str, str]) -> None:
    """Refuse an assignment to `name` of what is not known where it lives."""
    axis = axes[name]
    if axis == "edge":
        return
    if is_random(value):
        refuse(op, f"'{name}' is per {axis} but depends on a random draw, which is per edge")
    for read in reads(value):
        if axes.get(read, axis) != axis:
            refuse(
                op,
                f"'{name}' is per {axis} but depends on '{read}', which is per {axes[read]}",
            )


def reads(value: SSAValue) -> set[str]:
    """Return the names that the expression of `value` reads."""
    op = value.owner
    if not isinstance(op, Operation):
        return set()
    if isinstance(op, ex.GetOp | ex.PreviousOp):
        return {op.variable.data}
    return set().union(*(reads(operand) for operand in op.operands))


def is_random(value: SSAValue) -> bool:
    """Tell whether the expression of `value` contains a random draw."""
    op = value.owner
    if not isinstance(op, Operation):
        return False
    return isinstance(op, draws.Draw) or any(is_random(operand) for operand in op.operands)


def check_time(ops: Sequence[Operation]) -> None:
    """Refuse events that read the time, since delivery knows times between spikes alone."""
    said = [op for op in ops if isinstance(op, dyn.AliasOp | syn.EventOp)]
    for op in (inner for one in said for inner in one.walk()):
        if isinstance(op, ex.GetOp) and op.variable.data == "t":
            refuse(op, "a synapse cannot read the time; found 't', expected a state that decays")


def check_draws(model: Operation) -> None:
    """Refuse draws anywhere but at the arrival of a presynaptic spike."""
    for op in model.walk():
        if not isinstance(op, draws.Draw):
            continue
        event = op.parent_op()
        if not isinstance(event, syn.EventOp) or event.side.data != "pre":
            refuse(op, "a random draw of a synapse stands in its 'on pre'")
