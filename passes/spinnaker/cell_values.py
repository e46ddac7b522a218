"""What values the cells of a population can have, before any is drawn."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from xdsl.dialects.builtin import FloatAttr
from xdsl.ir import Attribute

from snnc.ir.dialects import snn
from snnc.ir.dialects.map_weights_rules import populations_of
from snnc.ir.dialects.snn_values import ArrayHandleAttr, RandomAttr
from snnc.ir.model_info import ModelInfo
from snnc.ir.units import parse_unit
from snnc.passes.native.evaluation import Numbers
from snnc.passes.spinnaker.value_ranges import random_range

Arrays = Mapping[str, np.ndarray]
_AMPLITUDES = {
    "dc": {"amplitude": (1.0, 1.0)},
    "ac": {"amplitude": (1.0, 1.0), "offset": (1.0, 0.0)},
    "step": {"amplitudes": (1.0, 0.0)},
    "noisy": {"mean": (1.0, 0.0), "stdev": (5.0, 1.0)},
}
"""What adds up to the largest current of a source, by kind: how often, and the default in nA."""


def own_values(
    population: snn.PopulationOp, model: ModelInfo, arrays: Arrays
) -> dict[str, Numbers] | None:
    """Return what the parameters of a population's cells can be, in coherent units.

    Parameters
    ----------
    population : snn.PopulationOp
        The population.
    model : ModelInfo
        Its model.
    arrays : mapping of str to ndarray
        The arrays of the network, by name.

    Returns
    -------
    dict of str to float or ndarray, or None
        Numbers, one for each cell, or the ends of a range along an axis of its own, so that the
        arrays together have every corner of the ranges. None where the text does not tell.
    """
    found: dict[str, Numbers] = {}
    axes = 1
    for name, parameter in model.parameters.items():
        if parameter.sequence:
            continue
        given = population.parameters.data.get(name)
        value = parameter.default if given is None else _ends(given, arrays)
        if value is None:
            return None
        if isinstance(given, RandomAttr):
            value = np.reshape(value, (2, *([1] * axes)))
            axes += 1
        found[name] = value * parse_unit(parameter.unit).scale
    return found


def injected(network: snn.NetworkOp, population: str, arrays: Arrays) -> float:
    """Return the largest current in nA that sources give to a population, by its symbol."""
    symbols = network.symbols()
    total = 0.0
    for op in network.body.block.ops:
        if isinstance(op, snn.InjectOp) and population in populations_of(op.target, symbols):
            source = symbols[op.source]
            assert isinstance(source, snn.SourceOp)
            for name, (often, default) in _AMPLITUDES[source.kind].items():
                given = source.parameters.data.get(name)
                value = default if given is None else _ends(given, arrays)
                total += often * (np.inf if value is None else largest(value))
    return total


def largest(values: Numbers) -> float:
    """Return the largest size of some numbers."""
    return float(np.max(np.abs(values), initial=0.0))


def _ends(value: Attribute, arrays: Arrays) -> Numbers | None:
    match value:
        case FloatAttr():
            return float(value.value.data)
        case ArrayHandleAttr() if value.data.name in arrays:
            return np.asarray(arrays[value.data.name], np.float64)
        case RandomAttr():
            found = random_range(value.data)
            return None if found is None else np.array([found.least, found.most])
    return None
