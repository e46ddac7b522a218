"""How near networks in SpiNNaker's arithmetic are to those in floats."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

import snnc.pynn as sim
from snnc.pynn import session
from snnc.runtime.verify.observation import Observed
from snnc.runtime.verify.statistics import statistics

RECEPTORS = ("excitatory", "inhibitory")
EMULATE = {"target": "spinnaker", "emulate": True}


def begin(dt, **options):
    sim.setup(timestep=dt, min_delay=dt, **{**EMULATE, "rng_seed": 5, **options})


def simulation():
    return session.current().simulation()


def times(population):
    return [np.asarray(train) for train in population.get_data().segments[0].spiketrains]


def matched(found, wanted, tolerance):
    """Return the share of spikes that have a partner in the other train."""
    pairs = total = 0
    for a, b in zip(found, wanted, strict=True):
        i = j = 0
        while i < len(a) and j < len(b):
            if abs(a[i] - b[j]) <= tolerance + 1e-9:
                pairs, i, j = pairs + 1, i + 1, j + 1
            elif a[i] < b[j]:
                i += 1
            else:
                j += 1
        total += max(len(a), len(b))
    return pairs / total


def in_floats(constants, arriving, conductances, steps):
    """Run the machine's rule in floats with its own constants; return the steps of spikes."""
    init = np.array([[constants[f"init_{name}"] / 2**32] for name in ("exc", "inh")])
    decay = np.array([[constants[f"decay_{name}"] / 2**32] for name in ("exc", "inh")])
    leak, resistance = constants["leak"] / 2**15, constants["resistance"] / 2**15
    cells = arriving.shape[2]
    v, left, g = np.full(cells, -60.0), np.zeros(cells, int), np.zeros((2, cells))
    spikes = [[] for _ in range(cells)]
    for step in range(steps):
        g += init * arriving[:, step]
        current = g[0] * -v + g[1] * (-80.0 - v) if conductances else g[0] - g[1]
        alpha = current * resistance - 60.0
        v = np.where(left <= 0, alpha - leak * (alpha - v), v)
        left = np.where(left <= 0, left, left - 1)
        fires = v >= -50.0
        v, left = np.where(fires, -60.0, v), np.where(fires, constants["steps"], left)
        for cell in np.flatnonzero(fires):
            spikes[cell].append(step)
        g *= decay
    return spikes


# Cells of the two benchmark networks; conductances below 2^-15 uS are lost on the machine, so
# sums of weak ones are further off.
DRIVES = {
    ("IF_curr_exp", 1.0): (0.1, -0.1),
    ("IF_curr_exp", 0.1): (0.4, -0.4),
    ("IF_cond_exp", 1.0): (0.02, 0.06),
    ("IF_cond_exp", 0.1): (0.02, 0.06),
}


@pytest.mark.parametrize(("kind", "dt"), DRIVES)
def test_driven_cells_spike_as_in_floats(kind, dt):
    begin(dt=dt)
    cell = getattr(sim, kind)(
        cm=0.2, tau_refrac=5.0, v_rest=-60.0, v_reset=-60.0, tau_syn_I=10.0,
        **({"e_rev_I": -80.0} if kind == "IF_cond_exp" else {}),
    )  # fmt: skip
    cells = sim.Population(30, cell, initial_values={"v": -60.0})
    sources = []
    for receptor, rate, weight in zip(RECEPTORS, (450.0, 60.0), DRIVES[kind, dt], strict=True):
        source = sim.Population(30, sim.SpikeSourcePoisson(rate=rate))
        synapse = sim.StaticSynapse(weight=weight, delay=1.0)
        sim.Projection(source, cells, sim.OneToOneConnector(), synapse, receptor_type=receptor)
        source.record("spikes")
        sources.append(source)
    cells.record("spikes")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        sim.run(1000.0)
    steps = round(1000.0 / dt)
    built = simulation()
    arriving = np.zeros((2, steps + round(1.0 / dt) + 1, 30))
    for k, (receptor, source) in enumerate(zip(RECEPTORS, sources, strict=True)):
        quantum = built.artifact.populations[0].rings[receptor].quantum
        weight = abs(round(DRIVES[kind, dt][k] / quantum) * quantum)
        for cell_, train in enumerate(times(source)):
            ticks = np.rint(train / dt).astype(int) + round(1.0 / dt)
            np.add.at(arriving[k, :, cell_], ticks, weight)
    constants = built._cells["population0"].constants
    exact = in_floats(constants, arriving, kind == "IF_cond_exp", steps)
    found = [np.rint(train / dt).astype(int).tolist() for train in times(cells)]
    assert sum(map(len, found)) > 500
    # Potentials that only just reach the threshold in one of the two: 0.979 to 1 over seeds.
    assert matched(found, exact, 1.0 / dt) >= 0.97


def balanced(conductances, seed, **options):
    """Return the activity of the excitatory cells of a network of Brette et al. (2007)."""
    begin(dt=0.1, rng_seed=seed, **options)
    shared = {"cm": 0.2, "tau_refrac": 5.0, "v_reset": -60.0, "tau_syn_I": 10.0}
    if conductances:
        cell = sim.IF_cond_exp(v_rest=-60.0, e_rev_I=-80.0, **shared)
        weights = 0.006, 0.067
    else:
        cell = sim.IF_curr_exp(v_rest=-49.0, **shared)
        weights = 0.0162, -0.09
    start = {"v": sim.RandomDistribution("uniform", low=-60.0, high=-50.0)}
    excitatory = sim.Population(3200, cell, initial_values=start)
    inhibitory = sim.Population(800, cell, initial_values=start)
    ignition = sim.Population(20, sim.SpikeSourcePoisson(rate=100.0, duration=50.0))
    connector = sim.FixedProbabilityConnector(0.02)
    for source, weight, receptor in (
        (excitatory, weights[0], "excitatory"),
        (inhibitory, weights[1], "inhibitory"),
        (ignition, 0.1, "excitatory"),
    ):
        synapse = sim.StaticSynapse(weight=weight, delay=0.1)
        for target in (excitatory, inhibitory):
            sim.Projection(source, target, connector, synapse, receptor_type=receptor)
    excitatory.record("spikes")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        sim.run(600.0)
    when, cells = simulation().spikes("population0")
    late = when >= 200.0
    found = statistics(Observed(3200, when[late] - 200.0, cells[late]), 400.0)
    return found.rate, found.cv, found.correlation


@pytest.mark.parametrize("conductances", [True, False], ids=["COBA", "CUBA"])
def test_networks_are_as_active_as_in_floats(conductances):
    """Rate, irregularity and correlation are within the spread between seeds."""
    seeds = (1, 2, 3)
    exact = [balanced(conductances, s, target="cpu", emulate=False) for s in seeds]
    found = np.array([balanced(conductances, s) for s in seeds])
    mean, spread = np.mean(exact, axis=0), np.std(exact, axis=0, ddof=1)
    # Three standard errors of the difference of two means.
    assert (np.abs(found.mean(axis=0) - mean) <= 3.0 * spread * np.sqrt(2 / 3)).all()
