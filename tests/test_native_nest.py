"""The target `nest` against the target `cpu`: same network, same input, same times."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

import snnc
import snnc.pynn as sim
from snnc.ir.diagnostics import MissingDependencyError, OptionError, UnsupportedError
from snnc.ir.registry import TARGETS
from snnc.runtime.native.nest import NestDriver

pytest.importorskip("nest", reason="the simulator NEST is not installed")

# Weights onto excitatory and inhibitory receptors that make a cell fire.
CURRENTS = {"excitatory": 0.6, "inhibitory": -0.3}
CONDUCTANCES = {"excitatory": 0.02, "inhibitory": 0.02}
LINEAR = ("IF_curr_exp", "IF_curr_alpha", "IF_curr_delta")
SOLVED = (
    "IF_cond_exp",
    "IF_cond_alpha",
    "IF_cond_exp_gsfa_grr",
    "EIF_cond_exp_isfa_ista",
    "EIF_cond_alpha_isfa_ista",
)


def both(duration: float, **options):
    """Return simulations of the current network on cpu and on NEST that have run."""
    simulations = [snnc.compile(sim, target=t, **options).simulation for t in ("cpu", "nest")]
    for simulation in simulations:
        simulation.run(duration)
    return simulations


def single_cells(model: str, timestep: float) -> None:
    """Three cells with excitatory and inhibitory input, and with steps of current."""
    sim.setup(timestep=timestep)
    celltype = getattr(sim, model)
    cells = sim.Population(3, celltype(), label="cells")
    times = [10.0, 12.0, 15.0, 60.0, 61.0, 62.0, 63.0, 64.0]
    source = sim.Population(1, sim.SpikeSourceArray(spike_times=times))
    weights = CONDUCTANCES if celltype.conductance_based else CURRENTS
    if model == "IF_curr_delta":
        weights = {"excitatory": 5.0, "inhibitory": -3.0}
    for receptor, delay in (("excitatory", 1.0), ("inhibitory", 2.5)):
        synapse = sim.StaticSynapse(weight=weights[receptor], delay=delay)
        rule = sim.AllToAllConnector()
        sim.Projection(source, cells, rule, synapse, receptor_type=receptor)
    for cell in range(3):
        step = sim.StepCurrentSource(times=[0.0, 20.0, 90.0], amplitudes=[0.1, 0.7 * cell, 0.0])
        step.inject_into(cells[cell : cell + 1])
    cells.record(["spikes", "v"])


@pytest.mark.parametrize("model", LINEAR)
def test_linear_cells_agree_to_rounding(model):
    single_cells(model, 0.1)
    cpu, nest = both(150.0)
    assert cpu.spikes("cells")[0].size >= 4
    np.testing.assert_array_equal(nest.spikes("cells"), cpu.spikes("cells"))
    np.testing.assert_allclose(
        nest.trace("cells", "v").values, cpu.trace("cells", "v").values, atol=1e-9
    )


@pytest.mark.parametrize("model", SOLVED)
def test_solved_cells_agree_within_a_step_and_closer_with_a_smaller_one(model):
    errors = []
    for timestep in (0.1, 0.05):
        single_cells(model, timestep)
        cpu, nest = both(150.0)
        times, cells = cpu.spikes("cells")
        assert times.size >= 4
        np.testing.assert_array_equal(nest.spikes("cells")[1], cells)
        np.testing.assert_allclose(nest.spikes("cells")[0], times, atol=timestep * 1.01)
        # The first cell does not fire, so that nothing but the solvers differs.
        difference = nest.trace("cells", "v").values - cpu.trace("cells", "v").values
        errors.append(np.sqrt(np.mean(difference[:, 0] ** 2)))
    assert errors[0] < 0.05
    assert errors[1] < errors[0]


def recurrent(size: int = 1000) -> None:
    sim.setup(timestep=0.1, rng_seed=4)
    parameters = {
        "tau_m": 20.0, "cm": 0.2, "v_rest": -60.0, "v_thresh": -50.0, "v_reset": -60.0,
        "tau_refrac": 5.0, "tau_syn_E": 5.0, "tau_syn_I": 10.0, "i_offset": 0.21,
    }  # fmt: skip
    exc = sim.Population(size * 4 // 5, sim.IF_curr_exp(**parameters), label="exc")
    inh = sim.Population(size // 5, sim.IF_curr_exp(**parameters), label="inh")
    connector = sim.FixedProbabilityConnector(20.0 / size)
    for pre, weight, receptor in ((exc, 0.04, "excitatory"), (inh, -0.25, "inhibitory")):
        pre.initialize(v=sim.RandomDistribution("uniform", (-60.0, -50.0)))
        pre.record("spikes")
        for post in (exc, inh):
            delay = sim.RandomDistribution("uniform", (0.2, 2.0))
            synapse = sim.StaticSynapse(weight=weight, delay=delay)
            sim.Projection(pre, post, connector, synapse, receptor_type=receptor)


@pytest.mark.parametrize("threads", [1, 2])
def test_a_recurrent_network_gives_the_same_spikes(threads):
    recurrent()
    cpu, nest = both(200.0, threads=threads)
    for population in ("exc", "inh"):
        times, cells = cpu.spikes(population)
        assert times.size > 500
        ours = {*zip(*nest.spikes(population), strict=True)}
        assert len(ours & {*zip(times, cells, strict=True)}) >= 0.99 * max(times.size, len(ours))


def test_a_sheet_with_depressing_synapses_and_noise_fires_as_much():
    sim.setup(timestep=0.1, rng_seed=6)
    cell = sim.IF_cond_exp(tau_m=12.0, cm=0.8)
    start = sim.RandomDistribution("uniform", (-65.0, -50.0))
    exc = sim.Population(800, cell, initial_values={"v": start}, label="exc")
    inh = sim.Population(200, cell, initial_values={"v": start}, label="inh")
    cells = exc + inh
    cells.inject(sim.NoisyCurrentSource(mean=1.2, stdev=0.1))
    connector = sim.DistanceDependentProbabilityConnector("exp(-d**2/400.0)")
    weight = sim.RandomDistribution("uniform", (0.0, 0.01))
    shared = {"weight": weight, "delay": "0.5+0.01*d"}
    depressing = sim.TsodyksMarkramSynapse(U=0.5, tau_rec=800.0, **shared)
    sim.Projection(exc, cells, connector, depressing, receptor_type="excitatory")
    static = sim.StaticSynapse(**shared)
    sim.Projection(inh, cells, connector, static, receptor_type="inhibitory")
    cells.record("spikes")
    cpu, nest = both(100.0)
    for population in ("exc", "inh"):
        expected = cpu.spikes(population)[0].size
        assert expected > 200
        assert nest.spikes(population)[0].size == pytest.approx(expected, rel=0.02)


def plastic(synapse, delay: float) -> None:
    """Pairs of spikes at intervals from before to after, through one synapse each."""
    sim.setup(timestep=0.1)
    pairs = [[50.0 + 0.7 * i, 150.0 + 0.7 * i, 250.0 - 0.3 * i] for i in range(41)]
    pre = sim.Population(41, sim.SpikeSourceArray(spike_times=pairs))
    post = sim.Population(1, sim.IF_curr_exp(tau_syn_E=0.5), label="post")
    drive = sim.Population(1, sim.SpikeSourceArray(spike_times=[60.0, 160.0, 171.0, 245.0]))
    sim.Projection(drive, post, sim.AllToAllConnector(), sim.StaticSynapse(weight=60.0, delay=0.1))
    sim.Projection(pre, post, sim.AllToAllConnector(), synapse(delay), label="plastic")
    post.record(["spikes", "isyn_exc"])


def stdp(dependence):
    timing = sim.SpikePairRule(tau_plus=15.0, tau_minus=25.0, A_plus=0.02, A_minus=0.015)
    return lambda delay: sim.STDPMechanism(timing, dependence, weight=0.05, delay=delay)


LIMITS = {"w_min": 0.0, "w_max": 0.1}
PLASTIC = {
    "additive": stdp(sim.AdditiveWeightDependence(**LIMITS)),
    "multiplicative": stdp(sim.MultiplicativeWeightDependence(**LIMITS)),
    "gutig": stdp(sim.GutigWeightDependence(**LIMITS, mu_plus=0.3, mu_minus=0.6)),
    "mixed": stdp(sim.AdditivePotentiationMultiplicativeDepression(**LIMITS)),
}


@pytest.mark.parametrize("delay", [1.0, 5.0])
@pytest.mark.parametrize("name", PLASTIC)
def test_spike_timing_plasticity_gives_the_same_weights(name, delay):
    plastic(PLASTIC[name], delay)
    cpu, nest = both(300.0)
    assert cpu.spikes("post")[0].size >= 4
    weights = cpu.edge_values("plastic", "weight")
    assert np.ptp(weights) > 1e-3
    np.testing.assert_allclose(nest.edge_values("plastic", "weight"), weights, atol=1e-12)


def test_short_term_plasticity_gives_the_same_currents():
    plastic(
        lambda delay: sim.TsodyksMarkramSynapse(
            U=0.4, tau_rec=100.0, tau_facil=50.0, weight=0.05, delay=delay
        ),
        1.0,
    )
    cpu, nest = both(300.0)
    values = nest.trace("post", "isyn_exc").values
    expected = cpu.trace("post", "isyn_exc").values
    assert expected.max() > 1.0
    np.testing.assert_allclose(values, expected[: len(values)], atol=1e-9)


def test_a_source_that_changes_between_runs_acts_from_the_next_step():
    sim.setup(timestep=0.1)
    cells = sim.Population(1, sim.IF_curr_exp(), label="cells")
    source = sim.DCSource(amplitude=0.3)
    source.inject_into(cells)
    cells.record("v")
    traces = []
    for target in ("cpu", "nest"):
        simulation = snnc.compile(sim, target=target).simulation
        for amplitude in (0.3, 0.6, -0.1):
            simulation.set_source(source.symbol, "amplitude", amplitude)
            simulation.run(2.0)
        traces.append(simulation.trace("cells", "v").values)
    np.testing.assert_allclose(traces[1], traces[0], atol=1e-9)


def test_models_that_nest_lacks_are_refused_with_the_targets_that_have_them():
    sim.setup()
    cells = sim.Population(2, sim.IF_curr_exp())
    rule = sim.Vogels2011Rule(), sim.AdditiveWeightDependence()
    synapse = sim.STDPMechanism(*rule, weight=0.1, delay=1.0)
    sim.Projection(cells, cells, sim.AllToAllConnector(), synapse)
    message = r"target 'nest'.*'STDP_Vogels2011Rule_.*the nearest is.*can: cpu"
    with pytest.raises(UnsupportedError, match=message) as refused:
        snnc.compile(sim, target="nest")
    assert refused.value.location.file == __file__


def test_values_that_nest_cannot_take_are_refused_before_it_is_touched(monkeypatch):
    sim.setup(target="nest")
    cells = sim.Population(2, sim.IF_curr_exp())
    rule = sim.SpikePairRule(), sim.AdditiveWeightDependence(w_min=0.05)
    synapse = sim.STDPMechanism(*rule, weight=0.1, delay=1.0)
    sim.Projection(cells, cells, sim.AllToAllConnector(), synapse)
    monkeypatch.setattr(NestDriver, "_create", lambda *given: pytest.fail("it builds"))
    message = r"target 'nest': stdp_synapse cannot .* unless w_min == 0.*; targets that can: cpu$"
    with pytest.raises(UnsupportedError, match=message):
        sim.run(1.0)


@pytest.mark.parametrize("option", [{"precision": "f32"}, {"solver": "euler"}])
def test_choices_that_nest_does_not_have_are_refused(option):
    single_cells("IF_curr_exp", 0.1)
    with pytest.raises(OptionError, match=r"target 'nest' has no choice of .*have it: cpu"):
        snnc.compile(sim, target="nest", **option)


def test_a_missing_simulator_is_named_with_its_extra(monkeypatch):
    single_cells("IF_curr_exp", 0.1)
    monkeypatch.setattr("snnc.codegen.nest.find_spec", lambda name: None)
    reason = TARGETS.get("nest").unavailable()
    assert reason == "needs NEST: pip install 'snnc[nest]'"
    with pytest.raises(MissingDependencyError, match=r"snnc\[nest\]"):
        snnc.compile(sim, target="nest")


def test_what_nest_cannot_represent_is_refused_in_its_own_words_where_it_is_made():
    sim.setup()
    sim.Population(1, sim.IF_curr_exp(v_thresh=-70.0), label="cells")
    message = (
        r"target 'nest': NEST refuses population 'cells': .*threshold.*; targets that can: cpu$"
    )
    with pytest.raises(UnsupportedError, match=message) as refused:
        snnc.compile(sim, target="nest").run(1.0)
    assert refused.value.location.file == __file__


def test_values_that_nest_refuses_between_runs_change_nothing():
    sim.setup()
    cells = sim.Population(2, sim.IF_curr_exp(i_offset=0.8), label="cells")
    cells.record("v")
    net, untouched = (snnc.compile(sim, target="nest") for _ in range(2))
    net.run(10.0)
    with pytest.raises(UnsupportedError, match=r"NEST refuses population 'cells': .*threshold"):
        net.simulation.set_parameter("cells", "v_thresh", [-64.0, -70.0])
    assert net.simulation.parameters("cells", "v_thresh") == -50.0
    net.run(40.0)
    untouched.run(50.0)
    assert untouched.simulation.spikes("cells")[0].size == 0
    traces = [one.simulation.trace("cells", "v").values for one in (net, untouched)]
    np.testing.assert_array_equal(*traces)


SCRIPT = """
import pyNN.neuron as sim
sim.setup(timestep=0.1, rng_seed=1)
cells = sim.Population(5, sim.IF_cond_exp(i_offset=0.9), label="cells")
cells.record(["spikes", "v"], sampling_interval=0.5)
sim.run(50.0)
cells.set(i_offset=[0.0, 0.5, 0.9, 1.2, 1.5])
cells.initialize(v=-70.0)
sim.run(50.0)
sim.reset()
sim.run(30.0)
data = cells.get_data()
for segment in data.segments:
    (v,) = segment.filter(name="v")
    print(len(segment.spiketrains), sum(train.size for train in segment.spiketrains), v.shape,
          float(v.sampling_period), round(float(v[-1].mean()), 1))
"""


def test_scripts_print_the_same_whether_cpu_or_nest_runs_them(tmp_path):
    (tmp_path / "script.py").write_text(SCRIPT)
    command = [sys.executable, "-m", "snnc.cli", "run", "script.py", "--target"]
    printed = [
        subprocess.run(
            [*command, target], cwd=tmp_path, capture_output=True, text=True, check=True
        ).stdout
        for target in ("cpu", "nest")
    ]
    assert printed[0].splitlines()[0].startswith("5 ")
    assert printed[1] == printed[0]


def test_parameters_of_synapses_may_differ_between_them():
    sim.setup(timestep=0.1)
    source = sim.Population(1, sim.SpikeSourceArray(spike_times=[5.0, 15.0, 25.0, 60.0]))
    cells = sim.Population(3, sim.IF_curr_exp(), label="cells")
    use = np.array([[0.2, 0.5, 0.8]])
    synapse = sim.TsodyksMarkramSynapse(U=use, tau_rec=50.0, weight=0.5, delay=1.0)
    sim.Projection(source, cells, sim.AllToAllConnector(), synapse, receptor_type="excitatory")
    cells.record("v")
    cpu, nest = both(80.0)
    traces = cpu.trace("cells", "v").values
    assert np.ptp(traces.max(axis=0)) > 0.5
    np.testing.assert_allclose(nest.trace("cells", "v").values, traces, atol=1e-9)
