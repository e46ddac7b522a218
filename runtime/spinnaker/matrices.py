"""The synaptic matrix and the population table of a core, as words.

A row has three words, the numbers of plastic words, of static synapses and of plastic controls, and
then the static synapses (sPyNNaker 7.4.1, ``synapse_io.py``). Rows of more than 256 synapses go on
in a row of the next address of the same entry.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from snnc.runtime.spinnaker.blocks import Blocks, chosen_blocks
from snnc.runtime.spinnaker.population_table import (
    ADDRESS_SCALE,
    LONGEST_ROW,
    ROW_HEADER,
    WORD,
    TableEntry,
    encoded,
)

_ALIGNED = ADDRESS_SCALE // WORD


@dataclass(frozen=True)
class Keys:
    """What sends packets, by its keys.

    Attributes
    ----------
    key, mask : int
        Cell i sends `key` + i · 2^colours, which equals `key` where `mask` has ones.
    cells : int
        Number of cells.
    """

    key: int
    mask: int
    cells: int


@dataclass(frozen=True)
class Matrix:
    """What a core reads of its synapses.

    Attributes
    ----------
    table, rows : ndarray of uint32
        Population table, and synaptic matrix.
    """

    table: NDArray[np.uint32]
    rows: NDArray[np.uint32]


def make_matrix(
    senders: Sequence[Keys],
    lengths: Sequence[NDArray[np.int64]],
    words: NDArray[np.uint32],
    room: int,
    colour_bits: int,
) -> Matrix:
    """Return the matrix of a core.

    Parameters
    ----------
    senders : sequence of Keys
        Those that the core hears.
    lengths : sequence of ndarray of int64
        Of each sender, the synapses of each of its cells onto this core.
    words : ndarray of uint32
        All synapses, in the order of senders and their cells.
    room : int
        Bytes for the population table.
    colour_bits : int
        Low bits of keys that do not tell cells apart.

    Raises
    ------
    ResourceLimitError
        If the form has no numbers for so much.
    """
    blocks = chosen_blocks(lengths, room)
    starts, layers, total = _laid_out(blocks)
    rows = np.zeros(total, np.uint32)
    _fill(rows, blocks, starts, layers, lengths, words)
    entries = [
        _entry(senders[sender], first, cells, length, begin, colour_bits)
        for sender, first, cells, length, begin in zip(
            blocks.sender.tolist(),
            blocks.first.tolist(),
            blocks.cells.tolist(),
            blocks.length.tolist(),
            np.split(starts, np.cumsum(layers))[:-1],
            strict=True,
        )
    ]
    return Matrix(encoded(entries, colour_bits), rows)


def _laid_out(blocks: Blocks) -> tuple[NDArray[np.int64], NDArray[np.int64], int]:
    """Return where the layers of all blocks begin, their numbers, and the words of all."""
    layers = blocks.layers
    number = _numbers_within(layers)
    cells, length = np.repeat(blocks.cells, layers), np.repeat(blocks.length, layers)
    long = np.minimum(length - number * LONGEST_ROW, LONGEST_ROW)
    sizes = cells * (long + ROW_HEADER)
    sizes += -sizes % _ALIGNED
    ends = np.cumsum(sizes)
    return ends - sizes, layers, int(ends[-1]) if ends.size else 0


def _fill(
    rows: NDArray[np.uint32],
    blocks: Blocks,
    starts: NDArray[np.int64],
    layers: NDArray[np.int64],
    lengths: Sequence[NDArray[np.int64]],
    words: NDArray[np.uint32],
) -> None:
    """Write the headers and synapses of all rows."""
    begin = np.concatenate([[0], np.cumsum([row.size for row in lengths])])
    every = np.concatenate([np.empty(0, np.int64), *lengths])
    source = np.cumsum(every) - every
    first_layer = np.cumsum(layers) - layers
    for number in range(int(layers.max(initial=0))):
        block = np.flatnonzero(layers > number)
        cells = blocks.cells[block]
        place = np.repeat(np.arange(block.size), cells)
        within = _numbers_within(cells)
        cell = np.repeat(begin[blocks.sender[block]] + blocks.first[block], cells) + within
        long = np.minimum(blocks.length[block] - number * LONGEST_ROW, LONGEST_ROW)
        row = starts[first_layer[block] + number][place] + within * (long + ROW_HEADER)[place]
        count = np.clip(every[cell] - number * LONGEST_ROW, 0, LONGEST_ROW)
        rows[row + 1] = count
        rank = _numbers_within(count)
        to = np.repeat(row + ROW_HEADER, count) + rank
        rows[to] = words[np.repeat(source[cell] + number * LONGEST_ROW, count) + rank]


def _numbers_within(counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return 0, 1, ... for each count, one after another."""
    ends = np.cumsum(counts)
    return np.arange(ends[-1] if ends.size else 0) - np.repeat(ends - counts, counts)


def _entry(
    sender: Keys,
    first: int,
    cells: int,
    length: int,
    starts: NDArray[np.int64],
    colour_bits: int,
) -> TableEntry:
    rows = tuple(
        (WORD * start, min(length - number * LONGEST_ROW, LONGEST_ROW))
        for number, start in enumerate(starts.tolist())
    )
    if cells == sender.cells:
        return TableEntry(sender.key, sender.mask, cells, rows)
    block = 1 << ((cells - 1).bit_length() + colour_bits)
    mask = 0xFFFFFFFF & ~(block - 1)
    return TableEntry(sender.key + (first << colour_bits), mask, cells, rows)
