"""B3: the cortical microcircuit of Potjans & Diesmann (2014), full size or scaled down.

Follows the recipe of the community's comparison (Senk et al. 2026, doi 10.1088/2634-4386/ae379a):
Poisson drive, initial potentials drawn per population, the first 500 ms discarded.
"""

from __future__ import annotations

import math

import numpy as np

from snnc.benchmarks.description import Draw, Drive, Network, Population, Projection
from snnc.benchmarks.networks.brunel import current_for

NAME = "b3"
SCALES = (0.1,)
NAMES = ("L23E", "L23I", "L4E", "L4I", "L5E", "L5I", "L6E", "L6I")
SIZES = np.array([20683, 5834, 21915, 5479, 4850, 1065, 14395, 2948])
# Probability that a pair of cells is connected: [post, pre].
PROBABILITIES = np.array([
    [0.1009, 0.1689, 0.0437, 0.0818, 0.0323, 0.0, 0.0076, 0.0],
    [0.1346, 0.1371, 0.0316, 0.0515, 0.0755, 0.0, 0.0042, 0.0],
    [0.0077, 0.0059, 0.0497, 0.1350, 0.0067, 0.0003, 0.0453, 0.0],
    [0.0691, 0.0029, 0.0794, 0.1597, 0.0033, 0.0, 0.1057, 0.0],
    [0.1004, 0.0622, 0.0505, 0.0057, 0.0831, 0.3726, 0.0204, 0.0],
    [0.0548, 0.0269, 0.0257, 0.0022, 0.0600, 0.3158, 0.0086, 0.0],
    [0.0156, 0.0066, 0.0211, 0.0166, 0.0572, 0.0197, 0.0396, 0.2252],
    [0.0364, 0.0010, 0.0034, 0.0005, 0.0277, 0.0080, 0.0658, 0.1443],
])  # fmt: skip
INPUTS = np.array([1600, 1500, 2100, 1900, 2000, 1900, 2900, 2100])  # external, of each cell
INPUT_RATE = 8.0  # Hz
RATES = np.array([0.903, 2.965, 4.414, 5.876, 7.569, 8.633, 1.105, 7.829])  # Hz, published
V_MEAN = (-68.28, -63.16, -63.33, -63.45, -63.11, -61.66, -66.72, -61.43)  # mV
V_SD = (5.36, 4.57, 4.74, 4.94, 4.94, 4.55, 5.46, 4.48)
CELL = {
    "cm": 0.25, "tau_m": 10.0, "tau_refrac": 2.0, "v_rest": -65.0, "v_reset": -65.0,
    "v_thresh": -50.0, "tau_syn_E": 0.5, "tau_syn_I": 0.5,
}  # fmt: skip
PSP, G = 0.15, 4.0  # mV; inhibition relative to excitation
DELAY_EXC, DELAY_INH = 1.5, 0.75  # ms
DELAY_SHORTEST, DELAY_LONGEST = 0.1, 12.0  # ms; the longest cuts nothing off
RELATIVE_SD_WEIGHT, RELATIVE_SD_DELAY = 0.1, 0.5


def network(scale: float = 1.0) -> Network:
    """Return the circuit with a share of its cells and in-degrees.

    Weights grow with the inverse root of the scale, and a constant current replaces the mean of the
    input that is lost, which keeps mean and variance of the input of a cell.
    """
    weights = relative_weights() * current_for(PSP, CELL)
    numbers = synapses()
    lost = (weights * numbers / SIZES[:, None]) @ RATES + current_for(
        PSP, CELL
    ) * INPUTS * INPUT_RATE
    constant = 1e-3 * CELL["tau_syn_E"] * (1.0 - math.sqrt(scale)) * lost
    external = current_for(PSP, CELL) / math.sqrt(scale)
    return Network(
        name=NAME,
        title="Potjans-Diesmann microcircuit",
        scale=scale,
        populations=tuple(
            Population(
                name,
                max(round(int(SIZES[i]) * scale), 1),
                "IF_curr_exp",
                {**CELL, "i_offset": float(constant[i])},
                {"v": Draw("normal", {"mu": V_MEAN[i], "sigma": V_SD[i]})},
                Drive(float(INPUTS[i]) * scale * INPUT_RATE, external, DELAY_EXC),
            )
            for i, name in enumerate(NAMES)
        ),
        projections=tuple(
            _projection(
                pre, post, round(float(numbers[post, pre]) * scale**2), weight / math.sqrt(scale)
            )
            for (post, pre), weight in np.ndenumerate(weights)
            if round(float(numbers[post, pre]) * scale**2)
        ),
        warm_up=500.0,
        duration=10_000.0,
        spread=0.03,
        published=dict(zip(NAMES, RATES.tolist(), strict=True)),
        note="Poisson drive; optimised initial potentials; the first 500 ms discarded",
        peers=("nest",),
    )


def relative_weights() -> np.ndarray:
    """Return mean weights [post, pre] relative to those of excitatory synapses."""
    weights = np.ones((8, 8))
    weights[:, 1::2] = -G
    weights[0, 2] = 2.0
    return weights


def synapses() -> np.ndarray:
    """Return the numbers of synapses [post, pre] at full size; pairs may be connected again."""
    pairs = np.outer(SIZES, SIZES)
    return np.log1p(-PROBABILITIES) / np.log1p(-1.0 / pairs)


def _projection(pre: int, post: int, number: int, weight: float) -> Projection:
    excitatory = weight > 0.0
    delay = DELAY_EXC if excitatory else DELAY_INH
    limits = {"low": 0.0, "high": math.inf} if excitatory else {"low": -math.inf, "high": 0.0}
    return Projection(
        NAMES[pre],
        (NAMES[post],),
        "fixed_total_number",
        {"n": number, "with_replacement": True},
        "excitatory" if excitatory else "inhibitory",
        Draw("normal_clipped", {"mu": weight, "sigma": RELATIVE_SD_WEIGHT * abs(weight), **limits}),
        Draw(
            "normal_clipped",
            {
                "mu": delay,
                "sigma": RELATIVE_SD_DELAY * delay,
                "low": DELAY_SHORTEST,
                "high": DELAY_LONGEST,
            },
        ),
    )
