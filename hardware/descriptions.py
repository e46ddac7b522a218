"""Descriptions of analog chips: one file each, whose figures name their sources.

``chips/NAME.toml`` describes the chip of target NAME. It has a label, a topology (which passes map
onto it), figures, and the ranges that parameters of cells can be set in. A file of the same name in
a folder of the environment variable ``SNNC_CHIP_PATH`` replaces the figures and ranges that it
gives, so that a figure which is not verified, or another chip, needs no change here.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

from snnc.ir.diagnostics import Location, ModelError, OptionError, did_you_mean

PACKAGED = Path(__file__).parent / "chips"
VARIABLE = "SNNC_CHIP_PATH"
TOPOLOGIES = ("crossbar", "wafer")
FigureValue: TypeAlias = int | float | str | tuple[Any, ...]
_SECTIONS = ("label", "topology", "figures", "ranges", "parameters")
_FIELDS = ("value", "source", "verified", "unit")


@dataclass(frozen=True)
class Figure:
    """A number, or several, of a chip.

    Attributes
    ----------
    value : int, float, str or tuple
        The number, or the name of what it does; of a range its two ends, which belong to it.
    source : str
        Where it is from.
    verified : bool
        Whether it was read there.
    unit : str
        ``"code"`` for what converters are set to; empty for counts.
    """

    value: FigureValue
    source: str
    verified: bool
    unit: str = ""


@dataclass(frozen=True)
class Description:
    """What is known of an analog chip.

    Attributes
    ----------
    name : str
        The target that maps onto it.
    label : str
        The users' name for it.
    topology : str
        One of `TOPOLOGIES`.
    figures, ranges : mapping of str to Figure
        Counts and sizes; ranges of the parameters of cells.
    parameters : mapping of str to mapping
        How each parameter of circuits is set, as `snnc.hardware.circuits` reads it.
    """

    name: str
    label: str
    topology: str
    figures: Mapping[str, Figure]
    ranges: Mapping[str, Figure]
    parameters: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def count(self, name: str) -> int:
        """Return a figure that is a whole number.

        Raises
        ------
        ModelError
            If the description has no such figure.
        """
        value = self._figure(self.figures, name).value
        if not isinstance(value, int):
            raise ModelError(f"'{name}' of {self.label} is a whole number; found {value}")
        return value

    def text(self, name: str) -> str:
        """Return a figure that is a name.

        Raises
        ------
        ModelError
            If the description has no such figure.
        """
        value = self._figure(self.figures, name).value
        if not isinstance(value, str):
            raise ModelError(f"'{name}' of {self.label} is a name; found {value}")
        return value

    def number(self, name: str) -> float:
        """Return a figure that is a number.

        Raises
        ------
        ModelError
            If the description has no such figure.
        """
        value = self._figure(self.figures, name).value
        if not isinstance(value, int | float):
            raise ModelError(f"'{name}' of {self.label} is a number; found {value}")
        return float(value)

    def several(self, name: str) -> tuple[Any, ...]:
        """Return a figure that is a list.

        Raises
        ------
        ModelError
            If the description has no such figure.
        """
        value = self._figure(self.figures, name).value
        if not isinstance(value, tuple):
            raise ModelError(f"'{name}' of {self.label} is a list; found {value}")
        return value

    def range(self, parameter: str) -> tuple[float, float]:
        """Return the ends between which a parameter can be set.

        Raises
        ------
        ModelError
            If the description has no such range.
        """
        value = self._figure(self.ranges, parameter).value
        if not isinstance(value, tuple) or len(value) != 2:
            raise ModelError(f"range '{parameter}' of {self.label} has two ends; found {value}")
        return float(value[0]), float(value[1])

    def _figure(self, known: Mapping[str, Figure], name: str) -> Figure:
        if name not in known:
            raise ModelError(f"{self.label} is described without '{name}'")
        return known[name]

    @property
    def unverified(self) -> tuple[str, ...]:
        """Names of the figures that were not read in their source."""
        both = {**self.figures, **self.ranges}
        return tuple(name for name, figure in both.items() if not figure.verified)


def chip_path() -> tuple[Path, ...]:
    """Return the folders of descriptions, the user's first."""
    named = [Path(part) for part in os.environ.get(VARIABLE, "").split(os.pathsep) if part]
    return (*named, PACKAGED)


def chip_names() -> tuple[str, ...]:
    """Return the names of the described chips, sorted."""
    return tuple(sorted({file.stem for folder in chip_path() for file in folder.glob("*.toml")}))


def describe(name: str) -> Description:
    """Return the description of a chip, with what the user's files replace.

    Raises
    ------
    OptionError
        If there is no description of that name.
    ModelError
        If a file is malformed; with its place.
    """
    files = [file for folder in chip_path() if (file := folder / f"{name}.toml").is_file()]
    if not files:
        raise OptionError(f"unknown chip '{name}'{did_you_mean(name, chip_names())}")
    merged: dict[str, Any] = {"figures": {}, "ranges": {}, "parameters": {}}
    for file in reversed(files):
        content = _read(file)
        for section in ("figures", "ranges"):
            merged[section] |= _figures(content.pop(section, {}), file)
        merged["parameters"] |= _tables(content.pop("parameters", {}), file)
        merged |= content
    missing = [key for key in _SECTIONS if key not in merged]
    if missing:
        raise ModelError(f"a chip needs '{missing[0]}'", Location(str(files[-1]), 1))
    if merged["topology"] not in TOPOLOGIES:
        raise ModelError(
            f"unknown topology '{merged['topology']}'; expected one of {', '.join(TOPOLOGIES)}",
            Location(str(files[0]), 1),
        )
    return Description(name=name, **merged)


def described(
    name: str, label: str, topology: str, figures: Mapping[str, Any], ranges: Mapping[str, Any]
) -> Description:
    """Return a description with the figures that a mapping holds; sources stay in the files."""
    source = f"the mapping onto {name}"
    figures, ranges = (
        {key: Figure(value, source, True) for key, value in part.items()}
        for part in (figures, ranges)
    )
    return Description(name, label, topology, figures, ranges)


def _read(file: Path) -> dict[str, Any]:
    try:
        content = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ModelError(f"cannot read this description: {error}", Location(str(file), 1)) from None
    for key in content:
        if key not in _SECTIONS:
            hint = did_you_mean(key, _SECTIONS)
            raise ModelError(f"unknown section '{key}'{hint}", Location(str(file), 1))
    return content


def _tables(entries: Any, file: Path) -> dict[str, Mapping[str, Any]]:
    tables = entries.values() if isinstance(entries, dict) else (entries,)
    if not all(isinstance(table, dict) for table in tables):
        raise ModelError("expected a table for each parameter", Location(str(file), 1))
    return dict(entries)


def _figures(entries: Any, file: Path) -> dict[str, Figure]:
    if not isinstance(entries, dict):
        raise ModelError(f"expected a table of figures; found {entries!r}", Location(str(file), 1))
    return {name: _figure(name, entry, file) for name, entry in entries.items()}


def _figure(name: str, entry: Any, file: Path) -> Figure:
    """Return a figure; a bare value is the user's own, who vouches for it."""
    where = Location(str(file), 1)
    if not isinstance(entry, dict):
        entry = {"value": entry, "source": str(file), "verified": True}
    for key in entry:
        if key not in _FIELDS:
            hint = did_you_mean(key, _FIELDS)
            raise ModelError(f"figure '{name}' has an unknown field '{key}'{hint}", where)
    if missing := [key for key in _FIELDS[:3] if key not in entry]:
        raise ModelError(f"figure '{name}' needs '{missing[0]}'", where)
    value = entry["value"]
    if isinstance(value, bool) or not isinstance(value, int | float | str | list):
        raise ModelError(f"figure '{name}' is a number, text or list; found {value!r}", where)
    value = tuple(value) if isinstance(value, list) else value
    return Figure(value, str(entry["source"]), bool(entry["verified"]), entry.get("unit", ""))
