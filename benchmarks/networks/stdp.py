"""B4: the balanced network of B2 at 5/16 of its size, its 0.98 million E-E synapses plastic."""

from __future__ import annotations

from dataclasses import replace

from snnc.benchmarks.description import Network, Projection
from snnc.benchmarks.networks import brunel

NAME = "b4"
SCALES = (1.0,)
SHARE = 0.3125  # of the size of B2
TAU, A_PLUS, A_MINUS = 20.0, 0.001, 0.00105  # ms


def network(scale: float = 1.0) -> Network:
    """Return the network; excitatory synapses onto excitatory cells follow additive pair STDP."""
    base = brunel.network(SHARE * scale)
    exc, inh = base.projections
    assert isinstance(exc.weight, float)
    plastic = replace(
        exc,
        post=("exc",),
        synapse="stdp",
        parameters={
            "tau_plus": TAU,
            "tau_minus": TAU,
            "A_plus": A_PLUS,
            "A_minus": A_MINUS,
            "w_max": 2.0 * exc.weight,
        },
    )
    static: Projection = replace(exc, post=("inh",))
    return replace(
        base,
        name=NAME,
        title="Brunel with STDP, IF_curr_exp",
        scale=scale,
        projections=(plastic, static, inh),
        spread=0.03,
    )
