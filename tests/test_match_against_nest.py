"""What `match-native` finds runs in NEST as the cpu target does: parameters, units, receptors."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from few_cells_cases import CASES
from single_cells import Few, defaults, run, spike_times, voltages
from test_match_native import CELLS, constants_of, matched_model

from snnc import model_library
from snnc.codegen.native.artifact import NativeCell
from snnc.codegen.native.matched import native_cell
from snnc.ir.units import parse_unit

nest: Any = pytest.importorskip("nest", reason="nest is not installed: pip install 'snnc[nest]'")

MS = 100.0
# The upstroke of these is too steep for a step of 0.1 ms to end in the same step everywhere.
STEEP = ("AdExp", "EIF_cond_alpha_isfa_ista", "EIF_cond_exp_isfa_ista", "HH_cond_exp")
SOLVERS = {**dict.fromkeys(STEEP, "rk4"), "Izhikevich": "euler"}
# RMS of v in mV, away from steep spikes: of exact solutions rounding; elsewhere what a step of
# 0.1 ms (0.01 for steep ones) leaves: an upstroke that NEST ends inside a step ends with it here.
TOLERANCES = {"IF_curr_delta": 1e-9, "IF_curr_exp": 1e-9, "IF_curr_alpha": 1e-9, "LIF": 1e-9}
OTHERS = 0.05


@pytest.fixture(autouse=True)
def fresh_kernel():
    nest.verbosity = nest.VerbosityLevel.ERROR
    nest.ResetKernel()
    yield
    nest.ResetKernel()


def coherent(few: Few, cell: int) -> dict[str, float]:
    values = {**defaults(few.model), **few.parameters}
    units = {name: p.unit for name, p in model_library.load(few.model).parameters.items()}
    return {
        name: parse_unit(units[name]).scale * float(np.broadcast_to(value, few.size)[cell])
        for name, value in values.items()
    }


def in_nest(few: Few, found: NativeCell, cell: int, dt: float) -> tuple[np.ndarray, list[float]]:
    """Return v from t = 0 on and the spike times of one cell."""
    info = model_library.load(few.model)
    nest.ResetKernel()
    nest.resolution = dt
    neuron = nest.Create(found.model)
    neuron.set(constants_of(found.constants)(coherent(few, cell), dt))
    settable = neuron.get()
    for name, state in info.states.items():
        native = found.states[name]
        if native.variable in settable:
            own = float(np.broadcast_to(few.initial.get(name, state.initial), few.size)[cell])
            scale = parse_unit(state.unit).scale * native.scale
            neuron.set({native.variable: own * scale})
    for receptor, one in few.inputs.items():
        port = found.receptors[receptor]
        weight = one.weight * parse_unit(info.receptors[receptor].unit).scale * port.scale
        assert port.sign * weight >= 0
        # A generator sends a spike at its time, whatever the delay.
        source = nest.Create("spike_generator", params={"spike_times": list(one.times[cell])})
        nest.Connect(source, neuron, syn_spec={"weight": weight, "delay": one.delay})
    if few.current:
        times, amplitudes = np.array(few.current).T
        # A device's current arrives after its delay, a step.
        values = {"amplitude_times": times - dt, "amplitude_values": amplitudes * found.current}
        source = nest.Create("step_current_generator", params=values)
        nest.Connect(source, neuron, syn_spec={"delay": dt})
    meter = nest.Create("multimeter", params={"interval": dt, "record_from": ["V_m"]})
    recorder = nest.Create("spike_recorder")
    nest.Connect(meter, neuron)
    nest.Connect(neuron, recorder)
    start = neuron.V_m
    # What happens in the last step is recorded in the one after it.
    nest.Simulate(MS + 1.0)
    v = np.concatenate(([start], meter.events["V_m"]))[: round(MS / dt) + 1]
    return v, [t for t in recorder.events["times"].tolist() if t <= MS + dt / 2]


# NEST sets no initial synaptic currents, and no rise of a conductance that it hides.
UNSET = ("isyn_exc", "isyn_inh", "rise_exc", "rise_inh", "gsyn_exc", "gsyn_inh")


@pytest.mark.parametrize("model", sorted(set(CELLS) & set(CASES)))
def test_a_matched_cell_runs_in_nest_as_here(model: str):
    dt = 0.01 if model in STEEP else 0.1
    few = CASES[model]
    initial = {name: value for name, value in few.initial.items() if name not in UNSET}
    few = replace(few, initial=initial)
    found = native_cell(matched_model(model))
    options = {"solver": SOLVERS[model]} if model in SOLVERS else {}
    network = run(few, MS, dt=dt, **options)
    spikes = 0
    for cell in range(few.size):
        v, times = in_nest(few, found, cell, dt)
        late = dt if model in STEEP else 0.0
        np.testing.assert_allclose(spike_times(network, cell), times, rtol=0, atol=late + 1e-9)
        away = np.ones(v.size, bool)
        for time in times if model in STEEP else []:
            away &= abs(np.arange(v.size) * dt - time) > 1.0
        error = np.sqrt(np.mean((voltages(network)[:, cell] - v)[away] ** 2))
        assert error < TOLERANCES.get(model, OTHERS)
        spikes += len(times)
    assert spikes > 0
