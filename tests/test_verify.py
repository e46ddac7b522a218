"""`verify`: variants of a target on one network, planted faults, and known conventions."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from single_cells import builder_of
from verify_networks import EXAMPLE, balanced, edited, pairs_of

import snnc
from snnc.ir.diagnostics import MissingDependencyError, OptionError, UserError
from snnc.ir.registry import TARGETS
from snnc.ir.text import save
from snnc.ir.values import Sequences
from snnc.runtime.engine.traces import Trace
from snnc.runtime.verify.comparison import compare
from snnc.runtime.verify.observation import Observation, Observed
from snnc.verifying.variants import Variant, parse_variant

SNNC = str(Path(sys.executable).parent / "snnc")
CPU = Variant("cpu", "cpu")


# --- targets with options ---


def test_a_target_with_options_is_one_word():
    assert parse_variant("cpu") == Variant("cpu", "cpu")
    text = "cpu:precision=f32:solver=Izhikevich=euler:dt=0.05"
    expected = Variant(text, "cpu", {"precision": "f32", "solver": "Izhikevich=euler"}, 0.05)
    assert parse_variant(text) == expected


@pytest.mark.parametrize(
    ("targets", "message"),
    [
        ("cpu", "too few targets to compare; found cpu, expected two or more"),
        ("", "unknown target ''"),
        ("cpu,cpuu", "unknown target 'cpuu'; did you mean 'cpu'?"),
        ("cpu,cpu", "target 'cpu' is given twice"),
        ("cpu,cpu:presision=f32", "unknown option 'presision' .* did you mean 'precision'?"),
        ("cpu,cpu:precision", "malformed target 'cpu:precision'"),
        ("cpu,cpu:precision=f32:precision=f64", "malformed target"),
        ("cpu,cpu:dt=fast", "wrong time step in 'cpu:dt=fast'; found 'fast'"),
        ("cpu,cpu:dt=-0.1", "wrong time step"),
        ("cpu,cpu:precision=f16", "unknown precision 'f16'"),
        ("cpu,cpu:solver=best", "unknown solver 'best'"),
    ],
)
def test_wrong_targets_are_refused(targets: str, message: str):
    with pytest.raises(OptionError, match=message):
        snnc.verify(balanced("cuba"), targets, ms=1.0)


def test_a_simulator_that_is_missing_is_named_before_anything_runs(monkeypatch):
    class Absent:
        def unavailable(self) -> str:
            return "needs it: pip install 'snnc[it]'"

    monkeypatch.setattr(TARGETS, "get", lambda name: Absent())
    with pytest.raises(MissingDependencyError, match=r"needs it: pip install 'snnc\[it\]'"):
        snnc.verify(object(), "cpu,cpu:dt=0.05")


@pytest.mark.parametrize("ms", [0.0, -1.0, math.inf, math.nan])
def test_impossible_times_are_refused(ms: float):
    with pytest.raises(OptionError, match="impossible time"):
        snnc.verify(balanced("cuba"), "cpu,cpu:precision=f32", ms=ms)


def test_a_network_of_sources_has_nothing_to_compare():
    builder = builder_of(["SpikeSourcePoisson"])
    builder.population("p", 3, "SpikeSourcePoisson")
    with pytest.raises(UserError, match="nothing to compare"):
        snnc.verify(builder.finish(), "cpu,cpu:precision=f32", ms=1.0)


# --- networks ---


def test_threads_change_nothing():
    found = snnc.verify(balanced("coba"), "cpu,cpu:threads=3", ms=60.0)
    for pair in pairs_of(found).values():
        assert pair["spikes_a"] > 100
        assert (pair["matched_0"], pair["v_rms_mV"]) == (1.0, 0.0)
        assert pair["first_divergence_ms"] is None
    assert found.agrees


def test_replayed_spikes_give_the_first_target_its_own():
    closed = snnc.verify(balanced("coba"), "cpu,cpu:solver=rk4", ms=60.0)
    opened = snnc.verify(balanced("coba"), "cpu,cpu:solver=rk4", ms=60.0, open_loop=True)
    for name, one in closed.runs[0].populations.items():
        assert np.array_equal(one.times, opened.runs[0].populations[name].times)
        assert np.array_equal(one.cells, opened.runs[0].populations[name].cells)


def test_an_open_loop_shows_the_solver_where_chaos_hides_it():
    targets = "cpu,cpu:solver=rk4"
    closed = snnc.verify(balanced("coba"), targets)
    opened = snnc.verify(balanced("coba"), targets, open_loop=True)
    assert closed.agrees and opened.agrees
    for pair in pairs_of(closed).values():
        assert pair["matched_1"] < 0.9  # compared by rate and CV instead
    for pair in pairs_of(opened).values():
        assert pair["matched_1"] >= 0.99
        # The second order of the midpoint rule, under this input.
        assert 1e-4 < pair["v_rms_mV"] < 5e-3
    # Spikes that one of the two lacks were close to it, or follow one that was.
    missing = [m for pair in pairs_of(opened).values() for m in pair["mismatches"]]
    assert -0.02 < max(m["v_minus_threshold_mV"] for m in missing) < 0.0
    text = str(opened)
    assert "v - v_thresh in the other" in text and "open loop" in text


def test_a_solver_of_order_one_is_too_coarse():
    targets = "cpu,cpu:solver=exponential_euler"
    found = snnc.verify(balanced("coba"), targets, ms=60.0, open_loop=True)
    assert not found.agrees
    for pair in pairs_of(found).values():
        assert "one step early" in " ".join(pair["reasons"])
    assert "DISAGREE" in str(found)


def test_the_error_of_a_solver_falls_by_its_order():
    errors = []
    for dt in (0.1, 0.05, 0.025):
        targets = f"cpu:dt={dt},cpu:dt={dt}:solver=rk4"
        found = snnc.verify(balanced("coba"), targets, ms=40.0, open_loop=True)
        errors.append([pair["v_rms_mV"] for pair in pairs_of(found).values()])
    coarse, middle, fine = np.array(errors)
    orders = np.log2([coarse / middle, middle / fine])
    assert np.all((orders > 1.7) & (orders < 2.4)), orders


def test_other_steps_are_compared_by_the_longer_one():
    found = snnc.verify(balanced("cuba"), "cpu,cpu:dt=0.05", ms=50.0, open_loop=True)
    assert [run.dt for run in found.runs] == [0.1, 0.05]
    for pair in pairs_of(found).values():
        assert pair["matched_1"] > 0.75
    assert found.agrees


CUBA, COBA = "cuba", "coba"
FAULTS = {
    # A capacity in pF that is taken for nF, of one population.
    "unit": (CUBA, edited("excitatory", "cm = 0.2", "cm = 0.0002")),
    "unit of inhibitory": (COBA, edited("inhibitory", "tau_syn_I = 10.0", "tau_syn_I = 0.01")),
    "delay": (
        CUBA,
        edited("inhibitory_to_excitatory", "low = 0.5, high = 5.0", "low = 0.6, high = 5.1"),
    ),
    "delay of noise": (COBA, edited("noise_to_inhibitory", "delay 1.0", "delay 1.1")),
    "receptor": (
        COBA,
        edited("inhibitory_to_excitatory", 'receptor "inhibitory"', 'receptor "excitatory"'),
    ),
    "refractory period": (CUBA, edited("inhibitory", "tau_refrac = 5.0", "tau_refrac = 5.1")),
}
HIT = {"unit of inhibitory": "inhibitory", "delay of noise": "inhibitory",
       "refractory period": "inhibitory"}  # fmt: skip


@pytest.mark.parametrize("open_loop", [True, False], ids=["open", "closed"])
@pytest.mark.parametrize("fault", FAULTS)
def test_planted_faults_are_found(fault: str, open_loop: bool):
    model, change = FAULTS[fault]
    document = balanced(model)
    faulty = Variant("faulty", "cpu", change=change)
    found = snnc.verify(document, [CPU, faulty], ms=60.0, open_loop=open_loop)
    pairs = pairs_of(found)
    assert not found.agrees
    hit = HIT.get(fault, "excitatory")
    pair = pairs[hit, "faulty"]
    assert not pair["agrees"]
    first = pair["first_difference"]
    assert 0.0 < first["time_ms"] <= 60.0
    assert any(f"from cell {first['cell']} at" in reason for reason in pair["reasons"])
    if open_loop:
        other = {"excitatory": "inhibitory", "inhibitory": "excitatory"}[hit]
        assert pairs[other, "faulty"]["agrees"]
        assert pairs[other, "faulty"]["matched_0"] == 1.0


def test_activity_outside_the_scatter_of_seeds_is_found():
    # Rounding to 32 bits leads elsewhere, in the same network; stronger synapses do not.
    targets = [CPU, Variant("f32", "cpu", {"precision": "f32"})]
    found = snnc.verify(balanced("cuba"), targets, ms=250.0)
    assert found.agrees and min(p["matched_1"] for p in pairs_of(found).values()) < 0.99
    change = edited("excitatory_to_excitatory", "weight 0.0162", "weight 0.0243")
    found = snnc.verify(balanced("cuba"), [CPU, Variant("strong", "cpu", change=change)])
    reasons = pairs_of(found)["excitatory", "strong"]["reasons"]
    assert any("rate" in reason and "seeds give" in reason for reason in reasons)


# --- conventions ---

DT = 0.1
STEPS = 395


def cells(steps: list[list[int]], v: np.ndarray, refractory: float) -> Observation:
    times = Sequences.of([np.array(one) * DT for one in steps])
    index = np.arange(len(steps))
    one = Observed(
        len(steps), times.values, np.repeat(index, np.diff(times.offsets)),
        Trace(0.0, DT, index, v), np.full(len(steps), -50.0), np.full(len(steps), refractory),
    )  # fmt: skip
    return Observation("x", DT, STEPS * DT, {}, {"cells": one})


def sawtooth(period: int, late: int = 0, reset: float = -60.0) -> tuple[list[int], np.ndarray]:
    """Return spikes and potential of a cell that rises by 0.1 mV a step from `late` on."""
    phase = (np.arange(STEPS + 1) - late) % period
    spikes = np.flatnonzero(phase == 0)
    return [int(s) for s in spikes if s > late], reset + 0.1 * phase


def found_for(first, second, refractory=2.04):
    a, b = (cells([one[0] for one in side], np.stack([one[1] for one in side], 1), refractory)
            for side in (first, second))  # fmt: skip
    return compare(a, b, "cells", math.inf).convention


PERIODS = (40, 47, 53)


def test_input_a_step_later_is_named():
    found = found_for([sawtooth(p) for p in PERIODS], [sawtooth(p, 1) for p in PERIODS])
    assert (found.name, found.shift) == ("input time", 1)


def test_the_other_end_of_the_step_is_named():
    first = [sawtooth(p) for p in PERIODS]
    found = found_for(first, [([s - 1 for s in spikes], v) for spikes, v in first])
    assert (found.name, found.shift) == ("spike time", -1)


def test_another_rounding_of_the_refractory_period_is_named():
    first, second = ([sawtooth(p + by) for p in PERIODS] for by in (0, 1))
    found = found_for(first, second)
    assert (found.name, found.shift) == ("refractory rounding", 1)
    assert found_for(first, second, refractory=2.0) is None


def test_input_added_after_the_reset_is_named():
    first = [sawtooth(p) for p in PERIODS]
    second = [(spikes, v.copy()) for spikes, v in first]
    for (spikes, v), size in zip(second, (0.3, 0.7, 1.1), strict=True):
        v[spikes] += size * (1 + np.arange(len(spikes)) % 2)
    assert found_for(first, second).name == "reset and input"
    for spikes, v in second:  # a wrong reset is none
        v[spikes] = -58.0
    assert found_for(first, second) is None


def test_no_convention_is_named_where_there_is_none():
    first = [sawtooth(p) for p in PERIODS]
    assert found_for(first, first) is None
    assert found_for(first, [sawtooth(p, 1) for p in PERIODS[:2]] + first[2:]) is None
    assert found_for(first, [sawtooth(p + 3) for p in PERIODS]) is None


# --- the command ---


def command(*arguments, cwd=None):
    return subprocess.run(
        [SNNC, "verify", *map(str, arguments)], capture_output=True, text=True, cwd=cwd
    )


def test_the_command_prints_writes_and_draws(tmp_path):
    pytest.importorskip("matplotlib", reason="plots need Matplotlib")
    done = command(
        EXAMPLE, "--targets", "cpu,cpu:solver=exponential_euler", "--ms", 40, "--open-loop",
        "--json", tmp_path / "out.json", "--plot", tmp_path / "out.png", "--", "coba",
        "--seed", 8,
    )  # fmt: skip
    assert done.returncode == 1, done.stderr
    assert "excitatory" in done.stdout and "DISAGREE" in done.stdout
    found = json.loads((tmp_path / "out.json").read_text())
    assert found["open_loop"] and found["ms"] == 40.0 and not found["agrees"]
    assert [pair["population"] for pair in found["pairs"]] == ["excitatory", "inhibitory"]
    wanted = {"a", "b", "population", "spikes_a", "spikes_b", "matched_1", "matched_2",
              "first_divergence_ms", "v_rms_mV"}  # fmt: skip
    assert wanted <= found["pairs"][0].keys()
    assert (tmp_path / "out.png").read_bytes().startswith(b"\x89PNG")


def test_the_command_takes_saved_networks(tmp_path):
    save(balanced("cuba"), tmp_path / "net.mlir")
    done = command("net.mlir", "-t", "cpu,cpu:threads=2", "--ms", 20, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "agree" in done.stdout and "100.00%" in done.stdout
    done = command("net.mlir", "-t", "cpu,cpu:threads=2", "more", cwd=tmp_path)
    assert done.returncode == 2
    assert "a saved network takes no arguments; found more" in done.stderr


def test_the_command_reports_errors_in_one_line(tmp_path):
    done = command("none.py", "-t", "cpu,cpu:threads=2", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (2, "snnc: error: no such file 'none.py'\n")
    done = command(EXAMPLE, "-t", "cpu,cpu:dt=0.05", "--json", tmp_path / "no" / "x", "--ms", 5)
    assert done.returncode == 2
    assert done.stderr.startswith("snnc: error: cannot write")
