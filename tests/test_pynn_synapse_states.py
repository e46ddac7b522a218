"""Initial values of the states of synapses, as PyNN's backends take them."""

import numpy as np
import pytest
from pyNN import errors
from pyNN.parameters import LazyArray

import snnc.pynn as sim


def increments(synapse, times, cells=200, **initial):
    """Return what each spike adds to the conductance of each cell, shape (spikes, cells)."""
    sim.setup(timestep=0.1, seed=1)
    source = sim.Population(1, sim.SpikeSourceArray(spike_times=times))
    # Time constants far apart: each spike's conductance has decayed before the next.
    group = sim.Population(cells, sim.IF_cond_exp(tau_syn_E=1.0))
    made = sim.Projection(source, group, sim.AllToAllConnector(), synapse)
    made.initialize(**initial)
    group.record("gsyn_exc")
    sim.run(max(times) + 2.0)
    signal = group.get_data().segments[0].filter(name="gsyn_exc")[0].magnitude
    return np.array([signal[round((time + 1.0) / 0.1)] for time in times])


def quanta(**values):
    kept = {"weight": 1.0, "delay": 1.0, "tau_facil": 0.0}
    return sim.MultiQuantalSynapse(**{**kept, **values})


@pytest.mark.parametrize(("filled", "released"), [(0, 0), (2, 2), (5, 5), (9, 5)])
def test_sites_that_are_filled_at_the_start(filled, released):
    found = increments(quanta(n=5, U=1.0, tau_rec=1e9), [5.0], a=filled)
    assert np.allclose(found, released, atol=1e-6)


def test_states_of_single_synapses_and_of_the_parameters_themselves():
    synapse = quanta(n=4, U=1.0, tau_rec=1e9)
    filled = np.arange(200.0)[None, :] % 5
    assert np.allclose(increments(synapse, [5.0], a=filled), filled, atol=1e-6)
    # As PyNN's example writes it.
    space = synapse.parameter_space
    found = increments(synapse, [5.0], a=space["n"], u=LazyArray(space["U"].base_value))
    assert np.allclose(found, 4.0, atol=1e-6)


@pytest.mark.parametrize("kind", ["TsodyksMarkramSynapse", "StochasticTsodyksMarkramSynapse"])
def test_use_at_the_start(kind):
    synapse = getattr(sim, kind)(U=0.2, tau_rec=10.0, tau_facil=1e6, weight=1.0, delay=1.0)
    found = increments(synapse, [5.0], cells=4000, u=0.5)
    # u + U (1 - u), the standard error of 4000 such draws being 0.008.
    assert found.mean() == pytest.approx(0.6, abs=0.03)


def test_states_that_synapses_do_not_have():
    sim.setup()
    cells = sim.Population(2, sim.IF_cond_exp())
    made = sim.Projection(cells, cells, sim.AllToAllConnector(), quanta(n=2))
    with pytest.raises(errors.NonExistentParameterError, match="'b'"):
        made.initialize(b=1)
