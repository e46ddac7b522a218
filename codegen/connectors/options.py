"""Options of connectors: their kinds, and what values they can have."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np

from snnc.ir.diagnostics import OptionError
from snnc.ir.values import DistanceExpression, Random

REQUIRED: Final = object()

Kind = Literal["probability", "number", "bool", "self", "distance", "indices", "matrix"]


@dataclass(frozen=True)
class Parameter:
    """An option of a connector.

    Parameters
    ----------
    name : str
        PyNN's name.
    kind : str
        ``probability`` (a number that is not negative), ``number`` (an integer of at least 0, or
        `Random`), ``bool``, ``self`` (True, False or 'NoMutual'), ``distance``
        (`DistanceExpression` or its text), ``indices`` (1-D integers), ``matrix`` (2-D booleans).
    default : object
        `REQUIRED` when there is none.
    doc : str
        For users.
    """

    name: str
    kind: Kind
    default: Any = REQUIRED
    doc: str = ""


SELF: Final = Parameter(
    "allow_self_connections",
    "self",
    True,
    "whether a cell may connect to itself; 'NoMutual' also excludes one of two opposite pairs",
)
SELF_OR_NOT: Final = Parameter(
    "allow_self_connections", "bool", True, "whether a cell may connect to itself"
)


def checked(connector: str, parameter: Parameter, options: Mapping[str, Any]) -> Any:
    """Return the value of an option, or its default.

    Raises
    ------
    OptionError
        A missing option, or a value of another kind.
    """
    value = options.get(parameter.name, parameter.default)
    if value is REQUIRED:
        raise OptionError(f"connector '{connector}' lacks option '{parameter.name}'")
    result = _CHECKS[parameter.kind](value)
    if result is None:
        raise OptionError(
            f"connector '{connector}', option '{parameter.name}'; found {_shown(value)}, "
            f"expected {_EXPECTED[parameter.kind]}"
        )
    return result


def _shown(value: Any) -> str:
    if isinstance(value, np.ndarray):
        return f"an array of {value.dtype} of shape {value.shape}"
    return repr(value)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool)


def _probability(value: Any) -> float | None:
    return float(value) if _is_number(value) and value >= 0.0 else None


def _number(value: Any) -> int | Random | None:
    if isinstance(value, Random):
        return value
    whole = _is_number(value) and math.isfinite(value) and float(value).is_integer()
    return int(value) if whole and value >= 0 else None


def _bool(value: Any) -> bool | None:
    return bool(value) if isinstance(value, bool | np.bool_) else None


def _self(value: Any) -> bool | str | None:
    return "NoMutual" if isinstance(value, str) and value == "NoMutual" else _bool(value)


def _distance(value: Any) -> DistanceExpression | None:
    if _is_number(value):
        value = repr(float(value))
    if isinstance(value, str):
        return DistanceExpression(value)
    return value if isinstance(value, DistanceExpression) else None


def _indices(value: Any) -> np.ndarray | None:
    array = np.asarray(value)
    if array.ndim != 1:
        return None
    if array.size and array.dtype.kind not in "iu" and not _all_whole(array):
        return None
    return array.astype(np.int64)


def _all_whole(array: np.ndarray) -> bool:
    return array.dtype.kind == "f" and bool(np.all(array == np.floor(array)))


def _matrix(value: Any) -> np.ndarray | None:
    array = np.asarray(value)
    return array.astype(bool) if array.ndim == 2 and array.dtype.kind in "biuf" else None


_CHECKS: Final[dict[Kind, Callable[[Any], Any]]] = {
    "probability": _probability,
    "number": _number,
    "bool": _bool,
    "self": _self,
    "distance": _distance,
    "indices": _indices,
    "matrix": _matrix,
}
_EXPECTED: Final[dict[Kind, str]] = {
    "probability": "a number that is not negative",
    "number": "an integer that is not negative, or a random distribution",
    "bool": "True or False",
    "self": "True, False or 'NoMutual'",
    "distance": "an expression of the distance d",
    "indices": "a one-dimensional array of integers",
    "matrix": "a two-dimensional array of booleans",
}
