"""Verifier rules of ``native.cell`` and ``native.synapse``, one small function each."""

from __future__ import annotations

from collections.abc import Iterable

from xdsl.ir import Operation

from snnc.ir.diagnostics import did_you_mean
from snnc.ir.dialects import dyn
from snnc.ir.dialects.model_rules import check_number, check_places
from snnc.ir.dialects.native import PostsynapticOp
from snnc.ir.dialects.native_models import CellOp, NativeModel, PortOp
from snnc.ir.locations import refuse

_IN_CELL = (dyn.ParamOp, dyn.StateOp, dyn.ReceptorOp, dyn.CurrentOp, PortOp)
_IN_SYNAPSE = (dyn.ParamOp, PostsynapticOp)


def check_model(model: NativeModel) -> None:
    """Check the whole of a model; refuse the first rule that is broken."""
    ops = list(model.body.block.ops)
    if isinstance(model, CellOp):
        check_places(ops, _IN_CELL, "a native cell")
    else:
        check_places(ops, _IN_SYNAPSE, "a native synapse")
    named = (op for op in ops if isinstance(op, dyn.ParamOp | dyn.StateOp | dyn.CurrentOp))
    _check_named(((op, op.label) for op in named), None, "name")
    for op in ops:
        _check_declaration(op)
    receptors = [op for op in ops if isinstance(op, dyn.ReceptorOp)]
    _check_named(((op, op.label) for op in receptors), None, "receptor")
    ports = ((op, op.receptor.data) for op in ops if isinstance(op, PortOp))
    _check_named(ports, {op.label for op in receptors}, "receptor")
    kept = ((op, op.sym_name.data) for op in ops if isinstance(op, PostsynapticOp))
    _check_named(kept, {op.label for op in ops if isinstance(op, dyn.ParamOp)}, "parameter")


def _check_declaration(op: Operation) -> None:
    match op:
        case dyn.ParamOp():
            if op.sequence is not None:
                refuse(op, f"'{op.label}' of a native model is one number, not a sequence")
            if op.default is None:
                refuse(op, f"'{op.label}' of a native model needs the simulator's default")
            check_number(op, op.default.value.data, "the default")
        case dyn.StateOp():
            check_number(op, op.initial.value.data, "the initial value")
            if op.per.data != "element":
                refuse(op, f"a state of a cell is per element; found per {op.per.data}")
        case dyn.ReceptorOp() if op.decay is not None:
            refuse(op, f"the time course of '{op.label}' is the simulator's; found a decay")


def _check_named(named: Iterable[tuple[Operation, str]], known: set[str] | None, what: str) -> None:
    """Check that what operations name is known, and named once."""
    seen: set[str] = set()
    for op, name in named:
        if known is not None and name not in known:
            refuse(op, f"unknown {what} '{name}'{did_you_mean(name, known)}")
        if name in seen:
            refuse(op, f"{what} '{name}' is given twice")
        seen.add(name)
