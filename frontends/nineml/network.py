"""NineML networks, and components on their own, as documents of the IR."""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from snnc import model_library
from snnc.importing.model_text import ModelText
from snnc.importing.quantities import Quantity
from snnc.ir.build import NetworkBuilder
from snnc.ir.diagnostics import ModelError, UnitError, did_you_mean
from snnc.ir.model_info import ModelInfo
from snnc.ir.read_model import read_model
from snnc.ir.text import Document
from snnc.ir.units import format_unit
from snnc.ir.values import Value
from snnc.nineml.cell import write_cell
from snnc.nineml.elements import Component, Dynamics, Library, Port, Projection, Property
from snnc.nineml.part import Part
from snnc.nineml.read_file import read_file
from snnc.nineml.responses import Responses
from snnc.nineml.rules import connector

STATIC = "StaticSynapse"


def read_network(path: str | Path) -> Document:
    """Return the network that a NineML file describes.

    A file without populations gives one cell of each of its components, or of each class that has
    no component, which records its states.

    Parameters
    ----------
    path : path
        A NineML 1.0 file.

    Raises
    ------
    ModelError
        If the file is malformed, or anything in it does not fit; with its place.
    UnsupportedError
        For what the IR has no form for; names the construct.
    """
    return _Network(read_file(path)).document()


class _Network:
    def __init__(self, library: Library) -> None:
        self.library = library
        self.builder = NetworkBuilder(word(Path(library.file).stem))

    def document(self) -> Document:
        if self.library.populations:
            self.populations()
        else:
            self.lone_components()
        return self.builder.finish()

    def lone_components(self) -> None:
        components = list(self.library.components.values())
        shown = {component.definition.name for component in components}
        components += [
            Component(name, found, {}, {}, found.place)
            for name, found in self.library.classes.items()
            if name not in shown
        ]
        for component in components:
            if isinstance(component.definition, Dynamics):
                self.cells(
                    word(component.name), 1, component, [Part("", component.definition)], True
                )

    def populations(self) -> None:
        responses = Responses(self.library)
        for population in self.library.populations.values():
            parts = responses.parts_of(population)
            self.cells(word(population.name), population.size, population.cell, parts, False)
        for selection in self.library.selections.values():
            members = [word(self.known(member, selection)) for member in selection.members]
            self.builder.assembly(word(selection.name), members, location=selection.place)
        for projection in self.library.projections.values():
            self.projection(projection, responses)

    def known(self, name: str, element: Projection | object) -> str:
        known = {**self.library.populations, **self.library.selections}
        if name not in known:
            place = getattr(element, "place", None)
            raise ModelError(f"unknown population '{name}'{did_you_mean(name, known)}", place)
        return name

    def cells(
        self, name: str, size: int, component: Component, parts: list[Part], lone: bool
    ) -> None:
        first = parts[0]
        first.values = numbers_of(component)
        model = ModelText(self.library.file)
        write_cell(model, f"{name}_cell", parts)
        with model.at_their_places():
            used = self.builder.use_model(model.text, self.library.file)
            info = read_model(model.text)
        self.builder.population(
            name, size, used,
            label=component.name if lone else name,
            parameters=_parameters(component, first, info),
            initial=_values(component.initial, first.dynamics.states, first, info.states),
            location=component.place,
        )  # fmt: skip
        recorded = info.recordables if lone else ("spikes",)
        self.builder.record(name, recorded)

    def projection(self, projection: Projection, responses: Responses) -> None:
        self.builder.use_model(*model_library.source(STATIC))
        self.builder.projection(
            word(projection.name),
            word(self.known(projection.source, projection)),
            word(self.known(projection.destination, projection)),
            connector(projection.connectivity),
            STATIC,
            responses.receptor(projection),
            responses.weight(projection),
            projection.delay.value,
            label=projection.name,
            location=projection.place,
        )


def word(name: str) -> str:
    """Return a name as a symbol of the IR."""
    text = re.sub(r"\W", "_", name)
    return f"_{text}" if not text or text[0].isdigit() else text


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


def _parameters(component: Component, part: Part, info: ModelInfo) -> dict[str, Value]:
    known = {**part.dynamics.ports, **part.dynamics.parameters}
    values = _values(component.properties, known, part, info.parameters)
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


def _values(
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
        if isinstance(found.value, tuple):
            values[part.full(name)] = np.array([quantity.value for quantity in found.value])
        else:
            values[part.full(name)] = found.value
    return values
