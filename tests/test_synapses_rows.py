"""Plastic projections delivered a row at a time: the same bits as one synapse at a time."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from synapse_rig import Edges, Rig, library, plan_of

from snnc import model_library
from snnc.codegen.artifact import BLOCK
from snnc.codegen.cpu import generate
from snnc.codegen.kernels import synapse_factors, synapse_rows
from snnc.ir.build import NetworkBuilder
from snnc.passes.pipelines import parse_passes, pipeline_text, run_passes
from snnc.runtime.connectivity import row_room
from snnc.runtime.connectivity.post_history import PostHistory
from snnc.runtime.connectivity.spike_log import SpikeLog
from snnc.runtime.simulation import Simulation

STDP = "STDP_SpikePairRule_AdditiveWeightDependence"
RULES = {"w_max": 1.2, "A_plus": 0.02, "A_minus": 0.021}


def trains(rng: np.random.Generator, cells: int, rate: float, steps: int) -> list[np.ndarray]:
    """Return stamps from 1 on, as networks have them."""
    return [1 + np.flatnonzero(rng.random(steps) < rate) for _ in range(cells)]


def without_own(n: int) -> tuple[np.ndarray, np.ndarray]:
    pre, post = np.repeat(np.arange(n), n), np.tile(np.arange(n), n)
    return pre[pre != post], post[pre != post]


@pytest.mark.parametrize(("rate", "precision"), [(0.004, "f64"), (0.05, "f64"), (0.05, "f32")])
@pytest.mark.parametrize(
    "model", [STDP, "STDP_SpikePairRule_GutigWeightDependence",
              "STDP_Vogels2011Rule_AdditiveWeightDependence"]
)  # fmt: skip
def test_rows_give_the_bits_of_single_synapses(model: str, rate: float, precision: str) -> None:
    rng = np.random.default_rng(1)
    n, steps = 22, 700
    pre, post = without_own(n)
    # Some cells have several delays, and rows with gaps.
    delay = np.where(pre % 3 == 0, np.where(post % 5, 40, 3), 10)
    before, after = trains(rng, n, rate, steps), trains(rng, n, rate, steps)
    before[4] = np.array([0, 7, 7, 500])
    plan = plan_of(library(model), precision=precision)
    values = {**RULES, "eta": 0.02, "rho": 0.004}
    runs = []
    for dense, parts, chunk in ((False, 1, 10), (True, 1, 10), (True, 3, 7), (True, 7, 300)):
        edges = Edges(pre, post, delay, 0.5)
        rig = Rig(plan, edges, before, after, parameters=values, dense=dense, parts=parts)
        runs.append((rig.run(steps, chunk), rig.edge_values()))
    for arrived, weights in runs[2:]:
        np.testing.assert_array_equal(arrived, runs[1][0])
        np.testing.assert_array_equal(weights, runs[1][1])
    # In single precision the two ways may round differently; a projection has one of them.
    tolerance = 0.0 if precision == "f64" else 1e-5
    np.testing.assert_allclose(runs[1][0], runs[0][0], rtol=tolerance, atol=tolerance)
    np.testing.assert_allclose(runs[1][1], runs[0][1], rtol=tolerance, atol=tolerance)
    assert np.ptp(runs[0][1]) > 0.01


def test_rows_longer_than_a_block_and_with_repeated_synapses_give_the_same_bits() -> None:
    rng = np.random.default_rng(3)
    n_pre, n_post, size = 4, 1400, 4000
    pre, post = rng.integers(0, n_pre, size), rng.integers(0, n_post, size)
    before = trains(rng, n_pre, 0.01, 600)
    before[0] = np.array([590])  # which sees all spikes from the start on
    after = trains(rng, n_post, 0.03, 600)
    runs = []
    for dense, parts in ((False, 1), (True, 1), (True, 2)):
        edges = Edges(pre, post, np.full(size, 12), 0.5)
        rig = Rig(
            plan_of(library(STDP)), edges, before, after, parameters=RULES, dense=dense,
            parts=parts, capacity=16,
        )  # fmt: skip
        runs.append((rig.run(610), rig.edge_values()))
    assert np.bincount(pre).min() > BLOCK
    assert np.unique(np.stack([pre, post]), axis=1).shape[1] < size
    for arrived, weights in runs[1:]:
        np.testing.assert_array_equal(arrived, runs[0][0])
        np.testing.assert_array_equal(weights, runs[0][1])
    assert np.ptp(runs[0][1]) > 0.1


@pytest.mark.parametrize("precision", ["f64", "f32"])
def test_times_within_and_beyond_the_tables_of_factors_give_the_same_bits(
    precision: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(5)
    pre, post = without_own(20)
    before, after = trains(rng, 20, 0.02, 500), trains(rng, 20, 0.05, 500)
    runs = []
    for factors in (10_000, 60, 1):
        for module in (synapse_rows, synapse_factors, row_room):
            monkeypatch.setattr(module, "FACTORS", factors)
        edges = Edges(pre, post, np.full(pre.size, 12), 0.5)
        plan = plan_of(library(STDP), precision=precision)
        rig = Rig(plan, edges, before, after, parameters=RULES, dense=True)
        runs.append((rig.run(500), rig.edge_values()))
    for arrived, weights in runs[1:]:
        np.testing.assert_array_equal(arrived, runs[0][0])
        np.testing.assert_array_equal(weights, runs[0][1])


def test_parameters_changed_between_runs_change_the_factors() -> None:
    old, other, new = network(2), network(2), network(2, tau_plus=3.0, tau_minus=50.0)
    for sim in (old, other):
        sim.run(50.0)
    new.import_state(other.export_state())
    old.set_edge_values("plastic", "tau_plus", 3.0)
    old.set_edge_values("plastic", "tau_minus", 50.0)
    for sim in (old, new):
        sim.run(50.0)
    same = network(2)
    same.run(100.0)
    weights = [sim.edge_values("plastic", "weight") for sim in (old, new, same)]
    np.testing.assert_array_equal(weights[0], weights[1])
    assert (weights[0] != weights[2]).any()


def test_log_of_spikes_stays_as_long_as_the_delays() -> None:
    history = PostHistory(10, [])
    history.keep_log()
    assert history.log is not None
    silent = np.full(3, -1, np.int32), np.ones(3, bool)
    for step in range(0, 20_000, 10):
        history.prepare(step, 10, [silent], 20)
        used = int(history.log.count[0])
        history.log.stamps[used : used + 100] = np.repeat(np.arange(step + 1, step + 11), 10)
        history.log.count[0] = used + 100
    assert history.log.stamps.size == 1024


@pytest.mark.parametrize("fraction", [0.0, 0.5])
def test_rows_honour_the_axonal_part_of_delays(fraction: float) -> None:
    rng = np.random.default_rng(2)
    pre, post = without_own(20)
    before, after = trains(rng, 20, 0.02, 1000), trains(rng, 20, 0.02, 1000)
    values = {**RULES, "dendritic_delay_fraction": fraction}
    runs = []
    for dense in (False, True):
        edges = Edges(pre, post, np.where(pre % 2, 7, 20), 0.5)
        rig = Rig(plan_of(library(STDP)), edges, before, after, parameters=values, dense=dense)
        runs.append((rig.run(1000), rig.edge_values()))
    np.testing.assert_array_equal(runs[1][0], runs[0][0])
    np.testing.assert_array_equal(runs[1][1], runs[0][1])


def test_log_drops_what_is_old_when_it_is_full() -> None:
    log = SpikeLog()
    room = log.stamps.size
    assert not log.prepare(room, -1)
    log.count[0] = room
    log.stamps[:] = np.arange(room)
    log.cells[:] = np.arange(room) % 4
    assert not log.prepare(10, room - 100)
    assert log.count[0] == 99
    assert log.stamps[0] == room - 99
    assert log.cells[0] == (room - 99) % 4
    assert log.prepare(2 * room, 0)
    assert log.stamps[0] == room - 99
    assert log.stamps.size >= 99 + 2 * room


def test_log_can_begin_from_spikes_in_any_order() -> None:
    log = SpikeLog()
    log.take_over(np.array([3, 1, 0]), np.array([9, 2, 9]))
    assert log.count[0] == 3
    assert log.stamps[:3].tolist() == [2, 9, 9]
    assert log.cells[:3].tolist() == [1, 0, 3]


def network(threads: int, allow_repeats: bool = False, **parameters: float) -> Simulation:
    """Noise onto E through plastic synapses of all pairs."""
    builder = NetworkBuilder("net", dt=0.1, seed=3)
    for name in ("IF_curr_exp", "SpikeSourcePoisson", "StaticSynapse", STDP):
        builder.use_model(model_library.text(name), f"{name}.mlir")
    builder.population("E", 41, "IF_curr_exp", parameters={"tau_refrac": 2.0})
    builder.population("noise", 25, "SpikeSourcePoisson", parameters={"rate": 100.0})
    every = ("all_to_all", {})
    if allow_repeats:
        every = ("fixed_total_number", {"n": 41 * 25, "with_replacement": True})
    builder.projection(
        "plastic", "noise", "E", every, STDP, "excitatory", 0.5, 1.5, parameters=parameters
    )
    document = builder.finish()
    run_passes(document, parse_passes(pipeline_text("cpu", threads=threads)))
    sim = Simulation(generate(document))
    sim.record("E", ["spikes", "v"])
    return sim


def result(sim: Simulation) -> list[np.ndarray]:
    return [*sim.spikes("E"), sim.trace("E", "v").values, sim.edge_values("plastic", "weight")]


@pytest.mark.parametrize("repeats", [False, True])
def test_networks_do_not_depend_on_threads_and_pieces(repeats: bool) -> None:
    runs = []
    for threads, pieces in ((1, 1), (2, 10), (3, 3), (7, 1)):
        sim = network(threads, repeats)
        for _ in range(pieces):
            sim.run(120.0 / pieces)
        runs.append(result(sim))
    assert len(runs[0][0]) > 20
    assert np.ptp(runs[0][-1]) > 0
    for other in runs[1:]:
        for a, b in zip(runs[0], other, strict=True):
            np.testing.assert_array_equal(a, b)


def test_network_built_anew_and_reset_go_on_alike() -> None:
    whole = network(2)
    whole.run(90.0)
    old, new = network(2), network(2)
    old.run(41.3)
    new.import_state(old.export_state())
    new.run(90.0 - 41.3)
    for a, b in zip(result(whole), result(new), strict=True):
        np.testing.assert_array_equal(a, b)
    new.reset()
    new.run(90.0)
    np.testing.assert_array_equal(
        new.edge_values("plastic", "weight"), whole.edge_values("plastic", "weight")
    )


def test_weights_can_be_read_and_set_at_any_time() -> None:
    """Where connections are stored is found once; what is read is of the moment."""
    watched, quiet = network(3), network(3)
    quiet.run(60.0)
    seen = []
    for _ in range(6):
        watched.run(10.0)
        seen.append(watched.edge_values("plastic", "weight"))
    np.testing.assert_array_equal(seen[-1], quiet.edge_values("plastic", "weight"))
    assert all((a != b).any() for a, b in pairwise(seen))
    new = np.linspace(0.1, 0.9, 41 * 25)
    watched.set_edge_values("plastic", "weight", new)
    np.testing.assert_array_equal(watched.edge_values("plastic", "weight"), new)
    seen[-1][:] = 0.0
    np.testing.assert_array_equal(watched.edge_values("plastic", "weight"), new)
