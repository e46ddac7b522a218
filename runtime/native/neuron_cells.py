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
    references : sequence of references
        One for each cell, and at least one.
    """

    def __init__(self, references: list[Any]) -> None:
        self._pointers = h.PtrVector(len(references))
        self._values = h.Vector(len(references))
        self.view: NDArray[np.float64] = self._values.as_numpy()
        for i, reference in enumerate(references):
            self._pointers.pset(i, reference)

    def read(self) -> NDArray[np.float64]:
        """Return the present values."""
        self._pointers.gather(self._values)
        return self.view.copy()

    def write(self, values: Numbers) -> None:
        """Set all cells to one number, or each to its own."""
        self.view[:] = values
        self._pointers.scatter(self._values)


class NeuronCells:
    """The cells of a population that live in this process: point processes in one section.

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

    wait: float | None = None
    """Steps from a spike to what arrives one step later, where that is not the driver's choice."""

    def __init__(self, name: str, model: str, first: int, stop: int, size: int) -> None:
        self.first, self.stop, self.size = first, stop, size
        self.section = h.Section(name=name)
        self.model = model
        self.instances = self._made()
        self._pointers: dict[str, Pointers] = {}

    def _made(self) -> list[Any]:
        make = getattr(h, self.model)
        return [make(self.section(0.5)) for _ in range(self.first, self.stop)]

    def prepare(self, initial: Mapping[str, NDArray[np.float64]]) -> None:
        """Take note of initial states, of the whole population, before NEURON begins."""

    def start(
        self, parameters: Mapping[str, Numbers], initial: Mapping[str, NDArray[np.float64]]
    ) -> None:
        """Take parameters and initial states, of the whole population, once NEURON has begun."""
        self._write_all(parameters)
        self._write_all(initial)

    def netcon(self, cell: int, target: Any) -> Any:
        """Return a NetCon from the spikes of a cell that lives here."""
        return h.NetCon(self.instances[cell - self.first], target)

    def targets(self, port: int | str | None) -> tuple[str, list[Any]]:
        """Return the mechanism that spikes at a receptor go to, and those of all cells here."""
        return self.model, self.instances

    def _reference(self, instance: Any, variable: str) -> Any:
        return getattr(instance, f"_ref_{variable}")

    def local(self, cells: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Tell which of the cells live here."""
        return (cells >= self.first) & (cells < self.stop)

    def some(self, variable: str, cells: NDArray[np.int64]) -> Pointers:
        """Return a variable of some cells that live here."""
        chosen = (self.instances[i] for i in (cells - self.first).tolist())
        return Pointers([self._reference(instance, variable) for instance in chosen])

    def _all(self, variable: str) -> Pointers:
        if variable not in self._pointers:
            self._pointers[variable] = self.some(variable, np.arange(self.first, self.stop))
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

    def _write_all(self, values: Mapping[str, Numbers]) -> None:
        """Set variables of all cells; arrays have a value for each of the population."""
        for name, value in values.items():
            own = value[self.first : self.stop] if isinstance(value, np.ndarray) else value
            if self.instances:
                self._all(name).write(own)
