"""Recording of spikes, and all that is recorded of a network."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from snnc.ir.diagnostics import UserError
from snnc.runtime.engine.cells import Cells
from snnc.runtime.engine.memory import available
from snnc.runtime.engine.spool import HELD_BYTES, Spool, Spooled
from snnc.runtime.engine.tables import Tables, address
from snnc.runtime.engine.traces import TraceRecorder

SPIKES = "spikes"
# Words of kernels/record_spikes.py that are set anew for each chunk.
_FILLED_WORD, _FIRST_STAMP_WORD = 5, 7
# A run waits for the memory of so many samples before it begins, or for a quarter of what there is.
_AHEAD_BYTES = 1 << 29
Rows = list[tuple[int, list[int]]]


@dataclass(frozen=True)
class _Stamps:
    """The stamps of successive spikes, by how many each step has: counted out when read."""

    first: int
    counts: NDArray[np.int32]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[np.int64]:
        stamps = np.arange(self.first, self.first + self.counts.size)
        return np.repeat(stamps, self.counts)


class SpikeRecorder:
    """Records the spikes of a population.

    Parameters
    ----------
    cells : Cells
        The population.

    Attributes
    ----------
    active : bool
        Whether spikes are recorded at present.
    """

    def __init__(self, cells: Cells) -> None:
        self.cells = cells
        self.active = False
        self._chosen = np.zeros(cells.size, np.uint8)
        self._buffers: dict[int, NDArray[np.int32]] = {}
        self._per_step: dict[int, NDArray[np.int32]] = {}
        self._filled: dict[int, int] = {}
        self._first = 0
        self.clear()

    def choose(self, index: NDArray[np.int64] | None) -> None:
        """Record these cells, too (all for None)."""
        self._chosen[slice(None) if index is None else index] = 1
        self.active = True

    @property
    def chosen(self) -> NDArray[np.int64]:
        """The cells of which spikes are recorded."""
        return np.flatnonzero(self._chosen)

    def stop(self) -> None:
        """Record no more."""
        self._chosen[:] = 0
        self.active = False

    def clear(self) -> None:
        """Forget what has been recorded."""
        self._stamps: list[NDArray[np.int64] | _Stamps | Spooled] = []
        self._ids: list[NDArray[np.int32] | Spooled] = []

    def bytes_per_step(self) -> int:
        """Return the most that a step can add to the buffers."""
        return 4 * int(self.cells.history.widths.sum()) + 4 * self.cells.history.partitions

    def reserve(self, steps: int) -> None:
        """Make buffers for chunks of up to `steps` steps; rows are to be renewed after it."""
        widths = self.cells.history.widths
        for part in self.cells.slices:
            p = part.thread
            # Most of it is never touched, and takes no memory: cells do not fire in every step.
            self._buffers[p] = np.empty(max(int(widths[p]) * steps, 1), np.int32)
            self._per_step[p] = np.empty(steps, np.int32)

    def begin(self, first: int) -> None:
        """Prepare for stamps from `first` on, at most as many as room is reserved for."""
        self._first = first

    def rows(self) -> Rows:
        """Return (thread, words) for the kernel ``record_spikes``."""
        chosen = address(self._chosen)
        history = self.cells.history
        return [
            (part.thread, [
                *history.part(part.thread), chosen, address(self._buffers[part.thread]), 0,
                address(self._per_step[part.thread]), self._first,
            ])
            for part in self.cells.slices
        ]  # fmt: skip

    def end(self, reached: int) -> None:
        """Take over the spikes of the stamps up to `reached`."""
        steps = reached + 1 - self._first
        for p, per_step in self._per_step.items():
            counts = per_step[:steps]
            spikes = int(counts.sum())
            if spikes:
                stamps = _Stamps(self._first, counts.copy())
                # Numbers of steps without spikes would take more memory than the stamps.
                self._stamps.append(stamps if spikes > steps else np.asarray(stamps))
                self._ids.append(self._buffers[p][:spikes].copy())

    def add(self, stamps: NDArray[np.int64], ids: NDArray[np.integer]) -> None:
        """Take over spikes that another simulator has emitted; others than the chosen are left."""
        chosen = self._chosen[ids] == 1
        if chosen.any():
            self._stamps.append(stamps[chosen])
            self._ids.append(ids[chosen].astype(np.int32))

    def held(self) -> int:
        """Return how many bytes of what has been recorded are in memory."""
        return sum(ids.nbytes for ids in self._ids if isinstance(ids, np.ndarray)) * 3

    def spill(self, spool: Spool) -> None:
        """Write what is in memory to a file."""
        first = next((n for n, ids in enumerate(self._ids) if isinstance(ids, np.ndarray)), None)
        if first is not None:
            group = f"{self.cells.plan.name}/{SPIKES}"
            for name, parts in (("step", self._stamps), ("cell", self._ids)):
                rows = np.concatenate([np.asarray(part) for part in parts[first:]])
                parts[first:] = [spool.append(f"{group}/{name}", rows)]

    def take_over(self, old: SpikeRecorder) -> None:
        """Take what another simulation has recorded."""
        self._stamps, self._ids = list(old._stamps), list(old._ids)

    def spikes(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return stamps and cells of all spikes, sorted by cell, then stamp."""
        if not self._ids:
            return np.empty(0, np.int64), np.empty(0, np.int64)
        stamps = np.concatenate([np.asarray(part) for part in self._stamps])
        ids = np.concatenate([np.asarray(part) for part in self._ids])
        order = np.lexsort((stamps, ids))
        return stamps[order], ids[order].astype(np.int64)

    def counts(self) -> NDArray[np.int64]:
        """Return the number of spikes of each cell: int64 of shape (size,)."""
        counts = np.zeros(self.cells.size, np.int64)
        for ids in self._ids:
            counts += np.bincount(np.asarray(ids), minlength=self.cells.size)
        return counts


class Recording:
    """All that is recorded of a network, by population.

    Parameters
    ----------
    cells : dict of str to Cells
        The populations.
    """

    def __init__(self, cells: dict[str, Cells]) -> None:
        self._cells = cells
        self.spool: Spool | None = None
        self.spikes = {name: SpikeRecorder(c) for name, c in cells.items()}
        self.traces: dict[tuple[str, str], TraceRecorder] = {}
        self._watching: list[SpikeRecorder] = []

    def watch(self) -> dict[str, SpikeRecorder]:
        """Return recorders of all spikes, apart from what is recorded; who asks empties them."""
        found = {name: SpikeRecorder(cells) for name, cells in self._cells.items()}
        for recorder in found.values():
            recorder.choose(None)
        self._watching += found.values()
        return found

    def record(
        self, population: str, variables: list[str], index: NDArray[np.int64] | None, interval: int
    ) -> None:
        """Record variables of cells, in addition to what is recorded already."""
        cells = self._cells[population]
        for variable in variables:
            if variable == SPIKES:
                self.spikes[population].choose(index)
                continue
            state = cells.recordable(variable)
            chosen = np.arange(cells.size) if index is None else np.unique(index)
            known = self.traces.get((population, variable))
            if known is None:
                self.traces[population, variable] = TraceRecorder(cells, state, interval, chosen)
            elif known.interval != interval:
                raise UserError(
                    f"'{variable}' of '{cells.plan.label}' is already recorded every "
                    f"{known.interval} steps; found {interval}"
                )
            else:
                known.choose(chosen)

    def chosen(self, population: str) -> dict[str, NDArray[np.int64]]:
        """Return the cells of which each variable of a population is recorded."""
        spikes = self.spikes[population].chosen
        result = {SPIKES: spikes} if spikes.size else {}
        for (name, variable), recorder in self.traces.items():
            if name == population:
                result[variable] = recorder.index
        return result

    def stop(self, population: str) -> None:
        """Record nothing of a population any more; what has been recorded of states is lost."""
        self.spikes[population].stop()
        for known in [k for k in self.traces if k[0] == population]:
            del self.traces[known]

    def clear(self, population: str | None) -> None:
        """Forget what has been recorded of a population, or of all."""
        for name, recorder in self.spikes.items():
            if population in (None, name):
                recorder.clear()
        for (name, _), recorder in self.traces.items():
            if population in (None, name):
                recorder.clear()

    def restart(self) -> None:
        """Forget all, and take the sample of step 0 again."""
        self.clear(None)
        for recorder in self.traces.values():
            recorder.sampled = -1

    def take_over(self, old: Recording) -> None:
        """Take what another simulation has recorded of the same populations and states."""
        for name in self.spikes.keys() & old.spikes.keys():
            if self.spikes[name].cells.size == old.spikes[name].cells.size:
                self.spikes[name].take_over(old.spikes[name])
        for where in self.traces.keys() & old.traces.keys():
            if self.traces[where].cells.size == old.traces[where].cells.size:
                self.traces[where].take_over(old.traces[where])

    def expect(self, until: int) -> None:
        """Take note of the step that a run is to reach, and have memory for samples made ready.

        Other threads do that; `await_memory` waits for them.
        """
        recorders = self.traces.values()
        ahead = min(_AHEAD_BYTES, available() // 4)
        if self.spool is not None:
            ahead = min(ahead, 2 * HELD_BYTES)
        wanted = sum(r.bytes_until(until) for r in recorders)
        share = min(ahead / max(wanted, 1), 1.0)
        for recorder in recorders:
            recorder.expect(until, share)

    def await_memory(self) -> None:
        """Wait for the memory that has been asked for."""
        for recorder in self.traces.values():
            recorder.await_memory()

    def make_room(self, first: int, steps: int) -> int:
        """Have room for samples of steps from `first` on; return for how many, `steps` at most."""
        return min([steps, *(r.make_room(first) for r in self.traces.values())])

    def begin(self, first: int, spikes: Tables) -> None:
        """Prepare for steps from `first` on; set the tables of spikes accordingly."""
        for recorder in self.active():
            recorder.begin(first)
        for table in filter(None, spikes):
            table.words[:, _FILLED_WORD] = 0
            table.words[:, _FIRST_STAMP_WORD] = first

    def spill(self, at_once: bool = False) -> None:
        """Write what has been recorded to the file, if there is one and it is time to."""
        if self.spool is None:
            return
        recorders = [*self.spikes.values(), *self.traces.values()]
        held = sum(recorder.held() for recorder in recorders)
        if self.spool.is_due(held) or (at_once and held):
            for recorder in recorders:
                recorder.spill(self.spool)
            self.spool.flush()

    def active(self) -> Iterator[SpikeRecorder | TraceRecorder]:
        """Yield the recorders at work."""
        yield from (r for r in self.spikes.values() if r.active)
        yield from self._watching
        yield from self.traces.values()

    def spike_bytes_per_step(self) -> int:
        """Return how much of buffers a step may fill with spikes."""
        active = (r for r in self.active() if isinstance(r, SpikeRecorder))
        return sum(r.bytes_per_step() for r in active)

    def sample_bytes_per_step(self) -> float:
        """Return what a step adds to the samples, on average."""
        return sum(r.bytes_per_step() for r in self.traces.values())
