"""Current sources: waveforms on the time grid, and the cells they reach.

A value is in force during [t, t + dt): a source that starts at 1.0 ms first acts on the state at
1.0 ms + dt, as in all of PyNN's backends.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from snnc.codegen.artifact import SelectionPlan, SourcePlan
from snnc.ir.diagnostics import UserError, did_you_mean
from snnc.ir.values import Value
from snnc.runtime.engine.cells import Cells
from snnc.runtime.engine.clock import Clock
from snnc.runtime.engine.resolve import Draws
from snnc.runtime.engine.tables import address
from snnc.runtime.random import CURRENT, draw_elements, key

_FOREVER = 1e12
_NEVER_YET = np.nan
# Words of a row of kernels/inject.py that change with the chunk.
_VALUES_WORD, _CHANGES_WORD, _FIRST_WORD = 5, 6, 8
Parameters = Mapping[str, Value]


class Source:
    """A current source.

    Parameters
    ----------
    plan : SourcePlan
        Its kind, parameters (nA, ms, Hz, degrees) and targets.
    clock : Clock
        The time grid.
    draws : Draws
        For noise.
    """

    def __init__(self, plan: SourcePlan, clock: Clock, draws: Draws) -> None:
        self.plan = plan
        self.parameters: dict[str, Value] = dict(plan.parameters)
        self._clock = clock
        self._draws = draws

    def set(self, name: str, value: Value) -> None:
        """Set a parameter, from the present step on."""
        known = PARAMETERS[self.plan.kind]
        if name not in known:
            raise UserError(
                f"a source of kind '{self.plan.kind}' has no parameter '{name}'"
                f"{did_you_mean(name, known)}"
            )
        self.parameters[name] = value

    def values(self, first: int, steps: int) -> NDArray[np.float64]:
        """Return the current in nA during each of `steps` steps from `first` on."""
        k = np.arange(first, first + steps)
        return _WAVEFORMS[self.plan.kind](self, k)

    def _number(self, name: str, default: float) -> float:
        value = self.parameters.get(name, default)
        if np.ndim(value) or not isinstance(value, int | float | np.number):  # type: ignore[arg-type]
            raise UserError(f"'{name}' of source '{self.plan.name}' is a number; found {value}")
        return float(value)

    def _array(self, name: str) -> NDArray[np.float64]:
        return np.atleast_1d(np.asarray(self.parameters.get(name, ()), np.float64))

    def _active(self, k: NDArray[np.int64]) -> NDArray[np.bool_]:
        return (k >= self._start()) & (k < self._clock.step(self._number("stop", _FOREVER)))

    def _start(self) -> int:
        return self._clock.step(self._number("start", 0.0))

    def _constant(self, k: NDArray[np.int64]) -> NDArray[np.float64]:
        return np.where(self._active(k), self._number("amplitude", 1.0), 0.0)

    def _sine(self, k: NDArray[np.int64]) -> NDArray[np.float64]:
        elapsed = self._clock.times(k) - self._number("start", 0.0)
        turns = self._number("frequency", 10.0) * elapsed / 1000.0
        phase = np.deg2rad(self._number("phase", 0.0))
        wave = self._number("amplitude", 1.0) * np.sin(2.0 * np.pi * turns + phase)
        return np.where(self._active(k), wave + self._number("offset", 0.0), 0.0)

    def _steps(self, k: NDArray[np.int64]) -> NDArray[np.float64]:
        times, amplitudes = self._array("times"), self._array("amplitudes")
        if times.shape != amplitudes.shape:
            raise UserError(
                f"source '{self.plan.name}' has {amplitudes.size} amplitudes for {times.size} times"
            )
        if (np.diff(times) < 0).any():
            raise UserError(f"times of source '{self.plan.name}' must not decrease")
        stages = np.searchsorted(self._clock.steps(times), k, side="right")
        return np.concatenate(([0.0], amplitudes))[stages]

    def _noise(self, k: NDArray[np.int64]) -> NDArray[np.float64]:
        held = max(1, self._clock.step(self._number("dt", self._clock.dt)))
        numbers, which = np.unique((k - self._start()) // held, return_inverse=True)
        active = self._active(k)
        if not active.any():
            return np.zeros(len(k))
        seed = int(self._number("seed", self._draws.seed))
        parameters = {"mu": self._number("mean", 0.0), "sigma": self._number("stdev", 1.0)}
        draws = draw_elements(
            self._draws.kernels, "normal", parameters,
            key(seed, self.plan.object_id, CURRENT), np.maximum(numbers, 0),
        )  # fmt: skip
        return np.where(active, draws[which], 0.0)


_WAVEFORMS: dict[str, Callable[[Source, NDArray[np.int64]], NDArray[np.float64]]] = {
    "dc": Source._constant,
    "ac": Source._sine,
    "step": Source._steps,
    "noisy": Source._noise,
}
PARAMETERS: dict[str, tuple[str, ...]] = {
    "dc": ("amplitude", "start", "stop"),
    "ac": ("amplitude", "offset", "frequency", "phase", "start", "stop"),
    "step": ("amplitudes", "times"),
    "noisy": ("mean", "stdev", "start", "stop", "dt", "seed"),
}


class Currents:
    """All current sources of a network.

    Parameters
    ----------
    plans : iterable of SourcePlan
        The sources, in network order.
    cells : mapping of str to Cells
        The populations.
    clock, draws : Clock, callable
        The time grid; and how the draws of an object id are made.

    Attributes
    ----------
    sources : dict of str to Source
        By name.
    """

    def __init__(
        self,
        plans: Iterable[SourcePlan],
        cells: Mapping[str, Cells],
        clock: Clock,
        draws: Callable[[int], Draws],
    ) -> None:
        self.sources = {p.name: Source(p, clock, draws(p.object_id)) for p in plans}
        self._cells = cells
        self._groups: list[tuple[int, list[Any]]] = []
        self._keep: list[NDArray[Any]] = []
        self._first = 0
        self._reserve(1)
        self.restart()
        self._group()

    def _reserve(self, steps: int) -> None:
        n = len(self.sources)
        self._values = np.zeros((steps, n))
        self._changed = np.zeros((steps, n + 1), np.uint8)

    def restart(self) -> None:
        """Take all sources as changed in the next step."""
        self._latest = np.full(len(self.sources), _NEVER_YET)

    def _group(self) -> None:
        """Group the cells of each slice by the sources that reach them."""
        for name, reached in self._reached().items():
            cells = self._cells[name]
            for part in cells.slices:
                groups: dict[tuple[int, ...], list[int]] = {}
                for cell in range(part.first, part.last):
                    if reached[cell]:
                        groups.setdefault(tuple(reached[cell]), []).append(cell - part.first)
                for own, offsets in groups.items():
                    arrays = np.array(offsets, np.int32), np.array(own, np.int64)
                    self._keep += arrays
                    words = [address(cells.from_sources, part.first), address(arrays[0]),
                             len(offsets), address(arrays[1]), len(own)]  # fmt: skip
                    self._groups.append((part.thread, words))

    def _reached(self) -> dict[str, list[list[int]]]:
        """Return the sources of each cell of the populations with any, in network order."""
        found: dict[str, list[list[int]]] = {}
        for number, source in enumerate(self.sources.values()):
            for name, index in _members(source.plan.targets):
                population = self._cells[name]
                lists = found.setdefault(name, [[] for _ in range(population.size)])
                for cell in np.arange(population.size)[index].tolist():
                    lists[cell].append(number)
        return found

    def __bool__(self) -> bool:
        return bool(self._groups)

    def prepare(self, first: int, steps: int) -> None:
        """Compute the waveforms of a chunk of steps; tables are to be renewed after it."""
        if not self.sources:
            return
        self._first = first
        if steps > len(self._values):
            self._reserve(steps)
        values = self._values[:steps]
        for number, source in enumerate(self.sources.values()):
            values[:, number] = source.values(first, steps)
        before = np.vstack((self._latest, values[:-1]))
        self._changed[:steps, :-1] = values != before
        self._changed[:steps, -1] = self._changed[:steps, :-1].any(axis=1)

    def reached(self, steps: int) -> None:
        """Note that the first `steps` steps of the chunk have run."""
        if self.sources and steps:
            self._latest = self._values[steps - 1].copy()

    def rows(self) -> list[tuple[int, list[int]]]:
        """Return (thread, words) for the kernel ``inject``; `renew` completes them."""
        single = [int(c.current.dtype == np.float32) for c in self._cells.values()][:1]
        tail = [0, 0, len(self.sources), 0, *single]
        return [(thread, [*words, *tail]) for thread, words in self._groups]

    def renew(self, words: NDArray[np.int64]) -> None:
        """Point the rows of a table to the waveforms of the present chunk."""
        words[:, _VALUES_WORD] = address(self._values)
        words[:, _CHANGES_WORD] = address(self._changed)
        words[:, _FIRST_WORD] = self._first


def _members(targets: Iterable[SelectionPlan]) -> Iterable[tuple[str, slice | NDArray[Any]]]:
    for target in targets:
        yield from target.members
