"""SpiNNaker's own tools take a script over, on the cores where the mapping has its cells."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from snnc.ir.diagnostics import MissingDependencyError
from snnc.spynnaker_run import plans_of, run_with_spynnaker

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
    assert [plan.cells_per_core for plan in plans] == [150, 100, 50, *[234] * 8]
    cores = {one.place for plan in plans for one in plan.slices}
    assert len(cores) == 4 + 8 * 3
    assert len({core[:2] for core in cores}) > 1, "on more than one chip"


def test_without_spynnaker_the_extra_is_named(script, monkeypatch):
    monkeypatch.setattr("snnc.spynnaker_run.find_spec", lambda name: None)
    with pytest.raises(MissingDependencyError, match=r"pip install 'snnc\[spynnaker\]'"):
        run_with_spynnaker(script, [])


def run(script: Path, home: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "snnc.cli", "run", str(script), "--run-with", "spynnaker"]
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
