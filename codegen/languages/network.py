"""A network with all its values and connections as numbers, for languages that list them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from snnc.ir.values import Option, Sequences, Value

Cell: TypeAlias = "tuple[str, int]"
"""The symbol of a population and an index in it."""


@dataclass(frozen=True)
class Cells:
    """A population: values in the units that the model declares, those that differ as arrays."""

    name: str
    size: int
    model: str
    parameters: Mapping[str, float | NDArray[np.float64] | Sequences]
    initial: Mapping[str, float | NDArray[np.float64]]
    positions: NDArray[np.float64] | None = None


@dataclass(frozen=True)
class Connections:
    """A projection: its rule as given, and the connections that it makes.

    `weights` are in the unit of the receptor, `delays` in ms; both have the shape (m,).
    `populations` are those that the rule joins, if it joins the whole of two.
    """

    name: str
    pre: Sequence[Cell]
    post: Sequence[Cell]
    receptor: str
    synapse: str
    weights: NDArray[np.float64]
    delays: NDArray[np.float64]
    rule: tuple[str, Mapping[str, Option]]
    weight: Value
    populations: tuple[str, str] | None


@dataclass(frozen=True)
class Current:
    """A source of current, in nA and ms, and the cells that take it."""

    name: str
    kind: str
    parameters: Mapping[str, Value]
    targets: Sequence[Cell]


@dataclass(frozen=True)
class Network:
    """Everything that a network consists of.

    `recorded` holds cells and the variables that are kept of them, ``spikes`` among them;
    `packaged` the names of the models that are those of the packaged library.
    """

    name: str
    dt: float
    cells: Sequence[Cells] = ()
    connections: Sequence[Connections] = ()
    currents: Sequence[Current] = ()
    recorded: Sequence[tuple[Cell, str]] = ()
    packaged: frozenset[str] = frozenset()


def single(values: float | NDArray[np.float64]) -> float | None:
    """Return the one number that all values are, or None if they differ."""
    array = np.atleast_1d(np.asarray(values, np.float64))
    return float(array[0]) if array.size and np.all(array == array[0]) else None
