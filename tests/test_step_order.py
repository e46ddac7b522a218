"""What happens when within a step, how times are rounded, and what results do not depend on."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from few_cells_cases import like, relay
from single_cells import Input, arrays, builder_of, run, spike_times, voltages

import snnc
from snnc.compiled import CompiledNetwork
from snnc.ir.diagnostics import UserError
from snnc.ir.values import Random


def first_moved(network: CompiledNetwork, rest: float = -65.0) -> float:
    """Return the time of the first sample of v away from rest in ms."""
    moved = np.abs(voltages(network)[:, 0] - rest) > 1e-9
    return round(int(np.argmax(moved)) * network.simulation.dt, 6)


# Order in a step


def test_delta_arrival_of_spike_at_1_with_delay_1_jumps_at_2():
    network = run(relay("IF_curr_delta", 5.0), 4.0)
    assert first_moved(network) == 2.0
    assert voltages(network)[20, 0] == pytest.approx(-60.0, abs=1e-12)
    assert spike_times(network) == []


def test_delta_arrival_fires_in_the_step_it_arrives_in():
    # Had it decayed before the test, 15.05 mV would be 14.97 mV, below the gap of 15 mV.
    assert spike_times(run(relay("IF_curr_delta", 15.05), 4.0)) == [2.0]
    assert spike_times(run(relay("IF_curr_delta", 14.95), 4.0)) == []


@pytest.mark.parametrize(
    ("model", "weight"),
    [
        ("IF_curr_exp", 1.0),
        ("IF_curr_alpha", 1.0),
        ("IF_cond_exp", 0.01),
        ("IF_cond_alpha", 0.01),
    ],
)
def test_other_arrivals_of_spike_at_1_with_delay_1_first_move_v_at_2_1(model: str, weight: float):
    assert first_moved(run(relay(model, weight), 4.0)) == 2.1


def test_delta_arrivals_of_the_refractory_period_are_discarded():
    # Fires at 2.0 and rests for 21 steps, up to and with 4.1; 4.1 is discarded, 4.2 is not.
    few = relay("IF_curr_delta", 15.05, spikes=(1.0, 1.1, 2.5, 3.1), tau_refrac=2.04)
    network = run(few, 8.0)
    assert spike_times(network) == [2.0]
    assert (voltages(network)[20:60, 0] == -65.0).all()
    few = relay("IF_curr_delta", 15.05, spikes=(1.0, 1.1, 2.5, 3.2), tau_refrac=2.04)
    assert spike_times(run(few, 8.0)) == [2.0, 4.2]


def test_listed_spikes_at_0_arrive_after_the_delay():
    inputs = {"excitatory": Input([[0.0]], 16.0, 0.3)}
    network = run(replace(like("IF_curr_delta"), inputs=inputs), 2.0)
    np.testing.assert_allclose(spike_times(network), [0.3])


# Rounding


def test_refractory_period_is_rounded_up_to_whole_steps():
    periods = {2.04: 21, 0.04: 1, 0.0: 0, 2.0: 20, 0.3: 3, 2.000000001: 21}
    few = like(
        "IF_curr_delta", len(periods), tau_refrac=tuple(periods), i_offset=5.0, v_reset=-70.0
    )
    network = run(few, 20.0)
    for cell, steps in enumerate(periods.values()):
        spike = round(spike_times(network, cell)[0] / 0.1)
        after = voltages(network)[spike:, cell]
        assert after[0] == -70.0
        assert np.argmax(after != -70.0) == steps + 1


def test_without_refractory_period_a_cell_can_fire_in_every_step():
    few = like("IF_curr_delta", tau_refrac=0.0, i_offset=200.0)
    assert spike_times(run(few, 0.5)) == [0.1, 0.2, 0.3, 0.4, 0.5]
    few = like("IF_curr_delta", tau_refrac=0.1, i_offset=200.0)
    np.testing.assert_allclose(spike_times(run(few, 0.5)), [0.1, 0.3, 0.5])


@pytest.mark.parametrize(
    ("delay", "arrival"), [(0.14, 1.1), (0.15, 1.2), (0.05, 1.1), (0.25, 1.3), (0.3, 1.3)]
)
@pytest.mark.filterwarnings("ignore:.*rounded to multiples:UserWarning")
def test_delays_are_rounded_half_up(delay: float, arrival: float):
    assert spike_times(run(relay("IF_curr_delta", 16.0, delay=delay), 3.0)) == [arrival]


@pytest.mark.parametrize("delay", [0.04, 0.0, -1.0])
def test_delay_below_half_a_step_is_refused(delay: float):
    with pytest.raises(UserError, match="delay"):
        run(relay("IF_curr_delta", 16.0, delay=delay), 3.0)


def test_delay_off_the_grid_is_told():
    with pytest.warns(UserWarning, match="rounded to multiples of the time step"):
        run(relay("IF_curr_delta", 16.0, delay=0.14), 3.0)


# Threads


SIZES = {"a": 101, "b": 53, "c": 7}
MODELS = {"a": "IF_cond_exp", "b": "IF_curr_exp", "c": "Izhikevich"}


def recurrent(threads: int, precision: str = "f64", heterogeneous: bool = True) -> CompiledNetwork:
    builder = builder_of([*MODELS.values(), "SpikeSourcePoisson"], seed=5)
    rng = np.random.default_rng(3)
    for name, model in MODELS.items():
        values = arrays(like(model, SIZES[name]).parameters)
        if heterogeneous:
            values = {k: v * rng.uniform(0.95, 1.05, len(v)) for k, v in values.items()}
        v = Random("uniform", {"low": -65.0, "high": -50.0})
        builder.population(name, SIZES[name], model, parameters=values, initial={"v": v})
    builder.population("noise", 31, "SpikeSourcePoisson", parameters={"rate": 400.0})
    lag = Random("uniform", {"low": 0.2, "high": 2.4})

    def project(pre: str, post: str, weight: float, sd: float, p: float) -> None:
        value = Random("normal", {"mu": weight, "sigma": sd}) if sd else weight
        receptor = "inhibitory" if pre == "b" else "excitatory"
        how = ("fixed_probability", {"p_connect": p})
        builder.projection(f"{pre}{post}", pre, post, how, "StaticSynapse", receptor, value, lag)

    project("noise", "a", 0.02, 0.002, 0.3)
    project("noise", "b", 1.0, 0.0, 0.3)
    project("a", "a", 0.004, 0.0, 0.2)
    project("a", "b", 0.8, 0.05, 0.3)
    project("b", "a", 0.02, 0.001, 0.3)
    project("a", "c", 1.5, 0.1, 0.5)
    project("c", "a", 0.02, 0.0, 0.5)
    for name in MODELS:
        builder.record(name, ["spikes", "v"])
    return snnc.compile(builder.finish(), threads=threads, precision=precision)


def bits(network: CompiledNetwork) -> dict[str, bytes]:
    """Return v and spikes of all populations, byte by byte."""
    found = {name: voltages(network, name).tobytes() for name in MODELS}
    for name in MODELS:
        times, cells = network.simulation.spikes(name)
        found[f"{name} spikes"] = times.tobytes() + cells.tobytes()
    return found


@pytest.fixture(scope="module")
def alone() -> dict[str, bytes]:
    network = recurrent(1)
    network.run(60.0)
    assert all(network.simulation.spike_counts(name).sum() > 20 for name in MODELS)
    return bits(network)


@pytest.mark.parametrize("threads", [2, 3, 7])
def test_bits_of_v_do_not_depend_on_threads(threads: int, alone: dict[str, bytes]):
    network = recurrent(threads)
    network.run(60.0)
    assert bits(network) == alone


@pytest.mark.parametrize(("precision", "heterogeneous"), [("f64", False), ("f32", True)])
def test_bits_of_v_do_not_depend_on_threads_in_other_forms(precision: str, heterogeneous: bool):
    found = []
    for threads in (1, 2, 3, 7):
        network = recurrent(threads, precision, heterogeneous)
        network.run(40.0)
        found.append(bits(network))
    assert found[1:] == found[:1] * 3


# Time in pieces


def test_ten_runs_equal_one_run_bit_by_bit(alone: dict[str, bytes]):
    network = recurrent(2)
    for _ in range(10):
        network.run(6.0)
    assert network.simulation.t == 60.0
    assert bits(network) == alone


def test_reset_restores_all_but_parameters_and_recording(alone: dict[str, bytes]):
    network = recurrent(3)
    network.run(17.3)
    network.simulation.reset()
    assert network.simulation.t == 0.0
    network.run(60.0)
    assert bits(network) == alone


def test_sample_at_0_is_recorded_once():
    few = replace(like("IF_curr_delta"), initial={"v": -61.5})
    network = few.compile()
    for _ in range(10):
        network.run(1.0)
    v = voltages(network)[:, 0]
    assert v.shape == (101,)
    np.testing.assert_allclose(v, -65.0 + 3.5 * np.exp(-0.1 * np.arange(101) / 20.0), atol=1e-11)


# Poisson sources


def poisson(
    rate: object, size: int, duration: float = 100.0, *, ms: float = 100.0, start: float = 0.0
) -> CompiledNetwork:
    """Return sources, each of which counts into a cell without leak, 1 mV a spike, run for `ms`."""
    builder = builder_of(["IF_curr_delta", "SpikeSourcePoisson"], seed=11)
    parameters = {"rate": rate, "start": start, "duration": duration}
    builder.population("noise", size, "SpikeSourcePoisson", parameters=parameters)  # type: ignore[arg-type]
    counter = like("IF_curr_delta", size, tau_m=1e12, v_thresh=1e9, v_rest=0.0)
    values = arrays(counter.parameters)
    builder.population("cells", size, "IF_curr_delta", parameters=values, initial={"v": 0.0})
    how = ("one_to_one", {})
    builder.projection("p", "noise", "cells", how, "StaticSynapse", "excitatory", 1.0, 0.1)
    builder.record("noise", ["spikes"])
    builder.record("cells", ["v"])
    network = snnc.compile(builder.finish())
    network.run(ms)
    return network


def test_one_poisson_source_sends_the_same_spikes_to_all_its_targets():
    builder = builder_of(["IF_curr_exp", "SpikeSourcePoisson"], seed=2)
    builder.population("noise", 2, "SpikeSourcePoisson", parameters={"rate": 300.0})
    values = arrays(like("IF_curr_exp", 4).parameters)
    builder.population("cells", 4, "IF_curr_exp", parameters=values)
    pairs = {"pre": np.array([0, 0, 1, 1]), "post": np.array([0, 1, 2, 3])}
    builder.projection(
        "p", "noise", "cells", ("from_list", pairs), "StaticSynapse", "excitatory", 0.5, 1.0
    )
    builder.record("cells", ["v"])
    network = snnc.compile(builder.finish())
    network.run(100.0)
    v = voltages(network)
    assert np.ptp(v[:, 0]) > 1.0
    np.testing.assert_array_equal(v[:, 0], v[:, 1])
    np.testing.assert_array_equal(v[:, 2], v[:, 3])
    assert (v[:, 0] != v[:, 2]).any()


def test_counts_of_poisson_sources_at_16_kHz():
    # 1.6 spikes in a step on average: multiplicities count, and arrive.
    network = poisson(16000.0, 200)
    counts = network.simulation.spike_counts("noise")
    assert counts.mean() == pytest.approx(1600.0, abs=4 * np.sqrt(1600.0 / 200))
    assert counts.var(ddof=1) == pytest.approx(1600.0, rel=4 * np.sqrt(2 / 200))
    times, cells = network.simulation.spikes("noise")
    assert len(times) == counts.sum()
    in_step = np.zeros((200, 1001), int)
    np.add.at(in_step, (cells, np.rint(times / 0.1).astype(int)), 1)
    shares = np.bincount(in_step[:, 1:].ravel(), minlength=4) / (200 * 1000)
    expected = np.exp(-1.6) * np.array([1.0, 1.6, 1.6**2 / 2, 1.6**3 / 6])
    np.testing.assert_allclose(shares[:4], expected, atol=4 * np.sqrt(0.25 / 2e5))
    np.testing.assert_allclose(voltages(network)[-1], in_step[:, :-1].sum(axis=1), atol=1e-6)


def test_poisson_sources_fire_only_between_start_and_start_plus_duration():
    network = poisson(2000.0, 50, 30.0, start=20.0)
    times = network.simulation.spikes("noise")[0]
    assert times.min() > 20.0
    assert times.max() <= 50.0 + 1e-9
    assert len(times) == pytest.approx(50 * 60, abs=4 * np.sqrt(50 * 60))


def test_poisson_trains_of_slow_sources_have_exponential_intervals():
    network = poisson(100.0, 20, 1e10, ms=1000.0)
    times, cells = network.simulation.spikes("noise")
    intervals = np.diff(times)[np.diff(cells) == 0]
    assert intervals.mean() == pytest.approx(10.0, rel=0.1)
    assert intervals.std() / intervals.mean() == pytest.approx(1.0, abs=0.1)
    pairs = np.corrcoef([np.histogram(times[cells == c], 100)[0] for c in range(20)])
    assert np.abs(pairs[np.triu_indices(20, 1)]).mean() < 0.15


# Currents


def test_dc_that_starts_at_1_acts_at_1_1():
    few = replace(like("IF_curr_delta"), current=((1.0, 0.5), (2.0, 0.0)))
    network = run(few, 4.0)
    assert first_moved(network) == 1.1
    v = voltages(network)[:, 0]
    assert v[11] == pytest.approx(-65.0 + 10.0 * (1.0 - np.exp(-0.1 / 20.0)), abs=1e-12)
    assert np.argmax(v) == 20


def test_noisy_current_is_the_same_in_all_its_targets():
    builder = builder_of(["IF_curr_delta"])
    for name in ("one", "two"):
        values = arrays(like("IF_curr_delta", 2).parameters)
        builder.population(name, 2, "IF_curr_delta", parameters=values)
        builder.record(name, ["v"])
    for source, targets in {"noise": ("one", "two"), "other": ("two",)}.items():
        builder.source(source, "noisy", parameters={"mean": 0.3, "stdev": 0.2, "dt": 0.1})
        for target in targets:
            builder.inject(source, target)
    network = snnc.compile(builder.finish(), threads=2)
    network.run(20.0)
    one, two = voltages(network, "one"), voltages(network, "two")
    assert one[1:, 0].std() > 0.1
    np.testing.assert_array_equal(one[:, 0], one[:, 1])
    np.testing.assert_array_equal(two[:, 0], two[:, 1])
    assert (one[1:, 0] != two[1:, 0]).all()
    # A draw for each dt: what the cell integrates is white.
    current = np.diff(one[:, 0]) / 0.1 + (one[:-1, 0] + 65.0) / 20.0
    assert current.mean() == pytest.approx(0.3, abs=0.06)
    assert current.std() == pytest.approx(0.2, abs=0.04)


# Izhikevich as NEST has it


@pytest.mark.parametrize(("dt", "last"), [(0.1, 495.5), (0.01, 487.16)])
def test_izhikevich_with_euler_fires_as_in_nest(dt: float, last: float):
    few = replace(
        like("Izhikevich", i_offset=0.01, a=0.02, b=0.2, c=-65.0, d=2.0),
        initial={"v": -70.0, "u": -14.0},
    )
    times = spike_times(run(few, 500.0, dt=dt, solver="Izhikevich=euler"))
    assert len(times) == 29
    assert times[-1] == pytest.approx(last, abs=1e-6)


def test_izhikevich_by_default_is_near_to_the_limit_of_small_steps():
    few = replace(
        like("Izhikevich", i_offset=0.01, a=0.02, b=0.2, c=-65.0, d=2.0),
        initial={"v": -70.0, "u": -14.0},
    )
    fine = spike_times(run(few, 100.0, dt=0.01))
    coarse = spike_times(run(few, 100.0, dt=0.1))
    # What is left is that spikes happen at the end of a step.
    assert len(fine) == len(coarse)
    assert 0.0 <= coarse[0] - fine[0] < 0.1
