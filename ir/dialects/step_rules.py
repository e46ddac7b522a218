"""Verifier rules of ``step.cell``."""

from __future__ import annotations

from collections.abc import Mapping

from xdsl.ir import Attribute, Operation

from snnc.ir.diagnostics import did_you_mean
from snnc.ir.dialects import dyn, step
from snnc.ir.dialects import expressions as ex
from snnc.ir.dialects.model_rules import check_assignments, check_reads, states_of
from snnc.ir.dialects.piecewise import check_tables
from snnc.ir.dialects.step_text import FLOATS
from snnc.ir.locations import refuse


def check_model(cell: step.CellOp) -> None:
    """Check the whole of a solved cell; refuse the first rule that is broken."""
    ops = list(cell.body.block.ops)
    erased = FLOATS[cell.precision.data] if cell.precision is not None else None
    names: dict[str, Attribute] = {}
    states = states_of(ops)
    receptors = {op.label: op for op in ops if isinstance(op, dyn.ReceptorOp)}
    parameters = {op.label for op in ops if isinstance(op, dyn.ParamOp)}
    for name in cell.array_names:
        if name not in parameters:
            refuse(cell, f"'{name}' is not a parameter{did_you_mean(name, parameters)}")
    check_tables(
        cell, ((o.label, o.type) for o in ops if isinstance(o, dyn.ParamOp) and o.sequence)
    )
    for name in cell.packed_receptors:
        if name not in receptors:
            refuse(cell, f"'{name}' is not a receptor{did_you_mean(name, receptors)}")
    for op in ops:
        match op:
            case dyn.ParamOp():
                _declare(op, op.label, erased or op.type, names)
            case step.DerivedOp():
                check_reads(op, names, "not a parameter or an earlier constant")
                _declare(op, op.label, erased or op.type, names)
            case step.PropagatorOp():
                check_reads(op, names, "not a parameter or an earlier constant")
                for name, type in op.constants.items():
                    _declare(op, name, erased or type, names)
            case step.StepsOp():
                check_reads(op, names, "not a parameter or an earlier constant")
                _check_regime(op, op.regime.data, cell)
    for op in ops:
        if isinstance(op, dyn.StateOp | dyn.CurrentOp):
            _declare(op, op.label, erased or op.type, names)
    for op in ops:
        match op:
            case step.SolvedOp():
                _check_solved(op, states)
            case step.UpdateOp():
                check_reads(op, names)
                _check_update(op, cell, receptors, states, erased)


def _declare(op: Operation, name: str, type: Attribute, names: dict[str, Attribute]) -> None:
    if name in names:
        refuse(op, f"'{name}' is declared twice")
    names[name] = type


def _check_regime(op: Operation, name: str, cell: step.CellOp) -> None:
    if name not in cell.regime_names:
        refuse(op, f"unknown regime '{name}'{did_you_mean(name, cell.regime_names)}")


def _check_solved(op: step.SolvedOp, states: Mapping[str, dyn.StateOp]) -> None:
    for state in op.states:
        if state.data not in states:
            refuse(op, f"'{state.data}' is not a state{did_you_mean(state.data, states)}")


def _check_update(
    update: step.UpdateOp,
    cell: step.CellOp,
    receptors: Mapping[str, dyn.ReceptorOp],
    states: Mapping[str, dyn.StateOp],
    erased: Attribute | None,
) -> None:
    if erased is None:
        check_assignments(update.body.block, states)
    for op in update.body.block.ops:
        match op:
            case step.ArrivalsOp():
                _check_arrivals(op, receptors, erased)
            case step.InOp() | step.ElapsedOp() | step.EnterOp():
                _check_regime(op, op.regime.data, cell)
            case step.CountOp() if erased is None and op.expectation.type != ex.NUMBER:
                refuse(op, f"an expectation is a pure number; found {ex.describe(op.expectation)}")


def _check_arrivals(
    op: step.ArrivalsOp, receptors: Mapping[str, dyn.ReceptorOp], erased: Attribute | None
) -> None:
    name = op.receptor.data
    if name not in receptors:
        refuse(op, f"unknown receptor '{name}'{did_you_mean(name, receptors)}")
    if op.result.type != (erased or receptors[name].type):
        refuse(op, f"arrivals of '{name}' have the wrong type; found {op.result.type}")
