"""Plasticity of inhibition (Vogels et al. 2011): a reference in plain Python, and NEST."""

from __future__ import annotations

import math

import numpy as np
import pytest
from synapse_rig import Edges, Rig, library, plan_of

RULE = {"tau": 20.0, "eta": 0.02, "rho": 0.025, "w_min": 0.0, "w_max": 1.5}


def reference(
    pre: np.ndarray, post: np.ndarray, delay: int, weight: float, p: dict[str, float] = RULE
) -> float:
    """Return the last weight by the nearest spikes, as PyNN's mechanism for NEURON computes it."""
    events = sorted([(int(t), "pre") for t in pre] + [(int(t) + delay, "post") for t in post])
    last = {"pre": -math.inf, "post": -math.inf}
    for time, side in events:
        since = (time - last["post" if side == "pre" else "pre"]) * 0.1
        change = math.exp(-since / p["tau"])
        if side == "pre":
            change -= 2 * p["rho"] * p["tau"]
        weight = min(max(weight + p["eta"] * change, p["w_min"]), p["w_max"])
        last[side] = time
    return weight


def apart(rng: np.random.Generator, steps: int, delay: int) -> tuple[np.ndarray, np.ndarray]:
    """Return trains without a coincidence at the synapse."""
    pre = np.flatnonzero(rng.random(steps) < 0.02)[1:]
    post = np.flatnonzero(rng.random(steps) < 0.02)[1:]
    return pre, np.setdiff1d(post, pre - delay)


@pytest.mark.parametrize("dense", [False, True])
@pytest.mark.parametrize("delay", [1, 30])
def test_rule_of_nearest_spikes(delay: int, dense: bool) -> None:
    rng = np.random.default_rng(7)
    trains = [apart(rng, 2000, delay) for _ in range(12)]
    n = np.arange(12)
    plan = plan_of(library("STDP_Vogels2011Rule_AdditiveWeightDependence"))
    pre, post = zip(*trains, strict=True)
    rig = Rig(plan, Edges(n, n, np.full(12, delay), 0.7), pre, post, parameters=RULE, dense=dense)
    rig.run(2000 + delay)
    expected = []
    for before, after in trains:
        # What follows the last presynaptic spike waits for the next one.
        known = after[after + delay < before[-1]]
        expected.append(reference(before, known, delay, 0.7))
    np.testing.assert_allclose(rig.edge_values(), expected, rtol=1e-11)
    assert np.ptp(expected) > 0.1


def test_nest_agrees_where_pairs_are_far_apart() -> None:
    """NEST's rule sums over all pairs, which is the same when only one pair is near."""
    nest = pytest.importorskip("nest", reason="NEST is not installed")
    nest.verbosity = nest.VerbosityLevel.ERROR
    nest.ResetKernel()
    nest.resolution = 0.1
    rng = np.random.default_rng(3)
    values = {**RULE, "tau": 2.0, "rho": 0.05}
    pre = np.arange(1000, 9000, 1000)
    posts = [pre + rng.choice([-80, -40, -13, 17, 33, 90], pre.size) for _ in range(10)]
    delay = 10

    def parrots(trains: list[np.ndarray], **parameters: float):
        cells = nest.Create("parrot_neuron", len(trains), parameters)
        times = [{"spike_times": (train - 1) * 0.1} for train in trains]
        nest.Connect(nest.Create("spike_generator", len(trains), times), cells, "one_to_one",
                     {"delay": 0.1})  # fmt: skip
        return cells

    sources, targets = parrots([pre] * 10), parrots(posts, tau_minus=values["tau"])
    synapse = {
        "synapse_model": "vogels_sprekeler_synapse",
        "receptor_type": 1,
        "weight": 0.7,
        "delay": delay * 0.1,
        "tau": values["tau"],
        "eta": values["eta"],
        "alpha": 2 * values["rho"] * values["tau"],
        "Wmax": values["w_max"],
    }
    nest.Connect(sources, targets, "one_to_one", synapse)
    nest.Simulate(920.0)
    found = nest.GetConnections(sources, targets)
    expected = np.array(found.get("weight"))[np.argsort(found.get("source"))]
    n = np.arange(10)
    plan = plan_of(library("STDP_Vogels2011Rule_AdditiveWeightDependence"))
    edges = Edges(n, n, np.full(10, delay), 0.7)
    rig = Rig(plan, edges, [pre] * 10, posts, parameters=values)
    rig.run(9200)
    np.testing.assert_allclose(rig.edge_values(), expected, rtol=1e-9)
    assert np.ptp(expected) > 1e-3


def test_mechanism_of_pynn_takes_the_rule() -> None:
    import snnc.pynn as sim

    sim.setup(timestep=0.1)
    pre = sim.Population(1, sim.SpikeSourceArray(spike_times=[10.0, 60.0]))
    post = sim.Population(1, sim.IF_cond_exp())
    synapse = sim.STDPMechanism(
        timing_dependence=sim.Vogels2011Rule(eta=1e-3, rho=0.01),
        weight_dependence=sim.AdditiveWeightDependence(w_min=0.0, w_max=0.1),
        weight=0.05,
        delay=1.0,
    )
    projection = sim.Projection(pre, post, sim.AllToAllConnector(), synapse, None, "inhibitory")
    sim.run(80.0)
    # Without postsynaptic spikes each presynaptic one takes 2 eta rho tau.
    expected = 0.05 - 2 * 2 * 1e-3 * 0.01 * 20.0
    found = projection.get("weight", format="list", with_address=False)
    assert found == pytest.approx([expected], rel=1e-12)
    sim.end()
