"""How the numbers of a cell in fixed point change with the unit that currents count in.

A current, a conductance, a capacity and a weight are of degree 1: in a unit of half the size they
are twice as large. A resistance is of degree -1, a potential and a time of degree 0. Where sums and
comparisons are of numbers of one degree throughout, the unit is free: the potentials are the same
in any, but for rounding.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from xdsl.ir import Operation, SSAValue

from snnc.ir.diagnostics import UnsupportedError
from snnc.ir.dialects import fx
from snnc.ir.units import BASE, parse_unit
from snnc.passes.native.evaluation import Numbers

_NA = BASE.index("nA")
Degree = int | None
"""None of the number 0, which has any."""


def degree_of(unit: str) -> int:
    """Return how often a unit has the current as a factor."""
    return parse_unit(unit).exponents[_NA]


def current_degrees(cell: fx.CellOp, units: Mapping[str, str]) -> dict[SSAValue, Degree]:
    """Return the degree of each value of a cell.

    Parameters
    ----------
    cell : fx.CellOp
        The arithmetic of a model.
    units : mapping of str to str
        The unit of each parameter, state, receptor and current of its equations.

    Raises
    ------
    UnsupportedError
        If numbers of different degrees are added, compared or stored: the unit is not free.
    """
    found: dict[SSAValue, Degree] = {}
    for op in [*cell.body.block.ops, *cell.update.body.block.ops]:
        operands = [found[operand] for operand in op.operands if operand in found]
        degree = _degree(op, operands, units)
        for result in op.results:
            found[result] = degree
    return found


def _degree(op: Operation, operands: list[Degree], units: Mapping[str, str]) -> Degree:
    match op:
        case fx.ParamOp() | fx.LoadOp() | fx.ArrivalsOp():
            return _declared(op.label, units)
        case fx.CurrentOp():
            return 1
        case fx.ConstOp():
            return 0 if op.value else None
        case fx.MulOp():
            return None if None in operands else sum(filter(None, operands))
        case fx.DivOp():
            return (operands[0] or 0) - (operands[1] or 0)
        case fx.DecayOp() | fx.CeilOp():
            return _same(op, [*operands, 0])
        case fx.StoreOp():
            return _same(op, [*operands, _declared(op.label, units)])
        case fx.AddOp() | fx.SubOp() | fx.CompareOp() | fx.SelectOp():
            return _same(op, operands)
    return 0


def _declared(name: str, units: Mapping[str, str]) -> int:
    return degree_of(units[name]) if name in units else 0


def _same(op: Operation, operands: list[Degree]) -> Degree:
    known = {degree for degree in operands if degree is not None}
    if len(known) > 1:
        result = next((one.name_hint for one in op.results if one.name_hint), op.name)
        raise UnsupportedError(f"'{result}' has a current and what does not depend on its unit")
    return next(iter(known), None)


def kept_input(cell: fx.CellOp, receptor: str) -> tuple[str, SSAValue] | None:
    """Return the state that keeps what arrives at a receptor, and what decays it in each step."""
    stores = (op for op in cell.update.body.block.ops if isinstance(op, fx.StoreOp))
    for op in stores:
        product = op.value.owner
        if isinstance(product, fx.MulOp) and _arrives(product.lhs, receptor):
            return op.label, product.rhs
    return None


def _arrives(value: SSAValue, receptor: str) -> bool:
    """Tell whether a value is made of what arrives at a receptor."""
    op = value.owner
    if isinstance(op, fx.ArrivalsOp):
        return op.label == receptor
    return isinstance(op, Operation) and any(_arrives(one, receptor) for one in op.operands)


def constants_in_floats(
    cell: fx.CellOp, given: Mapping[str, Numbers], dt: float
) -> dict[SSAValue, NDArray[np.float64]]:
    """Return what a cell computes once, without any rounding.

    Parameters
    ----------
    cell : fx.CellOp
        The arithmetic.
    given : mapping of str to float or ndarray
        The machine's parameters in coherent units; others have their defaults.
    dt : float
        Time step in ms.
    """
    found: dict[SSAValue, NDArray[np.float64]] = {}
    with np.errstate(all="ignore"):
        for op in cell.body.block.ops:
            if op.results:
                operands = [found[operand] for operand in op.operands]
                found[op.results[0]] = np.asarray(_number(op, operands, given, dt), np.float64)
    return found


def _number(
    op: Operation, operands: list[NDArray[np.float64]], given: Mapping[str, Numbers], dt: float
) -> Numbers:
    match op:
        case fx.DtOp():
            return dt
        case fx.ParamOp():
            return given.get(op.label, op.default or 0.0)
        case fx.ConstOp():
            return op.value / 2.0 ** fx.fixed_type(op.result).point
        case fx.AddOp():
            return operands[0] + operands[1]
        case fx.SubOp():
            return operands[0] - operands[1]
        case fx.MulOp():
            return operands[0] * operands[1]
        case fx.DivOp():
            return operands[0] / operands[1]
        case fx.DecayOp():
            return np.exp(-operands[0])
        case fx.CeilOp():
            return np.ceil(operands[0])
    raise AssertionError(f"unexpected operation {op.name}")
