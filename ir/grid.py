"""How times are rounded to the grid of steps."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

# Forgives the rounding error of a division by dt, so that 0.3 ms is 3 steps of 0.1 ms.
_SLACK = 1e-9


def round_half_up(time: ArrayLike, dt: float) -> NDArray[np.int64]:
    """Return times in steps, halves rounded up, as NEST does.

    Parameters
    ----------
    time : array_like
        Times in ms.
    dt : float
        Step in ms.
    """
    steps = np.floor(np.asarray(time, dtype=np.float64) / dt + 0.5 + _SLACK)
    return steps.astype(np.int64)
