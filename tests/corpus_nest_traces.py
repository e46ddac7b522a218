"""NEST's traces of its models, beside what the NESTML models of the same names do.

``python tests/corpus_nest_traces.py FOLDER MODELS`` takes each ``nest_*.csv`` below a folder, whose
first line tells the current from 50 to 150 ms, the weight of the spike at 20 ms and NEST's spikes,
and the model of that name below MODELS (nestml installs them in ``sys.prefix/models``). It prints
the largest shift of a spike and the RMS of the potential away from spikes, relative to its range.
It is no test: it takes half a minute.
"""

import re
import sys
import warnings
from pathlib import Path

import numpy as np

import snnc.pynn as sim

OPTIONS = {
    "izhikevich": {"solver": "euler"},
    "aeif_cond_exp": {"timestep": 0.02, "refr_T": 0.0},
}
"""NEST steps izhikevich by Euler; aeif_cond_exp has no refractory time and resets within a step."""

JUMPS = ("izhikevich", "iaf_psc_delta")
"""Models whose weights are in mV; others have pA or nS, a thousandth of PyNN's units."""

AWAY = 1.0
"""Milliseconds around a spike where potentials are not compared."""


def reference(path):
    """Return current in pA, weight, spikes, times in ms and potentials in mV of a trace."""
    first = path.read_text().partition("\n")[0]
    current = float(re.search(r"dc (\S+) pA", first).group(1))
    weight = float(re.search(r"weight (\S+)", first).group(1))
    spikes = re.findall(r"\(([\d.]+)\)", first.partition("spikes:")[2])
    table = np.loadtxt(path, delimiter=",", skiprows=2)
    return current, weight, np.array(spikes, float), table[:, 0], table[:, 1]


def run(name, path, current, weight):
    """Return the spikes, the potential and the time step of a NESTML model under that input."""
    options = dict(OPTIONS.get(name, {}))
    dt = options.pop("timestep", 0.1)
    sim.setup(timestep=dt, min_delay=dt, solver=options.pop("solver", "auto"))
    cells = sim.Population(1, sim.nestml_cell_type(path)(**options))
    # NEST's device acts after its delay of 1 ms.
    sim.DCSource(amplitude=current / 1e3, start=51.0, stop=151.0).inject_into(cells)
    source = sim.Population(1, sim.SpikeSourceArray(spike_times=[20.0]))
    synapse = sim.StaticSynapse(weight=weight * (1.0 if name in JUMPS else 1e-3), delay=1.0)
    receptor = next(r for r in cells.celltype.receptor_types if "inh" not in r)
    sim.Projection(source, cells, sim.AllToAllConnector(), synapse, receptor_type=receptor)
    cells.record(["spikes", "V_m"])
    sim.run(200.0)
    segment = cells.get_data().segments[0]
    v = np.asarray(segment.filter(name="V_m")[0])[:, 0]
    return np.asarray(segment.spiketrains[0]), v, dt


def main():
    """Print the table."""
    warnings.simplefilter("ignore")
    folder, models = map(Path, sys.argv[1:3])
    print("| model | options | spikes | shift (ms) | RMS (%) | met |")
    print("|---|---|---:|---:|---:|---|")
    for path in sorted(folder.rglob("nest_*.csv")):
        name = path.stem.removeprefix("nest_")
        current, weight, expected, times, potential = reference(path)
        model = next(models.rglob(f"{name}_neuron.nestml"))
        found, v, dt = run(name, model, current, weight)
        v = v[np.rint(times / dt).astype(int)]
        far = np.all([np.abs(times - t) > AWAY for t in [*found, *expected]], axis=0)
        rms = np.sqrt(np.mean((v - potential)[far] ** 2)) / np.ptp(potential)
        same = found.size == expected.size
        shift = np.abs(found - expected) if same else np.full(expected.size, np.inf)
        met = np.all(shift <= 0.05 + 1e-3 * expected + 1e-9) and rms < 0.02
        options = ", ".join(f"{key} = {value}" for key, value in OPTIONS.get(name, {}).items())
        print(
            f"| {name} | {options} | {expected.size} | {shift.max():.2g} | {100 * rms:.2g} | "
            f"{'yes' if met else 'no'} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
