"""What all versions of the COBA benchmark share: parameters, statistics, the accuracy test."""

from __future__ import annotations

import argparse

import numpy as np

N_E, N_I, P = 3200, 800, 0.02
W_E, W_I, W_IGNITE = 0.006, 0.067, 0.1  # uS
DT, DELAY = 0.1, 0.1  # ms
WARM_UP, DURATION = 50.0, 1000.0  # ms; the network is ignited during the warm-up
IGNITION_CELLS, IGNITION_RATE = 20, 100.0  # Hz
CELL = {
    "cm": 0.2, "tau_m": 20.0, "tau_refrac": 5.0, "v_rest": -60.0, "v_reset": -60.0,
    "v_thresh": -50.0, "e_rev_E": 0.0, "e_rev_I": -80.0, "tau_syn_E": 5.0, "tau_syn_I": 10.0,
}  # fmt: skip


def options() -> argparse.Namespace:
    """Parse what every peer takes."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--precision", default="f64")
    return parser.parse_args()


def statistics(times: np.ndarray, senders: np.ndarray) -> dict:
    """Return rate and CV over the second 200-1000 ms after the warm-up, and whether it lives."""
    start, stop = WARM_UP + 200.0, WARM_UP + DURATION
    keep = (times > start) & (times <= stop)
    times, senders = times[keep], senders[keep]
    order = np.lexsort((times, senders))
    times, senders = times[order], senders[order]
    gaps = np.diff(times)[np.diff(senders) == 0]
    owner = senders[1:][np.diff(senders) == 0]
    cvs = [
        g.std() / g.mean() for g in np.split(gaps, np.flatnonzero(np.diff(owner)) + 1) if len(g) > 2
    ]
    return {
        "rate_hz": len(times) / (N_E + N_I) / (stop - start) * 1e3,
        "cv": float(np.mean(cvs)) if cvs else float("nan"),
        "alive": bool((times > stop - 50.0).any()),
    }


def test_input() -> tuple[np.ndarray, np.ndarray]:
    """Return times (ms, on the grid) of excitatory and inhibitory input to one cell, as in COBA."""
    rng = np.random.default_rng(1)
    steps = int(DURATION / DT)
    excitatory = np.flatnonzero(rng.random(steps) < N_E * P * 20e-3 * DT) + 1
    inhibitory = np.flatnonzero(rng.random(steps) < N_I * P * 20e-3 * DT) + 1
    return excitatory * DT, inhibitory * DT


def rms_error(v: np.ndarray) -> float:
    """Return the RMS difference (mV) of samples at DT, 2 DT, ... from the tight reference."""
    reference = reference_trace()
    n = min(len(v), len(reference))
    return float(np.sqrt(np.mean((v[:n] - reference[:n]) ** 2)))


def reference_trace() -> np.ndarray:
    """Integrate the test cell (no threshold) by DOP853 at rtol 1e-12; arrivals after DELAY."""
    from scipy.integrate import solve_ivp

    steps = int(DURATION / DT)
    jumps = np.zeros((2, steps + 2))
    for row, (train, weight) in enumerate(zip(test_input(), (W_E, W_I), strict=True)):
        at = np.rint((train + DELAY) / DT).astype(int)
        np.add.at(jumps[row], at[at <= steps], weight)

    def slope(_t: float, y: np.ndarray) -> list[float]:
        v, ge, gi = y
        current = ge * (CELL["e_rev_E"] - v) + gi * (CELL["e_rev_I"] - v)
        return [
            (CELL["v_rest"] - v) / CELL["tau_m"] + current / CELL["cm"],
            -ge / CELL["tau_syn_E"],
            -gi / CELL["tau_syn_I"],
        ]

    y, trace = np.array([CELL["v_rest"], 0.0, 0.0]), np.empty(steps)
    for k in range(steps):
        y = solve_ivp(slope, (0.0, DT), y, method="DOP853", rtol=1e-12, atol=1e-14).y[:, -1]
        trace[k] = y[0]
        y = y + np.array([0.0, jumps[0, k + 1], jumps[1, k + 1]])
    return trace
