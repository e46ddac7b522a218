"""SpiNNaker's numbers: what wraps, is cut, rounded or refused, and the weights that cores read."""

from __future__ import annotations

import numpy as np
import pytest
from spinnaker_arithmetic import Lif
from spinnaker_emulation import IN_NA, begin, changed, driven, leaky, simulation, trace

import snnc.pynn as sim
from snnc import model_library
from snnc.compiler import lowering_of
from snnc.ir.diagnostics import UnsupportedError, UserError
from snnc.pynn import session
from snnc.runtime.jit.cache import shared_kernels
from snnc.runtime.spinnaker.rows import STATIC
from snnc.runtime.spinnaker.synapses import Synapses

PLAIN = {
    "tau_m": 20.0, "cm": 1.0, "v_rest": -65.0, "v_reset": -65.0, "v_thresh": -50.0,
    "tau_refrac": 0.1, "tau_syn_E": 5.0, "tau_syn_I": 5.0, "i_offset": 0.0, "v": -65.0,
}  # fmt: skip


# Overflow


def test_a_full_ring_buffer_holds_what_16_bits_hold_and_is_counted():
    begin(passes=["choose-shifts{bound=expected}", IN_NA])
    cells = sim.Population(1, sim.IF_curr_exp(tau_refrac=1.0))
    driven(cells, [[2.0]] * 400, weight=1.0)
    cells.record("isyn_exc")
    with pytest.warns(RuntimeWarning, match="ring buffers were full 1 times on 1 cores"):
        sim.run(6.0)
    ring = simulation().artifact.populations[0].rings["excitatory"]
    total = 400 * round(1.0 / ring.quantum)
    assert total > 65535
    model = Lif({**PLAIN, "tau_refrac": 1.0}, 1.0)
    values = []
    for tick in range(6):
        model.tick((total if tick == 3 else 0, 0), (ring.shift, 0))
        values.append(model.inputs[0].value / 32768)
    assert trace(cells, "isyn_exc")[1:, 0].tolist() == values
    assert sum(one.overflows for one in simulation().loads()) == 1


def test_sums_wrap_as_on_the_machine_and_are_counted():
    begin(passes=[IN_NA])
    offset = 60000.0
    cells = sim.Population(3, sim.IF_curr_exp(i_offset=[0.0, offset, 0.0], cm=20.0, v_thresh=5e4))
    sim.DCSource(amplitude=offset).inject_into(cells)
    cells.record("v")
    with pytest.warns(RuntimeWarning, match="numbers wrapped 1 times on 1 cores, as they would on"):
        sim.run(1.0)
    found = trace(cells, "v")[1] * 32768
    for cell, own in enumerate((0.0, offset, 0.0)):
        model = Lif({**PLAIN, "i_offset": own, "cm": 20.0, "v_thresh": 5e4}, 1.0)
        model.tick((0, 0), (0, 0), offset)
        assert found[cell] == model.v
    assert sum(one.wraps for one in simulation().loads()) == 1


def test_numbers_that_do_not_fit_are_cut_and_counted():
    begin()
    cells = sim.Population(4, sim.IF_curr_exp(i_offset=[0.0, 60000.0, 0.0, 0.0]))
    cells.record("v")
    with pytest.warns(RuntimeWarning, match="numbers did not fit 32 bits"):
        sim.run(2.0)
    assert sum(one.saturations for one in simulation().loads()) >= 1
    assert trace(cells, "v")[1, 0] == -65.0


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"v_rest": -70000.0}, "'v_rest' does not fit the machine's numbers; found -70000"),
        ({"cm": 1e-6}, "'resistance' divides by a number that is rounded to 0"),
        ({"tau_m": 2000.0, "cm": 0.001}, "'resistance' is above 65536"),
    ],
)
def test_parameters_that_do_not_fit_are_refused(parameters, message):
    begin(passes=[IN_NA])
    sim.Population(2, sim.IF_curr_exp(**parameters))
    with pytest.raises(UserError, match=message):
        sim.run(1.0)


def test_states_that_do_not_fit_are_refused_and_nothing_changes():
    begin()
    cells = sim.Population(2, sim.IF_curr_exp())
    sim.run(1.0)
    with pytest.raises(UserError, match="'v' of 'IF_curr_exp' is out of range; expected -65536"):
        simulation().set_state("population0", "v", 1e6)
    assert simulation().state("population0", "v").tolist() == [-65.0, -65.0]
    assert cells.size == 2


def test_weights_that_would_wrap_are_cut_with_a_warning():
    begin()
    cells = sim.Population(1, sim.IF_curr_exp())
    _, projection = driven(cells, [[1.0]], weight=1.0)
    sim.run(1.0)
    with pytest.warns(UserWarning, match="the machine's own tools would let them wrap"):
        projection.set(weight=500.0)
        sim.run(1.0)


# Synapses


def test_plastic_synapses_are_refused():
    begin()
    cells = sim.Population(1, sim.IF_curr_exp())
    source = sim.Population(1, sim.SpikeSourceArray(spike_times=[1.0]))
    stdp = sim.STDPMechanism(
        timing_dependence=sim.SpikePairRule(),
        weight_dependence=sim.AdditiveWeightDependence(w_max=1.0),
        weight=0.5,
    )
    sim.Projection(source, cells, sim.AllToAllConnector(), stdp)
    lowering = lowering_of(session.current(), "spinnaker", emulate=True)
    with pytest.raises(UnsupportedError, match="the arithmetic of those that change is not emul"):
        lowering.artifact()


@pytest.mark.parametrize("rounding", ["nearest", "stochastic"])
def test_weights_are_those_that_the_cores_would_read(rounding):
    shifts = f"choose-shifts{{rounding={rounding}}}"
    begin(seed=8, pipeline=changed("choose-shifts", shifts))
    source = sim.Population(60, sim.SpikeSourcePoisson(rate=10.0), label="source")
    cells = sim.Population(70, sim.IF_curr_exp(), label="cells")
    for receptor, low, high in (("excitatory", 0.0, 1.0), ("inhibitory", -0.7, 0.0)):
        weight = sim.RandomDistribution("uniform", low=low, high=high)
        synapse = sim.StaticSynapse(weight=weight, delay=2.0)
        connector = sim.FixedProbabilityConnector(0.5)
        sim.Projection(source, cells, connector, synapse, receptor_type=receptor)
    same = sim.StaticSynapse(weight=0.10001, delay=1.0)
    sim.Projection(source, cells, sim.AllToAllConnector(), same)
    document = session.current().document()
    sim.run(1.0)
    found = []
    for plan in simulation().artifact.projections:
        quantum = simulation().artifact.populations[1].rings[plan.receptor].quantum
        multiples = simulation().edge_values(plan.name, "weight") / quantum
        assert (multiples == np.rint(multiples)).all()
        found += multiples.astype(int).tolist()
    passes = f"match-native{{simulator=spinnaker}},partition-cores,{shifts},place-cores"
    mapped = lowering_of(document, "spinnaker", pipeline=passes).artifact()
    synapses = Synapses(mapped, shared_kernels())
    words = synapses.onto([core.name for core in mapped.cores if core.index])[STATIC].words
    assert sorted(found) == sorted((words >> np.uint32(16)).tolist())
    # Weights of one size become two numbers where they are rounded at random.
    assert len(set(found[-4200:])) == (2 if rounding == "stochastic" else 1)


def test_results_do_not_depend_on_how_synapses_are_kept():
    """One weight or one each, in lists or as bits of rows, by counts or by spikes."""
    found = []
    for listed in (False, True):
        begin(seed=3)
        own = sim.Population(200, sim.SpikeSourcePoisson(rate=300.0))
        dense = sim.Population(200, sim.SpikeSourcePoisson(rate=40.0))
        cells = sim.Population(200, sim.IF_curr_exp())
        some = sim.FixedProbabilityConnector(0.4)
        for source, connector, weight in (
            (own, sim.OneToOneConnector(), 0.3),
            (dense, some, 0.02),
        ):
            weights = np.full((200, 200), weight) if listed else weight
            synapse = sim.StaticSynapse(weight=weights, delay=1.0)
            sim.Projection(source, cells, connector, synapse)
        cells.record(["v", "isyn_exc"])
        sim.run(100.0)
        forms = {plan.storage for plan in simulation().artifact.projections}
        found.append((forms, np.hstack([trace(cells, "v"), trace(cells, "isyn_exc")])))
    assert found[0][0] == {"mask", "counts"}
    assert found[1][0] == {"int16"}
    assert (found[0][1] == found[1][1]).all()
    assert len(np.unique(found[0][1])) > 1000


def test_weights_against_their_receptor_are_refused(tmp_path):
    model_library.add_directory(leaky(tmp_path))
    begin()
    cells = sim.Population(2, sim.Leaky(), label="cells")
    driven(cells, [[1.0]], weight=-0.5, receptor="drive")
    lowering = lowering_of(session.current(), "spinnaker", emulate=True)
    with pytest.raises(UnsupportedError, match="onto 'drive' of 'cells' are negative"):
        lowering.artifact()


def test_weights_of_the_other_sign_are_stored_as_nothing():
    begin()
    source = sim.Population(30, sim.SpikeSourceArray(spike_times=[1.0]))
    cells = sim.Population(30, sim.IF_curr_exp())
    weight = sim.RandomDistribution("normal", mu=0.1, sigma=0.1)
    synapse = sim.StaticSynapse(weight=weight, delay=1.0)
    projection = sim.Projection(source, cells, sim.AllToAllConnector(), synapse)
    with pytest.warns(UserWarning, match="negative weights of .* become 0: weights onto 'excit"):
        sim.run(1.0)
    found = projection.get("weight", format="array")
    assert found.min() == 0.0
    assert 50 < np.count_nonzero(found == 0.0) < 250
    assert found.max() > 0.25
