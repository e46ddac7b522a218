"""Arithmetic on fixed-point numbers that SpiNNaker's software does once, when a simulation starts.

Numbers are int64, in units of their last bit. Division and the exponential function are those of
sPyNNaker's ``maths-util.h`` and of ``stdfix-exp.c`` of its library spinn_common.
"""

from __future__ import annotations

from math import exp
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from snnc.ir.diagnostics import UserError

Numbers = NDArray[np.int64]

_ONE = 1 << 32
_WORD = _ONE - 1
# exp(-n) and 1 - exp(-k/16) with 32 bits after the point.
_WHOLE = np.array([round(exp(-n) * _ONE) for n in range(14)], np.int64)
_SIXTEENTHS = np.array([round((1.0 - exp(-k / 16)) * _ONE) for k in range(16)], np.int64)
# 1 - exp(-x) for x below 1/16, as the library has it: constant, slope and curvature.
_SERIES = (5294, 4293434720, 2081624032)
_LARGEST = 340695
"""The decay of greater numbers is 0."""


class DoesNotFit(UserError):
    """A number that the machine does not have in the unit that cells count in."""


def quantised(value: ArrayLike, point: int, low: int, high: int, name: str) -> Numbers:
    """Round numbers to fixed point, halves to even.

    Parameters
    ----------
    value : array_like of float
        In the unit that the machine has them in.
    point : int
        Bits after the point.
    low, high : int
        The least and the greatest number, in units of the last bit.
    name : str
        For messages.

    Raises
    ------
    DoesNotFit
        Numbers out of range.
    """
    exact = np.asarray(value, np.float64)
    rounded = np.rint(exact * 2.0**point)
    wrong = ~((rounded >= low) & (rounded <= high))
    if wrong.any():
        found = exact[wrong].flat[0] if exact.ndim else exact
        raise DoesNotFit(
            f"'{name}' does not fit the machine's numbers; found {found:g}, expected "
            f"{low / 2**point:g} to {high / 2**point:g}"
        )
    return rounded.astype(np.int64)


def quotient(a: Numbers, b: Numbers, point: int, high: int, name: str) -> Numbers:
    """Divide positive numbers of one form, rounding down.

    Raises
    ------
    DoesNotFit
        A divisor that is not positive, a dividend below 0, or a quotient above `high`.
    """
    a, b = np.asarray(a, np.int64), np.asarray(b, np.int64)
    _refuse(b <= 0, name, "divides by a number that is rounded to 0 or less")
    _refuse(a < 0, name, "divides a negative number")
    result = (a << point) // np.maximum(b, 1)
    _refuse(result > high, name, f"is above {high / 2**point:g}")
    return result


def decay(x: Numbers, point: int) -> Numbers:
    """Return exp(-x) with 15 or 32 bits after the point, of numbers with 15.

    The whole and the fractional part of x are looked up separately, and three terms of a series
    make up for the rest, as on the machine.
    """
    x = np.asarray(x, np.int64)
    whole, fraction = np.minimum(x >> 15, 13), x & 0x7FFF
    value = _WHOLE[whole]
    value = value - _scaled(value, _SIXTEENTHS[fraction >> 11])
    rest = (fraction & 0x7FF) << 17
    curved = _SERIES[1] - ((_SERIES[2] * rest) >> 32)
    small = _SERIES[0] + ((curved * rest) >> 32)
    value = np.where(fraction > 0, value - _scaled(value, small), value)
    value = np.where(x > _LARGEST, 0, value)
    return value >> 17 if point == 15 else value & _WORD


def _scaled(x: Numbers, y: Numbers) -> Numbers:
    """Return x · y / 2^32 to the nearest, for x of up to 2^32 and y below it."""
    low, top = (x & _WORD).astype(np.uint64), x >> 32
    rounded = (low * y.astype(np.uint64) + np.uint64(1 << 31)) >> np.uint64(32)
    return rounded.astype(np.int64) + top * y


def ceiling(x: Numbers, point: int) -> Numbers:
    """Return the next whole numbers."""
    return -((-np.asarray(x, np.int64)) >> point)


def wrapped(x: Any, bits: int, signed: bool) -> Numbers:
    """Return what `bits` bits hold of numbers."""
    x = np.asarray(x).astype(np.int64)
    if bits == 64:
        return x
    kept = x & ((1 << bits) - 1)
    return np.where(kept >> (bits - 1), kept - (1 << bits), kept) if signed else kept


def product(a: Numbers, b: Numbers, shift: int, nearest: bool) -> Numbers:
    """Return products with `shift` bits cut off, rounded down, or half up."""
    exact = np.asarray(a, np.int64) * np.asarray(b, np.int64)
    return (exact + ((1 << shift) >> 1 if nearest else 0)) >> shift


def _refuse(wrong: Any, name: str, why: str) -> None:
    if np.any(wrong):
        raise DoesNotFit(f"'{name}' {why} on the machine")
