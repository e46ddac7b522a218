"""Three cells of each model with different parameters, input of both signs and a step of current.

Chosen so that every cell fires some spikes and rests in between. `like` makes other cells of the
same parameters in array form, which share the kernel.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from single_cells import Few, Input, Numbers, defaults

CURRENT = ((20.0, 0.6), (60.0, -0.2), (75.0, 0.0))
EXCITATION = ((3.0, 5.2, 41.0, 82.5), (10.0, 10.1, 10.2, 85.0), (7.3, 44.4, 80.0, 83.0))
INHIBITION = ((8.0, 50.0), (25.0, 26.1, 90.0), (30.0, 70.0, 70.1))
LEAKY = {
    "tau_m": (20.0, 10.0, 15.0),
    "cm": (0.5, 0.25, 0.4),
    "v_rest": (-65.0, -70.0, -60.0),
    "v_thresh": (-50.0, -52.5, -49.0),
    "v_reset": (-65.0, -60.0, -62.0),
    "tau_refrac": (2.0, 0.1, 3.04),
}
OFFSET = {"i_offset": (0.1, 0.3, 0.05)}
TAU_SYN = {"tau_syn_E": (5.0, 2.0, 0.5), "tau_syn_I": (10.0, 3.0, 7.0)}
REVERSAL = {"e_rev_E": (0.0, -5.0, 10.0), "e_rev_I": (-80.0, -75.0, -70.0)}
ADAPTING = {
    "a": (4.0, 2.0, 0.0),
    "b": (0.0805, 0.02, 0.05),
    "delta_T": (2.0, 1.5, 3.0),
    "tau_w": (144.0, 30.0, 60.0),
    "v_rest": (-70.6, -65.0, -60.0),
    "v_reset": (-60.0, -70.6, -58.0),
    "v_thresh": (-50.4, -50.0, -52.0),
    "cm": (0.2, 0.281, 0.15),
    "tau_m": (9.3667, 15.0, 12.0),
    "tau_refrac": (0.1, 2.0, 1.05),
}
REST = {"v": (-65.0, -66.0, -62.0)}
CONDUCTANCES = {"gsyn_exc": 0.0, "gsyn_inh": (0.0, 0.002, 0.01)}
CURRENTS = {"isyn_exc": (0.5, 0.0, 0.2), "isyn_inh": 0.0}
RISES = {"rise_exc": 0.0, "rise_inh": (0.0, 0.001, 0.0)}


def inputs(excitatory: float, inhibitory: float) -> dict[str, Input]:
    return {
        "excitatory": Input(EXCITATION, excitatory, 1.0),
        "inhibitory": Input(INHIBITION, inhibitory, 0.7),
    }


CASES = {
    "LIF": Few("LIF", 3, {**LEAKY, **OFFSET}, REST, {}, CURRENT),
    "IF_curr_delta": Few("IF_curr_delta", 3, {**LEAKY, **OFFSET}, REST, inputs(6.0, -4.0), CURRENT),
    "IF_curr_exp": Few(
        "IF_curr_exp",
        3,
        {**LEAKY, **OFFSET, **TAU_SYN},
        {**REST, **CURRENTS},
        inputs(1.5, -0.75),
        CURRENT,
    ),
    "IF_curr_alpha": Few(
        "IF_curr_alpha",
        3,
        {**LEAKY, **OFFSET, **TAU_SYN},
        {**REST, **CURRENTS, **RISES},
        inputs(1.0, -0.5),
        CURRENT,
    ),
    "IF_cond_exp": Few(
        "IF_cond_exp",
        3,
        {**LEAKY, **OFFSET, **TAU_SYN, **REVERSAL},
        {**REST, **CONDUCTANCES},
        inputs(0.03125, 0.015625),
        CURRENT,
    ),
    "IF_cond_alpha": Few(
        "IF_cond_alpha",
        3,
        {**LEAKY, **OFFSET, **TAU_SYN, **REVERSAL},
        {**REST, **CONDUCTANCES, **RISES},
        inputs(0.03125, 0.015625),
        CURRENT,
    ),
    "IF_cond_exp_gsfa_grr": Few(
        "IF_cond_exp_gsfa_grr",
        3,
        {
            **LEAKY,
            **OFFSET,
            **TAU_SYN,
            **REVERSAL,
            "tau_sfa": (100.0, 50.0, 30.0),
            "tau_rr": (2.0, 5.0, 3.0),
            "q_sfa": (15.0, 5.0, 10.0),
            "q_rr": (300.0, 30.0, 100.0),
        },
        {**REST, **CONDUCTANCES, "g_s": 0.0, "g_r": (0.0, 10.0, 0.0)},
        inputs(0.0625, 0.015625),
        CURRENT,
    ),
    "IF_facets_hardware1": Few(
        "IF_facets_hardware1",
        3,
        {
            "g_leak": (40.0, 20.0, 10.0),
            "tau_syn_E": (5.0, 10.0, 3.0),
            "tau_syn_I": (30.0, 10.0, 20.0),
            "v_thresh": (-55.0, -50.0, -53.0),
            "v_rest": (-65.0, -68.0, -62.0),
        },
        {**REST, **CONDUCTANCES},
        inputs(0.03125, 0.0078125),
        CURRENT,
    ),
    "AdExp": Few(
        "AdExp",
        3,
        {**ADAPTING, **OFFSET},
        {**REST, "w": (0.0, 0.05, -0.02)},
        {},
        CURRENT,
    ),
    "EIF_cond_exp_isfa_ista": Few(
        "EIF_cond_exp_isfa_ista",
        3,
        {**ADAPTING, **OFFSET, **TAU_SYN, **REVERSAL},
        {**REST, **CONDUCTANCES, "w": (0.0, 0.05, -0.02)},
        inputs(0.03125, 0.015625),
        CURRENT,
    ),
    "EIF_cond_alpha_isfa_ista": Few(
        "EIF_cond_alpha_isfa_ista",
        3,
        {**ADAPTING, **OFFSET, **TAU_SYN, **REVERSAL},
        {**REST, **CONDUCTANCES, **RISES, "w": (0.0, 0.05, -0.02)},
        inputs(0.03125, 0.015625),
        CURRENT,
    ),
    "Izhikevich": Few(
        "Izhikevich",
        3,
        {
            "a": (0.02, 0.1, 0.02),
            "b": (0.2, 0.2, 0.25),
            "c": (-65.0, -65.0, -55.0),
            "d": (8.0, 2.0, 4.0),
            "i_offset": (0.004, 0.002, 0.0),
        },
        {"v": (-70.0, -66.0, -64.0), "u": (-14.0, -13.0, -16.0)},
        inputs(8.0, -4.0),
        ((20.0, 0.006), (60.0, -0.002), (75.0, 0.0)),
    ),
    "HH_cond_exp": Few(
        "HH_cond_exp",
        3,
        {
            "gbar_Na": (20.0, 18.0, 22.0),
            "gbar_K": (6.0, 5.0, 6.5),
            "g_leak": (0.01, 0.02, 0.015),
            "cm": (0.2, 0.22, 0.25),
            "v_offset": (-63.0, -61.0, -64.0),
            "e_rev_leak": (-65.0, -66.0, -67.0),
            "tau_syn_E": (0.5, 1.0, 2.0),
            "tau_syn_I": (2.0, 5.0, 3.0),
            **OFFSET,
        },
        {
            **REST,
            **CONDUCTANCES,
            "m": (0.0, 0.05, 0.02),
            "h": (1.0, 0.9, 0.95),
            "n": (0.0, 0.1, 0.05),
        },
        inputs(0.125, 0.03125),
        CURRENT,
    ),
}


def like(model: str, size: int = 1, **parameters: Numbers) -> Few:
    """Return cells with the defaults of a model, but for some parameters, without input."""
    values = {name: parameters.pop(name, defaults(model)[name]) for name in CASES[model].parameters}
    arrays = {name: tuple(np.broadcast_to(value, size)) for name, value in values.items()}
    return Few(model, size, {**parameters, **arrays})


def relay(
    model: str,
    weight: float,
    *,
    receptor: str = "excitatory",
    spikes: Sequence[float] = (1.0,),
    delay: float = 1.0,
    size: int = 1,
    **parameters: Numbers,
) -> Few:
    """Return cells that all get the same spikes through one receptor."""
    inputs = {receptor: Input([list(spikes)] * size, weight, delay)}
    return replace(like(model, size, **parameters), inputs=inputs)
