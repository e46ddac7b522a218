"""What all native targets share, tried with NEST and a model that is mapped by hand."""

from __future__ import annotations

import numpy as np
import pytest

import snnc
import snnc.pynn as sim
from snnc.codegen.native.artifact import (
    NativeArtifact,
    NativeCell,
    NativeReceptor,
    NativeState,
    NativeSynapse,
)
from snnc.ir.diagnostics import UnsupportedError, UserError
from snnc.ir.text import print_text
from snnc.passes.pipelines import parse_passes, run_passes

pytest.importorskip("nest", reason="the simulator NEST is not installed")

from snnc.runtime.native.nest import NestSimulation

PSC_EXP = NativeCell(
    "iaf_psc_exp",
    """
def constants(p, dt):
    return {"E_L": p["v_rest"], "C_m": 1e3 * p["cm"], "tau_m": p["tau_m"], "t_ref": p["tau_refrac"],
            "tau_syn_ex": p["tau_syn_E"], "tau_syn_in": p["tau_syn_I"], "I_e": 1e3 * p["i_offset"],
            "V_reset": p["v_reset"], "V_th": p["v_thresh"]}
""",
    states={
        "v": NativeState("V_m"),
        "isyn_exc": NativeState("I_syn_ex", 1e3),
        "isyn_inh": NativeState("I_syn_in", 1e3),
    },
    receptors={
        "excitatory": NativeReceptor(None, 1e3, 1),
        "inhibitory": NativeReceptor(None, 1e3, -1),
    },
    current=1e3,
)
STATIC = NativeSynapse("static_synapse", "def constants(p, dt):\n    return {}\n")


def on_nest(net) -> NestSimulation:
    artifact = NativeArtifact(
        "nest", net.document(), {"IF_curr_exp": PSC_EXP}, {"StaticSynapse": STATIC}
    )
    return NestSimulation(artifact)


def network():
    sim.setup(timestep=0.1, rng_seed=3)
    cells = sim.Population(4, sim.IF_curr_exp(i_offset=[0.0, 0.7, 0.8, 0.9]), label="cells")
    cells.initialize(v=[-65.0, -60.0, -55.0, -52.0])
    poisson = sim.Population(10, sim.SpikeSourcePoisson(rate=300.0), label="poisson")
    listed = sim.Population(
        2, sim.SpikeSourceArray(spike_times=[[0.0, 3.0], [1.0, 1.0, 2.5]]), label="listed"
    )
    one = sim.StaticSynapse(weight=0.2, delay=1.3)
    sim.Projection(poisson, cells, sim.AllToAllConnector(), one, receptor_type="excitatory")
    sim.Projection(listed, cells[0:2], sim.OneToOneConnector(), sim.StaticSynapse(weight=2.0))
    inhibition = sim.StaticSynapse(weight=-0.4, delay=0.7)
    sim.Projection(cells, cells, sim.AllToAllConnector(), inhibition, receptor_type="inhibitory")
    steps = sim.StepCurrentSource(times=[0.0, 5.0, 20.0], amplitudes=[0.5, 0.2, 0.6])
    steps.inject_into(cells[1:3])
    noise = sim.NoisyCurrentSource(mean=0.1, stdev=0.3, start=2.0, stop=40.0)
    noise.inject_into(cells[0:2])
    cells.record(["spikes", "v", "isyn_exc"])
    poisson.record("spikes")
    return sim


def assert_same(native, cpu) -> None:
    for population in ("cells", "poisson"):
        for ours, theirs in zip(native.spikes(population), cpu.spikes(population), strict=True):
            np.testing.assert_allclose(ours, theirs, atol=1e-9)
    np.testing.assert_allclose(
        native.trace("cells", "v").values, cpu.trace("cells", "v").values, atol=1e-6
    )


def test_nest_gives_the_spikes_and_potentials_of_the_cpu_target():
    net = network()
    cpu = snnc.compile(net).simulation
    native = on_nest(net)
    for simulation in (cpu, native):
        for duration in (0.1, 0.1, 10.0, 39.8):
            simulation.run(duration)
    assert native.t == cpu.t
    assert cpu.spikes("cells")[0].size > 10
    assert_same(native, cpu)
    isyn = native.trace("cells", "isyn_exc")
    np.testing.assert_allclose(
        isyn.values, cpu.trace("cells", "isyn_exc").values[: len(isyn.values)], atol=1e-6
    )


def driven(label: str, current: float = 1.0):
    sim.setup(timestep=0.1)
    cells = sim.Population(2, sim.IF_curr_exp(i_offset=current), label=label)
    other = sim.Population(2, sim.IF_curr_exp(v_rest=[-65.0, -64.0]), label="other")
    synapse = sim.StaticSynapse(weight=0.1, delay=1.0)
    sim.Projection(cells, other, sim.AllToAllConnector(), synapse, label="edges")
    cells.record("spikes")
    return snnc.compile(sim, target="nest").simulation


def test_a_second_network_takes_the_simulator_and_leaves_the_data_of_the_first():
    first = driven("first")
    first.run(50.0)
    spikes = first.spikes("first")[0]
    assert spikes.size
    second = driven("second")
    second.run(20.0)
    np.testing.assert_array_equal(first.spikes("first")[0], spikes)
    with pytest.raises(UserError, match="another network has taken NEST over at 50 ms; reset"):
        first.run(1.0)
    first.reset()
    first.run(50.0)
    np.testing.assert_array_equal(first.spikes("first")[0], spikes)


def test_changes_that_the_simulator_cannot_take_are_refused_and_change_nothing():
    simulation = driven("cells")
    simulation.set_edge_values("edges", "delay", 2.0)
    simulation.run(10.0)
    with pytest.raises(UnsupportedError, match=r"'nest' cannot change delays .* can: cpu"):
        simulation.set_edge_values("edges", "delay", 3.0)
    assert (simulation.edge_values("edges", "delay") == 2.0).all()
    with pytest.raises(UnsupportedError, match=r"'nest' cannot add objects .* can: cpu"):
        simulation.export_state()


def test_parameters_states_and_weights_change_between_runs():
    traces = []
    for target in ("cpu", "nest"):
        driven("cells")
        simulation = snnc.compile(sim, target=target).simulation
        simulation.record("other", ["v"])
        simulation.run(30.0)
        simulation.set_parameter("other", "v_rest", -62.0, [1])
        simulation.set_state("other", "v", -55.0, [0])
        simulation.set_edge_values("edges", "weight", 0.3)
        simulation.run(30.0)
        simulation.record("cells", ["v"], interval=0.5)
        simulation.run(10.0)
        traces.append([simulation.trace(p, "v").values for p in ("cells", "other")])
        np.testing.assert_allclose(simulation.state("other", "v"), traces[-1][1][-1])
    for ours, theirs in zip(*traces, strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-9)


def test_weights_of_a_sign_that_selects_another_receptor_are_refused():
    sim.setup()
    cells = sim.Population(1, sim.IF_curr_exp(), label="cells")
    synapse = sim.StaticSynapse(weight=0.1)
    sim.Projection(cells, cells, sim.AllToAllConnector(), synapse, label="loop")
    simulation = snnc.compile(sim, target="nest").simulation
    simulation.set_edge_values("loop", "weight", -0.1)
    with pytest.raises(UnsupportedError, match="weights of 'loop' have a sign that selects"):
        simulation.run(1.0)


def test_place_parameters_can_mark_all_of_cells_that_receive_input():
    sim.setup()
    sim.Population(1, sim.IF_curr_delta(), label="cells")
    sim.Population(1, sim.SpikeSourcePoisson(), label="source")
    document = sim.document()
    passes = "solve,hoist-constants,place-parameters{all_cells=true}"
    run_passes(document, parse_passes(passes))
    text = print_text(document)
    cell, source = text.split("step.cell @SpikeSourcePoisson")
    assert "arrays v_rest, cm, tau_m, tau_refrac, i_offset, v_reset, v_thresh {" in cell
    assert " arrays " not in source
