"""Random numbers of a network: keys, distributions and draws from Python.

A random choice is a function of what it is for: the key comes from the seed, an object of the
network and a purpose, the counter from the cells (or the synapse) concerned. Neither threads nor
the order of construction matter.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from snnc.ir.diagnostics import UserError, did_you_mean
from snnc.runtime.jit.cache import Kernels, source_of
from snnc.runtime.jit.drawing import (
    PLAIN,
    SCRATCH_BYTES,
    STORE_32,
    STORE_64,
    UNITS,
    WIDTH,
    drawing,
)

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
RELEASE: Final = 196
ROUNDING: Final = 197

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


@dataclass(frozen=True, eq=False)
class Counters:
    """What the draws of some cells or synapses are counted by.

    Attributes
    ----------
    size : int
        Number n of draws.
    pre_gid, post_gid : ndarray of int64
        Network-wide indices of cells by position; None for zeros.
    pre, post : ndarray of int32, shape (n,)
        Positions of the two cells; None where there are no gids.
    ordinal : ndarray of int32, shape (n,), or None
        Number of the synapse among those of the same two cells and projection; None for zeros.
    """

    size: int
    pre_gid: NDArray[np.int64]
    pre: NDArray[np.int32]
    post_gid: NDArray[np.int64] | None = None
    post: NDArray[np.int32] | None = None
    ordinal: NDArray[np.int32] | None = None


class Sampler:
    """Draws of a distribution under a key.

    Parameters
    ----------
    kernels : Kernels
        Where the compiled sampler comes from.
    distribution, params : str, mapping of str to float
        PyNN's name of a distribution, and all of its parameters.
    key : tuple of int
        From `key`.

    Raises
    ------
    UserError
        As `arguments`.
    """

    def __init__(
        self, kernels: Kernels, distribution: str, params: Mapping[str, float], key: Key
    ) -> None:
        _, values = arguments(distribution, params)
        self._found = f"'{distribution}' rejects nearly every draw; found {dict(params)}"
        count = len(DISTRIBUTIONS[distribution].parameters)
        self._kernel = kernels.get(source_of("draw_values"))
        self._words = np.zeros(WIDTH, np.int64)
        self._words[2:4] = key
        self._words[9:13] = np.array(values).view(np.int64)
        self._words[20] = kernels.get(drawing(distribution, count)).address

    def numbers(self, counters: Counters) -> NDArray[np.float64]:
        """Return the draws.

        Raises
        ------
        UserError
            A clipped distribution whose interval is next to never hit.
        """
        result = np.empty(counters.size)
        self._refuse_nan(self._run(PLAIN, counters, result))
        return result

    def store(
        self,
        counters: Counters,
        array: NDArray[Any],
        places: NDArray[np.int64],
        scale: float = 1.0,
    ) -> None:
        """Store the draws times a scale in their places of an array of float32 or float64."""
        mode = STORE_32 if array.dtype == np.float32 else STORE_64
        self._refuse_nan(self._run(mode, counters, array, places, (scale,)))

    def units(
        self, counters: Counters, unit: float, least: float, greatest: float, stretch: float
    ) -> NDArray[np.int32] | None:
        """Return the draws in units, rounded half up after multiplication by `stretch`.

        None where any is not between `least` and `greatest` units.
        """
        result = np.empty(counters.size, np.int32)
        bad = self._run(UNITS, counters, result, None, (unit, least, greatest, stretch))
        return None if bad else result

    def _refuse_nan(self, bad: int) -> None:
        if bad:
            raise UserError(
                f"distribution {self._found}, expected an interval that holds some of its "
                "probability"
            )

    def _run(
        self,
        mode: int,
        counters: Counters,
        result: NDArray[np.generic],
        places: NDArray[np.int64] | None = None,
        scales: tuple[float, ...] = (),
    ) -> int:
        words = self._words.copy()
        scratch = np.empty(SCRATCH_BYTES, np.uint8)
        words[0:2] = counters.size, result.ctypes.data
        words[4:9] = [
            0 if array is None else array.ctypes.data
            for array in (
                counters.pre, counters.post, counters.ordinal, counters.pre_gid, counters.post_gid
            )
        ]  # fmt: skip
        words[13] = 0 if places is None else places.ctypes.data
        numbers = words.view(np.float64)
        numbers[14 : 14 + len(scales[:1])] = scales[:1]
        words[16] = scratch.ctypes.data
        numbers[17 : 17 + len(scales[1:])] = scales[1:]
        self._kernel(words.ctypes.data, 1, mode)
        return int(words[15])


def draw_elements(
    kernels: Kernels, distribution: str, params: Mapping[str, float], key: Key, gids: ArrayLike
) -> NDArray[np.float64]:
    """Draw a value for each cell; `gids` are their network-wide indices, shape (n,).

    Raises
    ------
    UserError
        As `Sampler` and its `numbers`.
    """
    cells = np.ascontiguousarray(gids, np.int64)
    counters = Counters(cells.size, cells, np.arange(cells.size, dtype=np.int32))
    return Sampler(kernels, distribution, params, key).numbers(counters)


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
    pre, post, number = (np.ascontiguousarray(c, np.int64) for c in (pre_gid, post_gid, ordinal))
    positions = np.arange(pre.size, dtype=np.int32)
    counters = Counters(pre.size, pre, positions, post, positions, number.astype(np.int32))
    return Sampler(kernels, distribution, params, key).numbers(counters)
