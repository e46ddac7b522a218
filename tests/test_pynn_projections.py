"""Projections before anything is built: what they check, and the IR they become."""

import numpy as np
import pytest
from pyNN import errors
from pyNN.random import NumpyRNG, RandomDistribution
from pyNN.space import Space

import snnc.pynn as sim
from snnc.ir.text import print_text
from snnc.pynn import session


@pytest.fixture(autouse=True)
def fresh_network():
    sim.setup()


@pytest.fixture
def groups():
    return sim.Population(3, sim.IF_cond_exp()), sim.Population(4, sim.IF_curr_exp())


def connect(pre, post, receptor=None, **values):
    synapse = sim.StaticSynapse(**values)
    return sim.Projection(pre, post, sim.AllToAllConnector(), synapse, receptor_type=receptor)


@pytest.mark.parametrize(
    ("weight", "post", "receptor"),
    [
        (-0.1, 0, "excitatory"),
        (-0.1, 0, "inhibitory"),
        (0.1, 1, "inhibitory"),
        (-0.1, 1, "excitatory"),
        (RandomDistribution("uniform", (-1, 1)), 0, "excitatory"),
        (RandomDistribution("exponential", beta=1.0), 1, "inhibitory"),
        ("-1 - d", 0, "excitatory"),
    ],
)
def test_weights_of_the_wrong_sign(groups, weight, post, receptor):
    with pytest.raises(errors.ConnectionError, match="weights must be"):
        connect(groups[0], groups[post], receptor, weight=weight)
    assert session.current().projections == []


@pytest.mark.parametrize("delay", [0.0, -1.0, 0.04, float("nan"), "-0.5", float("inf")])
def test_impossible_delays(groups, delay):
    with pytest.raises((errors.ConnectionError, errors.InvalidParameterValueError)):
        connect(*groups, weight=0.1, delay=delay)
    assert session.current().projections == []


def test_delays_beyond_the_bounds_of_setup():
    sim.setup(min_delay=0.5, max_delay=5.0)
    a = sim.Population(2, sim.IF_cond_exp())
    assert connect(a, a, weight=0.1).value("delay") == 0.5
    with pytest.raises(errors.ConnectionError, match="too short"):
        connect(a, a, weight=0.1, delay=0.2)
    with pytest.raises(errors.ConnectionError, match="max_delay"):
        connect(a, a, weight=0.1, delay=6.0)


def test_the_receptor_follows_the_sign(groups):
    assert connect(*groups, weight=0.1).receptor_type == "excitatory"
    assert connect(*groups, weight=-0.1).receptor_type == "inhibitory"
    with pytest.raises(errors.ConnectionError, match="unknown receptor 'AMPA'"):
        connect(*groups, "AMPA", weight=0.1)
    with pytest.raises(errors.ConnectionError, match="no receptors"):
        connect(groups[0], sim.Population(2, sim.SpikeSourcePoisson()))


def test_arrays_must_have_the_shape_of_the_projection(groups):
    assert connect(*groups, weight=np.ones((3, 4))).shape == (3, 4)
    with pytest.raises(errors.InvalidDimensionsError, match="3 x 4"):
        connect(*groups, weight=np.ones((4, 3)))


def test_onto_an_assembly_of_conductances_and_currents(groups):
    with pytest.raises(errors.ConnectionError, match="conductances"):
        connect(groups[0], groups[0] + groups[1])


def test_connectors_check_their_arguments(groups):
    with pytest.raises(errors.InvalidParameterValueError):
        sim.FixedProbabilityConnector(-0.1)
    with pytest.raises(TypeError):
        sim.FixedProbabilityConnector(0.1, probability=2)
    with pytest.raises(errors.InvalidParameterValueError):
        sim.DistanceDependentProbabilityConnector("exp(-d); import os")
    with pytest.raises(AttributeError, match="did you mean 'OneToOneConnector'"):
        sim.OneToOneConector()
    with pytest.raises(errors.ConnectionError, match="out of range"):
        sim.Projection(*groups, sim.FromListConnector([(3, 0)]))
    with pytest.raises(TypeError, match="column_names"):
        sim.FromListConnector([(0, 0, 0.1)])


def test_old_keywords_of_connectors(groups):
    with pytest.warns(DeprecationWarning) as caught:
        connector = sim.FixedProbabilityConnector(0.1, weights=0.5, delays=2.0)
    assert {w.filename for w in caught} == {__file__}
    projection = sim.Projection(*groups, connector)
    assert (projection.value("weight"), projection.value("delay")) == (0.5, 2.0)


def test_old_name_of_the_receptor(groups):
    with pytest.warns(DeprecationWarning, match="receptor_type"):
        projection = sim.Projection(*groups, sim.AllToAllConnector(), target="inhibitory")
    assert projection.receptor_type == "inhibitory"


def test_plasticity_is_composed_of_rules(groups):
    synapse = sim.STDPMechanism(
        timing_dependence=sim.SpikePairRule(tau_plus=15.0),
        weight_dependence=sim.AdditiveWeightDependence(w_max=0.1),
        weight=0.05,
    )
    projection = sim.Projection(*groups, sim.AllToAllConnector(), synapse)
    assert projection.model_values()["tau_plus"] == 15.0
    assert "STDP_SpikePairRule_AdditiveWeightDependence" in print_text(sim.document())
    with pytest.raises(TypeError, match="timing_dependence"):
        sim.STDPMechanism(weight_dependence=sim.AdditiveWeightDependence())


def test_the_network_as_ir(groups):
    a, b = groups
    sim.Projection(
        a[1:],
        a + sim.Population(2, sim.IF_cond_exp(), label="more"),
        sim.FixedProbabilityConnector(0.5, rng=NumpyRNG(seed=3)),
        sim.StaticSynapse(weight=RandomDistribution("uniform", (0, 1)), delay="0.5+0.01*d"),
        space=Space(axes="xy", periodic_boundaries=((0, 5), None, None)),
        label="net",
    )
    b.inject(sim.DCSource(amplitude=0.5))
    b[2:].record("v", sampling_interval=0.5)
    text = print_text(sim.document())
    for piece in (
        'connector #snn.connector<"fixed_probability", {p_connect = 0.5',
        "seed = 3",
        '#snn.distance<"0.5+0.01*d">',
        'kind "dc"',
        "sampling_interval 0.5",
        "@more",
    ):
        assert piece in text


def test_errors_name_the_line_of_the_script(groups):
    with pytest.raises(errors.ConnectionError) as caught:
        connect(*groups, weight=-1.0, delay=0.0)
    assert caught.value.location.file == __file__


def test_a_network_of_some_components(groups):
    a, b = groups
    one = connect(a, a, weight=0.1)
    connect(a, b, weight=0.1)
    network = sim.Network(a, one)
    text = print_text(network.document())
    assert network.count_neurons() == 3
    assert one.symbol in text
    assert b.symbol not in text


@pytest.mark.parametrize("name", ["mindelay", "maxdelay", "dt", "time_step"])
def test_old_arguments_of_setup(name):
    with pytest.raises(ValueError, match=name):
        sim.setup(**{name: 0.1})


def test_contradictory_arguments_of_setup():
    with pytest.raises(ValueError, match="max_delay"):
        sim.setup(min_delay=2.0, max_delay=1.0)
    with pytest.raises(ValueError, match="time step"):
        sim.setup(timestep=0.1, min_delay=0.05)
    assert sim.setup(timestep=0.5, spike_precision="on_grid") == 0
    assert sim.get_time_step() == 0.5


def test_current_sources_check_their_parameters():
    with pytest.raises(ValueError, match="negative"):
        sim.StepCurrentSource(times=[0.4, -0.6], amplitudes=[1.0, 2.0])
    with pytest.raises(ValueError, match="ascend"):
        sim.StepCurrentSource(times=[0.4, 0.3], amplitudes=[1.0, 2.0])
    with pytest.raises(errors.NonExistentParameterError):
        sim.DCSource(amplitud=1.0)
    source = sim.DCSource()
    with pytest.raises(errors.NonExistentParameterError):
        source.amplitud = 2.0
    with pytest.raises(TypeError, match="cannot be injected"):
        source.inject_into(sim.Population(2, sim.SpikeSourcePoisson()))
    assert (source.amplitude, source.targets) == (1.0, [])


def test_changes_within_a_step_of_a_current_count_once():
    source = sim.StepCurrentSource(times=[0.41, 0.42, 0.86], amplitudes=[0.5, -0.5, 0.7])
    np.testing.assert_allclose(source.times, [0.4, 0.9])
    np.testing.assert_array_equal(source.amplitudes, [-0.5, 0.7])
