"""Expected rates of populations: where they come from, and what they decide."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

import snnc.pynn as sim
from snnc.cli import main
from snnc.compiler import lowering_of
from snnc.ir.diagnostics import OptionError
from snnc.ir.text import save
from snnc.passes.pipelines import parse_passes, run_passes
from snnc.pynn import session
from snnc.rates import measured_rates


def network():
    """Two populations, of which the first fires all the time, onto a third."""
    sim.setup(timestep=1.0, target="cpu")
    busy = sim.Population(40, sim.IF_curr_exp(i_offset=3.0), label="busy")
    quiet = sim.Population(40, sim.IF_curr_exp(), label="quiet")
    target = sim.Population(40, sim.IF_curr_exp(), label="target")
    for source in (busy, quiet):
        synapse = sim.StaticSynapse(weight=0.001, delay=1.0)
        sim.Projection(source, target, sim.AllToAllConnector(), synapse)
    return session.current().document()


def slices(document):
    return {
        op.population: op.rate
        for mapping in document.module.body.block.ops
        if mapping.name == "map.mapping"
        for op in mapping.body.block.ops
        if op.name == "map.slice"
    }


def test_rates_are_measured_on_the_cpu():
    rates = measured_rates(network(), 500.0)
    assert rates["quiet"] == 0.0
    assert 80.0 < rates["busy"] < 250.0
    with pytest.raises(OptionError, match="a positive time; found 0 ms"):
        measured_rates(network(), 0.0)


def test_slices_have_the_rates_that_are_expected():
    document = network()
    passes = 'expect-rates{rates="busy=120 quiet=0.5"},partition-cores'
    run_passes(document, parse_passes(passes))
    assert slices(document) == {"busy": 120.0, "quiet": 0.5, "target": 30.0}
    lowered = lowering_of(network(), "spinnaker", rates={"busy": 55.0}).lowered("partition-cores")
    assert slices(lowered)["busy"] == 55.0


@pytest.mark.parametrize(
    ("rates", "message"),
    [
        ("bussy=3", "names no population 'bussy'; did you mean 'busy'"),
        ("busy=-3", "a rate of at least 0 in Hz; found 'busy=-3'"),
        ("busy", "expected NAME=RATE"),
    ],
)
def test_rates_that_make_no_sense_are_refused(rates, message):
    document = network()
    with pytest.raises(OptionError, match=message):
        run_passes(document, parse_passes(f'expect-rates{{rates="quiet=2 {rates}"}}'))
    assert "expected_rate" not in str(document.module)


def test_targets_without_places_ask_for_no_rates():
    with pytest.raises(OptionError, match="places no cells by their rates; targets that do: spinn"):
        lowering_of(network(), "cpu", rates={"busy": 3.0})


def test_the_command_takes_and_measures_rates(tmp_path):
    pytest.importorskip("pymetis", reason="the extra 'spinnaker' is not installed")
    save(network(), str(tmp_path / "net.mlir"))
    words = ["compile", str(tmp_path / "net.mlir"), "-t", "spinnaker", "-o", str(tmp_path / "out")]
    done = CliRunner().invoke(main, [*words, "--profile", "300", "-r", "quiet=7"])
    assert done.exit_code == 0, done.output
    text = (tmp_path / "out" / "lowered.mlir").read_text()
    assert "of @quiet from 0 to 40 on @core0 rate 7.000000e+00" in text
    assert "rate 3.000000e+01" not in text
    assert json.loads((tmp_path / "out" / "summary.json").read_text())["cores"] >= 1
    done = CliRunner().invoke(main, [*words, "-r", "quiet=often"])
    assert done.exit_code == 2
    assert "expected NAME=HZ; found 'quiet=often'" in done.output
