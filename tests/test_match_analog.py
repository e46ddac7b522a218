"""`match-analog`: models become circuits with codes, or are refused for what does not fit."""

from __future__ import annotations

import numpy as np
import pytest
from analog_networks import lowered, network
from hypothesis import example, given
from hypothesis import strategies as st

from snnc import model_library
from snnc.hardware.circuits import Scaling, circuits_of
from snnc.hardware.descriptions import describe
from snnc.ir.build import NetworkBuilder
from snnc.ir.diagnostics import ModelError, UnsupportedError
from snnc.ir.dialects.analog_cells import CellsOp
from snnc.ir.text import parse, print_text, verify
from snnc.ir.values import Random
from snnc.passes.analog.scaling import Potential, fitting_scale

CHIPS = ("brainscales1", "brainscales2")
GOLDEN = {
    "brainscales2": """\
    analog.cells of @P as "lif_cond_exp" stretch 3.8461538461538463 shift 3.000000e+02 \
capacity 2.200000e+00 : f64 below 1023 codes {v_leak = 150 : i64, v_reset = 150 : i64, \
v_threshold = 324 : i64, tau_mem = 17 : i64, tau_refrac = 2 : i64, tau_syn_exc = 52 : i64, \
tau_syn_inh = 52 : i64, e_syn_exc = 902 : i64, e_syn_inh = 92 : i64}
""",
    "brainscales1": """\
    analog.cells of @P as "lif_cond_exp" stretch 1.000000e+01 shift 1.200000e+03 \
capacity 2.164560e+00 : f64 below 1024 codes {v_leak = 313 : i64, v_reset = 313 : i64, \
v_threshold = 398 : i64, tau_mem = 85 : i64, tau_refrac = 509 : i64, tau_syn_exc = 78 : i64, \
tau_syn_inh = 78 : i64, e_syn_exc = 682 : i64, e_syn_inh = 284 : i64}
""",
}


def cells(chip, model, **parameters):
    """Return how the circuits of three cells of a model are set, and the document."""
    document = network({"P": (3, model, parameters)})
    lowered(document, f"choose-chip{{chip={chip}}},match-analog")
    (found,) = [op for op in document.module.walk() if isinstance(op, CellsOp)]
    return found, document


def model_values(chip, model, **parameters):
    """Return what the codes stand for in the model's coherent units."""
    op, _ = cells(chip, model, **parameters)
    circuits = circuits_of(describe(chip))
    scale = Scaling(op.stretch, op.shift, circuits.speedup, op.capacity.value.data)
    found = {}
    for name, code in op.codes.data.items():
        parameter = circuits.parameter(name)
        found[name] = float(scale.to_model(parameter.kind, parameter.value(code.value.data)))
    return found


@pytest.mark.parametrize("chip", CHIPS)
def test_the_text_of_a_population_s_circuits(chip):
    _, document = cells(chip, "IF_cond_exp")
    text = print_text(document)
    assert GOLDEN[chip] in text
    assert print_text(parse(text)) == text


@pytest.mark.parametrize("chip", CHIPS)
def test_codes_stand_for_the_parameters_of_an_adex_cell(chip):
    found = model_values(chip, "EIF_cond_exp_isfa_ista", tau_refrac=1.0)
    assert found["v_leak"] == pytest.approx(-70.6, abs=0.1)
    assert found["v_threshold"] == pytest.approx(-40.0, abs=0.1)  # v_spike
    assert found["v_exp"] == pytest.approx(-50.4, abs=0.1)
    assert found["delta_exp"] == pytest.approx(2.0, rel=0.01)
    assert found["tau_mem"] == pytest.approx(9.3667, rel=0.01)
    assert found["tau_adapt"] == pytest.approx(144.0, rel=0.03)
    assert found["a_adapt"] == pytest.approx(0.004, rel=0.02)  # uS
    assert found["b_adapt"] == pytest.approx(0.0805, rel=0.02)
    assert found["e_syn_inh"] == pytest.approx(-80.0, abs=0.1)


def test_a_circuit_gets_the_time_constant_of_a_leak_conductance():
    found = model_values("brainscales1", "IF_facets_hardware1", g_leak=20.0)
    assert found["tau_mem"] == pytest.approx(0.2 / 0.020, rel=0.01)  # 0.2 nF, 20 nS
    assert found["tau_refrac"] == pytest.approx(1.0, rel=0.05)


def test_a_constant_current_becomes_a_resting_potential():
    found = model_values("brainscales2", "IF_curr_exp", i_offset=0.5, tau_m=10.0, cm=0.5)
    assert found["v_leak"] == pytest.approx(-65.0 + 0.5 * 10.0 / 0.5, abs=0.1)


def test_cells_with_values_of_their_own_have_codes_of_their_own():
    op, document = cells("brainscales2", "IF_cond_exp", tau_m=np.array([5.0, 10.0, 20.0]))
    codes = document.resources[op.codes.data["tau_mem"].data.name]
    assert codes.tolist() == sorted(codes.tolist(), reverse=True)
    assert len(set(codes.tolist())) == 3


CODED = [
    (chip, name) for chip in CHIPS for name in circuits_of(describe(chip)).parameters
]  # fmt: skip


@given(st.sampled_from(CODED), st.floats(0.0, 1.0))
def test_a_code_is_the_nearest_one(coded, place):
    chip, name = coded
    parameter = circuits_of(describe(chip)).parameter(name)
    value = parameter.low + place * (parameter.high - parameter.low)
    code = int(parameter.code(value))
    error = abs(float(parameter.value(code)) - value)
    neighbours = [c for c in (code - 1, code + 1) if 0 <= c < parameter.codes]
    steps = [abs(float(parameter.value(c)) - float(parameter.value(code))) for c in neighbours]
    assert error <= max(steps)


@given(
    st.sampled_from(["potential", "difference", "time", "conductance", "current"]),
    st.floats(-100.0, 100.0),
)
def test_scaling_there_and_back_changes_nothing(kind, value):
    scale = Scaling(3.5, 290.0, 1000.0, 2.2)
    assert scale.to_model(kind, scale.to_circuit(kind, value)) == pytest.approx(value, abs=1e-9)


POTENTIALS = st.lists(
    st.tuples(st.floats(-90.0, 0.0), st.floats(0.0, 20.0), st.floats(0.0, 150.0),
              st.floats(10.0, 200.0)),
    min_size=1, max_size=5,
)  # fmt: skip


@given(POTENTIALS)
@example([(0.0, 0.0, 11.0, 10.0), (0.0, 0.0, 0.0, 10.0)])  # equal, with ranges that do not meet
def test_potentials_that_fit_are_all_in_their_ranges(drawn):
    circuits = circuits_of(describe("brainscales2"))
    given = [
        Potential(f"p{i}", least, least + width, low, low + room)
        for i, (least, width, low, room) in enumerate(drawn)
    ]
    try:
        stretch, shift = fitting_scale(circuits, given, "P")
    except UnsupportedError:
        return
    assert circuits.stretch[0] <= stretch <= circuits.stretch[1]
    for one in given:
        assert stretch * one.least + shift >= one.low - 1e-6
        assert stretch * one.largest + shift <= one.high + 1e-6


@pytest.mark.parametrize(
    ("chip", "model", "parameters", "message"),
    [
        ("brainscales1", "IF_curr_exp", {},
         r"'IF_curr_exp' has no form on BrainScaleS-1.*the nearest is 'adex.*'isyn_inh'"),
        ("brainscales2", "IF_curr_alpha", {}, "nearest is 'lif_curr_exp'.*'rise_exc'"),
        ("brainscales2", "HH_cond_exp", {}, "has no form on BrainScaleS-2"),
        ("brainscales2", "IF_cond_exp", {"tau_syn_E": 0.05},
         r"'tau_syn_exc' is out of range.*found 0.05 us \(0.05 ms.*expected 0.3 to 30 us; the "
         r"nearest that fits is 0.3 ms"),
        ("brainscales1", "IF_cond_exp", {"tau_m": 200.0}, "nearest that fits is 110 ms"),
        ("brainscales1", "IF_cond_exp", {"e_rev_E": 60.0},
         "'e_syn_exc' does not fit.*found 60 mV.*nearest that fits is 50 mV"),
        ("brainscales2", "IF_cond_exp", {"e_rev_E": 600.0}, "do not fit.*together"),
        ("brainscales1", "EIF_cond_exp_isfa_ista", {"i_offset": 0.5},
         "'i_offset' is out of range.*nearest that fits is 0 nA"),
        ("brainscales2", "IF_cond_exp", {"tau_m": Random("uniform", {"low": 5.0, "high": 9.0})},
         "'tau_m' is given by a rule"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused_with_the_nearest_that_does(chip, model, parameters, message):
    with pytest.raises(UnsupportedError, match=message):
        cells(chip, model, **parameters)


def test_currents_from_outside_are_refused():
    builder = NetworkBuilder("net", dt=0.1, seed=1)
    builder.use_model(model_library.text("IF_cond_exp"), "cell")
    builder.population("P", 1, "IF_cond_exp")
    builder.source("s", "dc", parameters={"amplitude": 0.1, "start": 0.0, "stop": 10.0})
    builder.inject("s", "P")
    with pytest.raises(UnsupportedError, match=r"take no current.*'@s' into '@P'"):
        lowered(builder.finish(), "choose-chip{chip=brainscales2},match-analog")


def test_a_user_s_range_counts(tmp_path, monkeypatch):
    (tmp_path / "brainscales2.toml").write_text("[ranges]\ntau_syn = [0.01, 30.0]\n")
    monkeypatch.setenv("SNNC_CHIP_PATH", str(tmp_path))
    op, _ = cells("brainscales2", "IF_cond_exp", tau_syn_E=0.05)
    assert op.codes.data["tau_syn_exc"].value.data == 1022


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('kind = "potential"', "needs 'law'"),
        ('kind = "mass"\nlaw = "linear"', "unknown kind"),
        ('kind = "time"\nlaw = "cubic"', "unknown law"),
        ('kindd = "time"', "unknown field 'kindd'; did you mean 'kind'"),
    ],
)
def test_a_malformed_parameter_is_refused(text, message, tmp_path, monkeypatch):
    fields = 'range = "tau_m"\nspan = [1.0, 2.0]\nspread = 0.0\ntrial = 0.0\nsource = "me"\n'
    (tmp_path / "brainscales2.toml").write_text(
        f"[parameters.tau_mem]\n{fields}verified = true\n{text}\n"
    )
    monkeypatch.setenv("SNNC_CHIP_PATH", str(tmp_path))
    with pytest.raises(ModelError, match=message):
        circuits_of(describe("brainscales2"))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("tau_mem = 17 : i64", "tau_mem = 1023 : i64", "code 1023 of 'tau_mem' is not from 0"),
        ("tau_mem = 17 : i64", "tau_mem = 17.0 : f64", "a code is a whole number"),
        ("tau_mem = 17 : i64", 'tau_mem = #snn.array<"a", "float64", [3], "0123456789abcdef">',
         "'tau_mem' is an array of int64"),
        ("capacity 2.200000e+00 : f64",
         'capacity #snn.array<"a", "int64", [3], "0123456789abcdef">', "an array of float64"),
    ],
)  # fmt: skip
def test_codes_that_cannot_be_set_are_refused(old, new, message):
    text = print_text(cells("brainscales2", "IF_cond_exp")[1])
    assert old in text
    with pytest.raises(ModelError, match=message):
        verify(parse(text.replace(old, new)))
