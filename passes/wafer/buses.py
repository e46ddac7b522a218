"""What is heard where: the outputs of HICANNs that send, with their cells and listeners."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from snnc.hardware.wafer import Wafer
from snnc.passes.wafer.connections import Connections
from snnc.passes.wafer.placing import NOWHERE, Placement

Integers = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Buses:
    """Outputs in use, and what they have to deliver.

    Attributes
    ----------
    chip, output : ndarray of int64, shape (buses,)
        Where each is.
    of_cell : ndarray of int64, shape (cells,)
        The bus of each cell; -1 of those that send nothing.
    demand : ndarray of int64, shape (buses, HICANNs)
        Synapses that the cells of a bus make on each HICANN.
    """

    chip: Integers
    output: Integers
    of_cell: Integers
    demand: Integers


def buses_of(wafer: Wafer, connections: Connections, placement: Placement) -> Buses:
    """Return the outputs that cells send over."""
    sends = placement.address != NOWHERE
    key = np.where(sends, placement.chip * wafer.outputs + placement.output, NOWHERE)
    keys = np.unique(key[sends])
    of_cell = np.where(sends, np.searchsorted(keys, key), NOWHERE)
    heard = of_cell[connections.pre] != NOWHERE
    chips = len(wafer.chips)
    pair = of_cell[connections.pre[heard]] * chips + placement.chip[connections.post[heard]]
    demand = np.bincount(pair, minlength=keys.size * chips).reshape(keys.size, chips)
    return Buses(keys // wafer.outputs, keys % wafer.outputs, of_cell, demand)
