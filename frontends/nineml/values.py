"""Values of components, checked against what their class declares."""

from __future__ import annotations

import warnings
from collections.abc import Mapping

import numpy as np

from snnc.importing.quantities import Quantity
from snnc.ir.diagnostics import Location, ModelError, UnitError, did_you_mean
from snnc.ir.model_info import ModelInfo
from snnc.ir.units import NAMED, format_unit
from snnc.ir.values import Value
from snnc.nineml.elements import Component, Content, Dynamics, Port, Property
from snnc.nineml.part import Part


def numbers_of(component: Component) -> dict[str, float]:
    """Return the values of a component that are one number, checked, in coherent units."""
    definition = component.definition
    assert isinstance(definition, Dynamics)
    numbers: dict[str, float] = {}
    ports = {**definition.ports, **definition.parameters}
    for properties, known in (
        (component.properties, ports),
        (component.initial, definition.states),
    ):
        for name, found in properties.items():
            if name in known and isinstance(found.value, Quantity):
                numbers[name] = _checked(found, known[name]).value
    return numbers


def _checked(found: Property, port: Port) -> Quantity:
    assert isinstance(found.value, Quantity)
    if found.value.exponents != port.exponents:
        expected = format_unit(port.exponents or found.value.exponents)
        raise UnitError(
            f"'{found.name}' has the wrong unit; found {found.value.unit}, expected {expected}",
            found.place,
        )
    return found.value


def parameters_of(component: Component, part: Part, info: ModelInfo) -> dict[str, Value]:
    """Return the parameters of a population that are no defaults of its model.

    Those that have no value at all are given some, with a warning.
    """
    known = {**part.dynamics.ports, **part.dynamics.parameters}
    values = varied(component.properties, known, part, info.parameters)
    missing = [p for p in info.parameters.values() if p.default is None and p.name not in values]
    if missing:
        # Different numbers, since equal time constants are singular in many models.
        taken = {p.name: float(n) for n, p in enumerate(missing, 1)}
        names = ", ".join(f"{p.name} = {taken[p.name]:g} {p.unit}" for p in missing)
        warnings.warn(
            f"{component.place}: parameters of '{component.name}' have no values; taken: {names}",
            UserWarning,
            stacklevel=2,
        )
        values.update(taken)
    return values


def varied(
    properties: Mapping[str, Property],
    known: Mapping[str, Port],
    part: Part,
    declared: Mapping[str, object],
) -> dict[str, Value]:
    """Return values that differ from cell to cell; those that are one number are defaults."""
    values: dict[str, Value] = {}
    for name, found in properties.items():
        if name not in known:
            if name.lower() not in {k.lower() for k in known}:
                hint = did_you_mean(name, known)
                raise ModelError(f"'{part.dynamics.name}' has no '{name}'{hint}", found.place)
            continue
        if isinstance(found.value, Quantity) or part.full(name) not in declared:
            continue
        values[part.full(name)] = value_of(found.value)
    return values


def value_of(content: Content) -> Value:
    """Return a number, an array or a distribution, in coherent units."""
    if isinstance(content, Quantity):
        return content.value
    if isinstance(content, tuple):
        return np.array([quantity.value for quantity in content])
    return content


def duration_of(content: Content, place: Location) -> Value:
    """Return a time, which may differ from connection to connection, in ms.

    Raises
    ------
    UnitError
        If it is no time.
    """
    first = content[0] if isinstance(content, tuple) and content else content
    if isinstance(first, Quantity) and first.exponents != NAMED["ms"].exponents:
        raise UnitError(f"a delay has the wrong unit; found {first.unit}, expected ms", place)
    return value_of(content)
