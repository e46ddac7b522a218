"""Recorded data on disk: an HDF5 file that grows while a network runs."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import DTypeLike, NDArray

from snnc.ir.diagnostics import MissingDependencyError

# What has come in is written out after so long, or when there is so much of it.
_SECONDS: Final = 1.0
HELD_BYTES: Final = 1 << 24
_CHUNK_BYTES: Final = 1 << 20


@dataclass(frozen=True, eq=False)
class Spooled:
    """Rows `start` to `stop` of a dataset, which count as an array where one is wanted."""

    dataset: Any
    start: int
    stop: int

    def __len__(self) -> int:
        return self.stop - self.start

    def __array__(self, dtype: DTypeLike | None = None, copy: bool | None = None) -> NDArray[Any]:
        """Read the rows."""
        return np.asarray(self.dataset[self.start : self.stop], dtype)


class Spool:
    """An HDF5 file of recorded data.

    After every `flush` the file is complete: a crash loses what came later.

    Parameters
    ----------
    path : path
        The file; one that exists is replaced.
    attributes : mapping
        What is said of the whole file.

    Raises
    ------
    MissingDependencyError
        h5py is not installed.
    """

    def __init__(self, path: str | Path, attributes: Mapping[str, Any]) -> None:
        try:
            import h5py
        except ImportError:
            raise MissingDependencyError(
                "recording to a file needs h5py; install it with: pip install 'snnc[hdf5]'"
            ) from None
        self._file: Any = h5py.File(path, "w")
        self._file.attrs.update(attributes)
        self._written = time.monotonic()

    def is_due(self, held: int) -> bool:
        """Return whether data of `held` bytes should be written out now."""
        return held >= HELD_BYTES or (held > 0 and time.monotonic() - self._written >= _SECONDS)

    def append(
        self, name: str, rows: NDArray[Any], attributes: Mapping[str, Any] | None = None
    ) -> Spooled:
        """Write rows behind those of a dataset, which is made with `attributes` at first.

        Parameters
        ----------
        name : str
            Of the dataset, with groups before slashes.
        rows : ndarray, shape (n, ...)
            The rows.
        attributes : mapping, optional
            What is said of the dataset.
        """
        dataset = self._file.get(name)
        if dataset is None:
            width = max(rows.itemsize * int(np.prod(rows.shape[1:])), 1)
            dataset = self._file.create_dataset(
                name,
                shape=(0, *rows.shape[1:]),
                maxshape=(None, *rows.shape[1:]),
                chunks=(max(1, _CHUNK_BYTES // width), *(max(s, 1) for s in rows.shape[1:])),
                dtype=rows.dtype,
            )
            dataset.attrs.update(attributes or {})
        start = dataset.shape[0]
        dataset.resize(start + len(rows), axis=0)
        dataset[start:] = rows
        return Spooled(dataset, start, start + len(rows))

    def unused(self, name: str) -> str:
        """Return `name` with the first number that no dataset has."""
        number = 1
        while f"{name}_{number}" in self._file:
            number += 1
        return f"{name}_{number}"

    def flush(self) -> None:
        """Hand everything over to the operating system."""
        self._file.flush()
        self._written = time.monotonic()

    def close(self) -> None:
        """Close the file; what is in it cannot be read through `Spooled` any more."""
        self._file.close()
