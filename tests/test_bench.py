"""The benchmark harness: every network runs, rows are complete, wrong rows are marked."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from snnc.benchmarks import building, command, fidelity, measure, plot, potential, recording, stages
from snnc.benchmarks.activity import Spikes, activity, cv_of_intervals, out_degree
from snnc.benchmarks.description import Network
from snnc.benchmarks.document import document
from snnc.benchmarks.geometry import mean_probability, positions
from snnc.benchmarks.growth import growth_text
from snnc.benchmarks.limits import scatter_ns, triad_gb_s
from snnc.benchmarks.measure import OWN, Sample, Setting
from snnc.benchmarks.networks import NETWORKS, module_of
from snnc.benchmarks.race import race_text
from snnc.benchmarks.table import table
from snnc.compiler import compile as compile_network
from snnc.ir.diagnostics import OptionError

SNNC = str(Path(sys.executable).parent / "snnc")
TINY = {"b3": 0.01, "b7": 0.02, "size": 0.25, "synapses": 1.0}
KEYS = {
    "bench", "scale", "target", "threads", "precision", "compile_s", "build_s", "sim_s", "bio_s",
    "rate_hz", "cv", "events", "peak_mb", "valid", "ratio",
}  # fmt: skip


def tiny(name: str) -> Network:
    return module_of(name).network(TINY.get(name, 0.1))


@pytest.mark.parametrize("name", NETWORKS)
def test_every_network_runs_and_has_the_connections_that_its_events_are_counted_by(name):
    network = Network.of(json.loads(json.dumps(tiny(name).plain())))
    assert network == tiny(name)
    compiled = compile_network(document(network, seed=1))
    compiled.run(5.0)
    sizes = {population.name: population.size for population in network.populations}
    for projection in network.projections:
        made = compiled.simulation.edges(projection.name).pre.size
        expected = sizes[projection.pre] * out_degree(projection, network)
        assert made == pytest.approx(expected, abs=5.0 * np.sqrt(expected) + 1.0)


@pytest.fixture(scope="module")
def rows_by_command(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bench")
    arguments = ["b1", "size", "--scale", "0.25,0.5", "--ms", "60", "--repeat", "1"]
    files = ["--json", str(folder / "rows.json"), "--plot", str(folder / "rows.png")]
    done = subprocess.run([SNNC, "bench", *arguments, *files], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout, json.loads((folder / "rows.json").read_text()), folder / "rows.png"


def test_the_command_prints_a_table_and_writes_rows_and_a_picture(rows_by_command):
    text, rows, picture = rows_by_command
    assert [(row["bench"], row["scale"]) for row in rows] == [
        ("b1", 0.25), ("b1", 0.5), ("size", 0.25), ("size", 0.5),
    ]  # fmt: skip
    for row in rows:
        assert row.keys() >= KEYS
        assert row["target"] == OWN and row["bio_s"] == 0.06 and row["ratio"] == {}
        assert row["sim_s"] > 0.0 and row["events"] > 0.0 and row["peak_mb"] > 10.0
        assert row["machine"] and row["integrator"] and row["limit_ns_per_event"] > 0.0
    assert "triad" in text and "ns/upd" in text and "CPU time grows as scale^" in text
    assert "snnc f64" in text.split("integration of v")[1]
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_help_tells_the_benchmarks_and_the_shell_completes_them():
    from click.shell_completion import ShellComplete
    from click.testing import CliRunner

    from snnc.cli import main

    text = CliRunner().invoke(main, ["bench", "--help"]).output
    assert all(f"  {name} " in text for name in command.NAMES) and "Brunel" in text
    complete = ShellComplete(main, {}, "snnc", "_SNNC_COMPLETE").get_completions
    assert [item.value for item in complete(["bench"], "b1")] == ["b1", "b1u"]
    assert [item.value for item in complete(["bench", "--peers"], "nest,b")] == ["nest,brian2"]
    (item,) = complete(["bench", "--precision"], "f64,p")
    assert item.value == "f64,packed"
    refused = CliRunner().invoke(main, ["bench", "--threads", "1,x"])
    assert refused.exit_code == 2
    assert "found '1,x', expected whole numbers between commas" in refused.output


def test_unknown_names_are_refused():
    done = subprocess.run([SNNC, "bench", "b8"], capture_output=True, text=True)
    assert done.returncode == 2 and "unknown benchmark 'b8'" in done.stderr
    with pytest.raises(OptionError, match="unknown peer 'nst'; did you mean 'nest'"):
        command.Options(peers=["nst"]).check()
    with pytest.raises(OptionError, match="unknown precision 'f16'"):
        command.Options(precisions=["f16"]).check()
    with pytest.raises(OptionError, match="must be positive"):
        command.Options(repeat=0).check()


# Judging


def sample(network: Network, rate: float, seconds: float = 1.0) -> Sample:
    """Return a run whose cells fire regularly."""
    stop = network.warm_up + seconds * 1e3
    train = np.arange(network.warm_up + 1.0, stop + 0.5, 1e3 / rate) if rate else np.empty(0)
    spikes = {
        p.name: Spikes(np.tile(train, p.size), np.repeat(np.arange(p.size), train.size))
        for p in network.cells
    }
    figures = dict.fromkeys(("compile_s", "build_s", "sim_s", "sim_cpu_s", "peak_mb"), 0.5)
    figures |= {"integrator": "exact", "version": "1", "update_s": 0.2}
    return Sample(figures, activity(network, spikes, seconds * 1e3), spikes, None)


def judged(network: Network, own: float, peer: float) -> list[measure.Row]:
    pairs = ((Setting(OWN), own), (Setting("nest"), peer))
    rows = [
        measure.row_of(network, setting, [sample(network, rate)], 1000.0) for setting, rate in pairs
    ]
    measure.judge(rows, network)
    measure.compare(rows)
    return rows


def test_a_rate_within_the_peers_noise_is_valid_and_one_outside_is_marked():
    network = tiny("b2")
    near, _ = judged(network, 40.0, 40.0)
    assert near["valid"] and near["ratio"] == {"nest": 1.0}
    far, peer = judged(network, 50.0, 40.0)
    assert not far["valid"] and peer["valid"]
    assert "INVALID: 50.00 Hz is not nest's 40.00" in table([far, peer])


def test_a_silent_network_is_void_whoever_ran_it():
    own, peer = judged(tiny("b1"), 0.0, 20.0)
    assert not own["valid"] and "no activity" in own["reason"]
    own, peer = judged(tiny("b1"), 20.0, 0.0)
    assert own["valid"] and not peer["valid"] and own["ratio"] == {}


def test_statistics_of_a_regular_train():
    network = tiny("b2")
    found = sample(network, 20.0).activity
    assert found.rate_hz == pytest.approx(20.0) and found.cv == pytest.approx(0.0, abs=1e-9)
    degrees = sum(p.size * 20 * out_degree(q, network) for p in network.cells
                  for q in network.projections if q.pre == p.name)  # fmt: skip
    assert found.events == pytest.approx(degrees) and found.alive


def test_cv_is_that_of_the_intervals_of_each_cell():
    times = np.array([1.0, 2.0, 4.0, 5.0, 1.0, 2.0])
    spikes = Spikes(times, np.array([0, 0, 0, 0, 7, 7]))
    assert cv_of_intervals(spikes) == pytest.approx([np.std([1, 2, 1]) / np.mean([1, 2, 1])])


def test_correlations_of_spike_counts():
    times = np.concatenate([np.arange(0.5, 100.0, 10.0)] * 2 + [np.arange(5.5, 100.0, 10.0)])
    spikes = Spikes(times, np.repeat([0, 1, 2], 10))
    assert fidelity.correlations(spikes, 3, 0.0, 100.0) == pytest.approx([1.0, -1.0, -1.0])


def test_the_race_is_told():
    network = tiny("b3")
    row = measure.row_of(network, Setting(OWN), [sample(network, 5.0)], 1000.0)
    told = race_text([row], network.published).splitlines()
    (kurth,) = (line for line in told if line.startswith("NEST, Kurth 2022"))
    # 128 cores for 0.67 times the biological time, 256 for 0.53.
    assert kurth.split()[-3:] == ["86", "/", "136"]


def test_what_updates_and_deliveries_cost_is_a_median_over_runs():
    network = tiny("b2")
    runs = [sample(network, 20.0) for _ in range(3)]
    for run, update in zip(runs, (0.1, 0.3, 0.2), strict=True):
        run.figures["update_s"] = update
    row = measure.row_of(network, Setting(OWN), runs, 1000.0)
    assert row["ns_per_update"] == pytest.approx(0.2e9 / (network.size * 1e4))
    assert row["ns_per_event"] == pytest.approx(0.3e9 / row["events"])


def test_growth_is_fitted_to_cells_and_to_events():
    network = tiny("b2")
    row = measure.row_of(network, Setting(OWN), [sample(network, 20.0)], 1000.0)

    def text(*scaled: str, **costs: list[float]) -> str:
        rows = []
        for number, k in enumerate((1, 10, 100)):
            own = {key: value[number] for key, value in costs.items()}
            grown = {key: row[key] * k for key in ("sim_cpu_s", *scaled)}
            rows.append({**row, "scale": float(k), **grown, **own})
        return growth_text(rows)

    both = text("size", "events", ns_per_event=[1.0, 10.0, 100.0])
    assert "b2 on cpu, f64, 1 thread, scales 1 to 100: CPU time grows as scale^1.00" in both
    assert "updates as cells^1.00" in both
    assert "deliveries as events^2.00, 1.00 to 100.00 ns each" in both
    assert "cells" not in text("events") and "events^1.00" in text("events")
    assert growth_text([row]) == ""


def test_plots_need_something_to_show(tmp_path):
    from snnc.ir.diagnostics import UserError

    with pytest.raises(UserError, match="nothing to plot"):
        plot.plot([measure.blank()], tmp_path / "empty.png")


# Parts


@pytest.mark.parametrize(
    ("name", "most"),
    # Trains of spikes shift by what the solver errs; weights are single precision.
    [("b1u", 1e-5), ("b3", 1e-5), ("b6", 1.0)],
)
def test_error_of_the_potential_is_small(name, most, monkeypatch):
    monkeypatch.setattr(potential, "_DURATION", 200.0)
    row = measure.blank() | {"target": OWN, "precision": "f64"}
    rows = [row, {**row, "threads": 2}, {**row, "target": "nest"}]
    potential.add_errors(rows, tiny(name), [Setting(OWN)], lambda _: None)
    assert 0.0 < rows[0]["rms_mv"] == rows[1]["rms_mv"] < most and rows[2]["rms_mv"] is None


def test_integrators_and_errors_of_all_sides_are_named():
    row = measure.blank() | {"target": OWN, "precision": "f64", "integrator": "exact"}
    peer = {**row, "target": "nest", "integrator": "RKF45", "rms_mv": 2e-3}
    assert potential.integrators_text([row, {**row, "threads": 2}, peer]).splitlines()[1:] == [
        "  snnc f64                        exact",
        "  nest      RMS error 2.0e-03 mV  RKF45",
    ]


def test_fidelity_finds_two_runs_alike_and_a_changed_network_not(monkeypatch):
    network = tiny("b2")
    rates = {"nest": 40.0, OWN: 40.0}
    monkeypatch.setattr(
        fidelity, "run", lambda net, setting, *_: sample(net, rates[setting.target])
    )
    rows = fidelity.compare_with_nest(network, [Setting(OWN)], 1000.0, 4, lambda _: None)
    assert len(rows) == 2 * 3 + 1 and all(row["valid"] for row in rows)
    assert "agrees" in fidelity.fidelity_text(rows)
    rates[OWN] = 50.0
    rows = fidelity.compare_with_nest(network, [Setting(OWN)], 1000.0, 4, lambda _: None)
    assert "OUTSIDE" in fidelity.fidelity_text(rows) and "DIFFERS" in fidelity.fidelity_text(rows)
    # Of all 70 ways to exchange runs only the one that was run, and its reverse, tell them apart.
    assert rows[-1]["share_of_exchanges"] == pytest.approx(2 / 70) and not rows[-1]["valid"]
    json.dumps(rows)


def test_measures_that_are_outside_by_chance_are_expected():
    random = np.random.default_rng(3)
    tables = [
        fidelity._distances([random.normal(shift, 1.0, 30) for shift in random.normal(0.0, 0.3, 8)])
        for _ in range(60)
    ]
    whole = fidelity._as_a_whole(tables, 4)
    assert whole["valid"] and whole["measures"] == 60 and whole["outside"] > 0
    assert whole["outside_by_chance"] == pytest.approx(whole["outside"], abs=5.0)


def test_building_is_timed_and_peers_are_extrapolated(monkeypatch):
    own = building.build("snnc.pynn", "distance", 400, 1, 1)
    assert own["synapses"] > 10_000 and own["build_s"] > 0.0

    def build(module, rule, cells, *_):
        seconds = 1.0 if module == "snnc.pynn" else 2e-4 * cells + 1e-6 * cells**2
        return {"build_s": seconds, "synapses": cells**2, "peak_mb": 1.0}

    monkeypatch.setattr(building, "build", build)
    random, peer, *_ = rows = building.rows_of_building(1.0, ["nest"], 1, 1, lambda _: None)
    assert peer["extrapolated_from"] == [1_000, 2_000, 4_000] and peer["size"] == 25_000
    assert random["ratio"]["nest"] == pytest.approx(630.0)
    columns = table(rows).splitlines()[0].split()
    assert "synapses" in columns and not {"sim", "Hz", "ns/ev", "compile"} & {*columns}
    text = building.building_text(rows)
    assert "extrapolated to 25000 with 200 us a cell and 1000 ns a pair" in text
    _, measured, *_ = building.rows_of_building(0.05, ["nest"], 1, 1, lambda _: None)
    assert measured["size"] == 1_250 and measured["extrapolated_from"] is None


def test_compiling_warm_compiles_nothing():
    cold, warm = stages.rows_of_stages(1, 1, "f64", lambda _: None)
    assert cold["kernels_compiled"] == cold["kernels"] > 0 and warm["kernels_compiled"] == 0
    assert "import: snnc " in stages.stages_text(warm)


def test_recording_is_timed_beside_no_recording():
    rows = recording.rows_of_recording(0.05, Setting(OWN), 20.0, 1, lambda _: None)
    plain, recorded = rows
    assert plain["samples"] == 0 and recorded["samples"] == 200 * 200  # cells, steps
    assert recorded["ratio"]["unrecorded"] == plain["sim_s"] / recorded["sim_s"]
    for row in rows:  # medians of one
        assert row["all_s"] == row["compile_s"] + row["build_s"] + row["sim_s"]
        assert min(row["compile_s"], row["build_s"], row["sim_s"], row["further_s"]) > 0
    text = recording.recording_text(rows)
    assert f"recorded at {recorded['ratio']['unrecorded']:.2f}" in text
    assert f"to the end {recorded['all_s']:.3f} s instead of {plain['all_s']:.3f} s" in text


def test_limits_of_the_machine():
    assert 0.1 < triad_gb_s() < 1e4
    for precision in ("f64", "f32", "packed"):
        assert 0.05 < scatter_ns(4096, precision) < 100.0
        assert 0.05 < scatter_ns(1 << 17, precision, threads=2, weighted=True) < 100.0


def test_the_mean_probability_is_that_of_all_pairs():
    network = tiny("b7")
    projection = network.projections[0]
    flat = replace(projection, options={"d_expression": "0.25 + 0.0*d"})
    assert mean_probability(flat, network) == pytest.approx(0.25)
    assert positions(network.populations[0]).shape == (3, network.populations[0].size)
