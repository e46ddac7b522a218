"""Plastic synapses on SpiNNaker: their rows, their rules, the cores they need, and refusals."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from spinnaker_synapses import (
    ADDITIVE,
    MULTIPLICATIVE,
    artifact_of,
    check_both_ways,
    network,
    plastic,
    projection,
    set_word,
    without,
)

from snnc import model_library
from snnc.cli import main
from snnc.ir.diagnostics import ModelError, UnsupportedError
from snnc.ir.text import Document, save
from snnc.runtime.spinnaker.data import write_data
from snnc.runtime.spinnaker.decode import check_data, read_data
from snnc.runtime.spinnaker.plasticity import decay_table
from snnc.runtime.spinnaker.rows import PLASTIC, STATIC, read_rows

ALL = '"all_to_all"'


def stdp(sizes: list[int], projections: list[str], *rules: str) -> Document:
    return network(sizes, projections, "".join(map(model_library.text, rules or [ADDITIVE])))


def regions(path: Path, label: str) -> dict[tuple[int, int, int], np.ndarray]:
    query = "SELECT x, y, p, content FROM region WHERE region_label = ?"
    with closing(sqlite3.connect(path)) as file:
        rows = file.execute(query, (label,)).fetchall()
    return {(x, y, p): np.frombuffer(words, "<u4") for x, y, p, words in rows}


def test_a_row_is_history_weights_and_controls():
    rows = np.zeros(10, np.uint32)
    synapses = np.array([0x00210005, 0x00220006, 0x00230007], np.uint32)
    PLASTIC.fill(rows, np.array([1]), np.array([3]), synapses)
    assert rows.tolist() == [0, 4, 0, 0, 0x00220021, 0x0023, 0, 3, 0x00060005, 0x0007]
    assert PLASTIC.length(np.array([0, 1, 3, 4])).tolist() == [0, 4, 6, 6]
    found = read_rows(rows, np.array([1]), np.array([6]))
    assert found.words.tolist() == synapses.tolist()
    assert found.plastic.all()


def test_static_and_plastic_synapses_of_a_cell_have_rows_of_their_own(tmp_path):
    several = [projection(10, "P0", "P1"), plastic(11, "P0", "P1", ALL, delay="3.0")]
    artifact = check_both_ways(stdp([20, 30], several), tmp_path)
    read = read_data(artifact, tmp_path / "ds.sqlite3")
    (one,) = (each for _, arrivals in read for each in arrivals if each.cell.size)
    assert set(one.delay[one.plastic].tolist()) == {3}
    assert set(one.delay[~one.plastic].tolist()) == {1}
    assert one.plastic.sum() == 20 * 30


def test_plastic_rows_of_more_than_254_synapses_go_on_at_another_address(tmp_path):
    several = [plastic(10 + k, "P0", "P1", ALL, delay=f"{k + 1}.0") for k in range(3)]
    artifact = check_both_ways(stdp([5, 100], several), tmp_path)
    (table,) = (words for words in regions(tmp_path / "ds.sqlite3", "PopTable").values()
                if words[0] > 1 or words[1])  # fmt: skip
    lengths = sorted((int(word) & 0xFF) + 1 for word in table[2 + 5 * table[0] :])
    assert lengths == [2 + 300 - 254, 256]
    assert artifact.figures["matrix_bytes"] == 4 * (1296 + 5 * (3 + 48) + 1)


def test_delays_beyond_the_slots_reach_plastic_synapses(tmp_path):
    long = '#snn.random<"uniform", {low = 1.0, high = 700.0}>'
    artifact = check_both_ways(
        stdp([60, 50], [plastic(10, "P0", "P1", delay=long)]), tmp_path, "{cells=30}"
    )
    assert artifact.extensions


@pytest.mark.parametrize(
    ("rule", "amounts"),
    [(ADDITIVE, [0.1 * 1.5, 0.02 * 1.5]), (MULTIPLICATIVE, [0.1, 0.02])],
)
def test_cores_get_the_rule_of_their_synapses(tmp_path, rule, amounts):
    values = "w_min = 0.25, w_max = 1.5, A_plus = 0.1, A_minus = 0.02, tau_plus = 10.0"
    changing = plastic(10, "P0", "P1", rule=rule, parameters=values)
    artifact = artifact_of(stdp([20, 30], [changing], rule))
    write_data(artifact, tmp_path / "ds.sqlite3")
    ((place, words),) = regions(tmp_path / "ds.sqlite3", "synapseDynamicsParams").items()
    assert [place] == [one.place for one in artifact.slices if one.population == "P1"]
    plus, minus = decay_table(10.0, 1.0), decay_table(20.0, 1.0)
    ends = np.cumsum([1, plus.size, minus.size])
    dendritic, *tables, numbers = np.split(words, ends)
    assert dendritic.tolist() == [1]
    assert np.array_equal(tables[0], plus)
    assert np.array_equal(tables[1], minus)
    assert numbers.tolist() == 2 * [round(x * 2**15) for x in (0.25, 1.5, *amounts)]


def test_decays_are_listed_until_nothing_is_left():
    words = decay_table(10.0, 1.0)
    halves = words.view("<u2")
    assert halves[:2].tolist() == [78, 0]
    assert halves[2:5].tolist() == [2048, 1853, 1676]
    assert halves[-2:].tolist() == [1, 0]
    assert words.size == 1 + 78 // 2


def test_negative_weights_change_as_positive_ones_do(tmp_path):
    falling = plastic(
        10, "P0", "P1", receptor="inhibitory", weight="-0.5", parameters="w_max = -1.5"
    )
    artifact = check_both_ways(stdp([20, 30], [falling]), tmp_path)
    ring = artifact.rings["P1", "inhibitory"]
    assert ring.factor < 0
    (words,) = regions(tmp_path / "ds.sqlite3", "synapseDynamicsParams").values()
    assert words[-4:-2].tolist() == [0, round(1.5 * 2**15)]


def test_populations_share_cores_if_their_synapses_change_alike():
    same = [plastic(10 + k, "P0", f"P{k}", parameters="w_max = 1.5") for k in (1, 2)]
    document = stdp([20, 20, 20, 20], [*same, plastic(14, "P0", "P3", parameters="w_max = 1.25")])
    cores = {one.population: one.core for one in artifact_of(document).slices}
    assert cores["P1"] == cores["P2"]
    assert len(set(cores.values())) == 3


def test_plastic_synapses_take_time_and_memory_of_cores():
    def of(make: Callable[..., str]):
        return artifact_of(stdp([500, 400], [make(10, "P0", "P1", ALL)]), "{rate=20.0}")

    static, changing = of(projection), of(plastic)
    assert len(changing.cores) > len(static.cores)
    per_cell = [
        max(core.dtcm / sum(s.size for s in one.slices if s.core == core.name)
            for core in one.cores if core.index)
        for one in (static, changing)
    ]  # fmt: skip
    assert per_cell[1] > per_cell[0] + 100


@pytest.mark.parametrize(
    ("mutate", "message"),
    [
        (set_word("SynBlocks", 0, 1 << 8), "words where it has room for"),
        (set_word("SynBlocks", 3, 1 << 5), "are not those of the network"),
        (set_word("SynBlocks", 19, 1), "words where it has room for"),
        (set_word("SynBlocks", 19, 2), "a row has 17 plastic words; expected 16 for 28 synapses"),
        (set_word("SynBlocks", 20, 1), "are not those of the network"),
        (set_word("synapseDynamicsParams", -1, 1), "the rule of its plastic synapses differs"),
        (without("synapseDynamicsParams"), "the rule of its plastic synapses differs"),
    ],
)
def test_changed_data_are_refused(tmp_path, mutate, message):
    path = tmp_path / "ds.sqlite3"
    artifact = artifact_of(stdp([20, 30], [plastic(10, "P0", "P1", ALL)]))
    write_data(artifact, path)
    check_data(artifact, path)
    mutate(path)
    with pytest.raises(ModelError, match=message):
        check_data(artifact, path)


OWN = """syn.model @Own { on pre { weight = 1.5 * weight  deliver weight } }
"""
NOISY = '#snn.random<"uniform", {low = 1.0, high = 2.0}>'


@pytest.mark.parametrize(
    ("projections", "message"),
    [
        (
            [plastic(10, "P0", "P1"), plastic(11, "P1", "P1", parameters="w_max = 3.0")],
            r"'e11' onto 'P1' change by .* limits 0 and 3.*; on SpiNNaker all of a population",
        ),
        ([plastic(10, "P0", "P1", parameters=f"w_max = {NOISY}")], "'w_max' .* is one number"),
        ([plastic(10, "P0", "P1", parameters="w_min = 2.0")], "change between 2 and 1 on SpiNN"),
        ([plastic(10, "P0", "P1", parameters="w_max = -1.0")], "between 0 and -1 on SpiNN"),
        (
            [plastic(10, "P0", "P1", parameters="dendritic_delay_fraction = 0.5")],
            "cannot stand for .* unless dendritic_delay_fraction == 1",
        ),
        (
            [projection(10, "P0", "P1", synapse="Own")],
            "spinnaker has no model like 'Own': the nearest is 'static_synapse'",
        ),
    ],
)
def test_what_spynnaker_has_no_rule_for_is_refused(tmp_path, projections, message):
    document = network([20, 30], projections, model_library.text(ADDITIVE) + OWN)
    with pytest.raises(UnsupportedError, match=message):
        write_data(artifact_of(document), tmp_path / "ds.sqlite3")
    assert list(tmp_path.iterdir()) == []


def test_compiling_refuses_other_rules_and_writes_nothing(tmp_path):
    document = stdp([20, 30], [plastic(10, "P0", "P1", parameters="w_min = 2.0")])
    save(document, tmp_path / "net.mlir")
    command = ["compile", str(tmp_path / "net.mlir"), "-t", "spinnaker", "-o"]
    done = CliRunner().invoke(main, [*command, str(tmp_path / "out")])
    assert done.exit_code == 2
    assert "weights of 'e10' change between 2 and 1" in done.output
    assert list((tmp_path / "out").iterdir()) == []


def test_amounts_that_vanish_are_warned_of(tmp_path):
    small = plastic(10, "P0", "P1", weight="0.001", parameters="w_max = 0.002, A_plus = 0.005")
    artifact = artifact_of(stdp([20, 30], [small]))
    with pytest.warns(UserWarning, match="'P1' change by multiples of .* error of 1: stdp_mad"):
        write_data(artifact, tmp_path / "ds.sqlite3")


def test_forms_fill_no_more_than_a_row_has():
    for form in (STATIC, PLASTIC):
        assert form.length(np.array([form.most])) == 256
        assert form.layers(np.array([0, 1, form.most, form.most + 1])).tolist() == [0, 1, 1, 2]
