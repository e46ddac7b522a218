import re

import numpy as np
import pytest
from changed_files import altered, refuses
from lems_files import DATA, NEUROML, states

import snnc
from snnc.ir.diagnostics import UnsupportedError
from snnc.lems.network import read_network


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
    return altered(DATA / "network.nml", folder, [
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
    file = with_graded(tmp_path, component)
    refuses(read_network, file, re.escape(message), UnsupportedError)
