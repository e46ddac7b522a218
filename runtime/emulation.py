"""Runs networks in the arithmetic of SpiNNaker."""

from __future__ import annotations

from snnc.codegen.spinnaker_emulation import EmulatedArtifact
from snnc.runtime.simulation import Simulation


class Emulation(Simulation):
    """A network that computes what SpiNNaker would, step by step.

    A spike has the time at which the step begins that sends it, as in what sPyNNaker records.

    Parameters
    ----------
    artifact : EmulatedArtifact
        The network, and its place on cores.
    """

    def __init__(self, artifact: EmulatedArtifact) -> None:
        super().__init__(artifact.network)
        self.slices = artifact.slices
