"""Values of a network as numbers, one per cell where they differ."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from snnc.ir.diagnostics import UnsupportedError, UserError
from snnc.ir.values import DistanceExpression, Random, Sequences, Value
from snnc.runtime.jit.cache import Kernels
from snnc.runtime.random import draw_elements, key

Numbers = float | NDArray[np.float64]


@dataclass(frozen=True)
class Draws:
    """How the random values of an object are drawn.

    Attributes
    ----------
    kernels : Kernels
        Where the sampler comes from.
    seed : int
        Seed of the network, for values without their own.
    object_id : int
        The object.
    """

    kernels: Kernels
    seed: int
    object_id: int

    def elements(self, value: Random, purpose: int, gids: NDArray[np.int64]) -> NDArray[np.float64]:
        """Draw a value for each cell of a network-wide index."""
        seed = self.seed if value.seed is None else value.seed
        where = key(seed, self.object_id, purpose)
        return draw_elements(self.kernels, value.name, value.params, where, gids)


def numbers(
    value: Value, name: str, size: int, draw: Callable[[Random], NDArray[np.float64]]
) -> Numbers:
    """Return a value as a float, or as an array of one float per cell.

    Parameters
    ----------
    value : Value
        What was given.
    name : str
        Of what, for messages.
    size : int
        Number of cells.
    draw : callable
        Draws random values.

    Raises
    ------
    UserError
        An array of another size, or a value that is not a number.
    UnsupportedError
        An expression of distance, which only synapses have.
    """
    if isinstance(value, Random):
        return draw(value)
    if isinstance(value, DistanceExpression):
        raise UnsupportedError(
            f"'{name}' of cells cannot depend on distance; found '{value.text}', "
            "expected a number, an array or a random distribution"
        )
    if isinstance(value, Sequences):
        raise UserError(f"'{name}' is one number per cell; found sequences")
    if np.ndim(value) == 0:
        return _finite(float(value), name)
    array = np.array(value, np.float64)
    if array.shape != (size,):
        raise UserError(
            f"wrong number of values for '{name}'; found {'x'.join(map(str, array.shape))}, "
            f"expected {size}"
        )
    return _finite(array, name)


def _finite(values: Numbers, name: str) -> Numbers:
    if np.isnan(values).any():
        raise UserError(f"'{name}' is not a number (nan)")
    return values


def folded(values: Numbers) -> Numbers:
    """Return an array of equal values as one number."""
    if isinstance(values, np.ndarray) and values.size and (values == values[0]).all():
        return float(values[0])
    return values


def replaced(old: Numbers, new: Numbers, index: NDArray[np.int64] | None, size: int) -> Numbers:
    """Return `old` with `new` in the cells of an index, or in all."""
    if index is None:
        return new
    result = np.array(np.broadcast_to(old, size), np.float64)
    result[index] = new
    return folded(result)
