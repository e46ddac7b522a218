"""Time, order, sources, recording and threads of the runtime, on hand-written cells."""

from __future__ import annotations

import os
import signal
import threading
from dataclasses import replace

import numpy as np
import pytest
from runtime_networks import Network, times

from snnc.ir.diagnostics import ResourceLimitError, UserError
from snnc.ir.values import Random, Sequences
from snnc.runtime.engine import memory
from snnc.runtime.engine.recompilation import NeedsRecompilation
from snnc.runtime.simulation import Simulation


def simulation(network: Network, *recorded: str, v: tuple[str, ...] = ()) -> Simulation:
    sim = Simulation(network.artifact())
    for name in recorded:
        sim.record(name, ["spikes"])
    for name in v:
        sim.record(name, ["v"])
    return sim


def relay(weight: float, spike: float = 1.0, delay: float = 1.0, **values: float) -> Simulation:
    network = Network()
    network.population("source", 1, "schedule", spike_times=times(spike))
    network.population("cells", 1, **values)
    network.project("source", "cells", weight, delay)
    return simulation(network, "cells", v=("cells",))


def recurrent(threads: int, sizes: tuple[int, int] = (101, 23)) -> Simulation:
    network = Network(threads)
    network.population("noise", 17, "poisson", rate=4000.0)
    network.population("a", sizes[0], initial_v=Random("uniform", {"low": -65.0, "high": -50.0}))
    network.population("b", sizes[1], tau_m=10.0, cm=Random("uniform", {"low": 0.9, "high": 1.1}))
    some = Random("normal", {"mu": 0.7, "sigma": 0.2})
    lag = Random("uniform", {"low": 0.3, "high": 3.0})
    network.project("noise", "a", some, 0.5, "fixed_probability", p_connect=0.5)
    network.project("a", "b", some, lag, "fixed_probability", p_connect=0.3)
    network.project("b", "a", -0.4, 0.3, "fixed_probability", p_connect=0.3)
    network.inject("noisy", ("a", slice(3, 50)), ("b", slice(None)), mean=0.2, stdev=0.5)
    return simulation(network, "noise", "a", "b", v=("a", "b"))


def everything(sim: Simulation, names: tuple[str, ...] = ("noise", "a", "b")) -> list[np.ndarray]:
    spikes = [part for name in names for part in sim.spikes(name)]
    return spikes + [sim.trace(name, "v").values for name in ("a", "b")]


def assert_equal(one: list[np.ndarray], other: list[np.ndarray]) -> None:
    for a, b in zip(one, other, strict=True):
        np.testing.assert_array_equal(a, b)


# Order in a step


def test_spike_at_1_with_delay_1_makes_delta_neuron_fire_at_2():
    sim = relay(15.05)
    sim.run(5.0)
    assert sim.spikes("cells")[0].tolist() == [2.0]


def test_arrivals_are_added_after_decay():
    sim = relay(15.05, initial_v=-64.0)
    sim.run(3.0)
    v = sim.trace("cells", "v").values[:, 0]
    before = -65.0 + np.exp(-1.9 / 20.0)
    assert v[19] == pytest.approx(before, abs=1e-9)
    assert sim.spikes("cells")[0].tolist() == [2.0]
    assert v[20] == -65.0


def test_input_below_threshold_does_not_fire_and_decays():
    sim = relay(14.95)
    sim.run(3.0)
    assert sim.spikes("cells")[0].size == 0
    v = sim.trace("cells", "v").values[:, 0]
    assert v[20] == pytest.approx(-50.05)
    assert v[21] == pytest.approx(-65.0 + 14.95 * np.exp(-0.1 / 20.0))


@pytest.mark.parametrize("steps", [1, 2, 3, 7, 31, 32, 33, 64, 100])
def test_delays_are_exact(steps: int):
    sim = relay(20.0, spike=0.3, delay=0.1 * steps)
    sim.run(12.0)
    np.testing.assert_allclose(sim.spikes("cells")[0], [(3 + steps) / 10])


def test_different_delays_of_one_source():
    network = Network()
    network.population("source", 1, "schedule", spike_times=times(0.0, 5.0))
    network.population("cells", 100)
    network.project("source", "cells", 20.0, np.arange(1, 101)[None, :] * 0.1)
    sim = simulation(network, "cells")
    sim.run(20.0)
    when, who = sim.spikes("cells")
    expected = (np.arange(1, 101)[:, None] + [0, 50]).ravel() / 10
    np.testing.assert_array_equal(when, expected)
    np.testing.assert_array_equal(who, np.repeat(np.arange(100), 2))


def test_spike_during_refractory_period_is_discarded():
    network = Network()
    network.population("source", 1, "schedule", spike_times=times(1.0, 1.5, 3.5))
    network.population("cells", 1, tau_refrac=2.04)
    network.project("source", "cells", 16.0, 0.1)
    sim = simulation(network, "cells", v=("cells",))
    sim.run(6.0)
    # 21 steps of refractoriness after the spike at 1.1.
    assert sim.spikes("cells")[0].tolist() == [1.1, 3.6]
    assert (sim.trace("cells", "v").values[11:33, 0] == -65.0).all()


# Sources


def test_spikes_of_time_zero_are_emitted():
    sim = relay(20.0, spike=0.0, delay=0.1)
    sim.record("source", ["spikes"])
    sim.run(1.0)
    assert sim.spikes("source")[0].tolist() == [0.0]
    assert sim.spikes("cells")[0].tolist() == [0.1]


def test_listed_spikes_are_sorted_rounded_and_repeated():
    network = Network(2)
    lists = Sequences.of([[2.0, 0.14, 0.15], [], [0.2, 0.2]])
    network.population("source", 3, "schedule", spike_times=lists)
    sim = simulation(network, "source")
    sim.run(3.0)
    when, who = sim.spikes("source")
    assert when.tolist() == [0.1, 0.2, 2.0, 0.2, 0.2]
    assert who.tolist() == [0, 0, 0, 2, 2]
    assert sim.spike_counts("source").tolist() == [3, 0, 2]


def test_new_list_during_a_run_ignores_what_has_passed():
    sim = relay(20.0)
    sim.record("source", ["spikes"])
    sim.run(5.0)
    with pytest.warns(UserWarning, match="2 spike times of 'source' have passed at 5 ms"):
        sim.set_parameter("source", "spike_times", times(4.0, 5.0, 5.1, 5.1))
    sim.run(5.0)
    assert sim.spikes("source")[0].tolist() == [1.0, 5.1, 5.1]


def test_poisson_counts_follow_the_rate():
    network = Network(2)
    network.population("noise", 200, "poisson", rate=20000.0)
    sim = simulation(network, "noise")
    sim.run(100.0)
    counts = sim.spike_counts("noise")
    assert counts.mean() == pytest.approx(2000.0, rel=0.01)
    assert counts.var() == pytest.approx(2000.0, rel=0.4)


def test_rate_that_rises_between_runs_loses_no_spikes():
    network = Network()
    network.population("noise", 50, "poisson", rate=1.0)
    sim = simulation(network, "noise")
    sim.run(10.0)
    sim.set_parameter("noise", "rate", 200000.0)
    sim.run(10.0)
    assert sim.spike_counts("noise").mean() == pytest.approx(2000.0, rel=0.02)


# Currents


def injected(kind: str, **parameters: object) -> np.ndarray:
    network = Network(2)
    network.population("cells", 3, tau_m=1e12, v_rest=0.0, v_thresh=1e9, initial_v=0.0)
    network.inject(kind, ("cells", slice(1, None)), **parameters)
    sim = simulation(network, v=("cells",))
    sim.run(5.0)
    sim.run(5.0)
    v = sim.trace("cells", "v").values
    assert (v[:, 0] == 0.0).all()
    np.testing.assert_array_equal(v[:, 1], v[:, 2])
    return np.diff(v[:, 1]) / 0.1


def test_dc_that_starts_at_1_first_acts_at_1_1():
    current = injected("dc", amplitude=0.5, start=1.0, stop=2.0)
    expected = np.zeros(100)
    expected[10:20] = 0.5
    np.testing.assert_allclose(current, expected, atol=1e-4)


def test_ac_starts_with_its_phase():
    wave = {"amplitude": 2.0, "offset": 0.3, "frequency": 200.0, "phase": 30.0}
    current = injected("ac", **wave, start=1.0, stop=7.0)
    k = np.arange(100)
    sine = 2.0 * np.sin(2 * np.pi * 200.0 * (k * 0.1 - 1.0) / 1000.0 + np.pi / 6) + 0.3
    np.testing.assert_allclose(current, np.where((k >= 10) & (k < 70), sine, 0.0), atol=1e-3)


def test_steps_change_at_their_times():
    current = injected("step", times=np.array([1.0, 2.0, 6.0]), amplitudes=np.array([1, -2, 0.5]))
    expected = np.zeros(100)
    expected[10:20], expected[20:60], expected[60:] = 1.0, -2.0, 0.5
    np.testing.assert_allclose(current, expected, atol=1e-3)


def test_noise_is_held_for_its_own_dt():
    current = injected("noisy", mean=1.0, stdev=0.2, start=1.0, stop=9.0, dt=0.5)
    assert (current[:10] == 0.0).all()
    np.testing.assert_allclose(current[90:], 0.0, atol=1e-9)
    held = current[10:90].reshape(16, 5)
    np.testing.assert_allclose(held, np.repeat(held[:, :1], 5, axis=1), atol=1e-4)
    assert 0.1 < held[:, 0].std() < 0.35


def test_currents_add_up_and_can_be_changed_between_runs():
    network = Network()
    network.population("cells", 2, tau_m=1e12, v_rest=0.0, v_thresh=1e9, initial_v=0.0)
    network.inject("dc", ("cells", slice(None)), amplitude=1.0)
    second = network.inject("dc", ("cells", np.array([1])), amplitude=2.0)
    sim = simulation(network)
    sim.run(1.0)
    np.testing.assert_allclose(sim.state("cells", "v"), [1.0, 3.0], atol=1e-4)
    sim.set_source(second, "amplitude", -1.0)
    sim.run(1.0)
    np.testing.assert_allclose(sim.state("cells", "v"), [2.0, 3.0], atol=1e-4)
    with pytest.raises(UserError, match="did you mean 'amplitude'"):
        sim.set_source(second, "amplitud", 1.0)


# Independence of threads and of how time is cut


@pytest.fixture(scope="module")
def reference() -> list[np.ndarray]:
    sim = recurrent(1)
    sim.run(60.0)
    result = everything(sim)
    assert min(len(result[0]), len(result[2]), len(result[4])) > 50
    return result


@pytest.mark.parametrize("threads", [2, 3, 7])
def test_number_of_threads_does_not_matter(threads: int, reference: list[np.ndarray]):
    sim = recurrent(threads)
    sim.run(60.0)
    assert_equal(everything(sim), reference)


def test_ten_runs_equal_one(reference: list[np.ndarray]):
    sim = recurrent(2)
    for _ in range(10):
        sim.run(6.0)
    assert sim.t == 60.0
    assert_equal(everything(sim), reference)


def test_reset_starts_anew(reference: list[np.ndarray]):
    sim = recurrent(2)
    sim.run(13.7)
    sim.reset()
    assert sim.t == 0.0
    sim.run(60.0)
    assert_equal(everything(sim), reference)


@pytest.mark.parametrize("size", [1, 2, 3])
def test_tiny_populations(size: int):
    runs = []
    for threads in (1, 3):
        sim = recurrent(threads, (size, size))
        sim.run(20.0)
        runs.append(everything(sim))
    assert_equal(*runs)


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


def test_network_built_anew_goes_on_where_the_old_one_stopped(reference: list[np.ndarray]):
    old = recurrent(2)
    old.run(23.3)
    new = recurrent(3)
    new.import_state(old.export_state())
    assert new.t == 23.3
    new.run(60.0 - 23.3)
    assert_equal(everything(new), reference)


# Running


def test_interrupt_leaves_a_readable_network_that_goes_on():
    def fresh() -> Simulation:
        network = Network(2)
        network.population("noise", 300, "poisson", rate=1000.0)
        return simulation(network, "noise")

    sim = fresh()
    sim.run(1.0)
    threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT)).start()
    with pytest.raises(KeyboardInterrupt):
        sim.run(1e6)
    assert 1.0 < sim.t < 1e6
    reached = sim.t
    assert sim.spikes("noise")[0].max() <= reached
    sim.run(5.0)
    straight = fresh()
    straight.run(sim.t)
    np.testing.assert_array_equal(sim.spikes("noise")[0], straight.spikes("noise")[0])


def test_progress_reaches_the_end():
    network = Network()
    network.population("cells", 3)
    seen: list[float] = []
    sim = Simulation(network.artifact())
    sim.run(50.0, progress=seen.append)
    assert seen[-1] == sim.t == 50.0
    assert seen == sorted(seen)


def test_network_and_record_that_do_not_fit_are_refused(monkeypatch: pytest.MonkeyPatch):
    network = Network()
    network.population("cells", 10)
    network.project("cells", "cells", 1.0, 1.0)
    sim = simulation(network, v=("cells",))
    sim.build()
    monkeypatch.setattr(memory, "available", lambda: 600)
    with pytest.raises(ResourceLimitError, match=r"estimate of .* GiB .*connections .* available"):
        Simulation(network.artifact())
    with pytest.raises(ResourceLimitError, match="samples of this run"):
        sim.run(100.0)


def test_report_names_stages_kernels_and_memory():
    sim = relay(20.0)
    sim.run(1.0)
    text = str(sim.report())
    for part in ("connections", "tables and kernels", "test_lif_delta", "spikes in flight"):
        assert part in text
    assert {b.owner for b in sim.buffers()} == {"cells"}
