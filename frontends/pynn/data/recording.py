"""What is recorded of a population, and the data of the segments that are over."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from snnc.ir.diagnostics import Location
from snnc.pynn import script
from snnc.pynn.cells.models import as_array
from snnc.pynn.cells.parameters import as_sequences
from snnc.pynn.refusals import NothingRecorded, NotYet, UnknownVariable, ValueRefused

if TYPE_CHECKING:
    from snnc.pynn.cells.populations import Population
    from snnc.runtime.engine.traces import Trace

SPIKES = "spikes"


@dataclass
class SegmentData:
    """What one segment holds, as plain arrays.

    Attributes
    ----------
    number : int
        Number of resets before it.
    start, stop : float
        In ms.
    recorded : datetime
        When the data were taken.
    cells : ndarray of int64 or None
        The cells whose spikes were recorded; None if spikes were not.
    times, senders : ndarray of float64 and int64, shape (spikes,)
        In ms, and indices in the population; sorted by cell, then time.
    traces : dict of str to Trace
        By variable.
    annotations : dict
        Given to `reset`.
    """

    number: int
    start: float
    stop: float
    recorded: datetime
    cells: np.ndarray | None
    times: np.ndarray
    senders: np.ndarray
    traces: dict[str, Trace]
    annotations: dict[str, Any] = field(default_factory=dict)


class Recorder:
    """Keeps which variables of which cells of a population are recorded, and finished segments."""

    def __init__(self, population: Population) -> None:
        self.population = population
        self.session = population.session
        self.recorded: dict[str, np.ndarray] = {}
        self.interval: float | None = None
        self.segments: list[SegmentData] = []
        self.start = self.session.time
        self.location: Location | None = None
        self._cleared = False
        self._changes = 0

    @property
    def sampling_interval(self) -> float:
        """Time between samples, in ms."""
        return self.session.dt if self.interval is None else self.interval

    def record(
        self,
        variables: str | Sequence[str] | None,
        index: np.ndarray,
        interval: float | None,
        locations: Any,
    ) -> None:
        """Record variables of the cells `index`, too; with None record nothing any more."""
        if locations is not None:
            raise NotYet("locations= is for cells with compartments")
        if variables is None:
            self.recorded = {}
            self.interval = None
            symbol = self.population.symbol
            self.session.later(self._key(), lambda simulation: simulation.record(symbol, None))
            return
        names = [variables] if isinstance(variables, str) else list(variables)
        celltype = self.population.celltype
        if names == ["all"]:
            names = list(celltype.recordable)
        for name in names:
            if not celltype.can_record(name):
                raise UnknownVariable(name, celltype)
        self.interval = self._checked(interval)
        self.location = script.caller()
        for name in names:
            self.recorded[name] = np.union1d(self.recorded.get(name, index), index)
        self.session.note("record", self.population.symbol, {"variables": names})
        symbol, every = self.population.symbol, self.sampling_interval
        self.session.later(
            self._key(), lambda simulation: simulation.record(symbol, names, index, every)
        )

    def _checked(self, interval: float | None) -> float | None:
        if interval is None:
            return self.interval
        ratio = interval / self.session.dt
        if not np.isfinite(ratio) or ratio < 0.5 or abs(ratio - round(ratio)) > 1e-6:
            raise ValueRefused(
                f"the sampling interval must be a multiple of the time step, {self.session.dt:g} "
                f"ms; found {interval:g} ms"
            )
        if interval != self.sampling_interval and self.recorded.keys() - {SPIKES}:
            raise ValueRefused(
                "all cells of a population are recorded with the same sampling interval; found "
                f"{interval:g} ms after {self.sampling_interval:g} ms"
            )
        return interval

    def by_selection(self) -> list[tuple[np.ndarray, list[str]]]:
        """Return the variables that are recorded of each set of cells."""
        found: dict[bytes, tuple[np.ndarray, list[str]]] = {}
        for name, index in self.recorded.items():
            found.setdefault(index.tobytes(), (index, []))[1].append(name)
        return list(found.values())

    def _key(self) -> tuple[str, ...]:
        # Unlike values, every one of these changes counts.
        self._changes += 1
        return ("record", self.population.symbol, str(self._changes))

    # Data.

    def present(self) -> SegmentData:
        """Return the data since the beginning, the last reset or the last `clear`."""
        simulation = self.session.existing
        assert simulation is not None
        symbol = self.population.symbol
        times, senders = np.empty(0), np.empty(0, np.int64)
        if SPIKES in self.recorded:
            times, senders = simulation.spikes(symbol)
            if self.session.exact_times:
                times = self._listed(times, senders)
        traces = {name: simulation.trace(symbol, name) for name in self.recorded if name != SPIKES}
        return SegmentData(
            number=self.session.segment_counter,
            start=self.start,
            stop=self.session.time,
            recorded=datetime.now(),
            cells=self.recorded.get(SPIKES),
            times=times,
            senders=senders,
            traces=traces,
        )

    def _listed(self, times: np.ndarray, senders: np.ndarray) -> np.ndarray:
        """Return spikes of a source with listed times at those times, which may be off the grid."""
        from snnc.runtime.engine.clock import Clock

        info = self.population.celltype.info
        if info.times is None:
            return times
        clock = Clock(self.session.dt)
        listed = as_sequences(self.population.parameters[info.times], self.population.size)
        exact = times.copy()
        for cell in np.unique(senders):
            own = as_array(listed[cell])
            steps = clock.steps(own)
            spikes = np.flatnonzero(senders == cell)
            stamps = clock.steps(times[spikes])
            place = np.searchsorted(steps, stamps)
            found = place < steps.size
            found[found] = steps[place[found]] == stamps[found]
            exact[spikes[found]] = own[place[found]]
        return exact

    def close_segment(self, annotations: Mapping[str, Any]) -> None:
        """Keep the present data as a segment, before the simulation is reset."""
        if self.session.has_run and not self._cleared:
            data = self.present()
            data.annotations = dict(annotations)
            self.segments.append(data)
        self._cleared = False
        self.start = 0.0

    def block(
        self,
        group: Any,
        variables: str | Sequence[str],
        cells: np.ndarray | None,
        clear: bool,
        annotations: Mapping[str, Any] | None,
    ) -> Any:
        """Return a Neo block of all segments.

        Parameters
        ----------
        group : Population or PopulationView
            What was asked.
        variables : str or sequence of str
            ``"all"``, or names.
        cells : ndarray of int64 or None
            Which cells; None for all.
        clear : bool
            Whether to forget the data.
        annotations : mapping or None
            More annotations of the block.
        """
        from snnc.pynn.data.neo_data import make_block

        names = None if variables == "all" else _names(variables)
        segments = list(self.segments)
        if self.session.running and self.session.existing is not None:
            segments.append(self.present())
        block = make_block(self.population, segments, names, cells)
        block.annotate(**self._metadata(), **(annotations or {}))
        if group is not self.population:
            block.annotate(**group.annotations)
        if clear:
            self.clear()
        return block

    def clear(self) -> None:
        """Forget all data."""
        self.segments = []
        self._cleared = True
        self.start = self.session.time
        if self.session.existing is not None:
            self.session.existing.clear(self.population.symbol)

    def spike_counts(self, cells: np.ndarray | None) -> dict[int, int]:
        """Return the number of spikes of each recorded cell, by its number."""
        if SPIKES not in self.recorded:
            raise NothingRecorded(f"spikes of {self.population.label!r} are not recorded")
        index = self.recorded[SPIKES]
        if cells is not None:
            index = np.intersect1d(index, cells)
        simulation = self.session.existing
        counts = np.zeros(self.population.size, np.int64)
        if simulation is not None and self.session.running:
            counts = simulation.spike_counts(self.population.symbol)
        numbers = (index + self.population.first_id).tolist()
        return dict(zip(numbers, counts[index].tolist(), strict=True))

    def _metadata(self) -> dict[str, Any]:
        population = self.population
        return {
            "size": population.size,
            "first_index": 0,
            "last_index": population.size,
            "first_id": population.first_id,
            "last_id": population.last_id,
            "label": population.label,
            "simulator": "snnc",
            **population.annotations,
            "dt": self.session.dt,
            "mpi_processes": 1,
        }


def _names(variables: str | Sequence[str]) -> list[str]:
    return [variables] if isinstance(variables, str) else list(variables)
