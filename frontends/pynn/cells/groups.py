"""What populations and views have in common: cells of one type that can be asked, set, recorded."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from snnc.pynn.cells.common import Cells
from snnc.pynn.cells.identity import ID, identities
from snnc.pynn.cells.parameters import as_sequences, simplified
from snnc.pynn.refusals import TypeRefused, UnknownParameter

if TYPE_CHECKING:
    from snnc.pynn.cells.assemblies import Assembly
    from snnc.pynn.cells.models import StandardCellType
    from snnc.pynn.cells.populations import Population
    from snnc.pynn.data.recording import Recorder


class BasePopulation(Cells):
    """Base of `Population` and `PopulationView`."""

    size: int
    celltype: StandardCellType
    recorder: Recorder
    selector: slice | np.ndarray
    _is_sorted = True

    @property
    def grandparent(self) -> Population:
        """The population that the cells belong to."""
        raise NotImplementedError

    def parts(self) -> list[BasePopulation]:
        """Return the populations and views that this consists of."""
        return [self]

    def base_populations(self) -> list[Population]:
        """Return the populations that the cells belong to."""
        return [self.grandparent]

    def __len__(self) -> int:
        return self.size

    @property
    def indices(self) -> np.ndarray:
        """Indices of the cells in their population, shape (size,)."""
        if isinstance(self.selector, slice):
            return np.arange(self.grandparent.size)[self.selector]
        return self.selector

    @property
    def cell_numbers(self) -> np.ndarray:
        """Numbers of the cells, shape (size,)."""
        return self.indices + self.grandparent.first_id

    # Cells.

    @property
    def all_cells(self) -> np.ndarray:
        """The cells, an object array of `ID`, shape (size,)."""
        return identities(self.cell_numbers, self.grandparent)

    def __getitem__(self, index: Any) -> Any:
        """Return a cell (for an integer) or a view (for a slice, list, array, mask or tuple)."""
        from snnc.pynn.cells.views import PopulationView

        if isinstance(index, int | np.integer) and not isinstance(index, bool):
            if not -self.size <= index < self.size:
                raise IndexError(f"{self.label!r} has {self.size} cells; found index {index}")
            return ID(int(self.cell_number(int(index))), self.grandparent)
        if isinstance(index, tuple):
            index = list(index)
        if isinstance(index, slice | list | np.ndarray):
            return PopulationView(self, index)
        raise TypeRefused(
            "indices must be integers, slices, lists, arrays or tuples; "
            f"found {type(index).__name__}"
        )

    def cell_number(self, index: int) -> int:
        """Return the number of the cell at a position."""
        return int(self.cell_numbers[index])

    def is_local(self, id: ID) -> bool:
        """Return whether the cell is simulated by this process; all are."""
        self.id_to_index(id)
        return True

    def id_to_index(self, id: Any) -> Any:
        """Return the position of a cell, or an array of the positions of several."""
        raise NotImplementedError

    def id_to_local_index(self, id: Any) -> Any:
        """Return the position of a cell among those of this process."""
        return self.id_to_index(id)

    def __add__(self, other: Any) -> Assembly:
        from snnc.pynn.cells.assemblies import Assembly

        if isinstance(other, BasePopulation):
            return Assembly(self, other)
        if isinstance(other, Assembly):
            return Assembly(self, *other.populations)
        return NotImplemented

    # Type.

    @property
    def conductance_based(self) -> bool:
        """Whether synaptic weights are conductances."""
        return self.celltype.conductance_based

    @property
    def receptor_types(self) -> list[str]:
        """Names of the receptors."""
        return self.celltype.receptor_types

    @property
    def injectable(self) -> bool:
        """Whether current can be injected."""
        return self.celltype.injectable

    def can_record(self, variable: str, location: Any = None) -> bool:
        """Return whether a variable can be recorded."""
        return self.celltype.can_record(variable, location)

    def find_units(self, variable: Any) -> str:
        """Return the unit of a state variable or parameter."""
        return self.celltype.units[getattr(variable, "name", variable)]

    # Space.

    @property
    def positions(self) -> np.ndarray:
        """Positions of the cells, in um, shape (3, size)."""
        return self.grandparent.positions[:, self.indices]

    # Parameters and state.

    def get(
        self, parameter_names: str | Sequence[str], gather: bool = False, simplify: bool = True
    ) -> Any:
        """Return parameters of the cells, in PyNN's units.

        Parameters
        ----------
        parameter_names : str or sequence of str
            One name, or several.
        gather : bool
            Makes no difference: there is one process.
        simplify : bool
            Return one number instead of an array when all cells have the same.

        Returns
        -------
        float, ndarray of shape (size,), Sequence, or a list of these
        """
        if isinstance(parameter_names, str):
            return self._get(parameter_names, simplify)
        return [self._get(name, simplify) for name in parameter_names]

    def _get(self, name: str, simplify: bool) -> Any:
        celltype = self.celltype
        if not celltype.has_parameter(name):
            known = celltype.get_parameter_names()
            raise UnknownParameter(name, type(celltype).__name__, known)
        root = self.grandparent
        if name in celltype.sequences():
            values = as_sequences(root.parameters[name], root.size)[self.indices]
        else:
            values = root.parameter_array(name)[self.indices]
        return simplified(values) if simplify else values

    def set(self, **parameters: Any) -> None:
        """Set parameters of the cells.

        Parameters
        ----------
        **parameters
            A number, a list or array of `size` numbers, a distribution, or a function of the
            index; for a sequence parameter a sequence, or a list of `size` sequences.

        Raises
        ------
        NonExistentParameterError, InvalidParameterValueError, InvalidDimensionsError
            If one does not exist or fit; then none is set.
        """
        self.grandparent.set_part(self, parameters)

    def initialize(self, **initial_values: Any) -> None:
        """Set state variables, now and for the next `reset`.

        Parameters
        ----------
        **initial_values
            As for `set`.
        """
        self.grandparent.initialize_part(self, initial_values)

    # Recording.

    def _filter(self) -> np.ndarray | None:
        return None if self.size == self.grandparent.size else self.indices

    def record(
        self,
        variables: str | Sequence[str] | None,
        to_file: Any = None,
        sampling_interval: float | None = None,
        locations: Any = None,
    ) -> None:
        """Record variables of all cells.

        Parameters
        ----------
        variables : str, sequence of str or None
            Names; None stops the recording of the whole population.
        to_file : str or Neo IO, optional
            Where `end()` writes the data.
        sampling_interval : float, optional
            In ms, a multiple of the time step.
        locations
            Of no use to cells without compartments.

        Raises
        ------
        RecordingError
            If a variable cannot be recorded.
        """
        self.recorder.record(variables, self.indices, sampling_interval, locations)
        if variables is not None:
            self.queue_file(variables, to_file)

    def get_data(
        self,
        variables: str | Sequence[str] = "all",
        gather: bool = True,
        clear: bool = False,
        locations: Any = None,
        annotations: dict[str, Any] | None = None,
    ) -> Any:
        """Return what was recorded.

        Parameters
        ----------
        variables : str or sequence of str
            Which variables.
        gather : bool
            Makes no difference: there is one process.
        clear : bool
            Whether to forget the data.

        Returns
        -------
        neo.Block
            One segment for each run between resets.
        """
        return self.recorder.block(self, variables, self._filter(), clear, annotations)

    def get_spike_counts(self, gather: bool = True) -> dict[int, int]:
        """Return the number of spikes of each recorded cell since the beginning or last reset."""
        return self.recorder.spike_counts(self._filter())
