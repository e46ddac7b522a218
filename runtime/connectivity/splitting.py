"""Sharing random draws out over cells: multinomial and hypergeometric numbers."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from snnc.codegen.connectors.pairs import DRAW_WIDTH
from snnc.runtime.engine.tables import bits
from snnc.runtime.jit.cache import Kernels, source_of
from snnc.runtime.random import Key

_NUMBERS: Final = 512  # 2 BATCH of kernels/split_draws.py
_STREAM: Final = 0xFFFFFFFF  # of the key; rows of pairs use the lower ones


def split_draws(
    kernels: Kernels, key: Key, number: int, choices: NDArray[np.int32], replace: bool
) -> NDArray[np.int32]:
    """Return how many of some draws fall into each cell.

    Parameters
    ----------
    kernels : Kernels
        Where kernels come from.
    key : tuple of int
        Of the random numbers.
    number : int
        Of draws; without replacement at most as many as there are choices.
    choices : ndarray of int32, shape (n,)
        How many there are in each cell; a draw takes any of all with the same probability.
    replace : bool
        Whether a choice can be taken again.
    """
    choices = np.ascontiguousarray(choices, np.int32)
    counts = np.zeros(choices.size, np.int32)
    if number == 0:
        return counts
    random = kernels.get(source_of("uniform_batch"))
    table = np.zeros(DRAW_WIDTH, np.int64)
    table[2:4] = key
    table[5] = _STREAM
    uniforms, chosen = np.empty(_NUMBERS), np.empty(_NUMBERS, np.int32)
    # A table that has no name would be freed, and its memory reused, while the kernel reads it.
    words = np.array([
        number, choices.size, choices.ctypes.data, counts.ctypes.data, bits(float(choices.max())),
        int(replace), random.address, table.ctypes.data, uniforms.ctypes.data, chosen.ctypes.data,
    ], np.int64)  # fmt: skip
    kernels.get(source_of("split_draws"))(words.ctypes.data, 1, 0)
    return counts
