"""The cells of one population as NEURON's point processes, read and written in bulk."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from snnc.runtime.native.network import Numbers
from snnc.runtime.native.neuron_kernel import h, of_all_ranks


class Pointers:
    """A variable of some cells, which NEURON reads and writes in one call.

    Parameters
    ----------
    instances : sequence of point processes
        At least one.
    variable : str
        NEURON's name of the variable.
    """

    def __init__(self, instances: list[Any], variable: str) -> None:
        self._pointers = h.PtrVector(len(instances))
        self._values = h.Vector(len(instances))
        self.view: NDArray[np.float64] = self._values.as_numpy()
        name = f"_ref_{variable}"
        for i, instance in enumerate(instances):
            self._pointers.pset(i, getattr(instance, name))

    def read(self) -> NDArray[np.float64]:
        """Return the present values."""
        self._pointers.gather(self._values)
        return self.view.copy()

    def write(self, values: Numbers) -> None:
        """Set all cells to one number, or each to its own."""
        self.view[:] = values
        self._pointers.scatter(self._values)


class NeuronCells:
    """The cells of a population that live in this process.

    Parameters
    ----------
    name : str
        Of the population.
    model : str
        NEURON's name of the mechanism.
    first, stop : int
        The cells, as a range of indices in the population.
    size : int
        Cells of the whole population.
    """

    def __init__(self, name: str, model: str, first: int, stop: int, size: int) -> None:
        self.first, self.stop, self.size = first, stop, size
        self.section = h.Section(name=name)
        make = getattr(h, model)
        self.instances = [make(self.section(0.5)) for _ in range(first, stop)]
        self._pointers: dict[str, Pointers] = {}

    def local(self, cells: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Tell which of the cells live here."""
        return (cells >= self.first) & (cells < self.stop)

    def some(self, variable: str, cells: NDArray[np.int64]) -> Pointers:
        """Return a variable of some cells that live here."""
        return Pointers([self.instances[i] for i in (cells - self.first).tolist()], variable)

    def _all(self, variable: str) -> Pointers:
        if variable not in self._pointers:
            self._pointers[variable] = Pointers(self.instances, variable)
        return self._pointers[variable]

    def read(self, variable: str) -> NDArray[np.float64]:
        """Return a variable of the whole population, those of other processes included."""
        return np.concatenate(of_all_ranks(self._read(variable)))

    def _read(self, variable: str) -> NDArray[np.float64]:
        return self._all(variable).read() if self.instances else np.empty(0)

    def write(self, variable: str, values: Numbers, cells: NDArray[np.int64]) -> None:
        """Set a variable of those of the cells that live here."""
        here = self.local(cells)
        if not here.any():
            return
        pointers = self._all(variable)
        kept = pointers.read()
        kept[cells[here] - self.first] = values[here] if isinstance(values, np.ndarray) else values
        pointers.write(kept)

    def write_all(self, values: Mapping[str, Numbers]) -> None:
        """Set variables of all cells; arrays have a value for each of the population."""
        for name, value in values.items():
            own = value[self.first : self.stop] if isinstance(value, np.ndarray) else value
            if self.instances:
                self._all(name).write(own)
