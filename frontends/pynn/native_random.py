"""The generator behind the name `NativeRNG`: the one that networks are drawn with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from pyNN import random

from snnc.pynn import session

# No population, projection or source has this number.
_OBJECT = -1


class NativeRNG(random.NativeRNG, random.WrappedRNG):
    """Numbers from the counter-based generator that also draws networks.

    As the generator of a distribution that a network draws from, only its seed counts.

    Parameters
    ----------
    seed : int, optional
        By default that of `setup`.
    parallel_safe : bool
        Makes no difference: there is one process.
    """

    def __init__(self, seed: int | None = None, parallel_safe: bool = True) -> None:
        random.WrappedRNG.__init__(self, seed, parallel_safe)
        self._drawn = 0

    def _next(
        self, distribution: str, n: int, parameters: Mapping[str, float]
    ) -> np.ndarray[Any, Any]:
        """Return the next `n` numbers of a distribution, shape (n,)."""
        from snnc.runtime.jit.cache import shared_kernels
        from snnc.runtime.random import PARAM, draw_elements, key

        seed = session.current().seed if self.seed is None else self.seed
        counted = np.arange(self._drawn, self._drawn + n)
        self._drawn += n
        kernels = shared_kernels()
        return draw_elements(kernels, distribution, parameters, key(seed, _OBJECT, PARAM), counted)
