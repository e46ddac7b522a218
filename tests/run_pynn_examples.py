"""Run PyNN's own examples unchanged through ``snnc run`` and print a table of the results.

What does not run says what it needs instead, or its error.

They are taken from PyNN's source distribution, which pip downloads: ``python
tests/run_pynn_examples.py [NAME...]``. It is no test: it needs the network, and takes minutes.
"""

import os
import re
import subprocess
import sys
import tarfile
import tempfile
import time
from pathlib import Path

SOURCE = "pynn==0.13.0"
SNNC = Path(sys.executable).parent / "snnc"
ARGUMENTS = {"VAbenchmarks.py": ["COBA"]}
# What they need beside a backend of PyNN, where they fail.
NEEDS = {
    "distrib_example.py": "the package mpi4py; with it, it runs",
    "nrn_artificial_cell.py": "shows NEURON's own cell IntFire1; runs with --target neuron",
    "nineml_brunel.py": "the package nineml, which does not import on Python 3.10 and above",
    "nineml_neuron.py": "the package nineml, which does not import on Python 3.10 and above",
    "simpleRandomNetwork_csa.py": "the package csa, and NumpyRNG.next as PyNN 0.8 had it, which "
    "PyNN 0.13 refuses on every backend",
}
TAKES_BACKEND = re.compile(r"get_simulator|get_script_args|sys\.argv|argparse")


def download(folder):
    """Return the folder of the examples."""
    command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--no-binary", ":all:"]
    subprocess.run([*command, "-d", str(folder), SOURCE], check=True)
    with tarfile.open(next(Path(folder).glob("*.tar.gz"))) as archive:
        archive.extractall(folder, filter="data")
    return next(Path(folder).glob("*/examples"))


def run(script):
    """Return whether a script runs, how long it takes, and its last line if it fails."""
    backend = ["snnc"] if TAKES_BACKEND.search(script.read_text()) else []
    arguments = [*backend, *ARGUMENTS.get(script.name, [])]
    begin = time.perf_counter()
    done = subprocess.run(
        [str(SNNC), "run", script.name, *arguments],
        cwd=script.parent,
        capture_output=True,
        text=True,
        env={**os.environ, "MPLBACKEND": "Agg"},
    )
    lines = done.stderr.strip().splitlines()
    seconds = time.perf_counter() - begin
    return done.returncode == 0, seconds, lines[-1] if lines and done.returncode else ""


def main():
    """Print a row for each example."""
    with tempfile.TemporaryDirectory() as folder:
        examples = download(folder)
        (examples / "Results").mkdir(exist_ok=True)
        print("| example | runs | s | |\n|---|---|---|---|")
        for script in sorted(examples.glob("*.py")):
            if len(sys.argv) < 2 or script.name in sys.argv[1:]:
                runs, seconds, reason = run(script)
                reason = NEEDS.get(script.name, reason) if reason else ""
                print(f"| {script.name} | {'yes' if runs else 'no'} | {seconds:.1f} | {reason} |")


if __name__ == "__main__":
    main()
