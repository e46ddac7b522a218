"""B1u: the current-based network of Vogels & Abbott (2005), benchmark 2 of Brette et al. (2007)."""

from __future__ import annotations

from dataclasses import replace

from snnc.benchmarks.description import Draw, Network, Population
from snnc.benchmarks.networks import coba

NAME = "b1u"
SCALES = (1.0,)
# The resting potential 1 mV above the reset is the one at which the network is active on its own.
CELL = {
    "cm": 0.2, "tau_m": 20.0, "tau_refrac": 5.0, "v_rest": -49.0, "v_reset": -60.0,
    "v_thresh": -50.0, "tau_syn_E": 5.0, "tau_syn_I": 10.0,
}  # fmt: skip
# 1.62 mV and -9 mV of the synaptic variable in mV, which acts through cm / tau_m.
W_EXC, W_INH = 1.62 * 0.2 / 20.0, -9.0 * 0.2 / 20.0  # nA


def network(scale: float = 1.0) -> Network:
    """Return the network, wired as COBA."""
    base = coba.network(scale)
    v = {"v": Draw("uniform", {"low": -60.0, "high": -50.0})}
    weights = {"exc": W_EXC, "inh": W_INH}
    return replace(
        base,
        name=NAME,
        title="CUBA, IF_curr_exp",
        populations=tuple(Population(p.name, p.size, "IF_curr_exp", CELL, v) for p in base.cells),
        projections=tuple(
            replace(p, weight=weights[p.pre]) for p in base.projections if p.pre in weights
        ),
        spread=0.04,
    )
