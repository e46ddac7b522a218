"""Whether weights have the sign of their receptor, and delays are possible."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from snnc.ir.values import DistanceExpression, Random, Sequences, Value
from snnc.pynn.refusals import ConnectionRefused

if TYPE_CHECKING:
    from snnc.pynn.wiring.projections import Projection

EXCITATORY = ("excitatory", "AMPA", "NMDA")
GAP = "source_section.gap"
INHIBITORY = ("inhibitory", "GABA", "GABAA", "GABAB")

_POSITIVE = ("exponential", "gamma", "lognormal", "poisson", "binomial")


def extent(value: Value, farthest: float) -> tuple[float, float, bool]:
    """Return the least and the greatest that a value can be, and whether it gets (near) there.

    Parameters
    ----------
    value : Value
        A weight or a delay.
    farthest : float
        The greatest distance between cells, in um.
    """
    if isinstance(value, Random):
        p = value.params
        if "low" in p:
            return p["low"], p["high"], not value.name.startswith("normal")
        if value.name in _POSITIVE:
            return 0.0, math.inf, False
        if value.name == "normal" and p["sigma"] == 0.0:
            return p["mu"], p["mu"], True
        return -math.inf, math.inf, False
    if isinstance(value, DistanceExpression):
        low, high = value.arithmetic.bounds(d=(0.0, farthest))
        return float(low), float(high), False
    assert not isinstance(value, Sequences)
    array = np.asarray(value, dtype=float)
    if array.size == 0:
        return 0.0, 0.0, True
    return float(np.nanmin(array)), float(np.nanmax(array)), True


def wanted_sign(projection: Projection) -> int:
    """Return the sign that weights must have: 1, -1, or 0 when it is not known."""
    if _is_conductance(projection) or projection.receptor_type in EXCITATORY:
        return 1
    return -1 if projection.receptor_type in INHIBITORY else 0


def _is_conductance(projection: Projection) -> bool:
    return projection.post.conductance_based or projection.synapse_type.couples


def check_weight(projection: Projection, weight: Value) -> bool:
    """Refuse weights of the wrong sign; return whether drawn ones have to be looked at later.

    Raises
    ------
    ConnectionRefused
    """
    sign = wanted_sign(projection)
    if sign == 0:
        return False
    low, high, exact = extent(weight, math.inf)
    exact = exact or (isinstance(weight, Random) and weight.name in _POSITIVE)
    if sign < 0:
        low, high = -high, -low
    if high < 0.0 or (exact and low < 0.0):
        raise ConnectionRefused(wrong_sign(projection, sign))
    return low < 0.0


def wrong_sign(projection: Projection, sign: int) -> str:
    """Return what is wrong with weights that do not have a sign."""
    if sign < 0:
        return (
            f"projection '{projection.label}': weights must be negative or zero for "
            "current-based, inhibitory synapses"
        )
    kind = "conductance-based" if _is_conductance(projection) else "excitatory"
    return f"projection '{projection.label}': weights must be positive or zero for {kind} synapses"


def check_drawn(projection: Projection, weights: np.ndarray) -> None:
    """Refuse weights of the wrong sign among those that were drawn or computed.

    Raises
    ------
    ConnectionRefused
    """
    sign = wanted_sign(projection)
    wrong = int(np.count_nonzero(weights * sign < 0.0))
    if wrong:
        raise ConnectionRefused(
            f"{wrong_sign(projection, sign)}; {wrong} of {weights.size} have the other sign"
        )


def check_delay(projection: Projection, delay: Value) -> None:
    """Refuse delays that are too short, or beyond the bounds of `setup`.

    Raises
    ------
    ConnectionRefused
    """
    session = projection.session
    low, high, exact = extent(delay, math.inf)
    shortest = session.dt / 2.0
    if not isinstance(session.min_delay_setting, str):
        shortest = session.min_delay_setting - session.dt / 2.0
    if high < shortest - 1e-12 or (exact and low < shortest - 1e-12):
        found = low if exact else high
        raise ConnectionRefused(
            f"projection '{projection.label}': delay too short; found {found:g} ms, expected at "
            f"least {session.min_delay:g} ms"
        )
    longest = session.max_delay_setting
    if not isinstance(longest, str):
        limit = longest + session.dt / 2.0
        if low > limit or (exact and high > limit):
            raise ConnectionRefused(
                f"projection '{projection.label}': delay too long; found {high:g} ms, expected at "
                f"most {longest:g} ms, the max_delay of setup()"
            )
    if exact and math.isinf(high):
        raise ConnectionRefused(f"projection '{projection.label}': delay must be finite")


def coupled_receptor(projection: Projection, name: str | None) -> str:
    """Return the receptor of a projection whose synapses couple the cells on both sides.

    PyNN names a place in the cell and ``gap``; cells without compartments have one place.

    Raises
    ------
    ConnectionRefused
        If cells take no current, or the name is another.
    """
    for group in (projection.pre, projection.post):
        if not group.injectable:
            raise ConnectionRefused(f"the cells of {group.label!r} take no current")
    if name in (None, "default"):
        return GAP
    if str(name).rpartition(".")[2] != "gap":
        raise ConnectionRefused(
            f"{type(projection.synapse_type).__name__} has no receptor '{name}'; expected '{GAP}'"
        )
    return str(name)


def guessed_receptor(projection: Projection, weight: Value) -> str:
    """Return the receptor for a weight: the first one, or the second for a negative weight."""
    receptors = projection.post.receptor_types
    if len(receptors) > 1 and _typical(projection, weight) < 0.0:
        return receptors[1]
    return receptors[0]


def _typical(projection: Projection, weight: Value) -> float:
    if isinstance(weight, Random):
        if "mu" in weight.params and weight.name != "lognormal":
            return weight.params["mu"]
        low, high, _ = extent(weight, 0.0)
        return high if low >= 0.0 else low + high
    if isinstance(weight, DistanceExpression):
        positions = projection.pre.positions[:, -1:].T, projection.post.positions[:, -1:].T
        distance = projection.space.distances(*positions)
        return float(weight.arithmetic.evaluate(d=distance)[0])
    array = np.asarray(weight, dtype=float)
    return float(array.flat[-1]) if array.size else 0.0
