"""Master population tables: where the rows of the cells are whose packets a core gets.

A table is two words, the numbers of entries and of addresses, then the entries by their keys, five
words each, then the addresses (sPyNNaker 7.4.1, ``master_pop_table.py``). The entry of a packet is
found by bisection; its cell is numbered by the bits of the key below the mask, without the colour.
Each address of the entry has rows of one length, one for each cell.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from snnc.ir.diagnostics import ModelError, ResourceLimitError
from snnc.runtime.spinnaker.rows import ROW_HEADER

WORD = 4
HEADER_WORDS = 2
ENTRY_WORDS = 5
ADDRESS_SCALE = 16
"""Rows begin at multiples of so many bytes."""
MOST_ADDRESSES = (1 << 13) - 1
"""An entry says in 13 bits where its addresses begin."""
_LAST_ADDRESS = (1 << 24) - 2
_NO_ADDRESS = (1 << 24) - 1
_WORD_BITS = 32


@dataclass(frozen=True)
class TableEntry:
    """Cells that follow each other, and their rows.

    Attributes
    ----------
    key, mask : int
        Packets whose key equals `key` where `mask` has ones are theirs.
    cells : int
        Number of cells.
    rows : tuple of (int, int)
        Address in bytes, and length in words after the headers, of rows; several where a cell has
        rows of both kinds, or more synapses than a row holds.
    """

    key: int
    mask: int
    cells: int
    rows: tuple[tuple[int, int], ...]


def encoded(entries: Sequence[TableEntry], colour_bits: int) -> NDArray[np.uint32]:
    """Return a table as words.

    Raises
    ------
    ResourceLimitError
        If there are more addresses than entries can name, or one is too large.
    """
    entries = sorted(entries, key=lambda entry: entry.key)
    words: list[int] = []
    addresses: list[int] = []
    for entry in entries:
        start, count = len(addresses), len(entry.rows)
        words += [
            entry.key,
            entry.mask,
            start | colour_bits << 13 | count << 16,
            _core_word(entry, colour_bits),
            entry.cells | -(-entry.cells // _WORD_BITS) << 16,
        ]
        addresses += [_address_word(*row) for row in entry.rows]
    if len(addresses) > MOST_ADDRESSES:
        raise ResourceLimitError(
            f"a core has {len(addresses)} blocks of rows; a population table names at most "
            f"{MOST_ADDRESSES}; fewer cells on a core leave less ('partition-cores{{cells=...}}')"
        )
    return np.array([len(entries), len(addresses), *words, *addresses], np.uint32)


def _core_word(entry: TableEntry, colour_bits: int) -> int:
    """Return the word for keys that number several cores; here none does, so its mask is 0."""
    return ((entry.cells - 1).bit_length() + colour_bits) << 16


def _address_word(address: int, length: int) -> int:
    scaled = address // ADDRESS_SCALE
    if scaled > _LAST_ADDRESS:
        raise ResourceLimitError(
            f"the rows of a core take more than {_LAST_ADDRESS * ADDRESS_SCALE} bytes"
        )
    return (length - 1) | scaled << 8


class PopulationTable:
    """A table as a core reads it.

    Parameters
    ----------
    words : ndarray of uint32
        The table.

    Raises
    ------
    ModelError
        If it is not of the form.
    """

    def __init__(self, words: NDArray[np.uint32]) -> None:
        if words.size < HEADER_WORDS:
            raise ModelError(f"a population table has {HEADER_WORDS} words or more; "
                             f"found {words.size}")  # fmt: skip
        entries, addresses = int(words[0]), int(words[1])
        expected = HEADER_WORDS + ENTRY_WORDS * entries + addresses
        if words.size != expected:
            raise ModelError(f"a population table of {entries} entries and {addresses} addresses "
                             f"has {expected} words; found {words.size}")  # fmt: skip
        self._entries = words[HEADER_WORDS : HEADER_WORDS + ENTRY_WORDS * entries]
        self._entries = self._entries.reshape(-1, ENTRY_WORDS).astype(np.int64)
        self._addresses = words[expected - addresses :].astype(np.int64)
        keys, masks = self._entries[:, 0], self._entries[:, 1]
        if np.any(keys & ~masks):
            raise ModelError("an entry of a population table has ones in its key where its mask "
                             "has none")  # fmt: skip
        if np.any(keys[1:] <= (keys | (~masks & 0xFFFFFFFF))[:-1]):
            raise ModelError("the entries of a population table overlap, or are not in order")

    def __len__(self) -> int:
        return len(self._entries)

    def rows(
        self, keys: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """Return the rows that packets lead to.

        Parameters
        ----------
        keys : ndarray of int64, shape (n,)
            Keys of packets.

        Returns
        -------
        packet : ndarray of int64, shape (rows,)
            Number of the packet, ascending.
        address, length : ndarray of int64, shape (rows,)
            Where the row is in bytes, and the words that it has room for after its headers.

        Raises
        ------
        ModelError
            If a packet has no entry, or an entry's addresses are not in the list.
        """
        place = np.searchsorted(self._entries[:, 0], keys, "right") - 1
        found = self._entries[np.maximum(place, 0)]
        missed = np.flatnonzero((place < 0) | ((keys & found[:, 1]) != found[:, 0]))
        if missed.size:
            raise ModelError(f"no entry of a population table has key {int(keys[missed[0]]):#010x}")
        start, colours, count = (
            found[:, 2] & MOST_ADDRESSES,
            found[:, 2] >> 13 & 7,
            found[:, 2] >> 16,
        )
        if np.any(start + count > len(self._addresses)):
            raise ModelError("an entry of a population table has addresses beyond the list")
        cores = (found[:, 3] & 0xFFFF) << (found[:, 3] >> 16)
        cell = (keys & ~(found[:, 1] | cores) & 0xFFFFFFFF) >> colours
        packet = np.repeat(np.arange(keys.size), count)
        ends = np.cumsum(count)
        within = np.arange(packet.size) - np.repeat(ends - count, count)
        words = self._addresses[start[packet] + within]
        valid = words >> 8 != _NO_ADDRESS
        packet, words = packet[valid], words[valid]
        length = (words & 0xFF) + 1
        stride = WORD * (length + ROW_HEADER)
        return packet, (words >> 8) * ADDRESS_SCALE + cell[packet] * stride, length
