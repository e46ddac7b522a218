"""Synapses as SpiNNaker's cores read them: read back, they are those of the network."""

from __future__ import annotations

import json
import sqlite3
import warnings
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from spinnaker_synapses import (
    ADDITIVE,
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
from snnc.codegen.spinnaker_files import keys_text
from snnc.ir.diagnostics import ModelError, ResourceLimitError, UserError
from snnc.ir.text import save
from snnc.runtime.spinnaker.blocks import ENTRY_BYTES, chosen_blocks
from snnc.runtime.spinnaker.data import write_data
from snnc.runtime.spinnaker.decode import check_data, read_data
from snnc.runtime.spinnaker.population_table import TableEntry, encoded
from snnc.runtime.spinnaker.rows import PLASTIC, STATIC
from snnc.runtime.spinnaker.words import Losses, WordForm, stored_weights


def test_parts_and_unions_of_populations_reach_their_cells(tmp_path):
    groups = """snn.view @some of @P2 indices #snn.range<3, 40, 4>
        snn.assembly @all of [@some, @P0, @P1]
    """
    several = [projection(10, "all", "all"), projection(11, "some", "P1", '"all_to_all"')]
    check_both_ways(network([20, 45, 60], [groups, *several]), tmp_path, "{cells=20}")


RULES = [
    '"all_to_all"',
    '"fixed_probability", {p_connect = 0.05}',
    '"fixed_probability", {p_connect = 0.7}',
    '"fixed_total_number", {n = 300, with_replacement = true}',
    '"fixed_number_post", {n = 3, with_replacement = true}',
]
VALUES = ["0.3", '#snn.random<"uniform", {low = 0.1, high = 0.9}>']
DELAYS = [
    "2.0",
    *(f'#snn.random<"uniform", {{low = 1.0, high = {high}}}>' for high in (16.0, 400.0)),
]


@settings(max_examples=12, deadline=None)
@given(data=st.data())
def test_synapses_of_any_network_are_read_back(tmp_path_factory, data):
    sizes = data.draw(st.lists(st.integers(3, 90), min_size=1, max_size=3))
    numbers = st.integers(0, len(sizes) - 1)
    edges = data.draw(st.lists(st.tuples(numbers, numbers), min_size=1, max_size=4))
    projections = [
        data.draw(st.sampled_from([projection, plastic]))(
            100 + number, f"P{pre}", f"P{post}", data.draw(st.sampled_from(RULES)), "excitatory",
            data.draw(st.sampled_from(VALUES)), data.draw(st.sampled_from(DELAYS)),
        )
        for number, (pre, post) in enumerate(edges)
    ]  # fmt: skip
    cells = data.draw(st.integers(20, 100))
    folder = tmp_path_factory.mktemp("data")
    document = network(sizes, projections, model_library.text(ADDITIVE))
    check_both_ways(document, folder, f"{{cells={cells}}}")


def test_receptors_have_types_and_negative_weights_their_size(tmp_path):
    inhibition = projection(11, "P0", "P1", receptor="inhibitory", weight="-0.7")
    document = network([40, 30], [projection(10, "P0", "P1"), inhibition])
    artifact = artifact_of(document)
    write_data(artifact, tmp_path / "ds.sqlite3")
    ((core, arrivals),) = read_data(artifact, tmp_path / "ds.sqlite3")
    (one,) = (a for a in arrivals if a.cell.size)
    rings = [artifact.rings["P1", name] for name in ("excitatory", "inhibitory")]
    assert [ring.receptor for ring in rings] == [0, 1]
    for number, (ring, weight) in enumerate(zip(rings, (0.3, -0.7), strict=True)):
        stored = set(one.weight[one.receptor == number].tolist())
        assert stored == {round(weight * ring.factor)}
    with closing(sqlite3.connect(tmp_path / "ds.sqlite3")) as file:
        query = "SELECT content FROM region WHERE region_label = 'SynapseParams'"
        ((words,),) = file.execute(query).fetchall()
    parameters = np.frombuffer(words, "<u4").tolist()
    assert parameters == [70, 2, 7, 1, 1, 1, 256, rings[0].shift, rings[1].shift]
    assert core.index == (7, 1, 1)


def test_rows_of_more_than_256_synapses_go_on_at_another_address(tmp_path):
    several = [projection(10 + k, "P0", "P1", '"all_to_all"', delay=f"{k + 1}.0") for k in range(4)]
    artifact = check_both_ways(network([5, 150], several), tmp_path)
    with closing(sqlite3.connect(tmp_path / "ds.sqlite3")) as file:
        ((table,),) = file.execute(
            "SELECT content FROM region WHERE region_label = 'PopTable'"
        ).fetchall()
    entries, addresses, *words = np.frombuffer(table, "<u4").tolist()
    lengths = [(word & 0xFF) + 1 for word in words[5 * entries :]]
    assert lengths[:3] == [256, 256, 600 - 512]
    assert addresses == len(lengths)
    assert artifact.figures["matrix_bytes"] == 4 * 5 * (259 + 259 + 91) + 4 * (-5 * 91 % 4 + 2)


def test_short_rows_cost_less_than_sixteen_bytes_a_synapse(tmp_path):
    sparse = [projection(10, "P0", "P0", '"fixed_probability", {p_connect = 0.05}')]
    artifact = check_both_ways(network([500], sparse), tmp_path, "{cells=64}")
    mean = artifact.figures["synapses"] / (500 * 8)
    unavoidable = 4 * (3 + mean) / mean
    assert 2 < mean < 4
    assert artifact.figures["bytes_per_synapse"] < 1.35 * unavoidable
    assert artifact.figures["dtcm_max_per_core"] <= artifact.machine.dtcm


@given(
    sizes=st.lists(st.integers(1, 90), min_size=1, max_size=6),
    seed=st.integers(0, 1000),
    room=st.integers(0, 4000),
)
@settings(deadline=None)
def test_blocks_hold_each_cell_once_at_aligned_places(sizes, seed, room):
    rng = np.random.default_rng(seed)
    lengths = {
        form: [rng.poisson(rng.choice([0.1, 2.0, 200.0]), size) for size in sizes]
        for form in (STATIC, PLASTIC)
    }
    blocks = chosen_blocks(lengths, room)
    covered = [np.zeros(size, int) for size in sizes]
    for sender, first, cells, *longest in zip(
        blocks.sender, blocks.first, blocks.cells, *blocks.length, strict=True
    ):
        covered[sender][first : first + cells] += 1
        assert [lengths[form][sender][first : first + cells].max() for form in lengths] == longest
        assert first % (1 << int(cells - 1).bit_length()) == 0
    assert all((one == 1).all() for one in covered)
    least = 8 + ENTRY_BYTES * len(sizes) + 16 * len(sizes)
    assert blocks.table_bytes <= max(room, least)


LONG = '#snn.random<"uniform", {low = 1.0, high = 700.0}>'


def test_delays_beyond_all_slots_are_reached_by_packets_sent_again(tmp_path):
    projections = [projection(10, "P0", "P1", delay=LONG), projection(11, "P0", "P1")]
    document = network([60, 50], projections)
    artifact = check_both_ways(document, tmp_path, "{cells=30}")
    assert [late.slice.population for late in artifact.extensions] == ["P0", "P0"]
    for late in artifact.extensions:
        assert late.projections == ("e10",)
        assert late.steps * late.stages < 700 <= late.steps * (late.stages + 1)
    with closing(sqlite3.connect(tmp_path / "ds.sqlite3")) as file:
        query = "SELECT x, y, p, content FROM region WHERE region_label = 'DelayParams'"
        found = {(x, y, p): np.frombuffer(words, "<u4").tolist() for x, y, p, words in
                 file.execute(query)}  # fmt: skip
    for late in artifact.extensions:
        of = late.slice
        expected = [1, late.key, of.key, of.mask, of.size, late.stages, late.steps, 1, 4]
        assert found[late.place] == expected
    listed = json.loads(keys_text(artifact))[-1]
    assert (listed["extends"], listed["stages"]) == ("P0.1", artifact.extensions[1].stages)
    set_word("DelayParams", 6, 3)(tmp_path / "ds.sqlite3")
    with pytest.raises(ModelError, match="the parameters of the extension differ"):
        check_data(artifact, tmp_path / "ds.sqlite3")


def test_delays_beyond_all_extensions_are_refused_with_what_fits():
    beyond = network([60, 50], [projection(10, "P0", "P1", delay="40000.0")])
    with pytest.raises(ResourceLimitError, match=r"is 40000 steps; .* hold 36864 at most"):
        artifact_of(beyond)


def drop(label: str, words: int):
    def mutate(path: Path) -> None:
        with closing(sqlite3.connect(path)) as file:
            file.execute(
                "UPDATE region SET content = substr(content, 1, length(content) - ?) "
                "WHERE region_label = ?", (4 * words, label),
            )  # fmt: skip
            file.commit()

    return mutate


@pytest.mark.parametrize(
    ("mutate", "message"),
    [
        (set_word("SynBlocks", 3, 1 << 20), "are not those of the network"),
        (set_word("SynBlocks", 3, 1), "are not those of the network"),
        (set_word("SynBlocks", 3, 1 << 6), "are not those of the network"),
        (set_word("SynBlocks", 3, 0, 0x1F), "a cell or receptor that the core does not have"),
        (set_word("SynBlocks", 1, 1 << 12), "words where it has room for"),
        (set_word("SynBlocks", 1, 1), "are not those of the network"),
        (set_word("SynBlocks", 0, 5), "words where it has room for"),
        (set_word("PopTable", 0, 1), "a population table of"),
        (set_word("PopTable", 2, 1), "ones in its key where its mask has none"),
        (set_word("PopTable", 2, 1 << 24), "overlap, or are not in order"),
        (set_word("PopTable", 4, 1 << 12), "addresses beyond the list"),
        (set_word("PopTable", -1, 1 << 30), "a row ends beyond"),
        (set_word("SynapseParams", 5, 1), "the parameters of synapses differ"),
        (set_word("SynapseParams", 7, 1), "the parameters of synapses differ"),
        (drop("PopTable", 1), "a population table of"),
        (drop("SynBlocks", 8), "a row ends beyond"),
        (drop("SynapseParams", 1), "the parameters of synapses are"),
        (without("SynBlocks"), "has no region 'SynBlocks'"),
    ],
)
def test_changed_data_are_refused(tmp_path, mutate, message):
    artifact = artifact_of(network([60, 50], [projection(10, "P0", "P1")]), "{cells=25}")
    write_data(artifact, tmp_path / "ds.sqlite3")
    mutate(tmp_path / "ds.sqlite3")
    with pytest.raises(ModelError, match=message):
        check_data(artifact, tmp_path / "ds.sqlite3")


def test_what_is_no_file_of_regions_is_refused(tmp_path):
    artifact = artifact_of(network([6], [projection(10, "P0", "P0")]))
    with pytest.raises(UserError, match="holds no regions of cores"):
        check_data(artifact, tmp_path / "missing.sqlite3")
    (tmp_path / "text").write_text("none" * 100)
    with pytest.raises(UserError, match="holds no regions of cores"):
        check_data(artifact, tmp_path / "text")


def test_tables_of_too_many_addresses_are_refused():
    entries = [TableEntry(k << 4, 0xFFFFFFF0, 1, ((16 * k, 3),)) for k in range(8200)]
    with pytest.raises(ResourceLimitError, match=r"8200 blocks of rows; .* at most 8191"):
        encoded(entries, 4)
    with pytest.raises(ResourceLimitError, match="take more than 268435424 bytes"):
        encoded([TableEntry(0, 0xFFFFFFF0, 1, ((1 << 28, 3),))], 4)


def test_stochastic_rounding_keeps_the_mean_and_is_the_same_each_time(tmp_path):
    document = network([100, 100], [projection(10, "P0", "P1", '"all_to_all"', weight="0.003")])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # coarse on purpose
        artifact = artifact_of(document, shifts="{bound=worst rounding=stochastic}")
    exact = 0.003 * artifact.rings["P1", "excitatory"].factor
    stored = []
    for name in ("a", "b"):
        write_data(artifact, tmp_path / name)
        ((_, arrivals),) = read_data(artifact, tmp_path / name)
        stored.append(np.concatenate([one.weight for one in arrivals]))
    assert np.array_equal(*stored)
    assert set(stored[0].tolist()) == {int(exact), int(exact) + 1}
    up = exact - int(exact)
    spread = np.sqrt(up * (1 - up) / stored[0].size)
    assert stored[0].mean() == pytest.approx(exact, abs=5 * spread)


def test_weights_and_delays_that_do_not_fit_are_stored_as_near_as_can_be():
    losses = Losses()
    stored = stored_weights(np.array([1.0, 70000.0, -2.0, 3.5]), 1.0, losses)
    assert stored.tolist() == [1, 65535, 0, 4]
    assert (losses.saturated, losses.reversed, losses.synapses) == (1, 1, 4)
    assert stored_weights(np.array([-3.0]), -1.0, Losses()).tolist() == [3]


@given(st.integers(0, 65535), st.integers(1, 64), st.integers(0, 1), st.integers(0, 63))
def test_words_hold_what_was_put_into_them(weight, delay, receptor, cell):
    form = WordForm(6, 1, 6)
    word = form.packed(np.array([weight]), np.array([delay]), receptor, np.array([cell]))
    assert [int(part[0]) for part in form.unpacked(word)] == [weight, delay, receptor, cell]


def test_rare_weights_above_all_expectation_are_warned_of(tmp_path):
    heavy = '#snn.random<"lognormal", {mu = -6.0, sigma = 2.0}>'
    document = network([200, 200], [projection(10, "P0", "P1", '"all_to_all"', weight=heavy)])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # coarse, too
        artifact = artifact_of(document, shifts="{bound=expected}")
    ring = artifact.rings["P1", "excitatory"]
    low = type(ring)(ring.receptor, ring.shift, ring.factor * 2**22)
    artifact.rings["P1", "excitatory"] = low
    with pytest.warns(UserWarning, match=r"'e10': \d+ of 40000 weights are above .* as 65535"):
        write_data(artifact, tmp_path / "ds.sqlite3")
    check_data(artifact, tmp_path / "ds.sqlite3")


def test_compiling_writes_the_data_and_what_they_take(tmp_path):
    save(network([60, 50], [projection(10, "P0", "P1")]), tmp_path / "net.mlir")
    command = ["compile", str(tmp_path / "net.mlir"), "-t", "spinnaker", "-o"]
    done = CliRunner().invoke(main, [*command, str(tmp_path / "all")])
    assert done.exit_code == 0, done.output
    figures = json.loads((tmp_path / "all" / "summary.json").read_text())
    with closing(sqlite3.connect(tmp_path / "all" / "ds.sqlite3")) as file:
        (size,) = file.execute(
            "SELECT sum(size) FROM region WHERE region_label = 'SynBlocks'"
        ).fetchone()
    assert figures["matrix_bytes"] == size
    assert figures["bytes_per_synapse"] == pytest.approx(size / figures["synapses"])
    assert set(figures["weight_errors"]) == {"e10"}
    assert figures["seconds"]["synaptic-data"] > 0
    assert sum(figures["synapse_bytes_per_core"].values()) == size + figures["table_bytes"]
    assert max(figures["dtcm_per_core"].values()) == figures["dtcm_max_per_core"]
    less = [*command, str(tmp_path / "less"), "--without", "ds.sqlite3"]
    assert CliRunner().invoke(main, less).exit_code == 0
    assert not (tmp_path / "less" / "ds.sqlite3").exists()
    assert "matrix_bytes" not in json.loads((tmp_path / "less" / "summary.json").read_text())
    few = [*command, str(tmp_path / "few"), "--pass", "partition-cores{cells=20}"]
    assert CliRunner().invoke(main, few).exit_code == 0
    assert json.loads((tmp_path / "few" / "summary.json").read_text())["cores"] == 6
    unknown = CliRunner().invoke(main, [*less, "--pass", "partition-core{cells=20}"])
    assert unknown.exit_code == 2
    assert "no pass 'partition-core'; did you mean 'partition-cores'?" in unknown.output
    wrong = CliRunner().invoke(main, [*command, str(tmp_path / "no"), "--without", "ds.sql"])
    assert wrong.exit_code == 2
    assert "no file 'ds.sql' to leave out; did you mean 'ds.sqlite3'?" in wrong.output
    assert not (tmp_path / "no").exists()
