"""The warning of synapses that are on no chip."""

from __future__ import annotations

import warnings

import numpy as np
from numpy.typing import NDArray

from snnc.ir.dialects import analog


def warn_of_losses(reasons: NDArray[np.int64], remedy: str) -> None:
    """Warn of how many synapses are lost, and why.

    Parameters
    ----------
    reasons : ndarray of int64, shape (synapses,)
        Places in `analog.LOST`; negative for synapses that are on a chip.
    remedy : str
        What to do about it.
    """
    lost = np.bincount(reasons[reasons >= 0], minlength=len(analog.LOST))
    if not lost.any():
        return
    counts = zip(analog.LOST, lost.tolist(), strict=True)
    why = ", ".join(f"{name} {count}" for name, count in counts if count)
    warnings.warn(
        f"{lost.sum()} of {reasons.size} synapses are on no chip, for want of: {why}; {remedy}",
        stacklevel=2,
    )
