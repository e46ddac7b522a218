"""What each core of a machine is asked to do in each time step, against what it can."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from snnc.codegen.spinnaker_emulation import EmulatedExtension, EmulatedSlice
from snnc.hardware.spinnaker import SpiNNaker
from snnc.runtime.spinnaker.extension_budget import ExtensionBudget

Counts = NDArray[np.int64]
_AT_ONCE = 1 << 22


@dataclass(frozen=True)
class Load:
    """What a core has done so far.

    Attributes
    ----------
    core : str
        Its name.
    cells : int
        Cells that it advances; sources are not counted.
    cycles : float
        Processor cycles of the busiest step, by the planning figures of `SpiNNaker`.
    mean_cycles : float
        Of a step on average.
    budget : float
        Cycles that a step lasts.
    late : int
        Steps that needed more than that.
    packets, events : int
        Packets and synaptic events of the busiest step.
    overflows : int
        Times that a ring buffer was full.
    saturations, wraps : int
        Times that a number of a cell was cut to what fits, or wrapped.
    """

    core: str
    cells: int
    cycles: float
    mean_cycles: float
    budget: float
    late: int
    packets: int
    events: int
    overflows: int
    saturations: int
    wraps: int


class Budget:
    """Counts the work of cores.

    Parameters
    ----------
    slices : sequence of EmulatedSlice
        Which cells are on which core.
    extensions : sequence of EmulatedExtension
        Which cores send packets again; they advance no cells.
    advanced : collection of str
        Populations whose cells are advanced in each step.
    machine : SpiNNaker
        With cycles per cell, per synaptic event and per ms.
    dt : float
        Time step in ms.
    """

    def __init__(
        self,
        slices: Sequence[EmulatedSlice],
        extensions: Sequence[EmulatedExtension],
        advanced: Iterable[str],
        machine: SpiNNaker,
        dt: float,
    ) -> None:
        self._placed = (tuple(slices), tuple(extensions))
        self.cores = list(dict.fromkeys(one.core for one in (*slices, *extensions)))
        self._extensions = ExtensionBudget(extensions, machine)
        self._extended = [self.cores.index(one.core) for one in extensions]
        self.budget = machine.clock * dt
        self._machine = machine
        self._slices: dict[str, list[tuple[int, int, int]]] = {}
        self._cells = np.zeros(len(self.cores), np.int64)
        chosen = set(advanced)
        for one in slices:
            core = self.cores.index(one.core)
            self._slices.setdefault(one.population, []).append((one.first, one.last, core))
            self._cells[core] += (one.last - one.first) * (one.population in chosen)
        self._synapses: dict[str, NDArray[np.int32]] = {}
        self.clear()

    def clear(self) -> None:
        """Forget what has been counted."""
        cores = len(self.cores)
        self._extensions.clear()
        self._steps = 0
        self._cycles = np.zeros(cores)
        self._most_cycles = np.zeros(cores)
        self._late = np.zeros(cores, np.int64)
        self._packets = np.zeros(cores, np.int64)
        self._events = np.zeros(cores, np.int64)

    def take_over(self, other: Budget) -> None:
        """Go on from what another has counted, if it has the same work on the same cores."""
        if self._placed == other._placed:
            self._extensions.take_over(other._extensions)
            self._steps += other._steps
            self._cycles += other._cycles
            self._late += other._late
            for own, known in (
                (self._most_cycles, other._most_cycles),
                (self._packets, other._packets),
                (self._events, other._events),
            ):
                np.maximum(own, known, out=own)

    def connect(self, population: str, size: int, pre: Counts, target: str, post: Counts) -> None:
        """Add synapses of cells `pre` of a population of some size onto cells `post` of another."""
        cores = len(self.cores)
        of = np.zeros(max((last for _, last, _ in self._slices[target]), default=0), np.int64)
        for first, last, core in self._slices[target]:
            of[first:last] = core
        pairs = np.bincount(pre * cores + of[post], minlength=size * cores)
        known = self._synapses.setdefault(population, np.zeros((size, cores), np.int32))
        known += pairs.reshape(size, cores).astype(np.int32)

    def add(self, steps: int, first: int, spikes: Mapping[str, tuple[Counts, Counts]]) -> None:
        """Count the work of some steps.

        Parameters
        ----------
        steps : int
            How many.
        first : int
            The stamp of the spikes of the first.
        spikes : mapping of str to (stamps, cells)
            What each population has sent.
        """
        at_once = max(1, _AT_ONCE // max(len(self.cores), 1))
        for begin in range(0, steps, at_once):
            number = min(at_once, steps - begin)
            self._add(number, first + begin, spikes)

    def _add(self, steps: int, first: int, spikes: Mapping[str, tuple[Counts, Counts]]) -> None:
        events = np.zeros((steps, len(self.cores)), np.int64)
        packets = np.zeros_like(events)
        for population, (stamps, cells) in spikes.items():
            synapses = self._synapses.get(population)
            if synapses is None:
                continue
            here = (stamps >= first) & (stamps < first + steps)
            tick, cell = stamps[here] - first, cells[here]
            heard = self._heard(population, synapses)
            for core in np.flatnonzero(heard.any(axis=0)).tolist():
                events[:, core] += np.bincount(tick, synapses[cell, core], steps).astype(np.int64)
                packets[:, core] += np.bincount(tick, heard[cell, core], steps).astype(np.int64)
        machine = self._machine
        cycles = machine.cycles_per_neuron * self._cells + machine.cycles_per_event * events
        again, taken = self._extensions.add(steps, first, spikes)
        cycles[:, self._extended] += again
        packets[:, self._extended] += taken
        self._steps += steps
        self._cycles += cycles.sum(axis=0)
        self._late += (cycles > self.budget).sum(axis=0)
        for most, new in ((self._most_cycles, cycles), (self._events, events),
                          (self._packets, packets)):  # fmt: skip
            np.maximum(most, new.max(axis=0, initial=0), out=most, casting="unsafe")

    def _heard(self, population: str, synapses: NDArray[np.int32]) -> NDArray[np.bool_]:
        """Return which cores get the packets of each cell: those of a slice go the same way."""
        heard = np.zeros(synapses.shape, np.bool_)
        for first, last, _ in self._slices[population]:
            heard[first:last] = synapses[first:last].any(axis=0)
        return heard

    def loads(self, *counts: Mapping[str, Counts]) -> list[Load]:
        """Return what each core has done.

        Parameters
        ----------
        *counts : mapping of str to Counts
            Of the cells of each population: full ring buffers, saturations and wraps.
        """
        counted = [self._by_core(one) for one in counts]
        return [
            Load(
                name,
                int(self._cells[core]),
                float(self._most_cycles[core]),
                float(self._cycles[core]) / max(self._steps, 1),
                self.budget,
                int(self._late[core]),
                int(self._packets[core]),
                int(self._events[core]),
                *(int(one[core]) for one in counted),
            )
            for core, name in enumerate(self.cores)
        ]

    def _by_core(self, counts: Mapping[str, Counts]) -> Counts:
        found = np.zeros(len(self.cores), np.int64)
        for population, values in counts.items():
            for first, last, core in self._slices[population]:
                found[core] += int(values[first:last].sum())
        return found


def table(loads: Sequence[Load], most: int = 20) -> list[str]:
    """Return lines about the busiest cores."""
    busiest = sorted(loads, key=lambda one: -one.cycles)[:most]
    lines = [
        f"core{'':12}{'cells':>6}{'cycles of a step':>26}{'late':>7}{'packets':>9}{'events':>8}"
        f"{'full':>7}{'cut':>7}{'wrapped':>9}",
        f"{'':16}{'':>6}{'most':>9}{'mean':>8}{'budget':>9}",
    ]
    lines += [
        f"  {one.core:<14}{one.cells:>6}{one.cycles:>9.0f}{one.mean_cycles:>8.0f}{one.budget:>9.0f}"
        f"{one.late:>7}{one.packets:>9}{one.events:>8}{one.overflows:>7}{one.saturations:>7}"
        f"{one.wraps:>9}"
        for one in busiest
    ]
    if len(loads) > len(busiest):
        lines.append(f"  and {len(loads) - len(busiest)} cores with less to do")
    return lines
