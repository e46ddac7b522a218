from pathlib import Path

import numpy as np
import pytest
from changed_files import altered, refuses

import snnc
import snnc.pynn as sim
from snnc.compiler import document_of
from snnc.ir.context import context
from snnc.ir.diagnostics import ModelError, UnsupportedError
from snnc.nineml.network import read_network
from snnc.passes.reseed import ReseedPass

DATA = Path(__file__).parent / "data" / "nineml"
THREE = {"AMPA": "coba_syn.xml", "NMDA": "nmda_syn.xml", "GABAA": "coba_syn.xml"}


def iaf_3coba():
    responses = {name: DATA / file for name, file in THREE.items()}
    return sim.nineml_cell_type("iaf_3coba", DATA / "iaf.xml", **responses)


def test_a_composition_has_the_receptors_and_parameters_of_its_parts():
    cell = iaf_3coba()
    assert cell.receptor_types == ["AMPA", "NMDA", "GABAA"]
    assert cell.default_parameters["iaf.cm"] == 1.0
    assert cell.default_parameters["AMPA.tau"] == 5.0
    assert cell.units["NMDA.taud"] == "ms"
    assert "iaf.V" in cell.recordable
    assert cell.conductance_based


def run_one(cell, receptor, voltage, weight, times):
    sim.setup(timestep=0.1)
    cells = sim.Population(1, cell)
    source = sim.Population(1, sim.SpikeSourceArray(spike_times=times))
    synapse = sim.StaticSynapse(weight=weight, delay=1.0)
    sim.Projection(source, cells, sim.AllToAllConnector(), synapse, receptor_type=receptor)
    cells.record(["spikes", voltage])
    sim.run(100.0)
    segment = cells.get_data().segments[0]
    return segment.spiketrains[0].magnitude, segment.filter(name=voltage)[0].magnitude[:, 0]


def test_a_composition_does_what_the_standard_cell_with_its_equations_does():
    times = [5.0, 20.0, 21.0, 22.0, 50.0]
    composed = iaf_3coba()(**{"GABAA.vrev": -70.0})
    standard = sim.IF_cond_exp(
        cm=1.0, tau_m=20.0, v_rest=-65.0, v_thresh=-50.0, v_reset=-65.0, tau_refrac=2.0,
        tau_syn_E=5.0, tau_syn_I=5.0, e_rev_E=0.0, e_rev_I=-70.0,
    )  # fmt: skip
    for receptor, other, weight in (("AMPA", "excitatory", 0.08), ("GABAA", "inhibitory", 0.05)):
        spikes, v = run_one(composed, receptor, "iaf.V", weight, times)
        expected_spikes, expected_v = run_one(standard, other, "v", weight, times)
        assert spikes.tolist() == expected_spikes.tolist()
        # With NMDA the potential is no longer linear in itself: Runge-Kutta instead of midpoints.
        np.testing.assert_allclose(v, expected_v, atol=1e-3)


def test_a_voltage_dependent_conductance_follows_its_equations():
    from scipy.integrate import solve_ivp

    _, v = run_one(iaf_3coba()(), "NMDA", "iaf.V", 0.05, [10.0])

    def slope(t, y):
        since = t - 11.0
        g = 0.05 * (np.exp(-since / 80.0) - np.exp(-since / 2.0)) if since > 0 else 0.0
        g /= 1 + 0.28 * np.exp(-y[0] / 16.13)
        return [(0.05 * (-65.0 - y[0]) + g * (0.0 - y[0])) / 1.0]

    t = np.arange(0, 100.05, 0.1)
    kinks = solve_ivp(slope, (0, 100), [-65.0], t_eval=t, rtol=1e-9, atol=1e-9, max_step=0.5)
    assert v.max() > -64.0
    # The arrival takes effect at the step's end; the solver's order is 2.
    assert np.abs(v - kinks.y[0]).max() < 0.01


def test_a_network_file_runs_and_shares_equal_linear_responses():
    document = read_network(DATA / "network.xml")
    net = snnc.compile(document)
    net.run(200.0)
    times, senders = net.simulation.spikes("cells")
    assert times.size > 100 and len(set(senders)) > 50
    text = net.ir()
    assert text.count("receptor syn : uS") == 1 and "syn_2" not in text
    assert "after taurefrac" in text
    assert "emit poisson" in text
    edges = net.simulation.edges("drive")
    assert np.bincount(edges.post, minlength=100).tolist() == [10] * 100


def test_the_command_takes_a_file(capsys):
    from click.testing import CliRunner

    from snnc.cli import main

    done = CliRunner().invoke(main, ["run", str(DATA / "network.xml"), "--ms", "20"])
    assert done.exit_code == 0, done.output
    assert "cells: " in done.output


def test_a_component_alone_is_one_recorded_cell():
    net = snnc.compile(DATA / "iaf.xml")
    net.run(1.0)
    assert net.simulation.recorded("iaf_values").keys() == {"spikes", "V"}


def test_a_class_without_values_gets_some_with_a_warning(tmp_path):
    file = altered(DATA / "iaf.xml", tmp_path, [])
    text = file.read_text()
    start, end = text.index("<Component name"), text.index("</Component>") + len("</Component>")
    file.write_text(text[:start] + text[end:])
    with pytest.warns(UserWarning, match="have no values; taken: cm = 1 nF, gl = 2 uS"):
        read_network(file)


@pytest.mark.parametrize(
    ("name", "old", "new", "message"),
    [
        ("iaf.xml", "9ML/1.0", "9ML/2.0", "no NineML 1.0"),
        ("iaf.xml", "gl*(vrest", "gll*(vrest", "unknown name 'gll'; did you mean 'gl'"),
        ("iaf.xml", "gl*(vrest - V)", "ileak*2", "aliases depend on each other: ileak -> ileak"),
        ("iaf.xml", "(ileak + isyn)/cm", "ileak + V", "units do not fit"),
        ("iaf.xml", "(ileak + isyn)/cm", "(ileak + isyn", r"\)' expected"),
        ("iaf.xml", '"refractory">', '"resting">', "unknown regime 'resting'"),
        ("iaf.xml", "<Dynamics>", "<Dynamic>", "malformed XML"),
        ("iaf.xml", "<Regime ", "<Rules/><Regime ", "<Rules> in <Dynamics> is unknown"),
        ("iaf.xml", 'units="nF"', 'units="mV"', r"'cm' has the wrong unit; found mV, expected nF"),
        ("iaf.xml", 'units="nF"', 'units="farad"', "unknown unit 'farad'"),
        ("iaf.xml", ">0.05<", ">a lot<", "found 'a lot', expected a number"),
        ("network.xml", "<Size>20</Size>", "<Size>many</Size>", "found 'many', expected an int"),
        ("network.xml", "RandomFanIn", "RandomWalk", "unknown connection rule 'RandomWalk'"),
        ("network.xml", "distributions/uniform", "distributions/pareto", "unknown distribution"),
        ("network.xml", ">noise</Reference>", ">nois</Reference>", "unknown population 'nois'"),
        ("network.xml", 'url="iaf.xml"', 'url="http://a/iaf.xml"', "expected a path beside"),
        ("network.xml", 'url="iaf.xml"', 'url="none.xml"', "no such file"),
        ("network.xml", ">iaf_values<", ">iaf_value<", "did you mean 'iaf_values'"),
        ("network.xml", 'receive_port="isyn"', 'receive_port="I"', "'iaf' has no port 'I'"),
        ("network.xml", "<Definition>Poisson<", "<Definition>FanIn<", "'noise_cell' is no cell"),
    ],
)  # fmt: skip
def test_wrong_files_are_refused_with_their_place(tmp_path, name, old, new, message):
    refuses(read_network, altered(DATA / name, tmp_path, [(old, new)]), message)


def test_changing_weights_are_refused_by_name(tmp_path):
    plastic = (
        '<Regime name="sole"><OnEvent port="spike"/></Regime>',
        '<EventReceivePort name="spike"/>',
    )
    file = altered(DATA / "network.xml", tmp_path, [
        ('<AnalogSendPort name="weight"', f'{plastic[1]}<AnalogSendPort name="weight"'),
        ('<Regime name="sole"/>', plastic[0]),
    ])  # fmt: skip
    with pytest.raises(UnsupportedError, match="plasticity 'strength' is not one constant weight"):
        read_network(file)


def test_a_component_that_is_its_own_prototype_is_refused(tmp_path):
    file = altered(DATA / "iaf.xml", tmp_path, [("<Definition>iaf<", "<Definition>iaf_values<")])
    with pytest.raises(ModelError, match="'iaf_values' is defined by itself"):
        read_network(file)


def test_responses_that_fit_nowhere_are_refused():
    with pytest.raises(ModelError, match="port 'V' fits 0 ports of 'CobaSyn'"):
        sim.nineml_cell_type("odd", DATA / "coba_syn.xml", AMPA=DATA / "coba_syn.xml")
    with pytest.raises(ModelError, match="'iaf' sends nothing that 'iaf' sums"):
        sim.nineml_cell_type("odd", DATA / "iaf.xml", other=DATA / "iaf.xml")


def rates_over_seeds(document):
    """Return the rate in Hz of the excitatory and inhibitory cells for each of ten seeds."""
    rates = []
    for _ in range(10):
        ReseedPass().apply(context(), document.module)
        net = snnc.compile(document)
        net.run(400.0)
        spikes = [net.simulation.spikes(name)[0] for name in ("excitatory", "inhibitory")]
        rates.append([t[t > 100.0].size / n / 0.3 for t, n in zip(spikes, (400, 100), strict=True)])
    return np.array(rates)


def brunel_in_pynn():
    """Build the network of ``brunel.xml`` with standard cells; return its document."""
    sim.setup(timestep=0.1)
    cell = sim.IF_curr_exp(
        cm=0.25, tau_m=20.0, v_rest=0.0, v_reset=10.0, v_thresh=20.0, tau_refrac=2.0,
        tau_syn_E=0.5, tau_syn_I=0.5,
    )  # fmt: skip
    exc, inh = (
        sim.Population(n, cell, initial_values={"v": 0.0}, label=label)
        for n, label in ((400, "excitatory"), (100, "inhibitory"))
    )
    drive = sim.Population(500, sim.SpikeSourcePoisson(rate=5000.0))
    for source, rule, weight, receptor in (
        (exc, sim.FixedNumberPreConnector(40), 0.15, "excitatory"),
        (inh, sim.FixedNumberPreConnector(10), -0.75, "inhibitory"),
        (drive, sim.OneToOneConnector(), 0.15, "excitatory"),
    ):
        synapse = sim.StaticSynapse(weight=weight, delay=1.5)
        sim.Projection(source, exc + inh, rule, synapse, receptor_type=receptor)
    (exc + inh).record("spikes")
    return document_of(sim)


def test_a_balanced_network_fires_as_in_pynn_within_the_spread_of_seeds():
    ours = rates_over_seeds(read_network(DATA / "brunel.xml"))
    theirs = rates_over_seeds(brunel_in_pynn())
    assert 10.0 < theirs.mean() < 100.0
    spread = np.sqrt((ours.var(axis=0, ddof=1) + theirs.var(axis=0, ddof=1)) / 2)
    # Three standard errors of a difference of means of ten.
    assert (np.abs(ours.mean(axis=0) - theirs.mean(axis=0)) < 3.0 * np.sqrt(2 / 10) * spread).all()
    assert (spread < 0.1 * theirs.mean()).all()
