"""What is recorded, set between runs and read back, on hand-written cells."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from runtime_networks import Network, relay, simulation, times

from snnc.ir.diagnostics import UserError
from snnc.ir.values import Random
from snnc.runtime.engine.recompilation import NeedsRecompilation
from snnc.runtime.simulation import Simulation

# Recording


def test_sampling_interval_and_chosen_cells():
    network = Network(2)
    network.population("cells", 5, initial_v=np.arange(5.0) - 70.0)
    sim = Simulation(network.artifact())
    sim.record("cells", ["v"], index=[3, 1], interval=0.5)
    full = simulation(network, v=("cells",))
    for one in (sim, full):
        one.run(0.7)
        one.run(1.0)
    trace, all_samples = sim.trace("cells", "v"), full.trace("cells", "v").values
    assert (trace.start, trace.interval, trace.index.tolist()) == (0.0, 0.5, [1, 3])
    np.testing.assert_array_equal(trace.values, all_samples[::5][:, [1, 3]])
    assert all_samples.shape == (18, 5)
    assert all_samples[0].tolist() == [-70.0, -69.0, -68.0, -67.0, -66.0]


def test_recording_that_starts_late_and_is_cleared():
    network = Network()
    network.population("cells", 3)
    sim = Simulation(network.artifact())
    sim.run(1.0)
    sim.record("cells", ["v"], index=[2])
    sim.run(1.0)
    trace = sim.trace("cells", "v")
    assert trace.start == 1.0
    assert trace.values.shape == (11, 1)
    sim.clear()
    sim.run(1.0)
    trace = sim.trace("cells", "v")
    assert trace.start == pytest.approx(2.1)
    assert trace.values.shape == (10, 1)


def test_spikes_of_chosen_cells_only():
    network = Network()
    network.population("source", 1, "schedule", spike_times=times(1.0))
    network.population("cells", 4)
    network.project("source", "cells", 20.0, 0.1)
    sim = Simulation(network.artifact())
    sim.record("cells", ["spikes"], index=[2, 0])
    sim.run(2.0)
    assert sim.spike_counts("cells").tolist() == [1, 0, 1, 0]


def test_interval_off_the_grid_and_unknown_variable_are_refused():
    network = Network()
    network.population("cells", 3)
    sim = Simulation(network.artifact())
    with pytest.raises(UserError, match="multiple of the time step"):
        sim.record("cells", ["v"], interval=0.25)
    with pytest.raises(UserError, match=r"no state 'w'; .*v"):
        sim.record("cells", ["w"])
    with pytest.raises(UserError, match="cannot be recorded"):
        sim.record("cells", ["timer"])


# Parameters and states


def test_parameters_change_between_runs_without_compiling():
    network = Network()
    network.population("cells", 4)
    sim = simulation(network, v=("cells",))
    sim.run(0.5)
    compiled = sim.report().compiled
    sim.set_parameter("cells", "v_rest", -60.0)
    sim.set_parameter("cells", "cm", 2.0, index=[1])
    sim.run(100.0)
    assert sim.parameters("cells", "v_rest") == -60.0
    assert np.asarray(sim.parameters("cells", "cm")).tolist() == [1.0, 2.0, 1.0, 1.0]
    np.testing.assert_allclose(sim.state("cells", "v"), -60.0, atol=0.05)
    assert sim.report().compiled == compiled


def test_parameter_of_homogeneous_form_asks_for_recompilation():
    network = Network()
    network.population("cells", 4)
    sim = Simulation(network.artifact())
    with pytest.raises(NeedsRecompilation) as caught:
        sim.set_parameter("cells", "v_thresh", np.arange(4.0))
    assert (caught.value.owner, caught.value.name) == ("cells", "v_thresh")
    assert sim.parameters("cells", "v_thresh") == -50.0
    sim.set_parameter("cells", "v_thresh", np.full(4, -40.0))
    assert sim.parameters("cells", "v_thresh") is not None


def test_wrong_values_are_refused():
    network = Network()
    network.population("cells", 4)
    sim = Simulation(network.artifact())
    with pytest.raises(UserError, match="no parameter 'tau_n'; did you mean 'tau_m'"):
        sim.set_parameter("cells", "tau_n", 1.0)
    with pytest.raises(UserError, match="found 3, expected 4"):
        sim.set_parameter("cells", "cm", np.arange(3.0))
    with pytest.raises(UserError, match="not a number"):
        sim.set_parameter("cells", "cm", np.nan)
    with pytest.raises(UserError, match="outside of a population of 4"):
        sim.set_state("cells", "v", 0.0, index=[4])
    with pytest.raises(UserError, match="at least 0"):
        sim.run(-1.0)


def test_initial_values_survive_reset_and_states_do_not():
    network = Network()
    network.population("cells", 2, tau_m=1e12)
    sim = Simulation(network.artifact())
    sim.set_initial("cells", "v", np.array([-60.0, -55.0]))
    sim.run(1.0)
    sim.set_state("cells", "v", -70.0, index=[1])
    np.testing.assert_allclose(sim.state("cells", "v"), [-60.0, -70.0])
    sim.reset()
    assert sim.state("cells", "v").tolist() == [-60.0, -55.0]


def test_random_values_depend_on_the_seed_of_the_network_or_their_own():
    def drawn(seed: int, own: int | None) -> np.ndarray:
        network = Network(seed=seed)
        value = Random("uniform", {"low": 0.0, "high": 1.0}, own)
        network.population("cells", 10, initial_v=value)
        return Simulation(network.artifact()).state("cells", "v")

    assert (drawn(1, None) != drawn(2, None)).all()
    np.testing.assert_array_equal(drawn(1, 5), drawn(2, 5))


# Connections


def test_edges_and_their_values():
    network = Network(2)
    network.population("a", 3)
    network.population("b", 4)
    weights = np.arange(12.0).reshape(3, 4)
    name = network.project("a", "b", weights, 0.1 + weights / 10)
    sim = Simulation(network.artifact())
    edges = sim.edges(name)
    assert edges.pre.tolist() == np.repeat(np.arange(3), 4).tolist()
    assert edges.post.tolist() == np.tile(np.arange(4), 3).tolist()
    np.testing.assert_array_equal(sim.edge_values(name, "weight"), weights.ravel())
    np.testing.assert_allclose(sim.edge_values(name, "delay"), 0.1 + weights.ravel() / 10)
    with pytest.raises(UserError, match="no value 'U'"):
        sim.edge_values(name, "U")


def test_number_of_connections_where_projections_share_their_rows():
    network = Network(2)
    network.population("a", 3)
    network.population("b", 3)
    names = [network.project("a", "b", 1.0, 0.1, rule) for rule in ("one_to_one", "all_to_all")]
    network.projections = [replace(plan, bundle=0) for plan in network.projections]
    sim = Simulation(network.artifact())
    assert [sim.size(name) for name in names] == [3, 9]
    assert [sim.edges(name).pre.size for name in names] == [3, 9]


def test_weights_and_delays_change_between_runs():
    network = Network(2)
    network.population("source", 2, "schedule", spike_times=times(1.0, 5.0))
    network.population("cells", 2)
    name = network.project("source", "cells", np.eye(2) * 20.0, 1.0)
    sim = simulation(network, "cells")
    sim.run(4.0)
    sim.set_edge_values(name, "weight", np.array([[0.0, 0.0], [0.0, 30.0]]))
    sim.set_edge_values(name, "delay", np.array([[0.1, 0.2], [0.3, 8.0]]))
    assert sim.edge_values(name, "weight").tolist() == [0.0, 0.0, 0.0, 30.0]
    sim.run(20.0)
    when, who = sim.spikes("cells")
    assert list(zip(when.tolist(), who.tolist(), strict=True)) == [(2.0, 0), (2.0, 1), (13.0, 1)]


def test_one_weight_for_all_can_be_changed_but_not_made_different():
    sim = relay(20.0)
    (name,) = [p.name for p in sim.artifact.projections]
    sim.set_edge_values(name, "weight", 3.0)
    assert sim.edge_values(name, "weight").tolist() == [3.0]
    sim.run(3.0)
    assert sim.spikes("cells")[0].size == 0
    network = Network()
    network.population("a", 2)
    shared = network.project("a", "a", 1.0, 1.0)
    with pytest.raises(NeedsRecompilation):
        Simulation(network.artifact()).set_edge_values(shared, "weight", np.arange(4.0))
