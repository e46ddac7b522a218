"""Errors of the PyNN module: PyNN's own classes, which are errors of snnc too.

Each carries the line of the script that asked for what cannot be done.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pyNN import errors

from snnc.ir.diagnostics import UnsupportedError, UserError, did_you_mean
from snnc.pynn.script import caller


class _Refusal(UserError):
    def __init__(self, message: str) -> None:
        UserError.__init__(self, message, caller())

    def __str__(self) -> str:
        return f"{self.location}: error: {self.message}" if self.location else self.message


class ValueRefused(_Refusal, errors.InvalidParameterValueError):
    """A value that a parameter cannot have."""


class DimensionsRefused(_Refusal, errors.InvalidDimensionsError):
    """An array whose shape does not fit."""


class ConnectionRefused(_Refusal, errors.ConnectionError):
    """A projection that cannot be made, or a connection that does not exist."""


class NoSuchModel(_Refusal, errors.NoModelAvailableError):
    """A combination for which there is no model."""


class TimeRefused(_Refusal, ValueError):
    """A time that lies in the past or is no time."""


class TypeRefused(_Refusal, TypeError):
    """An argument of a kind that is not understood."""


class NothingRecorded(_Refusal, errors.NothingToWriteError):
    """Data were asked for that have not been recorded."""


class SetupRefused(_Refusal, ValueError):
    """Arguments of `setup` that contradict each other."""


class NotYet(_Refusal, UnsupportedError):
    """Something that PyNN has and this module does not offer."""


class UnknownParameter(errors.NonExistentParameterError, AttributeError, _Refusal):
    """A parameter that a model does not have."""

    __str__ = _Refusal.__str__  # pyright: ignore[reportAssignmentType]

    def __init__(self, name: str, model: str, known: Iterable[str]) -> None:
        names = list(known)
        self.parameter_name = name
        self.model_name = model
        self.valid_parameter_names = sorted(names)
        hint = did_you_mean(name, names) or "; it has none"
        _Refusal.__init__(self, f"{model} has no parameter '{name}'{hint}")


class UnknownVariable(errors.RecordingError, _Refusal):
    """A variable that cannot be recorded from a cell type."""

    __str__ = _Refusal.__str__  # pyright: ignore[reportAssignmentType]

    def __init__(self, variable: str, cell_type: Any) -> None:
        self.variable = variable
        self.cell_type = cell_type
        known = cell_type.recordable
        name = type(cell_type).__name__
        message = f"cannot record '{variable}' from {name}{did_you_mean(variable, known)}"
        _Refusal.__init__(self, message)
