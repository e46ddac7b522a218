"""Which stage of a delay extension reaches a synapse."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from snnc.codegen.spinnaker import SpiNNakerArtifact


class LateCells:
    """The extensions of a network.

    Parameters
    ----------
    artifact : SpiNNakerArtifact
        The network on the machine.
    begin : mapping of str to int
        Number of the first cell of each slice and extension.
    """

    def __init__(self, artifact: SpiNNakerArtifact, begin: Mapping[str, int]) -> None:
        self._cells = sum(one.size for one in artifact.slices)
        self._stages: dict[str, NDArray[np.int64]] = {}
        for late in artifact.extensions:
            first, size = begin[late.slice.name], late.slice.size
            for name in late.projections:
                known = self._stages.setdefault(name, np.zeros((4, self._cells), np.int64))
                column = np.array([begin[late.name] - first, size, late.steps, late.stages])
                known[:, first : first + size] = column[:, None]

    def sent(
        self, projection: str, cells: NDArray[np.int64], delays: NDArray[np.integer]
    ) -> tuple[NDArray[np.int64], NDArray[np.integer]]:
        """Return what sends the packets of synapses, and what is left of their delays.

        Parameters
        ----------
        projection : str
            Name of the projection.
        cells : ndarray of int64, shape (n,)
            Numbers of presynaptic cells.
        delays : ndarray of int, shape (n,)
            In steps.
        """
        if projection not in self._stages:
            return cells, delays
        offset, size, steps, stages = self._stages[projection][:, cells]
        stage = np.minimum((delays - 1) // np.maximum(steps, 1), stages)
        late = cells + offset + (stage - 1) * size
        return np.where(stage > 0, late, cells), delays - stage * steps
