"""Synapses that release at random: their statistics, and that nothing else decides on a draw."""

from __future__ import annotations

import math

import numpy as np
import pytest
from synapse_rig import Edges, Rig, library, plan_of, solved

SPIKES = np.array([10, 110, 160, 460, 480])
EDGES = 6000


def fan(edges: int = EDGES, delay: int = 5) -> Edges:
    """Synapses of one cell onto many."""
    n = np.arange(edges)
    return Edges(np.zeros(edges, int), n, np.full(edges, delay), 1.0)


def released(model: str, precision: str = "f64", **parameters: float) -> np.ndarray:
    """Return what each synapse delivers at each spike, [spikes, synapses]."""
    plan = plan_of(library(model), precision=precision)
    rig = Rig(plan, fan(), [SPIKES], [[]] * EDGES, parameters=parameters)
    return rig.run(500)[SPIKES + 5]


def theory(U: float, tau_rec: float, tau_facil: float) -> tuple[list[float], list[float]]:
    """Return release probabilities of full sites, and the shares of sites that are full."""
    u, full, last = 0.0, 1.0, 0.0
    using, ready = [], []
    for time in SPIKES * 0.1:
        u = u * math.exp(-(time - last) / tau_facil) if tau_facil else 0.0
        u += U * (1 - u)
        full = 1 - (1 - full) * math.exp(-(time - last) / tau_rec)
        using.append(u)
        ready.append(full)
        full *= 1 - u
        last = time
    return using, ready


def assert_mean(found: np.ndarray, expected: float, variance: float) -> None:
    assert abs(found.mean() - expected) < 5 * math.sqrt(variance / found.size) + 1e-12


@pytest.mark.parametrize("precision", ["f64", "f32"])
@pytest.mark.parametrize("p", [0.0, 0.2, 0.5, 1.0])
def test_transmission_has_the_given_probability(p: float, precision: str) -> None:
    found = released("SimpleStochasticSynapse", precision, p=p)
    assert set(np.unique(found)) <= {0.0, 1.0}
    assert_mean(found, p, p * (1 - p))
    # Spikes are independent of each other, and so are synapses.
    assert_mean(found[0] * found[1], p * p, p * p)
    assert_mean(found[:, 1:] * found[:, :-1], p * p, p * p)


@pytest.mark.parametrize(("U", "tau_facil"), [(0.5, 0.0), (0.1, 300.0)])
def test_one_site_follows_tsodyks_and_markram_on_average(U: float, tau_facil: float) -> None:
    found = released("StochasticTsodyksMarkramSynapse", U=U, tau_rec=40.0, tau_facil=tau_facil)
    assert set(np.unique(found)) <= {0.0, 1.0}
    for row, u, full in zip(found, *theory(U, 40.0, tau_facil), strict=True):
        assert_mean(row, u * full, u * full * (1 - u * full))


@pytest.mark.parametrize(("n", "tau_facil"), [(1.0, 0.0), (5.0, 200.0), (40.0, 0.0)])
def test_quanta_have_binomial_mean_and_variance(n: float, tau_facil: float) -> None:
    found = released("MultiQuantalSynapse", n=n, U=0.3, tau_rec=40.0, tau_facil=tau_facil)
    assert set(np.unique(found)) <= set(np.arange(n + 1))
    for row, u, full in zip(found, *theory(0.3, 40.0, tau_facil), strict=True):
        share = u * full
        assert_mean(row, n * share, n * share * (1 - share))
        # Sites are independent, so quanta stay binomial; the error of a variance is about
        # its square root of 2/n for distributions not far from a normal one.
        expected = n * share * (1 - share)
        assert row.var() == pytest.approx(expected, rel=0.15)


def test_sites_that_always_release_and_recover_at_once_are_not_random() -> None:
    found = released("MultiQuantalSynapse", n=7.0, U=1.0, tau_rec=1e-3)
    assert (found == 7.0).all()


def test_synapses_may_have_numbers_of_sites_of_their_own() -> None:
    edges = fan()
    edges.arrays = {"n": np.where(np.arange(EDGES) % 2, 3.0, 10.0)}
    plan = plan_of(library("MultiQuantalSynapse"), edge=["n"])
    rig = Rig(plan, edges, [SPIKES], [[]] * EDGES, parameters={"U": 0.5})
    first = rig.run(20)[15]
    assert_mean(first[1::2], 1.5, 0.75)
    assert_mean(first[::2], 5.0, 2.5)


MODELS = [
    "SimpleStochasticSynapse",
    "StochasticTsodyksMarkramSynapse",
    "MultiQuantalSynapse",
]


@pytest.mark.parametrize("model", MODELS)
def test_draws_do_not_depend_on_partitions_chunks_or_order(model: str) -> None:
    rng = np.random.default_rng(2)
    pre, post = np.repeat(np.arange(9), 30), rng.integers(0, 17, 270)
    edges = Edges(pre, post, rng.choice([1, 2, 9], 270), rng.uniform(0.2, 1.0, 270))
    trains = [np.flatnonzero(rng.random(300) < 0.05) for _ in range(9)]
    runs = []
    for parts, chunk, seed in ((1, 10, 1), (2, 7, 1), (3, 300, 1), (7, 1, 1), (1, 10, 2)):
        rig = Rig(plan_of(library(model)), edges, trains, [[]] * 17, parts=parts, seed=seed)
        runs.append(rig.run(300, chunk))
    for other in runs[1:4]:
        np.testing.assert_array_equal(other, runs[0])
    assert (runs[4] != runs[0]).any()


def test_synapses_of_a_pair_and_spikes_of_a_step_have_draws_of_their_own() -> None:
    plan = plan_of(library("SimpleStochasticSynapse"))
    pairs = 2000
    post = np.repeat(np.arange(pairs), 4)
    # Two synapses with one delay, and one with each of two others.
    edges = Edges(np.zeros(4 * pairs, int), post, np.tile([4, 4, 7, 9], pairs), 1.0)
    rig = Rig(plan, edges, [np.array([3, 3])], [[]] * pairs, parameters={"p": 0.5})
    arrived = rig.run(20)
    # Four draws of the first kind, two of each of the others.
    for stamp, draws in ((7, 4), (10, 2), (12, 2)):
        assert_mean(arrived[stamp], draws / 2, draws / 4)
        assert arrived[stamp].var() == pytest.approx(draws / 4, rel=0.15)
    assert abs(np.corrcoef(arrived[10], arrived[12])[0, 1]) < 0.1


def test_a_stream_is_one_number_and_streams_are_independent() -> None:
    text = """syn.model @S {
      on pre { deliver weight * (uniform(%s) - uniform(%s)) }
    }"""
    same, other = (plan_of(solved(text % names)) for names in (("a", "a"), ("a", "b")))
    run = [Rig(plan, fan(), [[3]], [[]] * EDGES).run(10)[8] for plan in (same, other)]
    assert not run[0].any()
    assert run[1].var() == pytest.approx(1 / 6, rel=0.1)
    assert_mean(run[1], 0.0, 1 / 6)
