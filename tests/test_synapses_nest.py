"""Synapses against NEST's, spike by spike."""

from __future__ import annotations

import numpy as np
import pytest
from synapse_rig import DEPENDENCES, STDP, Edges, Rig, library, plan_of

nest = pytest.importorskip("nest", reason="NEST is not installed")


@pytest.fixture(autouse=True)
def fresh_kernel() -> None:
    nest.verbosity = nest.VerbosityLevel.ERROR
    nest.ResetKernel()
    nest.resolution = 0.1


def parrots(trains: list[np.ndarray], **parameters: float) -> nest.NodeCollection:
    """Return parrots that fire at the given steps."""
    cells = nest.Create("parrot_neuron", len(trains), parameters)
    # A parrot repeats a spike after the delay from its generator, here one step.
    times = [{"spike_times": (train - 1) * 0.1} for train in trains]
    generators = nest.Create("spike_generator", len(trains), times)
    nest.Connect(generators, cells, "one_to_one", {"delay": 0.1})
    return cells


def nest_stdp(
    pre: list[np.ndarray], post: list[np.ndarray], delays: np.ndarray, dependence: str, steps: int
) -> np.ndarray:
    mu_plus, mu_minus = DEPENDENCES[dependence]
    sources, targets = parrots(pre), parrots(post, tau_minus=STDP["tau_minus"])
    common = {
        "synapse_model": "stdp_synapse",
        # Receptor 1 of a parrot takes spikes without repeating them.
        "receptor_type": 1,
        "weight": 1.0,
        "Wmax": STDP["w_max"],
        "tau_plus": STDP["tau_plus"],
        "lambda": STDP["A_plus"],
        "alpha": STDP["A_minus"] / STDP["A_plus"],
        "mu_plus": mu_plus,
        "mu_minus": mu_minus,
    }
    for source, target, delay in zip(sources, targets, delays, strict=True):
        nest.Connect(source, target, "one_to_one", {**common, "delay": delay * 0.1})
    nest.Simulate(steps * 0.1)
    found = nest.GetConnections(sources, targets)
    order = np.argsort(found.get("source"))
    return np.array(found.get("weight"))[order]


def our_stdp(
    pre: list[np.ndarray], post: list[np.ndarray], delays: np.ndarray, dependence: str, steps: int
) -> np.ndarray:
    n = np.arange(len(pre))
    plan = plan_of(library(f"STDP_SpikePairRule_{dependence}"))
    values = {**STDP, "mu_plus": 0.5, "mu_minus": 0.5}
    rig = Rig(plan, Edges(n, n, delays, 1.0), pre, post, parameters=values)
    # NEST changes a weight when the presynaptic spike is sent, we when it is delivered.
    rig.run(steps + int(delays.max()))
    return rig.edge_values()


@pytest.mark.parametrize("dependence", DEPENDENCES)
def test_stdp_with_random_trains(dependence: str) -> None:
    rng = np.random.default_rng(4)
    steps, n = 2000, 24
    pre, post = (
        [np.flatnonzero(rng.random(steps - 60) < 0.02) + 5 for _ in range(n)] for _ in range(2)
    )
    delays = rng.choice([1, 2, 10, 50], n)
    found = our_stdp(pre, post, delays, dependence, steps)
    expected = nest_stdp(pre, post, delays, dependence, steps)
    np.testing.assert_allclose(found, expected, rtol=1e-9)
    assert np.abs(expected - 1).min() > 1e-4


@pytest.mark.parametrize("delay", [10, 50])
def test_stdp_window(delay: int) -> None:
    """One pair at each distance, through the coincidence at the synapse."""
    shifts = np.array([*range(-400, 401, 50), -51, -50, -49, -30, -11, -10, -9, -1, 0, 1])
    pre = [np.array([1000, 2500]) for _ in shifts]
    post = [np.array([1000 + shift]) for shift in shifts]
    delays = np.full(len(shifts), delay)
    found = our_stdp(pre, post, delays, "AdditiveWeightDependence", 2600)
    expected = nest_stdp(pre, post, delays, "AdditiveWeightDependence", 2600)
    np.testing.assert_allclose(found, expected, rtol=1e-12)
    # The spike acts on the synapse after the delay: 3 ms before can be after.
    change = found[shifts == -30][0] - 1
    assert (change > 0) == (delay == 50)
    assert found[shifts == -delay][0] == pytest.approx(
        1 - STDP["A_minus"] * 2 * np.exp(-150 / 34.0), rel=1e-12
    )


@pytest.mark.parametrize("tau_facil", [0.0, 200.0])
def test_tsodyks_markram(tau_facil: float) -> None:
    rng = np.random.default_rng(5)
    steps, n = 3000, 6
    trains = [np.flatnonzero(rng.random(steps - 20) < 0.01) + 5 for _ in range(n)]
    trains[0] = np.array([100, 200, 300, 400])
    values = {"U": 0.5, "tau_rec": 100.0, "tau_facil": tau_facil, "tau_syn": 20.0}
    recorder = nest.Create("weight_recorder")
    nest.CopyModel("tsodyks_synapse", "recorded", {"weight_recorder": recorder})
    sources, targets = parrots(trains), nest.Create("parrot_neuron", n)
    synapse = {
        "synapse_model": "recorded",
        "weight": 2.0,
        "delay": 1.0,
        "U": values["U"],
        "u": 0.0,
        "tau_psc": 20.0,
        "tau_rec": 100.0,
        "tau_fac": tau_facil,
        "x": 1.0,
        "y": 0.0,
    }
    nest.Connect(sources, targets, "one_to_one", synapse)
    nest.Simulate(steps * 0.1)
    events = recorder.events
    index = np.arange(n)
    plan = plan_of(library("TsodyksMarkramSynapse"), weight="scalar")
    edges = Edges(index, index, np.full(n, 10), 2.0)
    arrived = Rig(plan, edges, trains, [[]] * n, parameters=values).run(steps)
    for cell, train in enumerate(trains):
        mine = events["senders"] == sources[cell].global_id
        np.testing.assert_allclose(arrived[train + 10, cell], events["weights"][mine], rtol=1e-9)
    responses = arrived[trains[0] + 10, 0]
    if tau_facil == 0:
        np.testing.assert_allclose(responses / responses[0], [1, 0.510, 0.284, 0.188], atol=1e-3)


@pytest.mark.parametrize("tau_facil", [0.0, 200.0])
def test_quanta_have_the_same_distribution(tau_facil: float) -> None:
    count, train = 3000, np.array([10, 110, 160, 460, 480])
    values = {"n": 5.0, "U": 0.3, "tau_rec": 40.0, "tau_facil": tau_facil}
    recorder = nest.Create("weight_recorder")
    nest.CopyModel("quantal_stp_synapse", "recorded_quanta", {"weight_recorder": recorder})
    synapse = {
        "synapse_model": "recorded_quanta",
        "weight": 1.0,
        "delay": 0.5,
        "n": 5,
        "a": 5,
        "U": values["U"],
        # What the first spike uses, which NEST leaves at 0.5 otherwise.
        "u": values["U"],
        "tau_rec": values["tau_rec"],
        "tau_fac": tau_facil,
    }
    targets = nest.Create("parrot_neuron", count)
    nest.Connect(parrots([train]), targets, "all_to_all", synapse)
    nest.Simulate(60.0)
    n = np.arange(count)
    edges = Edges(np.zeros(count, int), n, np.full(count, 5), 1.0)
    plan = plan_of(library("MultiQuantalSynapse"))
    found = Rig(plan, edges, [train], [[]] * count, parameters=values).run(500)[train + 5]
    events = recorder.events
    for stamp, ours in zip(train, found, strict=True):
        theirs = np.zeros(count)
        sent = events["weights"][np.isclose(events["times"], stamp * 0.1)]
        theirs[: sent.size] = sent
        error = np.sqrt((ours.var() + theirs.var()) / count)
        assert abs(ours.mean() - theirs.mean()) < 5 * error
        assert ours.var() == pytest.approx(theirs.var(), rel=0.2)
