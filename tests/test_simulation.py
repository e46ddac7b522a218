"""Order in a step, sources, currents and the run itself, on hand-written cells."""

from __future__ import annotations

import os
import signal
import threading

import numpy as np
import pytest
from runtime_networks import Network, relay, simulation, times

from snnc.ir.diagnostics import ResourceLimitError, UserError
from snnc.ir.values import Sequences
from snnc.runtime.engine import memory
from snnc.runtime.simulation import Simulation

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


# Running


def test_interrupt_leaves_a_readable_network_that_goes_on(interruptible):
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
