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
