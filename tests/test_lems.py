import re
import tempfile
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import snnc
import snnc.pynn as sim
from snnc.ir.diagnostics import MissingDependencyError, ModelError, SnncError, UnsupportedError
from snnc.lems import core_types
from snnc.lems.network import read_network

DATA = Path(__file__).parent / "data" / "neuroml"
NEUROML = pytest.mark.skipif(
    find_spec("pyneuroml") is None, reason="NeuroML's core types come with pyNeuroML"
)


def spikes(net, population):
    times, cells = net.simulation.spikes(population)
    return [times[cells == cell].tolist() for cell in range(cells.max(initial=-1) + 1)]


def trace(net, population, variable):
    found = net.simulation.trace(population, variable)
    return found.start + found.interval * np.arange(len(found.values)), found.values


def test_component_types_of_a_files_own_run():
    net = snnc.compile(DATA / "own.xml")
    net.run(50.0)
    text = net.ir()
    assert "after rest" in text and "last" not in text  # A timer.
    assert "dt = 0.1" in text
    assert text.count("param ") == 6 and "heat" not in text  # What no equation reads is left out.
    assert net.simulation.recorded("cells").keys() == {"spikes", "v", "n"}
    # Each cell is driven by the same clocks, so they count the same spikes.
    one, two = spikes(net, "cells")
    assert one == two and len(one) > 2
    assert trace(net, "cells", "n")[1][-1, 0] in (len(one), len(one) - 1)
    assert np.diff(one).min() >= 5.0


def test_random_values_at_the_start_differ_from_cell_to_cell():
    net = snnc.compile(DATA / "own.xml")
    net.run(30.0)
    first = [times[0] for times in spikes(net, "clocks")]
    assert len(set(first)) == 3 and all(0.0 < t <= 10.1 for t in first)
    assert np.allclose(np.diff(spikes(net, "clocks")[0]), 10.0, atol=0.1)


@NEUROML
def test_a_network_has_its_synapses_inputs_delays_and_weights():
    document = read_network(DATA / "network.nml")
    net = snnc.compile(document)
    net.run(100.0)
    edges = net.simulation.edges("projection_0")
    assert edges.post.tolist() == [1, 2]
    values = document.resources
    assert values["projection_0.weight"].tolist() == pytest.approx([0.08, 0.04])
    assert values["projection_0.delay"].tolist() == pytest.approx([0.025, 3.0])
    assert values["cells.positions"].tolist() == [[0, 3, 6], [1, 4, 7], [2, 5, 8]]
    pulsed, driven = spikes(net, "cells")[:2]
    # Charging with 20 ms from -65 towards -45 mV passes -50 mV after 27.7 ms; 2 ms are refractory.
    crossing = 20.0 * np.log(4.0)
    assert pulsed == pytest.approx([10 + crossing, 12 + 2 * crossing], abs=0.05)
    assert len(driven) == 1


@NEUROML
def test_a_simulation_gives_the_step_and_what_is_recorded():
    net = snnc.compile(DATA / "LEMS_run.xml")
    net.run(10.0)
    assert net.simulation.recorded("cells")["v"].tolist() == [1]
    assert trace(net, "cells", "v")[0][1] == 0.05


@NEUROML
def test_a_cell_type_does_what_the_standard_cell_with_its_equations_does():
    imported = sim.lems_cell_type(DATA / "cells.nml", "iaf", excitatory="ampa", slow="slow")
    assert imported.receptor_types == ["excitatory", "slow"]
    assert imported.units["excitatory.tauDecay"] == "ms"
    standard = sim.IF_cond_exp(
        cm=1.0, tau_m=20.0, v_rest=-65.0, v_thresh=-50.0, v_reset=-65.0, tau_refrac=2.0,
        tau_syn_E=5.0, e_rev_E=0.0,
    )  # fmt: skip
    found = []
    for cell in (imported(), standard):
        sim.setup(timestep=0.1)
        cells = sim.Population(1, cell)
        source = sim.Population(1, sim.SpikeSourceArray(spike_times=[5.0, 8.0, 9.0, 30.0]))
        synapse = sim.StaticSynapse(weight=0.06, delay=1.0)
        sim.Projection(source, cells, sim.AllToAllConnector(), synapse, receptor_type="excitatory")
        cells.record(["spikes", "v"])
        sim.run(60.0)
        segment = cells.get_data().segments[0]
        found.append((segment.spiketrains[0].magnitude, segment.filter(name="v")[0].magnitude))
    assert found[0][0].tolist() == found[1][0].tolist() != []
    np.testing.assert_allclose(found[0][1], found[1][1], atol=1e-9)


HH_CURRENT = 0.15e-9 / (4 * np.pi * 10e-4**2) * 1e6
"""In uA/cm2, on the ball of 20 um in ``hh.nml``."""
HH_START = [-65.0, 0.052932, 0.596121, 0.317677]


def hh_slopes(t, y, seen=None):
    """Return the slopes of v and the gates of ``hh.nml``, whose rates see the potential `seen`."""
    v, m, h, n = y
    u = v if seen is None else seen
    alpha = [0.1 * (u + 40) / -np.expm1(-(u + 40) / 10), 0.07 * np.exp(-(u + 65) / 20),
             0.01 * (u + 55) / -np.expm1(-(u + 55) / 10)]  # fmt: skip
    beta = [4 * np.exp(-(u + 65) / 18), 1 / (1 + np.exp(-(u + 35) / 10)),
            0.125 * np.exp(-(u + 65) / 80)]  # fmt: skip
    gates = [a * (1 - x) - b * x for a, b, x in zip(alpha, beta, (m, h, n), strict=True)]
    ionic = 120 * m**3 * h * (50 - v) + 36 * n**4 * (-77 - v) + 0.3 * (-54.3 - v)
    return [ionic + HH_CURRENT * (5.0 <= t < 45.0), *gates]


@NEUROML
def test_channels_of_one_compartment_follow_hodgkin_and_huxley():
    from scipy.integrate import solve_ivp

    net = snnc.compile(DATA / "hh.nml")
    assert "ionChannel" not in net.ir() and "resistivity" not in net.ir()
    net.run(50.0)
    (found,) = spikes(net, "pop")

    def crosses(t, y):
        return y[0]

    crosses.direction = 1
    solved = solve_ivp(
        hh_slopes, (0, 50), HH_START, events=crosses, rtol=1e-8, atol=1e-10, max_step=0.1,
        method="LSODA",
    )  # fmt: skip
    # The file's gates have 1/(1 - exp(-x)) with a rate in 1/ms, ten times 0.1 per mV.
    assert found == pytest.approx(solved.t_events[0].tolist(), abs=0.05)


@NEUROML
def test_euler_steps_are_those_of_jlems():
    """Rates of gates see the potential of two steps before, as their channels keep it."""
    net = snnc.compile(DATA / "hh.nml", solver="euler")
    net.simulation.record("pop", ["v"])
    net.run(20.0)
    found, dt = net.simulation.trace("pop", "v").values[:, 0], net.simulation.dt
    y, v = np.array(HH_START), [HH_START[0]]
    for step in range(found.size - 1):
        y = y + dt * np.array(hh_slopes(step * dt + 1e-9, y, v[max(step - 2, 0)]))
        v.append(y[0])
    assert max(v) > 20.0
    # The start of the gates is given to six digits.
    np.testing.assert_allclose(found, v, atol=1e-3)


@NEUROML
def test_cells_with_exponential_conductances_match_a_native_model():
    pytest.importorskip("nest", reason="the target nest needs NEST")
    net = snnc.compile(DATA / "network.nml", "nest")
    assert re.search(r'native.match @iaf of "nest" as "iaf_cond_exp"', net.ir("match-native"))


@NEUROML
@pytest.mark.parametrize(
    ("cell", "receptors", "expected"),
    [
        ("iaf", {"alpha": "alpha"}, "iaf_psc_alpha"),
        ("iaf", {}, "iaf_psc_delta"),
        ("eager", {"ampa": "ampa"}, "iaf_cond_exp"),
        ("eager", {}, "iaf_psc_delta"),
    ],
)
def test_integrate_and_fire_cells_run_as_nests_own(cell, receptors, expected, tmp_path):
    """Those without a refractory time are NEST's with one of 0."""
    pytest.importorskip("nest", reason="the target nest needs NEST")
    eager = (
        '<iafCell id="eager" leakReversal="-65mV" thresh="-50mV" reset="-65mV" C="1nF"'
        ' leakConductance="50nS"/></neuroml>'
    )
    file = altered(tmp_path, "cells.nml", [("</neuroml>", eager)])
    sim.setup(timestep=0.1)
    cells = sim.Population(2, sim.lems_cell_type(file, cell, **receptors)())
    sim.DCSource(amplitude=1.2, start=5.0).inject_into(cells)
    cells.record("spikes")
    nets = [snnc.compile(sim, target) for target in ("cpu", "nest")]
    assert f'as "{expected}"' in nets[1].ir("match-native")
    for net in nets:
        net.run(200.0)
    ours, theirs = (net.simulation.spikes(cells.label)[0] for net in nets)
    assert ours.size >= 8
    np.testing.assert_allclose(theirs, ours, rtol=0, atol=0.1 if receptors else 1e-9)


def altered(folder, name, changes):
    for file in DATA.iterdir():
        (folder / file.name).write_text(file.read_text())
    text = (folder / name).read_text()
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    (folder / name).write_text(text)
    return folder / name


@NEUROML
def test_an_input_that_fires_has_a_source_of_its_own(tmp_path):
    file = altered(tmp_path, "network.nml", [('input="pulse"', 'input="noise"')])
    net = snnc.compile(file)
    net.run(200.0)
    assert "rate = 1000.0" in net.ir()
    assert len(spikes(net, "cells")[0]) > 3


@NEUROML
def test_gap_junctions_join_cells(tmp_path):
    junction = (
        '<electricalProjection id="gap" presynapticPopulation="cells" '
        'postsynapticPopulation="cells"><electricalConnectionInstance id="0" '
        'preCell="../cells/4/iaf" postCell="../cells/5/iaf" synapse="gj"/></electricalProjection>'
    )
    file = altered(tmp_path, "network.nml", [
        ('<network id="net">', '<gapJunction id="gj" conductance="20nS"/><network id="net">'),
        ("<explicitInput", junction + "<explicitInput"),
    ])  # fmt: skip
    net = snnc.compile(file)
    net.run(30.0)
    assert "@ElectricalSynapse" in net.ir()


@pytest.mark.parametrize(
    ("name", "old", "new", "message"),
    [
        ("own.xml", "slope * MVOLT + all", "slop * MVOLT + all", "unknown name 'slop' in 'ramp'"),
        ("own.xml", "threshold / 4", "threshold / slope", "wrong unit; found mV\\*ms"),
        ("own.xml", "slope * MVOLT + all", "slope + all", "units do not fit in"),
        ("own.xml", "v + jump", "v + (jump", r"'\)' expected"),
        ("own.xml", 'regime="resting"', 'regime="sleeping"', "unknown regime 'sleeping'"),
        ("own.xml", 'threshold="20mV"', 'threshold="20ms"', "wrong unit; found '20ms'"),
        ("own.xml", 'threshold="20mV"', 'threshold="20 volts"', "unknown unit 'volts'"),
        ("own.xml", 'threshold="20mV"', 'threshold="high"', "malformed quantity; found 'high'"),
        ("own.xml", ' threshold="20mV"', "", "lacks its parameter 'threshold'"),
        ("own.xml", 'extends="Rate"', 'extends="FastRate"', "'FastRate' extends itself"),
        ("own.xml", 'extends="Rate"', 'extends="Rates"', "unknown component type 'Rates'; did"),
        ("own.xml", "<FastRate/>", "<Slow/>", "unknown component type 'Slow'"),
        ("own.xml", "<FastRate/>", '<ticks period="1ms"/>', "has no place in a 'ramp'"),
        ("own.xml", "rates[*]/r", "rates[/r", r"malformed path 'rates\[/r'"),
        ("own.xml", "rates[*]/r", "rates[*]/q", "unknown name 'q'"),
        ("own.xml", 'reduce="add"', "", "selects 2 components in 'cell'; expected one"),
        ("own.xml", 'reduce="add"', 'reduce="max"', "expected add or multiply"),
        ("own.xml", "<OnStart>", "<OnStop/><OnStart>", "<OnStop> in <Dynamics> is unknown"),
        ("own.xml", 'component="cell" size="2"', 'component="sell" size="2"', "did you mean 'cell"),
        ("own.xml", 'size="2"', 'size="2.5"', "size of 'cells' is no whole number"),
        ("own.xml", 'source="clocks"', 'source="clock"', "unknown population 'clock'"),
        ("own.xml", "cells[1]/n", "cell[1]/n", "no cell at 'cell"),
        ("own.xml", "cells[1]/n", "cells[7]/n", "has 2 cells; found '7'"),
        ("own.xml", 'target="net"', 'target="nets"', "unknown component 'nets'"),
        ("own.xml", 'value="v + jump"', 'value="v * jump"', "wrong unit; found mV\\*mV"),
        ("own.xml", "rate * v / (v + half)", "r * v / half", "depend on each other: "),
        ("own.xml", 'EventOut port="out"', 'EventOut port="in"', "no event port 'in'"),
        ("own.xml", "MultiInstantiate", "Gather", "makes instances by <Gather>|malformed XML"),
    ],
)  # fmt: skip
def test_wrong_files_are_refused_with_their_place(tmp_path, name, old, new, message):
    with pytest.raises(SnncError, match=message) as raised:
        read_network(altered(tmp_path, name, [(old, new)]))
    assert re.search(r"\.xml:\d+", str(raised.value))


@NEUROML
@pytest.mark.parametrize(
    ("name", "old", "new", "message"),
    [
        ("network.nml", 'href="cells.nml"', 'href="http://a/b.nml"', "expected a path beside"),
        ("network.nml", 'href="cells.nml"', 'href="none.nml"', "no such file 'none.nml'"),
        ("network.nml", 'synapse="ampa">', 'synapse="gaba">', "unknown component 'gaba'"),
        ("network.nml", "../cells/5/iaf", "../cells/9/iaf", "has 3 cells; found '9'"),
        ("network.nml", 'synapse="ampa">', 'synapse="iaf">', "takes no 'iafRefCell' as attach"),
        ("hh.nml", 'ionChannel="na"', 'ionChannel="ca"', "unknown component 'ca'"),
        ("hh.nml", "</segment>", '</segment><segment id="1"/>', "has 2 segments; expected one"),
    ],
)
def test_wrong_neuroml_is_refused_with_its_place(tmp_path, name, old, new, message):
    with pytest.raises(SnncError, match=message) as raised:
        read_network(altered(tmp_path, name, [(old, new)]))
    assert re.search(r"\.nml:\d+", str(raised.value))


def test_hostile_files_are_refused(tmp_path):
    bomb = '<!DOCTYPE Lems [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><Lems>&b;</Lems>'
    circle = (
        '<Lems><Target component="a"/><ComponentType name="A"><ComponentReference name="of" '
        'type="A"/><Structure><ChildInstance component="of"/></Structure></ComponentType>'
        '<A id="a" of="a"/></Lems>'
    )
    extends = '<Lems><Target component="a"/><ComponentType name="A"/><A id="a" extends="a"/></Lems>'
    for text, message in (
        (bomb, "document types and entities are not allowed"),
        (circle, "component 'a' contains itself"),
        (extends, "component 'a' extends itself"),
        ("<Lems><Include file='../../etc/x.xml'/></Lems>", "no such file"),
        ("<Lems>", "malformed XML"),
        ("<Lems/>", "no simulation, network or cell"),
    ):
        file = tmp_path / "hostile.xml"
        file.write_text(text)
        with pytest.raises(ModelError, match=message):
            read_network(file)


@given(st.data())
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_whatever_is_changed_in_a_file_it_imports_or_is_refused_with_its_place(data):
    from lxml import etree

    root = etree.parse(DATA / "own.xml").getroot()
    elements = [e for e in root.iter() if e.getparent() is not None]
    element = data.draw(st.sampled_from(elements), "element")
    if element.attrib and data.draw(st.booleans(), "an attribute"):
        name = data.draw(st.sampled_from(sorted(element.attrib)), "name")
        others = sorted({value for e in elements for value in e.attrib.values()})
        odd = ["", "0", "-1", "1e999", "nan", "t", "../x", "[*]", "((", "1/0", "random(1)"]
        element.set(name, data.draw(st.sampled_from(odd + others), "value"))
    else:
        element.getparent().remove(element)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "changed.xml"
        file.write_bytes(etree.tostring(root))
        try:
            read_network(file)
        except SnncError as error:
            assert error.location is not None


def test_variables_that_depend_on_each_other_too_deeply_are_refused(tmp_path):
    chain = "".join(
        f'<DerivedVariable name="x{n}" dimension="voltage" value="x{n + 1} + v"/>'
        for n in range(2000)
    )
    file = altered(tmp_path, "own.xml", [
        ('<OnEvent port="in">', chain + '<DerivedVariable name="x2000" dimension="voltage" '
         'value="v"/><OnEvent port="in">'),
        ('value="v + jump"', 'value="v + x0"'),
    ])  # fmt: skip
    with pytest.raises(ModelError, match="the equations of 'cell' nest too deeply"):
        read_network(file)


def test_files_that_include_each_other_are_read_once(tmp_path):
    text = (DATA / "own.xml").read_text()
    (tmp_path / "a.xml").write_text(text.replace("<Lems>", '<Lems><Include file="b.xml"/>', 1))
    (tmp_path / "b.xml").write_text('<Lems><Include file="a.xml"/></Lems>')
    assert read_network(tmp_path / "a.xml").module is not None


def test_without_pyneuroml_core_types_are_missing_by_name(monkeypatch):
    core_types._archive.cache_clear()
    core_types.read_core_file.cache_clear()
    monkeypatch.setattr(core_types, "find_spec", lambda name: None)
    with pytest.raises(MissingDependencyError, match=r"pip install 'snnc\[neuroml\]'"):
        read_network(DATA / "network.nml")


@NEUROML
def test_spikes_that_may_not_be_summed_need_a_synapse_each(tmp_path):
    changing = (
        '<ComponentType name="halving" extends="expOneSynapse"><Dynamics>'
        '<StateVariable name="g" dimension="conductance" exposure="g"/>'
        '<DerivedVariable name="i" exposure="i" dimension="current" value="g * (erev - v)"/>'
        '<TimeDerivative variable="g" value="-g / tauDecay"/>'
        '<OnEvent port="in"><StateAssignment variable="g" value="(g + gbase) / 2"/></OnEvent>'
        "</Dynamics></ComponentType>"
    )
    file = altered(tmp_path, "network.nml", [
        ("<include", changing + '<halving id="h" gbase="10nS" erev="0mV" tauDecay="5ms"/><include'),
        ('synapse="ampa">', 'synapse="h">'),
    ])  # fmt: skip
    net = snnc.compile(file)
    net.run(20.0)
    assert "h_arrived > 0.0" in net.ir()
    one = '<connection id="0" preCellId="../sources[0]" postCellId="../cells/5/iaf"/>'
    file.write_text(file.read_text().replace(one, one * 2))
    text = snnc.compile(file).ir()
    assert text.count("receptor h") == 2 and "receptor h_1 : 1" in text


@NEUROML
def test_a_depressing_synapse_follows_tsodyks_and_markram(tmp_path):
    depressing = (
        '<blockingPlasticSynapse id="tm" gbase="1nS" erev="0mV" tauRise="0.1ms" tauDecay="2ms">'
        '<plasticityMechanism type="tsodyksMarkramDepMechanism" initReleaseProb="0.5" '
        'tauRec="100 ms"/></blockingPlasticSynapse>'
    )
    file = altered(tmp_path, "network.nml", [
        ("<network id", depressing + "<network id"),
        ('synapse="ampa">', 'synapse="tm">'),
    ])  # fmt: skip
    net = snnc.compile(file)
    net.run(5.1)
    (name,) = (name for name in states(net) if name.endswith(".R"))
    assert net.simulation.state("cells", name)[1] == pytest.approx(0.5, rel=0.01)
    net.run(19.9)
    before = 1 - 0.5 * np.exp(-0.2)
    assert net.simulation.state("cells", name)[1] == pytest.approx(before, rel=1e-3)
    net.run(0.1)
    assert net.simulation.state("cells", name)[1] == pytest.approx(before / 2, rel=0.01)


@NEUROML
def test_a_kinetic_scheme_comes_to_its_equilibrium(tmp_path):
    scheme = (
        '<ionChannelKS id="k" conductance="10pS" species="k"><gateKS id="n" instances="1">'
        '<closedState id="c1"/><openState id="o1"/><vHalfTransition from="c1" to="o1" '
        'vHalf="-60mV" z="2" gamma="0.5" tau="2ms" tauMin="0.1ms"/></gateKS></ionChannelKS>'
        '<ionChannelHH id="k2" conductance="10pS" species="k">'
    )
    file = altered(tmp_path, "hh.nml", [
        ('<ionChannelHH id="k" conductance="10pS" species="k">', scheme),
        ('condDensity="120 mS_per_cm2"', 'condDensity="0 mS_per_cm2"'),
    ])  # fmt: skip
    net = snnc.compile(file)
    net.run(4.9)
    closed, opened = (
        net.simulation.state("pop", next(n for n in states(net) if f".{s}." in n))
        for s in ("c1", "o1")
    )
    assert closed + opened == pytest.approx(1.0)
    net.run(195.0)
    v = net.simulation.state("pop", "v")[0]
    forward = 1 / (2 / np.exp((v + 60) / 25.3) + 0.1)
    backward = 1 / (2 / np.exp(-(v + 60) / 25.3) + 0.1)
    name = next(n for n in states(net) if ".o1." in n)
    share = net.simulation.state("pop", name)[0]
    assert share == pytest.approx(forward / (forward + backward), rel=1e-3)


def states(net):
    return re.findall(r"state (\S+) :", net.ir())


def with_graded(folder, component):
    """Return a network in which cell 4 acts on cell 5 through a graded synapse."""
    declared = f'<silentSynapse id="silent"/>{component}<network id="net">'
    joined = (
        '<continuousProjection id="c" presynapticPopulation="cells" '
        'postsynapticPopulation="cells"><continuousConnectionInstanceW id="0" '
        'preCell="../cells/4/iaf" postCell="../cells/5/iaf" preComponent="silent" '
        'postComponent="graded" weight="2"/></continuousProjection>'
        '<continuousProjection id="alone" presynapticPopulation="cells" '
        'postsynapticPopulation="cells"><continuousConnection id="0" preCell="0" postCell="2" '
        'preComponent="silent" postComponent="silent"/></continuousProjection>'
    )
    return altered(folder, "network.nml", [
        ('<network id="net">', declared), ("<explicitInput", f"{joined}<explicitInput"),
        ('synapse="ampa">', 'synapse="ampa_none">'),
        ("<spikeArray", '<expOneSynapse id="ampa_none" gbase="0nS" erev="0mV" tauDecay="5ms"/>'
         "<spikeArray"),
    ])  # fmt: skip


def potentials(net, ms):
    """Return the potentials of the cells at the end of each step of 0.025 ms."""
    found = []
    for _ in range(round(ms / 0.025)):
        net.run(0.025)
        found.append(net.simulation.state("cells", "v").copy())
    return np.array(found)


@NEUROML
def test_a_linear_graded_synapse_is_half_a_gap_junction(tmp_path):
    component = '<linearGradedSynapse id="graded" conductance="5nS"/>'
    net = snnc.compile(with_graded(tmp_path, component))
    (tmp_path / "without").mkdir()
    without = snnc.compile(with_graded(tmp_path / "without", component.replace("5nS", "0nS")))
    with_it, alone = potentials(net, 20.0), potentials(without, 20.0)
    np.testing.assert_array_equal(with_it[:, 0], alone[:, 0])
    np.testing.assert_array_equal(with_it[:, 2], alone[:, 2])
    capacitance = net.artifact.cells[net.artifact.populations[1].cell]
    assert "C" in {p.name for p in capacitance.parameters}
    c, leak, rest = (
        float(net.simulation.parameters("cells", n))
        for n in ("C", "leakConductance", "leakReversal")
    )
    v = alone[0, 1]
    for driven, found in zip(alone[:-1, 0], with_it[1:, 1], strict=True):
        target = (leak * rest + 0.01 * driven) / (leak + 0.01)
        v = target + (v - target) * np.exp(-(leak + 0.01) / c * 0.025)
        # The current is that of the start of the step.
        assert found == pytest.approx(v, abs=0.02)


@NEUROML
def test_a_graded_synapse_follows_the_potential_before_it(tmp_path):
    component = (
        '<gradedSynapse id="graded" conductance="5pS" delta="5mV" Vth="-55mV" k="0.025per_ms" '
        'erev="0mV"/>'
    )
    net = snnc.compile(with_graded(tmp_path, component))
    name = next(n for n in states(net) if n.endswith("graded.s"))
    assert "reads pre graded.s : 1" in net.ir()
    s = 0.0
    for _ in range(800):
        v = net.simulation.state("cells", "v")[0]
        net.run(0.025)
        limit = 1 / (1 + np.exp((-55.0 - v) / 5.0))
        s = limit + (s - limit) * np.exp(-0.025 * 0.025 / (1 - limit))
    # Potentials are held over a step here, an error of the first order.
    assert net.simulation.state("cells", name)[0] == pytest.approx(s, rel=5e-3)
    assert s > 0.01


@NEUROML
@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("alpha * (1 - s)", "alpha * (1 - s) * v / MV", "'s' of 'own' depends on both cells"),
        ("peer/v", "peer/u", "'own' selects 'peer/u'; expected 'peer/v'"),
        ("s * (erev - v)", "s * (erev - v) * t / MS", "'own' depends on time"),
        ("baseGradedSynapse", "baseSynapse", "a 'own' between two cells"),
    ],
)
def test_other_graded_synapses_are_refused_by_name(tmp_path, old, new, message):
    own = (
        '<ComponentType name="own" extends="baseGradedSynapse">'
        '<Parameter name="alpha" dimension="per_time"/><Parameter name="erev" dimension="voltage"/>'
        '<Constant name="G" dimension="conductance" value="1nS"/>'
        '<Constant name="MV" dimension="voltage" value="1mV"/>'
        '<Constant name="MS" dimension="time" value="1ms"/>'
        '<Requirement name="v" dimension="voltage"/><Dynamics>'
        '<StateVariable name="s" dimension="none"/>'
        '<DerivedVariable name="vpeer" dimension="voltage" select="peer/v"/>'
        '<DerivedVariable name="i" exposure="i" dimension="current" value="G * vpeer / MV * '
        's * (erev - v)"/><TimeDerivative variable="s" value="alpha * (1 - s)"/>'
        "</Dynamics></ComponentType>"
    )
    assert old in own
    component = own.replace(old, new, 1) + '<own id="graded" alpha="1per_ms" erev="0mV"/>'
    with pytest.raises(UnsupportedError, match=re.escape(message)) as refused:
        read_network(with_graded(tmp_path, component))
    assert refused.value.location is not None


def test_a_spike_that_arrives_may_change_the_regime(tmp_path):
    file = altered(tmp_path, "own.xml", [
        ('<OnEvent port="in">\n                <StateAssignment variable="v" value="v + jump"/>\n'
         "            </OnEvent>", ""),
        ('<Regime name="rising" initial="true">', '<Regime name="rising" initial="true">'
         '<OnEvent port="in"><Transition regime="resting"/></OnEvent>'),
    ])  # fmt: skip
    net = snnc.compile(file)
    text = net.ir()
    inside = text[text.index("regime rising") : text.index("regime resting")]
    assert re.search(r"on \w+\(w\) \{\s+\w+_arrived = \w+_arrived \+ w", inside)
    event = inside[inside.index("_arrived > 0.0") :]
    assert "v = 0.0 [mV]" in event and "n = n + 1.0" in event and "goto resting" in event
    # Nothing is heard in the other regime.
    assert "_arrived" not in text[text.index("regime resting") : text.index("snn.network")]
    net.run(100.0)
    # Three clocks of 10 ms and a rest of 5 ms: it is sent to rest by clocks, not by its threshold.
    assert net.simulation.spikes("cells")[0].size == 0
    assert (net.simulation.state("cells", "n") >= 9).all()


INSTANCES = """<Lems>
  <Target component="sim"/>
  <Dimension name="time" t="1"/>
  <Unit symbol="ms" dimension="time" power="-3"/>
  <ComponentType name="Simulation">
    <Parameter name="step" dimension="time"/>
    <ComponentReference name="target" type="Component"/>
  </ComponentType>
  <ComponentType name="clock">
    <Property name="period" dimension="time"/>
    <EventPort name="tick" direction="out"/>
    <Dynamics>
      <StateVariable name="since" dimension="time"/>
      <OnStart><StateAssignment variable="since" value="period / 2"/></OnStart>
      <TimeDerivative variable="since" value="1"/>
      <OnCondition test="since .geq. period">
        <StateAssignment variable="since" value="0"/>
        <EventOut port="tick"/>
      </OnCondition>
    </Dynamics>
  </ComponentType>
  <ComponentType name="clocks">
    <Parameter name="n" dimension="none"/>
    <Parameter name="shortest" dimension="time"/>
    <Structure>
      <MultiInstantiate componentType="clock" number="n">
        <Assign property="period" value="shortest * ceil(1.5 + index)"/>
      </MultiInstantiate>
    </Structure>
  </ComponentType>
  <clocks id="all" n="3" shortest="2 ms"/>
  <Simulation id="sim" step="0.1 ms" target="all"/>
</Lems>
"""


def test_instances_of_a_type_have_their_own_properties(tmp_path):
    file = tmp_path / "clocks.xml"
    file.write_text(INSTANCES)
    net = snnc.compile(file)
    np.testing.assert_allclose(net.simulation.parameters("all", "period"), [4.0, 6.0, 8.0])
    net.run(12.5)
    times, cells = net.simulation.spikes("all")
    firsts = [times[cells == n][0] for n in range(3)]
    np.testing.assert_allclose(firsts, [2.0, 3.0, 4.0], atol=0.11)
    assert [int((cells == n).sum()) for n in range(3)] == [3, 2, 2]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('componentType="clock"', 'componentType="clack"', "unknown component type 'clack'"),
        ('property="period"', 'property="perid"', "'clock' has no property 'perid'"),
        ('n="3"', 'n="2.5"', "the size of 'all' is no whole number"),
        ("1.5 + index", "1.5 + indx", "unknown name 'indx'"),
        (
            '<Parameter name="n" dimension="none"/>',
            '<DerivedParameter name="n" dimension="none" value="3"/>',
            "'clocks' makes a computed number of instances, 'n'",
        ),
    ],
)
def test_wrong_instances_are_refused_with_their_place(tmp_path, old, new, message):
    file = tmp_path / "clocks.xml"
    file.write_text(INSTANCES.replace(old, new, 1))
    with pytest.raises(SnncError, match=message) as refused:
        snnc.compile(file)
    assert refused.value.location is not None
