"""Synapses with states on the target neuron: weights and spikes are those of the target cpu."""

from __future__ import annotations

import shutil
import subprocess
import sys

import numpy as np
import pytest

import snnc
import snnc.pynn as sim

pytest.importorskip("neuron", reason="the simulator NEURON is not installed")

DELAYS = sim.RandomDistribution("uniform", (0.1, 4.0))
WEIGHTS = sim.RandomDistribution("uniform", (0.001, 0.01))
PAIRS = {"A_plus": 0.02, "A_minus": 0.025}


def stdp(dependence, timing=None, **options):
    """Return a plastic synapse between bounds."""
    timing = timing or sim.SpikePairRule(**PAIRS)
    return sim.STDPMechanism(timing, dependence, weight=WEIGHTS, **options)


SYNAPSES = {
    "tsodyks_markram": lambda: sim.TsodyksMarkramSynapse(
        U=sim.RandomDistribution("uniform", (0.2, 0.6)), tau_rec=80.0, tau_facil=50.0,
        weight=0.01, delay=DELAYS,
    ),
    "additive": lambda: stdp(sim.AdditiveWeightDependence(w_max=0.02), delay=DELAYS),
    "axonal": lambda: stdp(
        sim.AdditiveWeightDependence(w_max=0.02), delay=2.0, dendritic_delay_fraction=0.0
    ),
    "shared": lambda: stdp(
        sim.AdditiveWeightDependence(w_max=0.02), delay=DELAYS, dendritic_delay_fraction=0.5
    ),
    "powers": lambda: stdp(sim.GutigWeightDependence(w_max=0.02), delay=1.0),
    "inhibitory": lambda: stdp(
        sim.AdditiveWeightDependence(w_max=0.02), sim.Vogels2011Rule(eta=1e-4, rho=0.02),
        delay=DELAYS,
    ),
}  # fmt: skip


def recurrent(synapse):
    """Build ten driven cells with synapses of a kind from sources and among themselves."""
    sim.setup(timestep=0.1)
    source = sim.Population(20, sim.SpikeSourcePoisson(rate=60.0), label="source")
    drive = sim.Population(10, sim.SpikeSourcePoisson(rate=500.0), label="drive")
    cells = sim.Population(10, sim.IF_cond_exp(), label="cells")
    static = sim.StaticSynapse(weight=0.03, delay=0.3)
    sim.Projection(drive, cells, sim.OneToOneConnector(), static)
    sim.Projection(source, cells, sim.AllToAllConnector(), synapse, label="from_source")
    others = sim.AllToAllConnector(allow_self_connections=False)
    among = sim.Projection(cells, cells, others, synapse, label="among")
    cells.record("spikes")
    return among


def both():
    return [snnc.compile(sim, target=target).simulation for target in ("cpu", "neuron")]


def assert_same(neuron, cpu):
    times, cells = cpu.spikes("cells")
    assert times.size > 400
    np.testing.assert_array_equal(neuron.spikes("cells")[1], cells)
    np.testing.assert_allclose(neuron.spikes("cells")[0], times, atol=1e-9)
    for projection in ("from_source", "among"):
        weights = cpu.edge_values(projection, "weight")
        np.testing.assert_allclose(neuron.edge_values(projection, "weight"), weights, atol=1e-12)


@pytest.mark.parametrize("name", SYNAPSES)
def test_weights_and_spikes_are_those_of_the_cpu(name):
    recurrent(SYNAPSES[name]())
    cpu, neuron = both()
    before = cpu.edge_values("among", "weight")
    for simulation in (cpu, neuron):
        simulation.run(50.3)
        simulation.run(149.7)
    assert_same(neuron, cpu)
    moved = np.abs(cpu.edge_values("among", "weight") - before).max()
    assert (moved > 1e-4) == (name != "tsodyks_markram")


def test_states_start_where_they_are_put_and_weights_can_be_set_between_runs():
    among = recurrent(SYNAPSES["tsodyks_markram"]())
    among.initialize(u=0.8)
    cpu, neuron = both()
    for simulation in (cpu, neuron):
        simulation.run(100.0)
        weights = simulation.edge_values("among", "weight")
        simulation.set_edge_values("among", "weight", 2.0 * weights)
        simulation.run(100.0)
    assert_same(neuron, cpu)


SCRIPT = """
import sys

import numpy as np
import pyNN.neuron as sim

sim.setup(timestep=0.1)
cells = sim.Population(300, sim.IF_cond_exp(i_offset=0.8))
cells.initialize(v=np.linspace(-64.0, -51.0, 300))
rule = sim.FixedProbabilityConnector(0.1, rng=sim.NumpyRNG(seed=3))
synapse = sim.STDPMechanism(
    sim.SpikePairRule(), sim.AdditiveWeightDependence(w_max=0.01), weight=0.0005, delay=0.5
)
connections = sim.Projection(cells, cells, rule, synapse)
sim.run(60.0)
weights = np.asarray(connections.get("weight", format="list", with_address=False), float)
if sim.rank() == 0:
    np.save(sys.argv[1], weights)
"""


@pytest.mark.skipif(shutil.which("mpiexec") is None, reason="MPI is not installed")
def test_two_ranks_give_the_weights_of_one(tmp_path):
    (tmp_path / "script.py").write_text(SCRIPT)
    found = []
    for ranks in (1, 2):
        file = tmp_path / f"{ranks}.npy"
        command = [sys.executable, "-m", "snnc.cli", "run", "script.py", "--target", "neuron"]
        command += ["--ranks", str(ranks), "--", str(file)]
        run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120)
        assert run.returncode == 0, run.stderr
        found.append(np.load(file))
    assert np.ptp(found[0]) > 1e-5
    np.testing.assert_allclose(found[1], found[0], atol=1e-12)
