"""The synaptic matrix and the population table of a core, as words.

Synapses of each form have rows of their own, and those beyond what a row holds go on in further
ones; all are found by addresses of one entry of the table.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from snnc.runtime.spinnaker.blocks import Blocks, chosen_blocks
from snnc.runtime.spinnaker.population_table import ADDRESS_SCALE, WORD, TableEntry, encoded
from snnc.runtime.spinnaker.rows import ROW_HEADER, RowForm, numbers_within

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


@dataclass(frozen=True)
class CoreSynapses:
    """Synapses of one form onto a core.

    Attributes
    ----------
    lengths : sequence of ndarray of int64
        Of each sender, the synapses of each of its cells.
    words : ndarray of uint32
        All of them as static ones, in the order of senders and their cells.
    """

    lengths: Sequence[NDArray[np.int64]]
    words: NDArray[np.uint32]


@dataclass(frozen=True)
class _Layer:
    """The rows of some blocks: those of one form, and of several of a cell those of one number.

    `synapses` are those of the longest of each block, `starts` the words before its rows.
    """

    form: RowForm
    number: int
    blocks: NDArray[np.int64]
    synapses: NDArray[np.int64]
    starts: NDArray[np.int64]


def make_matrix(
    senders: Sequence[Keys],
    synapses: Mapping[RowForm, CoreSynapses],
    room: int,
    colour_bits: int,
) -> Matrix:
    """Return the matrix of a core.

    Parameters
    ----------
    senders : sequence of Keys
        Those that the core hears.
    synapses : mapping of RowForm to CoreSynapses
        What they reach on this core.
    room : int
        Bytes for the population table.
    colour_bits : int
        Low bits of keys that do not tell cells apart.

    Raises
    ------
    ResourceLimitError
        If the form has no numbers for so much.
    """
    blocks = chosen_blocks({form: one.lengths for form, one in synapses.items()}, room)
    layers, total = _laid_out(blocks)
    rows = np.zeros(total, np.uint32)
    places: list[list[tuple[int, int]]] = [[] for _ in range(blocks.sender.size)]
    for layer in layers:
        _fill(rows, blocks, layer, synapses[layer.form])
        length = layer.form.length(layer.synapses)
        for block, *row in zip(
            layer.blocks.tolist(), (WORD * layer.starts).tolist(), length.tolist(), strict=True
        ):
            places[block].append((row[0], row[1]))
    entries = [
        _entry(senders[sender], first, cells, tuple(found), colour_bits)
        for sender, first, cells, found in zip(
            blocks.sender.tolist(),
            blocks.first.tolist(),
            blocks.cells.tolist(),
            places,
            strict=True,
        )
    ]
    return Matrix(encoded(entries, colour_bits), rows)


def _laid_out(blocks: Blocks) -> tuple[list[_Layer], int]:
    """Return all layers, one after another, and the words of all."""
    layers: list[_Layer] = []
    end = 0
    for form, number, chosen, synapses in _layers(blocks):
        sizes = blocks.cells[chosen] * (form.length(synapses) + ROW_HEADER)
        sizes += -sizes % _ALIGNED
        ends = end + np.cumsum(sizes)
        layers.append(_Layer(form, number, chosen, synapses, ends - sizes))
        end = int(ends[-1])
    return layers, end


def _layers(
    blocks: Blocks,
) -> Iterator[tuple[RowForm, int, NDArray[np.int64], NDArray[np.int64]]]:
    """Yield the form, the number, the blocks of each layer, and the synapses of their longest."""
    for form, length in zip(blocks.forms, blocks.length, strict=True):
        layers = form.layers(length)
        for number in range(int(layers.max(initial=0))):
            chosen = np.flatnonzero(layers > number)
            yield form, number, chosen, np.minimum(length[chosen] - number * form.most, form.most)


def _fill(rows: NDArray[np.uint32], blocks: Blocks, layer: _Layer, synapses: CoreSynapses) -> None:
    """Write the rows of a layer."""
    begin = np.concatenate([[0], np.cumsum([row.size for row in synapses.lengths])])
    every = np.concatenate([np.empty(0, np.int64), *synapses.lengths])
    source = np.cumsum(every) - every
    skipped = layer.number * layer.form.most
    cells = blocks.cells[layer.blocks]
    place = np.repeat(np.arange(cells.size), cells)
    within = numbers_within(cells)
    first = begin[blocks.sender[layer.blocks]] + blocks.first[layer.blocks]
    cell = np.repeat(first, cells) + within
    stride = layer.form.length(layer.synapses) + ROW_HEADER
    row = layer.starts[place] + within * stride[place]
    count = np.clip(every[cell] - skipped, 0, layer.form.most)
    own = np.repeat(source[cell] + skipped, count) + numbers_within(count)
    layer.form.fill(rows, row, count, synapses.words[own])


def _entry(
    sender: Keys, first: int, cells: int, rows: tuple[tuple[int, int], ...], colour_bits: int
) -> TableEntry:
    if cells == sender.cells:
        return TableEntry(sender.key, sender.mask, cells, rows)
    block = 1 << ((cells - 1).bit_length() + colour_bits)
    mask = 0xFFFFFFFF & ~(block - 1)
    return TableEntry(sender.key + (first << colour_bits), mask, cells, rows)
