"""Plastic synapses as sPyNNaker writes them for a virtual board, beside those written here."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from spinnaker_synapses import artifact_of, words_of

import snnc.pynn
from snnc.pynn import session
from snnc.runtime.spinnaker.data import write_data
from snnc.runtime.spinnaker.store import PLASTICITY
from snnc.runtime.spinnaker.words import WordForm

pytest.importorskip("spynnaker", reason="needs sPyNNaker: pip install 'snnc[spynnaker]'")

CELLS, W_MAX, AMOUNTS = (12, 10), 2.5, {"A_plus": 0.013, "A_minus": 0.021}
NETWORK = f"""
def build(sim, dependence, amounts, cell):
    pre, post = (sim.Population(n, cell(), label=str(n)) for n in {CELLS})
    stdp = sim.STDPMechanism(
        timing_dependence=sim.SpikePairRule(tau_plus=18.0, tau_minus=34.0, **amounts),
        weight_dependence=getattr(sim, dependence)(w_min=0.1, w_max={W_MAX}),
        weight=0.5, delay=3.0,
    )
    pairs = [(i, j) for i in range({CELLS[0]}) for j in range({CELLS[1]})]
    changing = [(i, j, 0.1 * (i + 1) + 0.01 * j, 1.0 + (i + j) % 7)
                for i, j in pairs if (3 * i + j) % 4 < 2]
    fixed = [(i, j, -0.3, 2.0) for i, j in pairs if (i + j) % 3 == 0]
    sim.Projection(pre, post, sim.FromListConnector(changing), stdp, receptor_type="excitatory")
    sim.Projection(pre, post, sim.FromListConnector(fixed), sim.StaticSynapse(),
                   receptor_type="inhibitory")
"""
SCRIPT = f"""{NETWORK}
import pyNN.spiNNaker as sim
sim.setup(timestep=1.0)
# sPyNNaker takes the amounts of the additive rule as they are, PyNN as shares of w_max
additive = {{name: {W_MAX} * amount for name, amount in {AMOUNTS}.items()}}
build(sim, "AdditiveWeightDependence", additive, sim.IF_curr_exp)
build(sim, "MultiplicativeWeightDependence", {AMOUNTS}, sim.IF_curr_exp)
sim.run(1.0)
sim.end()
"""
BOARD = """[Machine]
virtual_board = True
version = 5

[Mode]
mode = Debug

[Reports]
write_network_graph = False
"""


def by_spynnaker(folder: Path) -> Path:
    (folder / ".spynnaker.cfg").write_text(BOARD)
    (folder / "net.py").write_text(SCRIPT)
    subprocess.run(
        [sys.executable, "net.py"],
        cwd=folder, env={**os.environ, "HOME": str(folder)}, check=True, capture_output=True,
    )  # fmt: skip
    (found,) = folder.glob("reports/*/run_1/ds.sqlite3")
    return found


def by_snnc(folder: Path) -> Path:
    scope: dict = {}
    exec(NETWORK, scope)
    snnc.pynn.setup(timestep=1.0)
    for rule in ("Additive", "Multiplicative"):
        scope["build"](snnc.pynn, f"{rule}WeightDependence", AMOUNTS, snnc.pynn.IF_curr_exp)
    in_nanoamperes = artifact_of(session.current().document(), unit="{bits=0}")
    write_data(in_nanoamperes, folder / "ds.sqlite3")
    return folder / "ds.sqlite3"


def plastic_cores(path: Path) -> dict[bytes, dict[str, np.ndarray]]:
    """Return the regions of cores with plastic synapses, by the bytes of their rule."""
    query = "SELECT x, y, p, region_label, content FROM region WHERE content NOT NULL"
    with closing(sqlite3.connect(path)) as file:
        rows = file.execute(query).fetchall()
    cores: dict[tuple[int, ...], dict[str, np.ndarray]] = {}
    for *place, label, content in rows:
        cores.setdefault(tuple(place), {})[label] = np.frombuffer(content, "<u4")
    return {core[PLASTICITY].tobytes(): core for core in cores.values() if PLASTICITY in core}


def synapses(core: dict[str, np.ndarray]) -> Iterator[tuple[int, int, int, int, float]]:
    """Yield cells, receptor, delay and weight in nA."""
    parameters, table, matrix = (
        [int(word) for word in core[name]] for name in ("SynapseParams", "PopTable", "SynBlocks")
    )
    form, shifts = WordForm(*parameters[2:5]), parameters[7:]
    first = table[2]
    for cell in range(CELLS[0]):
        words = np.array(words_of(first + (cell << 4), table, matrix), np.uint32)
        for weight, delay, receptor, target in zip(*form.unpacked(words), strict=True):
            yield cell, target, receptor, delay, weight * 2.0 ** (shifts[receptor] - 15)


def test_plastic_synapses_are_those_that_spynnaker_writes(tmp_path):
    theirs, ours = plastic_cores(by_spynnaker(tmp_path)), plastic_cores(by_snnc(tmp_path))
    assert len(theirs) == 2
    assert set(ours) == set(theirs)
    for rule, core in ours.items():
        found, wanted = sorted(synapses(core)), sorted(synapses(theirs[rule]))
        assert [one[:4] for one in found] == [one[:4] for one in wanted]
        shifts = [*core["SynapseParams"][7:].tolist(), *theirs[rule]["SynapseParams"][7:].tolist()]
        coarsest = 2.0 ** (max(shifts) - 15)
        weights = np.array([[one[4] for one in each] for each in (found, wanted)])
        assert np.abs(weights[0] - weights[1]).max() <= coarsest
