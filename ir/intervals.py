"""Interval arithmetic over arrays of intervals.

An interval is a pair ``(lo, hi)`` of float64 arrays that encloses every value an expression can
take. Where a value may be undefined (nan), both ends are nan, which then propagates: "anything".

The four operations and the square root are correctly rounded, hence monotone, hence the results at
the ends enclose the rounded results between them; ends other than 0 are widened by one unit in the
last place for kernels that fuse a product into a sum. Functions are widened by more than the error
of any implementation in use. An end that is exactly 0 stays 0: a block where a condition is false
has the probability 0, not almost 0.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

Array = np.ndarray
Interval = tuple[Array, Array]

_EPS = float(np.finfo(np.float64).eps)


def _widened(lo: Array, hi: Array, ulps: float = 1.0) -> Interval:
    margin = ulps * _EPS
    return lo - np.abs(lo) * margin, hi + np.abs(hi) * margin


def _unknown_where(condition: Array, interval: Interval) -> Interval:
    lo, hi = interval
    return np.where(condition, np.nan, lo), np.where(condition, np.nan, hi)


def _infinite(a: Interval) -> Array:
    return np.isinf(a[0]) | np.isinf(a[1])


def _has_zero(a: Interval) -> Array:
    return (a[0] <= 0.0) & (a[1] >= 0.0)


def _hull(corners: list[Array]) -> Interval:
    stacked = np.stack(np.broadcast_arrays(*corners))
    return np.min(stacked, axis=0), np.max(stacked, axis=0)


def negate(a: Interval) -> Interval:
    """Return ``-a``."""
    return -a[1], -a[0]


def add(a: Interval, b: Interval) -> Interval:
    """Return ``a + b``; unknown where opposite infinities can meet."""
    clash = ((a[1] == np.inf) & (b[0] == -np.inf)) | ((a[0] == -np.inf) & (b[1] == np.inf))
    return _unknown_where(clash, _widened(a[0] + b[0], a[1] + b[1]))


def subtract(a: Interval, b: Interval) -> Interval:
    """Return ``a - b``."""
    return add(a, negate(b))


def multiply(a: Interval, b: Interval) -> Interval:
    """Return ``a * b``; unknown where 0 can meet infinity."""
    clash = (_has_zero(a) & _infinite(b)) | (_has_zero(b) & _infinite(a))
    hull = _hull([x * y for x in a for y in b])
    return _unknown_where(clash, _widened(*hull))


def divide(a: Interval, b: Interval) -> Interval:
    """Return ``a / b``; unknown where the divisor can be 0 or both can be infinite."""
    clash = _has_zero(b) | (_infinite(a) & _infinite(b))
    hull = _hull([x / y for x in a for y in b])
    return _unknown_where(clash, _widened(*hull))


def power(a: Interval, b: Interval) -> Interval:
    """Return ``a ** b``; unknown where a negative base can meet a fractional exponent."""
    n = b[0]
    whole = (n == b[1]) & (n == np.rint(n)) & np.isfinite(n)
    negative = a[0] < 0.0
    lo, hi = _hull([np.power(x, y) for x in a for y in b])
    inside = negative & (a[1] > 0.0)
    even = whole & (np.mod(np.where(whole, n, 0.0), 2.0) == 0.0)
    lo = np.where(inside & even & (n > 0.0), 0.0, lo)
    pole = _has_zero(a) & (b[0] < 0.0)
    clash = (negative & ~whole) | pole
    ulps = 4.0 + np.where(whole, np.abs(n), 0.0)
    margin = ulps * _EPS
    return _unknown_where(clash, (lo - np.abs(lo) * margin, hi + np.abs(hi) * margin))


def exp(a: Interval) -> Interval:
    """Return e^a; never below 0, and above 0 at the upper end."""
    lo, hi = _widened(np.exp(a[0]), np.exp(a[1]), 4.0)
    return lo, np.nextafter(hi, np.inf)


def _logarithm(function: Callable[[Array], Array]) -> Callable[[Interval], Interval]:
    def bounds(a: Interval) -> Interval:
        ends = _widened(function(a[0]), function(a[1]), 4.0)
        return _unknown_where(a[0] < 0.0, ends)

    return bounds


log = _logarithm(np.log)
log10 = _logarithm(np.log10)
log2 = _logarithm(np.log2)


def sqrt(a: Interval) -> Interval:
    """Return the square root; unknown where the argument can be negative."""
    return _unknown_where(a[0] < 0.0, _widened(np.sqrt(a[0]), np.sqrt(a[1])))


def absolute(a: Interval) -> Interval:
    """Return ``|a|``."""
    ends = _hull([np.abs(a[0]), np.abs(a[1])])
    return np.where(_has_zero(a), 0.0, ends[0]), ends[1]


def minimum(a: Interval, b: Interval) -> Interval:
    """Return the smaller of two."""
    return np.minimum(a[0], b[0]), np.minimum(a[1], b[1])


def maximum(a: Interval, b: Interval) -> Interval:
    """Return the larger of two."""
    return np.maximum(a[0], b[0]), np.maximum(a[1], b[1])


def tanh(a: Interval) -> Interval:
    """Return the hyperbolic tangent."""
    lo, hi = _widened(np.tanh(a[0]), np.tanh(a[1]), 4.0)
    return np.maximum(lo, -1.0), np.minimum(hi, 1.0)


_LARGE = 1e6
"""Beyond this argument the place of a peak in floating point is not worth working out."""
_SLACK = 1e-9
_ERROR = 4.0 * _EPS


def _reaches(a: Interval, phase: float, period: float) -> Array:
    """Return whether ``phase + k * period`` may lie in the interval for an integer k."""
    first = np.ceil((a[0] - phase) / period - _SLACK)
    return first * period + phase <= a[1] + _SLACK


def _wave(function: Callable[[Array], Array], peak: float) -> Callable[[Interval], Interval]:
    def bounds(a: Interval) -> Interval:
        lo, hi = _hull([function(a[0]), function(a[1])])
        large = (np.abs(a[0]) > _LARGE) | (np.abs(a[1]) > _LARGE)
        top = large | _reaches(a, peak, 2.0 * np.pi)
        bottom = large | _reaches(a, peak + np.pi, 2.0 * np.pi)
        ends = np.where(bottom, -1.0, lo - _ERROR), np.where(top, 1.0, hi + _ERROR)
        return _unknown_where(_infinite(a), (np.maximum(ends[0], -1.0), np.minimum(ends[1], 1.0)))

    return bounds


sin = _wave(np.sin, 0.5 * np.pi)
cos = _wave(np.cos, 0.0)


def tan(a: Interval) -> Interval:
    """Return the tangent; unbounded where the interval may hold a pole."""
    lo, hi = _widened(np.tan(a[0]), np.tan(a[1]), 8.0)
    large = (np.abs(a[0]) > _LARGE) | (np.abs(a[1]) > _LARGE)
    pole = large | _reaches(a, 0.5 * np.pi, np.pi)
    ends = np.where(pole, -np.inf, lo), np.where(pole, np.inf, hi)
    return _unknown_where(_infinite(a), ends)


def truth(certain: Array, possible: Array) -> Interval:
    """Return the interval of a condition: 1 where certain, 0 where impossible, else both."""
    return certain.astype(np.float64), possible.astype(np.float64)


def less(a: Interval, b: Interval) -> Interval:
    """Return ``a < b`` as 0 or 1."""
    return truth(a[1] < b[0], ~(a[0] >= b[1]))


def less_equal(a: Interval, b: Interval) -> Interval:
    """Return ``a <= b`` as 0 or 1."""
    return truth(a[1] <= b[0], ~(a[0] > b[1]))


def equal(a: Interval, b: Interval) -> Interval:
    """Return ``a == b`` as 0 or 1."""
    same = (a[0] == a[1]) & (b[0] == b[1]) & (a[0] == b[0])
    return truth(same, ~((a[1] < b[0]) | (b[1] < a[0])))


def logical_not(a: Interval) -> Interval:
    """Return ``not a`` as 0 or 1; anything but 0 is true."""
    is_true = (a[0] > 0.0) | (a[1] < 0.0)
    return truth((a[0] == 0.0) & (a[1] == 0.0), ~is_true)


def logical_and(a: Interval, b: Interval) -> Interval:
    """Return ``a and b`` as 0 or 1."""
    return minimum(logical_not(logical_not(a)), logical_not(logical_not(b)))


def logical_or(a: Interval, b: Interval) -> Interval:
    """Return ``a or b`` as 0 or 1."""
    return maximum(logical_not(logical_not(a)), logical_not(logical_not(b)))


def where(condition: Interval, a: Interval, b: Interval) -> Interval:
    """Return `a` where the condition is certain, `b` where it is impossible, else both."""
    certain, possible = logical_not(logical_not(condition))
    lo = np.where(certain == 1.0, a[0], np.where(possible == 0.0, b[0], np.minimum(a[0], b[0])))
    hi = np.where(certain == 1.0, a[1], np.where(possible == 0.0, b[1], np.maximum(a[1], b[1])))
    return lo, hi
