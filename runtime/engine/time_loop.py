"""The compiled time loop of a built network: buffers that kernels share, programs, chunks."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from snnc.codegen.artifact import Artifact
from snnc.ir.diagnostics import SnncError
from snnc.ir.values import Sequences
from snnc.runtime.connectivity.couplings import Couplings
from snnc.runtime.connectivity.wiring import Wiring
from snnc.runtime.engine.cells import Cells
from snnc.runtime.engine.clock import Clock
from snnc.runtime.engine.counts import Counts
from snnc.runtime.engine.currents import Currents
from snnc.runtime.engine.driver import Driver, StopFlag
from snnc.runtime.engine.history import History
from snnc.runtime.engine.layout import Layout
from snnc.runtime.engine.program import Program, run_once
from snnc.runtime.engine.recording import Recording, SpikeRecorder
from snnc.runtime.engine.report import Report
from snnc.runtime.engine.sources import Schedule, poisson_widths
from snnc.runtime.engine.tables import Tables, aligned_zeros
from snnc.runtime.engine.traces import TraceRecorder
from snnc.runtime.jit.cache import Kernels, source_of

# Python sees progress and signals between chunks; buffers bound how long they get.
_CHUNK_SECONDS = 0.08
_FIRST_CHUNK = 32
_MOST_GROWTH = 16.0
_MOST_STEPS = 1 << 15
_SPIKE_BYTES = 1 << 28
_SAMPLE_BYTES = 1 << 24
_WAVEFORM_BYTES = 1 << 24
# Threads further apart gain nothing, need longer histories, and are slower to stop.
_LONGEST_EPOCH = 64
_LOST_WORD = 7


class Engine:
    """Runs a network whose connections exist.

    Parameters
    ----------
    artifact : Artifact
        The network.
    kernels : Kernels
        Where compiled kernels come from.
    layout, clock : Layout, Clock
        Who owns what, and the time grid.
    cells, wiring, currents, couplings, recording : Cells by name, Wiring and so on
        The parts of the network.
    report : Report
        Where times are noted.

    Attributes
    ----------
    step : int
        The present step.
    stop : StopFlag
        Makes a run end early, at a step boundary.
    """

    def __init__(
        self,
        artifact: Artifact,
        kernels: Kernels,
        layout: Layout,
        clock: Clock,
        cells: dict[str, Cells],
        wiring: Wiring,
        currents: Currents,
        couplings: Couplings,
        recording: Recording,
        report: Report,
    ) -> None:
        self._seed = artifact.seed
        self._lead = artifact.lead
        self._kernels = kernels
        self._layout = layout
        self._clock = clock
        self._cells = cells
        self._wiring = wiring
        self._currents = currents
        self._couplings = couplings
        self._recording = recording
        self._report = report
        self.step = 0
        self.started = False
        self.stop = StopFlag()
        self.stale = True
        self._schedules: dict[str, Schedule] = {}
        self._keep: list[Any] = []
        self._driver: Driver | None = None
        self._program: Program | None = None
        self._chunk = _FIRST_CHUNK
        self._reserved = 0
        self.accumulators: list[NDArray[Any]] = [
            aligned_zeros(max(layout.accumulator_size(p), 1), layout.float_dtype)
            for p in range(layout.partitions)
        ]
        self.size_histories()

    # Buffers

    @property
    def epoch(self) -> int:
        """Steps by which threads may be apart."""
        longest = 1 if self._couplings else _LONGEST_EPOCH
        return max(1, min(self._wiring.min_delay(), longest))

    def size_histories(self) -> None:
        """Give every population a history that is deep and wide enough; spikes in it are kept."""
        for name, cells in self._cells.items():
            widths = self._widths(name)
            depth = self._wiring.max_delay(name) + self.epoch + 2
            old: History | None = getattr(cells, "history", None)
            if old is not None and old.slots >= depth and (widths <= old.widths).all():
                continue
            if old is not None:
                widths = np.maximum(widths, old.widths)
            new = History(self._layout.bounds(name), widths, depth)
            for carried in self._wiring.carried(name):
                new.add_carried(carried)
            volleys = cells.volleys(self.step) if old is not None else []
            cells.history = new
            if self._wiring.reads_counts(name):
                cells.counts = Counts(cells.slices, new.slots)
            cells.fill(volleys, self.step)
            self.stale = True

    def forget_delivered(self) -> None:
        """Forget the spikes that have arrived everywhere, so that longer delays do not repeat them.

        Spikes still under way take the new delays.
        """
        for name, cells in self._cells.items():
            cells.forget(self.step - self._wiring.max_delay(name), self.step)

    def _widths(self, name: str) -> NDArray[np.int64]:
        bounds = self._layout.bounds(name)
        cells = self._cells[name]
        match cells.cell.kind:
            case "poisson":
                return poisson_widths(cells.mean_count(), bounds)
            case "schedule":
                if name not in self._schedules:
                    self.schedule(name)
                return self._schedules[name].widths(bounds)
            case _:
                return np.diff(bounds)

    def schedule(self, name: str, warn: bool = True) -> None:
        """Read the listed spikes of a population anew; `warn` of those that have passed."""
        cells = self._cells[name]
        parameter = cells.cell.schedule
        assert parameter is not None
        times = cells.parameters[parameter]
        assert isinstance(times, Sequences)
        scale = next(p.scale for p in cells.cell.parameters if p.name == parameter)
        self._schedules[name] = Schedule(
            times, scale, self._clock, cells.plan.label, self.step, not self.started, warn,
            self._lead,
        )  # fmt: skip
        self.stale = True

    # Programs

    def prepare(self) -> None:
        """Make all ready for a run."""
        if self.stale:
            self.size_histories()
            self._reserved = self._longest_chunk()
            with self._report.stage("tables and kernels"):
                self._assemble()
            self.stale = False

    def _longest_chunk(self) -> int:
        spikes = self._recording.spike_bytes_per_step()
        samples = self._recording.sample_bytes_per_step()
        sources = len(self._currents.sources)
        return int(min(
            _MOST_STEPS,
            self._wiring.longest_chunk(),
            max(1, _SPIKE_BYTES // max(spikes, 1)),
            max(1, _SAMPLE_BYTES // max(samples, 1)),
            max(1, _WAVEFORM_BYTES // max(9 * sources, 1)),
        ))  # fmt: skip

    def _assemble(self) -> None:
        program = Program(self._kernels, self._layout.partitions)
        self._deliver(program)
        self._inject = program.add([(source_of("inject"), self._currents.rows())])
        program.add(self._couplings.couple(self._wiring, self._kernels))
        self._advance(program, sources=False)
        before = self.step if self.started else -1
        self._listed = program.add([(source_of("schedule"), self._schedule_rows(before))])
        self._collect = program.add([(source_of("collect"), self._collect_rows())])
        self._publish = program.add([(source_of("publish"), self._couplings.publish_rows())])
        self._events = program.add(self._wiring.tables.emit()) + program.add(
            self._wiring.tables.observe()
        )
        self._record(program)
        for kernel in program.kernels:
            self._report.use(kernel)
        if self._driver is not None:
            self._driver.close()
        # Programs point to tables, which nobody else need hold.
        self._program = program
        self._driver = Driver(self._kernels, program.instructions(), self.epoch, self.stop)

    def _deliver(self, program: Program) -> None:
        """Add what other threads need not be waited for, the meeting, and the other deliveries."""
        self._advance(program, sources=True)
        if self._layout.partitions == 1:
            program.add(self._wiring.tables.deliver(self.accumulators))
            return
        program.add(self._wiring.tables.deliver(self.accumulators, after=self.epoch))
        program.meet()
        program.add(self._wiring.tables.deliver(self.accumulators, until=self.epoch))

    def _advance(self, program: Program, sources: bool) -> None:
        """Add the kernels of Poisson sources, on which nothing acts, or of all other cells."""
        program.add(
            (cells.cell.kernel, cells.rows(self.accumulators, self._seed))
            for cells in self._cells.values()
            if cells.cell.kernel is not None and (cells.cell.kind == "poisson") == sources
        )

    def _record(self, program: Program) -> None:
        spikes = [r for r in self._recording.active() if isinstance(r, SpikeRecorder)]
        traces = [r for r in self._recording.active() if isinstance(r, TraceRecorder)]
        for recorder in spikes:
            recorder.reserve(self._reserved)
        self._spikes = program.add((source_of("record_spikes"), r.rows()) for r in spikes)
        self._traces = program.add((source_of("record_trace"), r.rows()) for r in traces)

    def _schedule_rows(self, step: int) -> list[tuple[int, list[int]]]:
        self._keep = [
            schedule.rows(self._cells[name].slices, self._cells[name].history, step)
            for name, schedule in self._schedules.items()
        ]
        return [row for rows in self._keep for row in rows.rows]

    def _collect_rows(self) -> list[tuple[int, list[int]]]:
        rows: list[tuple[int, list[int]]] = []
        for cells in self._cells.values():
            if cells.cell.kind == "schedule" or not self._are_listed(cells):
                continue
            for part in cells.slices:
                history = cells.history
                flags, _, stride = cells.flag_words(part.thread)
                words = [part.last - part.first, flags, part.first, *history.part(part.thread)]
                rows.append((part.thread, [*words, int(history.widths[part.thread]), 0, stride]))
        return rows

    def _are_listed(self, cells: Cells) -> bool:
        """Tell whether anyone reads a list of the spikes, rather than their counts."""
        if cells.counts is None or self._wiring.reads_spikes(cells.plan.name):
            return True
        active = self._recording.active()
        return any(isinstance(r, SpikeRecorder) and r.cells is cells for r in active)

    # Time

    def start(self) -> None:
        """Emit the spikes of stamp 0, and take the samples of the present step that are missing."""
        spikes = self._spikes if not self.started else []
        self._recording.make_room(self.step, 1)
        self._recording.begin(self.step, _all(self._spikes))
        run_once(self._publish, self.step - 1)
        if not self.started:
            run_once([*self._listed, *self._events], -1)
        run_once([*spikes, *self._traces], self.step - 1)
        for recorder in self._recording.active():
            if isinstance(recorder, TraceRecorder):
                if recorder.missing(self.step):
                    recorder.end(self.step)
            elif not self.started:
                recorder.end(self.step)
        self.started = True

    def advance(self, to: int, progress: Callable[[float], None] | None) -> None:
        """Run up to a step, or until `stop` is set."""
        while self.step < to and not self.stop:
            steps = min(self._chunk, self._reserved, to - self.step)
            steps = self._recording.make_room(self.step + 1, steps)
            start = time.perf_counter()
            self._run_chunk(steps)
            elapsed = max(time.perf_counter() - start, 1e-9)
            if steps == self._chunk or elapsed > _CHUNK_SECONDS:
                factor = min(max(_CHUNK_SECONDS / elapsed, 0.25), _MOST_GROWTH)
                self._chunk = max(1, min(int(steps * factor), _MOST_STEPS))
            if progress is not None:
                progress(self._clock.time(self.step))

    def _run_chunk(self, steps: int) -> None:
        first = self.step
        if self._wiring.prepare(first, steps):
            self._assemble()
        assert self._driver is not None
        self._currents.prepare(first, steps)
        for table in filter(None, _all(self._inject)):
            self._currents.renew(table.words)
        self._recording.begin(first + 1, _all(self._spikes))
        try:
            self._driver.run(first, first + steps)
        finally:
            self.step = self._driver.step
            self._currents.reached(self.step - first)
            for recorder in self._recording.active():
                recorder.end(self.step)
        self._check_lost()
        self._recording.spill()

    def _check_lost(self) -> None:
        for table in filter(None, _all(self._collect)):
            if table.words[:, _LOST_WORD].any():
                raise SnncError("internal error: more spikes in a step than there is room for")

    def reset(self) -> None:
        """Return to step 0."""
        self.step = 0
        self.started = False
        self.stale = True
        for accumulator in self.accumulators:
            accumulator[:] = 0
        for name, cells in self._cells.items():
            cells.clear_spikes()
            if cells.cell.kind == "schedule":
                self.schedule(name)
        self._currents.restart()

    def go_on(self, step: int, started: bool) -> None:
        """Go on from a step that another simulation has reached."""
        self.step = step
        self.started = started
        self.stale = True
        for name, cells in self._cells.items():
            if cells.cell.kind == "schedule":
                self.schedule(name, warn=False)

    def close(self) -> None:
        """End the threads."""
        if self._driver is not None:
            self._driver.close()
            self._driver = None


def _all(groups: list[Tables]) -> Tables:
    return [table for group in groups for table in group]
