"""Formats of model files: what reads a file is found by its ending and its root element."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from snnc.ir.diagnostics import OptionError, UserError, did_you_mean

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
    writer : str, optional
        Place of the function from a cell of the IR to text of the language.
    stepped_reader : str, optional
        Place of the reader for the solver ``"euler"``, if the language's own simulator reads some
        states late in its Euler steps and that is to be repeated.
    """

    name: str
    suffixes: tuple[str, ...]
    roots: tuple[str, ...]
    reader: str
    writer: str | None = None
    stepped_reader: str | None = None

    def read(self, path: Path, solver: str = "auto") -> Document:
        """Return the network that a file describes, to be solved by `solver`."""
        stepped = self.stepped_reader if solver == "euler" else None
        read: Callable[[Path], Document] = _at(stepped or self.reader)
        return read(path)


def _at(place: str) -> Any:
    module, name = place.split(":")
    return getattr(import_module(module), name)


FORMATS = [
    Format(
        "LEMS",
        (".xml",),
        ("Lems",),
        "snnc.lems.network:read_network",
        stepped_reader="snnc.lems.network:read_stepped_network",
    ),
    Format(
        "NeuroML 2",
        (".nml", ".xml"),
        ("neuroml",),
        "snnc.lems.network:read_network",
        stepped_reader="snnc.lems.network:read_stepped_network",
    ),
    Format(
        "NineML",
        (".xml", ".9ml"),
        ("NineML",),
        "snnc.nineml.network:read_network",
        "snnc.codegen.languages.nineml:emit_cell",
    ),
    Format(
        "NESTML",
        (".nestml",),
        (),
        "snnc.nestml.network:read_network",
        "snnc.codegen.native.nestml:emit_cell",
    ),
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


def export_cells(document: Document, language: str) -> dict[str, str]:
    """Return the text of each cell model of a document in another language, by name.

    Parameters
    ----------
    document : Document
        A network or models, as built.
    language : str
        Name of a format, in any case.

    Raises
    ------
    OptionError
        If there is no such format, or none can be written in it.
    UnsupportedError
        For a model that the language cannot express; names the construct.
    """
    from snnc.ir.model_info import describe_model, models_of

    writers = {one.name.lower(): one.writer for one in FORMATS if one.writer is not None}
    if language.lower() not in writers:
        raise OptionError(f"no export to '{language}'{did_you_mean(language.lower(), writers)}")
    emit: Callable[[Any], str] = _at(writers[language.lower()])
    cells = {
        name: op for name, op in models_of(document.module).items()
        if describe_model(op).kind == "cell"
    }  # fmt: skip
    return {name: emit(op) for name, op in cells.items()}
