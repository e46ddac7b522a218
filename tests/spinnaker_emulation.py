"""Networks that are run in SpiNNaker's arithmetic, and what they recorded."""

from __future__ import annotations

import numpy as np

import snnc.pynn as sim
from snnc.passes.pipelines import pipeline_text
from snnc.pynn import session

EMULATE = {"target": "spinnaker", "emulate": True}
IN_NA = "choose-current-unit{bits=0}"


def begin(dt=1.0, **options):
    """Set up an emulation whose shortest delay is a step."""
    sim.setup(timestep=dt, min_delay=dt, **{**EMULATE, "rng_seed": 5, **options})


def changed(old, new):
    """Return the emulation's pipeline with a pass replaced."""
    return pipeline_text("spinnaker-emulation").replace(old, new)


def simulation():
    """Return the current network's simulation."""
    return session.current().simulation()


def times(population):
    """Return the spike times of each cell, in ms."""
    return [np.asarray(train) for train in population.get_data().segments[0].spiketrains]


def trace(population, name):
    """Return the samples of a state, one row per time and one column per cell."""
    signals = population.get_data().segments[0].analogsignals
    return next(one for one in signals if one.name == name).magnitude


def driven(cells, times_, weight=1.0, delay=1.0, receptor="excitatory"):
    """Return sources with listed spikes, and their projection onto all cells."""
    source = sim.Population(len(times_), sim.SpikeSourceArray(spike_times=times_))
    synapse = sim.StaticSynapse(weight=weight, delay=delay)
    connector = sim.AllToAllConnector()
    projection = sim.Projection(source, cells, connector, synapse, receptor_type=receptor)
    return source, projection


def leaky(folder):
    """Write a cell with other names than PyNN's, and one receptor, into a folder; return it."""
    (folder / "Leaky.mlir").write_text(
        "dyn.cell @Leaky {\n"
        "  param g : uS = 0.05\n  param c : nF = 1.0\n  param e : mV = -65.0\n"
        "  param top : mV = -50.0\n  param hold : ms = 2.0\n  param tau : ms = 5.0\n"
        "  state u : mV = -65.0\n  state i : nA = 0.0\n  receptor drive : nA\n"
        "  di/dt = -i / tau\n  on drive(w) { i = i + w }\n"
        "  regime up {\n    du/dt = (g * (e - u) + i) / c\n"
        "    when u >= top { u = e  emit  goto rest }\n  }\n"
        "  regime rest { after hold { goto up } }\n}\n"
    )
    return folder
