"""Recordings: where samples are kept, and files that grow while a network runs."""

import subprocess
import sys

import numpy as np
import pytest

import snnc.pynn as sim
from snnc.ir.diagnostics import UserError

h5py = pytest.importorskip("h5py")


def network(**options):
    sim.setup(timestep=0.1, rng_seed=3, **options)
    cells = sim.Population(40, sim.IF_cond_exp(i_offset=1.0))
    cells.initialize(v=sim.RandomDistribution("uniform", low=-70.0, high=-51.0))
    cells.record("spikes")
    cells[5:30].record("v")
    return cells


def data(cells):
    segment = cells.get_data().segments[0]
    trains = [np.asarray(train) for train in segment.spiketrains]
    return trains, np.asarray(segment.analogsignals[0])


def run(pieces, **options):
    cells = network(**options)
    for piece in pieces:
        sim.run(piece)
    return data(cells)


def same(found, expected):
    assert sum(map(len, expected[0])) > 50
    for one, other in zip(found[0], expected[0], strict=True):
        np.testing.assert_array_equal(one, other)
    np.testing.assert_array_equal(found[1], expected[1])


def test_many_short_runs_record_what_one_long_run_does():
    same(run([0.3] * 200), run([60.0]))


@pytest.mark.parametrize("precision", ["f64", "f32"])
def test_samples_are_the_states_whatever_their_type_and_unit(precision):
    sim.setup(timestep=0.1, rng_seed=3, precision=precision)
    cells = sim.Population(40, sim.IF_cond_exp())
    drive = sim.Population(40, sim.SpikeSourcePoisson(rate=500.0))
    sim.Projection(drive, cells, sim.OneToOneConnector(), sim.StaticSynapse(weight=0.02))
    cells.record(["v", "gsyn_exc"])
    states = {"v": [], "gsyn_exc": []}
    for _ in range(20):
        sim.run(0.5)
        simulation = sim.session.current().existing
        for name, seen in states.items():
            seen.append(simulation.state(cells.symbol, name))
    for name, seen in states.items():
        found = simulation.trace(cells.symbol, name).values
        assert found.dtype == np.float64 and np.ptp(found) > 0
        np.testing.assert_array_equal(found[5::5], seen)


def test_memory_of_what_has_been_cleared_is_filled_anew():
    cells = network()
    sim.run(20.0)
    recorder = sim.session.current().existing._recording.traces[cells.symbol, "v"]
    slab = recorder._slabs.slab
    first = np.asarray(cells.get_data(clear=True).segments[0].analogsignals[0])
    kept = first.copy()
    sim.run(20.0)
    assert recorder._slabs.slab is slab
    second = np.asarray(cells.get_data().segments[0].analogsignals[0])
    np.testing.assert_array_equal(first, kept)
    assert second.shape == (200, 25) and (second != first[1:]).any()
    whole = run([40.0])[1]
    np.testing.assert_array_equal(np.concatenate([first, second]), whole)


def test_a_file_holds_what_memory_would(tmp_path):
    path = tmp_path / "record.h5"
    pieces = [0.1, 20.0, 99.9]
    expected = run(pieces)
    same(run(pieces, stream_to=path), expected)
    with h5py.File(path) as file:
        (group,) = file.values()
        samples = group["v/samples_1"]
        np.testing.assert_array_equal(samples.attrs["cells"], np.arange(5, 30))
        np.testing.assert_array_equal(samples, expected[1][samples.attrs["first_sample"] :])
        cells = np.asarray(group["spikes/cell"])
        steps = np.asarray(group["spikes/step"])
        for cell, train in enumerate(expected[0]):
            np.testing.assert_allclose(steps[cells == cell] * 0.1, train)


def test_memory_stays_flat_while_a_file_grows(tmp_path):
    cells = network(stream_to=tmp_path / "record.h5")
    sim.run(0.1)
    simulation = sim.session.current().existing
    recorder = simulation._recording.traces[cells.symbol, "v"]
    for _ in range(5):
        sim.run(200.0)
        assert recorder.held() == 0
    slab = recorder._slabs.slab
    sim.run(200.0)
    assert recorder._slabs.slab is slab
    assert data(cells)[1].shape == (12002, 25)


def test_clearing_with_a_file_forgets_the_past(tmp_path):
    cells = network(stream_to=tmp_path / "record.h5")
    sim.run(10.1)
    cells.get_data(clear=True)
    sim.run(10.0)
    trains, samples = data(cells)
    assert samples.shape == (100, 25)
    assert all(np.all(train > 10.0) for train in trains)
    with pytest.raises(UserError, match="already"):
        sim.session.current().existing.stream(tmp_path / "other.h5")


def test_a_network_that_changes_goes_on_in_the_same_file(tmp_path):
    def trial(**options):
        cells = network(**options)
        sim.run(20.0)
        cells[0:10].record("v")
        more = sim.Population(2, sim.IF_cond_exp(i_offset=2.0))
        more.record("v")
        sim.run(40.0)
        return (*data(cells), np.asarray(more.get_data().segments[0].analogsignals[0]))

    found, expected = trial(stream_to=tmp_path / "record.h5"), trial()
    same(found[:2], expected[:2])
    np.testing.assert_array_equal(found[2], expected[2])


def test_what_has_been_flushed_survives_a_crash(tmp_path):
    path = tmp_path / "record.h5"
    script = f"""\
import os
import snnc.pynn as sim
sim.setup(timestep=0.1, stream_to={str(path)!r})
cells = sim.Population(3, sim.IF_cond_exp(i_offset=1.0))
cells.record(["spikes", "v"])
sim.run(50.1)
os._exit(9)
"""
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 9
    with h5py.File(path) as file:
        (group,) = file.values()
        assert group["v/samples_1"].shape == (502, 3)
        assert len(group["spikes/step"]) == len(group["spikes/cell"]) > 0


@pytest.mark.parametrize("cells", [1, 7, 8, 9, 203])
@pytest.mark.parametrize("precision", ["f64", "f32"])
def test_samples_lie_side_by_side_wherever_cache_lines_begin(cells, precision):
    sim.setup(timestep=0.1, precision=precision, threads=2)
    population = sim.Population(cells, sim.IF_curr_exp(i_offset=np.linspace(0.1, 2.0, cells)))
    population.record(["v", "isyn_exc"])
    population.initialize(v=np.linspace(-70.0, -60.0, cells))
    sim.run(3.0)
    signals = {s.name: np.asarray(s) for s in population.get_data().segments[0].analogsignals}
    v = signals["v"]
    assert v.shape == (31, cells)
    np.testing.assert_allclose(v[0], np.linspace(-70.0, -60.0, cells), rtol=1e-6)
    now = sim.session.current().existing.state(population.symbol, "v")
    np.testing.assert_array_equal(v[-1], now)
    assert (np.abs(np.diff(v, axis=0)) > 0).any(axis=0).all()
    assert not signals["isyn_exc"].any()
