"""A network as the wafer passes see it: all cells numbered through, and all synapses as arrays."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from snnc.passes.analog.quantise import lines_of
from snnc.passes.analog.reading import AnalogMapping

Integers = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Connections:
    """Cells and synapses of a network.

    Attributes
    ----------
    neuron : ndarray of bool, shape (cells,)
        Whether a cell needs circuits; others send spikes from outside.
    pre, post : ndarray of int64, shape (synapses,)
        Numbers of cells.
    receptor : ndarray of int64, shape (synapses,)
        Which of the two synaptic inputs of the postsynaptic cell: 0 or 1.
    """

    neuron: NDArray[np.bool_]
    pre: Integers
    post: Integers
    receptor: Integers

    @property
    def cells(self) -> int:
        """Number of cells."""
        return self.neuron.size

    def in_degrees(self) -> Integers:
        """Return how many synapses each cell has."""
        return np.bincount(self.post, minlength=self.cells)

    def out_degrees(self) -> Integers:
        """Return how many synapses each cell makes."""
        return np.bincount(self.pre, minlength=self.cells)

    def inhibition(self) -> NDArray[np.float64]:
        """Return which share of the synapses that a cell makes goes to the second input."""
        second = np.bincount(self.pre, weights=self.receptor, minlength=self.cells)
        return second / np.maximum(self.out_degrees(), 1)


def connections_of(mapping: AnalogMapping) -> Connections:
    """Return the connections of a network whose synapses are listed."""
    wiring = mapping.wiring
    return Connections(~mapping.is_source, wiring.pre, wiring.post, lines_of(mapping, wiring))
