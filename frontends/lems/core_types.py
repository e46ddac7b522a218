"""NeuroML's core component types, from the installed package pyNeuroML."""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from pathlib import Path
from zipimport import zipimporter

from snnc.importing.xml import Element, parse_xml
from snnc.ir.diagnostics import MissingDependencyError

FOLDER = "NeuroML2CoreTypes"
ALL = ("NeuroML2CoreTypes.xml", "PyNN.xml")
"""What a NeuroML file may use without including it."""
_FILES = (
    "Cells.xml", "Channels.xml", "Inputs.xml", "Networks.xml", "NeuroMLCoreCompTypes.xml",
    "NeuroMLCoreDimensions.xml", "Simulation.xml", "Synapses.xml", *ALL,
)  # fmt: skip


def is_core_file(name: str) -> bool:
    """Tell whether a file that is included is one of the core types."""
    return name.removeprefix(f"{FOLDER}/") in _FILES


@cache
def read_core_file(name: str) -> tuple[Element, str]:
    """Return the root of a file of core types, and its name for errors.

    Raises
    ------
    MissingDependencyError
        If pyNeuroML is not installed.
    """
    member = f"{FOLDER}/{name.removeprefix(f'{FOLDER}/')}"
    return parse_xml(_archive().get_data(member), member), member


@cache
def _archive() -> zipimporter:
    """Return what reads the archive; it lists its 13,000 members once, faster than `zipfile`."""
    # Found, not imported: importing the package takes seconds.
    spec = find_spec("pyneuroml")
    folders = [] if spec is None else spec.submodule_search_locations or []
    for folder in folders:
        for archive in sorted(Path(folder, "lib").glob("jNeuroML-*.jar")):
            return zipimporter(str(archive))
    raise MissingDependencyError(
        "NeuroML's core types come with pyNeuroML; install it with: pip install 'snnc[neuroml]'"
    )
