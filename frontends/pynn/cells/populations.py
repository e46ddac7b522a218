"""Populations: cells of one type with parameters, initial values and places."""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy, deepcopy
from typing import Any

import numpy as np
from pyNN import descriptions
from pyNN.random import NumpyRNG, RandomDistribution
from pyNN.space import BaseStructure, Line

from snnc.ir.diagnostics import Location
from snnc.ir.values import Random, Value
from snnc.pynn import script, session
from snnc.pynn.cells.groups import BasePopulation
from snnc.pynn.cells.models import StandardCellType
from snnc.pynn.cells.parameters import (
    array_columns,
    array_per_cell,
    is_empty,
    merge_sequences,
    per_cell,
)
from snnc.pynn.cells.sizes import check_structure, size_and_structure
from snnc.pynn.data.recording import Recorder
from snnc.pynn.refusals import (
    DimensionsRefused,
    TypeRefused,
    UnknownParameter,
    ValueRefused,
)


class Population(BasePopulation):
    """Cells of one type.

    Parameters
    ----------
    size : int, or tuple of one to three int
        Number of cells; a tuple gives the sides of a grid. A whole float is taken as an integer.
    cellclass : StandardCellType
        A cell type with its parameters. A class, with parameters in `cellparams`, is deprecated.
    cellparams : dict, optional
        Parameters, when `cellclass` is a class.
    structure : pyNN.space.BaseStructure, optional
        Where the cells are; by default on a line, 1 um apart.
    initial_values : dict, optional
        Values of state variables at time 0.
    label : str, optional
        A name.

    Raises
    ------
    NonExistentParameterError, InvalidParameterValueError, InvalidDimensionsError
        If a parameter or initial value does not exist or fit.
    """

    def __init__(
        self,
        size: Any,
        cellclass: Any,
        cellparams: Mapping[str, Any] | None = None,
        structure: BaseStructure | None = None,
        initial_values: Mapping[str, Any] | None = None,
        label: str | None = None,
    ) -> None:
        network = session.current()
        self.size, self._structure = size_and_structure(size, structure)
        self.celltype = _cell_type(cellclass, cellparams)
        self.location: Location | None = script.caller()
        self._edits: dict[str, int] = {}
        self._check_names(initial_values or {}, states=True)
        self.parameters: dict[str, Value] = {
            name: self._value(name, value) for name, value in self.celltype.parameters.items()
        }
        self.initial: dict[str, Value] = {
            name: self._value(name, value, state=True)
            for name, value in {
                **self.celltype.default_initial_values,
                **self.celltype.initial,
                **(initial_values or {}),
            }.items()
        }
        # Nothing can fail any more: the population enters the network.
        self.session = network
        number = network.ordinal("population")
        self.label = label or f"population{number}"
        self.symbol = network.symbol(self.label)
        self.object_id = network.object_id()
        self.first_id = network.cell_ids(self.size)
        self.last_id = self.first_id + self.size - 1
        self._positions: np.ndarray | None = None
        self.annotations: dict[str, Any] = {}
        self.recorder = Recorder(self)
        network.populations.append(self)
        network.changed(self.symbol, "population")

    selector = slice(None)

    @property
    def grandparent(self) -> Population:
        """The population itself."""
        return self

    def __repr__(self) -> str:
        return (
            f"Population({self.size}, {self.celltype!r}, structure={self._structure!r}, "
            f"label={self.label!r})"
        )

    def cell_number(self, index: int) -> int:
        """Return the number of the cell at a position."""
        return self.first_id + index % self.size

    def id_to_index(self, id: Any) -> Any:
        """Return the position of a cell, or an array of the positions of several.

        Raises
        ------
        ValueError
            If a cell is of another population.
        """
        numbers = np.asarray(getattr(id, "cell_numbers", id)).astype(int)
        if numbers.size and not (self.first_id <= numbers.min() and numbers.max() <= self.last_id):
            raise ValueError(
                f"{self.label!r} has the cells {self.first_id} to {self.last_id}; found {id}"
            )
        index = numbers - self.first_id
        return int(index) if index.ndim == 0 else index

    # Places.

    @property
    def structure(self) -> BaseStructure | None:
        """How the cells are placed; None when positions were set."""
        return self._structure

    @structure.setter
    def structure(self, structure: BaseStructure) -> None:
        check_structure(structure)
        if structure is not self._structure:
            self._structure = structure
            self._positions = None
            self.session.changed(self.symbol, "structure")

    @property
    def positions(self) -> np.ndarray:
        """Positions of the cells, in um, shape (3, size)."""
        if self._positions is None:
            assert self._structure is not None
            self._positions = self._generate(self._structure)
        return self._positions

    @positions.setter
    def positions(self, positions: Any) -> None:
        array = np.array(positions, dtype=float)
        if array.shape != (3, self.size):
            raise DimensionsRefused(f"positions of shape {array.shape}; expected (3, {self.size})")
        if not np.isfinite(array).all():
            raise ValueRefused("positions must be finite")
        self._positions = array
        self._structure = None
        self.session.changed(self.symbol, "positions")

    def _generate(self, structure: Any) -> np.ndarray:
        if getattr(getattr(structure, "rng", self), "seed", None) is None:
            # A generator without a seed would place the cells anew on every run of the script.
            from snnc.runtime.random import POSITION, key

            structure = copy(structure)
            structure.rng = NumpyRNG(key(self.session.seed, self.object_id, POSITION)[0])
        try:
            return np.asarray(structure.generate_positions(self.size), dtype=float)
        except AssertionError:
            raise DimensionsRefused(f"{self.size} cells do not fill {structure!r}") from None

    def placed_positions(self) -> np.ndarray | None:
        """Return the positions, or None when the cells are on PyNN's default line."""
        default = isinstance(self._structure, Line) and self._structure == _DEFAULT_LINE
        if self._positions is None and default:
            return None
        return self.positions

    # Parameters and state.

    @property
    def given_parameters(self) -> dict[str, Value]:
        """The parameters that differ from the defaults of the cell type."""
        defaults = self.celltype.default_parameters
        sequences = self.celltype.sequences()
        given: dict[str, Value] = {
            name: value
            for name, value in self.parameters.items()
            if name not in self.celltype.arrays
            and not (name in sequences and is_empty(value))
            and not (isinstance(value, float) and value == defaults[name])
        }
        for name in self.celltype.arrays:
            given.update(self._model_values(name))
        return given

    def _model_values(self, name: str) -> dict[str, Value]:
        """Return a parameter by the names that the model has for it."""
        value = self.parameters[name]
        components = self.celltype.arrays.get(name)
        if components is None:
            return {name: value}
        columns = array_columns(value, self.size)
        return dict(zip(components, columns, strict=True))

    @property
    def given_initial(self) -> dict[str, Value]:
        """The initial values that differ from the defaults of the cell type."""
        defaults = self.celltype.default_initial_values
        return {
            name: value
            for name, value in self.initial.items()
            if not (isinstance(value, float) and value == defaults[name])
        }

    @property
    def initial_values(self) -> dict[str, Any]:
        """Initial values of the state variables, as lazy arrays."""
        from pyNN.parameters import LazyArray

        return {
            name: LazyArray(
                value if isinstance(value, float) else self.initial_array(name),
                shape=(self.size,),
                dtype=float,
            )
            for name, value in self.initial.items()
        }

    def parameter_array(self, name: str) -> np.ndarray:
        """Return a parameter of each cell, drawn if it is random, shape (size,)."""
        return self._array(self.parameters[name], self._purpose(name))

    def initial_array(self, variable: str) -> np.ndarray:
        """Return the initial value of each cell, drawn if it is random, shape (size,)."""
        self._check_names([variable], states=True)
        return self._array(self.initial[variable], self._purpose(variable, state=True))

    def set_part(self, part: BasePopulation, parameters: Mapping[str, Any]) -> None:
        """Set parameters of some cells; all of the parameters or none."""
        self._check_names(parameters)
        values = {name: self._edited(part, name, raw) for name, raw in parameters.items()}
        self.parameters.update(values)
        self.session.note("set", self.symbol, parameters)
        for name in values:
            self._edits[name] = self._edits.get(name, 0) + 1
            self.session.later(
                ("parameter", self.symbol, name),
                lambda simulation, name=name: self._tell(simulation, name),
            )

    def _tell(self, simulation: Any, name: str) -> None:
        for component, value in self._model_values(name).items():
            simulation.set_parameter(self.symbol, component, value)

    def initialize_part(self, part: BasePopulation, initial_values: Mapping[str, Any]) -> None:
        """Set state variables of some cells; all of the variables or none."""
        self._check_names(initial_values, states=True)
        values = {
            name: self._edited(part, name, raw, state=True) for name, raw in initial_values.items()
        }
        self.initial.update(values)
        self.session.note("initialize", self.symbol, initial_values)
        whole = part is self
        for name, value in values.items():
            self._edits[f"initial {name}"] = self._edits.get(f"initial {name}", 0) + 1
            index = None if whole else part.indices
            # Parts are set one after the other; the last setting of the whole counts.
            key = ("state", self.symbol, name, "" if whole else str(len(self.session.log)))
            self.session.later(
                key,
                lambda simulation, name=name, value=value, index=index: _set_state(
                    simulation, self.symbol, name, value, index
                ),
            )

    def _check_names(self, names: Any, *, states: bool = False) -> None:
        celltype = self.celltype
        known = celltype.default_initial_values if states else celltype.default_parameters
        for name in names:
            if name not in known:
                raise UnknownParameter(name, type(celltype).__name__, known)

    def _value(self, name: str, raw: Any, *, state: bool = False, size: int | None = None) -> Value:
        sequence = not state and name in self.celltype.sequences()
        size = self.size if size is None else size
        if isinstance(raw, RandomDistribution) and session.current().connectivity == "pynn":
            # PyNN draws parameters from a copy of the generator, initial values from itself.
            generator = raw if state else deepcopy(raw)
            raw = np.asarray(generator.next(size), dtype=float).reshape(size)
        if not state and name in self.celltype.arrays:
            return array_per_cell(raw, name, size, len(self.celltype.arrays[name]))
        ascending = sequence and self.celltype.info.parameters[name].ascending
        return per_cell(raw, name, size, sequence=sequence, ascending=ascending)

    def _edited(self, part: BasePopulation, name: str, raw: Any, *, state: bool = False) -> Value:
        new = self._value(name, raw, state=state, size=part.size)
        old = (self.initial if state else self.parameters)[name]
        count = self._edits.get(f"initial {name}" if state else name, 0)
        new = self.session.redrawn(new, count + isinstance(old, Random))
        if part is self:
            return new
        if not state and name in self.celltype.sequences():
            return merge_sequences(old, new, part.indices, self.size)
        purpose = self._purpose(name, state=state)
        whole = self._array(old, purpose).copy()
        drawn = self._array(new, purpose)[part.indices] if isinstance(new, Random) else new
        whole[part.indices] = drawn
        first = whole[0]
        return float(first) if (whole == first).all() else whole

    def _purpose(self, name: str, *, state: bool = False) -> int:
        from snnc.runtime.random import INITIAL, PARAM

        info = self.celltype.info
        names = list(info.states if state else info.parameters)
        return (INITIAL if state else PARAM) + names.index(name)

    def _array(self, value: Value, purpose: int) -> np.ndarray:
        if isinstance(value, Random):
            from snnc.runtime.jit.cache import shared_kernels
            from snnc.runtime.random import draw_elements, key

            seed = self.session.seed if value.seed is None else value.seed
            return draw_elements(
                shared_kernels(),
                value.name,
                value.params,
                key(seed, self.object_id, purpose),
                np.arange(self.first_id, self.first_id + self.size),
            )
        return np.broadcast_to(np.asarray(value, dtype=float), (self.size,))

    def describe(
        self, template: str | None = "population_default.txt", engine: Any = "default"
    ) -> Any:
        """Return a description; with `template=None` the dictionary it is made from."""
        structure: Any = self._structure
        context = {
            "label": self.label,
            "celltype": self.celltype.describe(template=None),
            "structure": None if structure is None else structure.describe(template=None),
            "size": self.size,
            "size_local": self.size,
            "first_id": self.first_id,
            "last_id": self.last_id,
            "local_first_id": self.first_id,
            "cell_parameters": {},
            **self.annotations,
        }
        return descriptions.render(engine, template, context)


_DEFAULT_LINE = Line()


def _set_state(simulation: Any, population: str, name: str, value: Value, index: Any) -> None:
    simulation.set_initial(population, name, value)
    if index is None:
        simulation.set_state(population, name, value)
    else:
        part = value[index] if isinstance(value, np.ndarray) else value
        simulation.set_state(population, name, part, index)


def _cell_type(cellclass: Any, cellparams: Mapping[str, Any] | None) -> StandardCellType:
    if isinstance(cellclass, StandardCellType):
        if cellparams:
            raise TypeRefused("parameters belong to the cell type; found cellparams too")
        return cellclass
    if isinstance(cellclass, type) and issubclass(cellclass, StandardCellType):
        name = cellclass.__name__
        script.deprecated(f"a cell class without parameters, {name}", f"{name}(...)")
        return cellclass(**(cellparams or {}))
    raise TypeRefused(f"a cell type is expected; found {cellclass!r}")
