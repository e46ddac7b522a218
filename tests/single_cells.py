"""A few uncoupled cells with listed input, as networks and as ODEs for SciPy.

`Few` describes the cells once; `Few.compile` gives the network and `Few.reference` the solution of
the hand-written equations of `reference_cells`, sampled at the same times.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from types import SimpleNamespace

import numpy as np
from numpy.typing import NDArray
from reference_cells import REFERENCES, Solution, solve

import snnc
from snnc import model_library
from snnc.compiled import CompiledNetwork
from snnc.ir.build import NetworkBuilder
from snnc.ir.values import Sequences, Value

Numbers = float | Sequence[float]


@dataclass(frozen=True)
class Input:
    """Listed spikes of a source for each cell, through one weight and one delay."""

    times: Sequence[Sequence[float]]
    weight: float
    delay: float = 1.0


@dataclass(frozen=True)
class Few:
    """Uncoupled cells of one model.

    Attributes
    ----------
    model : str
        Name of the model.
    parameters, initial : mapping of str to number or sequence of numbers
        A sequence has one number for each cell.
    inputs : mapping of str to Input
        By receptor.
    current : sequence of (ms, nA)
        The current injected into all cells, from each time on.
    """

    model: str
    size: int
    parameters: Mapping[str, Numbers] = field(default_factory=dict)
    initial: Mapping[str, Numbers] = field(default_factory=dict)
    inputs: Mapping[str, Input] = field(default_factory=dict)
    current: Sequence[tuple[float, float]] = ()

    def compile(
        self, dt: float = 0.1, record: Sequence[str] = ("spikes", "v"), **options: object
    ) -> CompiledNetwork:
        """Return the network; its population is ``cells``."""
        builder = builder_of([self.model, "SpikeSourceArray"], dt=dt)
        builder.population(
            "cells",
            self.size,
            self.model,
            parameters=arrays(self.parameters),
            initial=arrays(self.initial),
        )
        for receptor, one in self.inputs.items():
            name = f"to_{receptor}"
            spikes = {"spike_times": Sequences.of([list(times) for times in one.times])}
            builder.population(name, self.size, "SpikeSourceArray", parameters=spikes)
            wiring = ("one_to_one", {})
            builder.projection(
                f"{name}_cells", name, "cells", wiring, "StaticSynapse", receptor, one.weight,
                one.delay,
            )  # fmt: skip
        if self.current:
            times, amplitudes = np.array(self.current, dtype=float).T
            builder.source("current", "step", parameters={"times": times, "amplitudes": amplitudes})
            builder.inject("current", "cells")
        builder.record("cells", list(record))
        return snnc.compile(builder.finish(), **options)

    def reference(self, duration: float, dt: float = 0.1) -> list[Solution]:
        """Return the solution of each cell."""
        steps = round(duration / dt)
        return [
            solve(
                REFERENCES[self.model],
                self._parameters_of(cell),
                {name: _of_cell(value, cell) for name, value in self.initial.items()},
                self._arrivals(cell, steps, dt),
                self._current(steps, dt),
                dt,
            )
            for cell in range(self.size)
        ]

    def _parameters_of(self, cell: int) -> SimpleNamespace:
        values = {name: _of_cell(value, cell) for name, value in self.parameters.items()}
        return SimpleNamespace(**defaults(self.model) | values)

    def _arrivals(self, cell: int, steps: int, dt: float) -> dict[str, NDArray[np.float64]]:
        arrivals = {}
        for receptor, one in self.inputs.items():
            arrivals[receptor] = np.zeros(steps + 1)
            for time in one.times[cell]:
                stamp = round(time / dt) + round(one.delay / dt)
                if stamp <= steps:
                    arrivals[receptor][stamp] += one.weight
        return arrivals

    def _current(self, steps: int, dt: float) -> NDArray[np.float64]:
        current = np.zeros(steps)
        for start, amplitude in self.current:
            current[round(start / dt) :] = amplitude
        return current


def builder_of(models: Sequence[str], dt: float = 0.1, seed: int = 1) -> NetworkBuilder:
    """Return a builder that knows these models and static synapses."""
    builder = NetworkBuilder("net", dt=dt, seed=seed)
    for name in dict.fromkeys([*models, "StaticSynapse"]):
        builder.use_model(model_library.text(name), f"{name}.mlir")
    return builder


@cache
def defaults(model: str) -> dict[str, float]:
    """Return the defaults of the parameters of a model."""
    parameters = model_library.load(model).parameters
    return {name: p.default for name, p in parameters.items() if p.default is not None}


def arrays(values: Mapping[str, Numbers]) -> dict[str, Value]:
    """Return values as a builder takes them: sequences as arrays."""
    return {
        name: float(value) if np.ndim(value) == 0 else np.array(value, dtype=float)  # type: ignore[arg-type]
        for name, value in values.items()
    }


def _of_cell(value: Numbers, cell: int) -> float:
    return float(value) if np.ndim(value) == 0 else float(value[cell])  # type: ignore[arg-type,index]


def run(few: Few, duration: float, **options: object) -> CompiledNetwork:
    """Compile and run."""
    network = few.compile(**options)  # type: ignore[arg-type]
    network.run(duration)
    return network


def voltages(network: CompiledNetwork, population: str = "cells") -> NDArray[np.float64]:
    """Return the recorded v, of shape (samples, cells)."""
    return network.simulation.trace(population, "v").values


def spike_times(network: CompiledNetwork, cell: int = 0, population: str = "cells") -> list[float]:
    """Return the times of the recorded spikes of a cell in ms."""
    times, cells = network.simulation.spikes(population)
    return times[cells == cell].tolist()
