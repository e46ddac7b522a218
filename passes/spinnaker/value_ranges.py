"""What weights and delays of projections can be, before any is drawn."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import exp, pi

import numpy as np
from xdsl.dialects.builtin import FloatAttr
from xdsl.ir import Attribute

from snnc.ir.diagnostics import UnsupportedError
from snnc.ir.dialects import snn
from snnc.ir.dialects.snn_values import ArrayHandleAttr, DistanceAttr, RandomAttr
from snnc.ir.values import DistanceExpression, Random

_QUANTILES = (np.arange(4000) + 0.5) / 4000
_RARE = 1e-6
_LARGEST = ("w_max", "wmax", "Wmax")
"""Parameters of plastic synapses that bound their weights, in the models' own names."""


@dataclass(frozen=True)
class ValueRange:
    """Weights or delays of a projection, in the unit that they are declared in.

    Attributes
    ----------
    mean, deviation : float
        Mean and standard deviation.
    least, most : float
        Bounds; those of distributions without are passed by one draw in a million on each side.
    """

    mean: float
    deviation: float
    least: float
    most: float

    @property
    def largest(self) -> float:
        """The largest size."""
        return max(abs(self.least), abs(self.most))

    @property
    def square(self) -> float:
        """The mean of the squares."""
        return self.mean**2 + self.deviation**2

    def times(self, factor: float) -> ValueRange:
        """Return the same values in another unit."""
        return ValueRange(
            self.mean * factor, self.deviation * factor, self.least * factor, self.most * factor
        )


def weight_range(projection: snn.ProjectionOp, arrays: Mapping[str, np.ndarray]) -> ValueRange:
    """Return what the weights of a projection can be.

    Parameters
    ----------
    projection : snn.ProjectionOp
        The projection; plastic synapses may reach the bound that their parameters give.
    arrays : mapping of str to ndarray
        The arrays of the network, by name.

    Raises
    ------
    UnsupportedError
        If the text does not tell: arrays that are not at hand, expressions without a bound.
    """
    found = _range(projection, "weights", projection.weight, arrays)
    for name in _LARGEST:
        bound = projection.parameters.data.get(name)
        if isinstance(bound, FloatAttr) and bound.value.data > found.most:
            return ValueRange(found.mean, found.deviation, found.least, bound.value.data)
    return found


def delay_range(projection: snn.ProjectionOp, arrays: Mapping[str, np.ndarray]) -> ValueRange:
    """Return what the delays of a projection can be, in ms; see `weight_range`."""
    return _range(projection, "delays", projection.delay, arrays)


def _range(
    projection: snn.ProjectionOp, what: str, value: Attribute, arrays: Mapping[str, np.ndarray]
) -> ValueRange:
    match value:
        case FloatAttr():
            number = float(value.value.data)
            return ValueRange(number, 0.0, number, number)
        case RandomAttr():
            return _of_random(projection, what, value.data)
        case DistanceAttr():
            return _of_distance(projection, what, value.data)
        case ArrayHandleAttr() if value.data.name in arrays:
            values = arrays[value.data.name]
            if not values.size:
                return ValueRange(0.0, 0.0, 0.0, 0.0)
            return ValueRange(*(float(f(values)) for f in (np.mean, np.std, np.min, np.max)))
    raise UnsupportedError(
        f"the {what} of '{projection.label}' are an array that is not at hand; passes know arrays "
        "of networks that are loaded with them"
    )


def _of_distance(
    projection: snn.ProjectionOp, what: str, expression: DistanceExpression
) -> ValueRange:
    low, high = (float(end) for end in expression.arithmetic.bounds(d=(0.0, np.inf)))
    if not np.isfinite([low, high]).all():
        raise UnsupportedError(
            f"the {what} of '{projection.label}' have no bound over all distances; found "
            f"'{expression.text}', expected one that has, as 'maximum(0, 1 - 0.01*d)', or a list"
        )
    largest = max(low, high, key=abs)
    return ValueRange(largest, 0.0, low, high)


def _of_random(projection: snn.ProjectionOp, what: str, random: Random) -> ValueRange:
    found = random_range(random)
    if found is None:
        raise UnsupportedError(
            f"the {what} of '{projection.label}' are drawn from '{random.name}', of which no range "
            "is known"
        )
    return found


def random_range(random: Random) -> ValueRange | None:
    """Return what numbers of a distribution can be; None where that is not known."""
    quantile = _quantile_function(random)
    if quantile is None:
        return None
    values = quantile(_QUANTILES)
    every = np.append(values, quantile(np.array([_RARE, 1.0 - _RARE])))
    return ValueRange(
        float(values.mean()), float(values.std()), float(every.min()), float(every.max())
    )


def _quantile_function(random: Random) -> Callable[[np.ndarray], np.ndarray] | None:
    """Return the inverse of a distribution's cumulative function."""
    from scipy import stats

    p = random.params
    match random.name:
        case "binomial":
            return stats.binom(p["n"], p["p"]).ppf
        case "exponential":
            return stats.expon(scale=p["beta"]).ppf
        case "gamma":
            return stats.gamma(p["k"], scale=p["theta"]).ppf
        case "lognormal":
            return stats.lognorm(p["sigma"], scale=exp(p["mu"])).ppf
        case "normal":
            return stats.norm(p["mu"], p["sigma"]).ppf
        case "normal_clipped":
            low, high = ((p[end] - p["mu"]) / p["sigma"] for end in ("low", "high"))
            return stats.truncnorm(low, high, p["mu"], p["sigma"]).ppf
        case "normal_clipped_to_boundary":
            free = stats.norm(p["mu"], p["sigma"]).ppf
            return lambda q: np.clip(free(q), p["low"], p["high"])
        case "poisson":
            return stats.poisson(p["lambda_"]).ppf
        case "uniform":
            return stats.uniform(p["low"], p["high"] - p["low"]).ppf
        case "uniform_int":
            return stats.randint(p["low"], p["high"] + 1).ppf
        case "vonmises":
            angle = np.linspace(-pi, pi, 8001)
            summed = np.cumsum(np.exp(p["kappa"] * (np.cos(angle - p["mu"]) - 1.0)))
            return lambda q: np.interp(q, summed / summed[-1], angle)
    return None
