"""Verifier rules of ``native.reference`` and ``native.match``, one small function each."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

from xdsl.ir import Attribute, Operation

from snnc.ir.diagnostics import did_you_mean
from snnc.ir.dialects import dyn, native, syn
from snnc.ir.dialects import expressions as ex
from snnc.ir.dialects.model_rules import check_places, check_reads, readable_names
from snnc.ir.locations import refuse
from snnc.ir.units import Exponents, divide

_WAYS = (native.NoteOp, native.SolverOp, native.DrawsOp)
_IN_REFERENCE = (native.SettingOp, native.FixedOp, native.PostsynapticOp, *_WAYS)
_IN_MATCH = (
    dyn.ParamOp,
    native.SettingOp,
    *_WAYS,
    native.ParameterOp,
    native.StateOp,
    native.ReceptorOp,
    native.CurrentOp,
    native.RequireOp,
)
_MODELS = (dyn.CellOp, syn.ModelOp, native.CellOp, native.SynapseOp)


def check_reference(reference: native.ReferenceOp) -> None:
    """Check that what is said of parameters fits the equations beside it."""
    ops = list(reference.body.block.ops)
    check_places(ops, _IN_REFERENCE, "a reference")
    model = _model_of(reference)
    declared = [] if model is None else [o.label for o in _ops(model) if isinstance(o, dyn.ParamOp)]
    for op in ops:
        if isinstance(op, native.SettingOp | native.FixedOp):
            _check_value(op)
        if model is None or not isinstance(op, native.FixedOp | native.PostsynapticOp):
            continue
        if op.sym_name.data not in declared:
            name = op.sym_name.data
            refuse(op, f"unknown parameter '{name}'{did_you_mean(name, declared)}")


def check_match(found: native.MatchOp) -> None:
    """Check units, that names are there, and that nothing of the model is left out."""
    ops = list(found.body.block.ops)
    check_places(ops, _IN_MATCH, "a match")
    names = readable_names(ops)
    for op in ops:
        if isinstance(op, native.SettingOp):
            _check_value(op)
        if isinstance(op, native.Binding | native.RequireOp):
            check_reads(op, names)
        if isinstance(op, native.ParameterOp):
            _check_unit(op, op.type.exponents)
    _check_once(ops)
    model = _model_of(found)
    if model is not None:
        _check_parameters(ops, model)
        _check_complete(found, ops, model)


def _model_of(entry: native.ReferenceOp | native.MatchOp) -> Operation | None:
    """Return the equations of the same name in the same module, if it has any."""
    block = entry.parent
    if block is None:
        return None
    models = [op for op in block.ops if isinstance(op, _MODELS)]
    return next((op for op in models if op.label == entry.label), None)


def _ops(model: Operation) -> list[Operation]:
    return list(model.regions[0].block.ops)


def _check_value(op: native.SettingOp | native.FixedOp) -> None:
    if not math.isfinite(op.value.value.data):
        refuse(op, f"'{op.sym_name.data}' is not a finite number; found {op.value.value.data}")


def _check_unit(op: native.Binding, expected: Exponents) -> None:
    if ex.exponents_of(op.value) != expected:
        refuse(
            op,
            f"'{op.label}' has the wrong unit; found {ex.describe(op.value)}, "
            f"expected {ex.quantity(expected)}",
        )


def _check_once(ops: Iterable[Operation]) -> None:
    given: set[str] = set()
    for op in ops:
        if isinstance(op, native.ParameterOp | native.SettingOp):
            name = op.sym_name.data
            if name in given:
                refuse(op, f"'{name}' is given twice")
            given.add(name)


def _check_parameters(ops: Iterable[Operation], model: Operation) -> None:
    declared = {o.label: o.type for o in _ops(model) if isinstance(o, dyn.ParamOp | syn.DecayOp)}
    for op in ops:
        if not isinstance(op, dyn.ParamOp):
            continue
        if op.label not in declared:
            refuse(op, f"unknown parameter '{op.label}'{did_you_mean(op.label, declared)}")
        if op.type != declared[op.label]:
            refuse(
                op,
                f"'{op.label}' has another unit in the model; found {op.type}, "
                f"expected {declared[op.label]}",
            )


def _check_complete(found: native.MatchOp, ops: list[Operation], model: Operation) -> None:
    states = {o.label: o.type for o in _ops(model) if isinstance(o, dyn.StateOp)}
    receptors = {o.label: o.type for o in _ops(model) if isinstance(o, dyn.ReceptorOp)}
    _check_renamed(found, [o for o in ops if isinstance(o, native.StateOp)], states, "state")
    bound = [o for o in ops if isinstance(o, native.ReceptorOp)]
    _check_renamed(found, bound, receptors, "receptor")


def _check_renamed(
    found: native.MatchOp,
    bindings: list[native.StateOp] | list[native.ReceptorOp],
    declared: Mapping[str, Attribute],
    what: str,
) -> None:
    """Check that each state or receptor of the model is bound once, and the unit of its scale."""
    seen: set[str] = set()
    for op in bindings:
        name = op.of.data
        if name not in declared:
            refuse(op, f"unknown {what} '{name}'{did_you_mean(name, declared)}")
        if name in seen:
            refuse(op, f"{what} '{name}' is given twice")
        seen.add(name)
        own = declared[name]
        assert isinstance(own, ex.Quantity)
        _check_unit(op, divide(op.type.exponents, own.exponents))
    missing = set(declared) - seen
    if missing:
        refuse(found, f"{what} '{min(missing)}' of '{found.label}' is left out")
