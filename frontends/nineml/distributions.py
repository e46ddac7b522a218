"""Random distributions of NineML, which are those of UncertML, as values of a network."""

from __future__ import annotations

import math
from collections.abc import Callable

from snnc.importing.quantities import Quantity
from snnc.ir.diagnostics import ModelError, did_you_mean
from snnc.ir.values import Random
from snnc.nineml.elements import Component, Rule

_Numbers = dict[str, float]
_DISTRIBUTIONS: dict[str, tuple[tuple[str, ...], Callable[[_Numbers, float], Random]]] = {
    "uniform": (
        ("minimum", "maximum"),
        lambda p, u: Random("uniform", {"low": p["minimum"] * u, "high": p["maximum"] * u}),
    ),
    "normal": (
        ("mean", "variance"),
        lambda p, u: Random(
            "normal", {"mu": p["mean"] * u, "sigma": math.sqrt(max(p["variance"], 0.0)) * u}
        ),
    ),
    "exponential": (("rate",), lambda p, u: Random("exponential", {"beta": u / p["rate"]})),
    "log-normal": (
        ("logScale", "shape"),
        lambda p, u: Random("lognormal", {"mu": p["logScale"] + math.log(u), "sigma": p["shape"]}),
    ),
}


def distribution(component: Component, unit: float) -> Random:
    """Return the distribution that a component describes.

    Parameters
    ----------
    component : Component
        A random distribution with its parameters, which are pure numbers.
    unit : float
        Coherent units in one unit of what is drawn.

    Raises
    ------
    ModelError
        If the distribution is not known, or lacks a parameter.
    """
    rule = component.definition
    if not isinstance(rule, Rule) or rule.kind != "RandomDistribution":
        raise ModelError(f"'{component.name}' is no random distribution", component.place)
    if rule.library not in _DISTRIBUTIONS:
        hint = did_you_mean(rule.library, _DISTRIBUTIONS)
        raise ModelError(f"unknown distribution '{rule.library}'{hint}", rule.place)
    names, make = _DISTRIBUTIONS[rule.library]
    numbers: _Numbers = {}
    for name in names:
        found = component.properties.get(name)
        if found is None or not isinstance(found.value, Quantity):
            raise ModelError(f"'{component.name}' lacks the number '{name}'", component.place)
        numbers[name] = found.value.value
    if numbers.get("rate") == 0.0:
        raise ModelError(f"rate of '{component.name}' is zero", component.place)
    return make(numbers, unit)
