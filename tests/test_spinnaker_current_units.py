"""What currents count in on SpiNNaker: which cells allow it, what is chosen, what comes of it."""

from __future__ import annotations

import json

import numpy as np
import pytest
from click.testing import CliRunner
from spinnaker_emulation import EMULATE, trace

import snnc.pynn as sim
from snnc.cli import main
from snnc.ir.diagnostics import ModelError, OptionError, UnsupportedError
from snnc.ir.text import parse, print_text, verify
from snnc.passes.native.references import references
from snnc.passes.pipelines import parse_passes, run_passes
from snnc.passes.spinnaker.current_degrees import degree_of
from snnc.passes.spinnaker.current_units import leaky_model
from snnc.pynn import session

BEFORE = "match-native{simulator=spinnaker},partition-cores"
CHOOSE = f"{BEFORE},choose-current-unit"


def run_through(passes):
    document = session.current().document()
    run_passes(document, parse_passes(passes))
    verify(document)
    return print_text(document)


def driven(cells, weight, rate=450.0, receptor="excitatory"):
    source = sim.Population(cells.size, sim.SpikeSourcePoisson(rate=rate))
    synapse = sim.StaticSynapse(weight=weight, delay=1.0)
    connector = sim.OneToOneConnector()
    return sim.Projection(source, cells, connector, synapse, receptor_type=receptor)


def network(**parameters):
    sim.setup(timestep=1.0, min_delay=1.0, rng_seed=3)
    first = sim.Population(4, sim.IF_cond_exp(cm=0.2, **parameters), label="first")
    second = sim.Population(300, sim.IF_cond_exp(cm=4.0), label="second")
    for cells in (first, second):
        driven(cells, 0.002)


# Which cells are the same in any unit


@pytest.mark.parametrize("name", ["IF_curr_exp", "IF_cond_exp"])
def test_leaky_cells_are_the_same_in_any_unit(name):
    leaky = leaky_model(name)
    assert set(leaky.degrees.values()) == {None, -1, 0, 1}
    resistances = [v.name_hint for v, degree in leaky.degrees.items() if degree == -1]
    assert resistances == ["resistance"]


@pytest.mark.parametrize("name", ["IZK_curr_exp", "IZK_cond_exp"])
def test_cells_of_izhikevich_are_not_as_they_have_no_capacity(name):
    with pytest.raises(UnsupportedError, match=f"in '{name}', .* a current and what does not"):
        leaky_model(name)


@pytest.mark.parametrize("bits", [1, 6, 10])
@pytest.mark.parametrize(
    ("kind", "name", "weight"),
    [(sim.IF_curr_exp, "isyn_exc", 0.3), (sim.IF_cond_exp, "gsyn_exc", 0.01)],
)
def test_potentials_in_floats_are_the_same_to_the_bit(kind, name, weight, bits):
    """What the pass multiplies, multiplied in a network on the CPU: a power of two is exact."""
    units = next(one for one in references("spinnaker") if one.name == kind.__name__).units
    found = []
    for factor in (1.0, 2.0**bits):
        sim.setup(timestep=0.5, min_delay=0.5, rng_seed=3)
        own = {"cm": 0.3, "i_offset": 0.1, "tau_m": 12.0, "v_thresh": -52.0}
        scaled = {key: value * factor ** degree_of(units[key]) for key, value in own.items()}
        cells = sim.Population(3, kind(**scaled))
        driven(cells, weight * factor ** degree_of(units["excitatory"]), 300.0)
        sim.NoisyCurrentSource(mean=0.0, stdev=0.1 * factor, dt=1.0).inject_into(cells)
        cells.record(["v", name, "spikes"])
        sim.run(80.0)
        assert sum(map(len, cells.get_data().segments[0].spiketrains)) > 3
        found.append((trace(cells, "v"), trace(cells, name) / factor))
    assert (found[0][0] == found[1][0]).all()
    assert (found[0][1] == found[1][1]).all()


# What is chosen


def test_the_unit_leaves_resistances_above_one():
    """20 ms at 0.2 and 4 nF are 100 and 5 MOhm: 2^6 and 2^2 units in a nA."""
    network()
    text = run_through(CHOOSE)
    assert "map.current_unit of @first bits 6" in text
    assert "map.current_unit of @second bits 2" in text


@pytest.mark.parametrize(
    ("parameters", "bits"),
    [
        ({"i_offset": 2000.0}, 4),  # 2000 nA * 2^4 is below 2^15
        ({"tau_m": [20.0, 10.0, 5.0, 40.0]}, 4),  # 25 MOhm
        ({"tau_m": sim.RandomDistribution("uniform", low=5.0, high=40.0)}, 4),
    ],
)
def test_every_number_of_the_cells_counts(parameters, bits):
    network(**parameters)
    assert f"map.current_unit of @first bits {bits}\n" in run_through(CHOOSE)


def test_currents_that_are_injected_count():
    sim.setup(timestep=1.0)
    cells = sim.Population(2, sim.IF_curr_exp(cm=0.2))
    sim.ACSource(amplitude=1500.0, offset=1000.0).inject_into(cells[1:])
    assert "bits 3\n" in run_through(CHOOSE)


def test_weights_follow_the_unit():
    """Populations of a core have units of their own, and one shift."""
    network()
    text = run_through(f"{CHOOSE},choose-shifts")
    assert '@first "excitatory" sign 1 shift 11 scale 6.553600e+04' in text  # 1024 * 2^6
    assert '@second "excitatory" sign 1 shift 11 scale 4.096000e+03' in text


def test_the_arithmetic_says_what_counts_in_which_unit():
    network()
    text = run_through(f"{CHOOSE},choose-shifts,quantise")
    cell = text.partition("fx.cell @IF_cond_exp bits 6 {")[2]
    assert "fx.state @gsyn_exc scale 6.553600e+04" in cell
    assert '%cm = fx.param "cm" {default = 1.000000e+00 : f64, scale = 6.400000e+01 : f64}' in cell
    assert '%tau_m = fx.param "tau_m" {default = 2.000000e+01 : f64} ' in cell
    assert "fx.current {scale = 6.400000e+01 : f64}" in cell
    assert "fx.cell @IF_cond_exp bits 2 {" in text


def test_units_can_be_given():
    network()
    text = run_through(f'{BEFORE},choose-current-unit{{bits="first=-2"}}')
    assert "map.current_unit of @first bits -2\n" in text
    assert "map.current_unit of @second bits 2\n" in text
    assert "map.current_unit" not in run_through(f"{BEFORE},choose-current-unit{{bits=0}}")


@pytest.mark.parametrize(
    ("passes", "message"),
    [
        ("partition-cores,choose-current-unit", "expected pass 'match-native{simulator=spinnaker}"),
        (f'{BEFORE},choose-current-unit{{bits="frist=3"}}', "did you mean 'first'"),
        (f"{BEFORE},choose-current-unit{{bits=16}}", "expected bits from -15 to 15.*found '16'"),
        (f'{BEFORE},choose-current-unit{{bits="first=x"}}', "found 'x'"),
        (f"{BEFORE},choose-shifts,choose-current-unit", "'choose-shifts' comes after this pass"),
    ],
)
def test_the_pass_says_what_it_needs(passes, message):
    network()
    with pytest.raises(OptionError, match=message):
        run_through(passes)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("of @first bits 6", "of @nobody bits 6", "unknown population '@nobody'"),
        ("of @first bits 6", "of @first bits 16", "from -15 to 15; found 16"),
        ("of @first bits 6", "of @second bits 6", "count in two units"),
    ],
)
def test_units_are_checked(old, new, message):
    network()
    text = run_through(CHOOSE)
    assert old in text
    with pytest.raises(ModelError, match=message):
        verify(parse(text.replace(old, new)))


# What comes of it


def test_results_are_in_the_units_of_the_network():
    """Values read and set, currents, weights: 4 % of the cpu's, at any unit; 2^-15 uS are not."""
    found = {}
    for bits in ("", 0, 2, 9):
        chosen = f"choose-current-unit{{bits={bits}}}" if bits != "" else "choose-current-unit"
        sim.setup(timestep=0.1, rng_seed=2, passes=[chosen], **EMULATE)
        cells = sim.Population(2, sim.IF_cond_exp(cm=0.2), initial_values={"gsyn_exc": 0.001})
        projection = driven(cells, 0.00005, 2000.0)
        sim.DCSource(amplitude=0.02).inject_into(cells)
        cells.record(["v", "gsyn_exc"])
        sim.run(20.0)
        cells.set(i_offset=0.03)
        sim.run(20.0)
        weights = projection.get("weight", format="list", with_address=False)
        assert weights == pytest.approx([5e-5, 5e-5], rel=0.02)
        found[bits] = trace(cells, "v")[-1], trace(cells, "gsyn_exc")[-1]
    sim.setup(timestep=0.1, rng_seed=2)
    cells = sim.Population(2, sim.IF_cond_exp(cm=0.2), initial_values={"gsyn_exc": 0.001})
    driven(cells, 0.00005, 2000.0)
    sim.DCSource(amplitude=0.02).inject_into(cells)
    cells.record(["v", "gsyn_exc"])
    sim.run(20.0)
    cells.set(i_offset=0.03)
    sim.run(20.0)
    exact = trace(cells, "v")[-1] + 65.0
    for bits in ("", 2, 9):
        assert found[bits][0] + 65.0 == pytest.approx(exact, rel=0.02)
        assert found[bits][1] == pytest.approx(trace(cells, "gsyn_exc")[-1], rel=0.04)
    far, near = (np.abs(found[bits][0] + 65.0 - exact).max() for bits in (0, ""))
    assert near < 0.2 * far


def test_populations_of_one_model_can_have_units_of_their_own():
    found = []
    for own in ("", '{bits="population0=5 population1=1"}', "{bits=5}"):
        sim.setup(timestep=1.0, rng_seed=2, passes=[f"choose-current-unit{own}"], **EMULATE)
        cells = [sim.Population(300, sim.IF_curr_exp(cm=cm)) for cm in (0.3, 3.0)]
        for one in cells:
            driven(one, 0.05, 600.0)
            one.record("v")
        sim.run(30.0)
        found.append([trace(one, "v") for one in cells])
        bits = dict(session.current().simulation().current_bits)
        assert own != "" or bits == {"population0": 6, "population1": 2}
    assert (found[1][0] == found[2][0]).all()
    assert not (found[1][1] == found[2][1]).all()
    assert np.abs(found[0][0] - found[1][0]).max() < 0.01


def test_compiled_files_say_the_units(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(
        "import snnc.pynn as sim\n"
        "sim.setup(timestep=1.0)\n"
        "cells = sim.Population(5, sim.IF_cond_exp(cm=0.2), label='cells')\n"
        "sim.run(1.0)\n"
    )
    command = ["compile", str(script), "-t", "spinnaker", "-o", str(tmp_path / "out")]
    for options, bits in (([], {"cells": 6}), (["--pass", "choose-current-unit{bits=0}"], {})):
        done = CliRunner().invoke(main, [*command, *options])
        assert done.exit_code == 0, done.output
        assert json.loads((tmp_path / "out" / "summary.json").read_text())["current_bits"] == bits
