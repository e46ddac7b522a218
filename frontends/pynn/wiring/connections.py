"""Single connections, and arrays of them."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np

from snnc.pynn.refusals import DimensionsRefused


class Connection:
    """One connection, whose weight, delay and parameters are attributes."""

    projection: Any
    index: int

    def __init__(self, projection: Any, index: int) -> None:
        object.__setattr__(self, "projection", projection)
        object.__setattr__(self, "index", index)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return self.projection.attribute(name)[self.index].item()

    def __setattr__(self, name: str, value: Any) -> None:
        values = self.projection.attribute(name).copy()
        values[self.index] = value
        self.projection.set(**{name: values})

    @property
    def source(self) -> Any:
        """The presynaptic cell."""
        return self.projection.pre[self.presynaptic_index]

    @property
    def target(self) -> Any:
        """The postsynaptic cell."""
        return self.projection.post[self.postsynaptic_index]

    def as_tuple(self, *attribute_names: str) -> tuple[float, ...]:
        """Return the values of some attributes."""
        return tuple(getattr(self, name) for name in attribute_names)


def connection(projection: Any, index: int) -> Connection:
    """Return a connection of a projection.

    Where the script has imported `pyNN.common`, it is an instance of PyNN's class too.
    """
    common = sys.modules.get("pyNN.common")
    kind = Connection if common is None else _with_base(common.Connection)
    return kind(projection, index)


@cache
def _with_base(base: type) -> type[Connection]:
    return type("Connection", (Connection, base), {"__module__": Connection.__module__})


def as_arrays(
    edges: Any, columns: Sequence[np.ndarray], shape: tuple[int, int], several: str
) -> list[np.ndarray]:
    """Return attributes as arrays of shape (pre, post) with NaN where there is no connection.

    Parameters
    ----------
    edges : Edges
        Indices `pre` and `post`, shape (n,) each.
    columns : sequence of ndarray, shape (n,)
        The attributes.
    shape : tuple of int
        Numbers of cells.
    several : str
        What to do with several connections of a pair: sum, last, first, min or max.
    """
    flat = edges.pre.astype(np.int64) * shape[1] + edges.post
    return [_array(flat, column, shape, several) for column in columns]


def _array(
    flat: np.ndarray, values: np.ndarray, shape: tuple[int, int], several: str
) -> np.ndarray:
    if flat.size == shape[0] * shape[1] and np.all(flat[1:] > flat[:-1]):
        return values.astype(np.float64).reshape(shape)
    array = np.full(shape[0] * shape[1], np.nan)
    if several == "last":
        array[flat] = values
    elif several == "first":
        array[flat[::-1]] = values[::-1]
    elif several == "sum":
        array[flat] = 0.0
        np.add.at(array, flat, values)
    else:
        array[flat] = np.inf if several == "min" else -np.inf
        (np.minimum if several == "min" else np.maximum).at(array, flat, values)
    return array.reshape(shape)


def per_connection(edges: Any, values: np.ndarray, shape: tuple[int, int], name: str) -> np.ndarray:
    """Return a value for each connection from an array or a list.

    Parameters
    ----------
    edges : Edges
        Indices `pre` and `post`, sorted, shape (n,) each.
    values : ndarray
        Of shape (pre, post), or one for each connection, or one for each connected pair.
    shape : tuple of int
        Numbers of cells.
    name : str
        For messages.
    """
    if values.ndim == 2:
        if values.shape != shape:
            raise DimensionsRefused(
                f"'{name}' has shape {values.shape}; expected {shape[0]} x {shape[1]}"
            )
        return values[edges.pre, edges.post]
    if values.shape == edges.pre.shape:
        return values
    flat = edges.pre.astype(np.int64) * shape[1] + edges.post
    pairs, number = np.unique(flat, return_inverse=True)
    if values.shape == pairs.shape:
        return values[number]
    if values.shape == (1,) or (1 in shape and values.shape == (max(shape),)):
        return np.broadcast_to(values.reshape(-1, 1) if shape[1] == 1 else values, shape)[
            edges.pre, edges.post
        ]
    raise DimensionsRefused(
        f"'{name}' has {values.size} values; expected one for each of {edges.pre.size} connections"
    )
