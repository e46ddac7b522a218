"""NineML files: definitions, which may stand in other files, and networks."""

from __future__ import annotations

from pathlib import Path

from snnc.importing.quantities import Quantity
from snnc.importing.xml import Element, is_file, local_name, read_xml
from snnc.ir.diagnostics import ModelError, did_you_mean
from snnc.ir.values import Random
from snnc.nineml.distributions import distribution
from snnc.nineml.elements import (
    Component,
    ComponentClass,
    Connection,
    Content,
    Library,
    Population,
    Projection,
    Property,
    Rule,
    Selection,
)
from snnc.nineml.read_dynamics import read_class
from snnc.nineml.rules import STANDARD_RULES
from snnc.nineml.scope import Scope

NAMESPACE = "http://nineml.net/9ML/1.0"
_TOP = (
    "ComponentClass", "Component", "Dimension", "Unit", "Population", "Projection", "Selection",
)  # fmt: skip
_PARTS = {"Source": "source", "Destination": "destination", "Response": "response",
          "Plasticity": "plasticity"}  # fmt: skip
MAX_FILES = 100


def read_file(path: str | Path) -> Library:
    """Return everything that a NineML file defines.

    Parameters
    ----------
    path : path
        The file; definitions that it refers to by ``url`` are read from files beside it.

    Raises
    ------
    ModelError
        If a file is no NineML 1.0, or anything in it is malformed, unknown or missing.
    """
    return _Files().library(Path(path))


class _Files:
    """Files that refer to each other, each read once."""

    def __init__(self) -> None:
        self.roots: dict[Path, tuple[Element, Scope]] = {}
        self.busy: list[tuple[Path, str]] = []

    def root(self, path: Path) -> tuple[Element, Scope]:
        path = path.resolve()
        if path not in self.roots:
            if len(self.roots) == MAX_FILES:
                raise ModelError(f"more than {MAX_FILES} files refer to each other")
            root = read_xml(path)
            scope = Scope(root, str(path))
            if root.tag != f"{{{NAMESPACE}}}NineML":
                raise scope.refuse(
                    root, f"no NineML 1.0; found <{root.tag}>, expected <{{{NAMESPACE}}}NineML>"
                )
            self.roots[path] = root, scope
        return self.roots[path]

    def library(self, path: Path) -> Library:
        root, scope = self.root(path)
        reader = _Reader(self, path.resolve(), root, scope)
        library = Library(str(path))
        for tag, element in scope.children(root, *_TOP):
            reader.add(library, tag, element)
        return library


class _Reader:
    """What stands in one file."""

    def __init__(self, files: _Files, path: Path, root: Element, scope: Scope) -> None:
        self.files = files
        self.path = path
        self.top = root
        self.scope = scope

    def add(self, library: Library, tag: str, element: Element) -> None:
        if tag in ("Dimension", "Unit"):
            return
        name = self.scope.text(element, "name")
        if tag == "ComponentClass":
            library.classes[name] = read_class(self.scope, element)
        elif tag == "Component":
            library.components[name] = self.component(element)
        elif tag == "Population":
            library.populations[name] = self.population(element)
        elif tag == "Selection":
            library.selections[name] = self.selection(element)
        else:
            library.projections[name] = self.projection(element)

    def named(self, tag: str, name: str) -> Element | None:
        for element in self.top:
            if local_name(element) == tag and element.get("name") == name:
                return element
        return None

    def definition(self, element: Element) -> ComponentClass | Component:
        """Return the class or component that a ``Definition`` or ``Prototype`` names."""
        name, url = (element.text or "").strip(), element.get("url")
        if url is not None and name in STANDARD_RULES and not is_file(self.beside(element, url)):
            # The library of rules is part of the specification, wherever a catalogue keeps it.
            return Rule(name, "ConnectionRule", name, self.scope.place(element))
        reader = self if url is None else self.elsewhere(element, url)
        found = reader.named("ComponentClass", name)
        if found is not None:
            return read_class(reader.scope, found)
        found = reader.named("Component", name)
        if found is None:
            known = [e.get("name", "") for e in reader.top if "Component" in local_name(e)]
            raise self.scope.refuse(
                element, f"unknown component '{name}'{did_you_mean(name, known)}"
            )
        key = (reader.path, name)
        if key in self.files.busy:
            raise self.scope.refuse(element, f"'{name}' is defined by itself")
        self.files.busy.append(key)
        component = reader.component(found)
        self.files.busy.pop()
        return component

    def beside(self, element: Element, url: str) -> Path:
        if "://" in url or url.startswith("/"):
            raise self.scope.refuse(element, f"found url '{url}', expected a path beside this file")
        return (self.path.parent / url).resolve()

    def elsewhere(self, element: Element, url: str) -> _Reader:
        path = self.beside(element, url)
        if not is_file(path):
            raise self.scope.refuse(element, f"no such file '{path}'")
        root, scope = self.files.root(path)
        return _Reader(self.files, path, root, scope)

    def component(self, element: Element) -> Component:
        definition: ComponentClass | Component | None = None
        properties: dict[str, Property] = {}
        initial: dict[str, Property] = {}
        allowed = ("Definition", "Prototype", "Property", "Initial")
        for tag, child in self.scope.children(element, *allowed):
            if tag in ("Definition", "Prototype"):
                definition = self.definition(child)
            else:
                value = self.value(child)
                (properties if tag == "Property" else initial)[value.name] = value
        name = self.scope.text(element, "name")
        if definition is None:
            raise self.scope.refuse(element, f"component '{name}' lacks its <Definition>")
        if isinstance(definition, Component):
            properties = {**definition.properties, **properties}
            initial = {**definition.initial, **initial}
            definition = definition.definition
        return Component(name, definition, properties, initial, self.scope.place(element))

    def value(self, element: Element) -> Property:
        name = self.scope.text(element, "name")
        return Property(name, self.content_of(element), self.scope.place(element))

    def content_of(self, element: Element) -> Content:
        """Return the number, numbers or distribution in an element, in coherent units."""
        units = self.scope.text(element, "units")
        allowed = ("SingleValue", "ArrayValue", "RandomDistributionValue", "RandomValue")
        tag, child = self.scope.child(element, *allowed)
        if tag == "SingleValue":
            return self.scope.quantity(child, child.text, units)
        return self.array(child, units) if tag == "ArrayValue" else self.random(child, units)

    def array(self, element: Element, units: str) -> tuple[Quantity, ...]:
        rows = [row for _, row in self.scope.children(element, "ArrayValueRow")]
        rows.sort(key=lambda row: self.scope.whole(row, self.scope.text(row, "index")))
        return tuple(self.scope.quantity(row, row.text, units) for row in rows)

    def random(self, element: Element, units: str) -> Random:
        component = self.content(element)
        unit = self.scope.quantity(element, "1", units).value
        return distribution(component, unit)

    def content(self, element: Element) -> Component:
        """Return the component in an element, written there or referred to."""
        tag, child = self.scope.child(element, "Component", "Reference")
        if tag == "Component":
            return self.component(child)
        found = self.definition(child)
        if not isinstance(found, Component):
            raise self.scope.refuse(child, f"'{found.name}' is a class; expected a component")
        return found

    def population(self, element: Element) -> Population:
        size, cell = None, None
        for tag, child in self.scope.children(element, "Size", "Number", "Cell"):
            if tag == "Cell":
                cell = self.content(child)
            else:
                size = self.scope.whole(child, child.text)
        if size is None or cell is None:
            raise self.scope.refuse(element, "<Population> needs <Size> and <Cell>")
        return Population(self.scope.text(element, "name"), size, cell, self.scope.place(element))

    def selection(self, element: Element) -> Selection:
        _, concatenate = self.scope.child(element, "Concatenate")
        items = [item for _, item in self.scope.children(concatenate, "Item")]
        items.sort(key=lambda item: self.scope.whole(item, self.scope.text(item, "index")))
        members = tuple(self.reference(item) for item in items)
        return Selection(self.scope.text(element, "name"), members, self.scope.place(element))

    def reference(self, element: Element) -> str:
        for child in element:
            if local_name(child) == "Reference":
                return (child.text or "").strip()
        raise self.scope.refuse(element, f"<{local_name(element)}> lacks its <Reference>")

    def projection(self, element: Element) -> Projection:
        name = self.scope.text(element, "name")
        parts: dict[str, Element] = {}
        allowed = (*_PARTS, "Connectivity", "Delay")
        for tag, child in self.scope.children(element, *allowed):
            parts[tag] = child
        missing = [tag for tag in allowed if tag not in parts and tag != "Plasticity"]
        if missing:
            raise self.scope.refuse(element, f"projection '{name}' lacks its <{missing[0]}>")
        plasticity = parts.get("Plasticity")
        return Projection(
            name=name,
            source=self.reference(parts["Source"]),
            destination=self.reference(parts["Destination"]),
            connectivity=self.content(parts["Connectivity"]),
            response=self.part(parts["Response"]),
            plasticity=None if plasticity is None else self.part(plasticity),
            connections=tuple(c for tag in _PARTS if tag in parts for c in self.ports(parts[tag])),
            delay=self.content_of(parts["Delay"]),
            place=self.scope.place(element),
        )

    def part(self, element: Element) -> Component:
        for child in element:
            if local_name(child) == "Component":
                return self.component(child)
        raise self.scope.refuse(element, f"<{local_name(element)}> lacks its <Component>")

    def ports(self, element: Element) -> list[Connection]:
        receiver, found = _PARTS[local_name(element)], []
        for child in element:
            tag = local_name(child)
            if tag.startswith("From"):
                sender = tag.removeprefix("From").lower()
                send = self.scope.text(child, "send_port")
                receive = self.scope.text(child, "receive_port")
                place = self.scope.place(child)
                found.append(Connection(sender, send, receiver, receive, place))
        return found
