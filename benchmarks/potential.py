"""The error of the membrane potential of one cell, from an integration with a tight tolerance."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from snnc.benchmarks.description import Draw, Network, Population, Projection, Value
from snnc.benchmarks.measure import OWN, Row, Setting, run

_DURATION, _DELAY = 1000.0, 0.1  # ms
_RATES = {"excitatory": 1280.0, "inhibitory": 320.0}  # Hz, of all inputs: 64 and 16 at 20 Hz
_NEVER = 1e3  # mV, a threshold

State = NDArray[np.float64]


def add_errors(
    rows: Sequence[Row], network: Network, settings: Sequence[Setting], step: Callable[[str], None]
) -> None:
    """Measure the RMS error of v for each setting, and give it to its rows as ``rms_mv``, in mV.

    The error is that of a cell of the network under input of its strength, at any number of
    threads.
    """
    cell = probe(network)
    reference = tight(cell)
    for setting in settings:
        sample = run(cell, setting, _DURATION)
        assert sample.v is not None
        error = rms(sample.v, reference)
        for row in rows:
            if (row["target"], row["precision"]) == (setting.target, setting.precision):
                row["rms_mv"] = error
        step(f"{network.name} {setting.target} error of v")


def probe(network: Network) -> Network:
    """Return a network of one cell with trains of spikes.

    Cells with a threshold stay below it, so that no shifted spike hides the error of the solver.
    """
    cells = network.cells[0]
    parameters = dict(cells.parameters)
    if cells.model == "HH_cond_exp":
        initial = {"v": parameters["e_rev_leak"], "m": 0.0, "h": 1.0, "n": 0.0}
    else:
        initial = {"v": parameters["v_reset"]}
        parameters["v_thresh"] = _NEVER
    one = Population("cell", 1, cells.model, parameters, initial)
    random = np.random.default_rng(1)
    steps = round(_DURATION / network.dt)
    trains, projections = [], []
    for receptor, rate in _RATES.items():
        weight = next(
            _mean(p.weight)
            for p in network.projections
            if p.receptor == receptor and cells.name in p.post
        )
        hits = np.flatnonzero(random.random(steps) < rate * network.dt * 1e-3) + 1
        times = [round(float(t), 6) for t in hits * network.dt]
        trains.append(Population(receptor, 1, "SpikeSourceArray", {"spike_times": times}))
        projections.append(
            Projection(receptor, ("cell",), "one_to_one", {}, receptor, weight, _DELAY)
        )
    return replace(
        network,
        name=f"{network.name}_cell",
        populations=(one, *trains),
        projections=tuple(projections),
        warm_up=0.0,
        record_v="cell",
    )


def _mean(weight: Value) -> float:
    return float(weight.params["mu"]) if isinstance(weight, Draw) else weight


def rms(v: State, reference: State) -> float:
    """Return the RMS difference in mV.

    Simulators differ in whether the first sample is that of the start and in when they sample a
    step; the shift with the least difference counts.
    """
    shifts = [v[shift : shift + len(reference) - 4] for shift in range(3)]
    best = [np.sqrt(np.mean((part - reference[: len(part)]) ** 2)) for part in shifts]
    return float(min(best))


def tight(network: Network) -> State:
    """Return v at the end of each step, by DOP853 at a relative tolerance of 1e-12."""
    from scipy.integrate import solve_ivp

    cell = network.populations[0]
    p = SimpleNamespace(**{"i_offset": 0.0, **cell.parameters})
    slopes = SLOPES[cell.model]
    steps = round(_DURATION / network.dt)
    jumps = _arrivals(network, steps)
    y = np.array([0.0, 0.0, *(cell.initial[name] for name in cell.initial)])
    trace = np.empty(steps)
    for k in range(steps):
        solved = solve_ivp(
            lambda _, y: slopes(p, y), (0.0, network.dt), y, method="DOP853", rtol=1e-12, atol=1e-14
        )
        y = solved.y[:, -1]
        trace[k] = y[2]
        y[:2] += jumps[:, k + 1]
    return trace


def _current_based(p: Any, y: State) -> list[float]:
    exc, inh, v = y
    leak = (p.v_rest - v) / p.tau_m
    return [-exc / p.tau_syn_E, -inh / p.tau_syn_I, leak + (exc + inh + p.i_offset) / p.cm]


def _conductance_based(p: Any, y: State) -> list[float]:
    exc, inh, v = y
    current = exc * (p.e_rev_E - v) + inh * (p.e_rev_I - v) + p.i_offset
    return [-exc / p.tau_syn_E, -inh / p.tau_syn_I, (p.v_rest - v) / p.tau_m + current / p.cm]


def _hodgkin_huxley(p: Any, y: State) -> list[float]:
    """Return the slopes of `HH_cond_exp`: Traub & Miles (1991), as PyNN and NEST have it."""
    exc, inh, v, m, h, n = y
    u = v - p.v_offset
    rates = (
        (0.32 * _linoid(13.0 - u, 4.0), 0.28 * _linoid(u - 40.0, 5.0), m),
        (0.128 * np.exp((17.0 - u) / 18.0), 4.0 / (1.0 + np.exp((40.0 - u) / 5.0)), h),
        (0.032 * _linoid(15.0 - u, 5.0), 0.5 * np.exp((10.0 - u) / 40.0), n),
    )
    current = exc * (p.e_rev_E - v) + inh * (p.e_rev_I - v) + p.i_offset
    current += p.gbar_Na * m**3 * h * (p.e_rev_Na - v) + p.gbar_K * n**4 * (p.e_rev_K - v)
    current += p.g_leak * (p.e_rev_leak - v)
    gates = [opening * (1.0 - gate) - closing * gate for opening, closing, gate in rates]
    return [-exc / p.tau_syn_E, -inh / p.tau_syn_I, current / p.cm, *gates]


def _linoid(x: float, width: float) -> float:
    return width if x == 0.0 else x / np.expm1(x / width)


SLOPES: Mapping[str, Callable[[Any, State], list[float]]] = {
    "IF_curr_exp": _current_based,
    "IF_cond_exp": _conductance_based,
    "HH_cond_exp": _hodgkin_huxley,
}
"""Slopes of the synaptic variables, of v in mV/ms, and of the gates m, h and n."""


def _arrivals(network: Network, steps: int) -> State:
    """Return what arrives at the end of each step: float64 of shape (2, steps + 1)."""
    jumps = np.zeros((2, steps + 1))
    for receptor, (train, projection) in enumerate(
        zip(network.populations[1:], network.projections, strict=True)
    ):
        times = np.asarray(train.parameters["spike_times"])
        at = np.rint((times + _DELAY) / network.dt).astype(int)
        np.add.at(jumps[receptor], at[at <= steps], _mean(projection.weight))
    return jumps


def integrators_text(rows: Sequence[Row]) -> str:
    """Return how each side advances v, and the error of that where it was measured."""
    sides: dict[str, Row] = {}
    for row in rows:
        name = f"snnc {row['precision']}" if row["target"] == OWN else row["target"]
        sides.setdefault(name, row)
    lines = ["integration of v, and its error for one cell of the network against DOP853"]
    width = max(map(len, sides))
    for name, row in sides.items():
        known = row["rms_mv"] is not None
        error = f"RMS error {row['rms_mv']:.1e} mV" if known else ""
        lines.append(f"  {name:{width}}  {error:20}  {row['integrator']}")
    return "\n".join(lines)
