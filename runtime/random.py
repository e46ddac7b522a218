"""Random numbers of a network: keys, distributions and draws from Python.

A random choice is a function of what it is for: the key comes from the seed, an object of the
network and a purpose, the counter from the cells (or the synapse) concerned. Neither threads nor
the order of construction matter.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from snnc.ir.diagnostics import UserError, did_you_mean
from snnc.runtime.jit.cache import Kernels, KernelSource

ALGORITHM: Final = "philox4x32-10/snnc-1"

# Purposes; those with an index take it as an offset.
CONNECT: Final = 1
WEIGHT: Final = 2
DELAY: Final = 3
SYNAPSE_PARAM: Final = 4
PARAM: Final = 64
INITIAL: Final = 128
SPIKES: Final = 192
CURRENT: Final = 193
POSITION: Final = 194
SAMPLE: Final = 195

_MASK = (1 << 64) - 1
Key = tuple[int, int]


def _split_mix(x: int) -> int:
    """Return one output of SplitMix64 (Steele, Lea and Flood 2014) for the state `x`."""
    x = (x + 0x9E3779B97F4A7C15) & _MASK
    x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) & _MASK
    return x ^ (x >> 31)


def key(seed: int, object_id: int, purpose: int) -> Key:
    """Return the two 32-bit words of a Philox key.

    They are the lower and the upper half of mix(mix(mix(seed) xor object_id) xor purpose), where
    mix is SplitMix64 and the arguments are taken modulo 2^64.

    Parameters
    ----------
    seed : int
        Seed of the network, or of the script's generator.
    object_id : int
        Population, projection or source, numbered when created.
    purpose : int
        One of the constants of this module, plus an index where it has one.
    """
    mixed = 0
    for part in (seed, object_id, purpose):
        mixed = _split_mix(mixed ^ (int(part) & _MASK))
    return mixed & 0xFFFFFFFF, mixed >> 32


@dataclass(frozen=True)
class Distribution:
    """A distribution as PyNN names it.

    Attributes
    ----------
    code : int
        Its number in `snnc.runtime.jit.samplers.draw`.
    parameters : tuple of str
        Names of its parameters, in order.
    valid : callable
        Whether parameters, in order, make sense.
    rule : str
        What they must fulfil, for messages.
    """

    code: int
    parameters: tuple[str, ...]
    valid: Callable[..., bool]
    rule: str


_CLIPPED = ("mu", "sigma", "low", "high")
DISTRIBUTIONS: Final[dict[str, Distribution]] = {
    "uniform": Distribution(0, ("low", "high"), lambda a, b: a <= b, "low <= high"),
    "uniform_int": Distribution(
        1,
        ("low", "high"),
        lambda a, b: a < b and float(a).is_integer() and float(b).is_integer(),
        "integers low < high",
    ),
    "normal": Distribution(2, ("mu", "sigma"), lambda mu, s: s >= 0, "sigma >= 0"),
    "normal_clipped": Distribution(
        3, _CLIPPED, lambda mu, s, a, b: s >= 0 and a <= b, "sigma >= 0, low <= high"
    ),
    "normal_clipped_to_boundary": Distribution(
        4, _CLIPPED, lambda mu, s, a, b: s >= 0 and a <= b, "sigma >= 0, low <= high"
    ),
    "lognormal": Distribution(5, ("mu", "sigma"), lambda mu, s: s >= 0, "sigma >= 0"),
    "exponential": Distribution(6, ("beta",), lambda beta: beta >= 0, "beta >= 0"),
    "gamma": Distribution(7, ("k", "theta"), lambda k, t: k > 0 and t >= 0, "k > 0, theta >= 0"),
    "poisson": Distribution(8, ("lambda_",), lambda mean: mean >= 0, "lambda_ >= 0"),
    "binomial": Distribution(
        9,
        ("n", "p"),
        lambda n, p: n >= 0 and float(n).is_integer() and 0 <= p <= 1,
        "integer n >= 0, 0 <= p <= 1",
    ),
    "vonmises": Distribution(10, ("mu", "kappa"), lambda mu, k: k >= 0, "kappa >= 0"),
}


def arguments(distribution: str, params: Mapping[str, float]) -> tuple[int, list[float]]:
    """Return the code and the four parameters that `snnc.runtime.jit.samplers.draw` takes.

    Raises
    ------
    UserError
        An unknown distribution, missing or unknown parameters, or values it cannot have.
    """
    found = DISTRIBUTIONS.get(distribution)
    if found is None:
        raise UserError(
            f"unknown distribution '{distribution}'{did_you_mean(distribution, DISTRIBUTIONS)}"
        )
    if set(params) != set(found.parameters):
        raise UserError(
            f"wrong parameters of distribution '{distribution}'; "
            f"found {_listed(params)}, expected {_listed(found.parameters)}"
        )
    values = [float(params[name]) for name in found.parameters]
    if not found.valid(*values):
        raise UserError(
            f"impossible parameters of distribution '{distribution}'; found "
            f"{', '.join(f'{n}={v:g}' for n, v in zip(found.parameters, values, strict=True))}, "
            f"expected {found.rule}"
        )
    return found.code, values + [0.0] * (4 - len(values))


def _listed(names: Mapping[str, float] | tuple[str, ...]) -> str:
    return "(" + ", ".join(names) + ")"


# One kernel for each distribution in use: a kernel of all would take seconds to compile.
_DRAWING = """\
from snnc.runtime.jit.intrinsics import f64, i64, loop
from snnc.runtime.jit.samplers import {name}


@loop
def draw(n, out, k0, k1, c0, c1, c2, p):
    for i in range(n):
        out[i] = {name}({parameters}, k0, k1, c0[i], c1[i], c2[i])


def entry(desc, rows, step):
    d = i64(desc, 11)
    n = d[0]
    p = f64(desc + 7 * 8, 4)
    draw(n, f64(d[1], n), d[2], d[3], i64(d[4], n), i64(d[5], n), i64(d[6], n), p)
"""


def _drawing(distribution: str) -> KernelSource:
    count = len(DISTRIBUTIONS[distribution].parameters)
    parameters = ", ".join(f"p[{i}]" for i in range(count))
    text = _DRAWING.format(name=distribution, parameters=parameters)
    return KernelSource(f"draw_{distribution}", text)


def draw_elements(
    kernels: Kernels, distribution: str, params: Mapping[str, float], key: Key, gids: ArrayLike
) -> NDArray[np.float64]:
    """Draw a value for each cell.

    Parameters
    ----------
    kernels : Kernels
        Where the compiled sampler comes from.
    distribution, params : str, mapping of str to float
        PyNN's name of a distribution, and all of its parameters.
    key : tuple of int
        From `key`.
    gids : array_like of int, shape (n,)
        Network-wide indices of the cells.

    Returns
    -------
    numpy.ndarray of float64, shape (n,)

    Raises
    ------
    UserError
        As `arguments`; or a clipped distribution whose interval is next to never hit.
    """
    cells = np.ascontiguousarray(gids, np.int64)
    nothing = np.zeros_like(cells)
    return draw_edges(kernels, distribution, params, key, cells, nothing, nothing)


def draw_edges(
    kernels: Kernels,
    distribution: str,
    params: Mapping[str, float],
    key: Key,
    pre_gid: ArrayLike,
    post_gid: ArrayLike,
    ordinal: ArrayLike,
) -> NDArray[np.float64]:
    """Draw a value for each synapse; see `draw_elements`.

    Parameters
    ----------
    pre_gid, post_gid : array_like of int, shape (n,)
        Network-wide indices of the cells of each synapse.
    ordinal : array_like of int, shape (n,)
        Number of the synapse among those of the same two cells and projection.
    """
    _, values = arguments(distribution, params)
    counters = [np.ascontiguousarray(c, np.int64) for c in (pre_gid, post_gid, ordinal)]
    result = np.empty(counters[0].size)
    words = np.array([result.size, result.ctypes.data, *key, 0, 0, 0, 0, 0, 0, 0], np.int64)
    words[4:7] = [c.ctypes.data for c in counters]
    words[7:11] = np.array(values).view(np.int64)
    kernels.get(_drawing(distribution))(words.ctypes.data, 1, 0)
    if np.isnan(result).any():
        raise UserError(
            f"distribution '{distribution}' rejects nearly every draw; found {dict(params)}, "
            "expected an interval that holds some of its probability"
        )
    return result
