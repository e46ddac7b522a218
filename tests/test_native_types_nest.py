"""NEST's own models in scripts: the network is the one that NEST is given by hand."""

from __future__ import annotations

import numpy as np
import pytest

import snnc.pynn as sim
from snnc.ir.diagnostics import ModelError, UnsupportedError

nest = pytest.importorskip("nest", reason="the simulator NEST is not installed")

DURATION = 150.0
SYNAPSE = {"lambda": 0.05, "Wmax": 30.0, "tau_plus": 15.0}


def build():
    """Build ten cells of the thalamocortical model with Poisson input and plastic synapses."""
    sim.setup(timestep=0.1, min_delay=0.1, target="nest")
    cells = sim.Population(10, sim.native_cell_type("ht_neuron")(tau_m=15.0), label="cells")
    rates = sim.SpikeSourcePoisson(rate=300.0, start=1.0)
    source = sim.Population(10, rates, label="source")
    excite = sim.StaticSynapse(weight=0.003, delay=1.0)
    sim.Projection(source, cells, sim.OneToOneConnector(), excite, receptor_type="AMPA")
    plastic = sim.native_synapse_type("stdp_synapse")(weight=2.0, delay=1.5, tau_minus=30.0,
                                                      **SYNAPSE)  # fmt: skip
    rule = sim.AllToAllConnector(allow_self_connections=False)
    recurrent = sim.Projection(cells, cells, rule, plastic, receptor_type="NMDA")
    cells.initialize(V_m=-68.0)
    cells.record(["spikes", "V_m"])
    source.record("spikes")
    return cells, source, recurrent


def by_hand(trains):
    """Return senders and times of the spikes, V_m and weights of that network made in NEST."""
    nest.ResetKernel()
    # Synapses learn when spikes are handed over, once every shortest delay.
    nest.set(resolution=0.1, min_delay=0.1, max_delay=1.5, print_time=False)
    cells = nest.Create("ht_neuron", 10, {"tau_m": 15.0, "V_m": -68.0, "tau_minus": 30.0})
    sources = nest.Create("spike_generator", 10, [{"spike_times": train} for train in trains])
    ports = nest.GetDefaults("ht_neuron", "receptor_types")
    nest.Connect(sources, cells, "one_to_one",
                 {"weight": 3.0, "delay": 1.0, "receptor_type": ports["AMPA"]})  # fmt: skip
    nest.Connect(cells, cells, {"rule": "all_to_all", "allow_autapses": False}, {
        "synapse_model": "stdp_synapse", "weight": 2.0, "delay": 1.5,
        "receptor_type": ports["NMDA"], **SYNAPSE,
    })  # fmt: skip
    spikes = nest.Create("spike_recorder")
    potential = nest.Create("multimeter", params={"record_from": ["V_m"], "interval": 0.1})
    nest.Connect(cells, spikes)
    nest.Connect(potential, cells)
    nest.Simulate(DURATION)
    found = nest.GetConnections(cells, cells).get(["source", "target", "weight"])
    first = cells[0].global_id
    weights = np.full((10, 10), np.nan)
    weights[np.array(found["source"]) - first, np.array(found["target"]) - first] = found["weight"]
    events = potential.events
    order = np.lexsort((events["senders"], events["times"]))
    traces = events["V_m"][order].reshape(-1, 10)
    return np.asarray(spikes.events["senders"]) - first, spikes.events["times"], traces, weights


def test_a_network_is_the_one_made_in_nest_by_hand():
    cells, source, recurrent = build()
    sim.run(DURATION)
    weights = np.asarray(recurrent.get("weight", format="array"))
    data = cells.get_data().segments[0]
    trains = [np.round(t.magnitude, 1) for t in source.get_data().segments[0].spiketrains]
    sim.end()

    senders, times, traces, theirs = by_hand(trains)

    assert times.size > 300
    for cell, train in enumerate(data.spiketrains):
        np.testing.assert_allclose(train.magnitude, np.sort(times[senders == cell]), atol=1e-9)
    signal = data.analogsignals[0]
    assert signal.name == "V_m"
    assert str(signal.dimensionality) == "mV"
    # The multimeter's first sample is that of 0.1 ms; its last one comes with a next run.
    # NEST's adaptive solver, within its tolerance of 1e-3, depends on the order of arrivals.
    np.testing.assert_allclose(signal.magnitude[1 : 1 + len(traces)], traces, atol=1e-5)
    np.testing.assert_allclose(weights, theirs, rtol=1e-12)
    assert np.nanmax(np.abs(weights - 2.0)) > 1.0


def test_a_type_knows_what_nest_says_of_the_model():
    celltype = sim.native_cell_type("ht_neuron")
    assert celltype.receptor_types == ["AMPA", "GABA_A", "GABA_B", "NMDA"]
    assert set(celltype.recordable) == {"spikes", *nest.GetDefaults("ht_neuron", "recordables")}
    assert celltype.default_parameters["tau_m"] == 16.0
    assert celltype.default_initial_values["V_m"] == -70.0
    assert celltype.units["V_m"] == "mV"
    assert celltype.conductance_based
    plastic = sim.native_synapse_type("stdp_synapse")
    assert plastic.default_parameters["Wmax"] == 100.0
    assert plastic.default_parameters["weight"] == 1.0


def test_a_cell_with_signed_weights_has_two_receptors():
    sim.setup(timestep=0.1, target="nest")
    cells = sim.Population(2, sim.native_cell_type("iaf_cond_alpha")(), label="cells")
    source = sim.Population(1, sim.SpikeSourceArray(spike_times=[5.0]))
    for cell, receptor in enumerate(("excitatory", "inhibitory")):
        synapse = sim.StaticSynapse(weight=0.004, delay=1.0)
        target = cells[cell : cell + 1]
        sim.Projection(source, target, sim.AllToAllConnector(), synapse, receptor_type=receptor)
    cells.record(["g_ex", "g_in"])
    sim.run(20.0)
    signals = {s.name: s.magnitude for s in cells.get_data().segments[0].analogsignals}
    # The peak of an alpha function is its weight, 4 nS; the sample next to it is 0.1 % below.
    for name, cell in (("g_ex", 0), ("g_in", 1)):
        assert signals[name][:, cell].max() == pytest.approx(4.0, rel=0.05)
        assert signals[name][:, 1 - cell].max() == 0.0


def test_other_targets_are_refused_before_anything_is_built():
    sim.setup(timestep=0.1)
    sim.Population(2, sim.native_cell_type("ht_neuron")())
    with pytest.raises(UnsupportedError, match=r"only nest has; targets that can: nest"):
        sim.run(1.0)


def test_what_nest_does_not_have_is_named():
    with pytest.raises(ModelError, match="no neuron model 'ht_neurn'; did you mean 'ht_neuron'"):
        sim.native_cell_type("ht_neurn")
    with pytest.raises(ModelError, match="no synapse model 'stpd_synapse'"):
        sim.native_synapse_type("stpd_synapse")
    with pytest.raises(UnsupportedError, match=r"'poisson_generator' is a stimulator"):
        sim.native_cell_type("poisson_generator")


def test_a_current_at_once_needs_a_model_with_a_constant_one():
    sim.setup(timestep=0.1, target="nest")
    cells = sim.Population(1, sim.native_cell_type("ht_neuron")())
    sim.DCSource(amplitude=1.0, start=0.0).inject_into(cells)
    with pytest.raises(UnsupportedError, match=r"expected no change before 0.2 ms"):
        sim.run(1.0)
