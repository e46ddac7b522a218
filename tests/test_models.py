"""The packaged models are PyNN's standard models: same names, order, units and defaults."""

import numpy as np
import pyNN.standardmodels.cells as cells
import pyNN.standardmodels.receptors as receptors
import pyNN.standardmodels.synapses as synapses
import pytest
from pyNN.parameters import Sequence

from snnc import model_library
from snnc.ir.units import parse_unit

CELLS = [
    "IF_curr_exp",
    "IF_curr_alpha",
    "IF_curr_delta",
    "IF_cond_exp",
    "IF_cond_alpha",
    "EIF_cond_exp_isfa_ista",
    "EIF_cond_alpha_isfa_ista",
    "Izhikevich",
    "HH_cond_exp",
    "IF_cond_exp_gsfa_grr",
    "IF_facets_hardware1",
    "LIF",
    "AdExp",
]
SOURCES = [
    "SpikeSourcePoisson",
    "SpikeSourceArray",
    "SpikeSourceGamma",
    "SpikeSourcePoissonRefractory",
    "SpikeSourceInhGamma",
]
RESPONSES = [
    "CurrExpPostSynapticResponse",
    "CondExpPostSynapticResponse",
    "CondAlphaPostSynapticResponse",
    "CondBetaPostSynapticResponse",
]
# With parameters that are arrays in PyNN, NAME.1, NAME.2, ... in the model.
ARRAYS = ["GIF_cond_exp"]
# Cells of NEURON's own, see test_neuron_templates.
OF_NEURON = ["IntFire1", "IntFire2", "IntFire4"]
WEIGHT_DEPENDENCES = [
    "AdditiveWeightDependence",
    "MultiplicativeWeightDependence",
    "AdditivePotentiationMultiplicativeDepression",
    "GutigWeightDependence",
]
ONE_TO_ONE = [
    "StaticSynapse",
    "TsodyksMarkramSynapse",
    "SimpleStochasticSynapse",
    "StochasticTsodyksMarkramSynapse",
    "MultiQuantalSynapse",
    "ElectricalSynapse",
]
# States that PyNN's backends initialise without naming them.
INITIALISED = {"StochasticTsodyksMarkramSynapse": {"u"}, "MultiQuantalSynapse": {"u", "a"}}
PLASTIC = [
    *(("SpikePairRule", dependence) for dependence in WEIGHT_DEPENDENCES),
    ("Vogels2011Rule", "AdditiveWeightDependence"),
]
# States that PyNN initialises but does not record.
UNRECORDED = {"isyn_exc", "isyn_inh", "h", "m", "n"}


def same_unit(ours, theirs):
    """PyNN writes the unit of a rate as '/ms' and that of a number as ''."""
    if theirs == "dimensionless":
        theirs = "1"
    theirs = f"1{theirs}" if theirs.startswith("/") else theirs or "1"
    return parse_unit(ours) == parse_unit(theirs)


def test_every_packaged_model_is_compared():
    stdp = [f"STDP_{timing}_{dependence}" for timing, dependence in PLASTIC]
    others = {*RESPONSES, *ARRAYS, *ONE_TO_ONE, *stdp, *OF_NEURON}
    assert set(model_library.names()) == {*CELLS, *SOURCES, *others}


@pytest.mark.parametrize("name", [*RESPONSES, *ARRAYS])
def test_classes_that_are_derived_otherwise_are_pynns(name):
    import snnc.pynn

    ours = getattr(snnc.pynn, name)
    theirs = getattr(receptors if name in RESPONSES else cells, name)
    assert set(ours.default_parameters) == set(theirs.default_parameters)
    for parameter, default in theirs.default_parameters.items():
        value = ours.default_parameters[parameter]
        assert np.array_equal(getattr(value, "value", value), getattr(default, "value", default))
    assert ours.default_initial_values == theirs.default_initial_values
    for variable, unit in theirs.units.items():
        assert same_unit(ours.units[variable], unit)


@pytest.mark.parametrize("name", [*CELLS, *SOURCES])
def test_parameters_are_pynns(name):
    import snnc.pynn

    info, theirs = model_library.load(name), getattr(cells, name)
    assert list(info.parameters) == list(theirs.default_parameters)
    for parameter in info.parameters.values():
        default = theirs.default_parameters[parameter.name]
        assert same_unit(parameter.unit, theirs.units[parameter.name])
        assert parameter.sequence == isinstance(default, Sequence)
        ours = getattr(snnc.pynn, name).default_parameters[parameter.name]
        assert list(getattr(ours, "value", [ours])) == list(getattr(default, "value", [default]))


@pytest.mark.parametrize("name", [*CELLS, *SOURCES])
def test_initial_values_are_pynns(name):
    info, theirs = model_library.load(name), getattr(cells, name)
    visible = {s.name: s for s in info.states.values() if not s.hidden}
    initial = getattr(theirs, "default_initial_values", {})
    assert {state.name: state.initial for state in visible.values()} == initial
    for state in visible.values():
        assert same_unit(state.unit, theirs.units[state.name])


@pytest.mark.parametrize("name", [*CELLS, *SOURCES])
def test_recordables_are_pynns_in_its_order(name):
    ours = model_library.load(name).recordables
    assert [r for r in ours if r not in UNRECORDED] == list(getattr(cells, name).recordable)


@pytest.mark.parametrize("name", [*CELLS, *SOURCES])
def test_ports_are_pynns(name):
    info, theirs = model_library.load(name), getattr(cells, name)
    assert info.injectable == theirs.injectable
    receptors = [r for r in getattr(theirs, "receptor_types", ()) if "gap" not in r]
    assert list(info.receptors) == receptors
    if receptors:
        assert info.conductance_based == theirs.conductance_based
        assert info.voltage_step == getattr(theirs, "voltage_based_synapses", False)
    assert info.source == (name in SOURCES)


@pytest.mark.parametrize("name", CELLS)
def test_every_decaying_receptor_names_its_time_constant(name):
    info = model_library.load(name)
    for receptor, parameter in [("excitatory", "tau_syn_E"), ("inhibitory", "tau_syn_I")]:
        if receptor in info.receptors:
            expected = parameter if parameter in info.parameters else None
            assert info.receptors[receptor].decay == expected


@pytest.mark.parametrize("name", ONE_TO_ONE)
def test_synapse_is_pynns(name):
    info, theirs = model_library.load(name), getattr(synapses, name)
    ours = {p.name: p.default for p in info.parameters.values()}
    expected = dict(theirs.default_parameters)
    del expected["weight"]
    assert ("delay" in expected) == (not info.couples)
    expected.pop("delay", None)
    assert list(ours.items()) == list(expected.items())
    visible = {s.name: s.initial for s in info.states.values() if not s.hidden}
    named = getattr(theirs, "default_initial_values", {})
    assert {state: visible[state] for state in named} == named
    assert visible.keys() - named.keys() == INITIALISED.get(name, set())


@pytest.mark.parametrize(("timing", "dependence"), PLASTIC)
def test_stdp_has_the_parameters_of_its_two_parts(timing, dependence):
    info = model_library.load(f"STDP_{timing}_{dependence}")
    expected = {
        **getattr(synapses, timing).default_parameters,
        **getattr(synapses, dependence).default_parameters,
        "dendritic_delay_fraction": 1.0,
    }
    ours = {p.name: p.default for p in info.parameters.values()}
    assert list(ours.items()) == list(expected.items())
    assert info.plastic
    assert {name: state.axis for name, state in info.states.items()} == {"x": "pre", "y": "post"}


def test_every_model_is_documented_in_one_line():
    for name in model_library.names():
        doc = model_library.load(name).doc
        assert doc
        assert "\n" not in doc
