"""Current sources."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from pyNN.parameters import Sequence
from pyNN.random import AbstractRNG

from snnc.ir.diagnostics import Location
from snnc.ir.values import Value
from snnc.pynn import script, session
from snnc.pynn.cells.assemblies import Assembly
from snnc.pynn.cells.groups import BasePopulation
from snnc.pynn.cells.identity import ID
from snnc.pynn.cells.models import ModelType
from snnc.pynn.cells.parameters import finite, is_plain, number
from snnc.pynn.refusals import (
    DimensionsRefused,
    NothingRecorded,
    NotYet,
    TypeRefused,
    UnknownParameter,
    ValueRefused,
)

if TYPE_CHECKING:
    from snnc.pynn.cells.populations import Population


class StandardCurrentSource(ModelType):
    """Base of the current sources; parameters are attributes, and may be set between runs."""

    kind: ClassVar[str] = ""

    def __init__(self, **parameters: Any) -> None:
        if not self.kind:
            raise TypeError("StandardCurrentSource is the base of the sources, and none itself")
        private = self.__dict__
        private["session"] = session.current()
        private["location"] = script.caller()
        private["targets"] = []
        private["_samples"] = None
        private["label"] = type(self).__name__
        super().__init__(**parameters)
        self._tidy()
        private["object_id"] = self.session.object_id()
        private["symbol"] = self.session.symbol(
            f"{self.kind}_source{self.session.ordinal(self.kind)}"
        )
        self.session.sources.append(self)

    if TYPE_CHECKING:
        session: session.Session
        location: Location | None
        targets: list[BasePopulation | Assembly]
        object_id: int
        symbol: str

    def _check(self, name: str, value: Any) -> None:
        if isinstance(self.default_parameters[name], Sequence):
            if is_plain(value):
                raise ValueRefused(f"'{name}' must be a sequence of numbers; found {value!r}")
            finite(getattr(value, "value", value), name)
        else:
            if not is_plain(value):
                raise ValueRefused(f"'{name}' must be a number; found {value!r}")
            number(value, name)

    def _tidy(self) -> None:
        """Check parameters that depend on each other."""

    def set(self, parameters: Mapping[str, Any]) -> None:
        """Take parameters; all of them or, when one is refused, none."""
        before = dict(self.__dict__.get("parameters", {}))
        super().set(parameters)
        try:
            self._tidy()
        except Exception:
            self.parameters.clear()
            self.parameters.update(before)
            raise

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or "parameters" not in self.__dict__:
            raise AttributeError(name)
        if name not in self.default_parameters:
            raise UnknownParameter(name, type(self).__name__, self.default_parameters)
        value = self.parameters[name]
        return value.value if isinstance(value, Sequence) else value

    def __setattr__(self, name: str, value: Any) -> None:
        if name in self.default_parameters:
            self.set_parameters(**{name: value})
        elif name in self.__dict__ or name in ("parameters", "rng"):
            object.__setattr__(self, name, value)
        else:
            raise UnknownParameter(name, type(self).__name__, self.default_parameters)

    def set_parameters(self, copy: bool = True, **parameters: Any) -> None:
        """Set parameters, from the present time on."""
        self.set(parameters)
        self.session.note("set", self.symbol, parameters)
        values = self.values()
        for name in self._affected(parameters):
            self.session.later(
                ("source", self.symbol, name),
                lambda simulation, name=name: self._send(simulation, name, values[name]),
            )

    def _affected(self, parameters: Mapping[str, Any]) -> list[str]:
        return list(parameters)

    def _send(self, simulation: Any, name: str, value: Value) -> None:
        if self.targets:
            simulation.set_source(self.symbol, name, value)

    def get_parameters(self) -> dict[str, Any]:
        """Return all parameters."""
        return dict(self.parameters)

    def values(self) -> dict[str, Value]:
        """Return the parameters as values of the IR."""
        result: dict[str, Value] = {}
        for name, value in self.parameters.items():
            if isinstance(self.default_parameters[name], Sequence):
                result[name] = finite(getattr(value, "value", value), name).ravel()
            else:
                result[name] = float(value)
        return result

    def inject_into(self, cells: Any, location: Any = None) -> None:
        """Inject the current into cells.

        Parameters
        ----------
        cells : Population, PopulationView, Assembly, or list of ID
            The cells; each receives the same current.
        location
            Of no use to cells without compartments.

        Raises
        ------
        TypeError
            If current cannot be injected into the cells.
        """
        if location is not None:
            raise NotYet("location= is for cells with compartments")
        groups = _groups(cells)
        for group in groups:
            self.session.own(group)
            if not group.injectable:
                raise TypeRefused(f"current cannot be injected into {group.label!r}")
        self.targets.extend(groups)
        self.session.note("inject", self.symbol, {"into": [group.label for group in groups]})
        self.session.changed(self.symbol, "current source")

    # The current itself, which is a function of the parameters and of time.

    def record(self) -> None:
        """Record the current."""
        self.__dict__["_samples"] = []

    def after_run(self, start: float, stop: float) -> None:
        """Note the current of a run from `start` to `stop` ms."""
        samples = self.__dict__["_samples"]
        if samples is not None and stop > start:
            samples.append((start, self._waveform(start, stop)))

    def restart(self) -> None:
        """Forget the recorded current: time begins anew."""
        if self.__dict__["_samples"] is not None:
            self.__dict__["_samples"] = []

    def _waveform(self, start: float, stop: float) -> np.ndarray:
        from snnc.codegen.artifact import SourcePlan
        from snnc.runtime.engine.clock import Clock
        from snnc.runtime.engine.currents import Source
        from snnc.runtime.engine.resolve import Draws
        from snnc.runtime.jit.cache import shared_kernels

        clock = Clock(self.session.dt)
        draws = Draws(shared_kernels(), self.session.seed, self.object_id)
        plan = SourcePlan(self.symbol, self.kind, self.object_id, self.values(), ())
        first = clock.step(start)
        return Source(plan, clock, draws).values(first, clock.step(stop) - first)

    def get_data(self) -> Any:
        """Return the recorded current as a Neo signal, in nA."""
        import neo
        import quantities as pq

        samples = self.__dict__["_samples"]
        if not samples:
            raise NothingRecorded(f"the current of {self.symbol} is not recorded")
        # The value of a step is in force from its beginning; the first sample is the one at 0.
        currents = np.concatenate([part for _, part in samples])
        return neo.AnalogSignal(
            np.append(currents, currents[-1]),
            units="nA",
            t_start=samples[0][0] * pq.ms,
            sampling_period=self.session.dt * pq.ms,
            name=self.symbol,
        )


def _groups(cells: Any) -> list[BasePopulation | Assembly]:
    if isinstance(cells, BasePopulation | Assembly):
        return [cells]
    if isinstance(cells, ID):
        return [cells.as_view()]
    if not isinstance(cells, list | tuple | np.ndarray) or not all(
        isinstance(cell, ID) for cell in cells
    ):
        raise TypeRefused(
            f"a population, view, assembly or list of cells is expected; found {cells!r}"
        )
    chosen: dict[Population, list[int]] = {}
    for cell in cells:
        chosen.setdefault(cell.parent, []).append(cell.index)
    return [population[indices] for population, indices in chosen.items()]


class DCSource(StandardCurrentSource):
    """A constant current.

    Parameters
    ----------
    amplitude : float, default 1.0 [nA]
    start, stop : float, default 0.0 and 1e12 [ms]
    """

    kind = "dc"
    default_parameters: ClassVar[dict[str, Any]] = {"amplitude": 1.0, "start": 0.0, "stop": 1e12}


class ACSource(StandardCurrentSource):
    """A sine.

    Parameters
    ----------
    amplitude, offset : float, default 1.0 and 0.0 [nA]
    frequency : float, default 10.0 [Hz]
    phase : float, default 0.0 [degrees]
    start, stop : float, default 0.0 and 1e12 [ms]
    """

    kind = "ac"
    default_parameters: ClassVar[dict[str, Any]] = {
        "amplitude": 1.0,
        "start": 0.0,
        "stop": 1e12,
        "frequency": 10.0,
        "offset": 0.0,
        "phase": 0.0,
    }


class StepCurrentSource(StandardCurrentSource):
    """A current that changes at given times, and is zero before the first.

    Parameters
    ----------
    times : sequence of float [ms]
        Ascending.
    amplitudes : sequence of float [nA]
        The current from each time on.
    """

    kind = "step"
    default_parameters: ClassVar[dict[str, Any]] = {
        "amplitudes": Sequence([]),
        "times": Sequence([]),
    }

    def _tidy(self) -> None:
        values = self.values()
        times, amplitudes = np.asarray(values["times"]), np.asarray(values["amplitudes"])
        if times.size != amplitudes.size:
            raise DimensionsRefused(f"{times.size} times, {amplitudes.size} amplitudes")
        if (times < 0.0).any():
            raise ValueRefused("times of a StepCurrentSource must not be negative")
        if (np.diff(times) <= 0.0).any():
            raise ValueRefused("times of a StepCurrentSource must ascend")
        steps = np.rint(times / self.session.dt)
        # Of several changes within a time step the last one counts.
        last = np.append(np.diff(steps) > 0.0, True)[: times.size]
        self.parameters["times"] = Sequence(steps[last] * self.session.dt)
        self.parameters["amplitudes"] = Sequence(amplitudes[last])

    def _affected(self, parameters: Mapping[str, Any]) -> list[str]:
        return ["times", "amplitudes"] if parameters else []


class NoisyCurrentSource(StandardCurrentSource):
    """A current drawn from a normal distribution at regular times, the same for all its cells.

    Parameters
    ----------
    mean, stdev : float, default 0.0 and 1.0 [nA]
    start, stop : float, default 0.0 and 1e12 [ms]
    dt : float, default the time step [ms]
        Time between draws, a multiple of the time step.
    rng : AbstractRNG, optional
        Its seed counts instead of that of `setup`.
    """

    kind = "noisy"
    default_parameters: ClassVar[dict[str, Any]] = {
        "mean": 0.0,
        "stdev": 1.0,
        "start": 0.0,
        "stop": 1e12,
        "dt": 0.1,
    }

    def __init__(self, rng: AbstractRNG | None = None, **parameters: Any) -> None:
        self.__dict__["rng"] = rng
        parameters.setdefault("dt", session.current().dt)
        super().__init__(**parameters)

    def _tidy(self) -> None:
        ratio = float(self.parameters["dt"]) / self.session.dt
        if ratio < 0.5 or abs(ratio - round(ratio)) > 1e-6:
            raise ValueRefused(
                f"dt of a NoisyCurrentSource must be a multiple of the time step, "
                f"{self.session.dt:g} ms; found {self.parameters['dt']:g} ms"
            )
        if self.parameters["stdev"] < 0.0:
            raise ValueRefused(f"stdev is negative; found {self.parameters['stdev']:g}")

    def values(self) -> dict[str, Value]:
        """Return the parameters as values of the IR."""
        seed = None if self.rng is None else self.rng.seed
        return super().values() if seed is None else {**super().values(), "seed": float(seed)}
