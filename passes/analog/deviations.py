"""Random deviations of analog circuits, the same wherever and whenever they are drawn."""

from __future__ import annotations

from dataclasses import dataclass
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

_FIXED, _TRIAL = 0, 1
_MOST = 3.0
"""Standard deviations at which the normal distribution is cut off: calibration sees to the rest."""


@dataclass(frozen=True)
class Deviations:
    """Draws deviations by key: chip or trial, object, and what deviates.

    Attributes
    ----------
    chip : int
        Seed of the fixed pattern.
    trial : int
        Seed of what changes from trial to trial.
    on : bool
        Whether anything deviates.
    """

    chip: int
    trial: int
    on: bool = True

    def of(
        self, object_id: int, what: str, count: int, spread: float, trial: float
    ) -> NDArray[np.float64]:
        """Return deviations of the things of an object.

        Parameters
        ----------
        object_id : int
            The population or projection.
        what : str
            The name of what deviates.
        count : int
            Number of cells or synapses.
        spread, trial : float
            Standard deviations of the fixed pattern, and of what each trial adds to it.

        Returns
        -------
        ndarray of float64, shape (count,)
        """
        if not self.on:
            return np.zeros(count)
        fixed = self._normal(self.chip, object_id, what, _FIXED, count)
        return spread * fixed + trial * self._normal(self.trial, object_id, what, _TRIAL, count)

    @staticmethod
    def _normal(seed: int, object_id: int, what: str, part: int, count: int) -> NDArray[np.float64]:
        purpose = crc32(what.encode()) << 1 | part
        stream = np.random.Philox(key=[seed, object_id << 33 | purpose])
        drawn = np.random.Generator(stream).standard_normal(count)
        return np.clip(drawn, -_MOST, _MOST)
