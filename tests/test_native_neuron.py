"""The target neuron against the target cpu, and the text of its mechanisms.

The mechanisms use the solvers of the cpu target, so what is tested is the printing, the order in a
step, and that NEURON delivers, injects and records at the right steps.
"""

from __future__ import annotations

import shutil
import subprocess
import sys

import numpy as np
import pytest
from few_cells_cases import CASES
from neo.io import PickleIO
from single_cells import Few, spike_times, voltages

import snnc
import snnc.pynn as sim
from snnc.ir.diagnostics import MissingDependencyError, UnsupportedError, UserError

pytest.importorskip("neuron", reason="the simulator NEURON is not installed")

DURATION = 100.0


@pytest.mark.parametrize("model", sorted(CASES))
def test_every_cell_type_does_what_it_does_on_the_cpu(model):
    cpu = CASES[model].compile()
    neuron = CASES[model].compile(target="neuron")
    for network in (cpu, neuron):
        network.run(0.1)
        network.run(DURATION - 0.1)
    assert sum(len(spike_times(cpu, cell)) for cell in range(3)) > 0
    for cell in range(3):
        assert spike_times(neuron, cell) == pytest.approx(spike_times(cpu, cell), abs=1e-9)
    np.testing.assert_allclose(voltages(neuron), voltages(cpu), atol=1e-6)


GOLDEN = """\
: LIF
: v: exact in integrating.
: Values are in mV, ms, nA, nF and uS; constants hold for one dt:
:   P_v = exp(-1.0 / tau_m * dt)
:   P_v_injected = dt * exprel(-1.0 / tau_m * dt) * (1.0 / cm)
:   P_v_const = dt * exprel(-1.0 / tau_m * dt) * (v_rest / tau_m + i_offset / cm)
:   steps_refractory = tau_refrac, in steps

NEURON {
    THREADSAFE
    POINT_PROCESS LIF_{digest}
    RANGE v_, injected, clock, v_reset, P_v, P_v_injected, P_v_const, v_thresh,
          steps_refractory, substep
    GLOBAL substeps
}

PARAMETER {
    v_reset P_v P_v_injected P_v_const v_thresh steps_refractory substeps = 1
}

ASSIGNED {
    v_ injected clock substep
}

INITIAL {
    clock = 0
    substep = 0
}

BREAKPOINT { SOLVE count }

PROCEDURE count() {
    substep = substep + 1
    if (substep == substeps) { substep = 0 advance() }
}

PROCEDURE advance() {
    LOCAL v_next, x, x_0
    if (clock > 0) {
        v_next = v_
    } else {
        v_next = P_v * v_ + P_v_injected * injected + P_v_const
    }
    x = clock == 0 && v_next >= v_thresh
    if (x) { x_0 = v_reset } else { x_0 = v_next }
    v_ = x_0
    if (clock > 0) { clock = clock - 1 }
    if (x) { clock = steps_refractory }
    if (x) {
VERBATIM
    net_event(_ppvar[1].get<Point_process*>(), t);
ENDVERBATIM
    }
}
"""


def test_text_of_a_mechanism():
    network = CASES["LIF"].compile(target="neuron")
    text = network.ir("nmodl")
    digest = text.split("POINT_PROCESS LIF_")[1][:8]
    assert text == GOLDEN.replace("{digest}", digest)


def recurrent():
    sim.setup(timestep=0.1)
    cells = sim.Population(40, sim.IF_cond_exp(tau_refrac=2.0), label="cells")
    cells.initialize(v=np.linspace(-64.0, -51.0, 40))
    relays = sim.Population(5, sim.IF_cond_alpha(), label="relays")
    poisson = sim.Population(10, sim.SpikeSourcePoisson(rate=300.0), label="poisson")
    listed = sim.Population(2, sim.SpikeSourceArray(spike_times=[[0.0, 3.0], [1.0, 1.0, 2.5]]))
    excite = sim.StaticSynapse(weight=0.008, delay=0.1)
    sim.Projection(poisson, cells, sim.AllToAllConnector(), excite, receptor_type="excitatory")
    step = sim.StaticSynapse(weight=0.5, delay=0.1)
    sim.Projection(listed, relays, sim.AllToAllConnector(), step, receptor_type="excitatory")
    delays = sim.RandomDistribution("uniform", (0.1, 4.0))
    inhibit = sim.StaticSynapse(weight=0.002, delay=delays)
    chance = sim.FixedProbabilityConnector(0.3)
    sim.Projection(cells, cells + relays, chance, excite, receptor_type="excitatory")
    sim.Projection(relays, cells[3:], chance, inhibit, receptor_type="inhibitory", label="inhibit")
    steps = sim.StepCurrentSource(times=[0.0, 5.0, 20.0], amplitudes=[0.5, 0.2, 0.6])
    steps.inject_into(cells[1:9])
    noise = sim.NoisyCurrentSource(mean=0.1, stdev=0.3, start=2.0, stop=40.0)
    noise.inject_into(cells[5:12])
    cells.record("spikes")
    cells[2:7].record("v", sampling_interval=0.3)
    relays.record(["spikes", "v"])
    return sim


def assert_same(neuron, cpu) -> None:
    for population in ("cells", "relays"):
        for ours, theirs in zip(neuron.spikes(population), cpu.spikes(population), strict=True):
            np.testing.assert_allclose(ours, theirs, atol=1e-9)
        ours, theirs = neuron.trace(population, "v"), cpu.trace(population, "v")
        assert (ours.start, ours.interval) == (theirs.start, theirs.interval)
        np.testing.assert_allclose(ours.values, theirs.values, atol=1e-6)


def both(net):
    return [snnc.compile(net, target=target).simulation for target in ("cpu", "neuron")]


def test_networks_with_all_kinds_of_input_give_the_spikes_of_the_cpu_target():
    cpu, neuron = both(recurrent())
    for simulation in (cpu, neuron):
        for duration in (0.1, 0.2, 30.0, 9.7):
            simulation.run(duration)
    assert cpu.spikes("cells")[0].size > 50
    assert cpu.spikes("relays")[0].size > 5
    assert_same(neuron, cpu)


def test_values_can_change_between_runs():
    cpu, neuron = both(recurrent())
    for simulation in (cpu, neuron):
        simulation.run(15.0)
        simulation.set_parameter("cells", "tau_m", 12.0)
        simulation.set_parameter("poisson", "rate", 500.0)
        simulation.set_state("cells", "v", -52.0, [4, 5])
        projection = simulation.artifact.projections[2].name
        weights = simulation.edge_values(projection, "weight")
        simulation.set_edge_values(projection, "weight", weights * 1.5)
        simulation.run(15.0)
    assert_same(neuron, cpu)
    np.testing.assert_allclose(neuron.state("cells", "v"), cpu.state("cells", "v"), atol=1e-6)


def test_reset_starts_anew_and_another_network_can_take_neuron_over():
    _, first = both(recurrent())
    first.run(12.0)
    spikes = first.spikes("cells")
    _, second = both(recurrent())
    second.run(5.0)
    with pytest.raises(UserError, match="taken NEURON over"):
        first.run(1.0)
    first.reset()
    first.run(12.0)
    for ours, theirs in zip(first.spikes("cells"), spikes, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_threads_are_answered_with_what_to_do_instead():
    network = CASES["IF_curr_exp"].compile(target="neuron", threads=2)
    with pytest.warns(UserWarning, match="found threads = 2: `snnc run --ranks 2`"):
        network.run(1.0)


def test_random_draws_of_cells_are_refused_by_name():
    with pytest.raises(UnsupportedError, match=r"GIF_cond_exp.*draws random numbers.*cpu"):
        Few("GIF_cond_exp", 1).compile(target="neuron")


def test_synapses_that_cannot_be_emitted_are_refused_by_name():
    sim.setup(timestep=0.1)
    cells = sim.Population(2, sim.IF_cond_exp())
    sim.Projection(cells, cells, sim.AllToAllConnector(), sim.SimpleStochasticSynapse(p=0.5))
    with pytest.raises(UnsupportedError, match=r"SimpleStochasticSynapse.*cpu"):
        snnc.compile(sim, target="neuron")


def test_a_missing_compiler_is_named(monkeypatch, tmp_path):
    from snnc.runtime.native.nrnivmodl import load_mechanism

    monkeypatch.setenv("SNNC_CACHE_DIR", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CXX", raising=False)
    with pytest.raises(MissingDependencyError, match=r"'Unknown'.*C\+\+ compiler"):
        load_mechanism("Unknown", ": nothing")


def test_mechanisms_are_compiled_once_per_machine(monkeypatch, tmp_path):
    few = Few("LIF", 1, {"i_offset": 1.0})
    few.compile(target="neuron").run(0.1)
    monkeypatch.setattr("shutil.which", lambda *_, **__: None)
    few.compile(target="neuron").run(0.1)


SCRIPT = """
import sys

import pyNN.neuron as sim

sim.setup(timestep=0.1)
cells = sim.Population(300, sim.IF_cond_exp(tau_refrac=2.0))
others = sim.Population(7, sim.IF_cond_exp(tau_refrac=2.0))
source = sim.Population(20, sim.SpikeSourcePoisson(rate=50.0))
strong = sim.StaticSynapse(weight=0.01, delay=0.1)
sim.Projection(source, cells, sim.AllToAllConnector(), strong, receptor_type="excitatory")
weak = sim.StaticSynapse(weight=0.002, delay=float(sys.argv[1]))
chance = sim.FixedProbabilityConnector(0.1)
sim.Projection(cells, cells + others, chance, weak, receptor_type="excitatory")
cells.record("spikes")
cells[146:154].record("v")
others.record("spikes")
sim.run(15.0)
sim.run(15.0)
segment = cells.get_data().segments[0]
cells.write_data(sys.argv[2])
print([train.magnitude.round(6).tolist() for train in segment.spiketrains])
print(segment.analogsignals[0].magnitude.round(6).tolist())
print(others.get_spike_counts())
"""


@pytest.mark.skipif(shutil.which("mpiexec") is None, reason="MPI is not installed")
@pytest.mark.parametrize("delay", [0.1, 0.7])
def test_two_ranks_give_the_spikes_of_one(tmp_path, delay):
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    outputs = []
    for ranks in ([], ["--ranks", "2"]):
        command = [sys.executable, "-m", "snnc.cli", "run", str(script), "--target", "neuron"]
        command += [*ranks, "--", str(delay), f"data{len(ranks)}.pkl"]
        done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=tmp_path)
        outputs.append(done.stdout)
    assert outputs[0].count(",") > 1000
    assert outputs[1] == outputs[0]
    blocks = [PickleIO(str(tmp_path / f"data{n}.pkl")).read_block() for n in (0, 2)]
    one, two = (block.segments[0].analogsignals[0].magnitude for block in blocks)
    np.testing.assert_array_equal(one, two)


def test_ranks_are_refused_for_targets_without_them(monkeypatch):
    from snnc.ranks import distribute

    monkeypatch.delenv("SNNC_RANKS", raising=False)
    with pytest.raises(UnsupportedError, match=r"target cpu runs in one process.*neuron"):
        distribute(2, "cpu")
    with pytest.raises(UnsupportedError, match=r"nest runs in one process \(.*without MPI; --thr"):
        distribute(2, "nest")
    with pytest.raises(UserError, match="found 0"):
        distribute(0, "neuron")
