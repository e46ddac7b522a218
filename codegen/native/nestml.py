"""NESTML text of a ``dyn.cell``, after the grammar of NESTML 8.

Refractoriness is a time that runs down; states that rest while it does are left out of the
integration. A spike's weight is a pure number in NESTML: it is multiplied by the unit of the
receptor's weights, and by 1 s for what NESTML takes a train of spikes for.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator

from xdsl.ir import Operation

from snnc.codegen.native.infix_text import FUNCTIONS, Language, Writer
from snnc.codegen.native.regimes import Firing, firing_of
from snnc.ir.diagnostics import UnsupportedError
from snnc.ir.dialects import dyn
from snnc.ir.dialects import expressions as ex
from snnc.ir.locations import location_of
from snnc.ir.units import DIMENSIONLESS, Exponents, format_unit

REMAINING = "refractory_time_left"
"""The state that counts the refractory time down."""
_FACTOR = re.compile(r"([*/]?)(\w+)(?:\^(-?\d+))?")


_CONSTANTS = ("e", "inf")
_QUALIFIERS = ("excitatory", "inhibitory")


def _port(receptor: str) -> str:
    """Return the name of a port; NESTML's qualifiers are none."""
    return f"{receptor}_spikes" if receptor in _QUALIFIERS else receptor


def _no_past(name: str) -> str:
    raise UnsupportedError(f"NESTML keeps no earlier value of '{name}'")


def _unit_text(dimension: Exponents) -> str:
    """Return a unit as NESTML reads it behind a number, ``mV*ms**-1``."""
    powers: dict[str, int] = {}
    for sign, name, power in _FACTOR.findall(format_unit(dimension)):
        if name != "1":
            powers[name] = int(power or 1) * (-1 if sign == "/" else 1)
    return "*".join(name if n == 1 else f"{name}**{n}" for name, n in powers.items())


def _literal_unit(dimension: Exponents) -> str:
    text = _unit_text(dimension)
    return f" {text}" if text.isalpha() else f" * (1 {text})"


LANGUAGE = Language(
    "NESTML",
    {
        **{name: text for name, text in FUNCTIONS.items() if name in ("exp", "abs")},
        "log": "ln({0})",
        "min": "min({0}, {1})",
        "max": "max({0}, {1})",
        "tanh": "tanh({0})",
        "floor": "floor({0})",
        "exprel": "(expm1({0}) / {0})",
        "select": "({0} ? {1} : {2})",
    },
    _literal_unit,
    _no_past,
)


def emit_cell(cell: dyn.CellOp) -> str:
    """Return the NESTML model of a cell.

    Raises
    ------
    UnsupportedError
        A construct that NESTML does not have.
    """
    firing = firing_of(cell, LANGUAGE.name)
    ops = list(cell.body.block.ops)
    _check_expressible(cell, ops)
    blocks = {
        "state": _state(ops, firing),
        "equations": _equations(ops, firing),
        "parameters": _parameters(ops),
        "input": _input(ops),
        "output": ["spike"] if firing.event is not None else [],
        "update": _update(firing),
    }
    lines = [f"model {cell.label}:"]
    for name, statements in blocks.items():
        lines += _block(f"{name}:", statements)
    units = {op.label: op.type.exponents for op in ops if isinstance(op, dyn.ReceptorOp)}
    for arrival in firing.arrivals:
        receptor = arrival.receptor.data
        body = _arrival(arrival, units[receptor], receptor in firing.lost)
        lines += _block(f"onReceive({_port(receptor)}):", body)
    if firing.event is not None:
        condition = _condition(firing)
        lines += _block(f"onCondition({condition}):", _event(firing))
    return "\n".join(lines) + "\n"


def _check_expressible(cell: dyn.CellOp, ops: list[Operation]) -> None:
    """Refuse sources, and names that stand for something else in NESTML."""
    for op in ops:
        if isinstance(op, dyn.PoissonOp | dyn.ScheduleOp):
            raise UnsupportedError(f"NESTML has no sources such as '{cell.label}'")
        named = isinstance(op, dyn.Declaration | dyn.AliasOp) and op.label in _CONSTANTS
        if named and not _is_euler(op):
            raise UnsupportedError("a name is a constant of NESTML", location_of(op))


def _is_euler(op: Operation) -> bool:
    if not isinstance(op, dyn.AliasOp) or op.label != "e":
        return False
    value = op.value.owner
    return isinstance(value, ex.ConstOp) and value.number == math.e


def _block(head: str, statements: Iterable[str]) -> list[str]:
    inside = [f"        {line}" for line in statements]
    return [f"    {head}", *inside] if inside else []


def _unit(dimension: Exponents) -> str:
    return "real" if dimension == DIMENSIONLESS else _unit_text(dimension)


def _number(value: float, dimension: Exponents) -> str:
    return repr(value) if dimension == DIMENSIONLESS else f"{value!r}{_literal_unit(dimension)}"


def _state(ops: list[Operation], firing: Firing) -> Iterator[str]:
    for op in ops:
        if isinstance(op, dyn.StateOp):
            start = _number(op.initial.value.data * op.scale, op.type.exponents)
            yield f"{op.label} {_unit(op.type.exponents)} = {start}"
    if firing.refractory is not None:
        yield f"{REMAINING} ms = 0 ms"


def _equations(ops: list[Operation], firing: Firing) -> Iterator[str]:
    writer = Writer(LANGUAGE)
    for op in ops:
        if isinstance(op, dyn.AliasOp) and op.label not in _CONSTANTS:
            unit = _unit(op.dimension.data)
            yield f"inline {op.label} {unit} = {writer.region(op.body)}"
    for op in firing.derivatives:
        yield f"{op.state.data}' = {writer.region(op.body)}"
    if firing.refractory is not None:
        yield f"{REMAINING}' = -1"


def _parameters(ops: list[Operation]) -> Iterator[str]:
    for op in ops:
        if isinstance(op, dyn.ParamOp) and op.default is not None:
            default = _number(op.default.value.data * op.scale, op.type.exponents)
            yield f"{op.label} {_unit(op.type.exponents)} = {default}"


def _input(ops: list[Operation]) -> Iterator[str]:
    for op in ops:
        if isinstance(op, dyn.ReceptorOp):
            yield f"{_port(op.label)} <- spike"
        elif isinstance(op, dyn.CurrentOp):
            yield f"{op.label} {_unit(op.type.exponents)} <- continuous"


def _update(firing: Firing) -> Iterator[str]:
    moving = [op.state.data for op in firing.derivatives]
    resting = [name for name in moving if name not in firing.held]
    if firing.refractory is None:
        yield f"integrate_odes({', '.join(moving)})"
        return
    yield f"if {REMAINING} > 0 ms:"
    yield f"    integrate_odes({', '.join([*resting, REMAINING])})"
    yield "else:"
    yield f"    integrate_odes({', '.join(moving)})"


def _arrival(op: dyn.OnOp, dimension: Exponents, lost: bool) -> Iterator[str]:
    writer = Writer(LANGUAGE)
    unit = "" if dimension == DIMENSIONLESS else f"1 {_unit_text(dimension)} * "
    writer.bind(op.body.block.args[0], f"({unit}{_port(op.receptor.data)} * 1 s)")
    if lost:
        yield f"if {REMAINING} <= 0 ms:"
    for inner in op.body.block.ops:
        if isinstance(inner, dyn.SetOp):
            indent = "    " if lost else ""
            yield f"{indent}{inner.state.data} = {writer.text(inner.value)}"


def _condition(firing: Firing) -> str:
    assert firing.event is not None
    condition = Writer(LANGUAGE).region(firing.event.condition)
    return condition if firing.refractory is None else f"{REMAINING} <= 0 ms and {condition}"


def _event(firing: Firing) -> Iterator[str]:
    assert firing.event is not None
    writer = Writer(LANGUAGE)
    assigned: set[str] = set()
    for op in firing.event.body.block.ops:
        if isinstance(op, dyn.SetOp):
            _check_order(op, assigned)
            yield f"{op.state.data} = {writer.text(op.value)}"
            assigned.add(op.state.data)
    if firing.refractory is not None:
        yield f"{REMAINING} = {writer.region(firing.refractory)}"
    yield "emit_spike()"


def _check_order(op: dyn.SetOp, assigned: set[str]) -> None:
    """Refuse an assignment that reads what was assigned before it: NESTML has no old values."""
    read = {inner.variable.data for inner in _operations(op) if isinstance(inner, ex.GetOp)}
    for name in sorted(read & assigned):
        raise UnsupportedError(
            f"NESTML assigns one after another; '{op.state.data}' reads the old '{name}'",
            location_of(op),
        )


def _operations(op: Operation) -> Iterator[Operation]:
    for operand in op.operands:
        if isinstance(operand.owner, Operation):
            yield operand.owner
            yield from _operations(operand.owner)
