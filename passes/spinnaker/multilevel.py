"""Multilevel partitioning of units into parts that share few packets, by METIS."""

from __future__ import annotations

import numpy as np

from snnc.ir.diagnostics import MissingDependencyError
from snnc.passes.spinnaker.units import Units

_LARGEST_WEIGHT = 10_000


def partition(units: Units, number: int) -> np.ndarray:
    """Return the part of each unit, shape (units,), of about as many cores each.

    Parameters
    ----------
    units : Units
        What is partitioned.
    number : int
        The number of parts; some may be empty.

    Raises
    ------
    MissingDependencyError
        If pymetis is not installed.
    """
    try:
        import pymetis
    except ImportError:
        raise MissingDependencyError(
            "placing cores needs pymetis: pip install 'snnc[spinnaker]'"
        ) from None
    if number == 1:
        return np.zeros(len(units.cores), np.int64)
    affinity = units.affinity()
    scaled = np.ceil(affinity * (_LARGEST_WEIGHT / max(affinity.max(), 1e-9))).astype(int)
    starts = np.concatenate([[0], np.cumsum((scaled > 0).sum(axis=1))])
    found = pymetis.part_graph(
        number,
        pymetis.CSRAdjacency(starts.tolist(), np.nonzero(scaled)[1].tolist()),
        vweights=units.sizes.tolist(),
        eweights=scaled[scaled > 0].tolist(),
        options=pymetis.Options(seed=0),
    )
    return np.array(found.vertex_part, np.int64)
