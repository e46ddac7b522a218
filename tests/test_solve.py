"""`solve` and the passes after it: what they choose, and the text that they leave."""

import pytest
from xdsl.dialects.builtin import ModuleOp

from snnc import model_library
from snnc.ir.diagnostics import OptionError, UnsupportedError
from snnc.ir.dialects import step
from snnc.ir.text import Document, parse, print_text, verify
from snnc.passes.pipelines import parse_passes, pipeline_text, run_passes


def lower(text: str, pipeline: str) -> Document:
    document = parse(text, "model.mlir")
    verify(document)
    run_passes(document, parse_passes(pipeline), after=lambda _, result: verify(result))
    return document


def methods(document: Document) -> dict[str, tuple[str, int | None]]:
    """Return the method and order of each state, in the initial regime."""
    (cell,) = document.module.body.block.ops
    assert isinstance(cell, step.CellOp)
    first = cell.regime_names[0] if cell.regime_names else None
    return {
        state.data: (op.method.data, op.order)
        for op in cell.body.block.ops
        if isinstance(op, step.SolvedOp) and (op.regime is None or op.regime.data == first)
        for state in op.states
    }


DECAY = """dyn.cell @Decay {
  param tau : ms = 20.0
  state v : mV = 1.0
  receptor excitatory : mV
  dv/dt = -v / tau
  on excitatory(w) { v = v + w }
}"""


def test_golden_text_of_a_linear_cell():
    assert (
        print_text(lower(DECAY, "solve"))
        == """builtin.module {
  step.cell @Decay {
    param tau : ms = 20.0
    state v : mV = 1.0
    receptor excitatory : mV
    solved v by exact
    derived P_v : 1 = exp(-1.0 / tau * dt)
    update {
      let v_next = P_v * v
      v = v_next + arrivals(excitatory)
    }
  }
}
"""
    )


THRESHOLD = """dyn.cell @Fire {
  param tau : ms = 20.0
  param g_max : uS = 0.01
  param cm : nF = 1.0
  param theta : mV = 10.0
  param rest : ms = 2.0
  state v : mV = 0.0
  state m : 1 = 0.0
  current injected : nA
  dm/dt = (1.0 - m) / tau
  regime run {
    dv/dt = (injected - g_max * m * v) / cm
    when v >= theta { v = 0.0 [mV]  emit  goto wait }
  }
  regime wait { after rest { goto run } }
}"""


def test_golden_text_of_regimes_and_the_exponential_midpoint():
    assert (
        print_text(lower(THRESHOLD, "solve,hoist-constants"))
        == """builtin.module {
  step.cell @Fire regimes run, wait {
    param tau : ms = 20.0
    param g_max : uS = 0.01
    param cm : nF = 1.0
    param theta : mV = 10.0
    param rest : ms = 2.0
    state v : mV = 0.0
    state m : 1 = 0.0
    current injected : nA
    solved m by exact in run
    solved v by exponential_midpoint in run
    solved m by exact in wait
    derived P_m : 1 = exp(-1.0 / tau * dt)
    derived P_m_const : 1 = dt * exprel(-1.0 / tau * dt) * (1.0 / tau)
    derived H_m : 1 = exp(-1.0 / tau * (0.5 * dt))
    derived H_m_const : 1 = { let x = 0.5 * dt yield x * exprel(-1.0 / tau * x) * (1.0 / tau) }
    steps wait = rest
    derived c : 1 = { let x = dt / cm let x_0 = x * g_max yield x_0 * H_m }
    derived c_1 : 1 = { let x = dt / cm let x_0 = x * g_max yield -(x_0 * H_m_const) }
    derived c_x : MOhm = dt / cm
    update {
      let m_next = P_m * m + P_m_const
      let x = c_1 - c * m
      let v_next = select(in(wait), v, v + (x * v + c_x * injected) * exprel(x))
      let x_0 = in(run) and v_next >= theta
      v = select(x_0, 0.0 [mV], v_next)
      m = m_next
      fire x_0
      enter wait when x_0
      enter run when elapsed(wait)
    }
  }
}
"""
    )


GATED = """dyn.cell @Gated {
  param tau : ms = 20.0
  param slope : 1/mV/ms = 0.01
  state v : mV = 1.0
  state m : 1 = 0.0
  receptor excitatory : mV
  dv/dt = -m * v / tau
  dm/dt = slope * v * (1.0 - m)
  on excitatory(w) { v = v + w }
}"""


def test_golden_text_of_the_extrapolated_splitting():
    assert (
        print_text(lower(GATED, "solve{method=extrapolated_splitting},hoist-constants"))
        == """builtin.module {
  step.cell @Gated {
    param tau : ms = 20.0
    param slope : 1/mV/ms = 0.01
    state v : mV = 1.0
    state m : 1 = 0.0
    receptor excitatory : mV
    solved v, m by extrapolated_splitting
    derived inverse_tau : 1/ms = 1.0 / tau
    derived c_x : ms = 0.5 * dt
    derived c_x_1 : ms = 0.25 * dt
    update {
      let x = -m * inverse_tau
      let x_0 = x * v
      let x_1 = x * c_x
      let x_2 = x_1 * x_1
      let x_3 = 1.0 + 0.016666666666666666 * x_2
      let v_0 = v + c_x * x_0 * (x_3 / (1.0 + 0.1 * x_2 - x_3 * (0.5 * x_1)))
      let x_4 = slope * v_0
      let x_5 = -x_4
      let x_6 = x_5 * dt
      let x_7 = x_6 * x_6
      let x_8 = 1.0 + 0.016666666666666666 * x_7
      let m_0 = m + dt * (x_5 * m + x_4) * (x_8 / (1.0 + 0.1 * x_7 - x_8 * (0.5 * x_6)))
      let x_9 = -m_0 * inverse_tau
      let x_10 = x_9 * c_x
      let x_11 = x_10 * x_10
      let x_12 = 1.0 + 0.016666666666666666 * x_11
      let x_13 = x * c_x_1
      let x_14 = x_13 * x_13
      let x_15 = 1.0 + 0.016666666666666666 * x_14
      let v_1 = v + c_x_1 * x_0 * (x_15 / (1.0 + 0.1 * x_14 - x_15 * (0.5 * x_13)))
      let x_16 = slope * v_1
      let x_17 = -x_16
      let x_18 = x_17 * c_x
      let x_19 = x_18 * x_18
      let x_20 = 1.0 + 0.016666666666666666 * x_19
      let m_1 = m + c_x * (x_17 * m + x_16) * (x_20 / (1.0 + 0.1 * x_19 - x_20 * (0.5 * x_18)))
      let x_21 = -m_1 * inverse_tau
      let x_22 = x_21 * c_x
      let x_23 = x_22 * x_22
      let x_24 = 1.0 + 0.016666666666666666 * x_23
      let v_2 = v_1 + c_x * (x_21 * v_1) * (x_24 / (1.0 + 0.1 * x_23 - x_24 * (0.5 * x_22)))
      let x_25 = slope * v_2
      let x_26 = -x_25
      let x_27 = x_26 * c_x
      let x_28 = x_27 * x_27
      let x_29 = 1.0 + 0.016666666666666666 * x_28
      let m_2 = m_1 + c_x * (x_26 * m_1 + x_25) * (x_29 / (1.0 + 0.1 * x_28 - x_29 * (0.5 * x_27)))
      let x_30 = -m_2 * inverse_tau
      let x_31 = x_30 * c_x_1
      let x_32 = x_31 * x_31
      let x_33 = 1.0 + 0.016666666666666666 * x_32
      let x_34 = v_2 + c_x_1 * (x_30 * v_2) * (x_33 / (1.0 + 0.1 * x_32 - x_33 * (0.5 * x_31)))
      let v_next = x_34 + 0.3333333333333333 * (x_34 - (v_0 + c_x * (x_9 * v_0) * (x_12 / (1.0 + 0.1 * x_11 - x_12 * (0.5 * x_10)))))
      let m_next = m_2 + 0.3333333333333333 * (m_2 - m_0)
      v = v_next + arrivals(excitatory)
      m = m_next
    }
  }
}
"""  # noqa: E501
    )


@pytest.mark.parametrize(
    ("equations", "expected"),
    [
        ("dv/dt = -m * v / tau dm/dt = (v / x - m) / tau", "fine_splitting"),
        ("dv/dt = (m * m * x - v) / tau dm/dt = (v / x * v / x - m) / tau", "exponential_midpoint"),
        ("dv/dt = -v * v / x / tau dm/dt = v / x * (1.0 - m) / tau", "rk4"),
        ("dv/dt = -v / tau dm/dt = v / x * (1.0 - m) / tau", "exponential_midpoint"),
        ("dv/dt = -m * v / tau dm/dt = -v / x * m / tau", "fine_splitting"),
        ("dv/dt = -m * v / tau dm/dt = v * v / x / x / tau", "fine_splitting"),
    ],
)
def test_states_whose_rates_depend_on_what_they_drive_are_split(equations, expected):
    text = f"""dyn.cell @Cell {{
  param tau : ms = 20.0
  param x : mV = 1.0
  state v : mV = 1.0
  state m : 1 = 0.0
  {equations.replace(" dm", chr(10) + "  dm")}
}}"""
    assert methods(lower(text, "solve"))["m"][0] == expected


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        ("IF_curr_exp", {"v": ("exact", None), "isyn_exc": ("exact", None)}),
        ("IF_curr_alpha", {"v": ("exact", None), "isyn_inh": ("exact", None)}),
        ("IF_curr_delta", {"v": ("exact", None)}),
        ("IF_cond_exp", {"v": ("exponential_midpoint", 2), "gsyn_exc": ("exact", None)}),
        ("IF_cond_exp_gsfa_grr", {"v": ("exponential_midpoint", 2), "g_s": ("exact", None)}),
        ("HH_cond_exp", {"v": ("fine_splitting", 4), "m": ("fine_splitting", 4)}),
        ("EIF_cond_exp_isfa_ista", {"v": ("rk4", 4), "w": ("rk4", 4)}),
        ("Izhikevich", {"v": ("rk4", 4), "u": ("rk4", 4)}),
    ],
)
def test_default_methods(model, expected):
    found = methods(lower(model_library.text(model), "solve"))
    assert {state: found[state] for state in expected} == expected


def test_a_method_can_be_chosen_for_all_or_for_one_model():
    text = model_library.text("Izhikevich")
    assert methods(lower(text, "solve{method=euler}"))["v"] == ("euler", 1)
    assert methods(lower(text, 'solve{overrides="Izhikevich=euler"}'))["u"] == ("euler", 1)
    assert methods(lower(text, 'solve{overrides="AdExp=euler"}'))["v"] == ("rk4", 4)
    pipeline = pipeline_text("cpu", solver="Izhikevich=euler")
    assert 'overrides="Izhikevich=euler"' in pipeline


def test_an_exponential_method_is_refused_where_a_state_is_not_linear_in_itself():
    with pytest.raises(UnsupportedError, match="'v' is not linear in itself") as refused:
        lower(model_library.text("Izhikevich"), "solve{method=exponential_euler}")
    assert refused.value.location is not None


@pytest.mark.parametrize(
    ("pipeline", "message"),
    [
        ("solve{method=rk5}", "unknown solver 'rk5'; did you mean 'rk4'"),
        ('solve{overrides="X"}', "malformed solver override"),
        ("solv", "unknown pass 'solv'; did you mean 'solve'"),
        ("solve{", "malformed pipeline"),
        ("solve{speed=3}", "pass 'solve'"),
        ("erase-units{precision=f16}", "unknown precision 'f16'"),
        ("partition{threads=0}", "threads must be positive"),
    ],
)
def test_wrong_pipelines_are_refused(pipeline, message):
    with pytest.raises(OptionError, match=message):
        lower(DECAY, pipeline)


@pytest.mark.parametrize("model", model_library.names())
def test_every_stage_of_every_model_can_be_taken_up_from_its_text(model):
    """Parsing what a pass printed and going on gives what going on at once gives."""
    names = ["snnc-canonicalise", "solve", "hoist-constants", "solve-synapses", "erase-units"]
    passes = parse_passes(",".join(names))
    document = parse(model_library.text(model), model)
    final = lower(model_library.text(model), ",".join(names))
    for one, rest in zip(passes, range(1, len(passes) + 1), strict=True):
        run_passes(document, [one])
        again = parse(print_text(document), "again")
        verify(again)
        assert print_text(again) == print_text(document)
        run_passes(again, passes[rest:])
        assert print_text(again) == print_text(final)


def test_canonicalise_folds_shares_and_drops():
    text = """dyn.cell @Fold {
  param a : ms = 1.0
  state x : 1 = 0.0
  dx/dt = { let unused = x * 3.0  let s = a * 1.0  yield (2.0 * 3.0 - x + 0.0) / s + x * 0.0 / s }
}"""
    assert "dx/dt = (6.0 - x) / a" in print_text(lower(text, "snnc-canonicalise"))


def test_erased_cells_hold_floats_only():
    document = lower(model_library.text("HH_cond_exp"), "solve,hoist-constants,erase-units")
    assert isinstance(document.module, ModuleOp)
    types = {str(r.type) for op in document.module.walk() for r in op.results}
    assert types == {"f64", "i1"}
