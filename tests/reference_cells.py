"""The equations of the cell models once more, by hand, for SciPy.

Between events the equations are integrated at a tolerance far below what is compared;
arrivals, tests and refractoriness happen at grid times: advance, add arrivals, test, emit.
Units: ms, mV, nA, nF, uS; parameters as the models declare them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from math import ceil, e, exp, expm1
from types import SimpleNamespace

import numpy as np
from numpy.typing import NDArray
from scipy.integrate import solve_ivp

P = SimpleNamespace
State = list[float]
Slopes = Callable[[P, Sequence[float], float, bool], Sequence[float]]

RTOL, ATOL = 1e-12, 1e-13
BLOWN_UP = 1e4  # mV; far above every threshold


def lif(p, y, current, held):
    return [0.0 if held else (p.v_rest - y[0]) / p.tau_m + (p.i_offset + current) / p.cm]


def if_curr_exp(p, y, current, held):
    v, exc, inh = y
    dv = (p.v_rest - v) / p.tau_m + (exc + inh + p.i_offset + current) / p.cm
    return [0.0 if held else dv, -exc / p.tau_syn_E, -inh / p.tau_syn_I]


def if_curr_alpha(p, y, current, held):
    v, exc, inh, rise_exc, rise_inh = y
    dv = (p.v_rest - v) / p.tau_m + (exc + inh + p.i_offset + current) / p.cm
    return [0.0 if held else dv, *alpha(p, exc, inh, rise_exc, rise_inh)]


def alpha(p, exc, inh, rise_exc, rise_inh):
    return [
        rise_exc - exc / p.tau_syn_E,
        rise_inh - inh / p.tau_syn_I,
        -rise_exc / p.tau_syn_E,
        -rise_inh / p.tau_syn_I,
    ]


def leak_and_synapses(p, v, exc, inh, current):
    driven = exc * (p.e_rev_E - v) + inh * (p.e_rev_I - v) + p.i_offset + current
    return (p.v_rest - v) / p.tau_m + driven / p.cm


def if_cond_exp(p, y, current, held):
    v, exc, inh = y
    dv = 0.0 if held else leak_and_synapses(p, v, exc, inh, current)
    return [dv, -exc / p.tau_syn_E, -inh / p.tau_syn_I]


def if_cond_alpha(p, y, current, held):
    v, exc, inh, rise_exc, rise_inh = y
    dv = 0.0 if held else leak_and_synapses(p, v, exc, inh, current)
    return [dv, *alpha(p, exc, inh, rise_exc, rise_inh)]


def if_cond_exp_gsfa_grr(p, y, current, held):
    v, exc, inh, g_s, g_r = y
    adapting = 1e-3 * (g_s * (p.e_rev_sfa - v) + g_r * (p.e_rev_rr - v))
    dv = leak_and_synapses(p, v, exc, inh, current) + adapting / p.cm
    decays = [-exc / p.tau_syn_E, -inh / p.tau_syn_I, -g_s / p.tau_sfa, -g_r / p.tau_rr]
    return [0.0 if held else dv, *decays]


def if_facets_hardware1(p, y, current, held):
    v, exc, inh = y
    driven = 1e-3 * p.g_leak * (p.v_rest - v) - exc * v + inh * (p.e_rev_I - v) + current
    return [0.0 if held else driven / 0.2, -exc / p.tau_syn_E, -inh / p.tau_syn_I]


def adaptive_exponential(p, v, w, synaptic, held):
    x = min(v, p.v_spike if p.delta_T > 0.0 else p.v_thresh)
    upstroke = p.delta_T * exp((x - p.v_thresh) / p.delta_T) if p.delta_T > 0.0 else 0.0
    dv = (p.v_rest - x + upstroke) / p.tau_m + (synaptic(x) - w + p.i_offset) / p.cm
    return [0.0 if held else dv, (1e-3 * p.a * (x - p.v_rest) - w) / p.tau_w]


def adexp(p, y, current, held):
    v, w = y
    return adaptive_exponential(p, v, w, lambda x: current, held)


def eif_cond_exp(p, y, current, held):
    v, w, exc, inh = y

    def synaptic(x):
        return exc * (p.e_rev_E - x) + inh * (p.e_rev_I - x) + current

    own = adaptive_exponential(p, v, w, synaptic, held)
    return [*own, -exc / p.tau_syn_E, -inh / p.tau_syn_I]


def eif_cond_alpha(p, y, current, held):
    v, w, exc, inh, rise_exc, rise_inh = y

    def synaptic(x):
        return exc * (p.e_rev_E - x) + inh * (p.e_rev_I - x) + current

    own = adaptive_exponential(p, v, w, synaptic, held)
    return [*own, *alpha(p, exc, inh, rise_exc, rise_inh)]


def izhikevich(p, y, current, held):
    v, u = y
    dv = 0.04 * v * v + 5.0 * v + 140.0 - u + 1000.0 * (p.i_offset + current)
    return [dv, p.a * (p.b * v - u)]


def linoid(x, scale):
    """Return x / (exp(x / scale) - 1)."""
    return scale if x == 0.0 else x / expm1(x / scale)


def hh_cond_exp(p, y, current, held):
    v, m, h, n, exc, inh = y
    x = v - p.v_offset
    am, bm = 0.32 * linoid(13.0 - x, 4.0), 0.28 * linoid(x - 40.0, 5.0)
    ah, bh = 0.128 * exp((17.0 - x) / 18.0), 4.0 / (1.0 + exp((40.0 - x) / 5.0))
    an, bn = 0.032 * linoid(15.0 - x, 5.0), 0.5 * exp((10.0 - x) / 40.0)
    channels = p.gbar_Na * m**3 * h * (p.e_rev_Na - v) + p.gbar_K * n**4 * (p.e_rev_K - v)
    synapses = exc * (p.e_rev_E - v) + inh * (p.e_rev_I - v)
    leak = p.g_leak * (p.e_rev_leak - v)
    return [
        (channels + leak + synapses + p.i_offset + current) / p.cm,
        am * (1.0 - m) - bm * m,
        ah * (1.0 - h) - bh * h,
        an * (1.0 - n) - bn * n,
        -exc / p.tau_syn_E,
        -inh / p.tau_syn_I,
    ]


def above_threshold(p, y, before):
    return y[0] >= p.v_thresh


def above_peak(p, y, before):
    return y[0] >= (p.v_spike if p.delta_T > 0.0 else p.v_thresh)


def to_reset(p, y):
    return [p.v_reset, *y[1:]]


def to_reset_adapting(p, y):
    return [p.v_reset, y[1] + p.b, *y[2:]]


@dataclass(frozen=True)
class Reference:
    """A cell model.

    Attributes
    ----------
    states : tuple of str
        Names, as the model has them; the order is that of `slopes`.
    slopes : callable
        Derivatives of the states from parameters, states, current and refractoriness.
    synapse : {"exp", "alpha", "delta", None}
        What arrivals do.
    """

    states: tuple[str, ...]
    slopes: Slopes
    synapse: str | None = "exp"
    fires: Callable[[P, State, State], bool] = above_threshold
    reset: Callable[[P, State], State] = to_reset
    refractory: Callable[[P], float] = field(default=lambda p: p.tau_refrac)
    method: str = "DOP853"

    def arrive(self, p: P, y: State, receptor: str, weight: float, held: bool) -> None:
        """Add what arrives at a grid time."""
        short, tau = {"excitatory": ("exc", "E"), "inhibitory": ("inh", "I")}[receptor]
        if self.synapse == "delta":
            y[0] += 0.0 if held else weight
        elif self.synapse == "exp":
            y[next(i for i, s in enumerate(self.states) if s.endswith(f"syn_{short}"))] += weight
        else:
            y[self.states.index(f"rise_{short}")] += weight * e / getattr(p, f"tau_syn_{tau}")


COND = ("v", "gsyn_exc", "gsyn_inh")
RISE = ("rise_exc", "rise_inh")
REFERENCES = {
    "LIF": Reference(("v",), lif, None),
    "IF_curr_delta": Reference(("v",), lif, "delta"),
    "IF_curr_exp": Reference(("v", "isyn_exc", "isyn_inh"), if_curr_exp),
    "IF_curr_alpha": Reference(("v", "isyn_exc", "isyn_inh", *RISE), if_curr_alpha, "alpha"),
    "IF_cond_exp": Reference(COND, if_cond_exp),
    "IF_cond_alpha": Reference((*COND, *RISE), if_cond_alpha, "alpha"),
    "IF_facets_hardware1": Reference(COND, if_facets_hardware1, refractory=lambda p: 1.0),
    "IF_cond_exp_gsfa_grr": Reference(
        (*COND, "g_s", "g_r"),
        if_cond_exp_gsfa_grr,
        reset=lambda p, y: [p.v_reset, *y[1:3], y[3] + p.q_sfa, y[4] + p.q_rr],
    ),
    "AdExp": Reference(("v", "w"), adexp, None, above_peak, to_reset_adapting),
    "EIF_cond_exp_isfa_ista": Reference(
        ("v", "w", *COND[1:]), eif_cond_exp, "exp", above_peak, to_reset_adapting
    ),
    "EIF_cond_alpha_isfa_ista": Reference(
        ("v", "w", *COND[1:], *RISE), eif_cond_alpha, "alpha", above_peak, to_reset_adapting
    ),
    "Izhikevich": Reference(
        ("v", "u"),
        izhikevich,
        "delta",
        lambda p, y, before: y[0] >= 30.0,
        lambda p, y: [p.c, y[1] + p.d],
        lambda p: 0.0,
    ),
    "HH_cond_exp": Reference(
        ("v", "m", "h", "n", *COND[1:]),
        hh_cond_exp,
        "exp",
        lambda p, y, before: y[0] >= p.v_offset + 30.0 and before[0] > y[0],
        lambda p, y: y,
        lambda p: 2.0,
        method="LSODA",  # stiff
    ),
}


@dataclass(frozen=True)
class Solution:
    """Samples of the states of a cell, float64 of shape (samples,), and the steps of spikes."""

    states: dict[str, NDArray[np.float64]]
    spikes: list[int]


def solve(
    reference: Reference,
    p: P,
    initial: Mapping[str, float],
    arrivals: Mapping[str, NDArray[np.float64]],
    current: NDArray[np.float64],
    dt: float,
) -> Solution:
    """Solve the equations of a cell.

    Parameters
    ----------
    arrivals : mapping of str to ndarray, shape (steps + 1,)
        Sum of the weights that arrive at each grid time, by receptor.
    current : ndarray, shape (steps,)
        Current during each step in nA.
    """
    steps = len(current)
    changes = {steps, *(np.flatnonzero(np.diff(current)) + 1).tolist()}
    changes |= {k for w in arrivals.values() for k in np.flatnonzero(w).tolist()}
    samples = np.empty((steps + 1, len(reference.states)))
    samples[0] = [initial[name] for name in reference.states]
    spikes: list[int] = []
    k = clock = 0
    while k < steps:
        held = clock > 0
        end = min(c for c in changes if c > k)
        end = min(end, k + clock) if held else end
        rows = _advance(reference, p, samples[k], float(current[k]), held, dt, end - k)
        started = k
        for row in rows:
            k += 1
            y = list(row)
            for receptor, weights in arrivals.items():
                if weights[k]:
                    reference.arrive(p, y, receptor, weights[k], held)
            fired = not held and reference.fires(p, y, list(samples[k - 1]))
            samples[k] = reference.reset(p, y) if fired else y
            if fired:
                spikes.append(k)
                break
        if held:
            clock -= k - started
        elif spikes and spikes[-1] == k:
            clock = ceil(reference.refractory(p) / dt - 1e-9)
    return Solution(dict(zip(reference.states, samples.T, strict=True)), spikes)


def _advance(
    reference: Reference, p: P, y: NDArray, current: float, held: bool, dt: float, steps: int
) -> NDArray[np.float64]:
    """Integrate over some steps, or until the solution blows up; one row for each step."""

    def blown_up(t, y):
        return y[0] - BLOWN_UP

    blown_up.terminal = True
    result = solve_ivp(
        lambda t, y: reference.slopes(p, y, current, held),
        (0.0, steps * dt),
        y,
        method=reference.method,
        t_eval=dt * np.arange(1, steps + 1),
        rtol=RTOL,
        atol=ATOL,
        events=blown_up,
    )
    rows = result.y.T
    return rows[:steps]
