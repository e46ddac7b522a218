"""Values of a network: a number, an array, a random distribution, an expression of distance."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

import numpy as np

from snnc.ir.arithmetic import Arithmetic, parse_arithmetic
from snnc.ir.diagnostics import UserError, did_you_mean

DISTRIBUTIONS: dict[str, tuple[str, ...]] = {
    "binomial": ("n", "p"),
    "exponential": ("beta",),
    "gamma": ("k", "theta"),
    "lognormal": ("mu", "sigma"),
    "normal": ("mu", "sigma"),
    "normal_clipped": ("mu", "sigma", "low", "high"),
    "normal_clipped_to_boundary": ("mu", "sigma", "low", "high"),
    "poisson": ("lambda_",),
    "uniform": ("low", "high"),
    "uniform_int": ("low", "high"),
    "vonmises": ("mu", "kappa"),
}
"""Names of PyNN's distributions with their parameters, in PyNN's order."""

_CLIPPED = ("normal_clipped", "normal_clipped_to_boundary")
_NOT_NEGATIVE = ("n", "p", "beta", "k", "theta", "sigma", "lambda_", "kappa")


@dataclass(frozen=True, init=False)
class Random:
    """Numbers drawn from a distribution.

    Parameters
    ----------
    name : str
        A name in `DISTRIBUTIONS`.
    params : mapping of str to float
        All parameters of the distribution, in the unit of the value; kept in PyNN's order.
    seed : int, optional
        Seed of the script's own generator; None stands for the network's seed.

    Raises
    ------
    UserError
        If the name is unknown, a parameter is missing, unknown, not finite or out of range. The
        bounds of the clipped normal distributions may be infinite.
    """

    name: str
    params: Mapping[str, float]
    seed: int | None

    def __init__(self, name: str, params: Mapping[str, float], seed: int | None = None) -> None:
        expected = DISTRIBUTIONS.get(name)
        if expected is None:
            raise UserError(f"unknown distribution '{name}'{did_you_mean(name, DISTRIBUTIONS)}")
        _check_names(name, expected, params)
        ordered = {key: float(params[key]) for key in expected}
        _check_numbers(name, ordered)
        if seed is not None and not 0 <= seed < 2**63:
            raise UserError(f"seed out of range; found {seed}, expected 0 to 2^63 - 1")
        object.__setattr__(self, "name", name)
        object.__setattr__(self, "params", ordered)
        object.__setattr__(self, "seed", seed)

    def __hash__(self) -> int:
        return hash((self.name, tuple(self.params.values()), self.seed))


def _check_names(name: str, expected: Sequence[str], params: Mapping[str, float]) -> None:
    for key in params:
        if key not in expected:
            hint = did_you_mean(key, expected)
            raise UserError(f"distribution '{name}' has no parameter '{key}'{hint}")
    for key in expected:
        if key not in params:
            wanted = ", ".join(expected)
            raise UserError(f"distribution '{name}' lacks parameter '{key}'; expected {wanted}")


def _check_numbers(name: str, params: Mapping[str, float]) -> None:
    for key, value in params.items():
        unbounded = name in _CLIPPED and key in ("low", "high") and not math.isnan(value)
        if not (math.isfinite(value) or unbounded):
            raise UserError(f"parameter '{key}' of distribution '{name}' is not finite")
        if key in _NOT_NEGATIVE and value < 0.0:
            raise UserError(
                f"parameter '{key}' of distribution '{name}' is negative; found {value:g}"
            )
    if params.get("p", 0.0) > 1.0:
        raise UserError(f"probability above 1 in distribution '{name}'; found {params['p']:g}")
    if "low" in params and params["low"] > params["high"]:
        raise UserError(
            f"empty range in distribution '{name}'; "
            f"found low {params['low']:g} above high {params['high']:g}"
        )


@lru_cache(maxsize=256)
def _of_distance(text: str) -> Arithmetic:
    return parse_arithmetic(text, ("d",))


@dataclass(frozen=True)
class DistanceExpression:
    """Arithmetic of the distance `d` between two cells, in um; `text` is made canonical."""

    text: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "text", parse_arithmetic(self.text, ("d",)).text)

    @property
    def arithmetic(self) -> Arithmetic:
        """The expression as a tree."""
        return _of_distance(self.text)


@dataclass(frozen=True, eq=False)
class Sequences:
    """One sequence of numbers per cell: that of cell i is ``values[offsets[i]:offsets[i + 1]]``.

    Parameters
    ----------
    values : ndarray of float64, shape (M,)
        All sequences, end to end.
    offsets : ndarray of int64, shape (N + 1,)
        Where each begins and ends; the first is 0, the last M.
    """

    values: np.ndarray
    offsets: np.ndarray

    def __post_init__(self) -> None:
        offsets = self.offsets
        ends = offsets.ndim == 1 and offsets.size > 0 and offsets[0] == 0
        if not ends or offsets[-1] != self.values.size or np.any(np.diff(offsets) < 0):
            raise UserError("offsets of sequences must rise from 0 to the number of values")

    @staticmethod
    def of(sequences: Iterable[Sequence[float] | np.ndarray]) -> Sequences:
        """Return the sequences given one by one."""
        parts = [np.asarray(sequence, dtype=np.float64).ravel() for sequence in sequences]
        sizes = np.array([0, *(part.size for part in parts)], dtype=np.int64)
        values = np.concatenate(parts) if parts else np.empty(0)
        return Sequences(values, np.cumsum(sizes))

    def __len__(self) -> int:
        return self.offsets.size - 1


Vector: TypeAlias = tuple[float, float, float]
Period: TypeAlias = tuple[float, float] | None


@dataclass(frozen=True)
class Space:
    """How the distance between two positions is measured (PyNN's ``Space``).

    Parameters
    ----------
    axes : str
        The axes that count: ``x``, ``y``, ``z``, ``xy``, ``yz``, ``xz`` or ``xyz``.
    scale_factor, offset : tuple of three floats
        Postsynaptic positions are taken as ``scale_factor * (position + offset)``.
    periodic_boundaries : tuple of three ``(low, high)`` or None, optional
        The extent of each axis that closes upon itself.
    """

    axes: str = "xyz"
    scale_factor: Vector = (1.0, 1.0, 1.0)
    offset: Vector = (0.0, 0.0, 0.0)
    periodic_boundaries: tuple[Period, Period, Period] | None = None

    def __post_init__(self) -> None:
        if self.axes not in _AXES:
            raise UserError(f"unknown axes '{self.axes}'{did_you_mean(self.axes, _AXES)}")
        if not all(math.isfinite(x) for x in (*self.scale_factor, *self.offset)):
            raise UserError("scale factor and offset of a space must be finite")
        for period in self.periodic_boundaries or ():
            if period is not None and not (math.isfinite(sum(period)) and period[0] < period[1]):
                raise UserError(f"periodic boundary must be finite and rise; found {period}")


_AXES = ("x", "y", "z", "xy", "yz", "xz", "xyz")

Value: TypeAlias = float | np.ndarray | Random | DistanceExpression | Sequences
"""What a parameter, an initial value, a weight or a delay can be."""

Option: TypeAlias = Value | bool | int | str
"""What an option of a connector, a current source or a structure can be."""

CURRENT_SOURCES: dict[str, dict[str, float | None]] = {
    "dc": {"amplitude": 1.0, "start": 0.0, "stop": 1e12},
    "ac": {
        "amplitude": 1.0,
        "start": 0.0,
        "stop": 1e12,
        "frequency": 10.0,
        "offset": 0.0,
        "phase": 0.0,
    },
    "step": {"times": None, "amplitudes": None},
    "noisy": {"mean": 0.0, "stdev": 1.0, "start": 0.0, "stop": 1e12, "dt": 0.1},
}
"""Kinds of current source with their parameters and PyNN's defaults (nA, ms, Hz, degrees).

``times`` and ``amplitudes`` are arrays and have no default.
"""
