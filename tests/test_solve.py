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
    derived inverse_cm : mV/ms/nA = 1.0 / cm
    update {
      let m_next = P_m * m + P_m_const
      let m_0 = H_m * m + H_m_const
      let x = -(g_max * m_0) * inverse_cm
      let v_next = select(in(wait), v, v + dt * (x * v + injected * inverse_cm) * exprel(x * dt))
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


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        ("IF_curr_exp", {"v": ("exact", None), "isyn_exc": ("exact", None)}),
        ("IF_curr_alpha", {"v": ("exact", None), "isyn_inh": ("exact", None)}),
        ("IF_curr_delta", {"v": ("exact", None)}),
        ("IF_cond_exp", {"v": ("exponential_midpoint", 2), "gsyn_exc": ("exact", None)}),
        ("IF_cond_exp_gsfa_grr", {"v": ("exponential_midpoint", 2), "g_s": ("exact", None)}),
        ("HH_cond_exp", {"v": ("exponential_midpoint", 2), "m": ("exponential_midpoint", 2)}),
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
