"""A balanced network of 1,000 cells, current-based (cuba) or conductance-based (coba).

The cells are those of benchmarks 1 and 2 of Brette et al. (2007), each with 80 recurrent synapses
on average. Potentials start anywhere between reset and threshold, so that no volley dominates.

    snnc verify examples/balanced.py --targets cpu,cpu:precision=f32 -- cuba
    snnc run examples/balanced.py --plot balanced.png -- coba --seed 3
"""

import argparse

import snnc.pynn as sim

parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("model", nargs="?", choices=["cuba", "coba"], default="cuba")
parser.add_argument("--seed", type=int, default=5, help="seed of all random choices")
parser.add_argument("--time", type=float, default=200.0, help="time to simulate, in ms")
arguments = parser.parse_args()

sim.setup(timestep=0.1, rng_seed=arguments.seed)
rng = sim.NumpyRNG(seed=arguments.seed)

common = {"cm": 0.2, "tau_m": 20.0, "tau_refrac": 5.0, "v_reset": -60.0, "v_thresh": -50.0,
          "tau_syn_E": 5.0, "tau_syn_I": 10.0}  # fmt: skip
if arguments.model == "cuba":
    cell = sim.IF_curr_exp(v_rest=-49.0, **common)
    weights = {"excitatory": 0.0162, "inhibitory": -0.09}
else:
    cell = sim.IF_cond_exp(v_rest=-60.0, e_rev_E=0.0, e_rev_I=-80.0, **common)
    weights = {"excitatory": 0.006, "inhibitory": 0.067}

v_start = sim.RandomDistribution("uniform", low=-60.0, high=-50.0, rng=rng)
excitatory = sim.Population(800, cell, initial_values={"v": v_start}, label="excitatory")
inhibitory = sim.Population(200, cell, initial_values={"v": v_start}, label="inhibitory")
groups = {"excitatory": excitatory, "inhibitory": inhibitory}
noise = sim.Population(100, sim.SpikeSourcePoisson(rate=60.0), label="noise")

connector = sim.FixedProbabilityConnector(0.08, rng=rng)
delay = sim.RandomDistribution("uniform", low=0.5, high=5.0, rng=rng)
for target in groups.values():
    for receptor, source in groups.items():
        synapse = sim.StaticSynapse(weight=weights[receptor], delay=delay)
        sim.Projection(source, target, connector, synapse, receptor_type=receptor)
    synapse = sim.StaticSynapse(weight=weights["excitatory"], delay=1.0)
    sim.Projection(noise, target, connector, synapse, receptor_type="excitatory")

for population in groups.values():
    population.record("spikes")
sim.run(arguments.time)
for population in groups.values():
    rate = population.mean_spike_count() / arguments.time * 1e3
    print(f"{population.label}: {rate:.1f} spikes per second and cell")
sim.end()
