"""Couplings of cells in every step: text, rules, solutions, threads, and PyNN's gap junctions."""

import numpy as np
import pytest
from pyNN import errors
from pyNN.random import NumpyRNG, RandomDistribution
from scipy.integrate import solve_ivp

import snnc.pynn as sim
from snnc.ir.diagnostics import ModelError, SnncError
from snnc.ir.text import parse, print_text, verify
from snnc.passes.pipelines import parse_passes, run_passes

JUNCTION = """syn.model @junction {
  reads v : mV
  param share : 1 = 0.5
  let difference = pre.v - post.v
  couple share * weight * difference
}
"""


def read(text):
    document = parse(text, "junction.mlir")
    verify(document)
    return document


def test_text_of_equations_and_of_what_solving_makes_of_them():
    document = read(JUNCTION)
    printed = print_text(document)
    assert "reads v : mV\n" in printed and "couple share * weight * difference\n" in printed
    for form in (printed, print_text(document, generic=True)):
        assert print_text(read(form)) == printed
    run_passes(document, parse_passes("solve-synapses"))
    verify(document)
    solved = print_text(document)
    assert "step.synapse @junction {\n" in solved
    assert "let difference = pre.v - post.v yield share * weight * difference }" in solved
    assert print_text(read(solved)) == solved


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("reads v : mV\ncouple weight", "a coupling is a current; found uS, expected nA"),
        ("couple weight * 1.0 [mV]", "'reads' is missing"),
        ("reads v : mV\non pre { deliver weight }", "a 'couple', which is missing"),
        (
            "reads v : mV\ncouple weight * pre.v\ncouple weight * post.v",
            "'couple' stands twice",
        ),
        (
            "reads v : mV\nstate x : 1 = 0.0 per edge\ncouple weight * pre.v * x",
            "'state' has no place in a synapse that couples in every step",
        ),
        (
            "reads v : mV\ncouple weight * pre.v\non pre { deliver 1.0 [weight] }",
            "'on' has no place in a synapse that couples",
        ),
        ("reads v : mV\ncouple weight * pre.v * uniform(noise)", "has no random draws"),
        ("reads v : mV\nreads v : mV\ncouple weight * pre.v", "'pre.v' is declared twice"),
    ],
)
def test_couplings_that_are_refused(text, message):
    with pytest.raises(ModelError, match=message):
        read(f"syn.model @junction {{\n{text}\n}}")


def two_cells(cell, dt, g=0.02, **values):
    sim.setup(timestep=dt)
    cells = sim.Population(2, cell(**values), initial_values={"v": [-60.0, -70.0]})
    sim.Projection(cells[:1], cells[1:], sim.AllToAllConnector(), sim.ElectricalSynapse(weight=g))
    cells.record("v")
    sim.run(40.0)
    signal = cells.get_data().segments[0].filter(name="v")[0]
    return np.arange(len(signal)) * dt, signal.magnitude


def test_two_leaky_cells_have_the_analytic_solution_to_first_order():
    misses = []
    for dt in (0.1, 0.05):
        t, v = two_cells(sim.IF_cond_exp, dt)
        # The mean does not feel the junction; the difference decays with 1/tau_m + 2 g/cm.
        assert np.allclose(v.mean(axis=1), -65.0, atol=1e-9)
        exact = 10.0 * np.exp(-t * (1 / 20.0 + 2 * 0.02 / 1.0))
        misses.append(abs(v[:, 0] - v[:, 1] - exact).max())
    assert misses[0] < 0.01
    assert misses[0] / misses[1] == pytest.approx(2.0, rel=0.02)


def hodgkin_huxley(t, y, g, i_offset):
    """Return the derivatives of two cells of Traub and Miles (1991) with a junction."""
    v, m, h, n = y.reshape(4, 2)
    u = v + 63.0
    a_m = 0.32 * (13.0 - u) / np.expm1((13.0 - u) / 4.0)
    b_m = 0.28 * (u - 40.0) / np.expm1((u - 40.0) / 5.0)
    a_h, b_h = 0.128 * np.exp((17.0 - u) / 18.0), 4.0 / (1.0 + np.exp((40.0 - u) / 5.0))
    a_n = 0.032 * (15.0 - u) / np.expm1((15.0 - u) / 5.0)
    b_n = 0.5 * np.exp((10.0 - u) / 40.0)
    current = 20.0 * m**3 * h * (50.0 - v) + 6.0 * n**4 * (-90.0 - v) + 0.01 * (-65.0 - v)
    current += i_offset + g * (v[::-1] - v)
    return np.concatenate(
        [
            current / 0.2,
            a_m * (1 - m) - b_m * m,
            a_h * (1 - h) - b_h * h,
            a_n * (1 - n) - b_n * n,
        ]
    )


def test_a_junction_carries_spikes_as_an_independent_solution_says():
    offset = np.array([0.3, 0.0])
    t, v = two_cells(sim.HH_cond_exp, 0.01, g=0.05, i_offset=offset.tolist())
    start = np.array([-60.0, -70.0, 0.0, 0.0, 1.0, 1.0, 0.0, 0.0])
    found = solve_ivp(
        hodgkin_huxley, (0.0, 40.0), start, "LSODA", t, args=(0.05, offset), rtol=1e-9, atol=1e-9
    )
    for cell in (0, 1):
        ours, exact = (
            t[1:][(x[1:] >= -20.0) & (x[:-1] < -20.0)] for x in (v[:, cell], found.y[cell])
        )
        # The cell without a current of its own fires through the junction alone.
        assert ours.size == exact.size > 0
        assert abs(ours - exact).max() < 0.1


def network(threads, precision="f64"):
    sim.setup(threads=threads, precision=precision, seed=2)
    cells = sim.Population(20, sim.IF_cond_exp(i_offset=np.linspace(0.0, 1.5, 20)))
    others = sim.Population(7, sim.IF_curr_exp(i_offset=0.9))
    cells[3:5].inject(sim.DCSource(amplitude=0.5, start=5.0, stop=20.0))
    weight = RandomDistribution("uniform", (0.005, 0.02), rng=NumpyRNG(3))
    within = sim.Projection(
        cells,
        cells,
        sim.FixedProbabilityConnector(0.3, allow_self_connections=False),
        sim.ElectricalSynapse(weight=weight),
    )
    sim.Projection(cells[:10], others, sim.AllToAllConnector(), sim.ElectricalSynapse(weight=0.01))
    sim.Projection(cells, others, sim.AllToAllConnector(), sim.StaticSynapse(weight=0.05, delay=2))
    (cells + others).record("v")
    return cells, others, within


def signals(*groups):
    return [g.get_data().segments[-1].filter(name="v")[0].magnitude.copy() for g in groups]


@pytest.mark.parametrize("precision", ["f64", "f32"])
def test_any_number_of_threads_gives_the_same_bits(precision):
    results = []
    for threads in (1, 2):
        cells, others, _ = network(threads, precision)
        sim.run(30.0)
        results.append(signals(cells, others))
    assert all(np.array_equal(a, b) for a, b in zip(*results, strict=True))
    # Sources and couplings add up: cells 3 and 4 fire only while the source is on.
    assert results[0][0][100:200, 3].max() > results[0][0][20:50, 3].max()


def test_conductances_can_be_read_and_changed_and_reset():
    cells, others, within = network(1)
    given = np.array(within.get("weight", "list", with_address=False))
    assert (given >= 0.005).all() and (given <= 0.02).all()
    sim.run(10.0)
    first = signals(cells, others)
    within.set(weight=0.5)
    sim.reset()
    sim.run(10.0)
    tight = signals(cells)[0]
    assert np.ptp(tight[-1]) < 0.5 * np.ptp(first[0][-1])
    within.set(weight=given)
    sim.reset()
    sim.run(10.0)
    assert all(np.array_equal(a, b) for a, b in zip(first, signals(cells, others), strict=True))


def test_parts_of_a_run_are_the_whole_run_even_when_the_network_grows():
    cells, others, _ = network(1)
    sim.run(20.0)
    whole = signals(cells, others)
    cells, others, _ = network(1)
    sim.run(7.3)
    sim.Population(2, sim.IF_curr_exp())
    sim.run(12.7)
    assert all(np.array_equal(a, b) for a, b in zip(whole, signals(cells, others), strict=True))


def test_pynns_names_and_errors():
    sim.setup()
    cells = sim.Population(2, sim.HH_cond_exp())
    place = "source_section.gap"
    made = sim.Projection(
        cells[:1],
        cells[1:],
        sim.AllToAllConnector(),
        sim.ElectricalSynapse(weight=0.1),
        source=place,
        receptor_type=place,
    )
    assert made.receptor_type == place and made.get("weight", "list") == [(0, 0, 0.1)]
    with pytest.raises(errors.NonExistentParameterError, match="delay"):
        made.get("delay", "list")
    with pytest.raises(errors.NonExistentParameterError, match="no parameter 'delay'"):
        sim.ElectricalSynapse(weight=0.1, delay=1.0)
    connector, synapse = sim.AllToAllConnector(), sim.ElectricalSynapse(weight=0.1)
    with pytest.raises(errors.ConnectionError, match="no receptor 'excitatory'"):
        sim.Projection(cells, cells, connector, synapse, receptor_type="excitatory")
    with pytest.raises(errors.ConnectionError, match="take no current"):
        sim.Projection(sim.Population(2, sim.SpikeSourcePoisson()), cells, connector, synapse)
    with pytest.raises(errors.ConnectionError, match="positive or zero"):
        sim.Projection(cells, cells, connector, sim.ElectricalSynapse(weight=-0.1))


def test_cells_fire_with_those_they_are_joined_to_and_no_others():
    # PyNN's own test of gap junctions, which it skips: pyNN.neuron crashes on it.
    sim.setup()
    before, after = (sim.Population(4, sim.HH_cond_exp()) for _ in range(2))
    joined = [[0, 0, 1.0], [0, 1, 1.0], [2, 2, 1.0], [3, 2, 1.0]]
    connector = sim.FromListConnector(np.array(joined), column_names=["weight"])
    place = "source_section.gap"
    synapse = sim.ElectricalSynapse(weight=1.0)
    sim.Projection(before, after, connector, synapse, source=place, receptor_type=place)
    current = sim.StepCurrentSource(amplitudes=[3.0], times=[50.0])
    before[0:1].inject(current)
    after[2:3].inject(current)
    (before + after).record("v")
    sim.run(70.0)
    late = [group[400:].max(axis=0) - group[400:].min(axis=0) for group in signals(before, after)]
    assert (late[0] > 50.0).tolist() == [True, False, True, True]
    assert (late[1] > 50.0).tolist() == [True, True, True, False]


ONE_WAY = """syn.model @graded {
  reads post v : mV
  reads pre s : 1
  couple into post weight * pre.s * (0.0 [mV] - post.v)
}
"""


def test_a_coupling_may_act_one_way_and_read_other_states_before_and_after_it():
    assert ONE_WAY.splitlines()[1:] == [
        line[2:] for line in print_text(parse(ONE_WAY, "graded")).splitlines()[2:-1]
    ]
    for old, new, message in (
        ("into post ", "", "'v' is read on one side; expected 'couple into post'"),
        ("pre.s", "post.s", "unknown name 'post.s'"),
        ("reads pre s : 1\n", "", "unknown"),
    ):
        with pytest.raises(SnncError, match=message):
            verify(parse(ONE_WAY.replace(old, new), "graded"))


def test_a_coupling_needs_its_port_and_its_states():
    sim.setup()
    cells = sim.Population(2, sim.IF_curr_exp())
    sim.Projection(cells, cells, sim.AllToAllConnector(), sim.ElectricalSynapse(weight=0.1))
    text = print_text(sim.document())
    for old, new, message in (
        ("reads v : mV", "reads u : mV", "reads 'u', which 'IF_curr_exp' lacks"),
        ("reads v : mV", "reads isyn_exc : mV", "has it in nA"),
        ('"injected"', '"excitatory"', "couples through the port 'excitatory'"),
    ):
        assert old in text
        changed = text.replace(old, new)
        if new.startswith("reads"):
            state = new.split()[1]
            changed = changed.replace("pre.v", f"pre.{state}").replace("post.v", f"post.{state}")
        with pytest.raises(SnncError, match=message):
            verify(parse(changed, "network.mlir"))
