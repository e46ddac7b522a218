"""Recording of states: where kernels put samples, and what is kept of them."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from snnc.codegen.artifact import Buffer
from snnc.runtime.engine.cells import Cells
from snnc.runtime.engine.slabs import Slabs
from snnc.runtime.engine.spool import Spool, Spooled
from snnc.runtime.engine.tables import address

# Of states, as kernels/record_trace.py counts them.
_KINDS = ("float64", "float32", "int32")
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


@dataclass
class _Block:
    """Samples taken in a row of some cells: `values` in units of 1 / `scale`."""

    first: int
    index: NDArray[np.int64]
    values: NDArray[np.floating] | Spooled
    scale: float = 1.0

    def read(self, out: NDArray[np.float64] | None = None) -> NDArray[np.float64]:
        """Return the samples in the declared unit, in `out` if given."""
        return np.divide(np.asarray(self.values), self.scale, out, dtype=np.float64)


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
    _cursor: NDArray[np.int64] = field(default_factory=lambda: np.zeros(2, np.int64))
    _slab_first: int = 0
    _filled: int = 0
    _dataset: str = ""
    _until: int = 0
    _spare: NDArray[np.floating] = field(default_factory=lambda: np.empty(0))
    _offsets: dict[int, NDArray[np.int64]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        # Samples are written where they stay, as the cells have them, which costs the run least:
        # slabs are filled chunk by chunk, one after the other.
        self._slabs = Slabs(self.state.dtype)

    def choose(self, index: NDArray[np.int64]) -> None:
        """Record these cells, too."""
        self.index = np.union1d(self.index, index)

    def clear(self) -> None:
        """Forget what has been recorded; the sample of the present step is not taken again.

        The present slab is filled anew: its memory has been paid for.
        """
        self._blocks = []
        self._filled = 0

    def bytes_per_step(self) -> float:
        """Return how much a step adds to the record, on average."""
        return np.dtype(self.state.dtype).itemsize * len(self.index) / self.interval

    def bytes_until(self, until: int) -> int:
        """Return how much a run to a step will add to the record."""
        samples = until // self.interval - self.sampled
        return np.dtype(self.state.dtype).itemsize * len(self.index) * max(samples, 0)

    def expect(self, until: int, share: float) -> None:
        """Take note of the step that the run is to reach, and have memory made ready.

        Parameters
        ----------
        until : int
            The step.
        share : float
            The part of the samples for which memory is wanted when the run begins.
        """
        self._until = until // self.interval
        wanted = math.ceil(share * (self._until - self.sampled))
        self._slabs.expect(len(self.index), wanted, self._filled)

    def await_memory(self) -> None:
        """Wait for the memory that has been asked for."""
        self._slabs.wait()

    def make_room(self, first: int) -> int:
        """Have room for samples from step `first` on; return for how many steps it suffices."""
        number, columns = -(-first // self.interval), len(self.index)
        if number <= self.sampled:
            return (self.sampled + 1) * self.interval - first
        rows, width = self._slabs.slab.shape
        wanted = self._until - number + 1
        goes_on = number == self._slab_first + self._filled and width == columns
        if not goes_on or self._filled == rows:
            if self._filled or rows == 0 or width != columns:
                self._slabs.advance(columns, wanted)
            self._slab_first, self._filled = number, 0
        self._slabs.look_ahead(self._filled, wanted)
        return (self._slab_first + len(self._slabs.slab)) * self.interval - first

    def begin(self, first: int) -> None:
        """Prepare for steps from `first` on, for which there is room."""
        number = -(-first // self.interval)
        if number <= self.sampled:
            # Taken already, perhaps before the state was set: what the kernel writes is not kept.
            self._spare = np.empty(len(self.index), self.state.dtype)
            self._cursor[:] = self._spare.ctypes.data, number
        else:
            self._cursor[:] = self._slabs.slab.ctypes.data, self._slab_first

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
                state.address(part), _KINDS.index(str(state.dtype)),
                0 if whole else address(offsets), end - start, address(self._cursor), start,
                len(self.index), self.interval,
            ]  # fmt: skip
            result.append((part.thread, words))
        return result

    def end(self, reached: int) -> None:
        """Take over the samples up to step `reached`."""
        last = reached // self.interval
        filled = last + 1 - self._slab_first
        if filled <= self._filled:
            return
        if self._filled:
            self._blocks.pop()
        samples = self._slabs.slab[:filled]
        self._blocks.append(_Block(self._slab_first, self.index, samples, self.state.scale))
        self._filled = filled
        self.sampled = last

    def add(self, first: int, values: NDArray[np.float64]) -> None:
        """Take over samples, from the one of number `first` on, that another simulator has taken.

        Parameters
        ----------
        values : ndarray, shape (samples, c)
            In the declared unit, for the chosen cells. Samples left out since the last are nan.
        """
        gap = first - self.sampled - 1
        if self._blocks and gap > 0:
            missing = np.full((gap, len(self.index)), np.nan)
            self._blocks.append(_Block(self.sampled + 1, self.index, missing))
        self._blocks.append(_Block(first, self.index, values))
        self.sampled = first + len(values) - 1

    def held(self) -> int:
        """Return how many bytes of what has been recorded are in memory."""
        return sum(b.values.nbytes for b in self._blocks if isinstance(b.values, np.ndarray))

    def spill(self, spool: Spool) -> None:
        """Write what is in memory to a file; the slab is free then."""
        for number, block in enumerate(self._blocks):
            if isinstance(block.values, np.ndarray):
                self._spill(spool, number, block.first, block.index, block.read())
        self._filled = 0

    def _spill(
        self,
        spool: Spool,
        number: int,
        first: int,
        index: NDArray[np.int64],
        values: NDArray[np.float64],
    ) -> None:
        before = self._blocks[number - 1] if number else None
        goes_on = (
            before is not None
            and before.first + len(before.values) == first
            and np.array_equal(before.index, index)
        )
        if not goes_on:
            group = f"{self.cells.plan.name}/{self.state.name}"
            self._dataset = spool.unused(f"{group}/samples")
        said = {"first_sample": first, "steps_between_samples": self.interval,
                "cells": index, "unit": self.state.unit}  # fmt: skip
        self._blocks[number] = _Block(first, index, spool.append(self._dataset, values, said))

    def take_over(self, old: TraceRecorder) -> None:
        """Take what another simulation has recorded."""
        if old.interval == self.interval:
            self._blocks, self.sampled = list(old._blocks), old.sampled
            self._dataset = old._dataset
            self.index = np.union1d(self.index, old.index)

    def trace(self, dt: float) -> Trace:
        """Return the samples since the last `clear`."""
        interval = self.interval * dt
        if not self._blocks:
            start = max(self.sampled, 0) * interval
            return Trace(start, interval, self.index, np.empty((0, len(self.index))))
        first = self._blocks[0].first
        total = self._blocks[-1].first + len(self._blocks[-1].values) - first
        values = np.empty((total, len(self.index)))
        for block in self._blocks:
            part = values[block.first - first :][: len(block.values)]
            if np.array_equal(block.index, self.index):
                block.read(part)
            else:
                part[:] = np.nan
                part[:, np.searchsorted(self.index, block.index)] = block.read()
        return Trace(first * interval, interval, self.index, values)
