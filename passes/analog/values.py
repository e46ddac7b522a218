"""The values that a population's parameters give its circuits, before they are scaled."""

from __future__ import annotations

import numpy as np

from snnc.ir.diagnostics import UnsupportedError
from snnc.ir.dialects import native, snn
from snnc.ir.locations import location_of
from snnc.ir.model_info import ParameterInfo, describe_model, models_of
from snnc.ir.pass_context import PassContext
from snnc.ir.resources import decode
from snnc.ir.units import parse_unit
from snnc.passes.native.evaluation import Numbers, bound_value, parameter_values


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
    for op in found.body.block.ops:
        if isinstance(op, native.RequireOp) and not np.all(bound_value(op, own)):
            raise UnsupportedError(
                f"population '{population.label}': circuits cannot be its cells with these values",
                location_of(population),
            )
    return parameter_values(found, own)


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
