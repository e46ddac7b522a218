import re

import numpy as np
import pytest
from changed_files import altered
from lems_files import DATA, NEUROML, spikes, states, trace

import snnc
import snnc.pynn as sim
from snnc.ir.text import print_text
from snnc.lems.network import read_network


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
    file = altered(DATA / "cells.nml", tmp_path, [("</neuroml>", eager)])
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


@NEUROML
def test_an_input_that_fires_has_a_source_of_its_own(tmp_path):
    file = altered(DATA / "network.nml", tmp_path, [('input="pulse"', 'input="noise"')])
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
    file = altered(DATA / "network.nml", tmp_path, [
        ('<network id="net">', '<gapJunction id="gj" conductance="20nS"/><network id="net">'),
        ("<explicitInput", junction + "<explicitInput"),
    ])  # fmt: skip
    net = snnc.compile(file)
    net.run(30.0)
    assert "@ElectricalSynapse" in net.ir()


def test_files_that_include_each_other_are_read_once(tmp_path):
    text = (DATA / "own.xml").read_text()
    own = tmp_path / "own.xml"
    own.write_text(text.replace("<Lems>", '<Lems><Include file="b.xml"/>', 1))
    (tmp_path / "b.xml").write_text('<Lems><Include file="own.xml"/></Lems>')
    assert print_text(read_network(own)) == print_text(read_network(DATA / "own.xml"))


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
    file = altered(DATA / "network.nml", tmp_path, [
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
    file = altered(DATA / "network.nml", tmp_path, [
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


def test_a_spike_that_arrives_may_change_the_regime(tmp_path):
    file = altered(DATA / "own.xml", tmp_path, [
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
