"""Random numbers: the generator, the distributions, and what a draw depends on."""

import re

import numpy as np
import pytest
from scipy import stats

from snnc.ir.diagnostics import UserError
from snnc.runtime import random
from snnc.runtime.jit.cache import Kernels, KernelSource
from snnc.runtime.jit.compiler import assembly
from snnc.runtime.jit.drawing import drawing
from snnc.runtime.random import (
    DISTRIBUTIONS,
    Counters,
    Sampler,
    arguments,
    draw_edges,
    draw_elements,
    key,
)

PHILOX = """\
from snnc.runtime.jit.intrinsics import f32, f64, u32
from snnc.runtime.jit.philox import philox, uniform_f32, uniform_f64
def entry(desc, rows, step):
    c = u32(desc, 10)
    words = philox(c[0], c[1], c[2], c[3], c[4], c[5])
    c[6] = words[0]
    c[7] = words[1]
    c[8] = words[2]
    c[9] = words[3]
    f64(desc + 40, 1)[0] = uniform_f64(c[0], c[1])
    f32(desc + 48, 1)[0] = uniform_f32(c[0])
"""

# D. E. Shaw Research, Random123 1.14, tests/kat_vectors: philox 4x32, 10 rounds.
KNOWN = [
    (
        "00000000 00000000 00000000 00000000 00000000 00000000",
        "6627e8d5 e169c58d bc57ac4c 9b00dbd8",
    ),
    (
        "ffffffff ffffffff ffffffff ffffffff ffffffff ffffffff",
        "408f276d 41c83b0e a20bc7c6 6d5451fd",
    ),
    (
        "243f6a88 85a308d3 13198a2e 03707344 a4093822 299f31d0",
        "d16cfe09 94fdcceb 5001e420 24126ea1",
    ),
]

PARAMS = {
    "uniform": {"low": -2.0, "high": 3.0},
    "uniform_int": {"low": -2, "high": 4},
    "normal": {"mu": 1.0, "sigma": 2.0},
    "normal_clipped": {"mu": 1.0, "sigma": 2.0, "low": 0.0, "high": 2.5},
    "normal_clipped_to_boundary": {"mu": 1.0, "sigma": 2.0, "low": 0.0, "high": 2.5},
    "lognormal": {"mu": 0.5, "sigma": 0.7},
    "exponential": {"beta": 3.0},
    "gamma": {"k": 2.5, "theta": 1.5},
    "poisson": {"lambda_": 4.2},
    "binomial": {"n": 20, "p": 0.7},
    "vonmises": {"mu": 1.0, "kappa": 2.0},
}
CONTINUOUS = {
    "uniform": lambda low, high: stats.uniform(low, high - low),
    "normal": lambda mu, sigma: stats.norm(mu, sigma),
    "normal_clipped": lambda mu, sigma, low, high: stats.truncnorm(
        (low - mu) / sigma, (high - mu) / sigma, mu, sigma
    ),
    "lognormal": lambda mu, sigma: stats.lognorm(sigma, scale=np.exp(mu)),
    "exponential": lambda beta: stats.expon(scale=beta),
    "gamma": lambda k, theta: stats.gamma(k, scale=theta),
}
DISCRETE = {
    "uniform_int": lambda low, high: stats.randint(low, high),
    "poisson": lambda lambda_: stats.poisson(lambda_),
    "binomial": lambda n, p: stats.binom(n, p),
}
KEY = key(42, 7, random.PARAM)


GOLDEN_KEY = (1362756270, 2119333040)
GOLDEN = {
    "uniform": [0.7705158426247173, 2.6209027359283956, -0.546360831711361],
    "uniform_int": [1.0, 3.0, -1.0],
    "normal": [2.275260928629333, 1.7359996275931273, 0.6015185158090619],
    "normal_clipped": [2.275260928629333, 1.7359996275931273, 0.6015185158090619],
    "normal_clipped_to_boundary": [2.275260928629333, 1.7359996275931273, 0.6015185158090619],
    "lognormal": [2.5762666730228663, 2.1331502328395566, 1.4340914037150658],
    "exponential": [1.771213154394804, 0.23654348712281204, 3.7061031869524568],
    "gamma": [4.15428194418758, 3.5057555303133583, 9.715627221089088],
    "poisson": [4.0, 7.0, 3.0],
    "binomial": [14.0, 11.0, 15.0],
    "vonmises": [1.7888064029541997, 3.0005084176370307, 0.6585869755426147],
}


@pytest.fixture(scope="module")
def kernels(tmp_path_factory):
    return Kernels(tmp_path_factory.mktemp("kernels"))


@pytest.mark.parametrize("inputs, outputs", KNOWN)
def test_philox_known_answers(kernels, inputs, outputs):
    table = np.zeros(14, np.uint32)
    table[:6] = [int(word, 16) for word in inputs.split()]
    kernels.get(KernelSource("philox", PHILOX))(table.ctypes.data, 0, 0)
    assert " ".join(f"{word:08x}" for word in table[6:10]) == outputs


@pytest.mark.parametrize("word", [0, 1, 0x7FFFFFFF, 0xFFFFFFFF])
def test_uniform_numbers_never_reach_0_or_1(kernels, word):
    table = np.zeros(14, np.uint32)
    table[:2] = word
    kernels.get(KernelSource("philox", PHILOX))(table.ctypes.data, 0, 0)
    double, single = table.view(np.float64)[5], table.view(np.float32)[12]
    assert 0 < double < 1 and 0 < single < 1
    assert double == pytest.approx(word / 2**32, abs=2**-25)
    assert single == pytest.approx(word / 2**32, abs=2**-22)


def philox_in_python(c, k):
    for _ in range(10):
        a, b = c[0] * 0xD2511F53, c[2] * 0xCD9E8D57
        c = [b >> 32 ^ c[1] ^ k[0], b & 0xFFFFFFFF, a >> 32 ^ c[3] ^ k[1], a & 0xFFFFFFFF]
        k = [(k[0] + 0x9E3779B9) & 0xFFFFFFFF, (k[1] + 0xBB67AE85) & 0xFFFFFFFF]
    return c


def test_the_counter_is_pre_post_ordinal(kernels):
    drawn = draw_edges(kernels, "uniform", {"low": 0, "high": 1}, KEY, [5, 2**31], [6, 7], [1, 2])
    for value, counter in zip(drawn, ([5, 6, 1, 0], [2**31, 7, 2, 0]), strict=True):
        first, second, *_ = philox_in_python(counter, list(KEY))
        assert value == (((first >> 6) << 26 | second >> 6) + 0.5) / 2**52


def test_keys_differ_by_seed_object_and_purpose_and_never_change():
    assert key(42, 7, random.PARAM) == GOLDEN_KEY
    assert random.ALGORITHM == "philox4x32-10/snnc-1"
    keys = {key(s, o, p) for s in range(10) for o in range(10) for p in range(10)}
    assert len(keys) == 1000
    assert key(-1, 0, 1) == key(2**64 - 1, 0, 1) != key(1, 0, 1)
    assert all(0 <= word < 2**32 for pair in keys for word in pair)


@pytest.mark.parametrize("name", DISTRIBUTIONS)
def test_golden_values(kernels, name):
    drawn = draw_elements(kernels, name, PARAMS[name], KEY, [0, 1, 1000])
    np.testing.assert_allclose(drawn, GOLDEN[name], rtol=1e-12)


@pytest.mark.parametrize("name", DISTRIBUTIONS)
def test_a_draw_depends_on_its_own_cell_only(kernels, name):
    gids = np.arange(500)
    whole = draw_elements(kernels, name, PARAMS[name], KEY, gids)
    order = np.random.default_rng(0).permutation(500)[:100]
    part = draw_elements(kernels, name, PARAMS[name], KEY, gids[order])
    np.testing.assert_array_equal(part, whole[order])
    other = draw_elements(kernels, name, PARAMS[name], key(43, 7, random.PARAM), gids)
    assert not np.array_equal(other, whole)


@pytest.mark.parametrize("name", CONTINUOUS)
def test_continuous_distributions(kernels, name):
    for params in (PARAMS[name], EXTREME.get(name, PARAMS[name])):
        drawn = draw_elements(kernels, name, params, KEY, np.arange(40000))
        assert stats.kstest(drawn, CONTINUOUS[name](**params).cdf).pvalue > 1e-3


EXTREME = {
    "gamma": {"k": 0.3, "theta": 2.0},
    "normal_clipped": {"mu": 0.0, "sigma": 1.0, "low": 2.0, "high": np.inf},
    "poisson": {"lambda_": 137.5},
    "binomial": {"n": 1000, "p": 0.4},
}


@pytest.mark.parametrize("name", DISCRETE)
def test_discrete_distributions(kernels, name):
    for params in (PARAMS[name], EXTREME.get(name, PARAMS[name])):
        drawn = draw_elements(kernels, name, params, KEY, np.arange(40000))
        expected = DISCRETE[name](**params)
        values = np.arange(expected.ppf(1e-9), expected.ppf(1 - 1e-9) + 1)
        assert np.isin(drawn, values).all()
        common = values[expected.pmf(values) * drawn.size > 20]
        seen = np.array([np.count_nonzero(drawn == v) for v in common])
        wanted = expected.pmf(common) * drawn.size
        chi_square = np.sum((seen - wanted) ** 2 / wanted)
        assert stats.chi2(len(common)).sf(chi_square) > 1e-3


@pytest.mark.parametrize("kappa", [0.0, 1e-6, 0.3, 2.0, 500.0, 1e7])
def test_von_mises(kernels, kappa):
    drawn = draw_elements(kernels, "vonmises", {"mu": 2.5, "kappa": kappa}, KEY, np.arange(20000))
    assert np.abs(drawn).max() <= np.pi
    centred = (drawn - 2.5 + np.pi) % (2 * np.pi) - np.pi
    expected = stats.vonmises(kappa) if kappa > 1e-3 else stats.uniform(-np.pi, 2 * np.pi)
    if kappa > 1e6:
        expected = stats.norm(scale=kappa**-0.5)
    assert stats.kstest(centred, expected.cdf).pvalue > 1e-3


def test_clipping_to_the_boundary_puts_the_tails_there(kernels):
    params = PARAMS["normal_clipped_to_boundary"]
    drawn = draw_elements(kernels, "normal_clipped_to_boundary", params, KEY, np.arange(40000))
    low, high = stats.norm(1, 2).cdf(0), stats.norm(1, 2).sf(2.5)
    assert drawn.min() == 0.0 and drawn.max() == 2.5
    assert np.mean(drawn == 0.0) == pytest.approx(low, abs=0.01)
    assert np.mean(drawn == 2.5) == pytest.approx(high, abs=0.01)


def test_edges_and_neighbouring_counters_are_uncorrelated(kernels):
    pre, post = (x.ravel() for x in np.meshgrid(np.arange(200), np.arange(200)))
    drawn = draw_edges(kernels, "normal", {"mu": 0, "sigma": 1}, KEY, pre, post, pre * 0)
    square = drawn.reshape(200, 200)
    for shifted in (np.roll(square, 1, 0), np.roll(square, 1, 1), square.T):
        off_diagonal = ~np.eye(200, dtype=bool)
        r = np.corrcoef(square[off_diagonal], shifted[off_diagonal])[0, 1]
        assert abs(r) < 4 / 200


@pytest.mark.parametrize("name", ["normal", "normal_clipped", "lognormal", "exponential"])
def test_draws_of_edges_vectorise(name):
    code = assembly(drawing(name, len(PARAMS[name])).text)
    assert "vmaskmov" not in code
    assert not re.search(r"\b(sin|cos|exp|log)\b", code)
    width = "zmm" if "zmm" in code else "ymm"
    # Philox multiplies words to products of 64 bits; Box and Muller take a root.
    assert re.search(rf"vpmuludq.*{width}", code)
    if name != "exponential":
        assert re.search(rf"vsqrtpd.*{width}", code)


@pytest.mark.parametrize("low, high", [(0.0, 2.5), (-np.inf, -0.5), (2.0, np.inf)])
def test_clipped_draws_are_those_of_the_sampler(kernels, low, high):
    """Redrawn together or one by one: the n-th block of a counter gives the n-th draw."""
    text = """\
from snnc.runtime.jit.intrinsics import f64, i64
from snnc.runtime.jit.samplers import normal_clipped
def entry(desc, rows, step):
    p = f64(desc, 5)
    k = i64(desc + 32, 3)
    out = f64(k[2], rows)
    for i in range(rows):
        out[i] = normal_clipped(p[0], p[1], p[2], p[3], k[0], k[1], i, 0, 0)
"""
    expected = np.empty(1500)
    words = np.array([1.0, 2.0, low, high]).view(np.int64)
    words = np.concatenate([words, np.array([*KEY, expected.ctypes.data], np.int64)])
    kernels.get(KernelSource("one_by_one", text))(words.ctypes.data, expected.size, 0)
    params = {"mu": 1.0, "sigma": 2.0, "low": low, "high": high}
    found = draw_elements(kernels, "normal_clipped", params, KEY, np.arange(expected.size))
    np.testing.assert_allclose(found, expected, rtol=1e-13)


def test_draws_go_to_their_places(kernels):
    rng = np.random.default_rng(0)
    pre_gid, post_gid = np.arange(100, 150), np.arange(70) * 3
    n = 2000
    pre, post = (rng.integers(0, g.size, n).astype(np.int32) for g in (pre_gid, post_gid))
    ordinal = rng.integers(0, 3, n).astype(np.int32)
    counters = Counters(n, pre_gid, pre, post_gid, post, ordinal)
    sampler = Sampler(kernels, "normal", PARAMS["normal"], KEY)
    expected = draw_edges(
        kernels, "normal", PARAMS["normal"], KEY, pre_gid[pre], post_gid[post], ordinal
    )
    np.testing.assert_array_equal(sampler.numbers(counters), expected)
    places = rng.permutation(n + 50)[:n]
    for dtype in (np.float32, np.float64):
        stored = np.zeros(n + 50, dtype)
        sampler.store(counters, stored, places, 2.0)
        np.testing.assert_array_equal(stored[places], (2.0 * expected).astype(dtype))
    assert sampler.units(counters, 0.1, 0.5, 1e6, 1.0) is None
    units = sampler.units(counters, 0.1, -1e6, 1e6, 1.0)
    np.testing.assert_array_equal(units, np.floor(expected / 0.1 + 0.5))


def test_degenerate_parameters(kernels):
    def constant(name, expected, **params):
        drawn = draw_elements(kernels, name, params, KEY, np.arange(50))
        np.testing.assert_array_equal(drawn, expected)

    constant("normal", 3.0, mu=3, sigma=0)
    constant("uniform", 2.0, low=2, high=2)
    constant("poisson", 0.0, lambda_=0)
    constant("binomial", 0.0, n=10, p=0)
    constant("binomial", 10.0, n=10, p=1)
    constant("binomial", 0.0, n=0, p=0.5)
    constant("exponential", 0.0, beta=0)
    assert draw_elements(kernels, "poisson", {"lambda_": 3}, KEY, []).shape == (0,)


def test_the_dispatcher_of_kernels_knows_every_code(kernels):
    text = """\
from snnc.runtime.jit.intrinsics import f64, i64
from snnc.runtime.jit.samplers import draw
def entry(desc, rows, step):
    for code in range(rows):
        p = f64(desc + 48 * code + 8, 5)
        k = i64(desc + 48 * rows, 2)
        p[4] = draw(code, p[0], p[1], p[2], p[3], k[0], k[1], 1000, 0, 0)
"""
    count = len(DISTRIBUTIONS)
    table = np.zeros((count, 6))
    for name, distribution in DISTRIBUTIONS.items():
        table[distribution.code, 1:5] = arguments(name, PARAMS[name])[1]
    words = np.concatenate([table.ravel().view(np.int64), np.array(KEY, np.int64)])
    kernels.get(KernelSource("dispatch", text))(words.ctypes.data, count, 0)
    for name, distribution in DISTRIBUTIONS.items():
        drawn = words[6 * distribution.code + 5 :][:1].view(np.float64)[0]
        assert drawn == pytest.approx(GOLDEN[name][2], rel=1e-12)


@pytest.mark.parametrize(
    "name, params, message",
    [
        ("normall", {"mu": 0, "sigma": 1}, "unknown distribution 'normall'; did you mean 'normal'"),
        ("normal", {"mu": 0}, r"found \(mu\), expected \(mu, sigma\)"),
        ("poisson", {"rate": 1}, r"expected \(lambda_\)"),
        ("normal", {"mu": 0, "sigma": -1}, "sigma=-1, expected sigma >= 0"),
        ("uniform_int", {"low": 1, "high": 1}, "low < high"),
        ("binomial", {"n": 3, "p": 1.5}, "0 <= p <= 1"),
        ("gamma", {"k": float("nan"), "theta": 1}, "k > 0"),
        ("normal_clipped", {"mu": 0, "sigma": 1, "low": 30, "high": 31}, "nearly every draw"),
    ],
)
def test_wrong_distributions_are_the_users_error(kernels, name, params, message):
    with pytest.raises(UserError, match=message):
        draw_elements(kernels, name, params, KEY, np.arange(3))
