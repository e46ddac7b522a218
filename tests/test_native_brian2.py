"""The target brian2 against the target cpu: same network, same input, same times."""

from __future__ import annotations

import numpy as np
import pytest

import snnc
import snnc.pynn as sim
from snnc import model_library
from snnc.codegen.native.brian2_synapses import emit_synapse
from snnc.ir.diagnostics import MissingDependencyError, OptionError, UnsupportedError, UserError
from snnc.ir.registry import TARGETS
from snnc.ir.text import parse

pytest.importorskip("brian2", reason="not installed: pip install 'snnc[brian2]'")


def both():
    """Return simulations of the current network on cpu and in Brian2."""
    return [snnc.compile(sim, target=target).simulation for target in ("cpu", "brian2")]


def assert_same(ours, theirs, population: str, variable: str = "v") -> None:
    np.testing.assert_array_equal(ours.spikes(population), theirs.spikes(population))
    left, right = ours.trace(population, variable), theirs.trace(population, variable)
    assert (left.start, left.interval) == (right.start, right.interval)
    np.testing.assert_allclose(left.values, right.values, atol=1e-9)


def mixed() -> None:
    """Poisson and listed sources, noise, views, delays from one step on, several receptors."""
    sim.setup(timestep=0.1, rng_seed=2)
    cells = sim.Population(40, sim.IF_curr_exp(tau_refrac=2.04), label="cells")
    cells.initialize(v=np.linspace(-64.0, -51.0, 40))
    relays = sim.Population(5, sim.IF_curr_delta(tau_refrac=0.0), label="relays")
    poisson = sim.Population(10, sim.SpikeSourcePoisson(rate=300.0), label="poisson")
    listed = sim.Population(2, sim.SpikeSourceArray(spike_times=[[0.0, 3.0], [1.0, 1.0, 2.5]]))
    excite = sim.StaticSynapse(weight=0.2, delay=0.1)
    sim.Projection(poisson, cells, sim.AllToAllConnector(), excite, receptor_type="excitatory")
    step = sim.StaticSynapse(weight=9.0, delay=0.1)
    sim.Projection(listed, relays, sim.AllToAllConnector(), step, receptor_type="excitatory")
    delays = sim.RandomDistribution("uniform", (0.1, 4.0))
    chance = sim.FixedProbabilityConnector(0.3)
    onto = sim.StaticSynapse(weight=0.3, delay=delays)
    sim.Projection(cells, cells + relays, chance, onto, receptor_type="excitatory")
    inhibit = sim.StaticSynapse(weight=-0.4, delay=delays)
    sim.Projection(relays, cells[3:], chance, inhibit, receptor_type="inhibitory", label="inhibit")
    steps = sim.StepCurrentSource(times=[0.0, 5.0, 20.0], amplitudes=[0.5, 0.2, 0.6])
    steps.inject_into(cells[1:9])
    noise = sim.NoisyCurrentSource(mean=0.1, stdev=0.3, start=2.0, stop=40.0)
    noise.inject_into(cells[5:12])
    cells.record("spikes")
    cells[2:7].record("v", sampling_interval=0.3)
    relays.record(["spikes", "v"])


def test_networks_with_all_kinds_of_input_give_the_spikes_of_the_cpu_target():
    mixed()
    cpu, brian2 = both()
    for simulation in (cpu, brian2):
        for duration in (0.1, 0.2, 10.0, 15.0, 4.7):
            simulation.run(duration)
    assert cpu.spikes("cells")[0].size > 50
    assert cpu.spikes("relays")[0].size > 5
    for population in ("cells", "relays"):
        assert_same(brian2, cpu, population)


def test_values_can_change_between_runs():
    mixed()
    cpu, brian2 = both()
    for simulation in (cpu, brian2):
        simulation.run(10.0)
        simulation.set_parameter("cells", "tau_m", 12.0)
        simulation.set_parameter("poisson", "rate", 500.0)
        simulation.set_state("cells", "v", -52.0, [4, 5])
        projection = simulation.artifact.projections[2].name
        weights = simulation.edge_values(projection, "weight")
        simulation.set_edge_values(projection, "weight", weights * 1.5)
        simulation.run(10.0)
    assert_same(brian2, cpu, "cells")
    np.testing.assert_allclose(brian2.state("cells", "v"), cpu.state("cells", "v"), atol=1e-9)


def test_reset_starts_anew_and_another_network_can_take_brian2_over():
    mixed()
    _, first = both()
    first.run(6.0)
    spikes = first.spikes("cells")
    assert spikes[0].size
    mixed()
    _, second = both()
    second.run(1.0)
    with pytest.raises(UserError, match="taken Brian2 over"):
        first.run(1.0)
    first.reset()
    first.run(6.0)
    np.testing.assert_array_equal(first.spikes("cells"), spikes)


def plastic(synapse) -> None:
    """Pairs of spikes at intervals from before to after, some at once, through one synapse each."""
    sim.setup(timestep=0.1)
    pairs = [[20.0 + 0.5 * i, 70.0 - 0.3 * i, 140.0] for i in range(41)]
    pre = sim.Population(41, sim.SpikeSourceArray(spike_times=pairs))
    post = sim.Population(1, sim.IF_curr_exp(tau_syn_E=0.5), label="post")
    drive = sim.Population(1, sim.SpikeSourceArray(spike_times=[30.0, 65.0]))
    sim.Projection(drive, post, sim.AllToAllConnector(), sim.StaticSynapse(weight=60.0, delay=0.1))
    sim.Projection(pre, post, sim.AllToAllConnector(), synapse, label="plastic")
    post.record(["spikes", "isyn_exc"])


def stdp(dependence, timing=None, **options):
    timing = timing or sim.SpikePairRule(tau_plus=15.0, tau_minus=25.0, A_plus=0.02, A_minus=0.015)
    return sim.STDPMechanism(timing, dependence(w_min=0.0, w_max=0.1), weight=0.05, **options)


PLASTIC = {
    "additive": lambda: stdp(sim.AdditiveWeightDependence, delay=5.0),
    "half of the delay axonal": lambda: stdp(
        sim.AdditiveWeightDependence, delay=5.0, dendritic_delay_fraction=0.5
    ),
    "all of the delay axonal": lambda: stdp(
        sim.AdditiveWeightDependence, delay=5.0, dendritic_delay_fraction=0.0
    ),
    "of one step": lambda: stdp(sim.MultiplicativeWeightDependence, delay=0.1),
    "powers": lambda: stdp(sim.GutigWeightDependence, delay=1.0),
    "nearest spikes": lambda: stdp(
        sim.AdditiveWeightDependence, sim.Vogels2011Rule(tau=20.0, eta=0.002, rho=0.01), delay=1.0
    ),
    "short-term": lambda: sim.TsodyksMarkramSynapse(
        U=0.4, tau_rec=100.0, tau_facil=50.0, weight=0.05, delay=2.0
    ),
    "short-term, each its own": lambda: sim.TsodyksMarkramSynapse(
        tau_rec=sim.RandomDistribution("uniform", (10.0, 90.0)), weight=0.05, delay=2.0
    ),
}


@pytest.mark.parametrize("name", PLASTIC)
def test_plastic_synapses_give_the_same_weights_and_currents(name):
    plastic(PLASTIC[name]())
    cpu, brian2 = both()
    for simulation in (cpu, brian2):
        simulation.run(150.0)
    assert cpu.spikes("post")[0].size >= 2
    weights = cpu.edge_values("plastic", "weight")
    assert name.startswith("short-term") or np.ptp(weights) > 1e-3
    np.testing.assert_allclose(brian2.edge_values("plastic", "weight"), weights, atol=1e-12)
    assert_same(brian2, cpu, "post", "isyn_exc")


def test_text_of_a_synapse():
    model = "STDP_SpikePairRule_AdditiveWeightDependence"
    synapse = emit_synapse(parse(model_library.text(model)).module.body.block.first_op)
    assert synapse.equations.splitlines() == [
        "weight : {weight}",
        "dx/dt = -x / tau_plus : 1 (event-driven)",
        "before_x : 1",
        "dy/dt = -y / tau_minus : 1 (event-driven)",
        "before_y : 1",
        "pre_time : second",
        "post_time : second",
    ]
    assert synapse.on_post.splitlines()[0] == "seen_x = x + int(pre_time == t) * (before_x - x)"
    assert "    delivered = w_max * " in synapse.source


def test_synapses_that_brian2_is_not_given_are_refused_with_targets_that_have_them():
    sim.setup(timestep=0.1)
    cells = sim.Population(2, sim.IF_cond_exp())
    sim.Projection(cells, cells, sim.AllToAllConnector(), sim.SimpleStochasticSynapse(p=0.5))
    with pytest.raises(UnsupportedError, match=r"target 'brian2'.*uniform.*can: cpu"):
        snnc.compile(sim, target="brian2")


def test_two_spikes_of_a_cell_in_a_step_are_refused_where_they_would_count_as_one():
    sim.setup(timestep=0.1)
    source = sim.Population(1, sim.SpikeSourceArray(spike_times=[3.0, 3.0]), label="source")
    cells = sim.Population(1, sim.IF_cond_exp())
    depressing = sim.TsodyksMarkramSynapse(weight=0.01, delay=1.0)
    sim.Projection(source, cells, sim.AllToAllConnector(), depressing, label="depressing")
    with pytest.raises(UserError, match=r"'depressing'; found two of cell 0 of 'source' at 3 ms"):
        snnc.compile(sim, target="brian2").run(5.0)


@pytest.mark.parametrize("option", [{"precision": "f32"}, {"solver": "euler"}, {"threads": 2}])
def test_choices_that_brian2_does_not_have_are_refused(option):
    mixed()
    with pytest.raises(OptionError, match=r"target 'brian2' has no choice of .*have it: cpu"):
        snnc.compile(sim, target="brian2", **option)


def test_a_missing_simulator_is_named_with_its_extra(monkeypatch):
    mixed()
    monkeypatch.setattr("snnc.codegen.brian2.find_spec", lambda name: None)
    assert TARGETS.get("brian2").unavailable() == "needs Brian2: pip install 'snnc[brian2]'"
    with pytest.raises(MissingDependencyError, match=r"snnc\[brian2\]"):
        snnc.compile(sim, target="brian2")
