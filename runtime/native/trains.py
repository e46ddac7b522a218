"""The spikes of sources, made once so that every simulator replays the same."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from snnc.codegen.artifact import Artifact, RecordPlan, SelectionPlan
from snnc.ir.values import Value
from snnc.runtime.engine.clock import Clock
from snnc.runtime.engine.recording import SPIKES
from snnc.runtime.simulation import Simulation

Spikes = tuple[NDArray[np.int64], NDArray[np.int64]]


def sources_of(artifact: Artifact, models: Collection[str]) -> tuple[str, ...]:
    """Return the populations of which a simulator has no `models`: sources of spikes."""
    return tuple(plan.name for plan in artifact.populations if plan.cell not in models)


class Trains:
    """The spikes of a network's sources, from a simulation of these alone.

    Random numbers are drawn by the object, cell and step that they belong to, so these are the
    spikes that the sources have in a simulation of the whole network.

    Parameters
    ----------
    artifact : Artifact
        The whole network.
    models : collection of str
        The cells that the simulator has; the others are sources.
    ahead : int
        Steps by which spikes must be known before they are emitted.
    """

    def __init__(self, artifact: Artifact, models: Collection[str], ahead: int = 0) -> None:
        self._ahead = ahead
        self.names = sources_of(artifact, models)
        populations = tuple(p for p in artifact.populations if p.name in self.names)
        records = tuple(
            RecordPlan(SelectionPlan(((name, slice(None)),)), (SPIKES,), artifact.dt)
            for name in self.names
        )
        own = replace(
            artifact, populations=populations, projections=(), sources=(), records=records,
            cells={p.cell: artifact.cells[p.cell] for p in populations}, synapses={},
        )  # fmt: skip
        self._simulation = Simulation(own)
        self._reached = 0
        self._emitted: dict[str, Spikes] = {}
        self._clock = Clock(artifact.dt)

    def advance(self, steps: int) -> dict[str, Spikes]:
        """Return the spikes of the next steps that are not known yet, by population.

        Returns
        -------
        dict of str to (stamps, cells)
            int64 arrays: steps in which spikes were emitted (0 among them at the start), and
            indices in the population; sorted by cell, then stamp.
        """
        if not self.names:
            return {}
        until = self._reached + steps + self._ahead
        self._simulation.run(self._clock.time(until - self._simulation.step))
        self._reached += steps
        result: dict[str, Spikes] = {}
        for name in self.names:
            times, cells = self._simulation.spikes(name)
            result[name] = self._clock.steps(times), cells
            self._keep(name, *result[name])
        self._simulation.clear()
        return result

    def _keep(self, name: str, stamps: NDArray[np.int64], cells: NDArray[np.int64]) -> None:
        before, of = self._emitted.get(name, (stamps[:0], cells[:0]))
        self._emitted[name] = np.concatenate((before, stamps)), np.concatenate((of, cells))

    def emitted(self) -> dict[str, Spikes]:
        """Return the spikes up to the present step that have not been returned yet."""
        result: dict[str, Spikes] = {}
        for name, (stamps, cells) in self._emitted.items():
            past = stamps <= self._reached
            result[name] = stamps[past], cells[past]
            self._emitted[name] = stamps[~past], cells[~past]
        return result

    def set_parameter(
        self, population: str, name: str, value: Value, index: ArrayLike | None
    ) -> None:
        """Set a parameter of sources from the present step on."""
        self._simulation.set_parameter(population, name, value, index)

    def reset(self) -> None:
        """Return to the start: the same spikes follow."""
        self._simulation.reset()
        self._reached = 0
        self._emitted = {}

    def close(self) -> None:
        """End the simulation of the sources."""
        self._simulation.close()
