"""Cells composed of a neuron and named receptors."""

import copy

import numpy as np
import pytest
from pyNN import errors

import snnc.pynn as sim
from snnc import model_library
from snnc.ir.diagnostics import ModelError
from snnc.ir.text import parse, verify

WHOLE = {
    "AlphaPSR": ("IF_cond_alpha", {"e_syn": 0.0}, {"e_syn": -70.0}, 0.3),
    "ExpPSR": ("IF_cond_exp", {"e_syn": 0.0}, {"e_syn": -70.0}, 0.3),
    "CurrExpPostSynapticResponse": ("IF_curr_exp", {}, {}, 20.0),
}


def driven(celltype, receptors, weight):
    sim.setup(timestep=0.1)
    cells = sim.Population(1, celltype)
    cells.record(["spikes", "v"])
    for receptor, shift, sign in zip(receptors, (0.0, 4.0), (1.0, 1.0), strict=True):
        source = sim.Population(
            1, sim.SpikeSourceArray(spike_times=np.arange(5.0, 100.0, 7.0) + shift)
        )
        value = weight * sign * (1.0 if shift == 0.0 else 0.3)
        if shift and not celltype.conductance_based:
            value = -value
        sim.Projection(
            source,
            cells,
            sim.AllToAllConnector(),
            sim.StaticSynapse(weight=value, delay=1.0),
            receptor_type=receptor,
        )
    sim.run(100.0)
    segment = cells.get_data().segments[0]
    sim.end()
    return segment.spiketrains[0].magnitude, segment.analogsignals[0].magnitude[:, 0]


@pytest.mark.parametrize("response", WHOLE)
def test_a_composed_cell_is_the_cell_of_one_piece(response):
    name, excitatory, inhibitory, weight = WHOLE[response]
    kind = getattr(sim, response)
    parts = {
        "E": kind(tau_syn=2.0, **excitatory),
        "I": kind(tau_syn=5.0, **inhibitory),
    }
    composed = sim.PointNeuron(sim.LIF(tau_m=15.0), **parts)
    whole = getattr(sim, name)(tau_m=15.0, tau_syn_E=2.0, tau_syn_I=5.0)
    spikes, v = driven(composed, ("E", "I"), weight)
    expected_spikes, expected_v = driven(whole, ("excitatory", "inhibitory"), weight)
    assert spikes.size > 0
    np.testing.assert_array_equal(spikes, expected_spikes)
    np.testing.assert_allclose(v, expected_v, atol=1e-9)


def test_the_weight_of_a_beta_response_is_its_peak():
    sim.setup(timestep=0.01)
    celltype = sim.PointNeuron(sim.LIF(), S=sim.BetaPSR(tau_rise=0.5, tau_decay=3.0))
    cell = sim.Population(1, celltype)
    cell.record("S.gsyn")
    source = sim.Population(1, sim.SpikeSourceArray(spike_times=[1.0]))
    synapse = sim.StaticSynapse(weight=0.02, delay=1.0)
    sim.Projection(source, cell, sim.AllToAllConnector(), synapse, receptor_type="S")
    sim.run(20.0)
    signal = cell.get_data().segments[0].filter(name="S.gsyn")[0]
    assert signal.magnitude.max() == pytest.approx(0.02, rel=1e-4)
    sim.end()


def test_names_of_receptors_are_those_of_parameters_and_variables():
    sim.setup()
    celltype = sim.PointNeuron(
        sim.AdExp(v_rest=-60.0), AMPA=sim.ExpPSR(tau_syn=2.0), GABA=sim.AlphaPSR(e_syn=-80.0)
    )
    cells = sim.Population(4, celltype)
    assert cells.receptor_types == ["AMPA", "GABA"]
    assert cells.get("GABA.e_syn") == -80.0
    cells[1:3].set(**{"AMPA.tau_syn": [3.0, 4.0]})
    np.testing.assert_array_equal(cells.get("AMPA.tau_syn"), [2.0, 3.0, 4.0, 2.0])
    cells.initialize(**{"AMPA.gsyn": 0.01})
    cells.record(["AMPA.gsyn", "GABA.gsyn"])
    sim.run(1.0)
    signal = cells.get_data().segments[0].filter(name="AMPA.gsyn")[0]
    np.testing.assert_allclose(
        signal.magnitude[-1], 0.01 * np.exp(-1.0 / np.array([2.0, 3.0, 4.0, 2.0]))
    )
    assert str(signal.dimensionality) == "uS"
    sim.end()


def test_composed_cells_can_be_copied_and_share_a_model():
    first = sim.PointNeuron(sim.LIF(), A=sim.ExpPSR(), B=sim.ExpPSR())
    second = sim.PointNeuron(sim.LIF(tau_m=5.0), B=sim.ExpPSR(tau_syn=1.0), A=sim.ExpPSR())
    assert isinstance(first, sim.PointNeuron)
    assert first.model == second.model
    assert copy.deepcopy(second).parameters == second.parameters


@pytest.mark.parametrize("neuron", ["IF_cond_exp", "SpikeSourceArray"])
def test_only_neurons_without_receptors_get_some(neuron):
    with pytest.raises(errors.NoModelAvailableError, match="cannot get receptors"):
        sim.PointNeuron(getattr(sim, neuron)(), A=sim.ExpPSR())


def test_composition_is_text_that_parses_again():
    name = model_library.compose("AdExp", {"A": "CondBetaPostSynapticResponse"})
    text, file = model_library.source(name)
    verify(parse(text, file))
    assert "injected + A.current" in text


def test_a_response_needs_a_current():
    text = "dyn.response @R { receptor input : nA  state i : nA = 0.0  on input(w) { i = i + w } }"
    with pytest.raises(ModelError, match="has no 'let current"):
        verify(parse(text, "r.mlir"))


def test_array_parameters():
    sim.setup()
    cells = sim.Population(3, sim.GIF_cond_exp(tau_eta=[5.0, 10.0, 50.0]))
    cells[1:2].set(a_eta=[0.1, 0.2, 0.3])
    assert [list(s.value) for s in cells.get("a_eta")] == [[1.0] * 3, [0.1, 0.2, 0.3], [1.0] * 3]
    assert list(cells.get("tau_eta").value) == [5.0, 10.0, 50.0]
    with pytest.raises(errors.InvalidDimensionsError, match="expected 3"):
        cells.set(tau_eta=[1.0, 2.0])
    sim.run(1.0)
    cells.set(a_gamma=[0.0, 0.0, 0.0])
    sim.run(1.0)
    sim.end()
