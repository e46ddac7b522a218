"""NESTML models become models of the IR, or are refused with the construct and its place."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

import snnc.pynn as sim
from snnc import model_library
from snnc.compiler import compile
from snnc.ir.diagnostics import (
    MissingDependencyError,
    ModelError,
    UnitError,
    UnsupportedError,
)
from snnc.ir.text import print_text, save

pytest.importorskip("pynestml", reason="nestml reads NESTML files")

from snnc.nestml.network import model_text, read_network
from snnc.nestml.read_model import read_models
from snnc.nestml.values import cast, inverse, number, plus, times

DATA = Path(__file__).parent / "data" / "nestml"

NEURON = """model odd:
    state:
        v mV = -65 mV
        n real = 0
{state}
    equations:
{equations}
        v' = (-65 mV - v) / tau
    parameters:
        tau ms = 10 ms
    input:
        spikes <- spike
    output:
        spike
    update:
{update}
    onReceive(spikes):
{receive}
    onCondition(v >= -50 mV):
{event}
        emit_spike()
"""


@pytest.fixture
def neuron(tmp_path):
    """Return a writer of a neuron with some parts of its own."""

    def write(**parts):
        defaults = {
            "state": "", "equations": "", "update": "integrate_odes()",
            "receive": "v += 1 mV * spikes * 1 s", "event": "v = -65 mV",
        }  # fmt: skip
        filled = {}
        for name, text in {**defaults, **parts}.items():
            lines = text.splitlines()
            filled[name] = "\n".join(f"        {line}" for line in lines)
        path = tmp_path / "odd.nestml"
        body = NEURON.format(**filled).splitlines()
        path.write_text("\n".join(line for line in body if line.strip()) + "\n")
        return path

    return write


def statements(text):
    return [line.strip() for line in text.splitlines()]


def test_a_neuron_with_kernels_and_a_refractory_period():
    assert (
        model_text(DATA / "leaky.nestml")
        == """\
dyn.cell @leaky {
  param rest : mV = -70.0
  param reset : mV = -65.0
  param limit : mV = -50.0
  param tau : ms = 12.0
  param c : pF = 200.0
  param tau_exc : ms = 3.0
  param tau_inh : ms = 4.0
  param pause : ms = 1.5
  param offset : pA = 0.0
  state u : mV = -70.0
  state shape : pA = 0.0
  state slow_rise : nA/ms = 0.0 hidden
  state slow : pA = 0.0
  receptor up : nA decay tau_exc
  receptor down : nA decay tau_inh
  current probe : pA
  let drive = shape - slow
  dshape/dt = -(shape / tau_exc)
  dslow_rise/dt = -(slow_rise / tau_inh)
  dslow/dt = slow_rise - slow / tau_inh
  on up(w) { shape = shape + w }
  on down(w) { slow_rise = slow_rise + 2.718281828459045 * w / tau_inh }
  regime active {
    du/dt = (rest - u) / tau + (drive + offset + probe) / c
    when u >= limit { u = reset  emit  goto refractory }
  }
  regime refractory {
    after pause { goto active }
  }
}
"""
    )


def test_a_pynn_script_uses_an_imported_cell():
    sim.setup(timestep=0.1, min_delay=0.1)
    cell_type = sim.nestml_cell_type(DATA / "leaky.nestml")
    assert list(cell_type.receptor_types) == ["up", "down"]
    cells = sim.Population(2, cell_type(offset=[0.0, 400.0]))
    source = sim.Population(1, sim.SpikeSourceArray(spike_times=[5.0]))
    synapse = sim.StaticSynapse(weight=0.1, delay=0.1)
    sim.Projection(source, cells[:1], sim.AllToAllConnector(), synapse, receptor_type="up")
    cells.record(["spikes", "u"])
    sim.run(60.0)
    segment = cells.get_data().segments[0]
    u = np.asarray(segment.filter(name="u")[0])[:, 0]
    # The response to a current that jumps to J and decays: J/c (exp(-t/tau) - exp(-t/tau_exc)) / d
    t = np.arange(u.size) * 0.1 - 5.1
    shape = (np.exp(-t / 12.0) - np.exp(-t / 3.0)) / (1 / 3.0 - 1 / 12.0)
    expected = -70.0 + np.where(t > 0, 0.5 * shape, 0.0)
    np.testing.assert_allclose(u, expected, atol=1e-9)
    # Constant current: from reset to limit in tau ln((A - reset) / (A - limit)), A the asymptote.
    rise = 12.0 * np.log((-46.0 + 65.0) / (-46.0 + 50.0))
    gaps = np.diff(np.asarray(segment.spiketrains[1]))
    assert gaps.size >= 1
    np.testing.assert_allclose(gaps, 1.5 + np.ceil(rise / 0.1) * 0.1, atol=1e-6)


def test_a_pair_rule_has_its_states_on_their_sides():
    document = read_network(DATA / "pair.nestml")
    text = statements(print_text(document))
    assert "state x : 1 = 0.0 per pre" in text
    assert "state y : 1 = 0.0 per post" in text
    assert "weight = 1.0 [weight] * min(high, 1.0 [1/weight] * weight + up * high * x)" in text


def test_an_imported_pair_rule_gives_the_weights_of_the_packaged_one(tmp_path):
    """Both have the same equations, so spikes at the same times leave the same weights."""
    document = read_network(DATA / "pair.nestml")

    def deliveries(synapse):
        text = print_text(document)
        start, end = text.index("syn.model"), text.index("dyn.cell")
        model = text[start:end] if synapse == "pair" else model_library.text(synapse)
        network = text[:start] + model + text[end:]
        network = network.replace("synapse @pair ", f"synapse @{synapse} ")
        network = network.replace("weight 1.0 delay", "weight 0.5 delay")
        # The source drives the cell to fire, so that both rules see spikes of both sides.
        cell = "{object_id = 1, first_id = 1}"
        network = network.replace(cell, f"{cell}\n        parameters {{i_offset = 1.0}}")
        path = tmp_path / f"{synapse}.mlir"
        save(document, str(path))
        path.write_text(network)
        run = compile(path)
        run.run(90.0)
        return np.asarray(run.data.segments[0].filter(name="v")[0])

    ours = deliveries("pair")
    theirs = deliveries("STDP_SpikePairRule_AdditiveWeightDependence")
    assert np.ptp(ours) > 1.0
    np.testing.assert_allclose(ours, theirs, atol=1e-9)


def test_an_old_value_is_the_one_before_the_step(neuron):
    path = neuron(
        state="old mV = -65 mV",
        update="old = v\nintegrate_odes()",
        event="if old < v:\n    v = -65 mV",
    )
    text = statements(model_text(path))
    assert not any("state old" in line for line in text)
    assert any("previous(v) < v" in line for line in text)


def test_branches_that_no_timer_decides_are_regimes_by_their_condition(neuron):
    path = neuron(update="if n > 3:\n    integrate_odes(v)\nelse:\n    n += 1", event="n = 0")
    text = statements(model_text(path))
    assert text.index("regime branch_2 {") < text.index("regime branch_1 {")
    assert "when n > 3.0 { goto branch_1 }" in text
    assert "when n <= 3.0 { goto branch_2 }" in text
    assert "when t >= 0.0 [ms] { n = n + 1.0 }" in text


def test_a_counter_of_steps_is_a_refractory_period(neuron):
    path = neuron(
        state="count integer = 0",
        update="if count > 0:\n    count -= 1\nelse:\n    integrate_odes()",
        event="count = steps(tau)",
        receive="if count == 0:\n    v += 2 mV * spikes * 1 s",
    )
    text = model_text(path)
    assert "after tau { goto active }" in text
    assert "count" not in text
    refractory = text[text.index("regime refractory") :]
    assert "on spikes" not in refractory


def test_a_reaction_that_does_not_add_waits_for_the_end_of_the_step(neuron):
    text = model_text(neuron(receive="v = min(v + 1 mV * spikes * 1 s, -60 mV)"))
    assert "on spikes(w) { spikes_arrived = spikes_arrived + 1.0 [1/mV] * w }" in text
    assert "{ v = min(v + 1.0 [mV] * spikes_arrived, -60.0 [mV]) }" in text


def test_a_pure_number_stands_for_a_quantity_in_its_unit(neuron):
    found = model_text(neuron(equations="inline a real = v + 3", event="n = a"))
    assert "let a = 1.0 [1/mV] * v + 3.0" in found


def test_factors_that_are_units_cancel():
    from snnc.ir.units import NAMED

    nine_pa = number(9.0, NAMED["pA"])
    assert nine_pa.constant == 0.009
    assert times(nine_pa, inverse(number(1.0, NAMED["pA"]))).constant == 9.0
    assert cast(nine_pa, (0,) * 7, 1.0, "here").constant == 9.0
    assert plus(nine_pa, number(1.0)).constant == 0.01
    with pytest.raises(UnitError, match="here; found nA, expected mV"):
        cast(nine_pa, NAMED["mV"].exponents, 1.0, "here")


@pytest.mark.parametrize(
    ("parts", "line", "message"),
    [
        ({"state": "x[3] mV = 0 mV"}, 5, "a vector"),
        ({"event": "while n > 3:\n    n -= 1"}, 18, "a 'while' loop"),
        ({"event": "n = erf(n)"}, 18, "function 'erf'"),
        ({"update": "integrate_odes()\nintegrate_odes()"}, 15, "more than one 'integrate_odes'"),
    ],
)
def test_what_has_no_form_is_refused_by_name(neuron, parts, line, message):
    path = neuron(**parts)
    with pytest.raises(UnsupportedError, match=message) as error:
        model_text(path)
    assert (error.value.location.file, error.value.location.line) == (str(path), line)


def test_a_kernel_that_has_no_equations_is_refused(neuron):
    path = neuron(
        equations="kernel k = 1 / (1 + t / tau)\ninline i real = convolve(k, spikes)",
        event="n = i",
        receive="n = 1",
    )
    with pytest.raises(UnsupportedError, match="kernel 'k' is no sum of products") as error:
        model_text(path)
    assert error.value.location.line == 6


def test_units_that_do_not_fit_are_located(neuron):
    path = neuron(event="v = 3 pA")
    with pytest.raises(ModelError) as error:
        model_text(path)
    assert error.value.location.line == 18


@pytest.mark.parametrize(
    "text", ["", "model", "model m:\n", "model m:\n    state:\n  x\n", "\0", "model m:\n\tstate:\n"]
)
def test_malformed_text_is_refused_with_a_place(tmp_path, text):
    path = tmp_path / "m.nestml"
    path.write_text(text)
    with pytest.raises(ModelError) as error:
        read_models(path)
    assert error.value.location.file == str(path)


def test_deep_nesting_and_bytes_are_refused(tmp_path, neuron):
    deep = neuron(event="n = " + "(" * 500 + "1" + ")" * 500)
    with pytest.raises(ModelError, match="more than 60 levels of parentheses"):
        model_text(deep)
    path = tmp_path / "bytes.nestml"
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(ModelError, match="UTF-8"):
        model_text(path)
    with pytest.raises(ModelError, match="cannot read"):
        model_text(tmp_path / "missing.nestml")


def test_a_synapse_type_of_a_script_follows_its_equations():
    sim.setup(timestep=0.1)
    pair = sim.nestml_synapse_type(DATA / "pair.nestml")
    assert pair.default_parameters["tau_pre"] == 20.0
    before, after = (
        sim.Population(1, sim.SpikeSourceArray(spike_times=times)) for times in ([10.0, 30.0], [14])
    )
    cell = sim.Population(1, sim.IF_curr_exp(tau_refrac=20.0))
    rule = pair(weight=0.5, delay=1.0, up=0.1, down=0.2)
    plastic = sim.Projection(before, cell, sim.OneToOneConnector(), rule)
    drive = sim.StaticSynapse(weight=100.0, delay=1.0)
    sim.Projection(after, cell, sim.OneToOneConnector(), drive)
    cell.record("spikes")
    sim.run(50.0)
    (spike,) = cell.get_data().segments[0].spiketrains[0].magnitude
    # The delay lies behind the synapse: the postsynaptic spike reaches it 1 ms later.
    potentiated = 0.5 + 0.1 * np.exp(-(spike + 1.0 - 10.0) / 20.0)
    expected = potentiated - 0.2 * np.exp(-(30.0 - spike - 1.0) / 20.0)
    assert plastic.get("weight", format="array")[0, 0] == pytest.approx(expected, rel=1e-6)
    with pytest.raises(ModelError, match="'leaky' is a neuron, expected a synapse"):
        sim.nestml_synapse_type(DATA / "leaky.nestml")


@pytest.mark.parametrize(
    ("function", "expected"), [("floor", 2.0), ("ceil", 3.0), ("round", 3.0), ("steps", 25.0)]
)
def test_functions_to_whole_numbers(neuron, function, expected):
    argument = "(t + 1 ms) / 1 ms" if function != "steps" else "t + 1 ms"
    net = compile(neuron(update=f"integrate_odes()\nn = {function}({argument})"))
    net.run(1.6)
    # In the step from 1.5 to 1.6 ms the time is 1.5 ms.
    (value,) = net.simulation.state("odd_cell", "n")
    assert value == expected


def test_a_third_factor_is_refused(tmp_path):
    path = tmp_path / "three.nestml"
    text = (DATA / "pair.nestml").read_text()
    path.write_text(
        text.replace("post_spikes <- spike", "post_spikes <- spike\n        mod <- spike")
    )
    with pytest.raises(UnsupportedError, match="a third factor, 'mod'"):
        read_network(path)
    with pytest.raises(ModelError, match="'pair' is a synapse, expected a neuron"):
        sim.nestml_cell_type(DATA / "pair.nestml")


def test_the_missing_package_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "pynestml.cocos.co_cos_manager", None)
    with pytest.raises(MissingDependencyError, match=r"snnc\[nestml\]"):
        model_text(DATA / "leaky.nestml")


def test_recordable_inline_expressions_are_recorded_with_arrivals_and_after_resets():
    sim.setup(timestep=0.1)
    seen = sim.nestml_cell_type(DATA / "seen.nestml")
    assert seen.recordable == ["spikes", "v", "I_syn", "total", "k"]
    cells = sim.Population(1, seen())
    source = sim.Population(1, sim.SpikeSourceArray(spike_times=[3.0, 10.0, 10.5, 11.0]))
    synapse = sim.StaticSynapse(weight=8.0, delay=1.0)
    sim.Projection(source, cells, sim.AllToAllConnector(), synapse, receptor_type="spikes")
    sim.DCSource(amplitude=0.01, start=5.0).inject_into(cells)
    cells.record(seen.recordable)
    sim.run(30.0)
    segment = cells.get_data().segments[0]
    assert segment.spiketrains[0].size > 0
    v, current, total, k = (
        np.asarray(segment.filter(name=name)[0])[:, 0] for name in seen.recordable[1:]
    )
    # In pA: 1 nS times mV.
    np.testing.assert_allclose(current, k * (0.0 - v), rtol=1e-12)
    np.testing.assert_allclose(total - current, np.where(np.arange(301) > 50, 10.0, 0.0), atol=1e-9)


def test_a_recordable_inline_expression_that_has_no_value_at_the_start_begins_at_zero(neuron):
    inline = "recordable inline half real = 1 / (1 + (1 / n) ** 3)"
    net = compile(neuron(equations=inline, update="integrate_odes()\nn += 1"))
    net.run(0.4)
    found = net.simulation.trace("odd_cell", "half").values[:, 0]
    n = np.arange(1.0, 5.0)
    np.testing.assert_allclose(found, [0.0, *(1 / (1 + n**-3))], rtol=1e-12)
