"""Formats of model files: what reads a file is found by its ending and its root element."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from snnc.ir.diagnostics import UserError

if TYPE_CHECKING:
    from snnc.ir.text import Document


@dataclass(frozen=True)
class Format:
    """A model language.

    Parameters
    ----------
    name : str
        As users call it.
    suffixes : tuple of str
        Endings of its files.
    roots : tuple of str
        Root elements of its XML files, without namespace; empty for other files.
    reader : str
        Place of the function from a path to a document with a network, as ``module:function``.
    stepped_reader : str, optional
        Place of the reader for the solver ``"euler"``, if the language's own simulator reads some
        states late in its Euler steps and that is to be repeated.
    """

    name: str
    suffixes: tuple[str, ...]
    roots: tuple[str, ...]
    reader: str
    stepped_reader: str | None = None

    def read(self, path: Path, solver: str = "auto") -> Document:
        """Return the network that a file describes, to be solved by `solver`."""
        stepped = self.stepped_reader if solver == "euler" else None
        module, name = (stepped or self.reader).split(":")
        read: Callable[[Path], Document] = getattr(import_module(module), name)
        return read(path)


FORMATS = [
    Format(
        "LEMS",
        (".xml",),
        ("Lems",),
        "snnc.lems.network:read_network",
        "snnc.lems.network:read_stepped_network",
    ),
    Format(
        "NeuroML 2",
        (".nml", ".xml"),
        ("neuroml",),
        "snnc.lems.network:read_network",
        "snnc.lems.network:read_stepped_network",
    ),
    Format("NineML", (".xml", ".9ml"), ("NineML",), "snnc.nineml.network:read_network"),
    Format("NESTML", (".nestml",), (), "snnc.nestml.network:read_network"),
]
"""One line for each language."""


def format_of(path: Path) -> Format | None:
    """Return the format of a model file, or None if its ending is none of a model language.

    Raises
    ------
    UserError
        If an XML file's root element belongs to no language that is known.
    """
    named = [one for one in FORMATS if path.suffix in one.suffixes]
    if not any(one.roots for one in named):
        return named[0] if named else None
    from snnc.importing.xml import local_name, read_xml

    root = local_name(read_xml(path))
    for one in named:
        if root in one.roots:
            return one
    known = ", ".join(f"<{name}> ({one.name})" for one in named for name in one.roots)
    raise UserError(f"'{path}' is no model file; found <{root}>, expected one of {known}")
