"""B6: the Hodgkin-Huxley network of Brette et al. (2007), benchmark 3."""

from __future__ import annotations

from dataclasses import replace

from snnc.benchmarks.description import Draw, Network, Population
from snnc.benchmarks.networks import coba

NAME = "b6"
SCALES = (1.0,)
CELL = {
    "cm": 0.2, "g_leak": 0.01, "gbar_Na": 20.0, "gbar_K": 6.0, "v_offset": -63.0,
    "e_rev_leak": -60.0, "e_rev_Na": 50.0, "e_rev_K": -90.0, "e_rev_E": 0.0, "e_rev_I": -80.0,
    "tau_syn_E": 5.0, "tau_syn_I": 10.0,
}  # fmt: skip


def network(scale: float = 1.0) -> Network:
    """Return the network, wired as COBA; drawn conductances start its activity."""
    base = coba.network(scale)
    initial = {
        "v": Draw("uniform", {"low": -65.0, "high": -55.0}),
        "gsyn_exc": Draw("normal_clipped", {"mu": 0.04, "sigma": 0.015, "low": 0.0, "high": 1.0}),
        "gsyn_inh": Draw("normal_clipped", {"mu": 0.2, "sigma": 0.12, "low": 0.0, "high": 2.0}),
        "m": 0.0,
        "h": 1.0,
        "n": 0.0,
    }
    return replace(
        base,
        name=NAME,
        title="COBAHH, HH_cond_exp",
        populations=tuple(
            Population(p.name, p.size, "HH_cond_exp", CELL, initial) for p in base.cells
        ),
        projections=tuple(p for p in base.projections if p.pre != "ignition"),
        spread=0.1,
        peers=("brian2",),  # NEST's model has no initial conductances
        # Brian2's exponential Euler errs by far more than either of snnc's splittings; the default
        # is for traces that agree to 0.05 mV.
        solver="extrapolated_splitting",
    )
