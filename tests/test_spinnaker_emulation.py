"""Networks in SpiNNaker's arithmetic: what they compute, what is counted, and what is refused."""

from __future__ import annotations

from contextlib import nullcontext

import numpy as np
import pytest
from click.testing import CliRunner
from spinnaker_arithmetic import Lif

import snnc
import snnc.pynn as sim
from snnc import model_library
from snnc.cli import main
from snnc.compiler import lowering_of
from snnc.ir.diagnostics import OptionError, UnsupportedError, UserError
from snnc.ir.text import parse
from snnc.passes.pipelines import parse_passes, pipeline_text, run_passes
from snnc.pynn import session
from snnc.runtime.jit.cache import shared_kernels
from snnc.runtime.spinnaker.rows import STATIC
from snnc.runtime.spinnaker.synapses import Synapses

RECEPTORS = ("excitatory", "inhibitory")
EMULATE = {"target": "spinnaker", "emulate": True}
IN_NA = "choose-current-unit{bits=0}"


def begin(dt=1.0, **options):
    sim.setup(timestep=dt, min_delay=dt, **{**EMULATE, "rng_seed": 5, **options})


def changed(old, new):
    """Return the emulation's pipeline with a pass replaced."""
    return pipeline_text("spinnaker-emulation").replace(old, new)


def simulation():
    return session.current().simulation()


def times(population):
    return [np.asarray(train) for train in population.get_data().segments[0].spiketrains]


def trace(population, name):
    signals = population.get_data().segments[0].analogsignals
    return next(one for one in signals if one.name == name).magnitude


def driven(cells, times_, weight=1.0, delay=1.0, receptor="excitatory"):
    source = sim.Population(len(times_), sim.SpikeSourceArray(spike_times=times_))
    synapse = sim.StaticSynapse(weight=weight, delay=delay)
    connector = sim.AllToAllConnector()
    projection = sim.Projection(source, cells, connector, synapse, receptor_type=receptor)
    return source, projection


PLAIN = {
    "tau_m": 20.0, "cm": 1.0, "v_rest": -65.0, "v_reset": -65.0, "v_thresh": -50.0,
    "tau_refrac": 0.1, "tau_syn_E": 5.0, "tau_syn_I": 5.0, "i_offset": 0.0, "v": -65.0,
}  # fmt: skip


# The passes


def test_quantise_puts_the_machines_arithmetic_beside_the_models():
    sim.setup(timestep=1.0)
    sim.Population(3, sim.IF_curr_exp(), label="cells")
    document = session.current().document()
    run_passes(document, parse_passes("match-native{simulator=spinnaker},quantise"))
    text = str(document.module)
    assert 'native.match @IF_curr_exp of "spinnaker" as "IF_curr_exp"' in text
    assert "fx.cell @IF_curr_exp" in text
    assert '%rest = fx.mul %leak, %gap "nearest" "saturate"' in text
    assert '%tau_m = fx.param "tau_m" {default = 2.000000e+01' in text


def test_products_are_rounded_at_random_on_request():
    sim.setup(timestep=1.0)
    sim.Population(3, sim.IF_curr_exp())
    document = session.current().document()
    passes = "match-native{simulator=spinnaker},quantise{rounding=stochastic}"
    run_passes(document, parse_passes(passes))
    text = str(document.module)
    assert '%rest = fx.mul %leak, %gap "stochastic" "saturate"' in text
    assert '%exc_next = fx.mul %exc, %decay_exc "down" "wrap"' in text


@pytest.mark.parametrize(
    ("passes", "message"),
    [
        ("quantise", "expected pass 'match-native{simulator=spinnaker}'"),
        ("quantise{target=loihi}", "no arithmetic of 'loihi' is known; expected 'spinnaker'"),
        ("quantise{rounding=nearset}", "unknown rounding 'nearset'; did you mean 'nearest'"),
    ],
)
def test_quantise_says_what_it_needs(passes, message):
    sim.setup(timestep=1.0)
    sim.Population(3, sim.IF_curr_exp())
    with pytest.raises(OptionError, match=message):
        run_passes(session.current().document(), parse_passes(passes))


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        ("EIF_cond_exp_isfa_ista", "the nearest is 'IF_cond_exp': it has no state like 'w'"),
        ("IF_curr_alpha", "the nearest is 'IF_curr_exp': it has no state like 'rise_exc'"),
        ("Izhikevich", "the arrival at 'excitatory', added to v, has the term 1"),
    ],
)
def test_models_that_the_machine_lacks_are_refused_with_the_nearest(cell, message):
    sim.setup(timestep=1.0)
    sim.Population(2, getattr(sim, cell)())
    passes = parse_passes("match-native{simulator=spinnaker},quantise")
    with pytest.raises(UnsupportedError, match=message):
        run_passes(session.current().document(), passes)


# Time and states


def test_an_arrival_moves_the_potential_one_step_later_and_sources_keep_their_times():
    begin(dt=0.1)
    cells = sim.Population(1, sim.IF_curr_exp())
    source, _ = driven(cells, [[1.0]])
    source.record("spikes")
    cells.record("v")
    sim.run(3.0)
    assert times(source)[0] == pytest.approx([1.0])
    moved = np.flatnonzero(trace(cells, "v")[:, 0] != -65.0)
    assert moved[0] == 21


def test_a_spike_has_the_time_of_the_step_that_sends_it():
    """A spike of step k acts on the update of step k + d: the machine's shortest loop is a step."""
    begin()
    first = sim.Population(1, sim.IF_curr_exp(i_offset=30.0))
    second = sim.Population(1, sim.IF_curr_exp())
    synapse = sim.StaticSynapse(weight=1.0, delay=1.0)
    sim.Projection(first, second, sim.OneToOneConnector(), synapse)
    first.record(["spikes", "v"])
    second.record("v")
    sim.run(6.0)
    sent = times(first)[0][0]
    moved = np.flatnonzero(trace(second, "v")[:, 0] != -65.0)
    assert moved[0] == sent + 2.0


@pytest.mark.parametrize("rounding", ["nearest", "stochastic"])
def test_results_do_not_depend_on_threads_or_on_pauses(rounding):
    found = []
    for threads, pauses in ((1, [40.0]), (2, [40.0]), (3, [13.0, 27.0])):
        pipeline = pipeline_text("spinnaker-emulation", threads=threads)
        pipeline = pipeline.replace("quantise", f"quantise{{rounding={rounding}}}")
        begin(pipeline=pipeline)
        cells = sim.Population(101, sim.IF_cond_exp(tau_m=np.linspace(5.0, 30.0, 101)))
        source = sim.Population(60, sim.SpikeSourcePoisson(rate=200.0))
        connector = sim.FixedProbabilityConnector(0.3)
        sim.Projection(source, cells, connector, sim.StaticSynapse(weight=0.01, delay=2.0))
        cells.record(["v", "gsyn_exc"])
        for pause in pauses:
            sim.run(pause)
        found.append(np.hstack([trace(cells, "v"), trace(cells, "gsyn_exc")]))
    assert (found[0] == found[1]).all() and (found[0] == found[2]).all()
    assert len(np.unique(found[0])) > 1000


def test_rounding_at_random_has_no_bias():
    """v of many cells without input follows the exact decay on average, and differs."""
    begin(dt=0.1, pipeline=changed("quantise", "quantise{rounding=stochastic}"))
    cells = sim.Population(2000, sim.IF_curr_exp(), initial_values={"v": -60.0})
    cells.record("v")
    sim.run(20.0)
    leak = simulation()._cells["population0"].constants["leak"] / 2**15
    last = trace(cells, "v")[-1]
    exact = -65.0 + 5.0 * leak**200
    unit = 2.0**-15
    assert len(np.unique(last)) > 3
    assert abs(last.mean() - exact) < 4 * last.std() / np.sqrt(2000) + 0.1 * unit


def leaky(folder):
    """Write a cell with other names than PyNN's, and one receptor, into a folder; return it."""
    (folder / "Leaky.mlir").write_text(
        "dyn.cell @Leaky {\n"
        "  param g : uS = 0.05\n  param c : nF = 1.0\n  param e : mV = -65.0\n"
        "  param top : mV = -50.0\n  param hold : ms = 2.0\n  param tau : ms = 5.0\n"
        "  state u : mV = -65.0\n  state i : nA = 0.0\n  receptor drive : nA\n"
        "  di/dt = -i / tau\n  on drive(w) { i = i + w }\n"
        "  regime up {\n    du/dt = (g * (e - u) + i) / c\n"
        "    when u >= top { u = e  emit  goto rest }\n  }\n"
        "  regime rest { after hold { goto up } }\n}\n"
    )
    return folder


def test_models_are_found_by_structure(tmp_path):
    """Another leak, names and one receptor: the same cell, with the chip's defaults elsewhere."""
    model_library.add_directory(leaky(tmp_path))
    found = []
    for cell, receptor, name in (
        (sim.Leaky(), "drive", "u"),
        (sim.IF_curr_exp(tau_refrac=2.0), "excitatory", "v"),
    ):
        begin()
        cells = sim.Population(1, cell)
        driven(cells, [[1.0, 4.0, 7.0, 8.0]], weight=3.0, receptor=receptor)
        cells.record(name)
        sim.run(30.0)
        found.append(trace(cells, name)[:, 0].tolist())
    assert found[0] == found[1]
    assert -65.0 in found[0][12:]


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


# Budgets


def test_packets_and_events_of_cores_are_counted():
    begin(pipeline=changed("partition-cores", "partition-cores{cells=10}"))
    cells = sim.Population(30, sim.IF_curr_exp())
    source = sim.Population(4, sim.SpikeSourceArray(spike_times=[[1.0], [1.0, 3.0], [1.0], []]))
    pairs = [(0, 2, 0.1, 1.0), (0, 3, 0.1, 2.0), (1, 12, 0.1, 1.0), (2, 4, 0.1, 1.0)]
    sim.Projection(source, cells, sim.FromListConnector(pairs), sim.StaticSynapse())
    sim.run(8.0)
    loads = [one for one in simulation().loads() if one.cells]
    assert [one.cells for one in loads] == [10, 10, 10]
    # A packet goes wherever its slice is heard: three at 1 ms to the first two cores.
    assert [one.packets for one in loads] == [3, 3, 0]
    assert [one.events for one in loads] == [3, 1, 0]
    assert loads[0].cycles == pytest.approx(10 * 312.5 + 3 * 15.4)
    assert loads[0].mean_cycles == pytest.approx(10 * 312.5 + 3 * 15.4 / 8)
    assert loads[0].budget == 200_000


@pytest.mark.parametrize("anew", [False, True])
def test_cores_that_send_packets_again_are_counted(anew: bool):
    begin()
    cells = sim.Population(20, sim.IF_curr_exp())
    driven(cells, [[1.0], [1.0, 3.0]], delay=700.0)  # of 256 slots, so two stages

    def extension():
        (found,) = (one for one in simulation().loads() if one.packets and not one.cells)
        return found

    sim.run(305.0)
    load = extension()
    assert (load.cells, load.packets, load.events) == (0, 2, 0)
    # Two stages of two cells in each step; three packets in, and out again after 256 and 512 ms.
    assert load.cycles == pytest.approx(4 * 10 + 2 * 100)
    assert load.mean_cycles == pytest.approx(4 * 10 + 6 * 100 / 305)
    bits = dict(simulation().current_bits)
    if anew:  # compiled in the middle, for a current that needs another unit
        cells.set(i_offset=5000.0)
    with pytest.warns(RuntimeWarning, match="fit 32 bits") if anew else nullcontext():
        sim.run(300.0)
    assert (bits != dict(simulation().current_bits)) == anew
    assert extension().mean_cycles == pytest.approx(4 * 10 + 9 * 100 / 605)


def test_what_is_counted_is_kept_when_the_network_is_compiled_anew():
    """A current that needs another unit, in the middle: states keep their size, and counters."""
    begin()
    cells = sim.Population(2, sim.IF_curr_exp(cm=0.5, tau_syn_E=50.0))
    driven(cells, [[1.0, 12.0]], weight=0.1)
    cells.record("isyn_exc")
    sim.run(10.0)
    first = dict(simulation().current_bits)
    cells.set(i_offset=[3000.0, 0.0])
    with pytest.warns(RuntimeWarning, match="numbers did not fit 32 bits"):
        sim.run(10.0)
    assert (first, dict(simulation().current_bits)) == ({"population0": 5}, {"population0": 3})
    kept = trace(cells, "isyn_exc")[:, 0]
    assert kept[9:13] == pytest.approx(kept[3] * np.exp(-np.arange(6, 10) / 50.0), rel=1e-2)
    load = next(one for one in simulation().loads() if one.cells)
    assert (load.packets, load.events) == (1, 2)
    assert load.mean_cycles == pytest.approx(2 * 312.5 + 4 * 15.4 / 20)


def test_steps_that_are_too_long_are_warned_of():
    begin(dt=0.1)
    cells = sim.Population(60, sim.IF_curr_exp())
    driven(cells, [[1.0]] * 40, weight=0.01)
    with pytest.warns(RuntimeWarning, match=r"1 steps are too long for 'core0': up to 55710"):
        sim.run(3.0)


def test_a_report_lists_what_is_rounded_and_what_cores_do():
    begin(dt=0.1)
    cells = sim.Population(6, sim.IF_cond_exp(), label="cells")
    driven(cells, [[1.0]], weight=0.0123)
    sim.run(2.0)
    text = str(session.current().compiled.report())
    assert "the machine's fixed point" in text
    errors = {(one.owner, one.name): one for one in simulation().errors()}
    assert errors["cells", "leak"].exact == pytest.approx(np.exp(-0.1 / 20.0))
    assert errors["cells", "leak"].relative < 2e-5
    assert errors["cells", "resistance"].machine == 20.0 / 2**4
    assert "currents of 'cells' count in 2^-4 nA" in text
    assert any(name == "weight" and 0 < one.relative < 1e-3 for (_, name), one in errors.items())
    assert "cells leak" in text and "core0" in text


# The command


SCRIPT = """import pyNN.spiNNaker as sim
sim.setup(timestep=1.0)
cells = sim.Population(5, sim.IF_curr_exp(i_offset=1.0), label="cells")
cells.record("spikes")
sim.run(60.0)
print("first", float(cells.get_data().segments[0].spiketrains[0][0]))
sim.end()
"""


def test_the_command_emulates_scripts_of_any_backend(tmp_path):
    path = tmp_path / "script.py"
    path.write_text(SCRIPT)
    done = CliRunner().invoke(main, ["run", str(path), "-t", "spinnaker", "--emulate", "--report"])
    assert done.exit_code == 0, done.output
    assert "first 27.0" in done.output
    assert "cells leak" in done.output
    other = ["run", str(path), "-t", "spinnaker", "--emulate", "--pass", "quantise{rounding=odd}"]
    refused = CliRunner().invoke(main, other)
    assert refused.exit_code == 2
    assert "unknown rounding 'odd'" in refused.output
    refused = CliRunner().invoke(main, ["run", str(path), "--emulate"])
    assert refused.exit_code == 2
    assert "target 'cpu' has no emulation; targets that have one: spinnaker" in refused.output


def test_running_without_emulation_says_that_there_is_one():
    sim.setup(timestep=1.0, target="spinnaker")
    sim.Population(2, sim.IF_curr_exp())
    with pytest.raises(UnsupportedError, match="'snnc run FILE --emulate'"):
        sim.run(1.0)


def test_networks_in_files_are_emulated(tmp_path):
    sim.setup(timestep=1.0)
    cells = sim.Population(5, sim.IF_curr_exp(i_offset=1.0), label="cells")
    cells.record(["v", "spikes"])
    compiled = snnc.compile(session.current(), **EMULATE)
    compiled.save(str(tmp_path / "net.mlir"))
    again = snnc.compile(tmp_path / "net.mlir", **EMULATE)
    for one in (compiled, again):
        one.run(50.0)
    first, second = (one.data.segments[0].analogsignals[0].magnitude for one in (compiled, again))
    assert (first == second).all()
    assert "fx.update" in compiled.ir("quantise")
    assert "np.int64" in compiled.ir("fixed")
    assert parse(compiled.ir("quantise")).network.label == "net"
