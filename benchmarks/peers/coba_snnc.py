"""COBA on snnc."""

import json
import time

import coba_common as c
import numpy as np

import snnc
from snnc import model_library
from snnc.ir.build import NetworkBuilder
from snnc.ir.values import Random

arguments = c.options()


def builder(seed: int) -> NetworkBuilder:
    result = NetworkBuilder("coba", dt=c.DT, seed=seed)
    for model in ("IF_cond_exp", "SpikeSourcePoisson", "SpikeSourceArray", "StaticSynapse"):
        result.use_model(model_library.text(model), model)
    return result


def error() -> float:
    net = builder(0)
    net.population(
        "cell",
        1,
        "IF_cond_exp",
        parameters={**c.CELL, "v_thresh": 1e3},
        initial={"v": c.CELL["v_rest"]},
    )
    for name, train, weight in zip("EI", c.test_input(), (c.W_E, c.W_I), strict=True):
        net.population(name, 1, "SpikeSourceArray", parameters={"spike_times": train})
        receptor = "excitatory" if name == "E" else "inhibitory"
        net.projection(
            name + "cell",
            name,
            "cell",
            ("one_to_one", {}),
            "StaticSynapse",
            receptor,
            weight,
            c.DELAY,
        )
    net.record("cell", ["v"])
    compiled = snnc.compile(net.finish(), precision=arguments.precision)
    compiled.run(c.DURATION)
    return c.rms_error(compiled.simulation.trace("cell", "v").values[1:, 0])


started = time.perf_counter()
net = builder(arguments.seed)
v = Random("uniform", {"low": -60.0, "high": -50.0})
for name, size in (("E", c.N_E), ("I", c.N_I)):
    net.population(name, size, "IF_cond_exp", parameters=c.CELL, initial={"v": v})
    net.record(name, ["spikes"])
net.population(
    "ignition",
    c.IGNITION_CELLS,
    "SpikeSourcePoisson",
    parameters={"rate": c.IGNITION_RATE, "duration": c.WARM_UP},
)
net.assembly("all", ["E", "I"])
for name, weight, receptor in (
    ("E", c.W_E, "excitatory"),
    ("I", c.W_I, "inhibitory"),
    ("ignition", c.W_IGNITE, "excitatory"),
):
    net.projection(
        f"from_{name}",
        name,
        "all",
        ("fixed_probability", {"p_connect": c.P}),
        "StaticSynapse",
        receptor,
        weight,
        c.DELAY,
    )
compiled = snnc.compile(net.finish(), threads=arguments.threads, precision=arguments.precision)
compiled.run(c.WARM_UP)
prepared = time.perf_counter()
compiled.run(c.DURATION)
done = time.perf_counter()
spikes = [compiled.simulation.spikes(name) for name in "EI"]
times = np.concatenate([s[0] for s in spikes])
senders = np.concatenate([spikes[0][1], spikes[1][1] + c.N_E])
print(json.dumps({
    "prepare_s": prepared - started, "run_s": done - prepared, **c.statistics(times, senders),
    "v_rms_mv": error(), "integrator": compiled.settings()["solvers"]["IF_cond_exp"].split(";")[1],
}))  # fmt: skip
