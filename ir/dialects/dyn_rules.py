"""Verifier rules of ``dyn.cell``, one small function each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeVar

from xdsl.ir import Attribute, Operation

from snnc.ir.diagnostics import did_you_mean
from snnc.ir.dialects import dyn
from snnc.ir.dialects import expressions as ex
from snnc.ir.dialects.model_rules import (
    check_additive,
    check_assignments,
    check_derivative,
    check_draws,
    check_number,
    check_places,
    check_reads,
    check_sequences,
    readable_names,
    states_of,
)
from snnc.ir.dialects.piecewise import tables_of
from snnc.ir.locations import refuse

Named = TypeVar("Named", dyn.ReceptorOp, dyn.RegimeOp)
_IN_REGIME = (dyn.DerivOp, dyn.OnOp, dyn.WhenOp, dyn.AfterOp)
_IN_CELL = (
    *_IN_REGIME,
    dyn.ParamOp,
    dyn.StateOp,
    dyn.ReceptorOp,
    dyn.CurrentOp,
    dyn.AliasOp,
    dyn.RegimeOp,
    dyn.PoissonOp,
    dyn.ScheduleOp,
)
_IN_EVENT = (ex.Expression, dyn.SetOp, dyn.EmitOp, dyn.GotoOp)


def check_model(cell: dyn.CellOp) -> None:
    """Check the whole of a cell; refuse the first rule that is broken."""
    ops = list(cell.body.block.ops)
    check_places(ops, _IN_CELL, "a cell")
    names = readable_names(ops)
    states = states_of(ops)
    receptors = _by_label(ops, dyn.ReceptorOp, "receptor")
    regimes = _by_label(ops, dyn.RegimeOp, "regime")
    for op in ops:
        _check_declaration(op, names)
    _check_scope(ops, names, states, receptors, regimes, set(), set())
    shared = {op.state.data for op in ops if isinstance(op, dyn.DerivOp)}
    heard = {op.receptor.data for op in ops if isinstance(op, dyn.OnOp)}
    for regime in regimes.values():
        inner = list(regime.body.block.ops)
        check_places(inner, _IN_REGIME, "a regime")
        _check_scope(inner, names, states, receptors, regimes, set(shared), set(heard))
    check_sequences(cell)
    check_draws(cell)


def _by_label(ops: Iterable[Operation], kind: type[Named], what: str) -> dict[str, Named]:
    """Return the operations of a kind by their labels; refuse a second one."""
    found: dict[str, Named] = {}
    for op in ops:
        if isinstance(op, kind):
            if op.label in found:
                refuse(op, f"{what} '{op.label}' is declared twice")
            found[op.label] = op
    return found


def _check_declaration(op: Operation, names: Mapping[str, Attribute]) -> None:
    match op:
        case dyn.ParamOp() if op.default is not None:
            check_number(op, op.default.value.data, "the default")
        case dyn.StateOp():
            check_number(op, op.initial.value.data, "the initial value")
            if op.per.data != "element":
                refuse(op, f"a state of a cell is per element; found per {op.per.data}")
        case dyn.ReceptorOp() if op.decay is not None:
            _check_decay(op, op.decay.data, names)
        case dyn.ScheduleOp():
            _check_schedule(op)


def _check_decay(op: dyn.ReceptorOp, name: str, names: Mapping[str, Attribute]) -> None:
    if name not in names:
        refuse(op, f"unknown parameter '{name}'{did_you_mean(name, names)}")
    if names[name] != ex.TIME:
        refuse(op, f"the decay of a receptor is a time; found {names[name]}, expected ms")


def _check_schedule(op: dyn.ScheduleOp) -> None:
    block = op.parent
    assert block is not None
    for other in block.ops:
        if isinstance(other, dyn.ParamOp) and other.label == op.times.data:
            if other.sequence is None or other.type != ex.TIME:
                refuse(op, f"'{other.label}' must be a sequence of times")
            return
    refuse(op, f"unknown parameter '{op.times.data}'")


def _check_scope(
    ops: Sequence[Operation],
    names: Mapping[str, Attribute],
    states: Mapping[str, dyn.StateOp],
    receptors: Mapping[str, dyn.ReceptorOp],
    regimes: Mapping[str, dyn.RegimeOp],
    derived: set[str],
    heard: set[str],
) -> None:
    for op in ops:
        match op:
            case dyn.DerivOp():
                check_reads(op, names)
                check_derivative(op, states)
                if op.state.data in derived:
                    refuse(op, f"'{op.state.data}' has two derivatives in one regime")
                derived.add(op.state.data)
            case dyn.OnOp():
                _check_on(op, names, states, receptors, heard)
            case dyn.WhenOp() | dyn.AfterOp():
                check_reads(op, names)
                check_assignments(op.body.block, states)
                _check_targets(op, regimes)
                if isinstance(op, dyn.AfterOp) and not isinstance(op.parent_op(), dyn.RegimeOp):
                    refuse(op, "'after' counts from the entry into a regime, so it stands in one")
            case dyn.PoissonOp():
                check_reads(op, names)
                if tables_of(op):
                    refuse(op, "the rate of 'emit poisson' cannot be read from a table")


def _check_on(
    op: dyn.OnOp,
    names: Mapping[str, Attribute],
    states: Mapping[str, dyn.StateOp],
    receptors: Mapping[str, dyn.ReceptorOp],
    heard: set[str],
) -> None:
    name = op.receptor.data
    if name not in receptors:
        refuse(op, f"unknown receptor '{name}'{did_you_mean(name, receptors)}")
    if name in heard:
        refuse(op, f"receptor '{name}' has two reactions in one regime")
    heard.add(name)
    arguments = op.body.block.args
    if len(arguments) != 1 or arguments[0].type != receptors[name].type:
        refuse(op, f"the weight of '{name}' must be {receptors[name].type}")
    check_reads(op, names)
    check_places(op.body.block.ops, _IN_EVENT, "the reaction of a cell")
    check_assignments(op.body.block, states)
    check_additive(op.body.block)


def _check_targets(op: dyn.WhenOp | dyn.AfterOp, regimes: Mapping[str, dyn.RegimeOp]) -> None:
    check_places(op.body.block.ops, _IN_EVENT, "the event of a cell")
    gotos = [inner for inner in op.body.block.ops if isinstance(inner, dyn.GotoOp)]
    for goto in gotos:
        name = goto.regime.data
        if name not in regimes:
            refuse(goto, f"unknown regime '{name}'{did_you_mean(name, regimes)}")
    if len(gotos) > 1:
        refuse(gotos[1], "an event enters one regime")
