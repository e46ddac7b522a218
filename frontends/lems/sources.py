"""Core types that the IR has its own models for: sources of spikes."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from snnc.ir.diagnostics import ModelError
from snnc.ir.values import Value
from snnc.lems.part import Part

_KILOHERTZ = 1e3
"""In Hz, the unit of rates in the models; coherent ones are in 1/ms."""


def number(part: Part, name: str) -> float:
    """Return the value of a parameter in coherent units; refuse a part that lacks it."""
    if name not in part.values:
        raise ModelError(f"'{part.name}' lacks its parameter '{name}'", part.place)
    return part.values[name].value


def _times(part: Part) -> Mapping[str, Value]:
    times = sorted(number(spike, "time") for spike in part.children.get("spikes", ()))
    return {"spike_times": np.array(times)}


def _poisson(part: Part) -> Mapping[str, Value]:
    return {"rate": _KILOHERTZ * number(part, "averageRate")}


def _poisson_for_a_while(rate: str, start: str) -> Callable[[Part], Mapping[str, Value]]:
    return lambda part: {
        "rate": _KILOHERTZ * number(part, rate),
        "start": number(part, start),
        "duration": number(part, "duration"),
    }


SOURCES: dict[str, tuple[str, Callable[[Part], Mapping[str, Value]]]] = {
    "spikeArray": ("SpikeSourceArray", _times),
    "timedSynapticInput": ("SpikeSourceArray", _times),
    "spikeGeneratorPoisson": ("SpikeSourcePoisson", _poisson),
    "poissonFiringSynapse": ("SpikeSourcePoisson", _poisson),
    "SpikeSourcePoisson": ("SpikeSourcePoisson", _poisson_for_a_while("rate", "start")),
    "transientPoissonFiringSynapse": (
        "SpikeSourcePoisson",
        _poisson_for_a_while("averageRate", "delay"),
    ),
}
"""Models of the library by component type, and the parameters they get from a component."""
FIRING = "baseVoltageDepPointCurrentSpiking"
"""Inputs of this type are a source of spikes with a synapse of its own."""
