"""The `native` dialect: its text, and what its verifier refuses."""

from __future__ import annotations

import re

import pytest

from snnc.ir.diagnostics import ModelError
from snnc.ir.text import parse, print_text, verify
from snnc.passes.native.references import references

MODEL = """dyn.cell @mine {
  param cm : nF = 1.0
  param tau_m : ms = 20.0
  param U : 1 = 0.5
  state v : mV = -65.0
  receptor excitatory : mV
  current injected : nA
  regime up {
    dv/dt = injected / cm
    on excitatory(w) { v = v + w }
  }
}
"""
MATCH = """native.match @mine of "nest" as "theirs" {
  param cm : nF
  param tau_m : ms
  setting flag = 1.0
  parameter C_m : pF = cm
  parameter g_L : nS = cm / tau_m
  postsynaptic tau_minus : ms = tau_m
  require tau_m == 20.0 [ms]
  state v as V_m : mV hidden = 1.0
  receptor excitatory as any : mV = -1.0
  current injected : pA
  solver euler
  draws
  note "Rounded."
}
"""
REFERENCE = """native.reference @mine of "nest" {
  setting flag = 1.0
  fixed cm = 1.0
  postsynaptic tau_m
  solver euler
  draws
  note "Rounded."
}
"""


def read(text):
    document = parse(text, "model.mlir")
    verify(document)
    return document


@pytest.mark.parametrize("generic", [False, True], ids=["readable", "generic"])
@pytest.mark.parametrize("entry", [MATCH, REFERENCE], ids=["match", "reference"])
def test_round_trip(entry, generic):
    printed = print_text(read(MODEL + entry), generic)
    assert print_text(read(printed), generic) == printed
    if not generic:
        assert "".join(entry.split()) in "".join(printed.split())


REFUSED = {
    "unit of a parameter": (
        MATCH, "C_m : pF = cm", "C_m : pF = tau_m",
        "'C_m' has the wrong unit; found ms, expected nF",
    ),
    "unknown parameter of the model": (MATCH, "param cm", "param cn", "unknown name 'cm'"),
    "undeclared by the model": (
        MATCH, "param tau_m : ms", "param tau_m : ms\n  param tau_n : ms",
        "unknown parameter 'tau_n'; did you mean 'tau_m'?",
    ),
    "another unit than the model's": (
        MATCH, "param tau_m : ms", "param U : mV\n  param tau_m : ms",
        "'U' has another unit in the model; found mV, expected 1",
    ),
    "given twice": (MATCH, "setting flag", "setting C_m", "'C_m' is given twice"),
    "a state left out": (
        MATCH, "  state v as V_m : mV hidden = 1.0\n", "", "state 'v' of 'mine' is left out"
    ),
    "a state twice": (
        MATCH, "  receptor", "  state v as V : mV = 1.0\n  receptor", "state 'v' is given twice"
    ),
    "an unknown state": (MATCH, "state v as", "state u as", "unknown state 'u'"),
    "the unit of a scale": (
        MATCH, "V_m : mV hidden = 1.0", "V_m : mV hidden = 1.0 [ms]",
        "'V_m' has the wrong unit; found ms, expected 1",
    ),
    "a receptor left out": (
        MATCH, "  receptor excitatory as any : mV = -1.0\n", "",
        "receptor 'excitatory' of 'mine' is left out",
    ),
    "a requirement that is a number": (
        MATCH, "require tau_m == 20.0 [ms]", "require tau_m",
        "a condition is a truth value; found ms",
    ),
    "a solver that is none": (
        REFERENCE, "solver euler", "solver eular", "unknown method 'eular'; did you mean 'euler'?"
    ),
    "something else in a match": (MATCH, "setting flag", "fixed flag", "has no place in a match"),
    "a fixed parameter that is not there": (
        REFERENCE, "fixed cm", "fixed tau", "unknown parameter 'tau'; did you mean 'tau_m'?"
    ),
    "something else in a reference": (
        REFERENCE, "setting flag = 1.0", "require 1.0 > 0.0", "has no place in a reference"
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_refused(case):
    entry, old, new, message = REFUSED[case]
    assert old in entry
    # The unknown name is met in the text, before the rules are.
    with pytest.raises(ModelError, match=re.escape(message)):
        read(MODEL + entry.replace(old, new))


@pytest.mark.parametrize("entry", [MATCH, REFERENCE], ids=["match", "reference"])
def test_a_setting_is_finite(entry):
    printed = print_text(read(MODEL + entry), generic=True)
    broken = re.sub(
        r'(sym_name = "flag", value = )1\.0\S* : f64', r"\g<1>0x7FF0000000000000 : f64", printed
    )
    assert broken != printed
    with pytest.raises(ModelError, match="'flag' is not a finite number; found inf"):
        read(broken)


def test_references_name_what_nest_has():
    nest = pytest.importorskip("nest", reason="nest is not installed: pip install 'snnc[nest]'")
    for reference in references("nest"):
        known = set(nest.GetDefaults(reference.name))
        shape = reference.shape
        own = set(shape.parameters) - set(reference.fixed) - reference.postsynaptic
        own = {name.partition(".")[0] for name in own}  # lists
        assert own | set(reference.settings) <= known, reference.name
        if shape.kind == "cell":
            known |= set(nest.GetDefaults(reference.name)["recordables"])
        shown = set(shape.states) - reference.hidden
        assert shown <= known, reference.name
