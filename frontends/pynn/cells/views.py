"""Views: some of the cells of a population."""

from __future__ import annotations

from typing import Any

import numpy as np
from pyNN import descriptions

from snnc.pynn import script
from snnc.pynn.cells.common import find_cells
from snnc.pynn.cells.groups import BasePopulation
from snnc.pynn.cells.populations import Population
from snnc.pynn.refusals import DimensionsRefused, TypeRefused


class PopulationView(BasePopulation):
    """Some cells of a population or of another view.

    Parameters
    ----------
    parent : Population or PopulationView
        Where the cells are taken from.
    selector : slice, list or ndarray
        Which: a slice, indices (each counts once, and they are sorted), or a mask of the size of
        the parent.
    label : str, optional
        A name.
    """

    def __init__(self, parent: BasePopulation, selector: Any, label: str | None = None) -> None:
        if not isinstance(parent, BasePopulation):
            raise TypeRefused(f"a view is of a population or view; found {parent!r}")
        self.parent = parent
        self.mask = _selection(selector, parent.size)
        self._root = parent.grandparent
        self.selector = _in_root(parent, self.mask)
        self.size = self.indices.size
        self.session = parent.session
        self.location = script.caller()
        self.celltype = parent.celltype
        self.recorder = parent.recorder
        self.label = label or f"view of '{parent.label}' with size {self.size}"
        self.annotations: dict[str, Any] = {}

    @property
    def grandparent(self) -> Population:
        """The population that the cells belong to."""
        return self._root

    @property
    def first_id(self) -> int:
        """The smallest number of a cell."""
        return int(self.cell_numbers.min())

    @property
    def last_id(self) -> int:
        """The largest number of a cell."""
        return int(self.cell_numbers.max())

    @property
    def structure(self) -> Any:
        """The structure of the population."""
        return self._root.structure

    @property
    def initial_values(self) -> dict[str, Any]:
        """Initial values of the state variables, as lazy arrays."""
        from pyNN.parameters import LazyArray

        return {
            name: LazyArray(self._root.initial_array(name)[self.indices], shape=(self.size,))
            for name in self._root.initial
        }

    def __repr__(self) -> str:
        return (
            f"PopulationView(parent={self.parent!r}, selector={self.mask!r}, label={self.label!r})"
        )

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, BasePopulation):
            return False
        same = self._root is other.grandparent
        return same and np.array_equal(self.indices, other.indices)

    __hash__ = object.__hash__

    def id_to_index(self, id: Any) -> Any:
        """Return the position of a cell, or an array of the positions of several.

        Raises
        ------
        IndexError
            If a cell is not in the view.
        """
        return find_cells(id, self.cell_numbers, self.label)

    def index_in_grandparent(self, indices: Any) -> Any:
        """Return where cells at positions in this view are in the population."""
        return self.indices[indices]

    def index_from_parent_index(self, indices: Any) -> Any:
        """Return where cells at positions in the parent are in this view."""
        own = np.arange(self.parent.size)[self.mask]
        order = np.argsort(own, kind="stable")
        return order[np.searchsorted(own, indices, sorter=order)]

    def describe(
        self, template: str | None = "populationview_default.txt", engine: Any = "default"
    ) -> Any:
        """Return a description; with `template=None` the dictionary it is made from."""
        context = {
            "label": self.label,
            "parent": self.parent.label,
            "mask": self.mask,
            "size": self.size,
            **self.annotations,
        }
        return descriptions.render(engine, template, context)


def _selection(selector: Any, size: int) -> slice | np.ndarray:
    if isinstance(selector, slice):
        if not range(*selector.indices(size)):
            raise DimensionsRefused(f"{selector} selects no cells of {size}")
        return selector
    array = np.asarray(selector)
    if array.dtype == bool:
        if array.shape != (size,):
            raise DimensionsRefused(f"a mask of {array.size} for {size} cells")
        array = np.flatnonzero(array)
    if array.size == 0:
        raise DimensionsRefused("a view without cells")
    if array.ndim != 1 or array.dtype.kind not in "iu":
        raise TypeRefused(f"cells are selected by integers or a mask; found {selector!r}")
    if array.min() < -size or array.max() >= size:
        raise IndexError(f"indices from {array.min()} to {array.max()} for {size} cells")
    array = np.where(array < 0, array + size, array)
    unique = np.unique(array)
    if unique.size < array.size:
        script.warn("a view holds each cell once; duplicates were removed")
    return unique


def _in_root(parent: BasePopulation, mask: slice | np.ndarray) -> slice | np.ndarray:
    if parent is parent.grandparent:
        return mask
    indices = parent.indices[mask]
    steps = np.diff(indices)
    if indices.size > 1 and steps[0] > 0 and (steps == steps[0]).all():
        return slice(int(indices[0]), int(indices[-1]) + 1, int(steps[0]))
    return indices
