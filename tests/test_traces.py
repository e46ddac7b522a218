"""Every cell model against SciPy, and the order of every solver.

A solver's error between events is what is tested: events themselves are at grid times in the
reference, too. At an upstroke an error in time is one in v, so tolerances are in mV at rest and in
ms where v moves: |error| <= mV + ms * |dv/dt|.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from few_cells_cases import CASES, like
from reference_cells import REFERENCES, Solution
from single_cells import Few, Input, run, spike_times, voltages

from snnc.compiled import CompiledNetwork

DURATION = 100.0
# The exponential midpoint rule leaves (dt / tau_syn)^2 / 24 of a synaptic potential, and less for
# what moves more slowly: with tau_syn = 0.5 ms, 0.002 of some mV. RK4 is exact to 1e-5 mV until the
# upstroke of a spike, which lasts for one or two steps, and leaves a trace in u or w.
TOLERANCES = {
    "LIF": (1e-9, 0.0),
    "IF_curr_delta": (1e-9, 0.0),
    "IF_curr_exp": (1e-9, 0.0),
    "IF_curr_alpha": (1e-9, 0.0),
    "IF_cond_exp": (0.01, 0.0),
    "IF_cond_alpha": (0.03, 0.0),
    "IF_cond_exp_gsfa_grr": (0.02, 0.0),
    "IF_facets_hardware1": (1e-3, 0.0),
    "AdExp": (1e-4, 1e-3),
    "EIF_cond_exp_isfa_ista": (1e-4, 1e-3),
    "EIF_cond_alpha_isfa_ista": (1e-4, 1e-3),
    "Izhikevich": (1e-3, 1e-3),
}
# What drives the other states: g and i are solved exactly, u and w follow v slowly.
OTHER_STATES = {"u": 1e-3, "w": 1e-5}


def recordable(model: str) -> list[str]:
    return [name for name in REFERENCES[model].states if not name.startswith("rise")]


def steps_of(network: CompiledNetwork, cell: int) -> list[int]:
    return [round(time / network.simulation.dt) for time in spike_times(network, cell)]


def slopes(v: np.ndarray, dt: float) -> np.ndarray:
    """Return the largest |dv/dt| in the steps beside each sample."""
    change = np.abs(np.diff(v)) / dt
    return np.maximum(np.append(change, 0.0), np.append(0.0, change))


def assert_close(
    network: CompiledNetwork, solutions: list[Solution], mv: float, ms: float, model: str
) -> None:
    simulation = network.simulation
    for cell, solution in enumerate(solutions):
        for name in recordable(model):
            found = simulation.trace("cells", name).values[:, cell]
            expected = solution.states[name]
            error = np.abs(found - expected)
            if name == "v":
                allowed = mv + ms * slopes(expected, simulation.dt)
            else:
                allowed = np.full(len(error), OTHER_STATES.get(name, 1e-9))
            worst = int(np.argmax(error - allowed))
            assert error[worst] <= allowed[worst], (cell, name, worst * simulation.dt)


@pytest.mark.parametrize("model", TOLERANCES)
def test_states_and_spikes_follow_the_equations(model: str):
    few = CASES[model]
    solutions = few.reference(DURATION)
    network = run(few, DURATION, record=["spikes", *recordable(model)])
    for cell, solution in enumerate(solutions):
        assert len(solution.spikes) >= 2
        assert steps_of(network, cell) == solution.spikes
    assert_close(network, solutions, *TOLERANCES[model], model)


def test_hodgkin_huxley_follows_the_equations():
    # RK4, whose steps must be short for these stiff equations, is near enough to compare spikes.
    few, dt = CASES["HH_cond_exp"], 0.0125
    solutions = few.reference(30.0, dt)
    network = run(few, 30.0, dt=dt, solver="rk4", record=["spikes", "v", "m", "h", "n"])
    for cell, solution in enumerate(solutions):
        assert len(solution.spikes) == 2
        assert steps_of(network, cell) == solution.spikes
        for name, allowed in {"v": 0.05, "m": 1e-3, "h": 1e-3, "n": 1e-3}.items():
            found = network.simulation.trace("cells", name).values[:, cell]
            np.testing.assert_allclose(found, solution.states[name], rtol=0.0, atol=allowed)


def crossings(v: np.ndarray, dt: float) -> np.ndarray:
    """Return when v crosses -33 mV upwards, interpolated linearly, in ms."""
    (at,) = np.nonzero((v[:-1] < -33.0) & (v[1:] >= -33.0))
    return dt * (at + (-33.0 - v[at]) / (v[at + 1] - v[at]))


@pytest.mark.parametrize("current", [0.0, 0.5, 1.0])
def test_hodgkin_huxley_by_default_fires_in_time_at_dt_0_1(current: float):
    # Inputs, and with the currents 100 Hz of firing and more, where lateness adds up.
    few, dt = CASES["HH_cond_exp"], 0.1
    few = replace(few, parameters=few.parameters | {"i_offset": current})
    solutions = few.reference(40.0, dt)
    network = run(few, 40.0, dt=dt)
    for cell, solution in enumerate(solutions):
        late = crossings(voltages(network)[:, cell], dt) - crossings(solution.states["v"], dt)
        assert late.size >= 2
        assert np.abs(np.diff(late, prepend=0.0)).max() < 0.05
        assert current > 0.0 or np.abs(late).max() < 0.05
        assert np.abs(np.array(steps_of(network, cell)) - solution.spikes).max() <= 1


def test_default_solver_on_input_of_a_balanced_network():
    # 1.2 kHz of 6 nS and 300 Hz of 67 nS, as in COBA at 19 Hz: RMS errors of v in mV.
    rng = np.random.default_rng(1)
    neuron = like(
        "IF_cond_exp", tau_m=20.0, cm=0.2, v_rest=-60.0, v_thresh=1000.0, e_rev_I=-80.0,
        tau_syn_I=10.0,
    )  # fmt: skip
    trains = {"excitatory": (240, 0.006), "inhibitory": (60, 0.067)}
    inputs = {
        receptor: Input([np.sort(rng.integers(1, 1990, n) / 10).tolist()], weight, 0.1)
        for receptor, (n, weight) in trains.items()
    }
    few = replace(neuron, initial={"v": -60.0, "gsyn_exc": 0.0, "gsyn_inh": 0.0}, inputs=inputs)
    expected = few.reference(200.0)[0].states["v"]
    rms = {
        solver: np.sqrt(np.mean((voltages(run(few, 200.0, solver=solver))[:, 0] - expected) ** 2))
        for solver in ("auto", "exponential_euler")
    }
    assert rms["auto"] < 0.002
    assert 20.0 * rms["auto"] < rms["exponential_euler"] < 0.1


# Order of convergence


def at_rest(model: str) -> Few:
    """Return the cells of a model with conductances that decay and a current, without spikes."""
    few = CASES[model]
    parameters, initial = dict(few.parameters), dict(few.initial)
    if "delta_T" in parameters:
        parameters["i_offset"] = (0.0, 0.01, 0.05)
    elif "v_thresh" in parameters:
        parameters["v_thresh"] = (1000.0, 1001.0, 1002.0)
    elif model == "Izhikevich":
        parameters["i_offset"] = (0.0, 0.001, 0.0)
    else:
        parameters["i_offset"] = (0.0, 0.01, 0.02)
    if "gsyn_exc" in initial:
        initial["gsyn_exc"] = (0.004, 0.002, 0.008)
    current = ((4.0, 0.001 if model == "Izhikevich" else 0.05),)
    return replace(few, parameters=parameters, initial=initial, inputs={}, current=current)


def errors(model: str, steps: tuple[float, ...], **options: str) -> np.ndarray:
    """Return the largest error of v on the coarsest grid for each dt."""
    few, coarse = at_rest(model), steps[0]
    solutions = few.reference(12.0, coarse)
    assert not any(solution.spikes for solution in solutions)
    expected = np.array([solution.states["v"] for solution in solutions]).T
    found = (voltages(run(few, 12.0, dt=dt, **options))[:: round(coarse / dt)] for dt in steps)
    return np.array([np.abs(v - expected).max() for v in found])


TENTHS = (0.1, 0.05, 0.025)


@pytest.mark.parametrize("model", ["LIF", "IF_curr_delta", "IF_curr_exp", "IF_curr_alpha"])
def test_exact_solutions_do_not_depend_on_dt(model: str):
    assert errors(model, (0.4, *TENTHS)).max() < 1e-9


@pytest.mark.parametrize(
    ("model", "solver", "order", "steps"),
    [
        ("IF_cond_exp", "auto", 2, TENTHS),
        ("IF_cond_alpha", "auto", 2, TENTHS),
        ("IF_cond_exp_gsfa_grr", "auto", 2, TENTHS),
        ("IF_facets_hardware1", "auto", 2, TENTHS),
        ("HH_cond_exp", "exponential_midpoint", 2, (0.05, 0.025, 0.0125)),
        ("IF_cond_exp", "exponential_euler", 1, TENTHS),
        ("IF_cond_exp", "rk4", 4, TENTHS),
        ("AdExp", "auto", 4, (0.8, 0.4, 0.2)),
        ("EIF_cond_exp_isfa_ista", "auto", 4, TENTHS),
        ("EIF_cond_alpha_isfa_ista", "auto", 4, TENTHS),
        ("Izhikevich", "auto", 4, (0.2, 0.1, 0.05)),
        ("HH_cond_exp", "auto", 4, (0.1, 0.05, 0.025)),
        ("HH_cond_exp", "extrapolated_splitting", 4, (0.05, 0.025, 0.0125)),
        ("Izhikevich", "euler", 1, TENTHS),
        ("HH_cond_exp", "rk4", 4, (0.05, 0.025, 0.0125)),
    ],
)
def test_error_falls_with_the_order_of_the_solver(
    model: str, solver: str, order: int, steps: tuple[float, ...]
):
    found = errors(model, steps, solver=solver)
    measured = np.log2(found[:-1] / found[1:])
    assert np.abs(measured - order).max() < 0.3, (found, measured)


def test_the_fine_splitting_errs_a_ninth_of_the_other():
    solvers = ("extrapolated_splitting", "fine_splitting")
    coarse, fine = (errors("HH_cond_exp", (0.05, 0.025), solver=s) for s in solvers)
    assert np.abs(coarse / fine - 9.0).max() < 1.0, coarse / fine


def test_default_solvers_name_their_order():
    expected = {
        "IF_curr_exp": "exact",
        "IF_cond_exp": "exponential_midpoint, order 2",
        "Izhikevich": "rk4, order 4",
        "HH_cond_exp": "fine_splitting, order 4",
        "EIF_cond_exp_isfa_ista": "rk4, order 4",
    }
    for model, text in expected.items():
        assert text in CASES[model].compile().settings()["solvers"][model]
