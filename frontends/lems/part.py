"""Instances of component types: a tree of parts with their values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from snnc.importing.quantities import Quantity
from snnc.importing.xml import Element, local_name
from snnc.ir.diagnostics import Location, ModelError, UnsupportedError, did_you_mean
from snnc.lems.elements import ComponentType
from snnc.lems.library import Library, Written, inner_elements

MAX_DEPTH = 40
_UNNAMED = ("biophysicalProperties", "membraneProperties", "intracellularProperties")
"""Types that only hold others, whose names are left out."""


@dataclass(eq=False)
class Part:
    """An instance of a component type.

    Parameters
    ----------
    name : str
        What paths call it: its id, or else the name of the child that it is.
    type : ComponentType
        Its type.
    place : Location
        Where it stands.
    values : mapping of str to Quantity
        Its parameters.
    texts : mapping of str to str
        Its other attributes.
    parent : Part, optional
        What it is a part of, where it finds what it requires.
    children : mapping of str to list of Part
        By the names of `child`, `children`, `attachments` or references of the type.
    is_cell : bool
        Whether it is a cell, in the network that is its parent.
    """

    name: str
    type: ComponentType
    place: Location
    values: dict[str, Quantity]
    texts: Mapping[str, str]
    parent: Part | None = None
    children: dict[str, list[Part]] = field(default_factory=dict)
    is_cell: bool = False

    @property
    def path(self) -> str:
        """Its name in the cell, with dots; empty for the cell and what is around it."""
        if self.parent is None or self.is_cell:
            return ""
        above = self.parent.path
        if any(self.type.extends(kind) for kind in _UNNAMED):
            return above
        return f"{above}.{self.name}" if above else self.name

    def inner(self) -> Iterator[Part]:
        """Yield the parts of this one."""
        for parts in self.children.values():
            yield from parts

    def walk(self) -> Iterator[Part]:
        """Yield this part and all below."""
        yield self
        for part in self.inner():
            yield from part.walk()

    def find(self, name: str) -> list[Part]:
        """Return the children of a name, which is that of a child, a collection or an id."""
        if name in self.children:
            return self.children[name]
        return [part for part in self.inner() if part.name == name]

    def declares(self, name: str) -> bool:
        """Tell whether the part has a variable or value of a name, apart from requirements."""
        kind = self.type
        return (
            name in kind.dynamics.states
            or name in kind.dynamics.derived
            or name in self.values
            or name in kind.constants
            or name in kind.derived_parameters
            or name in kind.properties
        )


class Builder:
    """Makes parts of the components of a library."""

    def __init__(self, library: Library) -> None:
        self.library = library

    def part(self, written: Written, parent: Part | None = None, name: str | None = None) -> Part:
        """Return a component with everything in it.

        Raises
        ------
        ModelError
            If a type, a component or a parameter is unknown or missing, or a component contains
            itself.
        """
        element = self._complete(written)
        kind = self._type(element, written, parent)
        at = written.place
        depth, above = 0, parent
        while above is not None:
            depth, above = depth + 1, above.parent
        if depth > MAX_DEPTH:
            raise ModelError(f"component '{element.get('id')}' contains itself", at)
        label = element.get("id") or name or local_name(written.element)
        part = Part(label, kind, at, {}, dict(element.attrib), parent)
        self._set_values(part)
        for child in inner_elements(written.element):
            self._add_child(part, Written(child, written.file))
        for step in kind.structure:
            reference = step.get("component", "")
            # Instances in a list of a population are counted, not built.
            if local_name(step) == "ChildInstance" and not reference.startswith(".."):
                self._add_reference(part, reference)
        return part

    def cell(self, name: str, network: Part | None, at: Location) -> Part:
        """Return the component `name` as a cell in a network."""
        root = self.part(self.library.component(name, at), network)
        root.is_cell = True
        segments = sum(part.type.extends("segment") for part in root.walk())
        if segments > 1:
            raise UnsupportedError(
                f"the morphology of '{name}' has {segments} segments; expected one", root.place
            )
        return root

    def attachment(self, root: Part, name: str, container: str, at: Location) -> tuple[Part, str]:
        """Return the component `name` as a part of a cell, and the attachments it belongs to.

        Raises
        ------
        ModelError
            If the component is unknown, or the cell takes no such attachments.
        """
        part = self.part(self.library.component(name, at), root)
        places = [c for c, kind in root.type.attachments.items() if part.type.extends(kind)]
        if not places or (container in root.type.attachments and container not in places):
            raise ModelError(
                f"'{root.name}' ({root.type.name}) takes no '{part.type.name}' as attachment", at
            )
        return part, container if container in places else places[0]

    def _complete(self, written: Written) -> Element:
        """Return an element with the attributes of the component that it extends."""
        element, seen = written.element, set()
        base = element.get("extends")
        merged = dict(element.attrib)
        while base is not None:
            if base in seen:
                raise ModelError(f"component '{base}' extends itself", written.place)
            seen.add(base)
            above = self.library.component(base, written.place).element
            merged = {**above.attrib, **merged}
            merged.setdefault("type", local_name(above))
            base = above.get("extends")
        if not seen:
            return element
        merged.pop("extends")
        return element.makeelement(element.tag, merged)

    def _type(self, element: Element, written: Written, parent: Part | None) -> ComponentType:
        types, tag, named = self.library.types, local_name(element), element.get("type")
        if named is not None and named in types:
            return types[named]
        if named is not None and (tag == "Component" or tag not in types):
            raise ModelError(
                f"unknown component type '{named}'{did_you_mean(named, types.elements)}",
                written.place,
            )
        declared = {} if parent is None else parent.type.child
        if tag in declared and declared[tag] in types:
            return types[declared[tag]]
        if tag in types:
            return types[tag]
        hint = did_you_mean(tag, types.elements)
        raise ModelError(f"unknown component type '{tag}'{hint}", written.place)

    def _set_values(self, part: Part) -> None:
        kind = part.type
        for name, declared in kind.parameters.items():
            text = part.texts.get(name, kind.fixed.get(name))
            if text is not None:
                part.values[name] = self.library.quantity(text, declared.dimension, part.place)

    def _add_child(self, part: Part, written: Written) -> None:
        tag = local_name(written.element)
        child = self.part(written, part, tag if tag in part.type.child else None)
        if tag in part.type.child:
            part.children.setdefault(tag, []).append(child)
            return
        for name, kind in part.type.children.items():
            if kind == "Component" or child.type.extends(kind):
                part.children.setdefault(name, []).append(child)
                return
        for name, kind in part.type.child.items():
            if child.type.extends(kind):
                part.children.setdefault(name, []).append(child)
                return
        raise ModelError(
            f"<{tag}> has no place in a '{part.type.name}'"
            f"{did_you_mean(tag, [*part.type.child, *part.type.children.values()])}",
            written.place,
        )

    def _add_reference(self, part: Part, reference: str) -> None:
        """Add the component that an attribute names as a child of that name."""
        if reference not in part.texts:
            raise ModelError(f"'{part.type.name}' lacks its component '{reference}'", part.place)
        written = self.library.component(part.texts[reference], part.place)
        part.children.setdefault(reference, []).append(self.part(written, part))
