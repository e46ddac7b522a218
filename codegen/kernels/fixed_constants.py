"""Text of the module that computes once what a cell in fixed point needs, with NumPy."""

from __future__ import annotations

from xdsl.ir import Operation, SSAValue

from snnc.codegen.kernels.fixed_names import Names
from snnc.ir.dialects import fx
from snnc.ir.dialects.fx_types import Fixed

_HEADER = """

from snnc.runtime.fixed_point import ceiling, decay, product, quantised, quotient, wrapped

machine_parameters = constants


def constants(p, dt):
    n = machine_parameters(p, dt)
"""


_EXACT = """

POINTS = {points}


def exact(p, dt):
    n = machine_parameters(p, dt)"""


def fixed_constants(cell: fx.CellOp, parameters: str, names: Names) -> str:
    """Return the text of a module with ``constants(p, dt)``, and the same in floats, ``exact``.

    Parameters
    ----------
    cell : fx.CellOp
        The cell.
    parameters : str
        Text of a module whose ``constants(p, dt)`` gives the machine's parameters.
    names : Names
        Names of the values; those that the update reads are returned.
    """
    lines = [
        f"    {names.of(op.results[0])} = {_text(op, names)}"
        for op in cell.body.block.ops
        if op.results
    ]
    exact = [
        f"    {names.of(op.results[0])} = {_exact(op, names)}"
        for op in cell.body.block.ops
        if op.results
    ]
    kept = ", ".join(f"'{name}': {name}[()]" for name in names.constants)
    same = ", ".join(f"'{name}': {name}" for name in names.constants)
    points = {name: _point(value) for name, value in names.constants.items()}
    return "\n".join(
        [
            parameters + _HEADER,
            *lines,
            f"    return {{{kept}}}",
            _EXACT.format(points=points),
            *exact,
            f"    return {{{same}}}",
            "",
        ]
    )


def _text(op: Operation, names: Names) -> str:
    kind = fx.fixed_type(op.results[0])
    operands = [names.of(operand) for operand in op.operands]
    limits = f"{kind.point}, {kind.low}, {kind.high}"
    match op:
        case fx.DtOp():
            return f"quantised(dt, {limits}, 'time step')"
        case fx.ParamOp():
            return f"quantised({_given(op)}, {limits}, '{op.label}')"
        case fx.ConstOp():
            return f"np.int64({op.value})"
        case fx.AddOp():
            return _wrapped(" + ".join(operands), kind)
        case fx.SubOp():
            return _wrapped(" - ".join(operands), kind)
        case fx.MulOp():
            nearest = op.rounding == "nearest"
            rounded = f"product({', '.join(operands)}, {op.shift}, {nearest})"
            if op.overflow == "wrap":
                return _wrapped(rounded, kind)
            return f"np.clip({rounded}, {kind.low}, {kind.high})"
        case fx.DivOp():
            what = names.of(op.result)
            return f"quotient({', '.join(operands)}, {kind.point}, {kind.high}, '{what}')"
        case fx.DecayOp():
            return f"decay({operands[0]}, {kind.point})"
        case fx.CeilOp():
            return f"ceiling({operands[0]}, {_point(op.x)})"
    raise AssertionError(f"unexpected operation {op.name}")


def _given(op: fx.ParamOp) -> str:
    value = f"n.get('{op.label}', {op.default})"
    return value if op.scale == 1.0 else f"{value} * {op.scale}"


def _exact(op: Operation, names: Names) -> str:
    """Return a constant in floats."""
    operands = [names.of(operand) for operand in op.operands]
    match op:
        case fx.DtOp():
            return "dt"
        case fx.ParamOp():
            return _given(op)
        case fx.ConstOp():
            kind = fx.fixed_type(op.result)
            full = op.value == kind.high and kind.point == kind.bits
            return "1.0" if full else repr(op.value / 2**kind.point)
        case fx.DecayOp():
            return f"exp(-{operands[0]})"
        case fx.CeilOp():
            return f"np.ceil({operands[0]} - 1e-9)"
    sign = {fx.AddOp: "+", fx.SubOp: "-", fx.MulOp: "*", fx.DivOp: "/"}[type(op)]
    return f"{operands[0]} {sign} {operands[1]}"


def _wrapped(text: str, kind: Fixed) -> str:
    return f"wrapped({text}, {kind.bits}, {kind.signed})"


def _point(value: SSAValue) -> int:
    return fx.fixed_type(value).point
