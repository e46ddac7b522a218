"""Analog neuron circuits: what their parameters can be, and the codes that stand for them.

A circuit runs `speedup` times faster than the model. Its potentials are those of the model,
stretched and shifted; its capacity is its own, so that conductances and currents follow from those
of the model for each unit of capacity.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from snnc.hardware.descriptions import Description
from snnc.ir.diagnostics import ModelError, did_you_mean

Numbers: TypeAlias = float | NDArray[np.float64]

KINDS = ("potential", "difference", "time", "conductance", "current")
"""What a parameter is, which says how a model's value becomes a circuit's."""

LAWS = ("linear", "reciprocal")
"""Whether the value or its inverse grows by equal steps from code to code."""

_FIELDS = ("kind", "law", "range", "span", "spread", "trial", "source", "verified")


@dataclass(frozen=True)
class Scaling:
    """How the values of a population become those of its circuits.

    Attributes
    ----------
    stretch, shift : float
        The circuit's potential is ``stretch * v + shift`` for v in mV.
    speedup : float
        Of the chip.
    capacity : float or ndarray
        Of a circuit in pF, for each nF of the model.
    """

    stretch: float
    shift: float
    speedup: float
    capacity: Numbers

    def factor(self, kind: str) -> Numbers:
        """Return the circuit's units (us, uS) for each coherent unit of a parameter of a kind."""
        match kind:
            case "time":
                return 1e3 / self.speedup
            case "conductance":
                return self.capacity * self.speedup / 1e3
            case "current":
                return self.stretch * self.capacity * self.speedup / 1e3
            case _:
                return self.stretch

    def to_circuit(self, kind: str, value: Numbers) -> Numbers:
        """Return a model's value, in the coherent unit, as the circuit's."""
        return value * self.factor(kind) + (self.shift if kind == "potential" else 0.0)

    def to_model(self, kind: str, value: Numbers) -> Numbers:
        """Return a circuit's value as the model's, in the coherent unit."""
        return (value - (self.shift if kind == "potential" else 0.0)) / self.factor(kind)


@dataclass(frozen=True)
class CircuitParameter:
    """A parameter of neuron circuits that is set by a code.

    Attributes
    ----------
    name : str
        Name in the equations of circuits.
    kind, law : str
        Of `KINDS` and `LAWS`.
    unit : str
        Of the values below: potentials have the chip's own.
    low, high : float
        The range that calibration reaches.
    first, last : float
        What the first and the last code stand for.
    codes : int
        Number of codes.
    spread, trial : float
        Standard deviation from circuit to circuit that calibration leaves, and from one writing of
        a code to the next: of potentials and differences in their unit, of others of the logarithm.
    """

    name: str
    kind: str
    law: str
    unit: str
    low: float
    high: float
    first: float
    last: float
    codes: int
    spread: float
    trial: float

    def code(self, value: Numbers) -> NDArray[np.int64]:
        """Return the codes nearest to values in the chip's unit, as int64 of the same shape."""
        start, end = self._lawful(self.first), self._lawful(self.last)
        place = (self._lawful(value) - start) / (end - start) * (self.codes - 1)
        return np.rint(np.clip(place, 0, self.codes - 1)).astype(np.int64)

    def value(self, code: NDArray[np.int64] | int) -> NDArray[np.float64]:
        """Return the values that codes stand for, in the chip's unit."""
        start, end = self._lawful(self.first), self._lawful(self.last)
        return self._lawful(start + (end - start) * np.asarray(code) / (self.codes - 1))

    def varied(self, value: Numbers, deviation: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return values that deviate; those that are no potentials keep their sign."""
        if self.kind in ("potential", "difference"):
            return np.asarray(value + deviation)
        return np.asarray(value * np.exp(deviation))

    def _lawful(self, value: Numbers) -> NDArray[np.float64]:
        numbers = np.asarray(value, np.float64)
        return numbers if self.law == "linear" else 1.0 / numbers


@dataclass(frozen=True)
class Circuits:
    """The neuron circuits of a chip.

    Attributes
    ----------
    label : str
        The users' name of the chip.
    models : tuple of str
        What circuits and synapses can be set to, by the names of their equations.
    speedup : float
        How much faster than a model they run.
    capacity : float
        Of one circuit's membrane, in pF.
    stretch : tuple of two floats
        Smallest and largest units of potential for each mV of the model.
    shift : float or None
        The circuit's potential that stands for 0 mV; None where each population has its own.
    delay : float
        From a spike to its arrival, in ms of the model's time.
    weight_spread, weight_trial : float
        Standard deviations of the logarithm of weights, as those of parameters.
    parameters : mapping of str to CircuitParameter
        All parameters by name.
    """

    label: str
    models: tuple[str, ...]
    speedup: float
    capacity: float
    stretch: tuple[float, float]
    shift: float | None
    delay: float
    weight_spread: float
    weight_trial: float
    parameters: Mapping[str, CircuitParameter]

    def parameter(self, name: str) -> CircuitParameter:
        """Return a parameter.

        Raises
        ------
        ModelError
            If the description has none of that name.
        """
        if name not in self.parameters:
            hint = did_you_mean(name, self.parameters)
            raise ModelError(f"{self.label} is described without parameter '{name}'{hint}")
        return self.parameters[name]


def circuits_of(description: Description) -> Circuits:
    """Return the circuits of a chip.

    Raises
    ------
    ModelError
        If figures are missing or wrong.
    """
    low, high = description.several("stretch")
    spread, trial = description.several("weight_spread")
    speedup = description.number("speedup")
    return Circuits(
        label=description.label,
        models=description.several("circuit_models"),
        speedup=speedup,
        capacity=description.number("capacity"),
        stretch=(float(low), float(high)),
        shift=description.number("shift") if "shift" in description.figures else None,
        delay=description.number("transmission") * speedup / 1e3,
        weight_spread=float(spread),
        weight_trial=float(trial),
        parameters={
            name: _parameter(description, name, table)
            for name, table in description.parameters.items()
        },
    )


def _parameter(description: Description, name: str, table: Mapping[str, Any]) -> CircuitParameter:
    where = f"parameter '{name}' of {description.label}"
    for field in table:
        if field not in _FIELDS:
            raise ModelError(
                f"{where} has an unknown field '{field}'{did_you_mean(field, _FIELDS)}"
            )
    if missing := [field for field in _FIELDS if field not in table]:
        raise ModelError(f"{where} needs '{missing[0]}'")
    for field, known in (("kind", KINDS), ("law", LAWS)):
        if table[field] not in known:
            raise ModelError(f"{where}: unknown {field}{did_you_mean(str(table[field]), known)}")
    span = table["span"]
    if not isinstance(span, list) or len(span) != 2 or span[0] == span[1]:
        raise ModelError(f"{where}: a span has two ends that differ; found {span!r}")
    first, last = description.several("parameter_codes")
    low, high = description.range(str(table["range"]))
    return CircuitParameter(
        name=name,
        kind=table["kind"],
        law=table["law"],
        unit=description.ranges[table["range"]].unit,
        low=low,
        high=high,
        first=float(span[0]),
        last=float(span[1]),
        codes=int(last) - int(first) + 1,
        spread=float(table["spread"]),
        trial=float(table["trial"]),
    )
