"""NineML networks, and components on their own, as documents of the IR."""

from __future__ import annotations

from pathlib import Path

from snnc import model_library
from snnc.importing.model_text import ModelText
from snnc.ir.build import NetworkBuilder
from snnc.ir.diagnostics import ModelError, did_you_mean
from snnc.ir.read_model import read_model
from snnc.ir.text import Document
from snnc.nineml.cell import write_cell
from snnc.nineml.elements import Component, Dynamics, Library, Projection, Selection
from snnc.nineml.names import word
from snnc.nineml.part import Part
from snnc.nineml.read_file import read_file
from snnc.nineml.responses import Responses
from snnc.nineml.rules import connector
from snnc.nineml.values import duration_of, numbers_of, parameters_of, varied

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
                    word(component.name), 1, component, [Part("", component.definition)], lone=True
                )

    def populations(self) -> None:
        responses = Responses(self.library)
        for population in self.library.populations.values():
            parts = responses.parts_of(population)
            self.cells(word(population.name), population.size, population.cell, parts, lone=False)
        for selection in self.library.selections.values():
            members = [word(self.known(member, selection)) for member in selection.members]
            self.builder.assembly(word(selection.name), members, location=selection.place)
        for projection in self.library.projections.values():
            self.projection(projection, responses)

    def known(self, name: str, element: Projection | Selection) -> str:
        known = {**self.library.populations, **self.library.selections}
        if name not in known:
            raise ModelError(
                f"unknown population '{name}'{did_you_mean(name, known)}", element.place
            )
        return name

    def cells(
        self, name: str, size: int, component: Component, parts: list[Part], *, lone: bool
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
            parameters=parameters_of(component, first, info),
            initial=varied(component.initial, first.dynamics.states, first, info.states),
            location=component.place,
        )  # fmt: skip
        if lone:
            self.builder.record(name, info.recordables)
        elif not info.source:
            self.builder.record(name, ("spikes",))

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
            duration_of(projection.delay, projection.place),
            label=projection.name,
            location=projection.place,
        )
