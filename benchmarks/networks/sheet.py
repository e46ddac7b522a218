"""B7: a sheet of 20,000 + 5,000 cells with distance-dependent, short-term plastic synapses."""

from __future__ import annotations

import math

from snnc.benchmarks.description import Draw, Drive, Network, Population, Projection

NAME = "b7"
SCALES = (1.0,)
EXCITATORY, INHIBITORY = 20_000, 5_000
SIDE = 1000.0  # um, of the sheet at full size
CELL = {
    "cm": 0.25, "tau_m": 20.0, "tau_refrac": 2.0, "v_rest": -65.0, "v_reset": -60.0,
    "v_thresh": -50.0, "tau_syn_E": 2.0, "tau_syn_I": 5.0,
}  # fmt: skip
PEAK, REACH_EXC, REACH_INH = 0.3, 75.0, 50.0  # probability at no distance; um
W_EXC, W_INH, W_DRIVE = 0.06, -0.12, 0.05  # nA
DRIVE_RATE, DELAY = 1600.0, 1.5  # Hz, ms
# Excitatory synapses depress, inhibitory ones facilitate.
DEPRESSING = {"U": 0.5, "tau_rec": 200.0, "tau_facil": 20.0}
FACILITATING = {"U": 0.2, "tau_rec": 50.0, "tau_facil": 200.0}


def network(scale: float = 1.0) -> Network:
    """Return the sheet; its area grows with the scale, its density stays."""
    side = SIDE * math.sqrt(scale)
    v = {"v": Draw("uniform", {"low": -65.0, "high": -50.0})}
    populations = []
    for name, number in (("exc", EXCITATORY), ("inh", INHIBITORY)):
        size = max(round(number * scale), 1)
        spacing = side / math.ceil(math.sqrt(size))
        drive = Drive(DRIVE_RATE, W_DRIVE, DELAY)
        populations.append(Population(name, size, "IF_curr_exp", CELL, v, drive, spacing))
    return Network(
        name=NAME,
        title="Sheet with short-term plasticity, IF_curr_exp",
        scale=scale,
        populations=tuple(populations),
        projections=tuple(
            Projection(
                pre,
                (post,),
                "distance_dependent_probability",
                {"d_expression": f"{PEAK}*exp(-d/{reach})"},
                receptor,
                weight,
                DELAY,
                "tsodyks_markram",
                plasticity,
            )
            for post in ("exc", "inh")
            for pre, reach, receptor, weight, plasticity in (
                ("exc", REACH_EXC, "excitatory", W_EXC, DEPRESSING),
                ("inh", REACH_INH, "inhibitory", W_INH, FACILITATING),
            )
        ),
        spread=0.05,
        peers=("nest",),
    )
