"""Networks on a wafer of HICANNs: what is placed is delivered, what is not is lost for a reason."""

from __future__ import annotations

import json
from collections import Counter

import numpy as np
import pytest
from analog_networks import lowered, network, random_edges
from click.testing import CliRunner
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from xdsl.dialects.builtin import IntegerAttr, i64

from snnc.cli import main
from snnc.codegen.wafer import generate
from snnc.codegen.wafer_files import hicanns_text, losses_text, rows_text, summary
from snnc.hardware.wafer import load_wafer
from snnc.ir.diagnostics import ModelError, OptionError, ResourceLimitError
from snnc.ir.dialects import analog, wafer
from snnc.ir.dialects.snn_values import ArrayHandleAttr
from snnc.ir.resources import ResourceTable
from snnc.ir.text import Document, save, verify
from snnc.passes.pipelines import parse_passes, pipeline_text, run_passes
from snnc.stages import copy_of, synapses_of

CELL = ("IF_cond_exp", {"tau_refrac": 1.0})
PIPELINE = pipeline_text("brainscales1")


def mapped(document: Document, circuits: int = 0) -> Document:
    """Return a network after the pipeline of the wafer."""
    text = PIPELINE.replace("place-neurons", f"place-neurons{{circuits={circuits}}}")
    return lowered(document, text)


def two_groups(neurons: int, sources: int, synapses: int, seed: int = 1) -> Document:
    """Return neurons that excite and inhibit each other, and sources that excite them."""
    rng = np.random.default_rng(seed)
    edges = [
        ("P", "P", random_edges(rng, neurons, neurons, synapses), "excitatory", 0.01),
        ("Q", "P", random_edges(rng, neurons, neurons, synapses), "inhibitory", 0.02),
        ("S", "Q", random_edges(rng, sources, neurons, synapses), "excitatory", 0.01),
    ]
    populations = {
        "P": (neurons, *CELL),
        "Q": (neurons, *CELL),
        "S": (sources, "SpikeSourcePoisson", {"rate": 10.0}),
    }
    return network(populations, edges)


# The machine


def test_the_grid_is_round_and_has_384_hicanns():
    machine = load_wafer("brainscales1")
    assert len(machine.chips) == 384
    assert {(35 - x, 15 - y) for x, y in machine.chips} == set(machine.chips)


def test_switches_are_where_halco_says():
    """The rules of ``CrossbarSwitchOnHICANN`` and ``SynapseSwitchOnHICANN``, as they stand."""
    machine = load_wafer("brainscales1")
    for x in range(256):
        y = x % 32 * 2
        y = 64 - 2 - y if x < 128 else y
        crossed = {line for line in range(64) if x in machine.crossings(line)}
        assert crossed == {y, y + 1}
        reached = machine.group_drivers[machine.group(x)]
        for row in reached:
            same = (x < 128) ^ (row >= 112)
            place = row % 16 // 2
            assert (place if same else 7 - place) == x % 32 // 4
        assert len(reached) == 14
    every = [driver for group in machine.group_drivers for driver in group]
    assert sorted(every) == list(range(224))


@given(st.integers(0, 63), st.integers(0, 255), st.integers(-35, 35))
def test_lines_come_back_to_where_they_started(horizontal, vertical, steps):
    machine = load_wafer("brainscales1")
    assert machine.horizontal(machine.horizontal(horizontal, steps), -steps) == horizontal
    there = machine.vertical(vertical, steps)
    assert (there < 128) == (vertical < 128)
    assert machine.vertical(there, -steps) == vertical


def test_outputs_send_on_the_lines_with_sending_repeaters():
    machine = load_wafer("brainscales1")
    assert [machine.output_line(7 - n) for n in range(8)] == [6, 14, 22, 30, 38, 46, 54, 62]


# Whole networks; every pipeline ends with the walk.


@settings(max_examples=8, deadline=None, phases=[Phase.explicit, Phase.reuse, Phase.generate])
@given(
    st.integers(20, 60), st.integers(1, 40), st.integers(0, 300), st.sampled_from([0, 2, 4, 16, 64])
)
def test_small_networks_lose_nothing(neurons, sources, synapses, circuits):
    found = summary(generate(mapped(two_groups(neurons, sources, synapses), circuits)))
    assert found["synapses"] == 3 * synapses
    assert found["lost"] == 0


def test_spikes_find_their_way_over_many_hicanns():
    document = mapped(two_groups(150, 30, 3000), circuits=64)
    found = generate(document)
    assert summary(found)["chips"] > 30
    assert len(found.repeaters) > 100 and len(found.switches) > 100
    assert summary(found)["lost"] == 0


def test_neurons_lose_what_is_beyond_their_places():
    pre, post = np.arange(500), np.zeros(500, np.int64)
    edge = ("S", "P", ("from_list", {"pre": pre, "post": post}), "excitatory", 0.01)
    populations = {"P": (2, *CELL), "S": (500, "SpikeSourcePoisson", {"rate": 1.0})}
    with pytest.warns(UserWarning, match=r"of 500 synapses are on no chip.*in-degree 52; take few"):
        found = summary(generate(mapped(network(populations, [edge]), circuits=2)))
    assert found["lost_by_reason"]["in-degree"] == 500 - 2 * 224
    assert found["lost_at_least_by_reason"]["in-degree"] == 500 - 2 * 224
    assert found["lost"] >= found["lost_at_least"]
    joined = summary(generate(mapped(network(populations, [edge]))))
    assert joined["circuits_per_neuron"] == 8
    assert joined["lost"] == 0


def test_synapses_beyond_the_rows_are_lost_and_no_fewer_than_the_bound():
    rng = np.random.default_rng(3)
    edges = [("P", "P", random_edges(rng, 900, 900, 160_000), "excitatory", 0.01)]
    edges += [("P", "P", random_edges(rng, 900, 900, 60_000), "inhibitory", 0.01)]
    with pytest.warns(UserWarning, match="synapses are on no chip, for want of: rows"):
        found = summary(generate(mapped(network({"P": (900, *CELL)}, edges), circuits=2)))
    assert 0 < found["lost_at_least"] <= found["lost"] <= 2.5 * found["lost_at_least"]
    assert sum(found["lost_by_reason"].values()) == found["lost"]


def test_a_synfire_chain_of_3000_neurons_fits():
    groups, edges = 24, []
    populations = {"S": (100, "SpikeSourceArray", {})}
    for n in range(groups):
        populations[f"E{n}"], populations[f"I{n}"] = (100, *CELL), (25, *CELL)
        before = f"E{n - 1}" if n else "S"
        for after in (f"E{n}", f"I{n}"):
            edges.append((before, after, ("fixed_number_pre", {"n": 60}), "excitatory", 0.001))
        edges.append((f"I{n}", f"E{n}", ("fixed_number_pre", {"n": 25}), "inhibitory", 0.002))
    found = summary(generate(mapped(network(populations, edges))))
    assert found["synapses"] == 240_000
    assert found["lost_share"] <= 0.05


def test_a_network_that_is_too_large_is_refused():
    with pytest.raises(ResourceLimitError, match="100000 neurons are too many"):
        mapped(network({"P": (100_000, *CELL)}))
    with pytest.raises(ResourceLimitError, match=r"of 64 circuits need 438 HICANNs.*has 384"):
        mapped(network({"P": (3_500, *CELL)}), circuits=64)


def test_options_and_missing_passes_are_refused():
    with pytest.raises(OptionError, match="found 3, expected one of 2, 4, 8"):
        mapped(network({"P": (2, *CELL)}), circuits=3)
    start = "choose-chip{chip=brainscales1 number=1},list-synapses,"
    for passes, missing in (
        ("route-lines", "place-neurons"), ("place-neurons,assign-rows", "route-lines"),
        ("place-neurons,route-lines,walk-lines", "assign-rows"),
    ):  # fmt: skip
        with pytest.raises(OptionError, match=f"expected pass '{missing}'"):
            lowered(two_groups(5, 2, 9), start + passes)
    with pytest.raises(ModelError, match="is a crossbar; expected a wafer"):
        lowered(
            two_groups(5, 2, 9),
            "choose-chip{chip=brainscales2 number=1},list-synapses,place-neurons",
        )


# Mutations


@pytest.fixture(scope="module")
def spread() -> Document:
    return mapped(two_groups(40, 10, 400), circuits=64)


def changed(document: Document, kind: type[analog.Decision], change) -> Document:
    """Return a copy in which the largest table of a kind has been changed."""
    copy = copy_of(document)
    ops = [op for op in copy.module.walk() if isinstance(op, kind)]
    op = max(ops, key=lambda one: one.table_.data.shape[0])
    table = np.array(copy.resources[op.table_.data.name])
    table = change(table)
    handle = ResourceTable(copy.resources).handle(table, "changed")
    op.properties["table"] = ArrayHandleAttr(handle)
    return copy


def bump(column: int, by: int, below: int):
    """Return a change of one number of the middle row."""

    def change(table: np.ndarray) -> np.ndarray:
        row = len(table) // 2
        table[row, column] = (table[row, column] + by) % below
        return table

    return change


def drop(table: np.ndarray) -> np.ndarray:
    return np.delete(table, len(table) // 2, axis=0)


def twice(table: np.ndarray) -> np.ndarray:
    return np.concatenate([table, table[:1]])


MUTATIONS = {
    "a line goes on as another": (wafer.RepeatersOp, bump(3, 1, 320), "goes on as line"),
    "a repeater to a chip that is no neighbour": (wafer.RepeatersOp, bump(2, 7, 384), "repeater"),
    "a repeater is off": (wafer.RepeatersOp, drop, "does not deliver"),
    "a switch that is not there": (wafer.SwitchesOp, bump(2, 1, 256), "no switch between"),
    "a switch is open": (wafer.SwitchesOp, drop, "does not deliver"),
    "a switch onto another line": (wafer.SwitchesOp, bump(2, 32, 256), "deliver|switch|two out"),
    "a driver on a line out of reach": (wafer.DriversOp, bump(2, 4, 256), "no switch between"),
    "a driver is off": (wafer.DriversOp, drop, "does not deliver"),
    "the input of a row": (wafer.DriversOp, bump(3, 1, 2), "does not deliver"),
    "the addresses of a row": (wafer.DriversOp, bump(4, 1, 4), "does not deliver"),
    "the address of a synapse": (wafer.SynapsesOp, bump(4, 1, 16), "does not deliver"),
    "the column of a synapse": (wafer.SynapsesOp, bump(3, 32, 256), "does not deliver"),
    "the row of a synapse": (wafer.SynapsesOp, bump(2, 2, 448), "does not deliver"),
    "a synapse is missing": (wafer.SynapsesOp, drop, "found 0 times"),
    "a synapse is there twice": (wafer.SynapsesOp, twice, "found 2 times"),
    "an address of a cell": (wafer.PlacesOp, bump(4, 1, 64), "address|does not deliver"),
    "the column of a cell": (wafer.PlacesOp, bump(2, 32, 256), "circuit|does not deliver"),
    "the output of a cell": (wafer.PlacesOp, bump(3, 1, 8), "does not deliver|two outputs"),
}


@pytest.mark.parametrize("name", MUTATIONS)
def test_a_changed_setting_is_refused(spread, name):
    kind, change, message = MUTATIONS[name]
    with pytest.raises(ModelError, match=message):
        run_passes(changed(spread, kind, change), parse_passes("walk-lines"), connect=synapses_of)


@pytest.mark.parametrize(
    ("kind", "column", "number", "message"),
    [
        (wafer.PlacesOp, 1, 384, "hicann 384 at row 0; expected -1 to 383"),
        (wafer.RepeatersOp, 1, 320, "line 320 at row 0; expected 0 to 319"),
        (wafer.SwitchesOp, 2, 256, "vertical 256"),
        (wafer.TapsOp, 1, 8, "output 8"),
        (wafer.DriversOp, 1, 224, "driver 224"),
        (wafer.DriversOp, 4, 4, "even_0 4"),
        (wafer.SynapsesOp, 4, 16, "address 16 at row 0; expected 0 to 15"),
    ],
)
def test_numbers_that_the_wafer_does_not_have_are_refused(spread, kind, column, number, message):
    def change(table: np.ndarray) -> np.ndarray:
        table[0, column] = number
        return table

    with pytest.raises(ModelError, match=message):
        verify(changed(spread, kind, change))


def test_circuits_that_cannot_be_halved_are_refused(spread):
    copy = copy_of(spread)
    op = next(op for op in copy.module.walk() if isinstance(op, wafer.PlacesOp))
    op.properties["circuits"] = IntegerAttr(6, i64)
    with pytest.raises(ModelError, match=r"2, 4, 8, … circuits are joined.*found 6"):
        verify(copy)


# What is written


def test_the_files_say_what_was_decided(spread):
    artifact = generate(spread)
    rows = json.loads(rows_text(artifact))
    digits = "".join(
        row["weights"] for chip in rows for driver in chip["drivers"] for row in driver["rows"]
    )
    placed = sum(len(table) for table in artifact.synapses.values())
    assert sum(digit != "0" for digit in digits) == placed == 1200
    assert Counter(digits).keys() == {"0", "f"}  # each projection has one weight
    hicanns = json.loads(hicanns_text(artifact))
    neurons = [neuron for chip in hicanns for neuron in chip["neurons"]]
    assert len(neurons) == 80
    assert all(len(neuron["NeuronOnHICANN"]) == 64 for neuron in neurons)
    losses = json.loads(losses_text(artifact))
    assert {name: entry["synapses"] for name, entry in losses.items()} == dict.fromkeys(
        ("e0", "e1", "e2"), 400
    )


def test_compiling_writes_files_and_a_picture(tmp_path):
    save(two_groups(10, 5, 40), str(tmp_path / "net.mlir"))
    result = CliRunner().invoke(
        main, ["compile", str(tmp_path / "net.mlir"), "-t", "brainscales1", "-o", f"{tmp_path}/o"]
    )
    assert result.exit_code == 0, result.output
    files = {path.name for path in (tmp_path / "o").iterdir()}
    assert files >= {
        "hicanns.json", "lines.json", "synapse_rows.json", "parameters.json", "losses.json",
        "summary.json", "wafer.png", "lowered.mlir",
    }  # fmt: skip
    found = json.loads((tmp_path / "o" / "summary.json").read_text())
    assert {"chips", "synapses", "lost", "lost_by_reason", "seconds"} <= found.keys()
    circuits = json.loads((tmp_path / "o" / "parameters.json").read_text())["P"]
    threshold = circuits["parameters"]["v_threshold"]
    assert threshold["model_value"] == pytest.approx(-50.0, abs=threshold["model_step"] / 2)
