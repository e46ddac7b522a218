"""Cells of NEURON's own: templates as PyNN has them, against NEURON by hand; artificial cells."""

from __future__ import annotations

import math

import numpy as np
import pytest

import snnc.pynn as sim
from snnc.ir.diagnostics import ModelError, UnsupportedError, UserError

h = pytest.importorskip("neuron", reason="not installed: pip install 'snnc[neuron]'").h

DT, DURATION = 0.025, 40.0
GNABAR, START = (0.1, 0.12, 0.14), (-63.0, -65.0, -66.0)
SPIKES, WEIGHT, DELAY = (5.0, 20.0), 0.0625, 1.0  # a weight that 32 bits hold
ONSET, AMPLITUDE = 31.0, 1.0


class TwoSections:
    """A soma with spikes, and a dendrite with a synapse."""

    def __init__(self, g_leak, gnabar, length=600.0):
        self.soma, self.dendrite = h.Section("soma", self), h.Section("dendrite", self)
        self.soma.L = self.soma.diam = 30
        self.soma.insert("hh")
        self.dendrite.L, self.dendrite.diam, self.dendrite.nseg = length, 2, 5
        self.dendrite.insert("pas")
        self.dendrite.connect(self.soma(1))
        self.ampa = h.Exp2Syn(self.dendrite(0.5))
        self.ampa.e, self.ampa.tau1, self.ampa.tau2 = 0.0, 0.1, 5.0
        self.source_section = self.soma
        self.source = self.soma(0.5)._ref_v
        self.g_leak, self.gnabar = g_leak, gnabar

    @property
    def g_leak(self):
        return self.dendrite(0.5).pas.g

    @g_leak.setter
    def g_leak(self, value):
        for segment in self.dendrite:
            segment.pas.g = value

    @property
    def gnabar(self):
        return self.soma(0.5).hh.gnabar

    @gnabar.setter
    def gnabar(self, value):
        self.soma(0.5).hh.gnabar = value

    def memb_init(self):
        for section in (self.soma, self.dendrite):
            for segment in section:
                segment.v = self.initial_values["v"]


# ruff: noqa: RUF012  PyNN has these as plain attributes of the class.
class TwoSectionType(sim.NativeCellType):
    default_parameters = {"g_leak": 0.0002, "gnabar": 0.12}
    default_initial_values = {"v": -65.0}
    recordable = ["v", "dendrite(0.5).v", "soma(0.5).hh.m", "ampa.g"]
    units = {"v": "mV", "dendrite(0.5).v": "mV", "ampa.g": "uS"}
    receptor_types = ["ampa", "soma"]
    extra_parameters = {"length": 500.0}
    model = TwoSections


def by_hand():
    """Return spikes and traces of the cells, made and run in NEURON itself."""
    h.dt = DT
    cells = [TwoSections(0.0002, gnabar, 500.0) for gnabar in GNABAR]
    driven = [h.NetCon(None, cell.ampa) for cell in cells]
    electrode = h.IClamp(cells[0].soma(0.5))
    electrode.delay, electrode.dur, electrode.amp = ONSET, 1e9, AMPLITUDE
    watched = [h.NetCon(cell.source, None, sec=cell.soma) for cell in cells]
    spikes = [h.Vector() for _ in cells]
    for netcon, vector in zip(watched, spikes, strict=True):
        netcon.record(vector)
    traces = {
        "v": [h.Vector().record(cell.source) for cell in cells],
        "dendrite(0.5).v": [h.Vector().record(cell.dendrite(0.5)._ref_v) for cell in cells],
        "soma(0.5).hh.m": [h.Vector().record(cell.soma(0.5).hh._ref_m) for cell in cells],
        "ampa.g": [h.Vector().record(cell.ampa._ref_g) for cell in cells],
    }
    for cell, v in zip(cells, START, strict=True):
        cell.initial_values = {"v": v}
        cell.memb_init()
    h.finitialize()
    for netcon in driven:
        netcon.weight[0] = WEIGHT
        for time in SPIKES:
            netcon.event(time + DELAY)
    for _ in range(round(DURATION / DT)):
        h.fadvance()
    return spikes, {name: np.array(found).T for name, found in traces.items()}


def test_a_template_is_what_neuron_makes_of_it():
    sim.setup(timestep=DT, min_delay=DT, target="neuron")
    cells = sim.Population(3, TwoSectionType(gnabar=list(GNABAR)), label="cells")
    cells.initialize(v=list(START))
    source = sim.Population(1, sim.SpikeSourceArray(spike_times=list(SPIKES)))
    follower = sim.Population(3, sim.IF_cond_exp(), label="follower")
    static = sim.StaticSynapse(weight=WEIGHT, delay=DELAY)
    sim.Projection(source, cells, sim.AllToAllConnector(), static, receptor_type="ampa")
    static = sim.StaticSynapse(weight=0.02, delay=DT)
    sim.Projection(cells, follower, sim.OneToOneConnector(), static, receptor_type="excitatory")
    cells[:1].inject(sim.StepCurrentSource(times=[ONSET], amplitudes=[AMPLITUDE]))
    cells.record(["spikes", *TwoSectionType.recordable])
    follower.record("v")
    sim.run(DURATION)
    data = cells.get_data().segments[0]
    (moved,) = follower.get_data().segments[0].analogsignals
    sim.end()

    spikes, traces = by_hand()

    assert [len(train) for train in spikes] == [3, 2, 2]
    for train, theirs in zip(data.spiketrains, spikes, strict=True):
        np.testing.assert_allclose(train.magnitude, theirs, atol=1e-9)
    for signal in data.analogsignals:
        np.testing.assert_allclose(signal.magnitude, traces[signal.name], rtol=1e-9, atol=1e-9)
    units = {signal.name: str(signal.units.dimensionality) for signal in data.analogsignals}
    assert units["dendrite(0.5).v"] == "mV" and units["soma(0.5).hh.m"] == "dimensionless"
    # A spike of a template reaches an emitted cell after the delay, and moves it a step later.
    first = np.argmax(np.abs(moved.magnitude - moved.magnitude[0]) > 1e-9, axis=0)
    for row, train in zip(first, spikes, strict=True):
        assert row == round(train[0] / DT) + 2


def test_parameters_of_a_template_can_be_set_between_runs():
    sim.setup(timestep=0.1, target="neuron")
    cells = sim.Population(2, TwoSectionType())
    cells.record("v")
    sim.run(2.0)
    cells[:1].set(g_leak=0.01)
    sim.run(8.0)
    v = cells.get_data().segments[0].analogsignals[0].magnitude
    assert np.array_equal(v[:20, 0], v[:20, 1])
    # The leak reverses at -70 mV.
    assert v[-1, 0] < v[-1, 1] - 1.0


def projecting(receptor, synapse=None):
    sim.setup(timestep=0.1, target="neuron")
    cells = sim.Population(2, TwoSectionType())
    source = sim.Population(1, sim.SpikeSourceArray(spike_times=[1.0]))
    synapse = synapse or sim.StaticSynapse(weight=0.01, delay=1.0)
    sim.Projection(source, cells, sim.AllToAllConnector(), synapse, receptor_type=receptor)


def test_what_takes_no_spikes_is_refused():
    projecting("soma")
    with pytest.raises(UserError, match="'soma' of a cell of the template 'TwoSectionType' takes"):
        sim.run(1.0)


def test_plastic_synapses_onto_templates_are_refused():
    rule = sim.SpikePairRule(), sim.AdditiveWeightDependence()
    projecting("ampa", sim.STDPMechanism(*rule, weight=0.01, delay=1.0))
    with pytest.raises(UnsupportedError, match="'TwoSectionType' is a cell of NEURON's own"):
        sim.run(1.0)


@pytest.mark.parametrize("target", ["cpu", "nest"])
def test_other_targets_refuse_templates_and_artificial_cells(target):
    if target == "nest":
        pytest.importorskip("nest", reason="not installed: pip install 'snnc[nest]'")
    for celltype in (TwoSectionType, sim.IntFire1):
        sim.setup(timestep=0.1, target=target)
        sim.Population(2, celltype())
        message = f"'{celltype.__name__}' is a native model, which only neuron has; targets that"
        with pytest.raises(UnsupportedError, match=message) as refused:
            sim.run(1.0)
        # Where the script makes the population.
        assert refused.value.location.file == __file__


def test_a_template_that_cannot_be_is_refused():
    known = {"default_parameters": {"g": 1.0}, "recordable": ["v"]}
    with pytest.raises(UserError, match=r"'g' of the template Wrong is a number; found 'x'"):
        type("Wrong", (sim.NativeCellType,), {**known, "default_parameters": {"g": "x"},
                                              "model": TwoSections})  # fmt: skip
    with pytest.raises(ModelError, match="'v' is declared twice"):
        type("Twice", (sim.NativeCellType,), {**known, "default_parameters": {"v": 1.0},
                                              "model": TwoSections})  # fmt: skip
    unfit = type("Unfit", (sim.NativeCellType,), {**known, "model": TwoSections})
    sim.setup(timestep=0.1, target="neuron")
    sim.Population(1, unfit())
    with pytest.raises(UserError, match=r"template 'Unfit' cannot make a cell: .*argument"):
        sim.run(1.0)
    mute = type("Mute", (sim.NativeCellType,), {**known, "model": lambda g: object()})
    sim.setup(timestep=0.1, target="neuron")
    sim.Population(1, mute())
    with pytest.raises(UserError, match="a cell of the template 'Mute' has no 'source'"):
        sim.run(1.0)


def fires(arrivals, tau, refrac, weight, m):
    """Return when a cell fires, by NEURON's description of IntFire1."""
    last, rests, found = 0.0, -math.inf, []
    for time in arrivals:
        if time < rests:
            continue
        m = m * math.exp(-(time - last) / tau) + weight
        last = time
        if m > 1.0:
            found.append(time)
            m, last, rests = 0.0, time + refrac, time + refrac
    return found


def test_artificial_cells_are_neurons():
    # No input falls on the end of a rest.
    tau, refrac, weight, delay = (20.0, 10.0), 2.05, 0.3, 1.5
    times = np.unique(np.round(np.random.default_rng(4).uniform(1.0, 97.0, 120), 1))
    sim.setup(timestep=0.1, target="neuron")
    cells = sim.Population(2, sim.IntFire1(tau=list(tau), refrac=refrac))
    cells.initialize(m=[0.0, 0.9])
    source = sim.Population(1, sim.SpikeSourceArray(spike_times=times))
    synapse = sim.StaticSynapse(weight=weight, delay=delay)
    sim.Projection(source, cells, sim.AllToAllConnector(), synapse, receptor_type="default")
    cells.record(["spikes", "m"])
    sim.run(100.0)
    data = cells.get_data().segments[0]
    for train, own, start in zip(data.spiketrains, tau, (0.0, 0.9), strict=True):
        expected = fires(times + delay, own, refrac, weight, start)
        assert len(expected) > 8
        np.testing.assert_allclose(train.magnitude, expected, atol=1e-9)
    assert data.analogsignals[0].name == "m"


def test_artificial_cells_begin_with_their_parameters():
    # With a bias and no input the membrane charges up to it: m = ib (1 - exp(-t/taum)).
    sim.setup(timestep=0.1, target="neuron")
    cells = sim.Population(1, sim.IntFire2(ib=2.0, taum=10.0))
    cells.record("spikes")
    sim.run(30.0)
    (train,) = cells.get_data().segments[0].spiketrains
    period = 10.0 * math.log(2.0)
    np.testing.assert_allclose(train.magnitude, period * np.arange(1, 5), atol=0.05 + 1e-9)


def test_artificial_cells_are_no_standard_ones():
    assert "IntFire4" not in sim.list_standard_models()
    assert sim.IntFire4.default_parameters == {
        "taue": 5.0, "taui1": 10.0, "taui2": 20.0, "taum": 50.0
    }  # fmt: skip
