"""Synapses with states inside a running network: threads, chunks, reset, building anew."""

from __future__ import annotations

import numpy as np
import pytest
from runtime_networks import assert_equal

from snnc import model_library
from snnc.codegen.cpu import generate
from snnc.ir.build import NetworkBuilder
from snnc.ir.values import Random
from snnc.passes.pipelines import parse_passes, pipeline_text, run_passes
from snnc.runtime.engine.recompilation import NeedsRecompilation
from snnc.runtime.simulation import Simulation

TM = "TsodyksMarkramSynapse"
QUANTAL = "MultiQuantalSynapse"
STDP = "STDP_SpikePairRule_AdditiveWeightDependence"


def network(synapse: str, threads: int, precision: str = "f64") -> Simulation:
    """Noise drives E, whose synapses onto E and F have states."""
    builder = NetworkBuilder("net", dt=0.1, seed=3)
    for name in ("IF_curr_exp", "SpikeSourcePoisson", "StaticSynapse", synapse):
        builder.use_model(model_library.text(name), f"{name}.mlir")
    builder.population("E", 40, "IF_curr_exp", parameters={"tau_refrac": 2.0})
    builder.population("F", 13, "IF_curr_exp")
    builder.population("noise", 25, "SpikeSourcePoisson", parameters={"rate": 200.0})
    builder.assembly("targets", ["E", "F"])
    half = ("fixed_probability", {"p_connect": 0.5})
    lags = Random("uniform", {"low": 0.5, "high": 4.0})
    builder.projection("drive", "noise", "E", half, "StaticSynapse", "excitatory", 2.0, 1.0)
    builder.projection("plastic", "E", "targets", half, synapse, "excitatory", 0.6, lags)
    document = builder.finish()
    pipeline = pipeline_text("cpu", threads=threads, precision=precision)
    run_passes(document, parse_passes(pipeline))
    sim = Simulation(generate(document))
    for name in ("E", "F"):
        sim.record(name, ["spikes", "v"])
    return sim


def everything(sim: Simulation) -> list[np.ndarray]:
    traces = [sim.trace(name, "v").values for name in ("E", "F")]
    weights = sim.edge_values("plastic", "weight")
    return [*sim.spikes("E"), *sim.spikes("F"), *traces, weights]


@pytest.fixture(scope="module", params=[TM, STDP, QUANTAL])
def reference(request: pytest.FixtureRequest) -> tuple[str, list[np.ndarray]]:
    sim = network(request.param, 1)
    sim.run(80.0)
    result = everything(sim)
    assert min(len(result[0]), len(result[2])) > 20
    assert (np.ptp(result[-1]) > 0) == (request.param == STDP)
    return request.param, result


@pytest.mark.parametrize("threads", [2, 3, 7])
def test_number_of_threads_does_not_matter(threads, reference):
    synapse, expected = reference
    sim = network(synapse, threads)
    sim.run(80.0)
    assert_equal(everything(sim), expected)


def test_many_runs_equal_one_and_reset_starts_anew(reference):
    synapse, expected = reference
    sim = network(synapse, 2)
    for _ in range(20):
        sim.run(4.0)
    assert_equal(everything(sim), expected)
    sim.reset()
    sim.run(80.0)
    assert_equal(everything(sim), expected)


def test_network_built_anew_goes_on_where_the_old_one_stopped(reference):
    synapse, expected = reference
    old = network(synapse, 2)
    old.run(31.7)
    new = network(synapse, 2)
    new.import_state(old.export_state())
    new.run(80.0 - 31.7)
    assert_equal(everything(new), expected)


@pytest.mark.parametrize("synapse", [TM, STDP])
def test_single_precision_does_not_depend_on_threads_either(synapse):
    runs = []
    for threads in (1, 3):
        sim = network(synapse, threads, "f32")
        sim.run(40.0)
        runs.append(everything(sim))
    assert_equal(*runs)


def test_new_delays_keep_weights_and_states():
    sim = network(STDP, 2)
    sim.run(50.0)
    before = {name: sim.edge_values("plastic", name) for name in ("weight", "delay")}
    sim.set_edge_values("plastic", "delay", before["delay"] + 1.0)
    np.testing.assert_allclose(sim.edge_values("plastic", "delay"), before["delay"] + 1.0)
    np.testing.assert_array_equal(sim.edge_values("plastic", "weight"), before["weight"])
    sim.run(30.0)
    assert (sim.edge_values("plastic", "weight") != before["weight"]).any()


def test_weights_set_by_hand_survive_reset():
    sim = network(STDP, 2)
    sim.run(40.0)
    sim.set_edge_values("plastic", "weight", 0.25)
    sim.run(40.0)
    sim.reset()
    assert (sim.edge_values("plastic", "weight") == 0.25).all()


def test_synapses_compiled_for_one_time_constant_refuse_several():
    sim = network(TM, 2)
    sim.run(5.0)
    with pytest.raises(NeedsRecompilation):
        sim.set_parameter("E", "tau_syn_E", np.linspace(2.0, 3.0, 40))
    with pytest.raises(NeedsRecompilation):
        sim.set_parameter("E", "tau_syn_E", 3.0)
    assert sim.parameters("E", "tau_syn_E") == 5.0
