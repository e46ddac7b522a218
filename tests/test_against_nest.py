"""Against NEST: linear models spike by spike in a recurrent network, the others as single cells."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from few_cells_cases import like
from single_cells import Few, Input, arrays, builder_of, run, spike_times, voltages

import snnc
from snnc.compiled import CompiledNetwork
from snnc.ir.values import Sequences

nest: Any = pytest.importorskip("nest", reason="nest is not installed: pip install 'snnc[nest]'")

N, DURATION, DT = 500, 200.0, 0.1


@pytest.fixture(autouse=True)
def fresh_kernel():
    levels = getattr(nest, "VerbosityLevel", None)
    if levels is not None:
        nest.verbosity = levels.ERROR
    else:
        nest.set_verbosity("M_ERROR")
    nest.ResetKernel()
    nest.resolution = DT
    yield
    nest.ResetKernel()


# A recurrent network


@pytest.fixture(scope="module")
def wiring() -> dict[str, np.ndarray]:
    """Return random connections, and random input spikes of each cell."""
    rng = np.random.default_rng(8)
    matrix = rng.random((N, N)) < 0.08
    np.fill_diagonal(matrix, False)
    pre, post = np.nonzero(matrix)
    return {
        "pre": pre,
        "post": post,
        "strength": rng.normal(1.0, 0.2, len(pre)).clip(0.1),
        "steps": rng.integers(1, 31, len(pre)),
        "input": np.sort(rng.integers(1, round(DURATION / DT), (N, 180)), axis=1),
    }


# PyNN's names of parameters, and how NEST calls them in its units.
RENAMED = {
    "cm": ("C_m", 1000.0),
    "tau_m": ("tau_m", 1.0),
    "v_rest": ("E_L", 1.0),
    "v_thresh": ("V_th", 1.0),
    "v_reset": ("V_reset", 1.0),
    "tau_refrac": ("t_ref", 1.0),
    "i_offset": ("I_e", 1000.0),
    "tau_syn_E": ("tau_syn_ex", 1.0),
    "tau_syn_I": ("tau_syn_in", 1.0),
    "e_rev_E": ("E_ex", 1.0),
    "e_rev_I": ("E_in", 1.0),
    "a": ("a", 1.0),
    "b": ("b", 1000.0),
    "delta_T": ("Delta_T", 1.0),
    "tau_w": ("tau_w", 1.0),
    "v_spike": ("V_peak", 1.0),
    "gbar_Na": ("g_Na", 1000.0),
    "gbar_K": ("g_K", 1000.0),
    "g_leak": ("g_L", 1000.0),
    "e_rev_Na": ("E_Na", 1.0),
    "e_rev_K": ("E_K", 1.0),
    "e_rev_leak": ("E_L", 1.0),
    "v_offset": ("V_T", 1.0),
}


def translated(parameters: Mapping[str, Any]) -> dict[str, float]:
    return {RENAMED[k][0]: RENAMED[k][1] * float(v) for k, v in parameters.items()}


NEURON = {
    "cm": 0.25, "tau_m": 10.0, "v_rest": -65.0, "v_thresh": -50.0, "v_reset": -65.0,
    "tau_refrac": 2.04,
}  # fmt: skip
SYNAPSES = {"tau_syn_E": 2.0, "tau_syn_I": 3.0}
# Weights of a connection and of an input spike: nA, mV for delta.
LINEAR = {
    "IF_curr_exp": ("iaf_psc_exp", {**NEURON, **SYNAPSES}, 0.06, 0.35),
    "IF_curr_alpha": ("iaf_psc_alpha", {**NEURON, **SYNAPSES}, 0.03, 0.15),
    "IF_curr_delta": ("iaf_psc_delta", NEURON, 0.4, 2.0),
}
EXCITATORY = 400  # the first cells; the weights of the others are -4 times as large


def weights_of(wiring: dict[str, np.ndarray], weight: float) -> np.ndarray:
    return weight * wiring["strength"] * np.where(wiring["pre"] < EXCITATORY, 1.0, -4.0)


def in_snnc(model: str, wiring: dict[str, np.ndarray]) -> list[tuple[int, int]]:
    _, parameters, weight, driven = LINEAR[model]
    builder = builder_of([model, "SpikeSourceArray"], dt=DT)
    values = arrays(like(model, N, **parameters).parameters)
    builder.population("cells", N, model, parameters=values)
    trains = {"spike_times": Sequences.of(list(wiring["input"] * DT))}
    builder.population("input", N, "SpikeSourceArray", parameters=trains)
    builder.projection(
        "i", "input", "cells", ("one_to_one", {}), "StaticSynapse", "excitatory", driven, DT
    )
    weights = weights_of(wiring, weight)
    for receptor, chosen in {"excitatory": weights > 0, "inhibitory": weights < 0}.items():
        pairs = {"pre": wiring["pre"][chosen], "post": wiring["post"][chosen]}
        delays = wiring["steps"][chosen] * DT
        builder.projection(
            receptor, "cells", "cells", ("from_list", pairs), "StaticSynapse", receptor,
            weights[chosen], delays,
        )  # fmt: skip
    builder.record("cells", ["spikes"])
    network = snnc.compile(builder.finish(), threads=2)
    network.run(DURATION)
    times, cells = network.simulation.spikes("cells")
    return sorted(zip(np.rint(times / DT).astype(int).tolist(), cells.tolist(), strict=True))


def in_nest(model: str, wiring: dict[str, np.ndarray]) -> list[tuple[int, int]]:
    theirs, parameters, weight, driven = LINEAR[model]
    scale = 1.0 if model == "IF_curr_delta" else 1000.0
    cells = nest.Create(theirs, N, params=translated(parameters) | {"V_m": -65.0})
    first = cells[0].global_id
    for cell, steps in enumerate(wiring["input"]):
        source = nest.Create("spike_generator", params={"spike_times": (steps * DT).round(1)})
        nest.Connect(source, cells[cell], syn_spec={"weight": driven * scale, "delay": DT})
    nest.Connect(
        wiring["pre"] + first,
        wiring["post"] + first,
        "one_to_one",
        {
            "weight": weights_of(wiring, weight) * scale,
            "delay": (wiring["steps"] * DT).round(1),
            "synapse_model": "static_synapse",
        },
    )
    recorder = nest.Create("spike_recorder")
    nest.Connect(cells, recorder)
    nest.Simulate(DURATION)
    events = recorder.events
    steps = np.rint(events["times"] / DT).astype(int)
    return sorted(zip(steps.tolist(), (events["senders"] - first).tolist(), strict=True))


@pytest.mark.parametrize("model", LINEAR)
def test_linear_models_fire_as_in_nest_in_a_recurrent_network(
    model: str, wiring: dict[str, np.ndarray]
):
    ours, theirs = in_snnc(model, wiring), in_nest(model, wiring)
    last = round(DURATION / DT)  # which NEST has not recorded yet
    assert len(theirs) > 2 * N
    assert [s for s in ours if s[0] < last] == [s for s in theirs if s[0] < last]


# Single cells


EXCITATION = [5.0, 12.3, 12.4, 30.0, 31.7, 33.3, 60.1, 80.0]
INHIBITION = [8.0, 40.4, 70.9]
COND = {"e_rev_E": 0.0, "e_rev_I": -80.0, "tau_syn_E": 2.0, "tau_syn_I": 5.0}
LEAKY = {**NEURON, **COND, "i_offset": 0.3}
EIF = {
    **COND, "cm": 0.281, "tau_m": 9.3667, "v_rest": -70.6, "v_thresh": -50.4, "v_reset": -60.0,
    "v_spike": -40.0, "tau_refrac": 2.0, "a": 4.0, "b": 0.0805, "delta_T": 2.0, "tau_w": 144.0,
    "i_offset": 0.8,
}  # fmt: skip
TRAUB = {
    **COND, "gbar_Na": 20.0, "gbar_K": 6.0, "g_leak": 0.01, "cm": 0.2, "v_offset": -63.0,
    "e_rev_Na": 50.0, "e_rev_K": -90.0, "e_rev_leak": -65.0, "i_offset": 0.2,
}  # fmt: skip


def single(
    model: str, parameters: Mapping[str, float], initial: Mapping[str, float], weight: float
) -> Few:
    inputs = {
        "excitatory": Input([EXCITATION], weight, 1.0),
        "inhibitory": Input([INHIBITION], 2.0 * weight, 1.0),
    }
    return replace(like(model, **parameters), initial=initial, inputs=inputs)


def nest_cell(
    theirs: str,
    parameters: Mapping[str, float],
    weight: float,
    ms: float,
    dt: float = DT,
    **more: float,
) -> tuple[np.ndarray, list[float]]:
    """Return v of a cell from t = 0 on, and its spike times."""
    nest.resolution = dt
    cell = nest.Create(theirs, params={**translated(parameters), **more})
    _feed(cell, EXCITATION, 1000.0 * weight)
    _feed(cell, INHIBITION, -2000.0 * weight)
    meter = nest.Create("multimeter", params={"interval": dt, "record_from": ["V_m"]})
    recorder = nest.Create("spike_recorder")
    nest.Connect(meter, cell)
    nest.Connect(cell, recorder)
    start = cell.V_m
    # What happens in the last step is recorded in the one after it.
    nest.Simulate(ms + 1.0)
    v = np.concatenate(([start], meter.events["V_m"]))[: round(ms / dt) + 1]
    return v, [t for t in recorder.events["times"].tolist() if t <= ms + dt / 2]


def _feed(cell: Any, times: Sequence[float], weight: float) -> None:
    source = nest.Create("spike_generator", params={"spike_times": times})
    nest.Connect(source, cell, syn_spec={"weight": weight, "delay": 1.0})


def rms(ours: CompiledNetwork, theirs: np.ndarray) -> float:
    return float(np.sqrt(np.mean((voltages(ours)[:, 0] - theirs) ** 2)))


@pytest.mark.parametrize(
    ("model", "theirs"), [("IF_cond_exp", "iaf_cond_exp"), ("IF_cond_alpha", "iaf_cond_alpha")]
)
def test_conductance_models_follow_nest(model: str, theirs: str):
    leak = 1000.0 * NEURON["cm"] / NEURON["tau_m"]
    named = {k: v for k, v in LEAKY.items() if k != "tau_m"}
    v, times = nest_cell(theirs, named, 0.03, 100.0, g_L=leak, V_m=-65.0)
    ours = run(single(model, LEAKY, {"v": -65.0}, 0.03), 100.0)
    np.testing.assert_allclose(spike_times(ours), times)
    assert len(times) > 3
    # NEST keeps its own error below 1e-3 mV a step; the midpoint rule makes the most of it.
    assert rms(ours, v) < 0.002


def test_adaptive_exponential_follows_nest():
    leak = 1000.0 * EIF["cm"] / EIF["tau_m"]
    named = {k: v for k, v in EIF.items() if k != "tau_m"}
    v, times = nest_cell("aeif_cond_exp", named, 0.03, 100.0, g_L=leak, V_m=-70.6)
    ours = run(single("EIF_cond_exp_isfa_ista", EIF, {"v": -70.6}, 0.03), 100.0)
    assert len(times) > 3
    np.testing.assert_allclose(spike_times(ours), times)
    # NEST lets a spike happen, and w grow by b, within a step.
    assert rms(ours, v) < 0.02


def test_hodgkin_huxley_follows_nest():
    dt = 0.01
    initial = {"v": -65.0, "m": 0.0, "h": 1.0, "n": 0.0}
    gates = {"V_m": -65.0, "Act_m": 0.0, "Inact_h": 1.0, "Act_n": 0.0}
    v, times = nest_cell("hh_cond_exp_traub", TRAUB, 0.03, 50.0, dt, **gates)
    few = single("HH_cond_exp", TRAUB, initial, 0.03)
    ours = run(few, 50.0, dt=dt, solver="rk4")
    assert len(times) > 2
    np.testing.assert_allclose(spike_times(ours), times)
    assert rms(ours, v) < 0.002


def test_hodgkin_huxley_at_dt_0_1_fires_within_a_step_of_nest():
    initial = {"v": -65.0, "m": 0.0, "h": 1.0, "n": 0.0}
    gates = {"V_m": -65.0, "Act_m": 0.0, "Inact_h": 1.0, "Act_n": 0.0}
    _, times = nest_cell("hh_cond_exp_traub", TRAUB, 0.03, 60.0, 0.1, **gates)
    assert len(times) > 3
    ours = run(single("HH_cond_exp", TRAUB, initial, 0.03), 60.0)
    np.testing.assert_allclose(spike_times(ours), times, atol=0.1 + 1e-9)


@pytest.mark.parametrize("period", [0.0, 0.04, 0.1, 2.0, 2.04, 3.14])
def test_refractory_steps_are_those_of_nest(period: float):
    cell = nest.Create("iaf_psc_delta", params={"t_ref": period, "I_e": 5000.0, "C_m": 250.0})
    recorder = nest.Create("spike_recorder")
    nest.Connect(cell, recorder)
    nest.Simulate(50.0)
    theirs = [t for t in recorder.events["times"].tolist() if t < 49.0]
    few = like(
        "IF_curr_delta", cm=0.25, tau_m=10.0, v_rest=-70.0, v_thresh=-55.0, v_reset=-70.0,
        i_offset=5.0, tau_refrac=period,
    )  # fmt: skip
    ours = [t for t in spike_times(run(replace(few, initial={"v": -70.0}), 50.0)) if t < 49.0]
    np.testing.assert_allclose(ours, theirs)
