"""Runs networks in the arithmetic of SpiNNaker."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from snnc.codegen.kernels.fixed_kernel import OVERFLOWS, SATURATIONS, WRAPS
from snnc.codegen.spinnaker_emulation import EmulatedArtifact
from snnc.hardware.spinnaker import SpiNNaker
from snnc.ir.values import Value
from snnc.runtime.engine.carried_state import SimulationState
from snnc.runtime.engine.recompilation import NeedsRecompilation
from snnc.runtime.engine.report import Report
from snnc.runtime.fixed_point import DoesNotFit
from snnc.runtime.simulation import Simulation
from snnc.runtime.spinnaker import budget, errors
from snnc.runtime.spinnaker.budget import Budget, Counts, Load
from snnc.runtime.spinnaker.errors import FixedError


@dataclass
class EmulationState(SimulationState):
    """The state of an emulation between two runs, with what its cores have had to do."""

    budget: Budget


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
        self._emulated = artifact
        self._fixed = [
            plan.name for plan in self.artifact.populations if plan.cell in artifact.models
        ]
        self._sent = self._recording.watch()
        self._budget = Budget(
            artifact.slices, artifact.extensions, self._fixed, SpiNNaker(), self.dt
        )
        self._connected = False
        self._warned: set[str] = set()

    def _advance(self, steps: int, progress: Callable[[float], None] | None) -> None:
        first = self.step
        try:
            super()._advance(steps, progress)
        finally:
            self._count(first, self.step - first)
        self._warn()

    def _count(self, first: int, steps: int) -> None:
        """Count what the cores had to do in the steps just made."""
        if not self._connected:
            self._connect()
        spikes = {name: recorder.spikes() for name, recorder in self._sent.items()}
        if steps:
            self._budget.add(steps, first + 1, spikes)
        for recorder in self._sent.values():
            recorder.clear()

    def _connect(self) -> None:
        self._connected = True
        sizes = {plan.name: plan.size for plan in self.artifact.populations}
        for plan in self.artifact.projections:
            edges = self.edges(plan.name)
            pre, post = (_places(side.members, sizes) for side in (plan.pre, plan.post))
            for source in dict.fromkeys(name for name, _ in plan.pre.members):
                for target in dict.fromkeys(name for name, _ in plan.post.members):
                    (own, i), (theirs, j) = pre[source], post[target]
                    here = own[edges.pre] & theirs[edges.post]
                    self._budget.connect(
                        source, sizes[source], i[edges.pre[here]], target, j[edges.post[here]]
                    )

    def reset(self) -> None:
        """Return to t = 0; what has been counted is forgotten."""
        super().reset()
        self._budget.clear()

    def set_parameter(
        self, population: str, name: str, value: Value, index: ArrayLike | None = None
    ) -> None:
        """Set a parameter; see `Simulation.set_parameter`.

        Raises
        ------
        NeedsRecompilation
            It does not fit the unit in which the population's currents count.
        """
        try:
            super().set_parameter(population, name, value, index)
        except DoesNotFit:
            if self.current_bits.get(population):
                raise NeedsRecompilation(population, name, value) from None
            raise

    def export_state(self) -> EmulationState:
        """Return what is to be carried over, with what the cores have had to do."""
        return EmulationState(**vars(super().export_state()), budget=self._budget)

    def import_state(self, state: SimulationState) -> None:
        """Go on from the state of another simulation; see `Simulation.import_state`."""
        super().import_state(state)
        if isinstance(state, EmulationState):
            self._budget.take_over(state.budget)

    @property
    def current_bits(self) -> Mapping[str, int]:
        """By population in fixed point: its currents count in 2^-bits nA."""
        return self._emulated.bits

    def loads(self) -> list[Load]:
        """Return what each core has had to do since the start, or since cells changed cores."""
        return self._budget.loads(*(self._counted(n) for n in (OVERFLOWS, SATURATIONS, WRAPS)))

    def _counted(self, name: str) -> dict[str, Counts]:
        return {one: self._cells[one].states[name].read().astype(np.int64) for one in self._fixed}

    def errors(self) -> list[FixedError]:
        """Return how far weights and constants are from those of the network."""
        cells = [
            error
            for one in (self._cells[name] for name in self._fixed)
            for error in errors.constant_errors(one.plan.label, one)
        ]
        return [*errors.weight_errors(self._emulated.weights), *cells]

    def report(self) -> Report:
        """Return times, memory, what was rounded, and what the cores had to do."""
        labels = {plan.name: plan.label for plan in self.artifact.populations}
        units = [
            f"currents of '{labels[name]}' count in 2^{-bits} nA"
            for name, bits in self.current_bits.items()
        ]
        more = [*units, *errors.table(self.errors()), *budget.table(self.loads())]
        return replace(super().report(), precision="fixed", more=tuple(more))

    def _warn(self) -> None:
        """Warn once of each thing that the machine would not do in time, or not exactly."""
        loads = self.loads()
        if not loads:
            return
        late = max(loads, key=lambda one: one.late)
        full = [one for one in loads if one.overflows]
        cut = [one for one in loads if one.saturations]
        wrapped = [one for one in loads if one.wraps]
        told = {
            "late": late.late
            and f"{late.late} steps are too long for '{late.core}': up to {late.cycles:.0f} cycles "
            f"of {late.budget:.0f}; fewer 'cells' or a 'slowdown' of 'partition-cores' help",
            "full": full
            and f"ring buffers were full {sum(one.overflows for one in full)} times on "
            f"{len(full)} cores; 'choose-shifts{{bound=worst}}' makes room",
            "cut": cut
            and f"numbers did not fit 32 bits {sum(one.saturations for one in cut)} times on "
            f"{len(cut)} cores and were cut; currents or conductances are too large for s16.15",
            "wrapped": wrapped
            and f"numbers wrapped {sum(one.wraps for one in wrapped)} times on {len(wrapped)} "
            "cores, as they would on the machine without a word: from then on states are wrong; "
            "currents, conductances or potentials are too large for s16.15; fewer bits of "
            "'choose-current-unit' make room",
        }
        for what, text in told.items():
            if text and what not in self._warned:
                self._warned.add(what)
                warnings.warn(text, RuntimeWarning, stacklevel=5)


def _places(
    members: tuple[tuple[str, slice | np.ndarray], ...], sizes: dict[str, int]
) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Return, by population, which positions of a selection are its cells, and which cells."""
    names = np.concatenate([np.full(len(_cells(m, sizes)), n) for n, m in enumerate(members)])
    cells = np.concatenate([_cells(member, sizes) for member in members])
    found = {}
    for name, _ in members:
        own = [n for n, (other, _) in enumerate(members) if other == name]
        found[name] = np.isin(names, own), cells
    return found


def _cells(member: tuple[str, slice | np.ndarray], sizes: dict[str, int]) -> np.ndarray:
    name, chosen = member
    return np.arange(sizes[name])[chosen]
