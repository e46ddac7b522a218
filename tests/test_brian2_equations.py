"""Brian2 text of cells: what it says, and that Brian2 reads it as the cpu target runs it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from few_cells_cases import CASES
from single_cells import defaults, run, spike_times, voltages

from snnc import model_library
from snnc.codegen.native.brian2_equations import emit_cell
from snnc.ir.diagnostics import UnsupportedError
from snnc.ir.text import parse
from snnc.ir.units import parse_unit


def emitted(text):
    return emit_cell(parse(text).module.body.block.first_op)


def test_text_of_a_cell():
    assert (
        emitted(model_library.text("IF_curr_delta")).source
        == """\
v_rest : volt (constant)
own_cm : farad (constant)
tau_m : second (constant)
tau_refrac : second (constant)
i_offset : amp (constant)
v_reset : volt (constant)
v_thresh : volt (constant)
dv/dt = (v_rest - v) / tau_m + (i_offset + injected) / own_cm : volt (unless refractory)
injected : amp
threshold:
    v >= v_thresh
reset:
    v = v_reset
refractory:
    tau_refrac
on_pre of excitatory:
    v_post += w*int(not_refractory_post)
on_pre of inhibitory:
    v_post += w*int(not_refractory_post)
"""
    )


def test_arrivals_and_the_past_of_a_state():
    found = emitted(model_library.text("IF_cond_alpha"))
    assert found.on_pre["excitatory"] == "rise_exc_post += {weight} * own_e_post / tau_syn_E_post"
    hodgkin = emitted(model_library.text("HH_cond_exp"))
    assert hodgkin.previous == ("v",)
    assert "previous_v : volt" in hodgkin.equations.splitlines()


REFUSED = {
    "another regime": (
        "after tau_refrac { goto integrating }",
        "when v >= v_thresh { goto integrating }",
        "Brian2 takes cells that integrate, fire at one condition and rest for a time",
    ),
    "the old value of what is assigned": (
        "v = v_reset  emit", "v = v_reset  isyn_exc = v * 1.0 [uS]  emit",
        "Brian2 assigns one after another; 'isyn_exc' reads the old 'v'",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_refused(case):
    old, new, message = REFUSED[case]
    text = model_library.text("IF_curr_exp")
    assert old in text
    with pytest.raises(UnsupportedError, match=message):
        emitted(text.replace(old, new))


@pytest.mark.parametrize("model", ["GIF_cond_exp", "SpikeSourceGamma"])
def test_random_cells_are_refused(model):
    with pytest.raises(UnsupportedError, match="Brian2"):
        emitted(model_library.text(model))


MODELS = [
    "IF_curr_alpha", "IF_cond_exp_gsfa_grr", "EIF_cond_exp_isfa_ista", "HH_cond_exp", "Izhikevich"
]  # fmt: skip


@pytest.mark.parametrize("model", MODELS)
def test_brian2_integrates_the_equations_as_here(model):
    b2: Any = pytest.importorskip("brian2", reason="not installed: pip install 'snnc[brian2]'")
    b2.prefs.codegen.target = "numpy"
    ms, dt = 8.0, 0.02
    few = replace(CASES[model], inputs={}, current=())
    found = emitted(model_library.text(model))
    info = model_library.load(model)
    values = {**defaults(model), **few.parameters}
    own = {n: np.asarray(x) * parse_unit(info.parameters[n].unit).scale for n, x in values.items()}
    scope: dict[str, Any] = {}
    exec(found.constants, scope)
    group = b2.NeuronGroup(few.size, found.equations, method="rk4", dt=dt * b2.ms)
    for name, value in scope["constants"](own, dt).items():
        group.variables[name].get_value()[:] = value
    for name, state in info.states.items():
        start = np.asarray(few.initial.get(name, state.initial)) * parse_unit(state.unit).scale
        group.variables[found.states[name].variable].get_value()[:] = (
            start * found.states[name].scale
        )
    monitor = b2.StateMonitor(group, "v", record=True, dt=dt * b2.ms)
    b2.Network(group, monitor).run(ms * b2.ms)
    network = run(few, ms, dt=dt, solver="rk4")
    first = [min([*spike_times(network, cell), ms]) for cell in range(few.size)]
    compared = 0
    for cell, end in enumerate(first):
        until = round(end / dt) - 1
        theirs = np.asarray(monitor.v)[cell, :until] / found.states["v"].scale
        np.testing.assert_allclose(theirs, voltages(network)[:until, cell], atol=1e-6)
        compared += until
    assert compared > 300
