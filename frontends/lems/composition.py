"""One cell of a LEMS or NeuroML 2 file with synapses as its receptors."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from snnc.ir.diagnostics import Location
from snnc.lems.library import read_library
from snnc.lems.names import word
from snnc.lems.part import Builder
from snnc.lems.start import Start
from snnc.lems.write_cell import write_cell


def compose_cell(path: str | Path, component: str, synapses: Mapping[str, str]) -> str:
    """Return the text of a cell with a receptor for each synapse.

    Parameters
    ----------
    path : path
        A LEMS or NeuroML 2 file.
    component : str
        The id of the cell in it.
    synapses : mapping of str to str
        Ids of synapses in the file by the names of the receptors.

    Raises
    ------
    ModelError
        If the file is wrong, or a component is not in it or does not fit.
    UnsupportedError
        For what the IR has no form for; names the construct.
    """
    library = read_library(path)
    at = Location(library.file, 1)
    parts = Builder(library)
    root = parts.cell(component, None, at)
    for receptor, synapse in synapses.items():
        part, place = parts.attachment(root, synapse, "", at)
        part.name = receptor
        root.children.setdefault(place, []).append(part)
    # Values at the start that are random are drawn where a network is made.
    written = write_cell(library, word(component), root, Start(library, lambda: 0.5))
    written.text.document()
    return written.text.text
