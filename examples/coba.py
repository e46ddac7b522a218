"""The conductance-based network of Vogels & Abbott (2005), benchmark 1 of Brette et al. (2007).

3,200 excitatory and 800 inhibitory cells, connected at random with probability 0.02 and ignited by
50 ms of Poisson input; the activity then sustains itself. To run it on NEST, change the import to
``import pyNN.nest as sim``.

    snnc run examples/coba.py --plot coba.png
    snnc run examples/coba.py -- --seed 3 --time 500
"""

import argparse

import snnc.pynn as sim

parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("--seed", type=int, default=7, help="seed of all random choices")
parser.add_argument("--time", type=float, default=1000.0, help="time to simulate, in ms")
arguments = parser.parse_args()

sim.setup(timestep=0.1, min_delay=0.1, max_delay=0.1, rng_seed=arguments.seed)
rng = sim.NumpyRNG(seed=arguments.seed)

cell = sim.IF_cond_exp(
    cm=0.2, tau_m=20.0, tau_refrac=5.0, v_rest=-60.0, v_reset=-60.0, v_thresh=-50.0,
    e_rev_E=0.0, e_rev_I=-80.0, tau_syn_E=5.0, tau_syn_I=10.0,
)  # fmt: skip
v_start = sim.RandomDistribution("uniform", low=-60.0, high=-50.0, rng=rng)
excitatory = sim.Population(3200, cell, initial_values={"v": v_start}, label="excitatory")
inhibitory = sim.Population(800, cell, initial_values={"v": v_start}, label="inhibitory")
ignition = sim.Population(20, sim.SpikeSourcePoisson(rate=100.0, duration=50.0), label="ignition")

connector = sim.FixedProbabilityConnector(0.02, rng=rng)
for source, weight, receptor in (
    (excitatory, 0.006, "excitatory"),
    (inhibitory, 0.067, "inhibitory"),
    (ignition, 0.1, "excitatory"),
):
    synapse = sim.StaticSynapse(weight=weight, delay=0.1)
    for target in (excitatory, inhibitory):
        sim.Projection(source, target, connector, synapse, receptor_type=receptor)

excitatory.record("spikes")
inhibitory.record("spikes")
excitatory[:3].record("v")

sim.run(arguments.time)

for population in (excitatory, inhibitory):
    rate = population.mean_spike_count() / arguments.time * 1e3
    print(f"{population.label}: {rate:.1f} spikes per second and cell")
sim.end()
