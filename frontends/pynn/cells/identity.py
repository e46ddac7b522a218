"""Single cells."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from snnc.pynn.refusals import TypeRefused, UnknownParameter

if TYPE_CHECKING:
    from snnc.pynn.cells.models import StandardCellType
    from snnc.pynn.cells.populations import Population
    from snnc.pynn.cells.views import PopulationView


class ID(int):
    """The number of a cell, through which its parameters are reached as attributes."""

    parent: Population

    def __new__(cls, number: int, parent: Population) -> ID:
        """Return the cell of this number in the population `parent`."""
        cell = super().__new__(cls, number)
        object.__setattr__(cell, "parent", parent)
        return cell

    def __reduce__(self) -> Any:
        return int, (int(self),)

    @property
    def index(self) -> int:
        """The position of the cell in its population."""
        return int(self) - self.parent.first_id

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        if name == "set":
            raise AttributeError(
                "a single cell has no set(); assign to the parameter, as in "
                "population[0].tau_m = 20.0, or use population[0:1].set(tau_m=20.0)"
            )
        if not self.celltype.has_parameter(name):
            known = self.celltype.get_parameter_names()
            raise UnknownParameter(name, type(self.celltype).__name__, known)
        return self.as_view().get(name)

    def __setattr__(self, name: str, value: Any) -> None:
        if self.celltype.has_parameter(name):
            self.set_parameters(**{name: value})
        elif name in _PROPERTIES:
            object.__setattr__(self, name, value)
        else:
            known = self.celltype.get_parameter_names()
            raise UnknownParameter(name, type(self.celltype).__name__, known)

    @property
    def celltype(self) -> StandardCellType:
        """The cell type of the population."""
        return self.parent.celltype

    @property
    def is_standard_cell(self) -> bool:
        """Whether the cell type is a standard one; all are."""
        return True

    @property
    def local(self) -> bool:
        """Whether the cell is simulated by this process; all are."""
        return True

    @property
    def position(self) -> np.ndarray:
        """The position, in um, shape (3,)."""
        return self.parent.positions[:, self.index]

    @position.setter
    def position(self, position: Any) -> None:
        array = np.asarray(position, dtype=float)
        if array.shape != (3,):
            raise TypeRefused(f"a position has three coordinates; found {position!r}")
        positions = self.parent.positions.copy()
        positions[:, self.index] = array
        self.parent.positions = positions

    def set_parameters(self, **parameters: Any) -> None:
        """Set parameters of the cell."""
        self.as_view().set(**parameters)

    def get_parameters(self) -> dict[str, Any]:
        """Return all parameters of the cell."""
        names = self.celltype.get_parameter_names()
        return dict(zip(names, self.as_view().get(names), strict=True))

    def get_initial_value(self, variable: str) -> float:
        """Return the initial value of a state variable."""
        return float(self.parent.initial_array(variable)[self.index])

    def set_initial_value(self, variable: str, value: Any) -> None:
        """Set the initial value of a state variable, and its value now."""
        self.as_view().initialize(**{variable: value})

    def inject(self, current_source: Any, location: Any = None) -> None:
        """Inject the current of a source into the cell."""
        current_source.inject_into([self], location=location)

    def as_view(self) -> PopulationView:
        """Return a view that holds this cell alone."""
        return self.parent[self.index : self.index + 1]


_PROPERTIES = ("position",)


def identities(numbers: np.ndarray, parent: Population) -> np.ndarray:
    """Return an object array of the cells with these numbers."""
    cells = np.empty(numbers.size, dtype=object)
    cells[:] = [ID(number, parent) for number in numbers.tolist()]
    return cells
