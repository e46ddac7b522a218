"""Rows of synaptic matrices: the synapses of one cell onto one core, as words.

A row is three headers, each before what it counts, and sPyNNaker never mixes two kinds of synapses
in one (7.4.1, ``synapse_io.py``):

- plastic words: when the cell last fired and its trace then (pair rules), then the weights, 16 bits
  each (``synapse_dynamics_stdp.py``);
- static synapses, a word each: the weight above its control, of 16 bits each;
- controls of the plastic synapses: delay, receptor and cell.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from snnc.ir.diagnostics import ModelError
from snnc.runtime.spinnaker.words import WEIGHT_BITS

ROW_HEADER = 3
"""Words before the synapses of a row: of plastic ones, of static ones, of plastic controls."""
LONGEST_ROW = 256
"""Words of a row beyond those three, as a population table says them in 8 bits."""
HISTORY = 2
"""Words before the weights of plastic synapses."""
_HALF = (1 << WEIGHT_BITS) - 1
Words = NDArray[np.uint32]
Numbers = NDArray[np.int64]


@dataclass(frozen=True)
class RowForm:
    """How synapses of a kind are laid out in rows.

    Attributes
    ----------
    plastic : bool
        Whether they change their weights.
    extra : int
        Words of a row beyond the headers and the synapses.
    group : int
        Synapses come in so many at a time, of as many words.
    """

    plastic: bool
    extra: int
    group: int

    @property
    def most(self) -> int:
        """Synapses that a row holds at most."""
        return LONGEST_ROW - self.extra

    def layers(self, synapses: Numbers) -> Numbers:
        """Return how many rows hold so many synapses of a cell."""
        return -(-synapses // self.most)

    def length(self, synapses: Numbers) -> Numbers:
        """Return the words after the headers of a row of so many synapses, 0 for none."""
        return (self.extra + -(-synapses // self.group) * self.group) * (synapses > 0)

    def words(self, synapses: Numbers) -> Numbers:
        """Return the words of all rows of a cell with so many synapses."""
        layers = self.layers(synapses)
        return layers * (ROW_HEADER + self.extra) + -(-synapses // self.group) * self.group

    def fill(self, rows: Words, at: Numbers, counts: Numbers, synapses: Words) -> None:
        """Write rows.

        Parameters
        ----------
        rows : ndarray of uint32
            The matrix, zero where the rows are.
        at : ndarray of int64, shape (rows,)
            Words before each row.
        counts : ndarray of int64, shape (rows,)
            Synapses of each.
        synapses : ndarray of uint32
            Those of all rows, as static ones.
        """
        if not self.plastic:
            rows[at + 1] = counts
            rows[_places(at + ROW_HEADER, counts)] = synapses
            return
        changing = (self.extra + -(-counts // self.group)) * (counts > 0)
        rows[at] = changing
        rows[at + 2 + changing] = counts
        halves = rows.view("<u2")
        halves[_places(2 * (at + 1 + self.extra), counts)] = synapses >> np.uint32(WEIGHT_BITS)
        halves[_places(2 * (at + ROW_HEADER + changing), counts)] = synapses & np.uint32(_HALF)


STATIC = RowForm(plastic=False, extra=0, group=1)
PLASTIC = RowForm(plastic=True, extra=HISTORY, group=2)


def numbers_within(counts: Numbers) -> Numbers:
    """Return 0, 1, ... for each count, one after another."""
    ends = np.cumsum(counts)
    return np.arange(ends[-1] if ends.size else 0) - np.repeat(ends - counts, counts)


def _places(at: Numbers, counts: Numbers) -> Numbers:
    """Return places that follow each other, from each on."""
    return np.repeat(at, counts) + numbers_within(counts)


@dataclass(frozen=True)
class RowsRead:
    """What rows hold: number of the row, the synapse as a static one, whether it is plastic."""

    row: Numbers
    words: Words
    plastic: NDArray[np.bool_]


def read_rows(matrix: Words, at: Numbers, length: Numbers) -> RowsRead:
    """Return the synapses of rows.

    Parameters
    ----------
    matrix : ndarray of uint32
        The rows of a core.
    at, length : ndarray of int64, shape (rows,)
        Where each begins, and the words that it has room for after its headers.

    Raises
    ------
    ModelError
        If a row does not end within its room or the matrix, or has other weights than controls.
    """
    if np.any(at + ROW_HEADER + length > matrix.size):
        raise ModelError(f"a row ends beyond the {4 * matrix.size} bytes of the matrix")
    changing = matrix[at].astype(np.int64)
    _check_room(changing, length)
    static = matrix[at + 1 + changing].astype(np.int64)
    controls = matrix[at + 2 + changing].astype(np.int64)
    _check_room(changing + static + -(-controls // 2), length)
    expected = (HISTORY + -(-controls // 2)) * (controls > 0)
    if np.any(wrong := changing != expected):
        worst = int(np.flatnonzero(wrong)[0])
        raise ModelError(f"a row has {int(changing[worst])} plastic words; expected "
                         f"{int(expected[worst])} for {int(controls[worst])} synapses")  # fmt: skip
    begin = at + ROW_HEADER + changing
    halves = matrix.view("<u2")
    weights = halves[_places(2 * (at + 1 + HISTORY), controls)].astype(np.uint32)
    places = halves[_places(2 * (begin + static), controls)].astype(np.uint32)
    rows = np.arange(at.size)
    return RowsRead(
        np.concatenate([np.repeat(rows, static), np.repeat(rows, controls)]),
        np.concatenate(
            [matrix[_places(begin, static)], weights << np.uint32(WEIGHT_BITS) | places]
        ),
        np.repeat([False, True], [int(static.sum()), int(controls.sum())]),
    )


def _check_room(needed: Numbers, length: Numbers) -> None:
    if np.any(needed > length):
        worst = int((needed - length).argmax())
        raise ModelError(f"a row holds {int(needed[worst])} words where it has room for "
                         f"{int(length[worst])}")  # fmt: skip
