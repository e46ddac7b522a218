"""Multilevel partitioning of units into parts that share few packets, by METIS."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from snnc.ir.diagnostics import MissingDependencyError
from snnc.passes.spinnaker.units import Units

_LARGEST_WEIGHT = 10_000
_FEW_PARTS = 8
_FEW_UNITS = 8
"""Parts up to which, and units of each below which, halving is as good as cutting at once."""


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
    scale = _LARGEST_WEIGHT / max(units.affinity.max(), 1e-9)
    scaled = np.ceil(units.affinity * scale).astype(int)
    if number > _FEW_PARTS and len(units.sizes) >= _FEW_UNITS * number:
        return _cut(scaled, units.sizes, [1.0 / number] * number)
    found = np.zeros(len(units.sizes), np.int64)
    _halve(scaled, units.sizes, np.arange(len(units.sizes)), number, 0, found)
    return found


def _halve(
    weights: NDArray[np.int64],
    sizes: NDArray[np.int64],
    chosen: NDArray[np.int64],
    number: int,
    first: int,
    found: NDArray[np.int64],
) -> None:
    """Number the parts of some units from `first` on; a single unit is not cut, as METIS would."""
    if number == 1 or chosen.size < 2:
        found[chosen] = first
        return
    half = number // 2
    share = half / number
    sides = _cut(weights[np.ix_(chosen, chosen)], sizes[chosen], [share, 1.0 - share])
    _halve(weights, sizes, chosen[sides == 0], half, first, found)
    _halve(weights, sizes, chosen[sides == 1], number - half, first + half, found)


def _cut(
    weights: NDArray[np.int64], sizes: NDArray[np.int64], shares: list[float]
) -> NDArray[np.int64]:
    try:
        import pymetis
    except ImportError:
        raise MissingDependencyError(
            "placing cores needs pymetis: pip install 'snnc[spinnaker]'"
        ) from None
    starts = np.concatenate([[0], np.cumsum((weights > 0).sum(axis=1))])
    found = pymetis.part_graph(
        len(shares),
        pymetis.CSRAdjacency(starts.tolist(), np.nonzero(weights)[1].tolist()),
        vweights=sizes.tolist(),
        eweights=weights[weights > 0].tolist(),
        tpwgts=shares,
        options=pymetis.Options(seed=0),
    )
    return np.array(found.vertex_part, np.int64)
