"""Verifier rules of the `fx` dialect: what stands where in a cell, and that names are known."""

from __future__ import annotations

from xdsl.ir import Operation

from snnc.ir.diagnostics import did_you_mean
from snnc.ir.dialects import fx
from snnc.ir.dialects.fx_types import Fixed
from snnc.ir.locations import refuse


def check_cell(cell: fx.CellOp) -> None:
    """Refuse a cell without a time step, operations out of place and unknown names."""
    ops = list(cell.body.block.ops)
    updates = [op for op in ops if isinstance(op, fx.UpdateOp)]
    if len(updates) != 1 or ops[-1] is not updates[0]:
        refuse(cell, f"'@{cell.label}' ends in one 'fx.update'; found {len(updates)}")
    for op in ops:
        _refuse_kinds(op, fx.EACH_STEP, "stands in 'fx.update' only")
        if isinstance(op, fx.ParamOp) and op.scale == 0.0:
            refuse(op, f"the scale of parameter '{op.label}' is not 0")
        if isinstance(op, fx.MulOp) and op.rounding == "stochastic":
            refuse(op, "what is computed once is not rounded at random")
    states: dict[str, Fixed] = {}
    for state in cell.states:
        if state.label in states:
            refuse(state, f"state '{state.label}' is defined twice")
        if state.scale == 0.0:
            refuse(state, f"the scale of state '{state.label}' is not 0")
        states[state.label] = _fixed(state.kind)
    _check_update(updates[0], states)


def _check_update(update: fx.UpdateOp, states: dict[str, Fixed]) -> None:
    stored: set[str] = set()
    fires = 0
    for op in update.body.block.ops:
        _refuse_kinds(op, fx.ONCE, "stands before 'fx.update' only")
        fires += isinstance(op, fx.FireOp)
        if isinstance(op, fx.LoadOp):
            _check_name(op, op.label, fx.fixed_type(op.result), states)
        if isinstance(op, fx.StoreOp):
            _check_name(op, op.label, fx.fixed_type(op.value), states)
            if op.label in stored:
                refuse(op, f"state '{op.label}' is stored twice")
            stored.add(op.label)
    if fires != 1:
        refuse(update, f"a time step has one 'fx.fire'; found {fires}")


def _check_name(op: Operation, label: str, kind: Fixed, states: dict[str, Fixed]) -> None:
    if label not in states:
        refuse(op, f"unknown state '{label}'{did_you_mean(label, states)}")
    if states[label] != kind:
        refuse(op, f"state '{label}' has another type; found '{kind}', expected '{states[label]}'")


def _refuse_kinds(op: Operation, kinds: tuple[type[Operation], ...], why: str) -> None:
    if isinstance(op, kinds):
        refuse(op, f"'{op.name}' {why}")


def _fixed(kind: object) -> Fixed:
    assert isinstance(kind, Fixed)
    return kind
