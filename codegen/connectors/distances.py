"""Distances between the cells of a projection, and boxes around groups of cells."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from snnc.ir.values import Period, Space

_AXIS = {"x": 0, "y": 1, "z": 2}
_GRID_BITS = 20  # of each axis of the Z-order curve; three fit into 64 bits


@dataclass(frozen=True, eq=False)
class Coordinates:
    """Positions on both sides in the axes that count, ready for differences.

    Attributes
    ----------
    pre, post : ndarray of float64, shape (axes, n_pre), (axes, n_post)
        Coordinates in um; those of `post` scaled and offset.
    period : ndarray of float64, shape (axes,)
        Extent of each axis that closes upon itself, 0 for others.
    """

    pre: np.ndarray
    post: np.ndarray
    period: np.ndarray

    @staticmethod
    def of(space: Space, pre: np.ndarray, post: np.ndarray) -> Coordinates:
        """Return the coordinates of positions of shape (3, n) in a space."""
        axes = [_AXIS[name] for name in space.axes]
        scale = np.array(space.scale_factor)[axes, None]
        offset = np.array(space.offset)[axes, None]
        periods = space.periodic_boundaries or (None, None, None)
        lengths = [_length(periods[a]) for a in axes]
        return Coordinates(
            np.ascontiguousarray(pre[axes]),
            np.ascontiguousarray(scale * (post[axes] + offset)),
            np.array(lengths),
        )

    def distance(self, pre: np.ndarray, post: np.ndarray) -> np.ndarray:
        """Return the distances of pairs of positions (they broadcast), in um."""
        total = np.zeros(np.broadcast_shapes(pre.shape, post.shape))
        for a, b, period in zip(self.pre, self.post, self.period, strict=True):
            delta = np.abs(a[pre] - b[post])
            if period > 0.0:
                delta = np.minimum(delta, period - delta)
            total += delta * delta
        return np.sqrt(total)

    def distance_bounds(self, pre: Boxes, post: Boxes) -> tuple[np.ndarray, np.ndarray]:
        """Return the least and the greatest distance between boxes, of shape (pre, post)."""
        least = np.zeros((pre.low.shape[1], post.low.shape[1]))
        greatest = np.zeros_like(least)
        for axis, period in enumerate(self.period):
            low = pre.low[axis][:, None] - post.high[axis]
            high = pre.high[axis][:, None] - post.low[axis]
            far = np.maximum(np.abs(low), np.abs(high))
            near = np.maximum(0.0, np.maximum(low, -high))
            if period > 0.0:
                near, far = _folded(near, far, period)
            least += near * near
            greatest += far * far
        return np.sqrt(least), np.sqrt(greatest)


@dataclass(frozen=True, eq=False)
class Boxes:
    """The least and greatest coordinates of groups of consecutive cells, shape (axes, groups)."""

    low: np.ndarray
    high: np.ndarray

    @staticmethod
    def around(coordinates: np.ndarray, size: int) -> Boxes:
        """Return the boxes of groups of `size` columns."""
        starts = np.arange(0, coordinates.shape[1], size)
        if not starts.size:
            return Boxes(coordinates, coordinates)
        low = np.minimum.reduceat(coordinates, starts, axis=1)
        return Boxes(low, np.maximum.reduceat(coordinates, starts, axis=1))


def neighbours_first(coordinates: np.ndarray, size: int) -> np.ndarray:
    """Return an order in which groups of `size` consecutive cells are close together in space.

    Cells on a line keep their order when they ascend; others go along a Z-order curve (Morton 1966)
    over cells of a grid, and along the first axis when there is one axis only.

    Parameters
    ----------
    coordinates : ndarray of float64, shape (axes, n)
        Coordinates.
    size : int
        Number of cells of a group.

    Returns
    -------
    ndarray of int64, shape (n,)
    """
    low = coordinates.min(axis=1, initial=np.inf)[:, None]
    extent = coordinates.max(axis=1, initial=-np.inf)[:, None] - low
    used = extent[:, 0] > 0.0
    dimensions = int(used.sum())
    if coordinates.shape[1] <= size or dimensions == 0:
        return np.arange(coordinates.shape[1])
    if dimensions == 1:
        return np.argsort(coordinates[used][0], kind="stable")
    scaled = (coordinates[used] - low[used]) / extent[used]
    grid = (scaled * ((1 << _GRID_BITS) - 1)).astype(np.int64)
    code = np.zeros(coordinates.shape[1], np.int64)
    for bit in range(_GRID_BITS):
        for axis in range(dimensions):
            code |= ((grid[axis] >> bit) & 1) << (bit * dimensions + axis)
    return np.argsort(code, kind="stable")


def _length(period: Period) -> float:
    return 0.0 if period is None else period[1] - period[0]


def _folded(near: np.ndarray, far: np.ndarray, period: float) -> tuple[np.ndarray, np.ndarray]:
    """Return bounds of ``|min(x, period - x)|`` for x between `near` and `far`."""
    ends = np.minimum(near, period - near), np.minimum(far, period - far)
    low, high = np.minimum(*ends), np.maximum(*ends)
    high = np.where((near <= period / 2) & (far >= period / 2), period / 2, high)
    least = np.where((low <= 0.0) & (high >= 0.0), 0.0, np.minimum(np.abs(low), np.abs(high)))
    return least, np.maximum(np.abs(low), np.abs(high))
