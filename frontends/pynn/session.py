"""The current network: what a script has built, what it has done, and the simulation of it.

A script's calls are only noted. The network is written as IR and compiled when something needs it:
a run, or a question about connections. Afterwards new values of parameters, states, weights and
currents go to the simulation as they are; a new object makes a new document, and the state of the
old simulation is carried over by name.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from snnc.ir.values import Random
from snnc.pynn.refusals import NotYet, TimeRefused

if TYPE_CHECKING:
    from pathlib import Path

    from snnc.ir.text import Document
    from snnc.pynn.cells.populations import Population
    from snnc.pynn.electrodes import StandardCurrentSource
    from snnc.pynn.wiring.projections import Projection
    from snnc.runtime.simulation import Simulation

DEFAULT_TIMESTEP = 0.1
DEFAULT_SEED = 42
_NOT_A_NAME = re.compile(r"\W+")


@dataclass(frozen=True)
class Event:
    """An entry of the protocol log: what the script did to its network, and when.

    Attributes
    ----------
    time : float
        Time of the simulation, in ms.
    action : str
        ``run``, ``reset``, ``set``, ``initialize``, ``record``, ``inject`` or ``add``.
    target : str
        The object's symbol, or nothing.
    details : mapping
        The arguments.
    """

    time: float
    action: str
    target: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)


class Session:
    """One network between two calls of `setup`.

    Parameters
    ----------
    timestep : float
        In ms.
    min_delay, max_delay : float or "auto"
        Bounds of delays, in ms.
    seed : int
        Of all random choices that do not bring their own.
    target : str
        What the network is compiled for.
    options : mapping
        Further options of `snnc.compile`.
    exact_times : bool
        Whether spikes of sources with listed times are recorded at those times, not on the grid.
    connectivity : {"counter", "pynn"}
        Where random numbers come from: the counter-based generator, or the script's generators in
        the order in which PyNN's backends draw from them.
    stream_to : path or None
        The file to which recorded data are written while running.
    """

    def __init__(
        self,
        timestep: float = DEFAULT_TIMESTEP,
        min_delay: float | str = "auto",
        max_delay: float | str = "auto",
        seed: int = DEFAULT_SEED,
        target: str = "cpu",
        options: Mapping[str, Any] | None = None,
        exact_times: bool = False,
        connectivity: str = "counter",
        stream_to: str | Path | None = None,
    ) -> None:
        self.dt = timestep
        self.exact_times = exact_times
        self.connectivity = connectivity
        self.stream_to = stream_to
        self.min_delay_setting = min_delay
        self.max_delay_setting = max_delay
        self.seed = seed
        self.target = target
        self.options = dict(options or {})
        self.populations: list[Population] = []
        self.projections: list[Projection] = []
        self.sources: list[StandardCurrentSource] = []
        self.log: list[Event] = []
        self.write_on_end: list[tuple[Any, Any, Any]] = []
        self.segment_counter = 0
        self.running = False
        self.compilations = 0
        self.compiled: Any = None
        self._simulation: Simulation | None = None
        self._stale = False
        self._pending: dict[tuple[str, ...], Callable[[Simulation], None]] = {}
        self._symbols: set[str] = set()
        self._objects = 0
        self._cells = 1
        self._samples = 0
        self._counts: dict[str, int] = {}

    # Names and numbers of new objects.

    @property
    def next_object_id(self) -> int:
        """What `object_id` will return."""
        return self._objects

    def object_id(self) -> int:
        """Return a number for a new object; it keys the object's random choices."""
        self._objects += 1
        return self._objects - 1

    def cell_ids(self, size: int) -> int:
        """Return the first of `size` consecutive numbers for new cells."""
        first = self._cells
        self._cells += size
        return first

    def ordinal(self, kind: str) -> int:
        """Return how many objects of a kind have been named so far, for default labels."""
        count = self._counts.get(kind, 0)
        self._counts[kind] = count + 1
        return count

    def symbol(self, wanted: str) -> str:
        """Return a name for use in the IR: that of the label where it is free."""
        base = _NOT_A_NAME.sub("_", wanted).strip("_") or "object"
        base = f"_{base}" if base[0].isdigit() else base
        name, count = base, 1
        while name in self._symbols:
            count += 1
            name = f"{base}_{count}"
        self._symbols.add(name)
        return name

    def sample_seed(self) -> int:
        """Return a seed for a sample that was asked for without a generator."""
        from snnc.runtime.random import SAMPLE, key

        self._samples += 1
        return key(self.seed, self._samples, SAMPLE)[0]

    def redrawn(self, value: Any, count: int) -> Any:
        """Return a distribution that gives other numbers each time it is set anew.

        Numbers are drawn by key, so a second `initialize(v=distribution)` would otherwise give
        those of the first.
        """
        if not isinstance(value, Random) or count == 0:
            return value
        from snnc.runtime.random import key

        low, high = key(self.seed if value.seed is None else value.seed, count, 0)
        return Random(value.name, value.params, low | (high & 0x7FFFFFFF) << 32)

    # Time.

    @property
    def time(self) -> float:
        """The time of the simulation, in ms."""
        return 0.0 if self._simulation is None else float(self._simulation.t)

    @property
    def has_run(self) -> bool:
        """Whether time has passed since the beginning or the last reset."""
        return self._simulation is not None and self._simulation.step > 0

    @property
    def min_delay(self) -> float:
        """The smallest delay that is allowed, in ms."""
        if isinstance(self.min_delay_setting, str):
            return self.dt
        return self.min_delay_setting

    def note(self, action: str, target: str, details: Mapping[str, Any]) -> None:
        """Enter something the script did into the log."""
        self.log.append(Event(self.time, action, target, dict(details)))

    # The simulation.

    def changed(self, target: str = "", what: str = "object") -> None:
        """Note a new object, or another change that needs a new document."""
        self.note("add", target, {"what": what})
        self._stale = True

    def later(self, key: tuple[str, ...], change: Callable[[Simulation], None]) -> None:
        """Make a change to the simulation before it goes on; the last one of a key counts."""
        if self._simulation is not None:
            self._pending.pop(key, None)
            self._pending[key] = change

    @property
    def is_built(self) -> bool:
        """Whether there is a simulation of the network as it is."""
        return self._simulation is not None and not self._stale

    def document(self) -> Document:
        """Return the network as IR."""
        from snnc.pynn.network_ir import write_document

        return write_document(self)

    def simulation(self) -> Simulation:
        """Return the simulation, compiled if need be, with all changes made."""
        if not self.is_built:
            self._build()
        self._catch_up()
        assert self._simulation is not None
        return self._simulation

    @property
    def existing(self) -> Simulation | None:
        """The simulation, if there is one; changes may be waiting."""
        return self._simulation

    def _build(self) -> None:
        from snnc.compiler import compile as compile_network

        old = self._simulation
        carried = old is not None and old.step > 0
        compiled = compile_network(self, target=self.target, **self.options)
        simulation = compiled.simulation
        if old is not None:
            simulation.stream_with(old)
        elif self.stream_to is not None:
            simulation.stream(self.stream_to)
        for projection in self.projections:
            projection.after_build(simulation)
        if carried:
            assert old is not None
            simulation.import_state(old.export_state())
        self.compiled = compiled
        self._simulation = simulation
        self._stale = False
        self.compilations += 1
        if old is not None:
            old.close()

    def _catch_up(self) -> None:
        from snnc.runtime.engine.recompilation import NeedsRecompilation

        assert self._simulation is not None
        while self._pending:
            key = next(iter(self._pending))
            try:
                self._pending[key](self._simulation)
            except NeedsRecompilation as request:
                # The objects have the new value already, so the new document has it too.
                for projection in self.projections:
                    if projection.symbol == request.owner:
                        projection.list_connections()
                self._build()
            del self._pending[key]

    def run_until(self, time: float) -> float:
        """Simulate until `time` (ms) and return the time that was reached."""
        if time - self.time < -self.dt / 2.0:
            raise TimeRefused(f"{time:g} ms is in the past; the time is {self.time:g} ms")
        if observers.before_run is not None:
            observers.before_run(self)
        simulation = self.simulation()
        start = simulation.t
        self.running = True
        self.note("run", "", {"until": time})
        steps = round(time / self.dt) - simulation.step
        try:
            if steps > 0:
                simulation.run(steps * self.dt, progress=observers.progress)
        finally:
            for source in self.sources:
                source.after_run(start, simulation.t)
        return simulation.t

    def reset(self, annotations: Mapping[str, Any]) -> None:
        """Go back to time 0; what was recorded becomes a segment."""
        for population in self.populations:
            population.recorder.close_segment(annotations)
        self.note("reset", "", annotations)
        if self._simulation is not None:
            if self._stale:
                # Nothing of the state survives, so the new network can wait for its first use.
                self._simulation.close()
                self._simulation = None
                self._pending.clear()
            else:
                self._catch_up()
                self._simulation.reset()
        for source in self.sources:
            source.restart()
        self.running = False
        self.segment_counter += 1

    def own(self, *objects: Any) -> None:
        """Refuse objects of a network that an earlier `setup` began."""
        for thing in objects:
            if thing.session is not self:
                raise NotYet(
                    f"{thing.label!r} belongs to a network from before the last setup(); "
                    "make it again"
                )


@dataclass
class Observers:
    """What is called while scripts run, whatever network they build.

    Attributes
    ----------
    progress : callable or None
        Called with the time reached, in ms, during runs.
    before_run : callable or None
        Called with the session at the beginning of each run.
    """

    progress: Callable[[float], None] | None = None
    before_run: Callable[[Session], None] | None = None


observers = Observers()
overrides: dict[str, Any] = {}
"""Arguments of `setup` that count whatever the script says; the command line sets them."""

_current: Session | None = None


def current() -> Session:
    """Return the current network; there is an empty one before the first `setup`."""
    if _current is None:
        from snnc.pynn.control import new_session

        start(new_session())
    assert _current is not None
    return _current


def start(session: Session) -> None:
    """Make `session` the current network; what the one before recorded can still be read."""
    global _current
    if _current is not None and _current.existing is not None:
        _current.existing.close()
    _current = session
