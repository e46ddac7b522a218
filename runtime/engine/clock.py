"""Times in ms and steps of the grid."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

# Fraction of a step by which a decimal time may miss the grid: 0.15 / 0.1 is 1.4999999999999998.
_TOLERANCE = 1e-6


class Clock:
    """The time grid of a simulation.

    Parameters
    ----------
    dt : float
        Time step in ms.
    """

    def __init__(self, dt: float) -> None:
        self.dt = dt
        frequency = round(1.0 / dt)
        # A division by 10 gives the double nearest to 0.3, a product with 0.1 does not.
        self._frequency = frequency if abs(frequency * dt - 1.0) < 1e-12 else 0

    def time(self, step: int) -> float:
        """Return the time of a step in ms."""
        return step / self._frequency if self._frequency else step * self.dt

    def times(self, steps: ArrayLike) -> NDArray[np.float64]:
        """Return the times of steps in ms."""
        counted = np.asarray(steps, np.float64)
        return counted / self._frequency if self._frequency else counted * self.dt

    def steps(self, times: ArrayLike) -> NDArray[np.int64]:
        """Return the nearest steps of times in ms, halves rounded up."""
        ratio = np.asarray(times, np.float64) / self.dt
        # Sources that never stop have times near 1e12 ms and beyond.
        ratio = np.clip(ratio, -(2.0**62), 2.0**62)
        return np.floor(ratio + 0.5 + _TOLERANCE).astype(np.int64)

    def step(self, time: float) -> int:
        """Return the nearest step of a time in ms, halves rounded up."""
        return int(self.steps(time))
