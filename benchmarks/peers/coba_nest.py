"""COBA on NEST: iaf_cond_exp, adaptive Runge-Kutta-Fehlberg."""

import json
import time

import coba_common as c
import nest
import numpy as np

arguments = c.options()
nest.set_verbosity("M_ERROR")
CELL = {
    "C_m": c.CELL["cm"] * 1e3, "g_L": c.CELL["cm"] / c.CELL["tau_m"] * 1e3,
    "E_L": c.CELL["v_rest"], "V_th": c.CELL["v_thresh"], "V_reset": c.CELL["v_reset"],
    "t_ref": c.CELL["tau_refrac"], "E_ex": c.CELL["e_rev_E"], "E_in": c.CELL["e_rev_I"],
    "tau_syn_ex": c.CELL["tau_syn_E"], "tau_syn_in": c.CELL["tau_syn_I"],
}  # fmt: skip


def reset() -> None:
    nest.ResetKernel()
    nest.set(resolution=c.DT, local_num_threads=arguments.threads, rng_seed=arguments.seed)


def error() -> float:
    reset()
    cell = nest.Create("iaf_cond_exp", 1, {**CELL, "V_th": 1e3, "V_m": c.CELL["v_rest"]})
    for train, weight in zip(c.test_input(), (c.W_E, -c.W_I), strict=True):
        source = nest.Create("spike_generator", params={"spike_times": np.round(train, 1)})
        nest.Connect(source, cell, syn_spec={"weight": weight * 1e3, "delay": c.DELAY})
    meter = nest.Create("multimeter", params={"record_from": ["V_m"], "interval": c.DT})
    nest.Connect(meter, cell)
    nest.Simulate(c.DURATION + c.DT)
    return c.rms_error(np.asarray(meter.events["V_m"]))


started = time.perf_counter()
reset()
rng = np.random.default_rng(arguments.seed)
cells = nest.Create("iaf_cond_exp", c.N_E + c.N_I, CELL)
cells.V_m = list(rng.uniform(-60.0, -50.0, c.N_E + c.N_I))
ignition = nest.Create(
    "poisson_generator", c.IGNITION_CELLS, {"rate": c.IGNITION_RATE, "stop": c.WARM_UP}
)
parrots = nest.Create("parrot_neuron", c.IGNITION_CELLS)
nest.Connect(ignition, parrots, "one_to_one")
rule = {"rule": "pairwise_bernoulli", "p": c.P}
for source, weight in ((cells[: c.N_E], c.W_E), (cells[c.N_E :], -c.W_I), (parrots, c.W_IGNITE)):
    nest.Connect(source, cells, rule, {"weight": weight * 1e3, "delay": c.DELAY})
recorder = nest.Create("spike_recorder")
nest.Connect(cells, recorder)
nest.Prepare()
nest.Run(c.WARM_UP)
prepared = time.perf_counter()
nest.Run(c.DURATION)
done = time.perf_counter()
nest.Cleanup()
events = recorder.events
found = c.statistics(np.asarray(events["times"]), np.asarray(events["senders"]))
print(json.dumps({
    "prepare_s": prepared - started, "run_s": done - prepared, **found, "v_rms_mv": error(),
    "integrator": "RKF45, adaptive",
}))  # fmt: skip
