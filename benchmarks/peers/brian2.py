"""Runs a described network on Brian2, C++ standalone; see `snnc.benchmarks.peers.snnc` for how."""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
import time
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

brian2: Any = import_module("brian2")

UNITS = {
    "cm": brian2.nF, "tau_m": brian2.ms, "tau_refrac": brian2.ms, "tau_syn_E": brian2.ms,
    "tau_syn_I": brian2.ms, "i_offset": brian2.nA, "gbar_Na": brian2.uS, "gbar_K": brian2.uS,
    "g_leak": brian2.uS,
}  # fmt: skip
CONDUCTANCES = """
dge/dt = -ge / tau_syn_E : siemens
dgi/dt = -gi / tau_syn_I : siemens
"""
# Equations, threshold, reset, refractoriness, method with its name, and the receptors' variables.
MODELS: dict[str, dict[str, Any]] = {
    "IF_cond_exp": {
        "equations": """
dv/dt = (v_rest - v) / tau_m + i_syn / C_m : volt (unless refractory)
i_syn = ge * (e_rev_E - v) + gi * (e_rev_I - v) : amp
"""
        + CONDUCTANCES,
        "threshold": "v > v_thresh", "reset": "v = v_reset", "refractory": "tau_refrac",
        "method": "exponential_euler", "integrator": "exponential Euler, order 1",
        "receptors": ("ge", "gi"), "unit": brian2.uS,
    },
    "IF_curr_exp": {
        "equations": """
dv/dt = (v_rest - v) / tau_m + (ge + gi) / C_m : volt (unless refractory)
dge/dt = -ge / tau_syn_E : amp
dgi/dt = -gi / tau_syn_I : amp
""",
        "threshold": "v > v_thresh", "reset": "v = v_reset", "refractory": "tau_refrac",
        "method": "exact", "integrator": "exact", "receptors": ("ge", "gi"), "unit": brian2.nA,
    },
    "HH_cond_exp": {
        "equations": """
dv/dt = (g_leak * (e_rev_leak - v) + i_syn + i_gated) / C_m : volt
i_syn = ge * (e_rev_E - v) + gi * (e_rev_I - v) : amp
i_gated = gbar_Na * m**3 * h * (e_rev_Na - v) + gbar_K * n**4 * (e_rev_K - v) : amp
dm/dt = alpha_m * (1 - m) - beta_m * m : 1
dn/dt = alpha_n * (1 - n) - beta_n * n : 1
dh/dt = alpha_h * (1 - h) - beta_h * h : 1
u = (v - v_offset) / mV : 1
alpha_m = 1.28 / exprel((13 - u) / 4) / ms : Hz
beta_m = 1.4 / exprel((u - 40) / 5) / ms : Hz
alpha_h = 0.128 * exp((17 - u) / 18) / ms : Hz
beta_h = 4 / (1 + exp((40 - u) / 5)) / ms : Hz
alpha_n = 0.16 / exprel((15 - u) / 5) / ms : Hz
beta_n = 0.5 * exp((10 - u) / 40) / ms : Hz
v_before : volt
"""
        + CONDUCTANCES,
        # As in NEST a spike is a peak 30 mV above v_offset, none within 2 ms of another.
        "threshold": "v >= v_offset + 30*mV and v < v_before", "reset": "", "refractory": "2*ms",
        "keep": "v_before = v",
        "method": "exponential_euler", "integrator": "exponential Euler, order 1",
        "receptors": ("ge", "gi"), "unit": brian2.uS,
    },
}  # fmt: skip
STDP = """
w : {unit}
dx/dt = -x / tau_plus : 1 (event-driven)
dy/dt = -y / tau_minus : 1 (event-driven)
"""
FLAGS = ["-w", "-O3", "-ffast-math", "-fno-finite-math-only", "-march=native", "-std=c++17"]
# Runs the compiled program and says what it took, its compilation apart.
LAUNCHER = """
import json, resource, subprocess, sys
status = subprocess.call(["./main", *sys.argv[2:]])
used = resource.getrusage(resource.RUSAGE_CHILDREN)
figures = [used.ru_utime + used.ru_stime, used.ru_maxrss / 1024]
open(sys.argv[1], "w").write(json.dumps(figures))
sys.exit(status)
"""


def main() -> None:
    """Run the request on standard input."""
    request = json.load(sys.stdin)
    network = request["network"]
    folder = tempfile.mkdtemp()
    usage = Path(folder) / "usage.json"
    brian2.prefs.codegen.cpp.extra_compile_args_gcc = FLAGS
    standalone = brian2.prefs.devices.cpp_standalone
    standalone.run_cmd_unix = [sys.executable, "-c", LAUNCHER, str(usage)]
    if request["threads"] > 1:
        standalone.openmp_threads = request["threads"]
    started = time.perf_counter()
    brian2.set_device("cpp_standalone", build_on_run=False)
    brian2.defaultclock.dt = network["dt"] * brian2.ms
    brian2.seed(request["seed"])
    peer = Peer(network, np.random.default_rng(request["seed"]))
    net = brian2.Network(*peer.objects)
    net.run(network["warm_up"] * brian2.ms)
    net.run(request["ms"] * brian2.ms)
    brian2.device.build(directory=folder, compile=True, run=False, with_output=False)
    compiled = time.perf_counter()
    brian2.device.run(folder, with_output=False, run_args=[])
    total, simulated = time.perf_counter() - compiled, float(brian2.device._last_run_time)
    cpu, peak = json.loads(usage.read_text())
    timed = request["ms"] / (request["ms"] + network["warm_up"])
    figures = {
        "sim_s": simulated,
        # The program tells only its whole CPU time.
        "sim_cpu_s": min(cpu, simulated * request["threads"]),
        "compile_s": compiled - started,
        "build_s": max(total - simulated / timed, 0.0),
        "peak_mb": peak,
        "version": brian2.__version__,
        "integrator": MODELS[peer.model]["integrator"],
    }
    np.savez(request["output"], **peer.recorded())
    shutil.rmtree(folder, ignore_errors=True)
    print(json.dumps(figures))


class Peer:
    """The objects of a network: populations of one model and parameters share a group."""

    def __init__(self, network: dict[str, Any], random: np.random.Generator) -> None:
        self.network, self.random = network, random
        self.objects: list[Any] = []
        self.groups: dict[str, Any] = {}
        self.whole: dict[str, tuple[Any, int]] = {}
        self.monitors: dict[str, Any] = {}
        self.meter: Any = None
        cells = [one for one in network["populations"] if one["model"] in MODELS]
        self.model = cells[0]["model"]
        for alike in self._alike(cells):
            self._add_cells(alike)
        for one in network["populations"]:
            if one["model"] not in MODELS:
                self._add_source(one)
        for one in network["projections"]:
            self._connect(one)

    @staticmethod
    def _alike(cells: list[dict[str, Any]]) -> list[list[dict[str, Any]]]:
        found: dict[str, list[dict[str, Any]]] = {}
        for one in cells:
            key = json.dumps([one["model"], one["parameters"], one["drive"]], sort_keys=True)
            found.setdefault(key, []).append(one)
        return list(found.values())

    def _add_cells(self, alike: list[dict[str, Any]]) -> None:
        first, size = alike[0], sum(one["size"] for one in alike)
        model = MODELS[first["model"]]
        names = {k: v * UNITS.get(k, brian2.mV) for k, v in first["parameters"].items()}
        names["C_m"] = names.pop("cm")  # which Brian2 takes for a centimetre
        wanted = self.network["record_v"] == first["name"]
        equations = model["equations"]
        if wanted:  # potentials without spikes
            equations = equations.replace(" (unless refractory)", "")
        group = brian2.NeuronGroup(
            size,
            equations,
            threshold=None if wanted else model["threshold"],
            reset=None if wanted or not model["reset"] else model["reset"],
            refractory=False if wanted else model["refractory"],
            method=model["method"],
            namespace=names,
        )
        if "keep" in model:
            group.run_regularly(model["keep"], when="start")
        self.objects.append(group)
        begin = 0
        for one in alike:
            end = begin + one["size"]
            self.groups[one["name"]] = group[begin:end]
            self.whole[one["name"]] = group, size
            self._initialise(group[begin:end], one, model)
            begin = end
            if not wanted:
                self.monitors[one["name"]] = brian2.SpikeMonitor(self.groups[one["name"]])
                self.objects.append(self.monitors[one["name"]])
        if first["drive"]:
            drive = first["drive"]
            self.objects.append(
                brian2.PoissonInput(group, model["receptors"][0], 100,
                                    rate=drive["rate"] / 100 * brian2.Hz,
                                    weight=drive["weight"] * model["unit"])
            )  # fmt: skip
        if wanted:
            self.meter = brian2.StateMonitor(group, "v", record=True)
            self.objects.append(self.meter)

    def _initialise(self, cells: Any, one: dict[str, Any], model: dict[str, Any]) -> None:
        names = {"v": "v", "gsyn_exc": "ge", "gsyn_inh": "gi", "m": "m", "h": "h", "n": "n"}
        for name, value in one["initial"].items():
            unit = {"v": brian2.mV, "gsyn_exc": model["unit"], "gsyn_inh": model["unit"]}
            numbers = self._numbers(value, one["size"])
            setattr(cells, names[name], numbers * unit.get(name, 1))

    def _numbers(self, value: Any, size: int) -> Any:
        if not isinstance(value, dict):
            return np.full(size, value)
        p = value["params"]
        match value["name"]:
            case "uniform":
                return self.random.uniform(p["low"], p["high"], size)
            case "normal":
                return self.random.normal(p["mu"], p["sigma"], size)
            case "normal_clipped":
                numbers = self.random.normal(p["mu"], p["sigma"], size)
                while (outside := (numbers < p["low"]) | (numbers > p["high"])).any():
                    numbers[outside] = self.random.normal(p["mu"], p["sigma"], outside.sum())
                return numbers
        raise SystemExit(f"no distribution {value['name']}")

    def _add_source(self, one: dict[str, Any]) -> None:
        p = one["parameters"]
        if one["model"] == "SpikeSourceArray":
            times = np.round(p["spike_times"], 1)
            group = brian2.SpikeGeneratorGroup(1, np.zeros(len(times), int), times * brian2.ms)
        else:
            stop = p["start"] + p["duration"]
            active = f"int(t >= {p['start']}*ms and t < {stop}*ms)"
            group = brian2.PoissonGroup(one["size"], f"{p['rate']}*Hz * {active}")
        self.groups[one["name"]] = group
        self.objects.append(group)

    def _connect(self, one: dict[str, Any]) -> None:
        targets = self._targets(one["post"])
        for post in targets:
            model = MODELS[self.model]
            receptor = model["receptors"][one["receptor"] == "inhibitory"]
            weight = one["weight"] * model["unit"]
            names = {"weight": weight}
            settings: dict[str, Any] = {"on_pre": f"{receptor}_post += weight"}
            if one["synapse"] == "stdp":
                settings, names = self._stdp(one, receptor, model["unit"])
            synapses = brian2.Synapses(
                self.groups[one["pre"]], post, delay=one["delay"] * brian2.ms,
                namespace=names, **settings,
            )  # fmt: skip
            self._draw(synapses, one, len(post))
            if one["synapse"] == "stdp":
                synapses.w = weight
            self.objects.append(synapses)

    def _targets(self, names: list[str]) -> list[Any]:
        """Return the group that consists of the populations, or each of them."""
        group, size = self.whole[names[0]]
        sizes = {one["name"]: one["size"] for one in self.network["populations"]}
        if sum(sizes[name] for name in names) == size:
            return [group]
        return [self.groups[name] for name in names]

    def _stdp(self, one: dict[str, Any], receptor: str, unit: Any) -> tuple[dict, dict]:
        p = one["parameters"]
        names = {
            "tau_plus": p["tau_plus"] * brian2.ms, "tau_minus": p["tau_minus"] * brian2.ms,
            "w_max": p["w_max"] * unit, "A_plus": p["A_plus"], "A_minus": p["A_minus"],
        }  # fmt: skip
        settings = {
            "model": STDP.format(unit="amp" if unit is brian2.nA else "siemens"),
            "on_pre": f"""w = clip(w - A_minus * y * w_max, 0 * w_max, w_max)
{receptor}_post += w
x += 1""",
            "on_post": """w = clip(w + A_plus * x * w_max, 0 * w_max, w_max)
y += 1""",
        }
        return settings, names

    def _draw(self, synapses: Any, one: dict[str, Any], n_post: int) -> None:
        options = one["options"]
        match one["rule"]:
            case "fixed_probability":
                synapses.connect(p=options["p_connect"])
            case "one_to_one":
                synapses.connect(j="i")
            case "fixed_number_pre":
                n_pre, k = len(self.groups[one["pre"]]), options["n"]
                pre = self.random.integers(0, n_pre, (n_post, k)).ravel()
                synapses.connect(i=pre, j=np.repeat(np.arange(n_post), k))
            case other:
                raise SystemExit(f"no rule {other}")

    def recorded(self) -> dict[str, Any]:
        """Return the spikes of each population, and potentials if they are wanted."""
        arrays: dict[str, Any] = {}
        for one in self.network["populations"]:
            monitor = self.monitors.get(one["name"])
            if one["model"] in MODELS:
                empty = monitor is None
                times = np.empty(0) if empty else np.asarray(monitor.t / brian2.ms)
                arrays[f"{one['name']}.times"] = times
                ids = np.empty(0, int) if empty else np.asarray(monitor.i)
                arrays[f"{one['name']}.ids"] = ids
        if self.meter is not None:
            arrays["v"] = np.asarray(self.meter.v[0] / brian2.mV)
        return arrays


if __name__ == "__main__":
    main()
