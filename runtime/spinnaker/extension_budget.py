"""What delay extensions, the cores that send packets of slices again, do in each time step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from snnc.codegen.spinnaker_emulation import EmulatedExtension
from snnc.hardware.spinnaker import SpiNNaker

Counts = NDArray[np.int64]


class ExtensionBudget:
    """Counts the packets of extensions, and the cycles that they take.

    In each step a core looks at every cell of every stage, takes the packets of its slice in, and
    sends those again that came `steps`, 2 · `steps`, ... ago (``delay_extension.c``).

    Parameters
    ----------
    extensions : sequence of EmulatedExtension
        The extensions.
    machine : SpiNNaker
        With cycles of each check and packet.
    """

    def __init__(self, extensions: Sequence[EmulatedExtension], machine: SpiNNaker) -> None:
        self._extensions = extensions
        self._machine = machine
        self.clear()

    def clear(self) -> None:
        """Forget the packets that wait."""
        self._waiting = [np.zeros(one.stages * one.steps, np.int64) for one in self._extensions]

    def take_over(self, other: ExtensionBudget) -> None:
        """Go on with the packets that wait in the same extensions of another budget."""
        self._waiting = [waiting.copy() for waiting in other._waiting]

    def add(
        self, steps: int, first: int, spikes: Mapping[str, tuple[Counts, Counts]]
    ) -> tuple[NDArray[np.float64], Counts]:
        """Return the cycles and the packets taken in, each of shape (steps, extensions).

        Parameters
        ----------
        steps : int
            Steps that follow those of the last call.
        first : int
            The stamp of the spikes of the first.
        spikes : mapping of str to (stamps, cells)
            What each population has sent.
        """
        cycles = np.zeros((steps, len(self._extensions)))
        packets = np.zeros((steps, len(self._extensions)), np.int64)
        none = np.empty(0, np.int64), np.empty(0, np.int64)
        for number, one in enumerate(self._extensions):
            stamps, cells = spikes.get(one.population, none)
            tick = stamps - first
            mine = (tick >= 0) & (tick < steps) & (cells >= one.first) & (cells < one.last)
            came = np.bincount(tick[mine], minlength=steps)
            known = np.concatenate([self._waiting[number], came])
            late = (np.arange(1, one.stages + 1) * one.steps)[:, None]
            sent = known[one.stages * one.steps + np.arange(steps) - late].sum(axis=0)
            self._waiting[number] = known[steps:]
            checks = one.stages * (one.last - one.first)
            cycles[:, number] = self._machine.cycles_per_delay_check * checks
            cycles[:, number] += self._machine.cycles_per_packet * (came + sent)
            packets[:, number] = came
        return cycles, packets
