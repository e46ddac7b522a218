"""LEMS and NeuroML files with all that they include: types, units and components."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from snnc.importing.quantities import Quantity, scaled, si_unit, split_quantity
from snnc.importing.xml import Element, is_file, local_name, place, read_xml
from snnc.ir.diagnostics import Location, ModelError, UnitError, did_you_mean
from snnc.ir.units import DIMENSIONLESS, Exponents
from snnc.lems.core_types import ALL, is_core_file, read_core_file
from snnc.lems.elements import Declared
from snnc.lems.read_types import Types

ROOTS = ("Lems", "neuroml")
MAX_FILES = 500
_EXPONENTS = {"m": "mass", "l": "length", "t": "time", "i": "current", "k": "temperature",
              "n": "amount"}  # fmt: skip


@dataclass(frozen=True)
class Dimension:
    """The exponents of a dimension, and coherent units per SI unit of it."""

    exponents: Exponents
    scale: float


@dataclass(frozen=True)
class Symbol:
    """A unit: a number x of it is ``x * scale + offset`` coherent units."""

    exponents: Exponents
    scale: float
    offset: float


@dataclass(frozen=True)
class Written:
    """A component as it stands in a file."""

    element: Element
    file: str

    @property
    def place(self) -> Location:
        """Where it stands."""
        return place(self.element, self.file)


NONE = Dimension(DIMENSIONLESS, 1.0)


@dataclass
class Library:
    """Everything that a file and the files it includes define.

    `own` are the components that stand in the file itself, `target` the one that it runs; `late`
    tells that states are read as late as jLEMS reads them.
    """

    file: str
    types: Types = field(default_factory=Types)
    dimensions: dict[str, Dimension] = field(default_factory=lambda: {"none": NONE})
    units: dict[str, Symbol] = field(default_factory=dict)
    constants: dict[str, Declared] = field(default_factory=dict)
    components: dict[str, Written] = field(default_factory=dict)
    own: list[Written] = field(default_factory=list)
    target: str | None = None
    late: bool = False

    def dimension(self, name: str, at: Location) -> Dimension:
        """Return a dimension that is declared."""
        if name not in self.dimensions:
            raise UnitError(f"unknown dimension '{name}'{did_you_mean(name, self.dimensions)}", at)
        return self.dimensions[name]

    def quantity(self, text: str, dimension: str, at: Location) -> Quantity:
        """Return a value such as ``"10 mV"`` in coherent units.

        A number without unit is in the SI unit of its dimension.

        Raises
        ------
        UnitError
            If it is no number, or its unit is unknown or of another dimension.
        """
        number, symbol = split_quantity(text, at)
        if not math.isfinite(number):
            raise UnitError(f"no finite value; found '{text}'", at)
        if not symbol:
            found = NONE if dimension == "*" else self.dimension(dimension, at)
            return Quantity(number * found.scale, found.exponents)
        if symbol not in self.units:
            raise UnitError(f"unknown unit '{symbol}'{did_you_mean(symbol, self.units)}", at)
        unit = self.units[symbol]
        value = Quantity(number * unit.scale + unit.offset, unit.exponents)
        if dimension != "*" and value.exponents != self.dimension(dimension, at).exponents:
            expected = Quantity(1.0, self.dimension(dimension, at).exponents).unit
            raise UnitError(f"wrong unit; found '{text}' ({value.unit}), expected {expected}", at)
        return value

    def component(self, name: str, at: Location) -> Written:
        """Return a component by its id."""
        if name not in self.components:
            raise ModelError(f"unknown component '{name}'{did_you_mean(name, self.components)}", at)
        return self.components[name]


def read_library(path: str | Path) -> Library:
    """Return everything that a file defines, with what it includes.

    Parameters
    ----------
    path : path
        A LEMS or NeuroML 2 file. Files that it includes stand beside it, or are core types.

    Raises
    ------
    ModelError
        If a file is malformed or missing, or something in it is unknown.
    MissingDependencyError
        If core types are needed and pyNeuroML is not installed.
    """
    return _Files(Path(path)).library


class _Files:
    def __init__(self, path: Path) -> None:
        self.library = Library(str(path))
        self.seen: set[str] = set()
        self.open(path, str(path))

    def open(self, path: Path, shown: str) -> None:
        key = str(path.resolve())
        if key in self.seen:
            return
        self.count(key)
        root = read_xml(path)
        tag = local_name(root)
        if tag not in ROOTS:
            raise ModelError(f"no LEMS or NeuroML 2 file; found <{tag}>", Location(shown, 1))
        if tag == "neuroml":
            for name in ALL:
                self.core(name)
        self.read(root, shown, path.parent, main=len(self.seen) == 1 or shown == self.library.file)

    def count(self, key: str) -> None:
        if len(self.seen) == MAX_FILES:
            raise ModelError(f"more than {MAX_FILES} files include each other")
        self.seen.add(key)

    def core(self, name: str) -> None:
        key = f"core:{name}"
        if key not in self.seen:
            self.count(key)
            root, file = read_core_file(name)
            self.read(root, file, None)

    def read(self, root: Element, file: str, folder: Path | None, main: bool = False) -> None:
        for element in root:
            tag = local_name(element)
            at = place(element, file)
            match tag:
                case "Include" | "include":
                    self.include(element, folder, at)
                case "Dimension":
                    self.dimension(element, at)
                case "Unit":
                    self.unit(element, at)
                case "Constant":
                    self.constant(element, at)
                case "ComponentType":
                    self.library.types.declare(element, file)
                case "Target":
                    if main:
                        self.library.target = element.get("component")
                case "notes" | "annotation" | "property":
                    pass
                case _:
                    self.component(Written(element, file), main)

    def include(self, element: Element, folder: Path | None, at: Location) -> None:
        name = element.get("file") or element.get("href")
        if not name:
            raise ModelError("<Include> lacks 'file'", at)
        if "://" in name or name.startswith("/"):
            raise ModelError(f"found include '{name}', expected a path beside this file", at)
        path = None if folder is None else folder / name
        if path is not None and is_file(path):
            self.open(path, str(path))
        elif is_core_file(name):
            self.core(name)
        else:
            raise ModelError(f"no such file '{name}'", at)

    def dimension(self, element: Element, at: Location) -> None:
        exponents = {word: _whole(element, letter, at) for letter, word in _EXPONENTS.items()}
        unit = si_unit(**exponents, at=at)
        self.library.dimensions[element.get("name", "")] = Dimension(unit.exponents, unit.scale)

    def unit(self, element: Element, at: Location) -> None:
        symbol = element.get("symbol") or element.get("name")
        if symbol is None:
            raise ModelError("<Unit> lacks 'symbol'", at)
        dimension = self.library.dimension(element.get("dimension", ""), at)
        scale, offset = (_number(element, key, at) for key in ("scale", "offset"))
        factor = (1.0 if scale is None else scale) * dimension.scale
        self.library.units[symbol] = Symbol(
            dimension.exponents,
            scaled(factor, 10.0, _whole(element, "power", at), at),
            (offset or 0.0) * dimension.scale,
        )

    def constant(self, element: Element, at: Location) -> None:
        name = element.get("symbol") or element.get("name", "")
        value = Declared(name, element.get("dimension", "none"), at, element.get("value"))
        self.library.constants[name] = value

    def component(self, written: Written, main: bool) -> None:
        name = written.element.get("id")
        if name is not None:
            self.library.components[name] = written
        if main:
            self.library.own.append(written)


def _whole(element: Element, name: str, at: Location) -> int:
    number = _number(element, name, at) or 0.0
    if number != int(number) or abs(number) > 100:
        raise ModelError(f"'{name}' is no small whole number; found '{element.get(name)}'", at)
    return int(number)


def _number(element: Element, name: str, at: Location) -> float | None:
    text = element.get(name)
    if text is None:
        return None
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise ModelError(f"'{name}' is no number; found '{text}'", at)
    return number


def inner_elements(element: Element) -> Iterator[Element]:
    """Yield the components in an element, without notes and hints for tools."""
    for child in element:
        if local_name(child) not in ("notes", "annotation", "property", "Meta"):
            yield child
