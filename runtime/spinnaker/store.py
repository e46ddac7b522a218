"""The data of cores in a file: SQLite, with the tables of sPyNNaker's data specifications.

The table ``region`` has a row for each piece of memory of a core: its number, its label and its
bytes (FrontEndCommon 7.4.1, ``interface/ds``), so that what reads sPyNNaker's ``ds.sqlite3`` reads
this one.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from snnc.ir.diagnostics import UserError

Place = tuple[int, int, int]
SYNAPSES = {"SynapseParams": 4, "PopTable": 5, "SynBlocks": 6}
"""Numbers of the regions in programs of cells with synapses (``population_machine_vertex.py``)."""
PLASTICITY = "synapseDynamicsParams"
REGIONS = {**SYNAPSES, PLASTICITY: 7, "DelayParams": 1}
"""And in those of delay extensions (``delay_extension_machine_vertex.py``)."""
_TABLE = """
CREATE TABLE region(
    region_num INTEGER NOT NULL, x INTEGER NOT NULL, y INTEGER NOT NULL, p INTEGER NOT NULL,
    content BLOB, size INTEGER NOT NULL, region_label TEXT,
    PRIMARY KEY (x, y, p, region_num))
"""


class DataFile:
    """A new file of regions; nothing is left if writing fails.

    Parameters
    ----------
    path : Path
        The file; one that is there is replaced when all has been written.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._part = path.with_name(path.name + ".part")
        self._part.unlink(missing_ok=True)
        self._connection = sqlite3.connect(self._part)
        self._connection.execute("PRAGMA synchronous = OFF")
        self._connection.execute(_TABLE)

    def __enter__(self) -> DataFile:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self._connection.commit()
        self._connection.close()
        if kind is None:
            self._part.replace(self._path)
        else:
            self._part.unlink()

    def write(self, place: Place, label: str, words: NDArray[np.uint32]) -> None:
        """Write a region of a core."""
        content = words.astype("<u4").tobytes()
        self._connection.execute(
            "INSERT INTO region VALUES (?, ?, ?, ?, ?, ?, ?)",
            (REGIONS[label], *place, content, len(content), label),
        )


def read_regions(path: Path, labels: Iterable[str]) -> dict[Place, dict[str, NDArray[np.uint32]]]:
    """Return the words of regions by core and label.

    Raises
    ------
    UserError
        If the file is none of this kind, or bytes are not whole words.
    """
    found: dict[Place, dict[str, NDArray[np.uint32]]] = {}
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as file:
            rows = file.execute("SELECT x, y, p, region_label, content FROM region").fetchall()
    except sqlite3.Error as error:
        raise UserError(f"'{path}' holds no regions of cores; {error}") from None
    wanted = set(labels)
    for x, y, p, label, content in rows:
        if label in wanted and content is not None:
            if len(content) % 4:
                raise UserError(f"region '{label}' of core ({x}, {y}, {p}) has {len(content)} "
                                "bytes; expected whole words")  # fmt: skip
            words = np.frombuffer(content, "<u4").astype(np.uint32)
            found.setdefault((x, y, p), {})[label] = words
    return found
