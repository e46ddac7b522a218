"""Results depend neither on threads nor on how time is cut into runs."""

from __future__ import annotations

import numpy as np
import pytest
from runtime_networks import Network, assert_equal, simulation

from snnc.ir.values import Random
from snnc.runtime.simulation import Simulation


def recurrent(threads: int, sizes: tuple[int, int] = (101, 23)) -> Simulation:
    network = Network(threads)
    network.population("noise", 17, "poisson", rate=4000.0)
    network.population("a", sizes[0], initial_v=Random("uniform", {"low": -65.0, "high": -50.0}))
    network.population("b", sizes[1], tau_m=10.0, cm=Random("uniform", {"low": 0.9, "high": 1.1}))
    some = Random("normal", {"mu": 0.7, "sigma": 0.2})
    lag = Random("uniform", {"low": 0.3, "high": 3.0})
    network.project("noise", "a", some, 0.5, "fixed_probability", p_connect=0.5)
    network.project("a", "b", some, lag, "fixed_probability", p_connect=0.3)
    network.project("b", "a", -0.4, 0.3, "fixed_probability", p_connect=0.3)
    network.inject("noisy", ("a", slice(3, 50)), ("b", slice(None)), mean=0.2, stdev=0.5)
    return simulation(network, "noise", "a", "b", v=("a", "b"))


def everything(sim: Simulation, names: tuple[str, ...] = ("noise", "a", "b")) -> list[np.ndarray]:
    spikes = [part for name in names for part in sim.spikes(name)]
    return spikes + [sim.trace(name, "v").values for name in ("a", "b")]


@pytest.fixture(scope="module")
def reference() -> list[np.ndarray]:
    sim = recurrent(1)
    sim.run(60.0)
    result = everything(sim)
    assert min(len(result[0]), len(result[2]), len(result[4])) > 50
    return result


@pytest.mark.parametrize("threads", [2, 3, 7])
def test_number_of_threads_does_not_matter(threads: int, reference: list[np.ndarray]):
    sim = recurrent(threads)
    sim.run(60.0)
    assert_equal(everything(sim), reference)


def test_ten_runs_equal_one(reference: list[np.ndarray]):
    sim = recurrent(2)
    for _ in range(10):
        sim.run(6.0)
    assert sim.t == 60.0
    assert_equal(everything(sim), reference)


def test_reset_starts_anew(reference: list[np.ndarray]):
    sim = recurrent(2)
    sim.run(13.7)
    sim.reset()
    assert sim.t == 0.0
    sim.run(60.0)
    assert_equal(everything(sim), reference)


@pytest.mark.parametrize("size", [1, 2, 3])
def test_tiny_populations(size: int):
    runs = []
    for threads in (1, 3):
        sim = recurrent(threads, (size, size))
        sim.run(20.0)
        runs.append(everything(sim))
    assert_equal(*runs)


def test_network_built_anew_goes_on_where_the_old_one_stopped(reference: list[np.ndarray]):
    old = recurrent(2)
    old.run(23.3)
    new = recurrent(3)
    new.import_state(old.export_state())
    assert new.t == 23.3
    new.run(60.0 - 23.3)
    assert_equal(everything(new), reference)
