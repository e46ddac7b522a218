"""B2: Brunel's (2000) random balanced network with IF_curr_exp, a tenth of all pairs connected."""

from __future__ import annotations

import math

from snnc.benchmarks.description import Draw, Drive, Network, Population, Projection

NAME = "b2"
SCALES = (1.0,)
CELL = {
    "cm": 0.25, "tau_m": 20.0, "tau_refrac": 2.0, "v_rest": 0.0, "v_reset": 10.0,
    "v_thresh": 20.0, "tau_syn_E": 0.5, "tau_syn_I": 0.5,
}  # fmt: skip
EXCITATORY, INHIBITORY, DENSITY = 10_000, 2_500, 0.1
PSP, G, ETA, DELAY = 0.1, 5.0, 2.0, 1.5  # mV; inhibition relative to excitation; drive; ms


def current_for(psp: float, cell: dict[str, float] = CELL) -> float:
    """Return the current (nA) whose exponential decay makes a potential with the peak `psp`."""
    tau_m, tau_syn = cell["tau_m"], cell["tau_syn_E"]
    difference = 1.0 / tau_syn - 1.0 / tau_m
    peak = math.log(tau_m / tau_syn) / difference
    height = math.exp(-peak / tau_m) - math.exp(-peak / tau_syn)
    return psp * cell["cm"] * difference / height


def network(scale: float = 1.0) -> Network:
    """Return the network; in-degrees grow with the scale, weights shrink with it."""
    n_exc, n_inh = max(round(EXCITATORY * scale), 1), max(round(INHIBITORY * scale), 1)
    k_exc, k_inh = max(round(DENSITY * n_exc), 1), max(round(DENSITY * n_inh), 1)
    weight = current_for(PSP) * DENSITY * EXCITATORY / k_exc
    charge = weight * CELL["tau_syn_E"]
    threshold_rate = CELL["v_thresh"] * CELL["cm"] / (charge * CELL["tau_m"]) * 1e3  # Hz
    drive = Drive(ETA * threshold_rate, weight, DELAY)
    v = {"v": Draw("uniform", {"low": 0.0, "high": 20.0})}
    return Network(
        name=NAME,
        title="Brunel, IF_curr_exp",
        scale=scale,
        populations=(
            Population("exc", n_exc, "IF_curr_exp", CELL, v, drive),
            Population("inh", n_inh, "IF_curr_exp", CELL, v, drive),
        ),
        projections=tuple(
            Projection(
                pre,
                ("exc", "inh"),
                "fixed_number_pre",
                {"n": k, "with_replacement": True},
                receptor,
                w,
                DELAY,
            )
            for pre, k, receptor, w in (
                ("exc", k_exc, "excitatory", weight),
                ("inh", k_inh, "inhibitory", -G * weight),
            )
        ),
        note="in-degrees drawn with replacement",
    )
