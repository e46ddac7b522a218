"""Verifier rules of ``step.synapse``: those of ``syn.model``, and that closed forms fit."""

from __future__ import annotations

from collections.abc import Mapping

from xdsl.ir import Attribute

from snnc.ir.diagnostics import did_you_mean
from snnc.ir.dialects import dyn, syn
from snnc.ir.dialects import expressions as ex
from snnc.ir.dialects import step_synapse as step
from snnc.ir.dialects.coupling import CoupleOp, ReadsOp
from snnc.ir.dialects.coupling_rules import check_coupling, coupling_of
from snnc.ir.dialects.model_rules import check_places, check_reads
from snnc.ir.dialects.syn_rules import (
    axes_of,
    check_axis,
    check_draws,
    check_event,
    check_state,
    names_of,
)
from snnc.ir.locations import refuse

_IN_SYNAPSE = (
    dyn.ParamOp,
    dyn.StateOp,
    syn.DecayOp,
    syn.EventOp,
    step.AdvanceOp,
    ReadsOp,
    CoupleOp,
)


def check_model(synapse: step.SynapseOp) -> None:
    """Check the whole of a solved synapse; refuse the first rule that is broken."""
    ops = list(synapse.body.block.ops)
    check_places(ops, _IN_SYNAPSE, "a solved synapse")
    names = names_of(ops)
    coupling = coupling_of(ops)
    if coupling is not None:
        _edge_parameters(synapse)
        check_coupling(coupling, ops, names)
        return
    states = {**synapse.states, "weight": dyn.StateOp("weight", "weight", 0.0, per="edge")}
    axes = {**axes_of(ops, states), **_edge_parameters(synapse)}
    advanced: set[str] = set()
    events: set[str] = set()
    for op in ops:
        match op:
            case dyn.StateOp():
                check_state(op)
            case step.AdvanceOp():
                _check_advance(op, names, states)
                check_axis(op, op.state.data, op.value, axes)
                if op.state.data in advanced:
                    refuse(op, f"'{op.state.data}' is advanced twice")
                advanced.add(op.state.data)
            case syn.EventOp():
                check_event(op, names, states, axes, events)
    if "pre" not in events:
        refuse(synapse, f"synapse '{synapse.label}' has no 'on pre', so it would deliver nothing")
    check_draws(synapse)


def _edge_parameters(synapse: step.SynapseOp) -> dict[str, str]:
    known = synapse.constants
    for name in synapse.edge_parameters:
        if name not in known:
            refuse(synapse, f"unknown parameter '{name}'{did_you_mean(name, known)}")
    return dict.fromkeys(synapse.edge_parameters, "edge")


def _check_advance(
    op: step.AdvanceOp, names: Mapping[str, Attribute], states: Mapping[str, dyn.StateOp]
) -> None:
    name = op.state.data
    if name not in states:
        refuse(op, f"'{name}' is not a state{did_you_mean(name, states)}")
    if op.error.data != "exact":
        refuse(op, f"unknown error of a solution; found '{op.error.data}', expected exact")
    check_reads(op, {**names, step.ELAPSED: ex.TIME})
    if op.value.type != states[name].type:
        refuse(
            op,
            f"'{name}' is advanced to the wrong unit; found {ex.describe(op.value)}, "
            f"expected {states[name].type}",
        )
