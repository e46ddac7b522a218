"""Component types, from their XML, with what they inherit."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from snnc.importing.xml import Element, local_name
from snnc.ir.diagnostics import ModelError, did_you_mean
from snnc.lems.elements import ComponentType
from snnc.lems.patterns import recognised
from snnc.lems.read_dynamics import Reader

_DECLARED = {
    "Parameter": "parameters", "IndexParameter": "parameters",
    "DerivedParameter": "derived_parameters", "Constant": "constants", "Exposure": "exposures",
    "Requirement": "requirements",
}  # fmt: skip
_TYPED = {"Child": "child", "Children": "children", "Attachments": "attachments"}
_NAMING = ("ComponentReference", "Link", "ComponentTypeReference")
_IGNORED = (
    "Text", "Path", "PathParameter", "Simulation", "InstanceRequirement", "ComponentRequirement",
    "About", "Collection", "PairCollection", "Meta",
)  # fmt: skip
MAX_ANCESTORS = 100


class Types:
    """Component types by name, each read when it is first asked for."""

    def __init__(self) -> None:
        self.elements: dict[str, tuple[Element, str]] = {}
        self._read: dict[str, ComponentType] = {}

    def __contains__(self, name: str) -> bool:
        return name in self.elements

    def declare(self, element: Element, file: str) -> None:
        """Add a ``ComponentType``; it replaces another of its name."""
        name = Reader(file).attribute(element, "name")
        self.elements[name] = element, file
        self._read.clear()

    def __getitem__(self, name: str) -> ComponentType:
        """Return a type that is declared.

        Raises
        ------
        ModelError
            If it is malformed, or inherits from itself or from what is not declared.
        """
        if name not in self._read:
            self._read[name] = self._resolved(name)
        return self._read[name]

    def _resolved(self, name: str) -> ComponentType:
        line: list[tuple[Element, str]] = []
        wanted: str | None = name
        seen: list[str] = []
        while wanted is not None:
            if wanted not in self.elements:
                element, file = line[-1]
                raise ModelError(
                    f"unknown component type '{wanted}'{did_you_mean(wanted, self.elements)}",
                    Reader(file).place(element),
                )
            element, file = self.elements[wanted]
            if wanted in seen or len(seen) == MAX_ANCESTORS:
                raise ModelError(
                    f"component type '{name}' extends itself", Reader(file).place(element)
                )
            seen.append(wanted)
            line.append((element, file))
            wanted = element.get("extends")
        found = ComponentType(name, Reader(line[0][1]).place(line[0][0]), tuple(seen[1:]))
        for element, file in reversed(line):
            found = _extended(found, element, Reader(file))
        return replace(found, dynamics=recognised(found.dynamics))


def _extended(base: ComponentType, element: Element, read: Reader) -> ComponentType:
    """Return a type with the declarations of one element; its dynamics replace others."""
    tables: dict[str, dict[str, Any]] = {}
    changes: dict[str, Any] = {}

    def table(name: str) -> dict[str, Any]:
        return tables.setdefault(name, dict(getattr(base, name)))

    for child in element:
        tag = local_name(child)
        if tag in _DECLARED:
            declared = read.declared(child)
            table(_DECLARED[tag])[declared.name] = declared
        elif tag == "Property":
            declared = read.declared(child, "defaultValue")
            table("properties")[declared.name] = declared
        elif tag in _TYPED:
            kind = read.attribute(child, "type")
            table(_TYPED[tag])[child.get("name", kind)] = kind
        elif tag in _NAMING:
            known = changes.get("references", base.references)
            changes["references"] = (*known, read.attribute(child, "name"))
        elif tag == "EventPort":
            table("ports")[read.attribute(child, "name")] = child.get("direction", "").lower()
        elif tag == "Fixed":
            table("fixed")[read.attribute(child, "parameter")] = read.attribute(child, "value")
        elif tag == "Structure":
            changes["structure"] = tuple(child)
        elif tag == "Dynamics":
            changes["dynamics"] = read.dynamics(child)
        elif tag not in _IGNORED:
            raise read.unknown(child, element)
    for name in ("parameters", "constants"):
        # What a type fixes is no parameter of it any more, and the other way round.
        other = "constants" if name == "parameters" else "parameters"
        for key in tables.get(name, {}):
            if key in getattr(base, other):
                table(other).pop(key, None)
    return replace(base, **tables, **changes)
