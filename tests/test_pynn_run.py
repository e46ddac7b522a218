"""Scripts that run: data, segments, changes between runs, connections."""

import subprocess
import sys
from pathlib import Path

import neo
import numpy as np
import pytest
import quantities as pq
from pyNN import errors
from pyNN.parameters import Sequence
from pyNN.random import NumpyRNG, RandomDistribution

import snnc.pynn as sim
from snnc.pynn import session
from snnc.runtime.jit.cache import shared_kernels


@pytest.fixture(autouse=True)
def fresh_network():
    sim.setup()


def firing(size=3, label="cells"):
    return sim.Population(size, sim.IF_curr_exp(i_offset=1.0), label=label)


def test_spikes_and_signals_as_pynn_gives_them():
    cells = firing(4)
    cells.record("spikes")
    cells[1:3].record("v", sampling_interval=0.5)
    cells.annotate(kind="test")
    sim.run(60.0)
    block = cells.get_data()
    (segment,) = block.segments
    assert block.annotations["kind"] == "test"
    assert block.name == "cells"
    train = segment.spiketrains[2]
    assert (train.t_start, train.t_stop) == (0.0 * pq.ms, 60.0 * pq.ms)
    assert train.annotations["source_population"] == "cells"
    assert train.annotations["source_index"] == 2
    assert train.annotations["channel_id"] == train.annotations["source_id"] == int(cells[2])
    (v,) = segment.analogsignals
    assert v.name == "v"
    assert v.units == pq.mV
    assert v.sampling_period == 0.5 * pq.ms
    assert v.shape == (121, 2)
    assert v.array_annotations["channel_index"].tolist() == [1, 2]
    assert v[0, 0] == -65.0 * pq.mV
    assert cells.get_spike_counts() == {int(cell): 2 for cell in cells}
    assert cells.mean_spike_count() == 2.0
    assert len(cells[1:2].get_data("spikes").segments[0].spiketrains) == 1


def test_each_reset_makes_a_segment():
    cells = firing(1)
    cells.record(["v", "spikes"])
    source = sim.DCSource(amplitude=0.0, start=5.0)
    cells.inject(source)
    for amplitude in (0.0, 1.0, -1.0):
        source.amplitude = amplitude
        sim.run(20.0)
        sim.reset(annotations={"amplitude": amplitude * pq.nA})
    segments = cells.get_data().segments
    assert [s.annotations["amplitude"].item() for s in segments] == [0.0, 1.0, -1.0]
    last = [float(s.analogsignals[0][-1, 0]) for s in segments]
    assert len(set(last)) == 3
    assert len({float(s.analogsignals[0][50, 0]) for s in segments}) == 1
    assert session.current().compilations == 1


def test_values_changed_between_runs_compile_nothing():
    a, b = firing(5), sim.Population(5, sim.IF_cond_exp())
    projection = sim.Projection(
        a,
        b,
        sim.AllToAllConnector(),
        sim.StaticSynapse(weight=RandomDistribution("uniform", (0.0, 0.001))),
    )
    source = sim.DCSource(amplitude=0.1)
    source.inject_into(b)
    sim.run(5.0)
    before = shared_kernels().compiled
    a.set(tau_m=15.0)
    a.initialize(v=-60.0)
    projection.set(weight=0.002)
    source.amplitude = 0.2
    sim.run(5.0)
    assert shared_kernels().compiled == before
    assert session.current().compilations == 1
    assert projection.get("weight", "list", with_address=False) == [0.002] * 25


def test_ten_short_runs_are_one_long_run():
    traces = []
    for pieces in (1, 10):
        sim.setup()
        cells = firing(3)
        cells.record("v")
        for _ in range(pieces):
            sim.run(100.0 / pieces)
        traces.append(cells.get_data().segments[0].analogsignals[0].magnitude)
    np.testing.assert_array_equal(*traces)


def test_a_parameter_that_becomes_different_from_cell_to_cell_keeps_the_state():
    def trace(change):
        sim.setup()
        cells = firing(2)
        cells.record("v")
        sim.run(10.0)
        change(cells)
        sim.run(10.0)
        return cells.get_data().segments[0].analogsignals[0].magnitude

    same = trace(lambda cells: None)
    different = trace(lambda cells: cells[1:].set(i_offset=0.0))
    np.testing.assert_array_equal(different[:, 0], same[:, 0])
    np.testing.assert_array_equal(different[:101, 1], same[:101, 1])
    assert different[-1, 1] < same[-1, 1]


def test_objects_added_between_runs_leave_the_rest_as_it_was():
    cells = firing(2)
    cells.record("v")
    sim.run(10.0)
    source = sim.DCSource(amplitude=-1.0)
    source.inject_into(cells[:1])
    other = firing(2, "other")
    other.record("v")
    sim.run(10.0)
    v = cells.get_data().segments[0].analogsignals[0].magnitude
    assert v.shape == (201, 2)
    assert v[100, 0] == v[100, 1]
    assert v[-1, 0] < v[-1, 1]
    assert other.get_data().segments[0].analogsignals[0].t_start >= 10.0 * pq.ms


def test_clearing_data():
    cells = firing(1)
    cells.record("spikes")
    sim.run(30.0)
    assert len(cells.get_data(clear=True).segments[0].spiketrains[0]) == 1
    sim.run(30.0)
    train = cells.get_data().segments[0].spiketrains[0]
    assert (len(train), train.t_start) == (1, 30.0 * pq.ms)


def test_recording_nothing_any_more():
    cells = firing(3)
    cells[0:1].record("v")
    sim.run(5.0)
    sim.reset()
    cells.record(None)
    cells[2:3].record("v")
    sim.run(5.0)
    index = [
        s.analogsignals[0].array_annotations["channel_index"].tolist()
        for s in cells.get_data().segments
    ]
    assert index == [[0], [2]]
    with pytest.raises(errors.NothingToWriteError):
        cells.get_spike_counts()


def test_time():
    sim.setup(timestep=0.1)
    firing(1)
    assert sim.run(0.3) == pytest.approx(0.3)
    assert sim.run_until(12.7) == pytest.approx(12.7)
    with pytest.raises(ValueError, match="past"):
        sim.run_until(5.0)
    sim.reset()
    assert sim.get_current_time() == 0.0


def test_callbacks_are_called_when_they_ask_for():
    firing(1)
    called = []

    def callback(t):
        called.append(round(t, 6))
        return t + 2.5

    sim.run(10.0, callbacks=[callback])
    assert called == [0.0, 2.5, 5.0, 7.5, 10.0]


def test_connections_read_back():
    a, b = sim.Population(4, sim.IF_cond_exp()), sim.Population(3, sim.IF_cond_exp())
    weights = np.arange(12.0).reshape(4, 3) / 10
    projection = sim.Projection(
        a[1:], b, sim.AllToAllConnector(), sim.StaticSynapse(weight=weights[1:], delay="1+d")
    )
    np.testing.assert_array_equal(projection.get("weight", "array"), weights[1:])
    assert projection.get(["weight", "delay"], "list")[0] == (0, 0, 0.3, 2.0)
    assert len(projection) == projection.size() == 9
    projection.set(weight=0.25)
    assert {c.weight for c in projection} == {0.25}
    projection[2].weight = 0.5
    assert projection.get("weight", "array")[0].tolist() == [0.25, 0.25, 0.5]
    with pytest.raises(errors.NonExistentParameterError):
        projection.get("tau", "list")


def test_several_connections_of_a_pair():
    a = sim.Population(2, sim.IF_cond_exp())
    listed = [(0, 1, 0.1, 1.0), (0, 1, 0.3, 2.0), (1, 0, 0.2, 1.0)]
    projection = sim.Projection(a, a, sim.FromListConnector(listed))
    for several, expected in (("sum", 0.4), ("min", 0.1), ("max", 0.3), ("last", 0.3)):
        array = projection.get("weight", "array", multiple_synapses=several)
        assert array[0, 1] == pytest.approx(expected)
        assert np.isnan(array[0, 0])


def test_onto_an_assembly():
    a, b = sim.Population(3, sim.IF_cond_exp()), sim.Population(2, sim.IF_cond_exp())
    projection = sim.Projection(a, a + b, sim.AllToAllConnector(), sim.StaticSynapse(weight=0.1))
    assert len(projection) == 15
    assert projection.get("weight", "array").shape == (3, 5)


def test_a_connector_of_the_users_own():
    class Neighbours(sim.Connector):
        def connect(self, projection):
            for j in range(projection.post.size):
                sources = np.array([i for i in (j - 1, j + 1) if 0 <= i < projection.pre.size])
                projection._convergent_connect(sources, j, weight=0.1 * sources, delay=1.0)

    class Upper(sim.MapConnector):
        def connect(self, projection):
            i, j = np.indices(projection.shape)
            self._connect_with_map(projection, i < j)

    a = sim.Population(4, sim.IF_cond_exp())
    near = sim.Projection(a, a, Neighbours()).get("weight", "list")
    assert near == [(i, j, pytest.approx(0.1 * i)) for i in range(4) for j in range(4)
                    if abs(i - j) == 1]  # fmt: skip
    upper = sim.Projection(a, a, Upper(), sim.StaticSynapse(weight=0.1))
    assert upper.size() == 6


def test_connections_of_a_file(tmp_path):
    a = sim.Population(3, sim.IF_cond_exp())
    first = sim.Projection(
        a, a, sim.AllToAllConnector(), sim.TsodyksMarkramSynapse(weight="0.1+d", U=0.25)
    )
    first.save("all", str(tmp_path / "connections.txt"))
    connector = sim.FromFileConnector(str(tmp_path / "connections.txt"))
    again = sim.Projection(a, a, connector, sim.TsodyksMarkramSynapse())
    names = ["weight", "delay", "U", "tau_rec"]
    np.testing.assert_allclose(again.get(names, "list"), first.get(names, "list"))


def test_drawn_weights_of_the_wrong_sign_are_refused_when_they_are_drawn():
    a = sim.Population(20, sim.IF_cond_exp())
    normal = RandomDistribution("normal", mu=0.1, sigma=0.1)
    sim.Projection(a, a, sim.AllToAllConnector(), sim.StaticSynapse(weight=normal))
    with pytest.raises(errors.ConnectionError, match="other sign"):
        sim.run(1.0)


def test_the_same_seed_gives_the_same_network_and_another_one_another():
    def weights(seed, rng):
        sim.setup(rng_seed=seed)
        a = sim.Population(10, sim.IF_cond_exp())
        synapse = sim.StaticSynapse(weight=RandomDistribution("uniform", (0, 1), rng=rng))
        return sim.Projection(a, a, sim.FixedProbabilityConnector(0.5), synapse).get(
            "weight", "array"
        )

    np.testing.assert_array_equal(weights(1, None), weights(1, None))
    assert not np.array_equal(weights(1, None), weights(2, None), equal_nan=True)
    assert not np.array_equal(
        weights(1, NumpyRNG(seed=5)), weights(1, NumpyRNG(seed=6)), equal_nan=True
    )


def test_one_noise_for_all_its_cells():
    cells = sim.Population(2, sim.IF_curr_exp())
    source = sim.NoisyCurrentSource(mean=0.1, stdev=0.5)
    source.inject_into(cells)
    source.record()
    cells.record("v")
    sim.run(20.0)
    v = cells.get_data().segments[0].analogsignals[0].magnitude
    np.testing.assert_array_equal(v[:, 0], v[:, 1])
    assert np.std(v) > 0
    assert source.get_data().magnitude.std() == pytest.approx(0.5, rel=0.3)


def test_spike_sources_can_be_given_new_times():
    source = sim.Population(2, sim.SpikeSourceArray(spike_times=[[0.0, 3.0], []]))
    source.record("spikes")
    sim.run(10.0)
    source.set(spike_times=[Sequence([12.0]), Sequence([11.0, 13.0])])
    sim.run(10.0)
    trains = source.get_data().segments[0].spiketrains
    assert [train.magnitude.tolist() for train in trains] == [[0.0, 3.0, 12.0], [11.0, 13.0]]


def test_files_are_written_at_the_end(tmp_path):
    from neo.io import PickleIO

    cells = firing(2)
    cells.record("spikes", to_file=str(tmp_path / "out" / "spikes.pkl"))
    sim.run(30.0)
    sim.end()
    block = PickleIO(str(tmp_path / "out" / "spikes.pkl")).read_block()
    assert [len(train) for train in block.segments[0].spiketrains] == [1, 1]
    with pytest.raises(OSError, match="text files"):
        cells.write_data(str(tmp_path / "spikes.txt"))
    assert cells.get_data().segments


def test_data_of_an_assembly():
    a, b = firing(2, "a"), firing(3, "b")
    both = a + b[1:]
    both.record(["v", "spikes"])
    sim.run(30.0)
    segment = both.get_data().segments[0]
    assert len(segment.spiketrains) == 4
    assert segment.analogsignals[0].shape == (301, 4)
    assert segment.analogsignals[0].array_annotations["channel_index"].tolist() == [0, 1, 2, 3]
    assert sum(both.get_spike_counts().values()) == 4


def test_a_new_model_file_is_a_new_class(tmp_path, monkeypatch):
    text = """
    dyn.cell @Leak "A leak." {
      param tau : ms = 10.0
      state x : mV = 5.0
      dx/dt = -x / tau
    }
    """
    (tmp_path / "Leak.mlir").write_text(text)
    monkeypatch.setenv("SNNC_MODEL_PATH", str(tmp_path))
    assert "Leak" in sim.list_standard_models()
    assert "Leak" in dir(sim)
    cells = sim.Population(1, sim.Leak(tau=20.0))
    cells.record("x")
    sim.run(20.0)
    x = cells.get_data().segments[0].analogsignals[0]
    assert float(x[-1, 0]) == pytest.approx(5.0 * np.exp(-1.0))


def test_star_import_and_time_to_import():
    code = "from snnc.pynn import *; setup(); Population(1, IF_cond_exp()); print(len(dir()))"
    assert int(subprocess.check_output([sys.executable, "-c", code])) > 50
    listed = "import sys, snnc.pynn; print([m for m in sys.modules if m.startswith('pyNN.')])"
    modules = subprocess.check_output([sys.executable, "-c", listed], text=True)
    for slow in ("pyNN.common", "pyNN.connectors", "pyNN.standardmodels", "pyNN.recording"):
        assert slow not in modules
    heavy = "import sys, snnc.pynn; print('llvmlite.ir' in sys.modules, 'neo' in sys.modules)"
    assert subprocess.check_output([sys.executable, "-c", heavy], text=True) == "False False\n"


def test_the_network_of_a_script_without_running_it(tmp_path):
    import snnc
    from snnc.pynn.scripts import capture_network

    path = Path(tmp_path) / "script.py"
    path.write_text(
        "import pyNN.nest as sim\n"
        "sim.setup()\n"
        "cells = sim.Population(3, sim.IF_curr_exp(i_offset=1.0), label='E')\n"
        "cells.record('spikes')\n"
        "sim.run(1e9)\n"
        "raise SystemExit('not reached')\n"
    )
    document = capture_network(path)
    compiled = snnc.compile(document)
    compiled.run(30.0)
    assert compiled.simulation.spike_counts("E").tolist() == [1, 1, 1]


def test_initial_values_of_some_cells_after_a_run():
    sim.setup()
    cells = sim.Population(6, sim.IF_cond_exp())
    cells.record("v")
    sim.run(1.0)
    cells[1:3].initialize(v=[-60.0, -61.0])
    cells[2].set_initial_value("v", -62.0)
    sim.run(0.1)
    assert cells.get_data().segments[0].filter(name="v")[0][-1, 4].item() == -65.0
    sim.reset()
    sim.run(0.1)
    start = cells.get_data().segments[1].filter(name="v")[0].magnitude[0]
    assert start.tolist() == [-65.0, -60.0, -62.0, -65.0, -65.0, -65.0]


@pytest.mark.parametrize("ending", ["pkl", "mat", "nix", "nwb"])
def test_data_read_back_from_each_format(ending, tmp_path):
    package = {"nix": "nixio", "nwb": "pynwb", "mat": "scipy"}.get(ending)
    if package is not None:
        pytest.importorskip(package, reason=f"Neo writes .{ending} with {package}")
    sim.setup()
    cells = sim.Population(3, sim.IF_cond_exp(i_offset=1.0))
    cells.record(["v", "spikes"])
    sim.run(30.0)
    path = tmp_path / f"data.{ending}"
    cells.write_data(str(path), annotations={"trial": 1})
    reader = neo.io.get_io(str(path))
    (block,) = reader.read_all_blocks() if hasattr(reader, "read_all_blocks") else reader.read()
    (segment,) = block.segments
    assert segment.analogsignals[0].shape == (301, 3)
    assert [len(train) for train in segment.spiketrains] == [1, 1, 1]
