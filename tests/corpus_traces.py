"""jNeuroML's traces of NeuroML files, beside what snnc and SciPy find for the same files.

``python tests/corpus_traces.py FOLDER`` takes each ``jnml_*.csv`` below a folder: its first line
names the LEMS file and the columns. It prints the largest shift of a spike and the RMS of the
potential away from spikes, relative to its range: of the solver ``euler``, of the default solver,
and of the default solver against SciPy's LSODA at a tolerance of 1e-10, with spikes on the same
grid. It is no test: it takes a minute.
"""

import re
import sys
import warnings
from pathlib import Path

import numpy as np
from equations import Equations

import snnc
from snnc.compiler import document_of
from snnc.ir.dialects import snn

AWAY = 1.5
"""Milliseconds around a spike where potentials are not compared."""


def recorded(path):
    """Return times in ms, potentials in mV (as they are where they have no unit), and columns."""
    first = path.read_text().partition("\n")[0]
    file, columns = re.search(r"(LEMS_\S+\.xml).*columns: t (.*)", first).groups()
    values = np.loadtxt(path, delimiter=",", comments="#")
    return file, columns.split(), values[:, 0] * 1e3, values[:, 1:]


def locate(folder, file, columns):
    """Return the file of a name whose network has the population of the first column."""
    population = re.split(r"[\[/]", columns[0])[0]
    for path in sorted(folder.rglob(file)):
        document = document_of(path)
        network = document.module.body.block.last_op
        if any(
            isinstance(op, snn.PopulationOp) and op.symbol == population for op in network.walk()
        ):
            return path, document
    raise FileNotFoundError(file)


def crossings(t, v, threshold):
    """Return when v crosses a threshold upwards, interpolated."""
    (at,) = np.nonzero((v[:-1] < threshold) & (v[1:] >= threshold))
    return t[at] + (threshold - v[at]) / (v[at + 1] - v[at]) * (t[at + 1] - t[at])


def compared(t, found, expected):
    """Return the largest shift of a spike, whether all are in tolerance, and the relative RMS."""
    threshold = (expected.max() + expected.min()) / 2
    a, b = (crossings(t, v, threshold) for v in (found, expected))
    far = np.all([np.abs(t - spike) > AWAY for spike in [*a, *b]] or [t >= 0], axis=0)
    rms = np.sqrt(np.mean((found - expected)[far] ** 2)) / np.ptp(expected)
    if a.size != b.size:
        return np.inf, False, rms
    shift = np.abs(a - b)
    met = bool(np.all(shift <= 0.05 + 1e-3 * b)) and rms < 0.02
    return shift.max(initial=0.0), met, rms


def shown(t, found, expected):
    """Return a comparison as a cell of the table."""
    shift, met, rms = compared(t, found, expected)
    return f"{shift:.2g}, {100 * rms:.2g} {'met' if met else 'no'}"


def potentials(document, solver, ms):
    """Return the potential of each population from a run."""
    net = snnc.compile(document, solver=solver)
    net.run(ms)
    traces = {}
    for one in net.artifact.populations:
        names = net.simulation.recorded(one.name)
        traces[one.name] = net.simulation.trace(one.name, "v" if "v" in names else "V").values[:, 0]
    return traces, net.simulation.dt


def rows(folder):
    """Yield the lines of the table."""
    for csv in sorted(folder.rglob("jnml_*.csv")):
        file, columns, t, values = recorded(csv)
        path, document = locate(folder, file, columns)
        stepped, dt = potentials(path, "euler", t[-1])
        default, _ = potentials(document, "auto", t[-1])
        at = np.rint(t / dt).astype(int)
        for name, trace in default.items():
            column = next(i for i, c in enumerate(columns) if re.split(r"[\[/]", c)[0] == name)
            scale = 1.0 if columns[column].endswith("/V") else 1e3
            theirs = values[:, column] * scale
            exact = Equations(document, name).solve(at * dt, dt)
            cells = (
                shown(t, stepped[name][at], theirs),
                shown(t, trace[at], theirs),
                shown(t, trace[at], exact),
            )
            yield f"| {path.stem} {name} | {dt:g} | " + " | ".join(cells) + " |"


def main():
    """Print the table."""
    warnings.simplefilter("ignore")
    print("| file, population | dt (ms) | euler, trace | default, trace | default, SciPy |")
    print("|---|---:|---:|---:|---:|")
    for row in rows(Path(sys.argv[1])):
        print(row, flush=True)


if __name__ == "__main__":
    main()
