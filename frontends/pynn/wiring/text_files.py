"""PyNN's text files of numbers: a header of ``# name = value`` lines, then one row a line."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from snnc.pynn.refusals import ValueRefused
from snnc.ranks import this_rank


def write_table(file: Any, rows: Any, metadata: Mapping[str, Any]) -> None:
    """Write rows to a file name, or to one of the file objects of `pyNN.recording.files`.

    Every rank has all rows, so the first one writes.
    """
    if this_rank() > 0:
        return
    if not isinstance(file, str | Path):
        file.write(rows, dict(metadata))
        file.close()
        return
    Path(file).parent.mkdir(parents=True, exist_ok=True)
    with open(file, "w") as stream:
        for name, value in metadata.items():
            stream.write(f"# {name} = {value}\n")
        np.savetxt(stream, np.asarray(rows), delimiter="\t")


def read_table(file: Any) -> tuple[np.ndarray, dict[str, Any]]:
    """Return the rows and the header of a file name, or of a file object.

    Returns
    -------
    rows : ndarray of float64, shape (n, columns)
    metadata : dict

    Raises
    ------
    InvalidParameterValueError
        If a header line does not hold a literal.
    """
    if not isinstance(file, str | Path):
        return np.atleast_2d(np.asarray(file.read(), dtype=float)), file.get_metadata()
    metadata: dict[str, Any] = {}
    with open(file) as stream:
        for number, line in enumerate(stream, 1):
            if not line.startswith("#"):
                break
            name, _, value = line[1:].partition("=")
            if value:
                metadata[name.strip()] = _literal(value.strip(), f"{file}:{number}")
    return np.loadtxt(file, ndmin=2), metadata


def _literal(text: str, place: str) -> Any:
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        raise ValueRefused(f"{place}: expected a list, number or string; found {text}") from None
