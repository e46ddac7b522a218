"""Cell types: PyNN classes derived from the model files, one for each."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from pyNN import descriptions
from pyNN.parameters import ArrayParameter, ParameterSpace, Sequence

from snnc import model_library
from snnc.pynn import script
from snnc.pynn.cells.parameters import is_plain, number
from snnc.pynn.refusals import UnknownParameter, ValueRefused

if TYPE_CHECKING:
    from snnc.ir.model_info import ModelInfo


class ModelType:
    """What PyNN's cell types, synapse types and components have in common."""

    default_parameters: ClassVar[dict[str, Any]] = {}
    default_initial_values: ClassVar[dict[str, float]] = {}
    units: ClassVar[dict[str, str]] = {}

    def __init__(self, **parameters: Any) -> None:
        self.parameters: dict[str, Any] = dict(self.default_parameters)
        self.set(parameters)

    def set(self, parameters: Mapping[str, Any]) -> None:
        """Take parameters; all of them or, when one is refused, none."""
        for name, value in parameters.items():
            if name not in self.default_parameters:
                raise UnknownParameter(name, type(self).__name__, self.default_parameters)
            self._check(name, value)
        self.parameters.update(parameters)

    def _check(self, name: str, value: Any) -> None:
        # Shapes wait until the size is known.
        if is_plain(value) and not isinstance(self.default_parameters[name], Sequence):
            number(value, name)

    @property
    def parameter_space(self) -> ParameterSpace:
        """The parameters as PyNN keeps them."""
        return ParameterSpace(dict(self.parameters), self.get_schema(), None, type(self))

    native_parameters = parameter_space

    @classmethod
    def has_parameter(cls, name: str) -> bool:
        """Return whether the model has the parameter `name`."""
        return name in cls.default_parameters

    @classmethod
    def get_parameter_names(cls) -> list[str]:
        """Return the names of the parameters."""
        return list(cls.default_parameters)

    @classmethod
    def get_schema(cls) -> dict[str, type]:
        """Return the type of each parameter."""
        return {
            name: Sequence if isinstance(value, ArrayParameter) else float
            for name, value in cls.default_parameters.items()
        }

    def describe(
        self, template: str | None = "modeltype_default.txt", engine: Any = "default"
    ) -> Any:
        """Return a description; with `template=None` the dictionary it is made from."""
        context = {
            "name": type(self).__name__,
            "default_parameters": self.default_parameters,
            "default_initial_values": self.default_initial_values,
            "parameters": self.parameters,
        }
        return descriptions.render(engine, template, context)

    def __repr__(self) -> str:
        given = ", ".join(
            f"{name}={value!r}"
            for name, value in self.parameters.items()
            if value is not self.default_parameters[name]
        )
        return f"{type(self).__name__}({given})"


class StandardCellType(ModelType):
    """Base of the cell types."""

    model: ClassVar[str] = ""
    recordable: ClassVar[list[str]] = []
    receptor_types: ClassVar[list[str]] = []
    conductance_based: ClassVar[bool] = False
    voltage_based_synapses: ClassVar[bool] = False
    injectable: ClassVar[bool] = True
    arrays: ClassVar[dict[str, list[str]]] = {}
    """Parameters of several numbers for each cell, with what the model calls each of them."""
    always_local: ClassVar[bool] = False

    def __init__(self, **parameters: Any) -> None:
        if not self.model:
            raise TypeError("StandardCellType is the base of the cell types, and none itself")
        self.initial = self._initial_among(parameters)
        super().__init__(**{n: v for n, v in parameters.items() if n not in self.initial})

    def _initial_among(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """Return the initial values that stand among parameters, as sPyNNaker takes them."""
        states = self.default_initial_values.keys() - self.default_parameters.keys()
        found = {name: value for name, value in parameters.items() if name in states}
        for name in found:
            script.deprecated(f"the parameter {name}=", f"initial_values={{{name!r}: ...}}")
        return found

    @property
    def info(self) -> ModelInfo:
        """What the model's file declares."""
        return model_library.load(self.model)

    def can_record(self, variable: str, location: Any = None) -> bool:
        """Return whether `variable` can be recorded."""
        return location is None and variable in self.recordable

    def _check(self, name: str, value: Any) -> None:
        array = self.default_parameters[name]
        if isinstance(array, ArrayParameter) and is_plain(value):
            raise ValueRefused(f"'{name}' must be a sequence of numbers; found {value!r}")
        super()._check(name, value)

    @classmethod
    def sequences(cls) -> set[str]:
        """Return the parameters that are a sequence for each cell."""
        values = cls.default_parameters.items()
        return {name for name, value in values if isinstance(value, ArrayParameter)}


def default_of(info: ModelInfo, name: str) -> Any:
    """Return a parameter's default as PyNN writes it; a sequence without one is empty."""
    parameter = info.parameters[name]
    if parameter.sequence:
        return Sequence([] if parameter.default is None else [parameter.default])
    return 0.0 if parameter.default is None else parameter.default


def cell_type(name: str) -> type[StandardCellType]:
    """Return the class of the cell model `name`.

    Raises
    ------
    ModelError
        If the library has no such model, or its text is refused.
    """
    return _cell_type(model_library.load(name).name, model_library.find(name).stat().st_mtime_ns)


@cache
def _cell_type(name: str, _changed: int) -> type[StandardCellType]:
    return type(name, (StandardCellType,), attributes_of(model_library.load(name)))


def attributes_of(info: ModelInfo) -> dict[str, Any]:
    """Return what the class of a cell model knows: its defaults, units, receptors, recordables."""
    receptors = list(info.receptors.values())
    visible = {state.name: state for state in info.states.values() if not state.hidden}
    arrays = _arrays(info)
    defaults: dict[str, Any] = {}
    for parameter in info.parameters:
        array = parameter.rpartition(".")[0]
        if array not in arrays:
            defaults[parameter] = default_of(info, parameter)
        elif array not in defaults:
            values = [default_of(info, component) for component in arrays[array]]
            defaults[array] = ArrayParameter(values)
    units = {parameter.name: parameter.unit for parameter in info.parameters.values()}
    units.update({array: units[components[0]] for array, components in arrays.items()})
    units.update({state.name: state.unit for state in visible.values()}, spikes="ms")
    return {
        "__module__": "snnc.pynn",
        "__doc__": _doc(info),
        "model": info.name,
        "default_parameters": defaults,
        "default_initial_values": {s.name: s.initial for s in visible.values()},
        "arrays": arrays,
        "units": units,
        "recordable": list(info.recordables),
        "receptor_types": [receptor.name for receptor in receptors],
        "conductance_based": any(receptor.is_conductance for receptor in receptors),
        "voltage_based_synapses": any(receptor.unit == "mV" for receptor in receptors),
        "injectable": info.injectable,
    }


def _arrays(info: ModelInfo) -> dict[str, list[str]]:
    """Return the parameters ``NAME.1``, ``NAME.2``, ... of a model by NAME."""
    arrays: dict[str, list[str]] = {}
    for parameter in info.parameters:
        array, _, number = parameter.rpartition(".")
        if number.isdigit():
            arrays.setdefault(array, []).append(parameter)
    return arrays


def _doc(info: ModelInfo) -> str:
    lines = [info.doc, "", "Parameters", "----------"]
    for parameter in info.parameters.values():
        kind = "sequence" if parameter.sequence else f"float, default {parameter.default}"
        lines.append(f"{parameter.name} : {kind} [{parameter.unit}]")
    return "\n".join(lines)


def names_of(kind: str) -> list[str]:
    """Return the names of the models of a kind, ``cell`` or ``synapse``."""
    return [name for name in model_library.names() if model_library.load(name).kind == kind]


def neo_units(unit: str) -> str:
    """Return a unit of the model language as Quantities writes it."""
    if unit in ("1", ""):
        return "dimensionless"
    return f"1{unit}" if unit.startswith("/") else unit


def as_array(value: Any) -> np.ndarray:
    """Return the numbers of a sequence."""
    return np.asarray(getattr(value, "value", value), dtype=np.float64)
