"""Runs a described network on NEST; see `snnc.benchmarks.peers.snnc` for how a peer is run."""

from __future__ import annotations

import json
import math
import sys
import time
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

nest: Any = import_module("nest")

IF = {"cm": ("C_m", 1e3), "v_rest": ("E_L", 1.0), "v_reset": ("V_reset", 1.0),
      "v_thresh": ("V_th", 1.0), "tau_refrac": ("t_ref", 1.0), "tau_syn_E": ("tau_syn_ex", 1.0),
      "tau_syn_I": ("tau_syn_in", 1.0), "i_offset": ("I_e", 1e3)}  # fmt: skip
REVERSAL = {"e_rev_E": ("E_ex", 1.0), "e_rev_I": ("E_in", 1.0)}
# NEST's model, PyNN's parameters and states with NEST's names and scales, and the integrator.
MODELS: dict[str, tuple[str, dict[str, tuple[str, float]], dict[str, tuple[str, float]], str]] = {
    "IF_curr_exp": (
        "iaf_psc_exp", {**IF, "tau_m": ("tau_m", 1.0)},
        {"v": ("V_m", 1.0)}, "exact propagators",
    ),
    "IF_cond_exp": (
        "iaf_cond_exp", {**IF, **REVERSAL},
        {"v": ("V_m", 1.0), "gsyn_exc": ("g_ex", 1e3), "gsyn_inh": ("g_in", 1e3)},
        "RKF45, adaptive",
    ),
    "HH_cond_exp": (
        "hh_cond_exp_traub",
        {**REVERSAL, "cm": ("C_m", 1e3), "gbar_Na": ("g_Na", 1e3), "gbar_K": ("g_K", 1e3),
         "g_leak": ("g_L", 1e3), "v_offset": ("V_T", 1.0), "e_rev_Na": ("E_Na", 1.0),
         "e_rev_K": ("E_K", 1.0), "e_rev_leak": ("E_L", 1.0), "tau_syn_E": ("tau_syn_ex", 1.0),
         "tau_syn_I": ("tau_syn_in", 1.0)},
        {"v": ("V_m", 1.0), "gsyn_exc": ("g_ex", 1e3), "gsyn_inh": ("g_in", 1e3),
         "m": ("Act_m", 1.0), "h": ("Inact_h", 1.0), "n": ("Act_n", 1.0)},
        "RKF45, adaptive",
    ),
}  # fmt: skip


def main() -> None:
    """Run the request on standard input."""
    request = json.load(sys.stdin)
    network = request["network"]
    nest.set_verbosity("M_ERROR")
    nest.ResetKernel()
    nest.set(
        resolution=network["dt"], local_num_threads=request["threads"], rng_seed=request["seed"]
    )
    started = time.perf_counter()
    groups = {one["name"]: population(one) for one in network["populations"]}
    recorders = {}
    for one in network["populations"]:
        if one["model"] in MODELS:
            recorders[one["name"]] = nest.Create("spike_recorder")
            nest.Connect(groups[one["name"]], recorders[one["name"]])
    meter = voltmeter(groups, network)
    for one in network["projections"]:
        connect(one, groups, network)
    nest.Prepare()
    built = time.perf_counter()
    nest.Run(network["warm_up"])
    wall, cpu = time.perf_counter(), time.process_time()
    nest.Run(request["ms"])
    figures = {
        "sim_s": time.perf_counter() - wall,
        "sim_cpu_s": time.process_time() - cpu,
        "compile_s": 0.0,
        "build_s": built - started,
        "peak_mb": peak_mb(),
        "version": nest.__version__,
        "integrator": next(MODELS[p["model"]][3] for p in network["populations"]
                           if p["model"] in MODELS),
    }  # fmt: skip
    nest.Cleanup()
    arrays: dict[str, Any] = {}
    for name, recorder in recorders.items():
        events = recorder.events
        arrays[f"{name}.times"] = np.asarray(events["times"])
        arrays[f"{name}.ids"] = np.asarray(events["senders"]) - groups[name][0].global_id
    if meter is not None:
        arrays["v"] = np.asarray(meter.events["V_m"])
    np.savez(request["output"], **arrays)
    print(json.dumps(figures))


def population(one: dict[str, Any]) -> Any:
    """Create cells and their input."""
    size = one["size"]
    if one["model"] == "SpikeSourcePoisson":
        start = one["parameters"]["start"]
        stop = start + one["parameters"]["duration"]
        rate = {"rate": one["parameters"]["rate"], "start": start, "stop": stop}
        parrots = nest.Create("parrot_neuron", size)
        nest.Connect(nest.Create("poisson_generator", size, rate), parrots, "one_to_one")
        return parrots
    if one["model"] == "SpikeSourceArray":
        times = np.round(one["parameters"]["spike_times"], 1)
        return nest.Create("spike_generator", size, {"spike_times": times})
    model, names, states, _ = MODELS[one["model"]]
    parameters = {names[k][0]: v * names[k][1] for k, v in one["parameters"].items() if k in names}
    if model == "iaf_cond_exp":
        parameters["g_L"] = one["parameters"]["cm"] / one["parameters"]["tau_m"] * 1e3
    for name, value in one["initial"].items():
        parameters[states[name][0]] = scaled(value, states[name][1])
    if one["grid"]:
        side = math.ceil(math.sqrt(size))
        places = [[i % side * one["grid"], i // side * one["grid"]] for i in range(size)]
        cells = nest.Create(model, positions=nest.spatial.free(places), params=parameters)
    else:
        cells = nest.Create(model, size, parameters)
    drive = one["drive"]
    if drive:
        generator = nest.Create("poisson_generator", params={"rate": drive["rate"]})
        synapse = {"weight": drive["weight"] * 1e3, "delay": drive["delay"]}
        nest.Connect(generator, cells, "all_to_all", synapse)
    return cells


def scaled(value: Any, scale: float) -> Any:
    """Return a number or a distribution, in NEST's unit."""
    if not isinstance(value, dict):
        return value * scale
    p = value["params"]
    match value["name"]:
        case "uniform":
            return nest.random.uniform(p["low"] * scale, p["high"] * scale)
        case "normal":
            return nest.random.normal(p["mu"] * scale, p["sigma"] * scale)
        case "normal_clipped":
            normal = nest.random.normal(p["mu"] * scale, p["sigma"] * scale)
            return nest.math.redraw(normal, min=p["low"] * scale, max=p["high"] * scale)
    raise SystemExit(f"no distribution {value['name']}")


def voltmeter(groups: dict[str, Any], network: dict[str, Any]) -> Any:
    """Record the potentials that are wanted."""
    if network["record_v"] is None:
        return None
    settings = {"record_from": ["V_m"], "interval": network["dt"]}
    meter = nest.Create("multimeter", params=settings)
    nest.Connect(meter, groups[network["record_v"]])
    return meter


def connect(one: dict[str, Any], groups: dict[str, Any], network: dict[str, Any]) -> None:
    """Make the synapses of a projection."""
    sign = -1.0 if one["receptor"] == "inhibitory" else 1.0
    weight = one["weight"]
    if not isinstance(weight, dict):
        weight = sign * abs(weight)
    delay = one["delay"]
    if isinstance(delay, dict) and "low" in delay["params"]:
        # NEST rounds to steps after the limit; half a step less loses nothing.
        limits = {**delay["params"], "low": delay["params"]["low"] - network["dt"] / 2}
        delay = {**delay, "params": limits}
    synapse = {"weight": scaled(weight, 1e3), "delay": scaled(delay, 1.0)}
    synapse.update(plasticity(one, network))
    targets = [groups[name] for name in one["post"]]
    spatial = one["rule"] == "distance_dependent_probability"
    for post in targets if spatial else [sum(targets[1:], targets[0])]:
        nest.Connect(groups[one["pre"]], post, rule(one), synapse)


def rule(one: dict[str, Any]) -> Any:
    """Return NEST's rule of connection."""
    options = one["options"]
    match one["rule"]:
        case "fixed_probability":
            return {"rule": "pairwise_bernoulli", "p": options["p_connect"]}
        case "fixed_number_pre":
            return {"rule": "fixed_indegree", "indegree": options["n"]}
        case "fixed_total_number":
            return {"rule": "fixed_total_number", "N": options["n"]}
        case "one_to_one" | "all_to_all" as same:
            return {"rule": same}
        case "distance_dependent_probability":
            names = {"exp": nest.math.exp, "d": nest.spatial.distance}
            p = eval(options["d_expression"], {"__builtins__": {}}, names)
            return {"rule": "pairwise_bernoulli", "p": p}
    raise SystemExit(f"no rule {one['rule']}")


def plasticity(one: dict[str, Any], network: dict[str, Any]) -> dict[str, Any]:
    """Return the synapse's model and its parameters."""
    p = one["parameters"]
    post = next(p for p in network["populations"] if p["name"] == one["post"][0])
    tau = post["parameters"]["tau_syn_E" if one["receptor"] == "excitatory" else "tau_syn_I"]
    if one["synapse"] == "stdp":
        name = f"stdp_{one['pre']}"
        settings = {
            "tau_plus": p["tau_plus"], "lambda": p["A_plus"],
            "alpha": p["A_minus"] / p["A_plus"], "mu_plus": 0.0, "mu_minus": 0.0,
            "Wmax": p["w_max"] * 1e3,
        }  # fmt: skip
        nest.CopyModel("stdp_synapse", name, settings)
        return {"synapse_model": name}
    if one["synapse"] == "tsodyks_markram":
        name = "_".join(("tsodyks", one["pre"], *one["post"]))
        settings = {
            "U": p["U"], "tau_rec": p["tau_rec"], "tau_fac": p["tau_facil"], "tau_psc": tau,
        }  # fmt: skip
        nest.CopyModel("tsodyks_synapse", name, settings)
        return {"synapse_model": name}
    return {}


def peak_mb() -> float:
    """Return the most memory this process has had; its parent's does not count, as in getrusage."""
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


if __name__ == "__main__":
    main()
