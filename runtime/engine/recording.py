"""Recording of spikes and states: what kernels fill during a chunk, and what is kept of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from snnc.codegen.artifact import Buffer
from snnc.ir.diagnostics import UserError
from snnc.runtime.engine.cells import Cells
from snnc.runtime.engine.tables import Tables, address

SPIKES = "spikes"
# Words of kernels/record_spikes.py and kernels/record_trace.py that are set anew for each chunk.
_FILLED_WORD, _FIRST_STAMP_WORD = 7, 9
_INTERVAL_WORD, _FIRST_SAMPLE_WORD = 6, 7
Rows = list[tuple[int, list[int]]]


@dataclass(frozen=True)
class Trace:
    """Samples of a state.

    Attributes
    ----------
    start : float
        Time of the first sample in ms.
    interval : float
        Time between samples in ms.
    index : ndarray of int64, shape (c,)
        Cells, ascending.
    values : ndarray of float64, shape (samples, c)
        In the state's declared unit; nan where a cell was not recorded yet.
    """

    start: float
    interval: float
    index: NDArray[np.int64]
    values: NDArray[np.float64]


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
        self._stamps: list[NDArray[np.int64]] = []
        self._ids: list[NDArray[np.int32]] = []

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
        """Prepare for the stamps from `first` on."""
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
        stamps = np.arange(self._first, reached + 1)
        for p, per_step in self._per_step.items():
            counts = per_step[:steps]
            spikes = int(counts.sum())
            if spikes:
                self._stamps.append(np.repeat(stamps, counts))
                self._ids.append(self._buffers[p][:spikes].copy())

    def take_over(self, old: SpikeRecorder) -> None:
        """Take what another simulation has recorded."""
        self._stamps, self._ids = list(old._stamps), list(old._ids)

    def spikes(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return stamps and cells of all spikes, sorted by cell, then stamp."""
        if not self._ids:
            return np.empty(0, np.int64), np.empty(0, np.int64)
        stamps = np.concatenate(self._stamps)
        ids = np.concatenate(self._ids)
        order = np.lexsort((stamps, ids))
        return stamps[order], ids[order].astype(np.int64)

    def counts(self) -> NDArray[np.int64]:
        """Return the number of spikes of each cell: int64 of shape (size,)."""
        counts = np.zeros(self.cells.size, np.int64)
        for ids in self._ids:
            counts += np.bincount(ids, minlength=self.cells.size)
        return counts


@dataclass
class _Block:
    """Samples taken in a row of some cells."""

    first: int
    index: NDArray[np.int64]
    values: NDArray[np.float64]


@dataclass
class TraceRecorder:
    """Records a state of some cells of a population.

    Samples are numbered: number s is taken at step s * interval.

    Attributes
    ----------
    cells : Cells
        The population.
    state : Buffer
        What is recorded.
    interval : int
        Steps between samples.
    index : ndarray of int64
        The cells, ascending.
    sampled : int
        Number of the last sample taken, -1 for none.
    """

    cells: Cells
    state: Buffer
    interval: int
    index: NDArray[np.int64]
    sampled: int = -1
    _blocks: list[_Block] = field(default_factory=list)
    _buffer: NDArray[np.float64] = field(default_factory=lambda: np.empty((0, 0)))
    _offsets: dict[int, NDArray[np.int64]] = field(default_factory=dict)
    _first: int = 0

    def choose(self, index: NDArray[np.int64]) -> None:
        """Record these cells, too."""
        self.index = np.union1d(self.index, index)

    def clear(self) -> None:
        """Forget what has been recorded; the sample of the present step is not taken again."""
        self._blocks = []

    def bytes_per_step(self) -> float:
        """Return how much a step adds to the record, on average."""
        return 8 * len(self.index) / self.interval

    def reserve(self, steps: int) -> None:
        """Make a buffer for chunks of up to `steps` steps; rows are to be renewed after it."""
        self._buffer = np.empty((steps // self.interval + 1, len(self.index)))

    def begin(self, first: int) -> None:
        """Prepare for the steps from `first` on."""
        self._first = -(-first // self.interval)

    def missing(self, step: int) -> bool:
        """Return whether the sample of a step is due and has not been taken."""
        return step % self.interval == 0 and step // self.interval > self.sampled

    def rows(self) -> Rows:
        """Return (thread, words) for the kernel ``record_trace``."""
        state = self.cells.states[self.state.name]
        result: Rows = []
        for part in self.cells.slices:
            start, end = np.searchsorted(self.index, (part.first, part.last)).tolist()
            if start == end:
                continue
            offsets = self._offsets[part.thread] = self.index[start:end] - part.first
            whole = end - start == part.last - part.first
            words = [
                address(state, part.first), int(state.dtype == np.float32),
                0 if whole else address(offsets), end - start,
                self._buffer.ctypes.data + 8 * start, len(self.index), self.interval, self._first,
            ]  # fmt: skip
            result.append((part.thread, words))
        return result

    def end(self, reached: int) -> None:
        """Take over the samples up to step `reached`."""
        last = reached // self.interval
        samples = last - self._first + 1
        if samples > 0:
            values = self._buffer[:samples] / self.state.scale
            self._blocks.append(_Block(self._first, self.index, values))
            self.sampled = last

    def take_over(self, old: TraceRecorder) -> None:
        """Take what another simulation has recorded."""
        if old.interval == self.interval:
            self._blocks, self.sampled = list(old._blocks), old.sampled
            self.index = np.union1d(self.index, old.index)

    def trace(self, dt: float) -> Trace:
        """Return the samples since the last `clear`."""
        interval = self.interval * dt
        if not self._blocks:
            start = max(self.sampled, 0) * interval
            return Trace(start, interval, self.index, np.empty((0, len(self.index))))
        first = self._blocks[0].first
        total = self._blocks[-1].first + len(self._blocks[-1].values) - first
        values = np.full((total, len(self.index)), np.nan)
        for block in self._blocks:
            columns = np.searchsorted(self.index, block.index)
            at = block.first - first
            values[at : at + len(block.values), columns] = block.values
        return Trace(first * interval, interval, self.index, values)


class Recording:
    """All that is recorded of a network, by population.

    Parameters
    ----------
    cells : dict of str to Cells
        The populations.
    """

    def __init__(self, cells: dict[str, Cells]) -> None:
        self._cells = cells
        self.spikes = {name: SpikeRecorder(c) for name, c in cells.items()}
        self.traces: dict[tuple[str, str], TraceRecorder] = {}

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

    def begin(self, first: int, spikes: Tables, traces: Tables) -> None:
        """Prepare for the steps from `first` on, and set their kernels' tables accordingly."""
        for recorder in self.active():
            recorder.begin(first)
        for table in filter(None, spikes):
            table.words[:, _FILLED_WORD] = 0
            table.words[:, _FIRST_STAMP_WORD] = first
        for table in filter(None, traces):
            table.words[:, _FIRST_SAMPLE_WORD] = -(-first // table.words[:, _INTERVAL_WORD])

    def active(self) -> Iterator[SpikeRecorder | TraceRecorder]:
        """Yield the recorders at work."""
        yield from (r for r in self.spikes.values() if r.active)
        yield from self.traces.values()

    def bytes_per_step(self) -> tuple[int, float]:
        """Return the buffer that a step may fill with spikes, and what samples it adds."""
        spikes = sum(r.bytes_per_step() for r in self.spikes.values() if r.active)
        return spikes, sum(r.bytes_per_step() for r in self.traces.values())
