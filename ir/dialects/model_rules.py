"""Rules that cell and synapse models share: names resolve, and units fit."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping

from xdsl.dialects.builtin import AnyFloat, i1
from xdsl.ir import Attribute, Block, Operation, SSAValue

from snnc.ir.diagnostics import did_you_mean
from snnc.ir.dialects import draws, dyn
from snnc.ir.dialects import expressions as ex
from snnc.ir.dialects.coupling import ReadsOp
from snnc.ir.dialects.infix import RESERVED
from snnc.ir.dialects.piecewise import check_tables
from snnc.ir.locations import refuse
from snnc.ir.units import divide


def readable_names(ops: Iterable[Operation]) -> dict[str, Attribute]:
    """Return the types of the names that expressions may read; refuse a second declaration."""
    names: dict[str, Attribute] = {}
    for op in ops:
        labels: tuple[str, ...]
        type: Attribute
        if isinstance(op, dyn.ParamOp | dyn.StateOp | dyn.CurrentOp):
            labels, type = (op.label,), op.type
        elif isinstance(op, ReadsOp):
            labels, type = op.names, op.type
        elif isinstance(op, dyn.AliasOp):
            check_reads(op, names, "used before it is declared, or in a cycle")
            labels, type = (op.label,), op.value.type
        else:
            continue
        for label in labels:
            if label in names:
                refuse(op, f"'{label}' is declared twice")
            if label in RESERVED:
                refuse(op, f"'{label}' is a reserved word")
            names[label] = type
    return names


def check_places(
    ops: Iterable[Operation], allowed: tuple[type[Operation], ...], where: str
) -> None:
    """Refuse operations other than those `allowed` in a place."""
    for op in ops:
        if not isinstance(op, allowed):
            refuse(op, f"'{op.name.split('.')[-1]}' has no place in {where}")


def check_sequences(model: Operation) -> None:
    """Refuse expressions that read a sequence other than as a table, or the earlier value of what
    is no state.
    """
    ops = list(model.regions[0].block.ops)
    states = states_of(ops)
    sequences = {op.label: op.type for op in ops if isinstance(op, dyn.ParamOp) and op.sequence}
    check_tables(model, sequences.items())
    for op in model.walk():
        if isinstance(op, ex.PreviousOp) and op.variable.data not in states:
            name = op.variable.data
            refuse(op, f"'previous' takes a state; found '{name}'{did_you_mean(name, states)}")
        if isinstance(op, ex.GetOp) and op.variable.data in sequences:
            refuse(op, f"'{op.variable.data}' is a sequence, which an expression cannot read")


def check_draws(cell: Operation) -> None:
    """Refuse draws anywhere but in the conditions and bodies of a cell's own events."""
    for op in cell.walk():
        if not isinstance(op, draws.Draw):
            continue
        region = op.parent_region()
        event = op.parent_op()
        if not isinstance(event, dyn.WhenOp | dyn.AfterOp) or (
            isinstance(event, dyn.AfterOp) and region is event.duration
        ):
            refuse(op, "a random draw stands in the condition or the body of an event")


def check_reads(op: Operation, names: Mapping[str, Attribute], reason: str = "unknown") -> None:
    """Refuse reads below `op` of names other than `names`, or with another type."""
    for inner in op.walk():
        if isinstance(inner, ex.GetOp | ex.PreviousOp):
            _check_read(inner, names, reason)
        elif isinstance(inner, ex.Expression | dyn.YieldOp) or inner is op:
            continue
        elif isinstance(op, dyn.Valued) and inner.parent_region() is op.value_region():
            refuse(inner, f"'{inner.name}' has no place in an expression")


def _check_read(op: ex.GetOp | ex.PreviousOp, names: Mapping[str, Attribute], reason: str) -> None:
    name = op.variable.data
    expected = names.get(name)
    if expected is None and name in ("t", "dt"):
        expected = op.result.type if isinstance(op.result.type, AnyFloat) else ex.TIME
    if expected is None:
        refuse(op, f"'{name}' is {reason}{did_you_mean(name, names)}")
    if op.result.type != expected:
        refuse(
            op, f"'{name}' is read with the wrong type; found {op.result.type}, expected {expected}"
        )


def states_of(ops: Iterable[Operation]) -> dict[str, dyn.StateOp]:
    """Return the states declared among `ops`."""
    return {op.label: op for op in ops if isinstance(op, dyn.StateOp)}


def check_derivative(op: dyn.DerivOp, states: Mapping[str, dyn.StateOp]) -> None:
    """Refuse a derivative of something else than a state, or with the wrong unit."""
    name = op.state.data
    if name not in states:
        refuse(op, f"'{name}' is not a state{did_you_mean(name, states)}")
    expected = divide(states[name].type.exponents, ex.TIME.exponents)
    if op.value.type == i1 or ex.exponents_of(op.value) != expected:
        refuse(
            op,
            f"d{name}/dt has the wrong unit; found {ex.describe(op.value)}, "
            f"expected {ex.quantity(expected)}",
        )


def check_assignments(block: Block, states: Mapping[str, dyn.StateOp]) -> None:
    """Refuse assignments to unknown states, of wrong units, or twice in one body."""
    seen: set[str] = set()
    for op in block.ops:
        if not isinstance(op, dyn.SetOp):
            continue
        name = op.state.data
        if name not in states:
            refuse(op, f"'{name}' is not a state{did_you_mean(name, states)}")
        if name in seen:
            refuse(op, f"'{name}' is assigned twice in one event")
        if op.value.type != states[name].type:
            refuse(
                op,
                f"'{name}' is assigned the wrong unit; found {ex.describe(op.value)}, "
                f"expected {states[name].type}",
            )
        seen.add(name)


def check_additive(block: Block) -> None:
    """Refuse a reaction to arrivals in which weights of one step could not be summed first."""
    weight = block.args[0]
    for op in block.ops:
        if isinstance(op, dyn.EmitOp | dyn.GotoOp):
            refuse(op, "an arrival can only add to states")
        if isinstance(op, dyn.SetOp) and not _adds(op, weight):
            refuse(
                op,
                f"'{op.state.data}' must be assigned itself plus a multiple of the weight, "
                "so that the arrivals of one step can be summed",
            )


def _adds(op: dyn.SetOp, weight: SSAValue) -> bool:
    total = op.value.owner
    if not isinstance(total, ex.AddOp):
        return False
    for old, change in ((total.lhs, total.rhs), (total.rhs, total.lhs)):
        reads_itself = isinstance(old.owner, ex.GetOp) and old.owner.variable == op.state
        if reads_itself and _proportional(change, weight):
            return True
    return False


def _proportional(value: SSAValue, weight: SSAValue) -> bool:
    if value == weight:
        return True
    match value.owner:
        case ex.NegOp(operand=operand):
            return _proportional(operand, weight)
        case ex.MulOp(lhs=lhs, rhs=rhs):
            if _depends(lhs, weight):
                lhs, rhs = rhs, lhs
            return _proportional(rhs, weight) and not _depends(lhs, weight)
        case ex.DivOp(lhs=lhs, rhs=rhs):
            return _proportional(lhs, weight) and not _depends(rhs, weight)
    return False


def _depends(value: SSAValue, weight: SSAValue) -> bool:
    return value == weight or any(_depends(operand, weight) for operand in _operands(value))


def _operands(value: SSAValue) -> Iterator[SSAValue]:
    if isinstance(value.owner, Operation):
        yield from value.owner.operands


def check_number(op: dyn.Declaration, value: float, what: str) -> None:
    """Refuse a default or initial value that is not a finite number."""
    if not math.isfinite(value):
        refuse(op, f"{what} of '{op.label}' is not a finite number; found {value}")
