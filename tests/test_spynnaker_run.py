"""SpiNNaker's own tools take a script over, on the cores where the mapping has its cells."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from snnc.ir.diagnostics import MissingDependencyError, UserError
from snnc.spynnaker_run import plans_of, run_with_spynnaker
from snnc.spynnaker_units import count_currents

SCRIPT = """\
import sys
import pyNN.nest as sim
sim.setup(timestep=1.0)
a = sim.Population(300, sim.IF_cond_exp(), label="a")
b = sim.Population(100, sim.IF_cond_exp(), label="b")
noise = sim.Population(50, sim.SpikeSourcePoisson(rate=10.0), label="noise")
rule = sim.FixedProbabilityConnector(0.1)
synapse = sim.StaticSynapse(weight=0.001, delay=1.0)
sim.Projection(a, b, rule, synapse)
sim.Projection(noise, a, rule, synapse)
ring = [sim.Population(700, sim.IF_cond_exp(), label=f"ring{k}") for k in range(8)]
for k in range(8):
    sim.Projection(ring[k], ring[k - 3], sim.OneToOneConnector(), synapse)
sim.run(10.0)
if len(sys.argv) > 1:
    from pacman.data import PacmanDataView
    for one in PacmanDataView.iterate_placemements():
        if getattr(one.vertex, "app_vertex", None) is not None:
            cells = one.vertex.vertex_slice
            print("placed", one.vertex.app_vertex.label, cells.lo_atom, cells.hi_atom, one.x, one.y)
sim.end()
"""


@pytest.fixture
def script(tmp_path: Path) -> Path:
    (tmp_path / "net.py").write_text(SCRIPT)
    return tmp_path / "net.py"


def test_populations_are_told_as_cores_of_their_own(script):
    plans = plans_of(script)
    assert [(plan.label, plan.size) for plan in plans[:3]] == [
        ("a", 300),
        ("b", 100),
        ("noise", 50),
    ]
    assert [plan.bits for plan in plans] == [4, 4, 0, *[4] * 8]
    assert [plan.cells_per_core for plan in plans] == [150, 100, 50, *[234] * 8]
    cores = {one.place for plan in plans for one in plan.slices}
    assert len(cores) == 4 + 8 * 3
    assert len({core[:2] for core in cores}) > 1, "on more than one chip"


def test_without_spynnaker_the_extra_is_named(script, monkeypatch):
    monkeypatch.setattr("snnc.spynnaker_run.find_spec", lambda name: None)
    with pytest.raises(MissingDependencyError, match=r"pip install 'snnc\[spynnaker\]'"):
        run_with_spynnaker(script, [])


def run(script: Path, home: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "snnc.cli", "run", str(script), "--run-with", "spynnaker"]
    command += options
    environment = {**os.environ, "HOME": str(home)}
    return subprocess.run(
        [*command, "list"], env=environment, cwd=home, capture_output=True, text=True, check=False
    )


def test_spynnaker_puts_slices_where_they_are_mapped(script, tmp_path):
    pytest.importorskip("spynnaker", reason="needs sPyNNaker: pip install 'snnc[spynnaker]'")
    assert "write" in run(script, tmp_path).stderr, "a machine must be named first"
    (tmp_path / ".spynnaker.cfg").write_text("[Machine]\nvirtual_board = True\nversion = 5\n")
    done = run(script, tmp_path)
    assert done.returncode == 0, done.stderr
    placed = {tuple(line.split()[1:]) for line in done.stdout.splitlines() if "placed" in line}
    expected = set()
    for plan in plans_of(script):
        for number, one in enumerate(plan.slices):
            first = number * plan.cells_per_core
            last = min(first + plan.cells_per_core, plan.size) - 1
            expected.add((plan.label, *map(str, (first, last, *one.place[:2]))))
    assert placed == expected


NUMBERS = """\
import numpy as np
import pyNN.nest as sim
sim.setup(timestep=1.0)
cells = sim.Population(3, sim.IF_cond_exp(cm=0.2), label="cells")
source = sim.Population(3, sim.SpikeSourceArray(spike_times=[1.0]), label="source")
synapse = sim.StaticSynapse(weight=0.001, delay=1.0)
sim.Projection(source, cells, sim.OneToOneConnector(), synapse)
current = sim.DCSource(amplitude=0.5)
current.inject_into(cells)
for _ in range(2):
    sim.run(3.0)
from pacman.data import PacmanDataView
vertex = next(one for one in PacmanDataView.iterate_vertices() if one.label == "cells")
struct = next(s for s in vertex.neuron_impl.structs if any(n == "cm" for _, n in s.fields))
values = {name: 0.0 for _, name in struct.fields} | {"cm": 0.2, "i_offset": -0.01, "tau_m": 20.0}
cells_on_core = next(iter(vertex.machine_vertices)).vertex_slice
raw = struct.get_data(values, cells_on_core).view(struct.numpy_dtype)[0]
recorded = vertex.neuron_recorder.get_data_type("gsyn_exc")
print("numbers", raw["cm"], raw["i_offset"], raw["tau_m"], vertex.weight_scale)
print("amplitude", current.parameter_types["amplitude"].encode_as_int(0.5))
print("recorded", recorded.decode_array(np.array([1 << 15], np.int32).view(np.uint8))[0])
sim.end()
"""


def test_spynnaker_writes_currents_in_the_unit_of_the_mapping(tmp_path):
    """20 ms and 0.2 nF: 1 nA is 2^6, as in the emulation; the script keeps to nA and uS."""
    pytest.importorskip("spynnaker", reason="needs sPyNNaker: pip install 'snnc[spynnaker]'")
    (tmp_path / ".spynnaker.cfg").write_text("[Machine]\nvirtual_board = True\nversion = 5\n")
    script = tmp_path / "units.py"
    script.write_text(NUMBERS)
    for options, unit in ([], 64), (["--pass", "choose-current-unit{bits=0}"], 1):
        done = run(script, tmp_path, *options)
        assert done.returncode == 0, done.stderr
        found = {line.split()[0]: line.split()[1:] for line in done.stdout.splitlines() if line}
        expected = [round(0.2 * unit * 2**15), round(-0.01 * unit * 2**15), 20 << 15, 1024.0 * unit]
        assert [float(word) for word in found["numbers"]] == pytest.approx(expected, abs=1)
        assert found["amplitude"] == [str(unit << 14)]
        assert float(found["recorded"][0]) == 1.0 / unit


def test_a_source_of_current_has_one_unit():
    class Kind:
        def encode_as_int(self, value):
            return round(value * 2**15)

    types = {"amplitude": Kind(), "start": Kind()}
    vertices = [
        SimpleNamespace(
            neuron_impl=SimpleNamespace(units_in_nA=1.0),
            current_sources=[SimpleNamespace(parameter_types=types)],
        )
        for _ in range(2)
    ]
    count_currents(vertices[0], 3)
    count_currents(vertices[0], 3)
    assert [types[name].encode_as_int(1.0) for name in types] == [8 << 15, 1 << 15]
    with pytest.raises(UserError, match="give each a source of its own"):
        count_currents(vertices[1], 4)
