"""Helpers of connectors that give their pairs as arrays."""

from __future__ import annotations

import numpy as np

from snnc.codegen.connectors.base import PairList


def pair_list(pre: np.ndarray, post: np.ndarray, n_post: int) -> PairList:
    """Return pairs of positions, given in any order, sorted and with their ordinals."""
    key = pre.astype(np.int64) * max(n_post, 1) + post
    entry = np.arange(key.size)
    if np.any(key[1:] < key[:-1]):
        entry = np.argsort(key, kind="stable")
        key = key[entry]
    return PairList(pre[entry].astype(np.int32), post[entry].astype(np.int32), ordinals(key), entry)


def ordinals(key: np.ndarray) -> np.ndarray:
    """Return for each of some sorted numbers how many equal ones precede it, as int32."""
    place = np.arange(key.size)
    first = np.ones(key.size, bool)
    first[1:] = key[1:] != key[:-1]
    starts = np.maximum.accumulate(np.where(first, place, 0))
    return (place - starts).astype(np.int32)
