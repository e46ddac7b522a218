"""Numbers of what a match says: a simulator's parameters, for given ones of a model."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import sympy
from numpy.typing import NDArray

from snnc.ir.dialects import native
from snnc.passes.native.forms import Expression, Reader, of_constant

Numbers = float | NDArray[np.float64]
_FUNCTIONS = {"select": np.where, "min": np.minimum, "max": np.maximum, "abs": np.abs}


def parameter_values(found: native.MatchOp, own: Mapping[str, Numbers]) -> dict[str, Numbers]:
    """Return the value of each parameter of the simulator, in coherent units.

    Parameters
    ----------
    found : native.MatchOp
        The simulator's parameters as functions of the model's own.
    own : mapping of str to float or ndarray
        Those, in coherent units; arrays are broadcast.
    """
    return {
        op.label: bound_value(op, own)
        for op in found.body.block.ops
        if isinstance(op, native.ParameterOp)
    }


def bound_value(
    op: native.ParameterOp | native.RequireOp, own: Mapping[str, Numbers]
) -> np.ndarray:
    """Return the value of a parameter of the simulator, or of a condition."""
    reader = Reader({name: of_constant(sympy.Symbol(name)) for name in own})
    return _evaluate(reader.read(op.value).constant, own)


def _evaluate(value: Expression, own: Mapping[str, Numbers]) -> np.ndarray:
    names = sorted(str(symbol) for symbol in value.free_symbols)
    function = sympy.lambdify([sympy.Symbol(n) for n in names], value, [_FUNCTIONS, "numpy"])
    return np.asarray(function(*(own[name] for name in names)), np.float64)
