"""Delays in steps: one rounding rule for all projections."""

from __future__ import annotations

import warnings

import numpy as np
from numpy.typing import ArrayLike, NDArray

from snnc.ir.diagnostics import UserError
from snnc.ir.values import Value

LONGEST = 1 << 24  # steps; more is surely a mistake of units

# Quotients of decimal fractions miss halves and integers by rounding errors of about 1e-16.
TOLERANCE = 1e-9
_OFF_GRID = 1e-6


def delay_steps(delay: ArrayLike, dt: float, projection: str) -> NDArray[np.int32]:
    """Return delays in steps, rounded half up.

    Parameters
    ----------
    delay : array_like
        In ms.
    dt : float
        Time step in ms.
    projection : str
        Name of the projection, for messages.

    Returns
    -------
    ndarray of int32, of the shape of `delay`

    Raises
    ------
    UserError
        A delay below half a step, longer than `LONGEST` steps or not a number.
    """
    ratio = np.asarray(delay, np.float64) / dt
    bad = ~((ratio >= 0.5 - TOLERANCE) & (ratio <= LONGEST))
    if bad.any():
        found = np.asarray(delay, np.float64)[bad].flat[0]
        raise UserError(
            f"projection '{projection}': impossible delay; found {found:g} ms, "
            f"expected {dt / 2:g} ms (half a time step) to {LONGEST * dt:g} ms"
        )
    return np.floor(ratio * (1.0 + TOLERANCE) + 0.5).astype(np.int32)


def check_grid(delay: Value, dt: float, projection: str) -> None:
    """Warn of constant or listed delays off the grid of time; refuse impossible constants.

    Raises
    ------
    UserError
        As `delay_steps`, for one delay of all connections.
    """
    if not isinstance(delay, float | int | np.ndarray):
        return
    values = np.asarray(delay, np.float64)
    if values.ndim == 0:
        delay_steps(values, dt, projection)
    ratio = values / dt
    with np.errstate(invalid="ignore"):
        off = np.abs(ratio - np.rint(ratio)) > _OFF_GRID
    if off.any():
        warnings.warn(
            f"projection '{projection}': delays are rounded to multiples of the time step; "
            f"found {values[off].flat[0]:g} ms, time step {dt:g} ms",
            stacklevel=2,
        )
