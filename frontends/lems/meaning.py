"""What names mean in a part: its own values and variables, and what is around it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from snnc.importing.quantities import Quantity
from snnc.ir.diagnostics import Location, ModelError, did_you_mean
from snnc.lems.elements import Declared, Derived
from snnc.lems.library import Library
from snnc.lems.part import Part

_STEP = re.compile(r"([\w:.-]+|\.\.)(?:\[(?:\*|(\w+)='([^']*)'|(\d+))\])?$")


@dataclass(frozen=True)
class Variable:
    """A state, a derived variable or a derived parameter of a part."""

    part: Part
    declared: Declared | Derived


@dataclass(frozen=True)
class Value:
    """A parameter, property or constant of a part; constants are no parameters of the cell."""

    part: Part
    name: str
    value: Quantity
    constant: bool


@dataclass(frozen=True)
class Time:
    """The time of the simulation."""


Meaning: TypeAlias = Variable | Value | Time


def meaning(part: Part, name: str, library: Library, at: Location) -> Meaning:
    """Return what a name means in a part.

    Raises
    ------
    ModelError
        If it is not declared there, or required and nothing around declares it.
    """
    if part.declares(name):
        return _own(part, name, library)
    kind = part.type
    if name in kind.requirements:
        return _required(part, name, library)
    if name == "t":
        return Time()
    if name in library.constants:
        declared = library.constants[name]
        value = library.quantity(declared.value or "", declared.dimension, declared.place)
        return Value(part, name, value, constant=True)
    if name in kind.parameters:
        raise ModelError(f"'{part.name}' ({kind.name}) lacks its parameter '{name}'", part.place)
    known = {*kind.dynamics.states, *kind.dynamics.derived, *kind.parameters, *kind.constants,
             *kind.requirements, *kind.derived_parameters, *kind.properties}  # fmt: skip
    raise ModelError(f"unknown name '{name}' in '{kind.name}'{did_you_mean(name, known)}", at)


def _own(part: Part, name: str, library: Library) -> Meaning:
    kind = part.type
    dynamics = kind.dynamics
    if name in dynamics.derived:
        return Variable(part, dynamics.derived[name])
    if name in dynamics.states:
        return Variable(part, dynamics.states[name])
    if name in part.values:
        return Value(part, name, part.values[name], constant=False)
    if name in kind.derived_parameters:
        return Variable(part, kind.derived_parameters[name])
    declared = kind.constants.get(name) or kind.properties[name]
    value = library.quantity(declared.value or "0", declared.dimension, declared.place)
    return Value(part, name, value, constant=True)


def _required(part: Part, name: str, library: Library) -> Meaning:
    above = part.parent
    while above is not None:
        if above.declares(name):
            return _own(above, name, library)
        above = above.parent
    raise ModelError(f"'{part.name}' requires '{name}', which nothing around it has", part.place)


def selected(part: Part, path: str, at: Location) -> tuple[list[Part], str]:
    """Return the parts that a path such as ``gates[*]/fcond`` selects, and the variable's name.

    Raises
    ------
    ModelError
        If the path is malformed.
    """
    *steps, name = path.strip().split("/")
    found = [part]
    for step in steps:
        match = _STEP.match(step)
        if match is None:
            raise ModelError(f"malformed path '{path}'", at)
        label, attribute, wanted, index = match.groups()
        if label == "..":
            found = [p.parent for p in found if p.parent is not None]
            continue
        found = [inner for p in found for inner in p.find(label)]
        if attribute is not None:
            found = [p for p in found if p.texts.get(attribute) == wanted]
        if index is not None:
            found = found[int(index) : int(index) + 1]
    return found, name


def variables(root: Part, path: str) -> Sequence[tuple[Part, str]]:
    """Return the variable of a cell that a path names, if there is one."""
    above, _, name = path.rpartition("/")
    parts, _ = selected(root, f"{above}/x" if above else "x", root.place)
    return [(part, name) for part in parts[:1] if part.declares(name)]
