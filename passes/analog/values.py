"""The values that a population's parameters give its circuits, before they are scaled."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import sympy

from snnc.hardware.circuits import Numbers
from snnc.ir.diagnostics import UnsupportedError
from snnc.ir.dialects import native, snn
from snnc.ir.locations import location_of
from snnc.ir.model_info import ParameterInfo, describe_model, models_of
from snnc.ir.pass_context import PassContext
from snnc.ir.resources import decode
from snnc.ir.units import parse_unit
from snnc.passes.native.forms import Expression, Form, Reader, of_constant

_FUNCTIONS = {"select": np.where, "min": np.minimum, "max": np.maximum, "abs": np.abs}


def circuit_values(
    population: snn.PopulationOp, found: native.MatchOp, around: PassContext
) -> dict[str, Numbers]:
    """Return the value of each parameter of the circuits, in coherent units (mV, ms, nF, uS, nA).

    Parameters
    ----------
    population : snn.PopulationOp
        The population.
    found : native.MatchOp
        What its cells are, with the parameters of circuits as functions of theirs.
    around : PassContext
        Has the arrays.

    Raises
    ------
    UnsupportedError
        If what the circuits need is not given by numbers, or not the case.
    """
    own = _own_values(population, around)
    ops = list(found.body.block.ops)
    names = {name: of_constant(sympy.Symbol(name)) for name in own}
    for op in ops:
        if isinstance(op, native.RequireOp) and not np.all(_number(Reader(names), op, own)):
            raise UnsupportedError(
                f"population '{population.label}': circuits cannot be its cells with these values",
                location_of(population),
            )
    return {
        op.label: _number(Reader(names), op, own)
        for op in ops
        if isinstance(op, native.ParameterOp)
    }


def _own_values(population: snn.PopulationOp, around: PassContext) -> dict[str, Numbers]:
    info = describe_model(models_of(around.document.module)[population.model])
    return {
        name: _own_value(population, parameter, around)
        for name, parameter in info.parameters.items()
    }


def _own_value(
    population: snn.PopulationOp, parameter: ParameterInfo, around: PassContext
) -> Numbers:
    given = population.parameters.data.get(parameter.name)
    if given is None:
        value = parameter.default if parameter.default is not None else np.nan
    else:
        value = decode(given, around.document.resources)
    if not isinstance(value, float | np.ndarray):
        raise UnsupportedError(
            f"population '{population.label}': '{parameter.name}' is given by a rule; circuits "
            "need numbers, or an array with one for each cell",
            location_of(population),
        )
    return value * parse_unit(parameter.unit).scale


def _number(
    reader: Reader, op: native.ParameterOp | native.RequireOp, own: Mapping[str, Numbers]
) -> Numbers:
    value: Form = reader.read(op.value)
    return evaluate(value.constant, own)


def evaluate(value: Expression, own: Mapping[str, Numbers]) -> Numbers:
    """Return the number, or the array of numbers, that an expression of parameters has."""
    names = sorted(str(symbol) for symbol in value.free_symbols)
    function = sympy.lambdify([sympy.Symbol(n) for n in names], value, [_FUNCTIONS, "numpy"])
    return np.asarray(function(*(own[name] for name in names)), np.float64)
