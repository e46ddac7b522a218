"""The synapses of a network as lists, made as the ``cpu`` target makes them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from snnc.ir.text import Document
from snnc.runtime.replica import replica_of
from snnc.runtime.simulation import Simulation


@dataclass(frozen=True, eq=False)
class ListedSynapses:
    """The synapses of a projection, sorted by (pre, post, ordinal).

    Attributes
    ----------
    pre, post : ndarray of int64, shape (m,)
        Positions in the projection's own selections of cells.
    values : mapping of str to ndarray of float64, shape (m,)
        Weight, delay (ms), parameters and states, in declared units.
    """

    pre: NDArray[np.int64]
    post: NDArray[np.int64]
    values: Mapping[str, NDArray[np.float64]]


def list_synapses(source: Document) -> Mapping[str, ListedSynapses]:
    """Return the synapses of each projection of a network by its symbol."""
    artifact = replica_of(source)
    simulation = Simulation(artifact)
    found = {}
    for plan in artifact.projections:
        edges = simulation.edges(plan.name)
        synapse = artifact.synapses[plan.synapse]
        per_synapse = [state.name for state in synapse.states if state.axes != ("post",)]
        names = ["weight", "delay", *(p.name for p in synapse.parameters), *per_synapse]
        values = {name: simulation.edge_values(plan.name, name) for name in names}
        found[plan.name] = ListedSynapses(edges.pre, edges.post, values)
    return found
