"""The ways in which scripts reach the module, and what they expect of it."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

SNNC = Path(sys.executable).parent / "snnc"


def run(command, folder):
    return subprocess.run(command, cwd=folder, capture_output=True, text=True)


def finds_backend(folder):
    code = "import importlib.util as u; print(u.find_spec('pyNN.snnc') is not None)"
    return "True" in run([sys.executable, "-c", code], folder).stdout


def test_pynns_get_simulator_finds_it(tmp_path):
    if not finds_backend(tmp_path):
        pytest.skip("a strict editable installation cannot add pyNN.snnc to PyNN's folder")
    (tmp_path / "script.py").write_text(
        "from pyNN.utility import get_simulator\n"
        "sim, options = get_simulator()\n"
        "sim.setup(); p = sim.Population(2, sim.IF_curr_exp()); print(sim.__name__, p.size)\n"
    )
    done = run([sys.executable, "script.py", "snnc"], tmp_path)
    assert done.stdout.split() == ["snnc.pynn", "2"], done.stderr


@pytest.mark.parametrize("backend", ["nest", "neuron", "brian2", "spiNNaker"])
def test_the_command_stands_in_for_a_backend(backend, tmp_path):
    (tmp_path / "script.py").write_text(
        f"import pyNN.{backend} as sim\n"
        "sim.setup(timestep=0.1)\n"
        "if hasattr(sim, 'set_number_of_neurons_per_core'):\n"
        "    sim.set_number_of_neurons_per_core(sim.IF_curr_exp, 64)\n"
        "p = sim.Population(2, sim.IF_curr_exp(i_offset=1.0))\n"
        "p.record('spikes'); sim.run(50.0)\n"
        "print(p.mean_spike_count() > 0, sim.name())\n"
    )
    done = run([str(SNNC), "run", "script.py"], tmp_path)
    assert done.stdout.split() == ["True", "snnc"], done.stderr


def test_what_spynnaker_takes_beyond_pynn(tmp_path):
    (tmp_path / "script.py").write_text(
        "import pyNN.spiNNaker as sim\n"
        "sim.setup(1.0)\n"
        "p = sim.Population(3, sim.Izhikevich(a=0.1, v=-60.0), seed=1, additional_parameters={})\n"
        "print(p.initial_values['v'].evaluate(simplify=True), isinstance(p, sim.Population))\n"
    )
    done = run([str(SNNC), "run", "script.py"], tmp_path)
    assert done.stdout.split() == ["-60.0", "True"], done.stderr
    assert "v= is deprecated" in done.stderr


def test_hints_are_not_part_of_the_module():
    import snnc.pynn as sim

    with pytest.raises(AttributeError):
        sim.set_number_of_neurons_per_core  # noqa: B018


def test_connections_are_pynns_where_pynn_common_is_imported(tmp_path):
    code = (
        "import sys, snnc.pynn as sim\n"
        "sim.setup(); p = sim.Population(2, sim.IF_curr_exp())\n"
        "q = sim.Projection(p, p, sim.AllToAllConnector(), sim.StaticSynapse(weight=1, delay=1))\n"
        "print(isinstance(q[0], sim.Connection), 'pyNN.common' in sys.modules)\n"
        "from pyNN.common import Connection\n"
        "print(isinstance(q[0], Connection), isinstance(q[0], sim.Connection))\n"
    )
    done = run([sys.executable, "-c", code], tmp_path)
    assert done.stdout.split() == ["True", "False", "True", "True"], done.stderr


def test_listed_spikes_are_recorded_off_the_grid_when_asked():
    import snnc.pynn as sim

    listed = [0.075, 10.025, 12.34]
    for precision, expected in (("off_grid", listed), ("on_grid", [0.1, 10.05, 12.35])):
        sim.setup(timestep=0.05, spike_precision=precision)
        source = sim.Population(1, sim.SpikeSourceArray(spike_times=listed))
        source.record("spikes")
        sim.run(20.0)
        (train,) = source.get_data().segments[0].spiketrains
        np.testing.assert_allclose(train.magnitude, expected)
        sim.end()
