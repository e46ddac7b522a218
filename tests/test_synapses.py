"""Synapses: their closed forms, and what their kernels deliver."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from synapse_rig import DEPENDENCES, MODELS, STDP, Edges, Rig, library, plan_of, solved

from snnc.ir.build import NetworkBuilder
from snnc.ir.diagnostics import UnsupportedError
from snnc.ir.dialects.step_synapse import SynapseOp
from snnc.ir.read_model import read_model
from snnc.ir.text import parse, print_text, verify
from snnc.ir.values import Random, Value
from snnc.passes.pipelines import parse_passes, run_passes

TM = {"U": 0.5, "tau_rec": 100.0, "tau_facil": 0.0, "tau_syn": 20.0}


def single(delay: int = 10, weight: float = 1.0) -> Edges:
    return Edges(np.array([0]), np.array([0]), np.array([delay]), weight)


def network(seed: int, n_pre: int, n_post: int, delays: tuple[int, ...], each: int) -> Edges:
    rng = np.random.default_rng(seed)
    pre = np.repeat(np.arange(n_pre), each)
    post = rng.integers(0, n_post, len(pre))
    return Edges(pre, post, rng.choice(delays, len(pre)), rng.uniform(0.2, 1.5, len(pre)))


def trains(seed: int, cells: int, rate: float, steps: int) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    return [np.flatnonzero(rng.random(steps) < rate)[1:] for _ in range(cells)]


# Closed forms


def test_closed_forms_of_tsodyks_markram() -> None:
    path = MODELS / "TsodyksMarkramSynapse.mlir"
    document = parse(path.read_text(), str(path))
    run_passes(document, parse_passes("solve-synapses"))
    verify(document)
    text = print_text(document)
    lines = [line.strip() for line in text.splitlines() if "advance" in line]
    assert lines == [
        "advance u exact = { let tau_u = max(tau_facil, 1.0e-09 [ms]) "
        "yield u * exp(-elapsed / tau_u) }",
        "advance y exact = y * exp(-elapsed / tau_syn)",
        "advance z exact = { let x = -elapsed let x_0 = x / tau_rec let x_1 = x / tau_syn "
        "yield z * exp(x_0) + y / tau_syn * elapsed * "
        "(exp(max(x_1, x_0)) * exprel(-abs(x_1 - x_0))) }",
    ]


SYNAPSES = [p for p in sorted(MODELS.glob("*.mlir")) if p.read_text().startswith("syn.model")]


@pytest.mark.parametrize("path", SYNAPSES, ids=lambda p: p.stem)
def test_solved_text_is_read_back(path: Path) -> None:
    document = parse(path.read_text(), str(path))
    run_passes(document, parse_passes("solve-synapses"))
    text = print_text(document)
    again = parse(text, "again")
    verify(again)
    assert print_text(again) == text
    generic = parse(print_text(document, generic=True), "generic")
    verify(generic)
    assert print_text(generic) == text


@pytest.mark.parametrize(
    ("equations", "names"),
    [
        ("dq/dt = -q * q / tau", ["'q'", "linear"]),
        ("dq/dt = -q / tau + t / tau / tau", ["'q'", "time"]),
        ("dq/dt = -r / tau\n dr/dt = q / tau", ["'q'", "'r'"]),
    ],
)
def test_equations_without_closed_form_are_refused(equations: str, names: list[str]) -> None:
    text = f"""syn.model @M {{
      param tau : ms = 10.0
      state q : 1 = 0.0 per pre
      state r : 1 = 0.0 per pre
      {equations}
      on pre {{ deliver weight * q }}
    }}"""
    with pytest.raises(UnsupportedError) as caught:
        solved(text, "m.mlir")
    assert str(caught.value).startswith("m.mlir:5:")
    assert all(name in str(caught.value) for name in names)


def test_unknown_parameter_as_edge_is_refused() -> None:
    document = parse("step.synapse @S edge U { on pre { deliver weight } }", "s.mlir")
    with pytest.raises(Exception, match="unknown parameter 'U'"):
        verify(document)


def test_shared_state_may_not_read_an_edge_parameter() -> None:
    text = """step.synapse @S edge U {
      param U : 1 = 0.5
      state u : 1 = 0.0 per pre
      on pre { u = u + U deliver weight * u }
    }"""
    with pytest.raises(Exception, match="'u' is per pre but depends on 'U', which is per edge"):
        verify(parse(text, "s.mlir"))


# Static synapses


@pytest.mark.parametrize("target", ["u16", "u32"])
@pytest.mark.parametrize("weight", ["scalar", "float32"])
@pytest.mark.parametrize("precision", ["f64", "f32"])
def test_static_delivery(target: str, weight: str, precision: str) -> None:
    plan = plan_of(library("StaticSynapse"), target=target, weight=weight, precision=precision)
    assert plan.is_static
    assert plan.emit is None
    assert plan.observe is None
    edges = network(1, 20, 15, (1, 3, 40), 12)
    if weight == "scalar":
        edges.weight = 0.75
    spikes = trains(2, 20, 0.05, 200)
    spikes[3] = np.array([0, 5, 5, 6])
    arrived = Rig(plan, edges, spikes, [[]] * 15).run(200)
    expected = np.zeros((201, 15))
    weights = np.broadcast_to(np.float32(edges.weight), edges.pre.shape)
    for pre, post, delay, w in zip(edges.pre, edges.post, edges.delay, weights, strict=True):
        due = spikes[pre] + delay
        np.add.at(expected[:, post], due[due <= 200], w)
    np.testing.assert_allclose(arrived, expected, rtol=1e-12 if precision == "f64" else 1e-5)


# Tsodyks-Markram


def theory(
    stamps: np.ndarray, U: float, tau_rec: float, tau_facil: float, tau_syn: float
) -> list[float]:
    """Released fractions by the three-state model, integrated by matrix exponentials."""
    from scipy.linalg import expm

    y = z = u = last = 0.0
    released = []
    for time in np.asarray(stamps) * 0.1:
        rates = np.array([[-1 / tau_syn, 0], [1 / tau_syn, -1 / tau_rec]])
        y, z = expm(rates * (time - last)) @ [y, z]
        u = u * math.exp(-(time - last) / tau_facil) if tau_facil else 0.0
        u += U * (1 - u)
        released.append(u * (1 - y - z))
        y += released[-1]
        last = time
    return released


def test_relative_responses_at_10_ms() -> None:
    spikes = [10, 110, 210, 310]
    rig = Rig(plan_of(library("TsodyksMarkramSynapse")), single(), [spikes], [[]], parameters=TM)
    arrived = rig.run(400)[:, 0]
    responses = arrived[[s + 10 for s in spikes]]
    np.testing.assert_allclose(responses / responses[0], [1, 0.510, 0.284, 0.188], atol=1e-3)
    assert np.count_nonzero(arrived) == 4


@pytest.mark.parametrize(
    "parameters",
    [
        TM,
        {**TM, "tau_facil": 530.0, "U": 0.1},
        {**TM, "tau_rec": 20.0, "tau_syn": 20.0},
        {**TM, "tau_rec": 3.0, "tau_syn": 2e3},
    ],
    ids=["depressing", "facilitating", "equal times", "fast recovery"],
)
def test_tsodyks_markram_follows_theory(parameters: dict[str, float]) -> None:
    stamps = np.array([1, 30, 31, 200, 460, 60_000])
    plan = plan_of(library("TsodyksMarkramSynapse"), weight="scalar")
    rig = Rig(plan, single(1, 2.0), [stamps], [[]], parameters=parameters)
    rig.run(470)
    for step in (59_999, 60_000):
        rig.pre.fill(step)
        rig._call("emit", 0, step - 1)
    rig._call("deliver", 0, 60_000)
    fresh = Rig(plan, single(1, 2.0), [stamps], [[]], parameters=parameters)
    found = fresh.run(470)[stamps[:-1] + 1, 0]
    found = [*found, rig.parts[0].accumulator[rig.parts[0].base]]
    np.testing.assert_allclose(found, 2.0 * np.array(theory(stamps, **parameters)), rtol=1e-9)


@pytest.mark.parametrize("edge", [["U"], ["tau_rec"], ["tau_syn", "tau_facil"]])
@pytest.mark.parametrize("precision", ["f64", "f32"])
def test_heterogeneous_tsodyks_markram_agrees_with_homogeneous(
    edge: list[str], precision: str
) -> None:
    op = library("TsodyksMarkramSynapse")
    parameters = {**TM, "tau_facil": 60.0}
    edges = network(5, 12, 9, (1, 4, 17), 5)
    spikes = trains(6, 12, 0.03, 600)
    shared = Rig(plan_of(op), edges, spikes, [[]] * 9, parameters=parameters).run(600)
    edges.arrays = {name: np.full(len(edges.pre), parameters[name]) for name in edge}
    plan = plan_of(op, edge=edge, precision=precision)
    assert ("edge",) in {s.axes for s in plan.states}
    own = Rig(plan, edges, spikes, [[]] * 9, parameters=parameters).run(600)
    np.testing.assert_allclose(own, shared, rtol=1e-11 if precision == "f64" else 1e-4)


def test_shared_postsynaptic_states_refuse_edge_parameters() -> None:
    op = library("STDP_SpikePairRule_AdditiveWeightDependence")
    with pytest.raises(UnsupportedError, match="'y' is shared by the synapses onto a cell"):
        plan_of(op, edge=["tau_minus"])


# STDP


def nest_rule(
    pre: np.ndarray,
    post: np.ndarray,
    delay: int,
    dependence: str,
    weight: float,
    fraction: float = 1.0,
    p: dict[str, float] = STDP,
) -> tuple[list[float], float]:
    """Weights delivered, and the last one, by the algorithm of NEST's stdp_synapse.

    NEST has no axonal delay. Where there is nothing else, a postsynaptic spike that coincides with
    the arrival is too late for it and acts before the next arrival, as in the same moment.
    """
    mu_plus, mu_minus = DEPENDENCES[dependence]
    dt = 0.1
    axonal = math.floor((1 - fraction) * delay + 0.5)
    dendritic = delay - axonal
    late = int(dendritic == 0)
    before = k_plus = 0.0
    last, w, delivered = -100_000, weight / p["w_max"], []
    history = post + dendritic
    for t in pre + axonal:
        for event in history[(history > last - late) & (history <= t - late)]:
            trace = k_plus * math.exp((last - event) * dt / p["tau_plus"])
            trace = before if event == last else trace
            w = min(1.0, w + p["A_plus"] * (1 - w) ** mu_plus * trace)
        k_minus = np.exp((history[history < t] - t) * dt / p["tau_minus"]).sum()
        w = max(0.0, w - p["A_minus"] * w**mu_minus * k_minus)
        delivered.append(w * p["w_max"])
        before = k_plus * math.exp((last - t) * dt / p["tau_plus"])
        k_plus, last = before + 1.0, t
    return delivered, w * p["w_max"]


@pytest.mark.parametrize("dependence", DEPENDENCES)
@pytest.mark.parametrize("precision", ["f64", "f32"])
def test_stdp_follows_the_rule(dependence: str, precision: str) -> None:
    steps, delays = 1500, (1, 10, 50)
    plan = plan_of(library(f"STDP_SpikePairRule_{dependence}"), precision=precision)
    edges = network(7, 10, 8, delays, 6)
    pre, post = trains(8, 10, 0.02, steps), trains(9, 8, 0.02, steps)
    rig = Rig(plan, edges, pre, post, parameters=STDP)
    arrived = rig.run(steps)
    expected, weights = np.zeros_like(arrived), []
    for i, j, d, w in zip(edges.pre, edges.post, edges.delay, edges.weight, strict=True):
        due = pre[i][pre[i] + d <= steps]
        delivered, last = nest_rule(due, post[j], d, dependence, w)
        np.add.at(expected[:, j], due + d, delivered)
        weights.append(last)
    tolerance = 1e-11 if precision == "f64" else 1e-4
    np.testing.assert_allclose(rig.edge_values(), weights, rtol=tolerance)
    np.testing.assert_allclose(arrived, expected, rtol=tolerance, atol=1e-12)
    assert np.ptp(np.array(weights) - edges.weight) > 0.05


@pytest.mark.parametrize("fraction", [1.0, 0.7, 0.5, 0.0])
@pytest.mark.parametrize("delay", [1, 2, 30])
def test_part_of_the_delay_can_be_axonal(fraction: float, delay: int) -> None:
    name = "STDP_SpikePairRule_AdditiveWeightDependence"
    text = (MODELS / f"{name}.mlir").read_text()
    if "dendritic_delay_fraction" not in text:
        text = text.replace("param w_min", "param dendritic_delay_fraction : 1 = 1.0\nparam w_min")
    plan = plan_of(solved(text))
    steps = 800
    # Regular trains, so that many spikes coincide at the synapse.
    pre, post = np.arange(5, steps, 15), np.unique([*range(20, steps, 45), *range(4, steps, 37)])
    values = {**STDP, "A_minus": 0.009, "dendritic_delay_fraction": fraction}
    rig = Rig(plan, single(delay), [pre], [post], parameters=values)
    arrived = rig.run(steps)[:, 0]
    due = pre[pre + delay <= steps]
    rule = "AdditiveWeightDependence"
    delivered, last = nest_rule(due, post, delay, rule, 1.0, fraction, values)
    np.testing.assert_allclose(arrived[due + delay], delivered, rtol=1e-11)
    assert rig.edge_values()[0] == pytest.approx(last, rel=1e-11)
    assert 0 < last < 2


def test_no_spike_is_lost_when_rings_fill() -> None:
    plan = plan_of(library("STDP_SpikePairRule_AdditiveWeightDependence"))
    steps = 3000
    pre = [np.array([5, 2900]), np.arange(7, steps, 40)]
    post = [np.arange(10, steps, 6), np.arange(11, steps, 211)]
    edges = Edges(np.array([0, 0, 1]), np.array([0, 1, 1]), np.array([3, 8, 1]), 0.5)
    rig = Rig(plan, edges, pre, post, parameters=STDP, capacity=16)
    rig.run(steps, chunk=7)
    for e in range(3):
        due = pre[edges.pre[e]]
        due = due[due + edges.delay[e] <= steps]
        history = post[edges.post[e]]
        _, last = nest_rule(due, history, edges.delay[e], "AdditiveWeightDependence", 0.5)
        assert rig.edge_values()[e] == pytest.approx(last, rel=1e-10)
    assert rig.parts[0].history.capacity == 512


def test_rings_stay_small_while_all_presynaptic_cells_fire() -> None:
    plan = plan_of(library("STDP_SpikePairRule_AdditiveWeightDependence"))
    rig = Rig(plan, single(5), [np.arange(3, 5000, 50)], [np.arange(4, 5000, 4)], capacity=16)
    rig.run(5000)
    assert rig.parts[0].history.capacity <= 128


@pytest.mark.parametrize(
    "model", ["TsodyksMarkramSynapse", "STDP_SpikePairRule_GutigWeightDependence"]
)
def test_bits_do_not_depend_on_partitions(model: str) -> None:
    plan = plan_of(library(model))
    edges = network(11, 13, 17, (1, 2, 9), 10)
    pre, post = trains(12, 13, 0.05, 600), trains(13, 17, 0.05, 600)
    values = {**TM, **STDP}
    rigs = [Rig(plan, edges, pre, post, parameters=values, parts=p) for p in (1, 2, 3)]
    first, *others = [rig.run(600, chunk) for rig, chunk in zip(rigs, (10, 7, 600), strict=True)]
    for arrived, rig in zip(others, rigs[1:], strict=True):
        np.testing.assert_array_equal(arrived, first)
        np.testing.assert_array_equal(rig.edge_values(), rigs[0].edge_values())


def test_states_of_synapses_decay_between_events() -> None:
    """A weight that fades, and a trace per synapse that both sides raise."""
    text = """syn.model @Fading {
      param tau : ms = 20.0
      state q : 1 = 0.0 per edge
      dweight/dt = -weight / tau
      dq/dt = -q / tau
      on pre { q = q + 1.0 deliver weight * q }
      on post { q = q + 0.5 weight = 2.0 * weight }
    }"""
    plan = plan_of(solved(text))
    pre, post, delay = [10, 60], [20, 30, 55], 5
    arrived = Rig(plan, single(delay), [pre], [post]).run(100)[:, 0]
    w, q, last, expected = 1.0, 0.0, 0, {}
    events = sorted([(t, 1) for t in pre] + [(t + delay, 0) for t in post])
    for t, is_pre in events:
        fade = math.exp(-(t - last) * 0.1 / 20.0)
        w, q, last = w * fade, q * fade, t
        if is_pre:
            expected[t + delay] = w * q
            q += 1.0
        else:
            w, q = 2 * w, q + 0.5
    np.testing.assert_allclose([arrived[t] for t in expected], list(expected.values()), rtol=1e-12)


# Where values live


def forms_of(post: dict[str, Value], parameters: dict[str, Value], initial: dict[str, Value]):
    """Return the form of a projection with such values, and what is per edge in it."""
    builder = NetworkBuilder(dt=0.1)
    cell, synapse = (
        builder.use_model((MODELS / f"{name}.mlir").read_text(), f"{name}.mlir")
        for name in ("IF_cond_exp", "TsodyksMarkramSynapse")
    )
    model = read_model((MODELS / "IF_cond_exp.mlir").read_text())
    defaults = {name: p.default for name, p in model.parameters.items()}
    builder.population("pre", 4, cell, parameters=defaults)
    builder.population("post", 4, cell, parameters={**defaults, **post})
    values = {name: TM[name] for name in ("U", "tau_rec", "tau_facil")} | parameters
    states = {"u": 0.0, "y": 0.0, "z": 0.0} | initial
    connector = ("all_to_all", {"allow_self_connections": True})
    for name in ("p", "q"):
        builder.projection(
            *(name, "pre", "post", connector, synapse, "excitatory", 0.1, 1.0),
            parameters=values,
            initial=states,
        )
    document = builder.finish()
    run_passes(document, parse_passes("solve,solve-synapses,place-synapse-states"))
    forms = {op.label: op for op in document.module.body.block.ops if isinstance(op, SynapseOp)}
    symbols = document.network.symbols()
    used = {symbols[name].attributes["form"].data for name in ("p", "q")}
    assert len(used) == 1
    form = forms[used.pop()]
    form.verify()
    states = [name for name, state in form.states.items() if state.per.data == "edge"]
    return form.label, [*form.edge_parameters, *states]


@pytest.mark.parametrize(
    ("post", "parameters", "initial", "expected"),
    [
        ({}, {}, {}, []),
        ({}, {"U": Random("uniform", {"low": 0.2, "high": 0.6})}, {}, ["U", "u", "y", "z"]),
        ({}, {"tau_rec": np.full((4, 4), 90.0)}, {}, ["tau_rec", "y", "z"]),
        ({"tau_syn_E": np.array([3.0, 4.0, 5.0, 6.0])}, {}, {}, ["tau_syn", "y", "z"]),
        ({}, {}, {"u": Random("uniform", {"low": 0.0, "high": 0.1})}, ["u", "y", "z"]),
    ],
    ids=["numbers", "U", "tau_rec", "time constant of the receptor", "initial value"],
)
def test_what_differs_between_synapses(post, parameters, initial, expected: list[str]) -> None:
    label, edge = forms_of(post, parameters, initial)
    assert edge == expected
    assert (label == "TsodyksMarkramSynapse") == (not expected)
