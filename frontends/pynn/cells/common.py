"""What populations, views and assemblies have in common as groups of cells."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from pyNN.random import NumpyRNG

from snnc.ir.diagnostics import Location
from snnc.pynn import simulator
from snnc.pynn.cells.identity import ID
from snnc.pynn.cells.old_names import OldNames
from snnc.pynn.refusals import TypeRefused
from snnc.pynn.wiring.text_files import write_table

if TYPE_CHECKING:
    from snnc.pynn.cells.groups import BasePopulation
    from snnc.pynn.cells.populations import Population
    from snnc.pynn.session import Session


class Cells(OldNames):
    """Base of `Population`, `PopulationView` and `Assembly`.

    Attributes
    ----------
    size : int
        Number of cells.
    label : str
        The user's name for it.
    annotations : dict
        What `annotate` noted; it goes with the recorded data.
    """

    _simulator: ClassVar[Any] = simulator
    session: Session
    location: Location | None
    label: str
    annotations: dict[str, Any]

    # What a group has to say about itself.

    @property
    def cell_numbers(self) -> np.ndarray:
        """Numbers of the cells, shape (size,)."""
        raise NotImplementedError

    @property
    def all_cells(self) -> np.ndarray:
        """The cells, an object array of `ID`, shape (size,)."""
        raise NotImplementedError

    @property
    def positions(self) -> np.ndarray:
        """Positions of the cells, in um, shape (3, size)."""
        raise NotImplementedError

    def parts(self) -> list[BasePopulation]:
        """Return the populations and views that this consists of."""
        raise NotImplementedError

    def base_populations(self) -> list[Population]:
        """Return the populations that the cells belong to."""
        raise NotImplementedError

    def __getitem__(self, index: Any) -> Any:
        """Return a cell, or several."""
        raise NotImplementedError

    def get_spike_counts(self, gather: bool = True) -> dict[int, int]:
        """Return the number of spikes of each recorded cell since the beginning or last reset."""
        raise NotImplementedError

    def get_data(
        self,
        variables: str | Sequence[str] = "all",
        gather: bool = True,
        clear: bool = False,
    ) -> Any:
        """Return what was recorded, as a Neo block."""
        raise NotImplementedError

    def describe(self, template: str | None = None, engine: Any = "default") -> Any:
        """Return a description; with `template=None` the dictionary it is made from."""
        raise NotImplementedError

    def __len__(self) -> int:
        raise NotImplementedError

    # What follows from it.

    def __iter__(self) -> Iterator[ID]:
        return iter(self.all_cells)

    def all(self) -> Iterator[ID]:
        """Iterate over the cells."""
        return iter(self)

    @property
    def local_cells(self) -> np.ndarray:
        """The cells of this process: all of them."""
        return self.all_cells

    @property
    def local_size(self) -> int:
        """Number of cells in this process: all of them."""
        return len(self)

    @property
    def _mask_local(self) -> np.ndarray:
        return np.ones(len(self), dtype=bool)

    def sample(self, n: int, rng: Any = None) -> Any:
        """Return `n` cells chosen at random.

        Parameters
        ----------
        n : int
            How many.
        rng : AbstractRNG, optional
            PyNN's generator to draw with; by default the choice depends on the seed of `setup`.
        """
        if not isinstance(n, int | np.integer) or not 0 < n <= len(self):
            raise TypeRefused(f"a sample has 1 to {len(self)} cells; found {n!r}")
        if rng is None:
            rng = NumpyRNG(seed=self.session.sample_seed())
        return self[np.asarray(rng.permutation(np.arange(len(self), dtype=int)))[:n]]

    def nearest(self, position: Any) -> ID:
        """Return the cell nearest to a position, in um; the first of several."""
        offset = self.positions - np.asarray(position, dtype=float).reshape(3, 1)
        return self[int((offset**2).sum(axis=0).argmin())]

    @property
    def position_generator(self) -> Any:
        """A function from an index, or an array of them, to positions, shape (..., 3)."""
        positions = self.positions
        return lambda i: positions.T[i]

    def save_positions(self, file: Any) -> None:
        """Write positions to a file of lines ``index x y z``."""
        table = np.column_stack((np.arange(len(self)), self.positions.T))
        write_table(file, table, {"population": self.label})

    def annotate(self, **annotations: Any) -> None:
        """Note things that go with the recorded data."""
        self.annotations.update(annotations)

    def inject(self, current_source: Any, location: Any = None) -> None:
        """Inject the current of a source into all cells."""
        current_source.inject_into(self, location=location)

    def write_data(
        self,
        io: Any,
        variables: str | Sequence[str] = "all",
        gather: bool = True,
        clear: bool = False,
        annotations: dict[str, Any] | None = None,
        locations: Any = None,
    ) -> None:
        """Write what was recorded to a file.

        Parameters
        ----------
        io : str or Neo IO
            A file name, whose ending says the format, or Neo's object for it.
        """
        from snnc.pynn.data.neo_data import write_block

        block = self.get_data(variables, clear=clear)
        block.annotate(**(annotations or {}))
        write_block(io, block)

    def mean_spike_count(self, gather: bool = True) -> float:
        """Return the mean number of spikes of the recorded cells."""
        counts = self.get_spike_counts()
        return float(sum(counts.values())) / len(counts) if counts else 0.0

    def queue_file(self, variables: Any, to_file: Any) -> None:
        """Have `end` write variables to a file name or Neo IO; anything else asks for no file."""
        if isinstance(to_file, str) or hasattr(to_file, "write_block"):
            self.session.write_on_end.append((self, variables, to_file))


def find_cells(id: Any, own: np.ndarray, label: str) -> Any:
    """Return the positions of cells, by number, among the numbers `own`.

    Parameters
    ----------
    id : int, ID, array_like or group of cells
        One cell, or several.
    own : ndarray of int64, shape (n,)
        In any order.
    label : str
        For messages.

    Raises
    ------
    IndexError
        If a cell is not among them.
    """
    numbers = np.asarray(getattr(id, "cell_numbers", id)).astype(int)
    order = np.argsort(own, kind="stable")
    place = np.searchsorted(own, numbers, sorter=order)
    found = order[np.minimum(place, own.size - 1)]
    if (own[found] != numbers).any():
        raise IndexError(f"cell {id} is not in {label!r}")
    return int(found) if np.ndim(found) == 0 else found
