"""The network of PyNN's talk, at a tenth of its size, on every simulator that has its synapses.

A sheet of conductance-based cells with connections that thin out with distance, depressing
excitatory synapses, noise into all cells, and weights from a distribution; driven enough to fire.
"""

from __future__ import annotations

import numpy as np
import pytest

import snnc
import snnc.pynn as sim


def build() -> None:
    sim.setup(timestep=0.1, rng_seed=6)
    cell = sim.IF_cond_exp(tau_m=12.0, cm=0.8, v_thresh=-50.0)
    exc = sim.Population(2000, cell, label="exc")
    inh = sim.Population(500, cell, label="inh")
    cells = exc + inh
    rate = sim.RandomDistribution("normal", (10.0, 2.0))
    source = sim.Population(100, sim.SpikeSourcePoisson(rate=rate), label="input")
    cells.inject(sim.NoisyCurrentSource(mean=1.2, stdev=0.1))
    connector = sim.DistanceDependentProbabilityConnector("exp(-d**2/400.0)")
    shared = {"weight": sim.RandomDistribution("uniform", (0.0, 0.01)), "delay": "0.5+0.01*d"}
    depressing = sim.TsodyksMarkramSynapse(U=0.5, tau_rec=800.0, **shared)
    sim.Projection(exc, cells, connector, depressing, receptor_type="excitatory")
    static = sim.StaticSynapse(**shared)
    sim.Projection(inh, cells, connector, static, receptor_type="inhibitory")
    strong = sim.StaticSynapse(weight=0.02, delay=1.0)
    sim.Projection(source, exc, sim.FixedNumberPreConnector(1), strong, receptor_type="excitatory")
    exc.record("spikes")
    inh[:10].record("v")


@pytest.mark.parametrize("target", ["nest", "neuron", "brian2"])
def test_the_network_does_what_it_does_on_the_cpu(target):
    pytest.importorskip(target, reason=f"the simulator of target {target} is missing")
    build()
    simulations = [snnc.compile(sim, target=name).simulation for name in ("cpu", target)]
    for simulation in simulations:
        simulation.run(50.0)
    (times, cells), ours = (simulation.spikes("exc") for simulation in simulations)
    assert times.size > 500
    shared = {*zip(*ours, strict=True)} & {*zip(times, cells, strict=True)}
    assert len(shared) > 0.9 * max(times.size, ours[0].size)
    v, theirs = (simulation.trace("inh", "v").values for simulation in simulations)
    early = slice(0, 50)
    assert np.ptp(v[early]) > 1.0
    np.testing.assert_allclose(theirs[early], v[early], atol=0.02)
