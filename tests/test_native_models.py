"""Models that only a simulator has: text, rules, match and stand-ins, and who refuses them."""

from __future__ import annotations

import math
import re

import pytest
from xdsl.dialects.builtin import FloatAttr, f64

import snnc
from snnc.ir.build import NetworkBuilder
from snnc.ir.diagnostics import ModelError, UnsupportedError
from snnc.ir.dialects import dyn
from snnc.ir.text import parse, print_text, verify
from snnc.passes.pipelines import parse_passes, run_passes

CELL = """native.cell @their_cell of "nest" "A cell." {
  param V_th : mV = -55.0
  param C_m : 1 = 250.0
  state V_m : mV = -70.0
  state g_ex : 1 = 0.0
  state "soma(0.5).v" : mV = 0.0
  receptor excitatory : uS
  receptor inhibitory : uS
  port excitatory as positive
  port inhibitory as negative
  current injected : nA
}
"""
SYNAPSE = """native.synapse @their_synapse of "nest" {
  param tau_plus : ms = 20.0
  param tau_minus : ms = 20.0
  postsynaptic tau_minus
}
"""


def read(text):
    document = parse(text, "model.mlir")
    verify(document)
    return document


def passed(text, pipeline):
    """Return the text that passes leave of the models in a text."""
    document = read(text)
    run_passes(document, parse_passes(pipeline))
    verify(document)
    return print_text(document)


@pytest.mark.parametrize("generic", [False, True], ids=["readable", "generic"])
@pytest.mark.parametrize("model", [CELL, SYNAPSE], ids=["cell", "synapse"])
def test_round_trip(model, generic):
    printed = print_text(read(model), generic)
    assert print_text(read(printed), generic) == printed
    if not generic:
        assert re.sub(r"^  ", "", printed, flags=re.MULTILINE).count(model) == 1


@pytest.mark.parametrize(
    ("model", "old", "new", "reason"),
    [
        (CELL, "state g_ex : 1 = 0.0", "dV_m/dt = 0.0 [mV/ms]", "'deriv' has no place in a native"),
        (CELL, "param C_m", "param V_th", "'V_th' is declared twice"),
        (CELL, " = 250.0", "", "'C_m' of a native model needs the simulator's default"),
        (CELL, "C_m : 1", "C_m : 1 sequence", "'C_m' of a native model is one number"),
        (CELL, "= -70.0", "= -70.0 per edge", "a state of a cell is per element; found per edge"),
        (CELL, "receptor inhibitory", "receptor excitatory", "'excitatory' is given twice"),
        (CELL, "port inhibitory", "port excitatory", "'excitatory' is given twice"),
        (CELL, "port inhibitory", "port inhibitry", "unknown receptor 'inhibitry'; did you mean"),
        (CELL, ": uS\n", ": uS decay V_th\n", "the time course of 'excitatory' is the simulator's"),
        (SYNAPSE, "postsynaptic tau_minus", "state x : 1 = 0.0", "'state' has no place in"),
        (SYNAPSE, "postsynaptic tau_minus", "postsynaptic tau", "unknown parameter 'tau'"),
        (
            SYNAPSE,
            "postsynaptic tau_minus",
            "postsynaptic tau_minus\n  postsynaptic tau_minus",
            "parameter 'tau_minus' is given twice",
        ),
    ],
)  # fmt: skip
def test_refused(model, old, new, reason):
    assert old in model
    with pytest.raises(ModelError, match=re.escape(reason)):
        read(model.replace(old, new, 1))


@pytest.mark.parametrize(
    ("declared", "name", "what"),
    [(dyn.ParamOp, "default", "the default"), (dyn.StateOp, "initial", "the initial value")],
)
def test_numbers_are_finite(declared, name, what):
    document = read(CELL)
    op = next(op for op in document.module.walk() if isinstance(op, declared))
    op.properties[name] = FloatAttr(math.inf, f64)
    with pytest.raises(ModelError, match=f"{what} .*finite"):
        verify(document)


def test_every_name_matches_itself():
    found = passed(CELL + SYNAPSE, "match-native{simulator=nest}")
    assert (
        found
        == """builtin.module {
  native.cell @their_cell of "nest" "A cell." {
    param V_th : mV = -55.0
    param C_m : 1 = 250.0
    state V_m : mV = -70.0
    state g_ex : 1 = 0.0
    state "soma(0.5).v" : mV = 0.0
    receptor excitatory : uS
    receptor inhibitory : uS
    port excitatory as positive
    port inhibitory as negative
    current injected : nA
  }
  native.match @their_cell of "nest" as "their_cell" {
    param V_th : mV
    param C_m : 1
    parameter V_th : mV = V_th
    parameter C_m : 1 = C_m
    state V_m as V_m : mV = 1.0
    state g_ex as g_ex : 1 = 1.0
    state "soma(0.5).v" as "soma(0.5).v" : mV = 1.0
    receptor excitatory as positive : nS = 1.0
    receptor inhibitory as negative : nS = -1.0
    current injected : pA
  }
  native.synapse @their_synapse of "nest" {
    param tau_plus : ms = 20.0
    param tau_minus : ms = 20.0
    postsynaptic tau_minus
  }
  native.match @their_synapse of "nest" as "their_synapse" {
    param tau_plus : ms
    param tau_minus : ms
    parameter tau_plus : ms = tau_plus
    postsynaptic tau_minus : ms = tau_minus
  }
}
"""
    )


def test_stand_ins_declare_the_same_and_do_nothing():
    assert (
        passed(CELL + SYNAPSE, "stand-in")
        == """builtin.module {
  dyn.cell @their_cell {
    param V_th : mV = -55.0
    param C_m : 1 = 250.0
    state V_m : mV = -70.0
    state g_ex : 1 = 0.0
    state "soma(0.5).v" : mV = 0.0
    receptor excitatory : uS
    receptor inhibitory : uS
    current injected : nA
  }
  syn.model @their_synapse {
    param tau_plus : ms = 20.0
    param tau_minus : ms = 20.0
    on pre {
      deliver weight
      weight = weight
    }
  }
}
"""
    )


def network(cell, synapse):
    builder = NetworkBuilder("net", dt=0.1)
    builder.use_model(cell, "cell.mlir")
    builder.use_model(synapse, "synapse.mlir")
    builder.population("cells", 2, "their_cell")
    builder.projection(
        "synapses", "cells", "cells", ("all_to_all", {}), "their_synapse", "excitatory",
        1.0, 1.0,
    )  # fmt: skip
    return builder.finish()


@pytest.mark.parametrize("target", ["cpu", "neuron"])
def test_other_targets_refuse_them_and_name_who_has_them(target):
    if target == "neuron":
        pytest.importorskip("neuron", reason="the simulator NEURON is not installed")
    message = f"target '{target}': 'their_cell' is a native model, which only nest has"
    with pytest.raises(UnsupportedError, match=message) as refused:
        snnc.compile(network(CELL, SYNAPSE), target=target)
    assert refused.value.message.endswith("targets that can: nest")
