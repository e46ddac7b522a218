"""Weights, delays and other values of single connections."""

from __future__ import annotations

import warnings
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from snnc.ir.diagnostics import UserError
from snnc.ir.values import DistanceExpression, Random, Value
from snnc.runtime.connectivity.delays import LONGEST, TOLERANCE, delay_steps
from snnc.runtime.connectivity.edges import ProjectionInstance
from snnc.runtime.connectivity.pairs import Block
from snnc.runtime.jit.cache import Kernels
from snnc.runtime.random import DELAY, ROUNDING, SYNAPSE_PARAM, WEIGHT, Counters, Sampler, key

_INITIAL: Final = SYNAPSE_PARAM + 32  # purposes of initial values follow those of parameters


def edge_value(one: ProjectionInstance, name: str) -> tuple[Value, int]:
    """Return what was given for a value of connections, and the purpose of its draws.

    Parameters
    ----------
    one : ProjectionInstance
        The projection.
    name : str
        ``weight``, ``delay``, or a parameter or state of the synapse model.

    Raises
    ------
    UserError
        The projection has no such value.
    """
    plan = one.plan
    if name == "weight":
        return plan.weight, WEIGHT
    if name == "delay":
        return plan.delay, DELAY
    for values, purpose in ((plan.parameters, SYNAPSE_PARAM), (plan.initial, _INITIAL)):
        if name in values:
            return values[name], purpose + list(values).index(name)
    raise UserError(f"projection '{plan.name}' has no value '{name}'")


def evaluate(
    kernels: Kernels, one: ProjectionInstance, name: str, block: Block
) -> float | NDArray[np.float64]:
    """Return a value of some connections, in coherent units (delays in ms).

    Returns
    -------
    float or ndarray of float64
        A float where all connections have the same.

    Raises
    ------
    UserError
        A value that is not a number, or an array of the wrong shape.
    """
    given, purpose = edge_value(one, name)
    values = _evaluate(kernels, one, name, given, purpose, block)
    if np.isnan(values).any():
        raise UserError(f"projection '{one.plan.name}': '{name}' is not a number (nan)")
    scale = one.scales.get(name, 1.0)
    return values if scale == 1.0 else values * scale


def store(
    kernels: Kernels,
    one: ProjectionInstance,
    name: str,
    block: Block,
    array: NDArray[Any],
    places: NDArray[np.int64],
) -> None:
    """Store a value of some connections in their places of an array; see `evaluate`."""
    given, purpose = edge_value(one, name)
    if name == "weight" and one.quanta is not None:
        array[places] = _multiples(kernels, one, block)
    elif isinstance(given, Random):
        sampler = _sampler(kernels, one, given, purpose)
        sampler.store(_counters(one, block), array, places, one.scales.get(name, 1.0))
    else:
        array[places] = evaluate(kernels, one, name, block)


def has_one_delay(one: ProjectionInstance) -> bool:
    """Return whether one number is the delay of all connections."""
    given, _ = edge_value(one, "delay")
    return isinstance(given, float | int | np.ndarray) and np.ndim(given) == 0


def rounding_draws(kernels: Kernels, one: ProjectionInstance, block: Block) -> NDArray[np.float64]:
    """Return an even number between 0 and 1 for each connection, always the same."""
    where = key(one.seed, one.plan.object_id, ROUNDING)
    sampler = Sampler(kernels, "uniform", {"low": 0.0, "high": 1.0}, where)
    return sampler.numbers(_counters(one, block))


def _multiples(kernels: Kernels, one: ProjectionInstance, block: Block) -> NDArray[np.float64]:
    """Round weights to the multiples that a machine stores; those of the other sign become 0.

    Floats of 32 bits hold multiples exactly, and might round other numbers to the next.
    """
    assert one.quanta is not None
    quanta = one.quanta[block.post]
    exact = evaluate(kernels, one, "weight", block) / quanta
    if one.plan.rounding == "stochastic":
        multiples = np.floor(exact + rounding_draws(kernels, one, block))
    else:
        multiples = np.rint(exact)
    if (multiples < 0.0).any():
        sign = "negative" if (quanta > 0.0).all() else "positive"
        warnings.warn(
            f"{sign} weights of '{one.plan.name}' become 0: weights onto '{one.plan.receptor}' "
            "have no sign on the machine",
            stacklevel=2,
        )
    return np.maximum(multiples, 0.0) * quanta


def steps_of(kernels: Kernels, one: ProjectionInstance, block: Block) -> int | NDArray[np.int32]:
    """Return the delays of some connections in steps."""
    given, purpose = edge_value(one, "delay")
    if has_one_delay(one):
        return int(delay_steps(float(given), one.dt, one.plan.name))  # type: ignore[arg-type]
    if isinstance(given, Random):
        sampler = _sampler(kernels, one, given, purpose)
        unit = one.dt / one.scales.get("delay", 1.0)
        steps = sampler.units(
            _counters(one, block), unit, 0.5 - TOLERANCE, LONGEST, 1.0 + TOLERANCE
        )
        if steps is not None:
            return steps
    return delay_steps(evaluate(kernels, one, "delay", block), one.dt, one.plan.name)


def _sampler(kernels: Kernels, one: ProjectionInstance, given: Random, purpose: int) -> Sampler:
    known = one.samplers.get(purpose)
    if known is None or known[0] is not given:
        seed = one.seed if given.seed is None else given.seed
        where = key(seed, one.plan.object_id, purpose)
        known = one.samplers[purpose] = given, Sampler(kernels, given.name, given.params, where)
    return known[1]


def _counters(one: ProjectionInstance, block: Block) -> Counters:
    return Counters(block.size, one.pre.gid, block.pre, one.post.gid, block.post, block.ordinal)


def _evaluate(
    kernels: Kernels,
    one: ProjectionInstance,
    name: str,
    given: Value,
    purpose: int,
    block: Block,
) -> float | NDArray[np.float64]:
    if isinstance(given, Random):
        return _sampler(kernels, one, given, purpose).numbers(_counters(one, block))
    if isinstance(given, DistanceExpression):
        return given.arithmetic.evaluate(d=one.coordinates.distance(block.pre, block.post))
    if isinstance(given, np.ndarray) and given.ndim:
        return _of_array(one, name, given, block)
    if isinstance(given, float | int | np.ndarray):
        return float(given)
    raise UserError(
        f"projection '{one.plan.name}': unusable '{name}'; found {type(given).__name__}, "
        "expected a number, an array, a random distribution or an expression of distance"
    )


def _of_array(
    one: ProjectionInstance, name: str, array: np.ndarray, block: Block
) -> NDArray[np.float64]:
    shape = (one.pre.size, one.post.size)
    if array.shape == shape:
        return array[block.pre, block.post].astype(np.float64)
    if array.ndim == 1 and block.entry is not None and array.size == block.listed:
        return array[block.entry].astype(np.float64)
    listed = f" or ({block.listed},)" if block.entry is not None else ""
    raise UserError(
        f"projection '{one.plan.name}': wrong shape of '{name}'; "
        f"found {array.shape}, expected {shape}{listed}"
    )
