"""Synapses as words, and what is lost on the way.

A word holds, from the upper half down, the weight (16 bits), and in the lower half the delay slot,
the receptor and the cell (sPyNNaker 7.4.1, ``synapse_dynamics_static.py``). Slot 0 stands for the
longest delay.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from snnc.ir.dialects.map_weights import LARGEST_WORD

WEIGHT_BITS = 16


@dataclass(frozen=True)
class WordForm:
    """The bits of a core's synapses.

    Attributes
    ----------
    cell, receptor, slot : int
        Bits of each.
    """

    cell: int
    receptor: int
    slot: int

    @property
    def slots(self) -> int:
        """The longest delay in steps."""
        return 1 << self.slot

    def packed(
        self,
        weight: NDArray[np.integer],
        delay: NDArray[np.integer],
        receptor: NDArray[np.integer] | int,
        cell: NDArray[np.integer],
    ) -> NDArray[np.uint32]:
        """Return synapses as words.

        Parameters
        ----------
        weight : ndarray of int, shape (n,)
            Below 2^16.
        delay : ndarray of int, shape (n,)
            In steps, 1 to `slots`.
        receptor : int or ndarray of int, shape (n,)
            Numbers of receptors.
        cell : ndarray of int, shape (n,)
            Numbers of cells on their core.
        """
        word = np.asarray(delay, np.uint32) & np.uint32(self.slots - 1)
        word = (word << np.uint32(self.receptor)) | np.asarray(receptor, np.uint32)
        word = (word << np.uint32(self.cell)) | np.asarray(cell, np.uint32)
        return word | (np.asarray(weight, np.uint32) << np.uint32(WEIGHT_BITS))

    def unpacked(
        self, words: NDArray[np.uint32]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """Return weight, delay, receptor and cell of words, int64 of shape (n,)."""
        low = words.astype(np.int64) & ((1 << WEIGHT_BITS) - 1)
        cell = low & ((1 << self.cell) - 1)
        receptor = (low >> self.cell) & ((1 << self.receptor) - 1)
        slot = (low >> (self.cell + self.receptor)) & (self.slots - 1)
        weight = words.astype(np.int64) >> WEIGHT_BITS
        return weight, np.where(slot == 0, self.slots, slot), receptor, cell


@dataclass
class Losses:
    """Synapses that could not be stored as they are.

    Attributes
    ----------
    saturated : int
        Weights above what 16 bits hold, stored as the largest.
    reversed : int
        Weights of the other sign than most of their projection, stored as 0.
    shortened : int
        Delays beyond what cores and their extensions hold, stored as the longest.
    synapses : int
        All of them.
    square, error : float
        Sums of squares of weights, and of errors of the stored ones, in the declared unit.
    """

    saturated: int = 0
    reversed: int = 0
    shortened: int = 0
    synapses: int = 0
    square: float = 0.0
    error: float = 0.0

    @property
    def relative_error(self) -> float:
        """The root mean square error of weights, relative to their root mean square."""
        return float(np.sqrt(self.error / self.square)) if self.square else 0.0


def stored_weights(
    weights: NDArray[np.float64],
    factor: float,
    losses: Losses,
    draws: NDArray[np.float64] | None = None,
) -> NDArray[np.uint16]:
    """Return weights as integers, rounded to even or as draws say.

    Parameters
    ----------
    weights : ndarray of float64, shape (n,)
        As declared.
    factor : float
        Integers per unit, negative where weights are; what is stored has no sign.
    losses : Losses
        What is lost is counted here.
    draws : ndarray of float64, shape (n,), optional
        Even numbers between 0 and 1; a weight is rounded up where its fraction is above.
    """
    sizes = weights * factor
    whole = np.rint(sizes) if draws is None else np.floor(sizes + draws)
    stored = np.clip(whole, 0, LARGEST_WORD)
    losses.saturated += int(np.count_nonzero(whole > LARGEST_WORD))
    losses.reversed += int(np.count_nonzero(sizes < 0.0))
    losses.synapses += weights.size
    losses.square += float(np.square(weights).sum())
    losses.error += float(np.square((stored - sizes) / factor).sum())
    return stored.astype(np.uint16)
