"""Blocks of rows: cells that follow each other and have rows of one length, for each kind of row.

Rows of a block are as long as its longest, so a block of many cells wastes memory, and each block
costs an entry of the population table, which lies in the little memory of the core. Blocks are
halved (a mask tells aligned halves apart) where that saves more bytes than an entry is worth; what
an entry is worth rises until the table fits.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from snnc.runtime.spinnaker.population_table import (
    ADDRESS_SCALE,
    ENTRY_WORDS,
    HEADER_WORDS,
    WORD,
)
from snnc.runtime.spinnaker.rows import RowForm

HEADER_BYTES, ENTRY_BYTES = WORD * HEADER_WORDS, WORD * (ENTRY_WORDS + 1)
"""Of a population table, and of an entry with an address."""
_DEARER = 1.4
_DEAREST = 1e7


@dataclass(frozen=True)
class Blocks:
    """Blocks of cells of the senders that a core hears.

    Attributes
    ----------
    sender : ndarray of int64, shape (n,)
        Number of the sender.
    first, cells : ndarray of int64, shape (n,)
        First cell and number of cells.
    length : ndarray of int64, shape (forms, n)
        Synapses of the longest row of each form; 0 where there are none.
    forms : tuple of RowForm
        The kinds of synapses.
    """

    sender: NDArray[np.int64]
    first: NDArray[np.int64]
    cells: NDArray[np.int64]
    length: NDArray[np.int64]
    forms: tuple[RowForm, ...]

    @property
    def table_bytes(self) -> int:
        """Bytes of the population table: an entry for each block, and an address for each row."""
        rows = sum(
            int(form.layers(length).sum())
            for form, length in zip(self.forms, self.length, strict=True)
        )
        return WORD * (HEADER_WORDS + ENTRY_WORDS * self.sender.size + rows)


def chosen_blocks(lengths: Mapping[RowForm, Sequence[NDArray[np.int64]]], room: int) -> Blocks:
    """Return blocks that take little memory, and whose population table fits if any does.

    Parameters
    ----------
    lengths : mapping of RowForm to sequence of ndarray of int64
        By form, of each sender, the synapses of each of its cells.
    room : int
        Bytes for the population table.
    """
    forms = tuple(lengths)
    classes: dict[int, list[int]] = {}
    for number, row in enumerate(lengths[forms[0]]):
        classes.setdefault(max(0, int(row.size - 1)).bit_length(), []).append(number)
    halvings = [_Halving(bits, numbers, lengths) for bits, numbers in classes.items()]
    worth = float(ENTRY_BYTES)
    while True:
        found = _joined([halving.blocks(worth) for halving in halvings], forms)
        if found.table_bytes <= room or worth > _DEAREST:
            return found
        worth *= _DEARER


def _joined(parts: Sequence[Blocks], forms: tuple[RowForm, ...]) -> Blocks:
    one = np.empty(0, np.int64)
    none = Blocks(one, one, one, np.empty((len(forms), 0), np.int64), forms)
    sender, first, cells, length = (
        np.concatenate([getattr(part, name) for part in (none, *parts)], axis=-1)
        for name in ("sender", "first", "cells", "length")
    )
    return Blocks(sender, first, cells, length, forms)


class _Halving:
    """Senders of 2^bits cells at most, and the longest rows of all aligned parts of them."""

    def __init__(
        self,
        bits: int,
        numbers: Sequence[int],
        lengths: Mapping[RowForm, Sequence[NDArray[np.int64]]],
    ) -> None:
        self._numbers = np.array(numbers, np.int64)
        self._forms = tuple(lengths)
        longest = np.zeros((len(lengths), len(numbers), 1 << bits), np.int64)
        cells = np.zeros(longest.shape[1:], np.int64)
        for of_form, own in zip(longest, lengths.values(), strict=True):
            for row, number in enumerate(numbers):
                size = own[number].size
                of_form[row, :size] = own[number]
                cells[row, :size] = 1
        self._levels = [(longest, cells)]
        for _ in range(bits):
            longest = np.maximum(longest[..., ::2], longest[..., 1::2])
            cells = cells[:, ::2] + cells[:, 1::2]
            self._levels.append((longest, cells))

    def blocks(self, worth: float) -> Blocks:
        """Return the cheapest blocks when an entry costs so many bytes."""
        costs = [self._bytes(*level) + worth * (level[1] > 0) for level in self._levels]
        best, whole = costs[0], [np.ones(costs[0].shape, bool)]
        for cost in costs[1:]:
            halves = best[:, ::2] + best[:, 1::2]
            whole.append(cost <= halves)
            best = np.minimum(cost, halves)
        return self._taken(whole)

    def _taken(self, whole: Sequence[NDArray[np.bool_]]) -> Blocks:
        """Return the blocks of a choice, from the whole senders down."""
        open_parts = np.ones(whole[-1].shape, bool)
        parts: list[Blocks] = []
        for level in range(len(whole) - 1, -1, -1):
            longest, cells = self._levels[level]
            row, place = np.nonzero(open_parts & whole[level] & (cells > 0))
            where = self._numbers[row], place << level, cells[row, place]
            parts.append(Blocks(*where, longest[:, row, place], self._forms))
            open_parts = np.repeat(open_parts & ~whole[level], 2, axis=1)
        return _joined(parts, self._forms)

    def _bytes(self, longest: NDArray[np.int64], cells: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return what rows of one length take, with their headers, up to the next address."""
        found = np.zeros(cells.shape)
        for form, own in zip(self._forms, longest, strict=True):
            found += np.ceil(cells * form.words(own) * (WORD / ADDRESS_SCALE)) * ADDRESS_SCALE
        return found
