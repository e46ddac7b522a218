"""Brunel's (2000) network from NeuroML and NineML files, beside the same network in PyNN.

``python tests/corpus_brunel.py FOLDER`` finds OpenSourceBrain's ``BrunelFromPyNN.net.nml`` and the
NineML catalog's ``AI.xml`` and ``SR.xml`` below a folder, runs each with several seeds and as often
the network with the same numbers written in PyNN, and prints a table of rates. It is no test: it
takes a minute.
"""

import re
import sys
import warnings
from pathlib import Path

import numpy as np

import snnc
import snnc.pynn as sim
from snnc.compiler import document_of
from snnc.ir.context import context
from snnc.passes.reseed import ReseedPass

SEEDS = 6
# In the units of PyNN. The catalog's response starts at the weight, PyNN's peaks there.
WEIGHT = 13.7707633471 / np.e
NINEML = {"AI": (250, -68.8538167356 / np.e), "SR": (1000, -41.3122900414 / np.e)}
"""Inhibitory connections onto a cell, and their weight in nA."""
CATALOG_CELL = {
    "cm": 20.0 / 1.5, "tau_m": 20.0, "v_rest": 0.0, "v_reset": 10.0, "v_thresh": 20.0,
    "tau_refrac": 2.0, "tau_syn_E": 0.1, "tau_syn_I": 0.1,
}  # fmt: skip
OSB_CELL = CATALOG_CELL | {"cm": 0.001, "v_reset": 0.0}
OSB_WEIGHTS = {"E_net": 0.000413635066326, "I_net": -0.001654540265306}


def catalog_network(count, weight):
    """Build the network of the catalog in PyNN."""
    sim.setup(timestep=0.1, min_delay=1.5)
    sizes = {"Exc": 10_000, "Inh": 2_500}
    start = sim.RandomDistribution("uniform", (0.0, 20.0))
    cells = {
        name: sim.Population(n, sim.IF_curr_alpha(**CATALOG_CELL), initial_values={"v": start},
                             label=name)
        for name, n in sizes.items()
    }  # fmt: skip
    everyone = cells["Exc"] + cells["Inh"]
    drive = sim.Population(12_500, sim.SpikeSourcePoisson(rate=52638.7053487), label="Ext")
    for source, connector, w in (
        (cells["Exc"], sim.FixedNumberPreConnector(1000), WEIGHT),
        (cells["Inh"], sim.FixedNumberPreConnector(count), weight),
        (drive, sim.OneToOneConnector(), WEIGHT),
    ):
        receptor = "inhibitory" if w < 0 else "excitatory"
        sim.Projection(source, everyone, connector, sim.StaticSynapse(weight=w, delay=1.5),
                       receptor_type=receptor)  # fmt: skip
    everyone.record("spikes")


def osb_network(path):
    """Build the network of OpenSourceBrain's file in PyNN, with the connections listed there."""
    sim.setup(timestep=0.025, min_delay=0.025)
    sizes = {"E_net": 20, "I_net": 5}
    cells = {n: sim.Population(k, sim.IF_curr_alpha(**OSB_CELL), initial_values={"v": 0.0}, label=n)
             for n, k in sizes.items()}  # fmt: skip
    text = path.read_text()
    for pre, weight in OSB_WEIGHTS.items():
        for post in cells:
            pattern = rf'preCellId="\.\./{pre}/(\d+)/[^>]*postCellId="\.\./{post}/(\d+)/'
            pairs = [(int(i), int(j)) for i, j in re.findall(pattern, text)]
            receptor = "inhibitory" if weight < 0 else "excitatory"
            sim.Projection(cells[pre], cells[post], sim.FromListConnector(pairs),
                           sim.StaticSynapse(weight=weight, delay=1.5),
                           receptor_type=receptor)  # fmt: skip
    for population in cells.values():
        drive = sim.Population(population.size, sim.SpikeSourcePoisson(rate=10_000.0))
        sim.Projection(drive, population, sim.OneToOneConnector(),
                       sim.StaticSynapse(weight=OSB_WEIGHTS["E_net"], delay=0.025))  # fmt: skip
        population.record("spikes")


def rates(document, names, ms):
    """Return the rate of each population in Hz, one row for each seed."""
    found = []
    for _ in range(SEEDS):
        ReseedPass().apply(context(), document.module)
        net = snnc.compile(document)
        net.run(ms)
        sizes = {one.name: one.size for one in net.artifact.populations}
        spikes = [net.simulation.spikes(name)[0] for name in names]
        found.append([t.size / sizes[n] / ms * 1e3 for t, n in zip(spikes, names, strict=True)])
    return np.array(found)


def report(title, path, build, names, ms):
    """Print the rates from a file and from PyNN, and whether their means agree."""
    ours = rates(document_of(path), names, ms)
    build()
    theirs = rates(document_of(sim), names, ms)
    for k, name in enumerate(names):
        a, b = ours[:, k], theirs[:, k]
        error = np.sqrt((a.var(ddof=1) + b.var(ddof=1)) / SEEDS)
        apart = abs(a.mean() - b.mean()) / error
        print(
            f"| {title} | {name} | {a.mean():.2f} ± {a.std(ddof=1):.2f} | "
            f"{b.mean():.2f} ± {b.std(ddof=1):.2f} | {apart:.1f} |",
            flush=True,
        )


def main():
    """Print the table."""
    warnings.simplefilter("ignore")
    folder = Path(sys.argv[1])
    print("| network | population | from the file (Hz) | in PyNN (Hz) | standard errors apart |")
    print("|---|---|---:|---:|---:|")
    osb = next(folder.rglob("BrunelFromPyNN.net.nml"))
    run = osb.with_name("LEMS_Sim_BrunelFromPyNN.xml")
    report("OpenSourceBrain", run, lambda: osb_network(osb), ["E_net", "I_net"], 2000.0)
    for name, inhibition in NINEML.items():
        path = next(folder.rglob(f"Brunel2000/{name}.xml"))
        report(f"NineML {name}", path, lambda one=inhibition: catalog_network(*one), ["Exc", "Inh"],
               200.0)  # fmt: skip


if __name__ == "__main__":
    main()
