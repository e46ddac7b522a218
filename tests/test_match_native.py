"""`match-native`: NEST's own models are found by structure, and only where nothing differs."""

from __future__ import annotations

import re

import numpy as np
import pytest

from snnc import model_library
from snnc.codegen.native.matched import native_cell, native_synapse
from snnc.ir.context import context
from snnc.ir.diagnostics import OptionError, UnsupportedError
from snnc.ir.dialects import native
from snnc.ir.text import parse, print_text, verify
from snnc.passes.native.match_native import MatchNativePass


def matched(text):
    """Return what the pass puts behind the one model in `text`."""
    document = parse(text, "model.mlir")
    verify(document)
    MatchNativePass("nest").apply(context(), document.module)
    verify(document)
    printed = print_text(document)
    assert print_text(parse(printed)) == printed
    return document.module.body.block.last_op


def constants_of(text):
    scope = {}
    exec(text, scope)
    return scope["constants"]


def matched_model(name):
    return matched(model_library.text(name))


def native_name(text):
    found = matched(text)
    assert isinstance(found, native.MatchOp), found.reason.data
    return found.native.data


def reason(text):
    found = matched(text)
    assert isinstance(found, native.NoMatchOp), found.native.data
    return found.reason.data


def parameters(text, **values):
    """Return NEST's parameters for values of a cell's own, in coherent units."""
    return constants_of(native_cell(matched(text)).constants)(values, 0.1)


CELLS = {
    "AdExp": "aeif_cond_exp",
    "EIF_cond_alpha_isfa_ista": "aeif_cond_alpha",
    "EIF_cond_exp_isfa_ista": "aeif_cond_exp",
    "GIF_cond_exp": "gif_cond_exp",
    "HH_cond_exp": "hh_cond_exp_traub",
    "IF_cond_alpha": "iaf_cond_alpha",
    "IF_cond_exp": "iaf_cond_exp",
    "IF_cond_exp_gsfa_grr": "iaf_cond_exp_sfa_rr",
    "IF_curr_alpha": "iaf_psc_alpha",
    "IF_curr_delta": "iaf_psc_delta",
    "IF_curr_exp": "iaf_psc_exp",
    "IF_facets_hardware1": "iaf_cond_exp",
    "Izhikevich": "izhikevich",
    "LIF": "iaf_psc_delta",
}
SYNAPSES = {
    "StaticSynapse": "static_synapse",
    "TsodyksMarkramSynapse": "tsodyks_synapse",
    "SimpleStochasticSynapse": "bernoulli_synapse",
    "STDP_SpikePairRule_AdditiveWeightDependence": "stdp_synapse",
    "STDP_SpikePairRule_MultiplicativeWeightDependence": "stdp_synapse",
    "STDP_SpikePairRule_AdditivePotentiationMultiplicativeDepression": "stdp_synapse",
    "STDP_SpikePairRule_GutigWeightDependence": "stdp_synapse",
}


@pytest.mark.parametrize("model", [*CELLS, *SYNAPSES])
def test_the_packaged_models_have_pynn_s_counterparts(model):
    assert native_name(model_library.text(model)) == {**CELLS, **SYNAPSES}[model]


def test_what_a_match_says():
    document = parse(model_library.text("IF_cond_exp"), "model.mlir")
    MatchNativePass("nest").apply(context(), document.module)
    text = print_text(document)
    assert (
        text[text.index("  native.match") :]
        == """\
  native.match @IF_cond_exp of "nest" as "iaf_cond_exp" {
    param v_rest : mV
    param cm : nF
    param tau_m : ms
    param tau_refrac : ms
    param tau_syn_E : ms
    param tau_syn_I : ms
    param e_rev_E : mV
    param e_rev_I : mV
    param v_thresh : mV
    param v_reset : mV
    param i_offset : nA
    parameter E_L : mV = v_rest
    parameter C_m : pF = cm
    parameter g_L : nS = cm / tau_m
    parameter t_ref : ms = tau_refrac
    parameter V_th : mV = v_thresh
    parameter V_reset : mV = v_reset
    parameter I_e : pA = i_offset
    parameter tau_syn_ex : ms = tau_syn_E
    parameter tau_syn_in : ms = tau_syn_I
    parameter E_ex : mV = e_rev_E
    parameter E_in : mV = e_rev_I
    state v as V_m : mV = 1.0
    state gsyn_exc as g_ex : nS = 1.0
    state gsyn_inh as g_in : nS = 1.0
    receptor excitatory as positive : nS = 1.0
    receptor inhibitory as negative : nS = -1.0
    current injected : pA
    note "The refractory time is rounded up to whole steps."
    note "Equations are solved by Runge-Kutta-Fehlberg 4(5) with adaptive steps inside each dt; \
currents and arrivals change at dt."
  }
}
"""
    )


def test_a_synapse_needs_what_nest_fixes_and_gives_the_cell_its_trace():
    found = native_synapse(matched_model("STDP_SpikePairRule_AdditiveWeightDependence"))
    own = {
        "tau_plus": 17.0, "tau_minus": 34.0, "A_plus": 0.02, "A_minus": 0.03, "w_min": 0.0,
        "w_max": 2.0, "dendritic_delay_fraction": 1.0,
    }  # fmt: skip
    constants = constants_of(found.constants)
    assert constants(own, 0.1) == pytest.approx(
        {
            "tau_plus": 17.0, "tau_minus": 34.0, "lambda": 0.02, "alpha": 1.5, "Wmax": 2.0,
            "mu_plus": 0.0, "mu_minus": 0.0,
        }
    )  # fmt: skip
    assert found.postsynaptic == ("tau_minus",)
    assert found.weights == ("Wmax",)
    with pytest.raises(UnsupportedError, match=r"stdp_synapse cannot .* unless w_min == 0\.0"):
        constants({**own, "w_min": np.array([0.0, 0.1])}, 0.1)
    with pytest.raises(UnsupportedError, match="unless dendritic_delay_fraction == 1"):
        constants({**own, "dendritic_delay_fraction": 0.5}, 0.1)


# --- the same models, written otherwise ---

NEUROML_LIKE = """dyn.cell @iafCell {
  param C : pF = 200.0
  param gL : nS = 10.0
  param EL : V = -0.065
  param threshold : V = -0.05
  param reset : V = -0.065
  param refract : s = 0.005
  param Erev : mV = 0.0
  param tauDecay : ms = 3.0
  state U : V = -0.065
  state g : nS = 0.0
  receptor synapse : nS
  current iSyn : pA
  let iMemb = gL * (EL - U) + g * (Erev - U)
  dg/dt = -g / tauDecay
  on synapse(w) { g = g + w }
  regime refractory0 {
    dU/dt = (iMemb + iSyn) / C
    when U > threshold { U = reset  emit  goto resting }
  }
  regime resting { after refract { goto refractory0 } }
}
"""


def test_a_leak_written_with_a_conductance_is_a_leak():
    found = native_cell(matched(NEUROML_LIKE))
    assert found.model == "iaf_cond_exp"
    # Coherent values: nF, uS, mV, ms.
    values = {
        "C": 0.2, "gL": 0.01, "EL": -65.0, "threshold": -50.0, "reset": -66.0, "refract": 5.0,
        "Erev": 1.0, "tauDecay": 3.0,
    }  # fmt: skip
    assert constants_of(found.constants)(values, 0.1) == pytest.approx(
        {
            "C_m": 200.0, "g_L": 10.0, "E_L": -65.0, "V_th": -50.0, "V_reset": -66.0,
            "t_ref": 5.0, "I_e": 0.0, "E_ex": 1.0, "tau_syn_ex": 3.0,
        }
    )  # fmt: skip
    assert found.states["U"].variable == "V_m"
    assert found.receptors["synapse"].sign == 1
    assert found.notes[-1] == "A spike needs the condition to be reached, not to be passed."


@pytest.mark.parametrize("receptors", [("exc", "inh"), ("inhibitory", "excitatory")])
def test_the_port_of_a_receptor_does_not_depend_on_its_place(receptors):
    text = model_library.text("IF_curr_exp")
    text = re.sub(r"\bexcitatory\b", "first", text)
    text = re.sub(r"\binhibitory\b", "second", text)
    text = text.replace("first", receptors[0]).replace("second", receptors[1])
    found = native_cell(matched(text))
    assert {name: r.sign for name, r in found.receptors.items()} == {
        name: -1 if name.startswith("inh") else 1 for name in receptors
    }
    assert {r.scale for r in found.receptors.values()} == {1000.0}


def test_a_gate_may_stand_for_a_conductance():
    """The gate counts in units of a maximal conductance, which then scales the weight."""
    text = model_library.text("IF_cond_exp").replace("gsyn_exc : uS", "gsyn_exc : 1")
    text = text.replace("excitatory : uS", "excitatory : 1")
    text = text.replace("gsyn_exc * (e", "0.006 [uS] * gsyn_exc * (e")
    found = native_cell(matched(text))
    assert found.model == "iaf_cond_exp"
    assert found.receptors["excitatory"].scale == pytest.approx(6.0)
    assert found.states["gsyn_exc"].scale == pytest.approx(6.0)


def test_a_weight_that_a_parameter_scales_is_refused_by_name():
    text = model_library.text("IF_cond_exp").replace("gsyn_exc : uS", "gsyn_exc : 1")
    text = text.replace("excitatory : uS", "excitatory : 1")
    text = text.replace("gsyn_exc * (e", "g_max * gsyn_exc * (e")
    text = text.replace("param cm", "param g_max : uS = 0.1\n  param cm")
    with pytest.raises(UnsupportedError, match="'gsyn_exc' stands for a multiple of 'g_ex'"):
        native_cell(matched(text))


def test_an_alpha_kernel_of_another_normalisation_is_one():
    """x' = -x/tau, g' = (e x - g)/tau, with arrivals adding to x in the unit of g."""
    text = model_library.text("IF_curr_alpha")
    for side, tau in {"exc": "tau_syn_E", "inh": "tau_syn_I"}.items():
        text = text.replace(f"rise_{side} : nA/ms", f"rise_{side} : nA")
        text = text.replace(f"= rise_{side} - ", f"= e * rise_{side} / {tau} - ")
        text = text.replace(f"+ w * e / {tau}", "+ w")
    found = native_cell(matched(text))
    assert found.model == "iaf_psc_alpha"
    assert {name: r.scale for name, r in found.receptors.items()} == pytest.approx(
        {"excitatory": 1000.0, "inhibitory": 1000.0}
    )


def test_a_cell_without_current_or_capacity_takes_nest_s():
    text = """dyn.cell @iafTauCell {
      param tau : ms = 10.0
      param leak : mV = -65.0
      param limit : mV = -50.0
      state v : mV = -65.0
      receptor kick : mV
      regime up {
        dv/dt = (leak - v) / tau
        on kick(w) { v = v + w }
        when v >= limit { v = leak  emit  goto down }
      }
      regime down { after 1.0 [ms] { goto up } }
    }"""
    found = parameters(text, tau=10.0, leak=-65.0, limit=-50.0)
    assert found == pytest.approx(
        {
            "E_L": -65.0, "C_m": 250.0, "tau_m": 10.0, "t_ref": 1.0, "V_th": -50.0,
            "V_reset": -65.0, "I_e": 0.0,
        }
    )  # fmt: skip


# --- what differs is not matched, and is named ---

CHANGES = {
    "another term": (
        "IF_cond_exp", "(v_rest - v) / tau_m", "(v_rest - v) / tau_m + 0.01 [1/ms/mV] * v * v",
        r"'iaf_cond_exp': dv/dt in 'integrating' has the term .*v\^2, which it has not",
    ),
    "another way of firing": (
        "IF_cond_exp", "when v >= v_thresh", "when rising v >= v_thresh",
        "the model in 'integrating' has when rising; found when there",
    ),
    "another threshold": (
        "IF_curr_exp", "when v >= v_thresh", "when v + isyn_exc * 1.0 [MOhm] >= v_thresh",
        "condition of 'when'",
    ),
    "a reset that depends on v": (
        "IF_cond_exp", "v = v_reset", "v = v - v_reset",
        "'iaf_cond_exp': the value that 'when' in 'integrating' gives v has the term v",
    ),
    "no refractory time": (
        "IF_cond_exp", "emit  goto refractory", "emit",
        "the model has 2 regimes; found 1 there",
    ),
    "a leak while refractory": (
        "IF_curr_exp", "after tau_refrac", "dv/dt = (v_rest - v) / tau_m\n    after tau_refrac",
        "dv/dt in 'refractory' has the term",
    ),
    "a jump of another state too": (
        "IF_cond_alpha", "rise_exc + w * e / tau_syn_E",
        "rise_exc + w * e / tau_syn_E  gsyn_exc = gsyn_exc + w",
        "'iaf_cond_alpha': the arrival at 'excitatory' in 'integrating', added to gsyn_exc, has",
    ),
    "one time constant for both": (
        "IF_cond_alpha", "rise_exc - gsyn_exc / tau_syn_E", "rise_exc - gsyn_exc / tau_syn_I",
        "tau_syn",
    ),
    "another exponent": (
        "HH_cond_exp", "pow(n, 4.0)", "pow(n, 3.0)",
        r"hh_cond_exp_traub': dv/dt in 'watching' has the term .*n\^3",
    ),
    "another rate": (
        "HH_cond_exp", "/ 18.0 [mV]", "/ 17.0 [mV]",
        "hh_cond_exp_traub",
    ),
    "nearest spikes in place of all": (
        "STDP_SpikePairRule_AdditiveWeightDependence", "x = x + 1.0", "x = 1.0",
        "'stdp_synapse': the value that on pre gives x",
    ),
    "two states of depression": (
        "TsodyksMarkramSynapse", "dz/dt = y / tau_syn - z / tau_rec", "dz/dt = -z / tau_rec",
        "tsodyks_synapse",
    ),
}  # fmt: skip


@pytest.mark.parametrize("change", CHANGES)
def test_a_changed_model_is_not_matched(change):
    model, old, new, expected = CHANGES[change]
    text = model_library.text(model)
    assert old in text
    assert re.search(expected, reason(text.replace(old, new)))


@pytest.mark.parametrize(
    "model", ["STDP_Vogels2011Rule_AdditiveWeightDependence", "StochasticTsodyksMarkramSynapse"]
)
def test_what_nest_has_not_is_refused_with_the_reason(model):
    assert "the nearest is '" in reason(model_library.text(model))


def test_a_cell_without_refractory_time_is_one_with_a_time_of_zero():
    text = model_library.text("IF_cond_exp")
    regimes = text[text.index("  regime integrating") :]
    inside = regimes.replace("  regime integrating {\n", "").replace("  goto refractory", "")
    found = matched(text.replace(regimes, inside[: inside.index("  }\n")] + "}\n"))
    assert found.native.data == "iaf_cond_exp"
    assert "setting t_ref = 0.0" in str(found)
    assert "parameter t_ref" not in str(found)


SHARP = (
    ("let v_peak = select(delta_T > 0.0 [mV], v_spike, v_thresh)", "let v_peak = v_spike"),
    ("max(delta_T, 1.0e-09 [mV])", "delta_T"),
)


def test_a_cell_with_an_upstroke_alone_requires_that_there_is_one():
    text = model_library.text("EIF_cond_exp_isfa_ista")
    for old, new in SHARP:
        assert old in text
        text = text.replace(old, new)
    found = matched(text)
    assert found.native.data == "aeif_cond_exp"
    assert "require delta_T > 0.0 [mV]" in str(found)


def test_a_fraction_written_with_its_digits_is_the_fraction():
    text = model_library.text("HH_cond_exp")
    assert "/ 18.0 [mV]" in text
    decimal = text.replace("/ 18.0 [mV]", "* 0.0555555555555556 [1/mV]")
    assert native_name(decimal) == "hh_cond_exp_traub"
    assert "hh_cond_exp_traub" in reason(text.replace("/ 18.0 [mV]", "* 0.05555555 [1/mV]"))


def test_sources_are_left_alone():
    document = parse(model_library.text("SpikeSourcePoisson"))
    MatchNativePass("nest").apply(context(), document.module)
    assert len(document.module.body.block.ops) == 1


def test_a_simulator_without_models_is_refused():
    document = parse(model_library.text("IF_cond_exp"))
    with pytest.raises(OptionError, match="a simulator 'nset' are known; did you mean"):
        MatchNativePass("nset").apply(context(), document.module)
