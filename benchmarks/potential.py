"""The error of the membrane potential of one cell, from an integration with a tight tolerance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from snnc.benchmarks.description import Network, Population, Projection
from snnc.benchmarks.measure import OWN, Row, Setting, blank, run

MODELS = ("IF_cond_exp", "IF_curr_exp")
_DURATION, _DELAY = 1000.0, 0.1  # ms
_RATES = {"exc": 1280.0, "inh": 320.0}  # Hz, of all inputs together: 64 and 16 at 20 Hz
_NEVER = 1e3  # mV, a threshold


def errors(network: Network, settings: Sequence[Setting]) -> list[Row]:
    """Return the RMS error in mV of each setting, for a cell of the network under its input."""
    cell = probe(network)
    reference = tight(cell)
    rows: list[Row] = []
    for setting in settings:
        sample = run(cell, setting, _DURATION)
        assert sample.v is not None
        rows.append(blank() | {
            "bench": f"{network.name} error of v", "scale": network.scale,
            "target": setting.target, "precision": setting.precision, "threads": setting.threads,
            "integrator": sample.figures["integrator"], "rms_mv": rms(sample.v, reference),
        })  # fmt: skip
    return rows


def probe(network: Network) -> Network:
    """Return a network of one cell with trains of spikes, below threshold at all times."""
    cells = network.cells[0]
    one = Population(
        "cell",
        1,
        cells.model,
        {**cells.parameters, "v_thresh": _NEVER},
        {"v": cells.parameters["v_reset"]},
    )
    random = np.random.default_rng(1)
    steps = round(_DURATION / network.dt)
    trains, projections = [], []
    for name, rate in _RATES.items():
        weight = next(p.weight for p in network.projections if p.pre == name)
        hits = np.flatnonzero(random.random(steps) < rate * network.dt * 1e-3) + 1
        times = [round(float(t), 6) for t in hits * network.dt]
        trains.append(Population(name, 1, "SpikeSourceArray", {"spike_times": times}))
        receptor = "excitatory" if name == "exc" else "inhibitory"
        projections.append(Projection(name, ("cell",), "one_to_one", {}, receptor, weight, _DELAY))
    return replace(
        network,
        name=f"{network.name}_cell",
        populations=(one, *trains),
        projections=tuple(projections),
        warm_up=0.0,
        record_v="cell",
    )


def rms(v: NDArray[np.float64], reference: NDArray[np.float64]) -> float:
    """Return the RMS difference in mV.

    Simulators differ in whether the first sample is that of the start and in when they sample a
    step; the shift with the least difference counts.
    """
    shifts = [v[shift : shift + len(reference) - 4] for shift in range(3)]
    best = [np.sqrt(np.mean((part - reference[: len(part)]) ** 2)) for part in shifts]
    return float(min(best))


def tight(network: Network) -> NDArray[np.float64]:
    """Integrate the cell by DOP853 at a relative tolerance of 1e-12, from arrival to arrival."""
    from scipy.integrate import solve_ivp

    cell = network.populations[0]
    p: Mapping[str, float] = {"i_offset": 0.0, **cell.parameters}
    conductance = cell.model == "IF_cond_exp"
    steps = round(_DURATION / network.dt)
    jumps = _arrivals(network, steps)

    def slope(_time: float, y: NDArray[np.float64]) -> list[float]:
        v, exc, inh = y
        current = exc + inh
        if conductance:
            current = exc * (p["e_rev_E"] - v) + inh * (p["e_rev_I"] - v)
        return [
            (p["v_rest"] - v) / p["tau_m"] + (current + p["i_offset"]) / p["cm"],
            -exc / p["tau_syn_E"],
            -inh / p["tau_syn_I"],
        ]

    y, trace = np.array([float(cell.initial["v"]), 0.0, 0.0]), np.empty(steps)  # type: ignore[arg-type]
    for k in range(steps):
        y = solve_ivp(slope, (0.0, network.dt), y, method="DOP853", rtol=1e-12, atol=1e-14).y[:, -1]
        trace[k] = y[0]
        y = y + np.array([0.0, *jumps[:, k + 1]])
    return trace


def _arrivals(network: Network, steps: int) -> NDArray[np.float64]:
    """Return what arrives at the end of each step: float64 of shape (2, steps + 1)."""
    jumps = np.zeros((2, steps + 1))
    for receptor, (train, projection) in enumerate(
        zip(network.populations[1:], network.projections, strict=True)
    ):
        times = np.asarray(train.parameters["spike_times"])
        at = np.rint((times + _DELAY) / network.dt).astype(int)
        assert isinstance(projection.weight, float)
        np.add.at(jumps[receptor], at[at <= steps], projection.weight)
    return jumps


def errors_text(rows: list[Row]) -> str:
    """Return the errors as text."""
    lines = [
        f"{rows[0]['bench']}: RMS difference from an integration at a relative tolerance of 1e-12"
    ]
    for row in rows:
        name = "snnc" if row["target"] == OWN else row["target"]
        lines.append(f"  {name} {row['precision']}: {row['rms_mv']:.1e} mV, {row['integrator']}")
    return "\n".join(lines)
