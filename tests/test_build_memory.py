"""How much memory the system has to give while connections are made."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

SCRIPT = """
import json, sys
from pathlib import Path
import snnc.pynn as sim

def built(cells, connections):
    sim.setup(timestep=0.1, threads=2, rng_seed=1)
    population = sim.Population(cells, sim.IF_curr_exp())
    delay = sim.RandomDistribution("uniform", low=0.1, high=2.0)
    connector = sim.FixedNumberPostConnector(connections)
    synapse = sim.StaticSynapse(weight=0.001, delay=delay)
    sim.Projection(population, population, connector, synapse)
    before = of("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")  # the peak starts anew
    session = sim.session.current()
    sim.run(0.1)
    grown = of("VmHWM") - before
    kept = session.existing.report().memory["connections"] / 1024
    sim.end()
    return grown, kept

def of(name):
    return int(Path("/proc/self/status").read_text().split(name + ":")[1].split()[0])

built(50, 5)  # loads what is needed
print(json.dumps(built(40_000, 900)))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads the memory of a process from /proc")
def test_the_peak_is_near_what_the_connections_take():
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    grown, kept = json.loads(done.stdout)
    assert kept > 70_000
    assert grown < 1.3 * kept
