"""Functions of kernels that are no elementary ones: of distributions, and of tables."""

# pyright: reportCallIssue=false
# Intrinsics take a typing context that their callers do not pass.
from __future__ import annotations

from snnc.runtime.jit.intrinsics import ix, loop
from snnc.runtime.jit.mathlib import exp, fabs, log
from snnc.runtime.jit.samplers import log_factorial

TERMS = 10000
SMALLEST = 1e-300


@loop
def log_gamma_sf(shape, x):
    """Return the logarithm of the probability that a gamma variate of scale 1 exceeds x.

    The series below the mean and the continued fraction above it are those of Press et al.,
    Numerical Recipes, section 6.2; what multiplies the fraction is kept as a logarithm, so that
    nothing underflows. A shape of 0 or nan gives nan.
    """
    a = shape * 1.0
    front = a * log(x) - x - log_factorial(a - 1.0)
    result = 0.0
    if x >= a + 1.0:
        b = x + 1.0 - a
        c = 1.0 / SMALLEST
        d = 1.0 / b
        h = d
        for i in range(1, TERMS):
            an = -i * (i - a)
            b += 2.0
            d = an * d + b
            if fabs(d) < SMALLEST:
                d = SMALLEST
            c = b + an / c
            if fabs(c) < SMALLEST:
                c = SMALLEST
            d = 1.0 / d
            h *= d * c
            if fabs(d * c - 1.0) < 1e-15:
                break
        result = front + log(h)
    elif x > 0.0:
        term = 1.0 / a
        total = term
        for n in range(1, TERMS):
            term *= x / (a + n)
            total += term
            if term < total * 1e-16:
                break
        result = log(1.0 - exp(front) * total)
    elif not (x <= 0.0 and a > 0.0):
        result = x - x + a / 0.0 - a / 0.0
    return result


@loop
def piecewise(values, first_value, starts, first, last, x):
    """Return the value of the bin that holds x; bin j of the cell begins at starts[first + j]."""
    low = first
    high = last
    while high - low > 1:
        middle = (low + high) // 2
        if starts[ix(middle)] <= x:
            low = middle
        else:
            high = middle
    return values[ix(first_value + low - first)]
