"""The command `snnc`, as a user types it."""

import subprocess
import sys
from pathlib import Path

import pytest

SNNC = str(Path(sys.executable).parent / "snnc")

SCRIPT = """
import sys
import pyNN.nest as sim
sim.setup(timestep=0.1)
cells = sim.Population(20, sim.IF_curr_exp(i_offset=1.0), label="cells")
cells.record("spikes")
sim.run(float(sys.argv[1]) if len(sys.argv) > 1 else 50.0)
print("spikes", sum(cells.get_spike_counts().values()), sim.__name__)
sim.end()
"""


@pytest.fixture
def script(tmp_path):
    path = tmp_path / "script.py"
    path.write_text(SCRIPT)
    return path


def snnc(*arguments, cwd=None):
    return subprocess.run([SNNC, *map(str, arguments)], capture_output=True, text=True, cwd=cwd)


def test_run_replaces_the_backend_that_a_script_imports(script):
    done = snnc("run", script, "--threads", 2, "--report")
    assert done.returncode == 0, done.stderr
    assert "spikes 20 snnc.pynn" in done.stdout
    assert "update_IF_curr_exp_f64" in done.stdout


def test_run_hands_arguments_to_the_script(script):
    assert "spikes 140 " in snnc("run", script, "--", "200").stdout


def test_run_draws_what_was_recorded(script, tmp_path):
    picture = tmp_path / "picture.png"
    done = snnc("run", script, "--plot", picture)
    assert done.returncode == 0, done.stderr
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_compile_emit_and_opt_agree(script, tmp_path):
    done = snnc("compile", script, "-o", tmp_path / "build")
    assert done.stdout.split() == [
        str(tmp_path / "build" / name) for name in ("network.mlir", "lowered.mlir", "kernels.py")
    ]
    network = tmp_path / "build" / "network.mlir"
    emitted = snnc("emit", script, "--stage", "solve").stdout
    replayed = snnc("opt", network, "-p", "snnc-canonicalise,solve{method=auto}").stdout
    assert emitted == replayed
    assert "step.cell @IF_curr_exp" in emitted
    assert '"step.cell"' in snnc("emit", network, "--stage", "solve", "--generic").stdout
    assert "lowered" in snnc("emit", script, "--stage", "list").stdout.split()
    run = snnc("run", network, "--ms", 50)
    assert "cells: 20 spikes recorded, 20.00 Hz" in run.stdout


def test_a_population_without_recording_is_not_said_to_be_silent(script, tmp_path):
    silent = 'sim.Population(5, sim.IF_curr_exp(i_offset=1.0), label="unrecorded")\nsim.run('
    script.write_text(SCRIPT.replace("sim.run(", silent, 1))
    assert snnc("compile", script, "-o", tmp_path).returncode == 0
    run = snnc("run", tmp_path / "network.mlir", "--ms", 50)
    assert "unrecorded: spikes not recorded" in run.stdout


def test_a_script_that_prints_does_not_disturb_what_is_emitted(script):
    script.write_text("print('hello')\n" + SCRIPT)
    assert snnc("emit", script).stdout.startswith("builtin.module {")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["run", "missing.py"], "snnc: error: no such file 'missing.py'"),
        (["emit", "missing.mlir"], "snnc: error: no such file 'missing.mlir'"),
        (["run", "script.py", "--target", "nesst"], "unknown target 'nesst'"),
        (["run", "script.py", "--threads", "none"], "wrong threads"),
        (["emit", "script.py", "--stage", "sollve"], "did you mean 'solve'"),
        (["opt", "bad.mlir"], "bad.mlir:1:25: error: "),
        (["opt", "script.mlir", "-p", "solve{"], "malformed pipeline"),
        (["run", "wrong.py"], "wrong.py:3: error: "),
    ],
)
def test_user_errors_are_one_line_and_status_2(script, arguments, message):
    folder = script.parent
    (folder / "bad.mlir").write_text("dyn.cell @X { param a : mVV = 1.0 }")
    (folder / "script.mlir").write_text("builtin.module {}")
    (folder / "wrong.py").write_text(
        "import snnc.pynn as sim\nsim.setup()\nsim.Population(3, sim.IF_curr_exp(tau_n=3.0))\n"
    )
    done = snnc(*arguments, cwd=folder)
    assert done.returncode == 2, done
    assert message in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert "Traceback" not in done.stderr


def test_a_fault_of_the_script_itself_is_its_own_traceback(script):
    script.write_text("import snnc.pynn as sim\n1 / 0\n")
    done = snnc("run", script)
    assert done.returncode == 1
    assert "ZeroDivisionError" in done.stderr


def test_targets_and_passes_have_a_line_each():
    assert "(available)" in snnc("targets").stdout
    passes = snnc("passes").stdout
    assert "solve " in passes
    assert "pipeline of cpu:" in passes
    assert snnc("--version").stdout.startswith("snnc, version ")
    assert "Usage:" in snnc("run", "--help").stdout
