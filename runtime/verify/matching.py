"""Which spikes of two simulations are the same spike."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from snnc.runtime.verify.observation import Observed

Indices = NDArray[np.int64]
# Spikes lie on a grid, whose times are rounded.
SLACK = 1e-3


@dataclass(frozen=True)
class Matching:
    """Pairs of spikes, one to one.

    Attributes
    ----------
    a, b : ndarray of int64, shape (m,)
        Indices of the spikes of each pair.
    alone_a, alone_b : ndarray of int64
        Indices of the spikes without a partner.
    """

    a: Indices
    b: Indices
    alone_a: Indices
    alone_b: Indices

    @property
    def fraction(self) -> float:
        """Pairs, relative to the number of spikes of the train that has more; 1 without spikes."""
        most = self.a.size + max(self.alone_a.size, self.alone_b.size)
        return self.a.size / most if most else 1.0


def match(a: Observed, b: Observed, tolerance: float) -> Matching:
    """Return as many pairs of spikes of a cell as lie within `tolerance` (ms) of each other.

    Notes
    -----
    Spikes of a cell that are further apart than the tolerance begin a new cluster. In a cluster the
    earliest spikes of both trains are a pair if they are close enough; otherwise the earlier one
    stays alone. For intervals of one length this gives the greatest number of pairs. All clusters
    are worked off side by side, so the number of passes is the number of spikes in the largest.
    """
    tolerance += SLACK * tolerance
    clusters, ends = _clusters(a, b, tolerance)
    partner = np.full(a.times.size, -1, np.int64)
    (i, j), (last_i, last_j) = clusters, ends
    while True:
        open_ = (i < last_i) & (j < last_j)
        if not open_.all():
            i, j, last_i, last_j = i[open_], j[open_], last_i[open_], last_j[open_]
        if not i.size:
            break
        lag = b.times[j] - a.times[i]
        pairs = np.abs(lag) <= tolerance
        partner[i[pairs]] = j[pairs]
        i = i + (pairs | (lag > 0.0))
        j = j + (pairs | (lag < 0.0))
    matched = np.flatnonzero(partner >= 0)
    alone_b = np.ones(b.times.size, bool)
    alone_b[partner[matched]] = False
    return Matching(matched, partner[matched], np.flatnonzero(partner < 0), np.flatnonzero(alone_b))


def _clusters(
    a: Observed, b: Observed, tolerance: float
) -> tuple[tuple[Indices, Indices], tuple[Indices, Indices]]:
    """Return the first spikes of the clusters in both trains, and the ends."""
    times = np.concatenate((a.times, b.times))
    cells = np.concatenate((a.cells, b.cells))
    of_b = np.arange(times.size) >= a.times.size
    order = np.lexsort((times, cells))
    times, cells, of_b = times[order], cells[order], of_b[order]
    begins = np.ones(times.size, bool)
    begins[1:] = (np.diff(cells) != 0) | (np.diff(times) > tolerance)
    cluster = np.cumsum(begins) - 1
    count = int(cluster[-1]) + 1 if cluster.size else 0
    ends = [np.cumsum(np.bincount(cluster[of_b == side], minlength=count)) for side in (0, 1)]
    first = [np.concatenate(([0], end[:-1])) if end.size else end for end in ends]
    return (first[0], first[1]), (ends[0], ends[1])


def steps_between(a: Observed, b: Observed, pairs: Matching, step: float) -> Indices:
    """Return by how many steps the second spike of each pair is later: int64 of shape (m,)."""
    return np.rint((b.times[pairs.b] - a.times[pairs.a]) / step).astype(np.int64)
