"""B1: the conductance-based network of Vogels & Abbott (2005), first of Brette et al. (2007)."""

from __future__ import annotations

from snnc.benchmarks.description import Draw, Network, Population, Projection

NAME = "b1"
SCALES = (1.0,)
CELL = {
    "cm": 0.2, "tau_m": 20.0, "tau_refrac": 5.0, "v_rest": -60.0, "v_reset": -60.0,
    "v_thresh": -50.0, "e_rev_E": 0.0, "e_rev_I": -80.0, "tau_syn_E": 5.0, "tau_syn_I": 10.0,
}  # fmt: skip
W_EXC, W_INH, W_IGNITION = 0.006, 0.067, 0.1  # uS
EXCITATORY, INHIBITORY, CONNECTIONS = 3200, 800, 80  # connections: of each cell, in all
DELAY, WARM_UP = 0.1, 50.0  # ms; Poisson cells ignite the network during the warm-up


def network(scale: float = 1.0) -> Network:
    """Return the network; its cells have 80 inputs whatever the scale."""
    n_exc, n_inh = round(EXCITATORY * scale), round(INHIBITORY * scale)
    p_connect = min(CONNECTIONS / (n_exc + n_inh), 1.0)
    v = {"v": Draw("uniform", {"low": -60.0, "high": -50.0})}
    ignition = Population(
        "ignition",
        max(round(20 * scale), 1),
        "SpikeSourcePoisson",
        {"rate": 100.0, "start": 0.0, "duration": WARM_UP},
    )
    return Network(
        name=NAME,
        title="COBA, IF_cond_exp",
        scale=scale,
        populations=(
            Population("exc", n_exc, "IF_cond_exp", CELL, v),
            Population("inh", n_inh, "IF_cond_exp", CELL, v),
            ignition,
        ),
        projections=tuple(
            Projection(
                pre,
                ("exc", "inh"),
                "fixed_probability",
                {"p_connect": p_connect},
                receptor,
                weight,
                DELAY,
            )
            for pre, receptor, weight in (
                ("exc", "excitatory", W_EXC),
                ("inh", "inhibitory", W_INH),
                ("ignition", "excitatory", W_IGNITION),
            )
        ),
        warm_up=WARM_UP,
        settle=200.0,
        spread=0.08,
    )
