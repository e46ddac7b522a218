"""The README's examples, and those of the page on simulators, run as printed."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
TEXT = (ROOT / "README.md").read_text()
SIMULATORS = (ROOT / "docs" / "simulators.md").read_text()
SNNC = Path(sys.executable).parent / "snnc"


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", TEXT + SIMULATORS, re.DOTALL)


def section(title: str) -> str:
    return TEXT.split(f"\n## {title}\n")[1].split("\n## ")[0]


def run(command: list[str], folder: Path, **environment: str) -> str:
    import os

    done = subprocess.run(
        command,
        cwd=folder,
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


@pytest.fixture(scope="module")
def workplace(tmp_path_factory):
    """A folder with the examples, where the commands of the README can be typed."""
    folder = tmp_path_factory.mktemp("readme")
    for name in ("examples", "tests", "frontends"):
        (folder / name).symlink_to(ROOT / name)
    return folder


@pytest.mark.parametrize("code", blocks("python"))
def test_python_examples(code, workplace):
    run([sys.executable, "-c", code], workplace)


@pytest.mark.parametrize(
    "title",
    [
        "Run a network",
        "Use the command",
        "Run it on another simulator",
        "Use files of model languages",
        "Cross-check simulators",
        "Map it onto SpiNNaker",
        "Map it onto BrainScaleS-2",
        "Map it onto a BrainScaleS wafer, or emulate either chip",
    ],
)
def test_commands(title, workplace):
    (commands,) = re.findall(r"```bash\n(.*?)```", section(title), re.DOTALL)
    if "nest" in commands:
        pytest.importorskip("nest", reason="the simulator NEST is not installed")
    for line in commands.strip().splitlines():
        if line.startswith("pip install ") and " && " not in line:
            continue
        command = line.split(" && ")[-1]
        assert command.startswith("snnc "), command
        arguments = [word.strip("'") for word in command.split()[1:]]
        assert run([str(SNNC), *arguments], workplace)
    if title == "Run a network":
        assert (workplace / "coba.png").read_bytes().startswith(b"\x89PNG")


def test_the_cell_model_of_the_readme(workplace):
    (model,) = blocks("mlir")
    (workplace / "models").mkdir()
    (workplace / "models" / "Quadratic.mlir").write_text(model)
    script = (
        "import snnc.pynn as sim; sim.setup();"
        "p = sim.Population(1, sim.Quadratic(a=0.02)); dc = sim.DCSource(amplitude=5.0);"
        "dc.inject_into(p); p.record(['spikes', 'v']); sim.run(50.0);"
        "print(p.get_spike_counts(), p.get_data().segments[0].analogsignals[0].units)"
    )
    out = run([sys.executable, "-c", script], workplace, SNNC_MODEL_PATH="models")
    assert re.search(r": [1-9]\d*} 1.0 mV", out)
