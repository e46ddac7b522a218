"""Cells and sources with random events against NEST, by statistics."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import stats

import snnc.pynn as sim

nest: Any = pytest.importorskip("nest", reason="nest is not installed: pip install 'snnc[nest]'")

CELLS, DURATION = 300, 1000.0


@pytest.fixture(autouse=True)
def fresh_kernel():
    nest.ResetKernel()
    nest.resolution = 0.1
    nest.rng_seed = 5


def of_nest(nodes):
    """Return the spike times of each node, by NEST."""
    recorder = nest.Create("spike_recorder")
    nest.Connect(nodes, recorder)
    nest.Simulate(DURATION)
    events = recorder.get("events")
    ids = np.array(nodes.tolist())
    return [np.sort(events["times"][events["senders"] == node]) for node in ids]


def of_snnc(celltype):
    """Return the spike times of each cell."""
    sim.setup(timestep=0.1, seed=3)
    cells = sim.Population(CELLS, celltype)
    cells.record("spikes")
    sim.run(DURATION)
    return [np.array(train) for train in cells.get_data().segments[0].spiketrains]


def intervals(trains, after):
    return np.concatenate([np.diff(train[train > after]) for train in trains])


def test_generalised_integrate_and_fire_cells_fire_as_in_nest():
    filters = {"tau_eta": [5.0, 20.0, 100.0], "a_eta": [0.1, 0.05, 0.02],
               "tau_gamma": [2.0, 20.0, 100.0], "a_gamma": [2.0, 1.0, 0.5]}  # fmt: skip
    ours = of_snnc(sim.GIF_cond_exp(i_offset=1.1, delta_v=1.0, lambda0=20.0, **filters))
    nodes = nest.Create("gif_cond_exp", CELLS, {
        "C_m": 1000.0, "g_L": 50.0, "E_L": -65.0, "V_m": -65.0, "V_reset": -65.0, "t_ref": 4.0,
        "V_T_star": -48.0, "Delta_V": 1.0, "lambda_0": 20.0, "I_e": 1100.0,
        "tau_stc": filters["tau_eta"], "q_stc": [100.0, 50.0, 20.0],
        "tau_sfa": filters["tau_gamma"], "q_sfa": filters["a_gamma"],
    })  # fmt: skip
    theirs = of_nest(nodes)
    counts = [np.array([train.size for train in trains]) for trains in (ours, theirs)]
    assert counts[1].mean() > 5.0
    # The standard error of either mean is below 1 %.
    assert counts[0].mean() == pytest.approx(counts[1].mean(), rel=0.04)
    first = [np.array([train[0] for train in trains]) for trains in (ours, theirs)]
    assert stats.ks_2samp(*first).pvalue > 0.01
    late = [intervals(trains, 300.0) for trains in (ours, theirs)]
    assert stats.ks_2samp(*late).pvalue > 0.01


def test_gamma_sources_have_the_intervals_of_nests_and_start_with_a_whole_one():
    ours = of_snnc(sim.SpikeSourceGamma(alpha=3, beta=60.0, start=50.0))
    nodes = nest.Create("parrot_neuron", CELLS)
    source = nest.Create("gamma_sup_generator", params={"gamma_shape": 3, "rate": 20.0})
    nest.Connect(source, nodes)
    theirs = of_nest(nodes)
    late = [intervals(trains, 100.0) for trains in (ours, theirs)]
    assert stats.ks_2samp(*late).pvalue > 0.01
    # As pyNN.neuron's, and unlike NEST's, whose sources begin in equilibrium.
    first = np.array([train[0] for train in ours]) - 50.0
    assert stats.kstest(first - 0.05, stats.gamma(3, scale=1000.0 / 60.0).cdf).pvalue > 0.01
    waits = np.array([train[0] for train in theirs])
    assert waits.mean() < 0.85 * first.mean()
