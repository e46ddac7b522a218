"""Networks in SpiNNaker's arithmetic: the passes, time, states, and the ways in."""

from __future__ import annotations

import numpy as np
import pytest
from click.testing import CliRunner
from spinnaker_emulation import EMULATE, begin, changed, driven, leaky, simulation, times, trace

import snnc
import snnc.pynn as sim
from snnc import model_library
from snnc.cli import main
from snnc.ir.diagnostics import OptionError, UnsupportedError
from snnc.ir.text import parse
from snnc.passes.pipelines import parse_passes, pipeline_text, run_passes
from snnc.pynn import session

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
