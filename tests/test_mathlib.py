"""Functions of kernels against extended precision."""

import numpy as np
import pytest

from snnc.runtime.jit.cache import Kernels, KernelSource

CIRCLE = ["sin", "cos", "cos_turns"]
ONE = [*CIRCLE, "exp", "expm1", "exprel", "inverse_exprel", "log", "tanh", "sqrt", "fabs", "floor"]
ONE += ["ceil", "rint"]
LIBM = ["tan", "sinh", "cosh", "asin", "acos", "atan", "erf"]
EXPRESSIONS = {
    **{name: f"{name}(x[i])" for name in ONE + LIBM},
    "cube": "pow(x[i], 3)",
    "inverse_square": "pow(x[i], -2)",
    "power": "pow(x[i], F(0.3))",
    "least": "fmin(x[i], 2)",
    "most": "fmax(x[i], F(2.5))",
    "chosen": "select(x[i] > F(1.0), x[i], 0)",
}


def text(array):
    """A kernel that evaluates every expression, writing one row of `y` each."""
    lines = [f"        y[{k} * n + i] = {e}" for k, e in enumerate(EXPRESSIONS.values())]
    return f"""\
from numpy import float{array[1:]} as F
from snnc.runtime.jit.intrinsics import {array}, i64, loop, select
from snnc.runtime.jit.mathlib import fmax, fmin, pow, {", ".join(ONE + LIBM)}
@loop
def evaluate(n, x, y):
    for i in range(n):
{chr(10).join(lines)}
def entry(desc, rows, step):
    d = i64(desc, 3)
    n = d[0]
    evaluate(n, {array}(d[1], n), {array}(d[2], n * {len(lines)}))
"""


@pytest.fixture(scope="module")
def evaluate(tmp_path_factory):
    kernels = Kernels(tmp_path_factory.mktemp("kernels"))

    def run(name, x):
        x = np.ascontiguousarray(x)
        array = {np.float64: "f64", np.float32: "f32"}[x.dtype.type]
        kernel = kernels.get(KernelSource(f"functions_{array}", text(array)))
        y = np.empty((len(EXPRESSIONS), x.size), x.dtype)
        table = np.array([x.size, x.ctypes.data, y.ctypes.data], np.int64)
        kernel(table.ctypes.data, 1, 0)
        return y[list(EXPRESSIONS).index(name)]

    return run


def ulps(found, reference, allowed=1):
    """Largest distance where the reference is finite and not 0.

    In units in the last place, `allowed` times as large.
    """
    reference = np.asarray(reference, np.longdouble)
    rounded = reference.astype(found.dtype)
    usable = np.isfinite(rounded) & (rounded != 0)
    unit = (np.spacing(np.abs(rounded)).astype(np.longdouble) * allowed)[usable]
    return float(np.max(np.abs(found[usable] - reference[usable]) / unit))


def small_and_large(dtype, low, high, tiny):
    rng = np.random.default_rng(3)
    parts = [
        rng.uniform(low, high, 20000),
        rng.uniform(-3, 3, 20000),
        rng.choice([-1, 1], 20000) * 10.0 ** rng.uniform(tiny, 0, 20000),
    ]
    return np.concatenate(parts).astype(dtype)


RANGES = [(np.float64, -745, 709.7, -300), (np.float32, -103, 88.7, -35)]
EXTENDED = np.finfo(np.longdouble).nmant > 60
pytestmark = pytest.mark.skipif(not EXTENDED, reason="no longer floating-point type to compare to")


@pytest.mark.parametrize("dtype, low, high, tiny", RANGES)
def test_exponential_functions(evaluate, dtype, low, high, tiny):
    x = small_and_large(dtype, low, high, tiny)
    exact = x.astype(np.longdouble)
    assert ulps(evaluate("exp", x), np.exp(exact)) < 1.1
    assert ulps(evaluate("expm1", x), np.expm1(exact)) < 2.1
    allowed = 4 + 0.3 * np.maximum(exact, 0)
    assert ulps(evaluate("exprel", x), np.expm1(exact) / exact, allowed) < 1
    assert ulps(evaluate("inverse_exprel", x), exact / np.expm1(exact), allowed) < 1
    assert ulps(evaluate("tanh", x), np.tanh(exact)) < 3


@pytest.mark.parametrize("dtype, tiny", [(np.float64, -307), (np.float32, -37)])
def test_logarithm_and_powers(evaluate, dtype, tiny):
    rng = np.random.default_rng(4)
    spread = 10.0 ** rng.uniform(tiny, -tiny, 20000)
    near = 1 + rng.uniform(-1, 1, 20000) * 10.0 ** rng.uniform(-6, 0, 20000)
    subnormal = 10.0 ** rng.uniform(tiny - 7, tiny - 1, 2000)
    x = np.concatenate([spread, near, subnormal]).astype(dtype)
    x = x[x > 0]
    exact = x.astype(np.longdouble)
    assert ulps(evaluate("log", x), np.log(exact)) < 1
    assert ulps(evaluate("sqrt", x), np.sqrt(exact)) <= 0.5
    assert ulps(evaluate("power", x), exact ** np.longdouble(dtype(0.3))) < 1.1
    middle = x[(x > 1e-9) & (x < 1e9)]
    exact = middle.astype(np.longdouble)
    assert ulps(evaluate("cube", middle), exact**3) < 2
    assert ulps(evaluate("inverse_square", middle), 1 / exact**2) < 2


# Multiples of pi / 2 are where the reduction loses digits.
@pytest.mark.parametrize("dtype, far, limit", [(np.float64, 1e6, 40), (np.float32, 1e4, 18)])
def test_sine_and_cosine(evaluate, dtype, far, limit):
    rng = np.random.default_rng(5)
    near = rng.integers(-1000, 1000, 20000) * (np.pi / 2) + rng.normal(0, 1e-3, 20000)
    spread = rng.choice([-1, 1], 20000) * 10.0 ** rng.uniform(-30, np.log10(far), 20000)
    x = np.concatenate([rng.uniform(-10, 10, 20000), near, spread]).astype(dtype)
    exact = x.astype(np.longdouble)
    assert ulps(evaluate("sin", x), np.sin(exact)) < 2.1
    assert ulps(evaluate("cos", x), np.cos(exact)) < 2.1
    large = (rng.choice([-1, 1], 2000) * 2.0 ** rng.uniform(10, limit, 2000)).astype(dtype)
    error = np.abs(evaluate("sin", large) - np.sin(large.astype(np.longdouble)))
    assert np.all(error < np.spacing(np.abs(large)) + np.finfo(dtype).eps)
    inf, beyond = np.inf, 2.0 ** (limit + 1)
    edges = np.array([0.0, -0.0, inf, -inf, np.nan, beyond, -beyond], dtype)
    assert evaluate("cos", edges)[:2].tolist() == [1, 1]
    assert evaluate("sin", edges)[:2].tolist() == [0, 0]
    assert np.isnan(evaluate("sin", edges)[2:]).all() and np.isnan(evaluate("cos", edges)[2:]).all()


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_cosine_of_turns(evaluate, dtype):
    x = np.random.default_rng(6).uniform(-3, 3, 20000).astype(dtype)
    n = np.rint(4 * x)
    angle = 8 * np.arctan(np.longdouble(1)) * (x - n / 4).astype(np.longdouble)
    turned = [np.cos(angle), -np.sin(angle), -np.cos(angle), np.sin(angle)]
    assert ulps(evaluate("cos_turns", x), np.choose(n.astype(int) % 4, turned)) < 2
    quarters = np.arange(-8, 9).astype(dtype) / 4
    np.testing.assert_array_equal(evaluate("cos_turns", quarters), np.array([1, 0, -1, 0] * 5)[:17])


@pytest.mark.parametrize("dtype, overflow", [(np.float64, 709.78), (np.float32, 88.72)])
def test_exprel_grows_without_a_gap_until_it_is_infinite(evaluate, dtype, overflow):
    y = evaluate("exprel", np.linspace(overflow - 2, overflow + 3, 20001).astype(dtype))
    assert (np.diff(y[np.isfinite(y)]) >= 0).all() and np.isfinite(y[:8000]).all()
    assert not np.isnan(y).any() and np.isinf(y[-8000:]).all()


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_limits(evaluate, dtype):
    inf, nan = np.inf, np.nan
    huge = np.finfo(dtype).max / 4
    x = np.array([0, -0.0, inf, -inf, nan, huge, -huge, 800, -800], dtype)
    limits = {
        "exp": [1, 1, inf, 0, nan, inf, 0, inf, 0],
        "expm1": [0, 0, inf, -1, nan, inf, -1, inf, -1],
        "exprel": [1, 1, inf, 0, nan, inf, 1 / huge, inf, 1 / 800],
        "inverse_exprel": [1, 1, 0, inf, nan, 0, huge, 0, 800],
        "log": [-inf, -inf, inf, nan, nan, np.log(huge), nan, np.log(800), nan],
        "tanh": [0, -0.0, 1, -1, nan, 1, -1, 1, -1],
    }
    for name, expected in limits.items():
        found = evaluate(name, x)
        np.testing.assert_allclose(found, np.array(expected, dtype), rtol=1e-6, err_msg=name)
    assert np.signbit(evaluate("tanh", x)[1])


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_rounding_selection_and_c_functions(evaluate, dtype):
    x = np.array([-2.5, -0.5, 0.25, 0.5, 0.75, 1.5, 2.5, 3.5], dtype)
    for name in ("floor", "ceil", "rint", "fabs"):
        np.testing.assert_array_equal(evaluate(name, x), getattr(np, name)(x))
    np.testing.assert_array_equal(evaluate("least", x), np.minimum(x, 2))
    np.testing.assert_array_equal(evaluate("most", x), np.maximum(x, 2.5))
    np.testing.assert_array_equal(evaluate("chosen", x), np.where(x > 1, x, 0))
    unit = x[1:5]
    for name in ("sin", "cos", "tan", "sinh", "cosh", "arcsin", "arccos", "arctan"):
        found = evaluate(name.replace("arc", "a"), unit)
        np.testing.assert_allclose(found, getattr(np, name)(unit), rtol=1e-6)


def test_single_precision_stays_single():
    from snnc.runtime.jit.compiler import assembly

    imports = text("f32").split("@loop")[0]
    kernel = imports + (
        "@loop\ndef evaluate(n, x):\n    for i in range(n):\n"
        "        y = exprel(x[i] * F(0.5)) * tanh(fmax(x[i], 0))\n"
        "        x[i] = y + select(y > F(1.0), x[i], 2)\n"
        "def entry(desc, rows, step):\n    evaluate(rows, f32(desc, rows))\n"
    )
    code = assembly(kernel)
    assert "vcvtps2pd" not in code and "vcvtss2sd" not in code
