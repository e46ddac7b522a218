"""What a simulator must be able to do to run networks for snnc."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from snnc.codegen.native.artifact import NativeArtifact
from snnc.runtime.native.network import NativeNetwork, Numbers
from snnc.runtime.native.trains import Spikes

LOOKAHEAD = 2
"""Steps beyond those to be run for which `Driver.feed` is told the currents."""

Samples = tuple[NDArray[np.int64], NDArray[np.float64]]
"""Numbers of samples, shape (k,), and values in the simulator's unit, shape (k, cells)."""


class Driver(Protocol):
    """A network in a simulator, from its first step on.

    All times are steps of the network's own clock, whose conventions are those of the ``cpu``
    target: a spike of stamp k was emitted at the end of step k, arrives at stamp k + delay and
    first moves the potential one step later; a current in force from step k on first acts on the
    state of stamp k + 1; spikes of sources may have stamp 0. A driver shifts what its simulator
    does otherwise, and says by how much.

    Names of variables and parameters, and their units, are the simulator's own.

    Parameters
    ----------
    artifact : NativeArtifact
        The models, and emitted sources.
    network : NativeNetwork
        Parameters, initial states and connections; all are read when the driver is made.

    Raises
    ------
    UnsupportedError
        What the simulator cannot do.
    """

    def __init__(self, artifact: NativeArtifact, network: NativeNetwork) -> None: ...

    def record(
        self, population: str, variable: str | None, cells: NDArray[np.int64], interval: int
    ) -> None:
        """Record from now on exactly these cells (none, if empty); None stands for spikes.

        Sample s is taken at stamp s * interval.
        """
        ...

    def feed(self, trains: Mapping[str, Spikes], currents: NDArray[np.float64]) -> None:
        """Take the input of the next steps, which `advance` will run.

        Parameters
        ----------
        trains : mapping of str to (stamps, cells)
            Spikes of the source populations, sorted by cell, then stamp.
        currents : ndarray, shape (steps + LOOKAHEAD, sources)
            Current in nA of each source in force during each step; `NativeNetwork.injections` says
            which cells it reaches. The last rows are what follows unless a source is changed.
        """
        ...

    def advance(self, steps: int) -> None:
        """Run some of the steps for which there is input."""
        ...

    def spikes(self, population: str) -> Spikes:
        """Return the recorded spikes since the last call, in any order."""
        ...

    def samples(self, population: str, variable: str) -> Samples:
        """Return the samples since the last call; that of the present step may be missing."""
        ...

    def state(self, population: str, variable: str) -> NDArray[np.float64] | None:
        """Return a variable of all cells, shape (n,); None if it can only be recorded."""
        ...

    def set_state(
        self, population: str, variable: str, values: NDArray[np.float64], cells: NDArray[np.int64]
    ) -> None:
        """Set a variable of some cells."""
        ...

    def set_parameters(
        self, population: str, values: Mapping[str, Numbers], cells: NDArray[np.int64]
    ) -> None:
        """Set parameters: numbers, or one value for each of the cells."""
        ...

    def weights(self, projection: str) -> NDArray[np.float64]:
        """Return the weights in the order of the projection's blocks, one after the other."""
        ...

    def set_weights(self, projection: str, values: NDArray[np.float64]) -> None:
        """Set the weights, in that order."""
        ...

    def close(self) -> None:
        """Give up the network."""
        ...
