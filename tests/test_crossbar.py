"""Mapping onto HICANN-X: every synapse arrives that is not listed as lost, and nothing else."""

from __future__ import annotations

import json
from collections import defaultdict
from functools import cache

import numpy as np
import pytest
from click.testing import CliRunner
from crossbar_networks import (
    PASSES,
    change,
    feasible,
    lost,
    mapped,
    network,
    ops_of,
    random_pairs,
)
from hypothesis import given, settings
from hypothesis import strategies as st

import snnc
from snnc.cli import main
from snnc.codegen.crossbar import CrossbarArtifact, generate
from snnc.codegen.crossbar_files import lost_text, settings_text
from snnc.codegen.crossbar_summary import summary, table_text
from snnc.hardware.crossbar import CrossbarChip, load_crossbar_chip
from snnc.ir.diagnostics import ModelError, OptionError, UnsupportedError
from snnc.ir.dialects import analog
from snnc.ir.text import Document, load, print_text, save, verify
from snnc.passes.crossbar.drivers import masks_of
from snnc.passes.crossbar.exact import refined
from snnc.passes.crossbar.problem import Placement, Problem, classes_for
from snnc.passes.crossbar.search import evaluated, search
from snnc.passes.pipelines import parse_passes, pipeline_text, run_passes
from snnc.stages import copy_of, synapses_of

NARROW = """label = "Narrow"
topology = "crossbar"
[figures]
columns = 8
rows = 16
drivers = 4
row_select_bits = 2
event_outputs = 2
buses = 2
label_bits = 3
address_bits = 5
event_bits = 8
l2_channels = 2
background_sources = 0
crossbar = ["X.X.X.", ".X.X.X", "XXXXX.", "XXXX.X"]
joined_columns = 8
blocks = 2
weight_bits = 4
weight_scale = "receptor"
chips = 2
"""


@pytest.fixture
def narrow(tmp_path, monkeypatch):
    """A chip of 16 circuits with 16 rows of synapses: what it lacks is soon reached."""
    (tmp_path / "narrow.toml").write_text(NARROW)
    monkeypatch.setenv("SNNC_CHIP_PATH", str(tmp_path))
    return "narrow"


def columns_by_label(synapses: dict) -> dict[tuple[int, int, int], list[int]]:
    names = ("SynramOnDLS", "SynapseRowOnSynram", "SynapseLabel", "SynapseOnSynapseRow")
    found = defaultdict(list)
    for block, row, label, column in zip(*(synapses[name] for name in names), strict=True):
        found[block, row, label].append(column)
    return found


def taken(chip: dict, where: int, event: int) -> list[tuple[int, int, str]]:
    """Return block, row and mode of the rows that an event at an input of the crossbar reaches."""
    found = []
    for node in chip["CrossbarNodeOnDLS"]:
        if node["CrossbarInputOnDLS"] == where and event & node["mask"] == node["target"]:
            block, bus = divmod(node["CrossbarOutputOnDLS"], 4)
            for driver in chip["SynapseDriverOnDLS"]:
                number = driver["SynapseDriverOnSynapseDriverBlock"]
                mask = driver["row_address_compare_mask"]
                here = driver["SynapseDriverBlockOnDLS"] == block and number % 4 == bus
                if here and (event >> 6 & 31) & mask == (number // 4) & mask:
                    found.append((block, 2 * number + 1, driver["row_mode_top"]))
                    found.append((block, 2 * number, driver["row_mode_bottom"]))
    return found


def walked(artifact: CrossbarArtifact) -> set[tuple[str, int, int, str]]:
    """Return where spikes act, as the settings that are written say.

    This reads the file alone, with halco's numbers: each source's event through the crossbar, the
    drivers that take it, and the synapses with its label, to (population, cell, target, mode).
    """
    content = json.loads(settings_text(artifact))
    neurons, chips = content["neurons"], content["chips"]
    cell_at = {(n["chip"], int(c)): n["cell"] for n in neurons for c in n["AtomicNeuronOnDLS"]}
    sent = []
    for n in neurons:
        output = n["NeuronEventOutputOnDLS"]
        event = output << 8 | n["NeuronBackendAddressOut"]
        sent.append((n["population"], n["cell"], n["chip"], output, event))
    for r in content["routes"]:
        to = r["to"]
        where = 8 + to["SPL1Address"]
        sent.append((r["population"], r["cell"], to["chip"], where, to["NeuronLabel"]))
    columns = [columns_by_label(chip["synapses"]) for chip in chips]
    found = []
    for population, cell, number, where, event in sent:
        for block, row, mode in taken(chips[number], where, event):
            for column in columns[number][block, row, event & 63]:
                found.append((population, cell, cell_at[number, block * 256 + column], mode))
    assert len(found) == len(set(found))
    return set(found)


def listed(artifact: CrossbarArtifact) -> set[tuple[str, int, int, str]]:
    """Return the synapses of the network that are not in the list of lost ones."""
    gone = json.loads(lost_text(artifact))
    found = set()
    for one in artifact.projections:
        pairs = set(zip(one.pre.tolist(), one.post.tolist(), strict=True))
        pairs -= set(zip(gone[one.label]["pre"], gone[one.label]["post"], strict=True))
        source = "S" if one.label == "drive" else "A"
        mode = "inhibitory" if one.label == "inh" else "excitatory"
        found |= {(source, pre, post, mode) for pre, post in pairs}
    return found


@pytest.mark.filterwarnings("ignore:.*are on no chip")
@settings(max_examples=10, deadline=None)
@given(st.integers(2, 512), st.floats(0.0, 1.0), st.integers(0, 60), st.integers(0, 2**32 - 1))
def test_spikes_arrive_where_synapses_are_that_are_not_listed_as_lost(
    cells, density, sources, seed
):
    rng = np.random.default_rng(seed)
    most = min(cells * cells, 12_000)
    pairs = random_pairs(rng, cells, cells, int(density * most))
    inhibitory = pairs[:, 0] % 4 == 0
    driven = random_pairs(rng, sources, cells, 200) if sources else None
    document = mapped(
        network(cells, pairs[~inhibitory], pairs[inhibitory], sources, driven), number=1
    )
    artifact = generate(document)
    assert artifact.number == 1
    assert walked(artifact) == listed(artifact)
    figures = summary(artifact)
    assert figures["lost"] == lost(document) == sum(figures["lost_by_reason"].values())


@settings(max_examples=10, deadline=None)
@given(st.integers(2, 512), st.integers(0, 200), st.floats(0.2, 0.95), st.integers(0, 2**32 - 1))
def test_networks_drawn_from_a_placement_on_a_chip_lose_nothing(cells, sources, filled, seed):
    sources = min(sources, 512 - cells)
    document = mapped(feasible(np.random.default_rng(seed), cells, sources, filled))
    assert lost(document) == 0
    assert generate(document).number == 1


@pytest.mark.parametrize(
    "projects",
    [
        lambda pre, post: pre < 256,
        lambda pre, post: pre % 2 == post % 2,
        lambda pre, post: pre // 256 != post // 256,
        lambda pre, post: (pre - post - 1) % 512 < 256,
    ],
    ids=["from a half", "parity", "across halves", "ring"],
)
def test_an_array_that_is_full_to_the_last_synapse_can_be_filled(projects):
    pre, post = np.meshgrid(np.arange(512), np.arange(512))
    needs = np.zeros((2, 512, 512), np.int64)
    needs[0] = projects(pre, post).T
    assert (needs.sum(axis=(0, 1)) == 256).all()
    chip = load_crossbar_chip("brainscales2")
    heard = int(needs.any(axis=(0, 2)).sum())
    problem = Problem(chip, classes_for(chip, heard), needs, np.ones(512, np.int64))
    assert search(problem).lost == 0


@pytest.mark.parametrize("chips", [1, 2, 3, 4])
def test_coba_of_400_cells_loses_at_most_one_synapse_in_twenty(chips):
    rng = np.random.default_rng(4)
    pairs = random_pairs(rng, 400, 400, 400 * 60)
    inhibitory = pairs[:, 0] >= 320
    driven = random_pairs(rng, 20, 400, 800)
    document = mapped(network(400, pairs[~inhibitory], pairs[inhibitory], 20, driven), number=chips)
    artifact = generate(document)
    assert artifact.number == chips
    assert summary(artifact)["lost"] <= 0.05 * summary(artifact)["synapses"]
    assert walked(artifact) == listed(artifact)
    assert sum(artifact.seconds.values()) < 60


def test_cells_with_more_synapses_than_rows_have_joined_circuits(narrow):
    driven = random_pairs(np.random.default_rng(0), 24, 7, 24 * 7)
    artifact = generate(mapped(network(7, [], [], 24, driven), narrow))
    circuits = artifact.populations[0].circuits
    assert (np.bincount(circuits["cell"]) == 2).all()
    columns, blocks = (circuits[name].reshape(7, 2) for name in ("column", "block"))
    assert (columns[:, 0] == columns[:, 1]).all() and (blocks[:, 0] != blocks[:, 1]).all()
    assert summary(artifact)["lost"] == 0


def test_joined_circuits_are_neighbours_whose_switches_are_closed(narrow):
    # Cell c hears 16 c sources, which takes c circuits: 1, 2, 3 and 4.
    driven = [(source, cell) for cell in range(4) for source in range(16 * (cell + 1))]
    artifact = generate(mapped(network(4, [], [], 64, np.array(driven)), narrow))
    for neuron in json.loads(settings_text(artifact))["neurons"]:
        circuits = neuron["AtomicNeuronOnDLS"]
        assert len(circuits) == neuron["cell"] + 1
        reached, todo = set(), [next(iter(circuits))]
        while todo:
            circuit = todo.pop()
            reached.add(circuit)
            number, switches = int(circuit), circuits[circuit]
            right, other = str(number + 1), str((number + 8) % 16)
            ends = [right] * switches["connect_right"] + [other] * switches["connect_vertical"]
            left = str(number - 1)
            ends += [left] * (left in circuits and circuits[left]["connect_right"])
            assert all(end in circuits for end in ends)
            todo += [end for end in ends if end not in reached]
        assert reached == set(circuits)


@pytest.mark.filterwarnings("ignore:.*are on no chip")
def test_what_does_not_fit_is_lost_with_its_reason(narrow):
    few = random_pairs(np.random.default_rng(1), 40, 40, 120)
    crowd = generate(mapped(network(40, few, []), narrow))
    assert summary(crowd)["cells"] == 32  # two chips of 16 circuits
    assert summary(crowd)["lost_by_reason"]["circuits"] > 0
    each_drives_one = np.stack([np.arange(200), np.arange(200) % 16], axis=1)
    many = generate(mapped(network(16, [], [], 200, each_drives_one), narrow))
    assert summary(many)["lost_by_reason"]["labels"] > 0
    every = random_pairs(np.random.default_rng(3), 32, 32, 1024)
    dense = generate(mapped(network(32, every, []), narrow))
    assert summary(dense)["lost_by_reason"]["rows"] > 0
    assert "no row is left for the synapse" in table_text(dense)
    with pytest.warns(UserWarning, match=r"\d+ of 1024 synapses are on no chip, for want of: rows"):
        mapped(network(32, every, []), narrow)


def planted(chip: CrossbarChip, rng: np.random.Generator, cells: int) -> tuple[Problem, Placement]:
    """Return a problem that is drawn from a placement that loses nothing, and another placement."""
    classes = classes_for(chip, cells)
    circuits = np.indices((chip.event_outputs, chip.blocks, chip.run)).reshape(3, -1)

    def placement() -> Placement:
        output, block, _ = circuits[:, rng.permutation(circuits.shape[1])[:cells]]
        return Placement(output, block, classes.of_output[output])

    hidden, needs = placement(), np.zeros((2, cells, cells), np.int64)
    rows = chip.rows // classes.number
    for number, block in np.ndindex(classes.number, chip.blocks):
        sources = np.flatnonzero(hidden.of_source == number)
        inhibitory = int(rng.integers(0, rows + 1))
        for line, most in ((0, rows - inhibitory), (1, inhibitory)):
            for cell in np.flatnonzero(hidden.block == block):
                needs[line, rng.permutation(sources)[:most], cell] = 1
    problem = Problem(chip, classes, needs, np.ones(cells, np.int64))
    assert evaluated(problem, hidden).lost == 0
    return problem, placement()


@pytest.mark.parametrize("seed", range(4))
def test_an_exact_placement_loses_no_more_than_any(narrow, seed):
    pytest.importorskip("ortools", reason="the exact placement is OR-tools'")
    problem, other = planted(load_crossbar_chip(narrow), np.random.default_rng(seed), 10)
    start = evaluated(problem, other)
    assert start.lost > 0
    # Ten times the deterministic seconds that these take.
    assert refined(problem, start, 20.0).lost == 0
    assert refined(problem, start, 0.0) is start


def test_drivers_can_take_one_class_alone_wherever_their_mask_allows():
    masks = masks_of(((0b00000, 0b10000), (0b00011, 0b10011)), 32)
    for driver in range(32):
        taken = [row[driver] for row in masks]
        # Bits 0 and 1 tell the classes apart; a driver that equals one in both takes it only.
        assert (taken[0] is not None) == (driver & 3 != 3)
        assert (taken[1] is not None) == (driver & 3 != 0)
    for driver, mask in enumerate(masks[0]):
        if mask is not None:
            assert (driver ^ 0b10000) & mask == 0 and (driver ^ 0b00011) & mask != 0


@cache
def _small() -> Document:
    rng = np.random.default_rng(7)
    pairs = random_pairs(rng, 600, 600, 12_000)
    inhibitory = pairs[:, 0] % 3 == 0
    return mapped(
        network(600, pairs[~inhibitory], pairs[inhibitory], 10, random_pairs(rng, 10, 600, 300)),
        number=2,
    )


def column(op: analog.Decision, name: str) -> int:
    return op.COLUMNS.index(name)


MUTATIONS = [
    (analog.EventsOp, "event", lambda v: v ^ 1),
    (analog.EventsOp, "event", lambda v: v ^ 192),
    (analog.EventsOp, "input", lambda v: (v + 1) % 8),
    (analog.EventsOp, "sender", lambda v: 1 - v),
    (analog.CrossbarOp, "target", lambda v: v ^ 128),
    (analog.DriversOp, "driver", lambda v: 31 - v),
    (analog.DriversOp, "top", lambda v: 0 * v - 1),
    (analog.DriversOp, "top", lambda v: np.where(v >= 0, 1 - v, v)),
    (analog.SynapsesOp, "label", lambda v: v ^ 1),
    (analog.SynapsesOp, "weight", lambda v: v - 1),
    (analog.SynapsesOp, "row", lambda v: v ^ 2),
    (analog.SynapsesOp, "column", lambda v: 255 - v),
    (analog.SynapsesOp, "block", lambda v: 1 - v),
    (analog.SynapsesOp, "chip", lambda v: 1 - v),
    (analog.CodesOp, "code", lambda v: v + 1),
    (analog.CodesOp, "line", lambda v: 1 - v),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "name", "wrong"), MUTATIONS)
def test_the_walk_refuses_settings_that_deliver_otherwise(kind, name, wrong):
    document = copy_of(_small())
    op = ops_of(document, kind)[0]
    rows = np.stack(list(op.columns(document.resources).values()), axis=1).copy()
    # One thing of many is enough, and the first row that changes.
    changed = wrong(rows[:, column(op, name)])
    place = int(np.argmax(changed != rows[:, column(op, name)]))
    rows[place, column(op, name)] = changed[place]
    change(document, op, rows)
    with pytest.raises(ModelError):
        verify(document)
        run_passes(document, parse_passes("walk-events"))


def test_drivers_that_compare_nothing_take_what_is_not_theirs():
    document = copy_of(_small())
    op = ops_of(document, analog.DriversOp)[0]
    rows = np.stack(list(op.columns(document.resources).values()), axis=1)
    rows[:, column(op, "mask")] = 0
    change(document, op, rows)
    with pytest.raises(ModelError, match=r"arrive by \d synapses; expected"):
        run_passes(document, parse_passes("walk-events"))


@pytest.mark.parametrize("kind", [analog.EventsOp, analog.CrossbarOp, analog.DriversOp])
def test_the_walk_refuses_settings_that_lack_one_thing(kind):
    document = copy_of(_small())
    op = ops_of(document, kind)[0]
    rows = np.stack(list(op.columns(document.resources).values()), axis=1)
    change(document, op, rows[1:])
    with pytest.raises(ModelError, match=r"arrive|reach|no event|leave"):
        run_passes(document, parse_passes("walk-events"))


@pytest.mark.filterwarnings("ignore:.*are on no chip")
def test_a_synapse_taken_from_the_list_of_lost_ones_is_refused(narrow):
    document = mapped(network(32, random_pairs(np.random.default_rng(3), 32, 32, 1024), []), narrow)
    (op,) = (one for one in ops_of(document, analog.LostOp) if one.table_.data.shape[0])
    rows = np.stack(list(op.columns(document.resources).values()), axis=1)
    change(document, op, rows[1:])
    with pytest.raises(ModelError, match="is neither on a chip nor lost"):
        verify(document)
    with pytest.raises(ModelError, match="arrive by 0 synapses; expected 1"):
        run_passes(document, parse_passes("walk-events"))


def test_each_pass_can_be_run_alone_on_what_the_one_before_has_printed(tmp_path):
    source = network(5, [[0, 1], [1, 2]], [[3, 4]])
    whole = mapped(copy_of(source))
    steps = parse_passes(PASSES.format(chip="brainscales2", number=0))
    document = source
    for number, step in enumerate(steps):
        run_passes(document, [step], connect=synapses_of)
        path = tmp_path / f"{number}.mlir"
        save(document, path)
        document = load(path)
    assert print_text(document) == print_text(whole)


GOLDEN = {
    analog.CircuitsOp: [[0, 0, 0, 0], [1, 0, 1, 32], [2, 0, 0, 64]],
    analog.SelectsOp: [[0, 0, 0, 0], [1, 0, 1, 4]],
    analog.EventsOp: [[0, 0, 0, 0, 0], [1, 0, 0, 1, 256], [2, 0, 0, 2, 640]],
    analog.CrossbarOp: [
        [0, 0, 128, 0], [0, 4, 128, 0], [0, 8, 0, 0], [1, 1, 128, 0], [1, 9, 0, 0], [2, 10, 0, 0],
    ],
    analog.DriversOp: [[0, 0, 0, 0, 0, -1], [0, 1, 16, 0, 1, -1], [1, 0, 0, 0, 0, -1]],
    analog.SynapsesOp: [[0, 0, 1, 1, 32, 0, 63], [1, 0, 0, 1, 64, 0, 63]],
}  # fmt: skip


@pytest.mark.parametrize("kind", GOLDEN)
def test_what_the_passes_decide_of_three_cells(kind):
    document = mapped(network(3, [[0, 1], [0, 2]], [[1, 2]]))
    op = ops_of(document, kind)[0]
    rows = np.stack(list(op.columns(document.resources).values()), axis=1)
    assert rows.tolist() == GOLDEN[kind]


BEGIN = "list-synapses,choose-chip{chip=brainscales2},"


@pytest.mark.parametrize(
    ("pipeline", "message"),
    [
        ("place-circuits", "pass 'choose-chip' makes it"),
        (BEGIN + "place-circuits", "expected pass 'quantise-weights'"),
        (BEGIN + "quantise-weights,fill-rows", "expected pass 'place-circuits'"),
        (BEGIN + "quantise-weights,place-circuits,fill-rows", "expected pass 'label-events'"),
        (BEGIN + "quantise-weights,place-circuits{seconds=-1.0}", "at least 0; found -1.0"),
        (BEGIN + "quantise-weights{parallel=0}", "parallel of 'quantise-weights' is at least 1"),
        (
            BEGIN.replace("s2", "s1") + "quantise-weights,place-circuits",
            "this pass is for crossbars",
        ),
    ],
)
def test_passes_say_what_they_need(pipeline, message):
    document = network(3, [[0, 1]], [])
    with pytest.raises(OptionError, match=message):
        run_passes(document, parse_passes(pipeline), connect=synapses_of)


SCRIPT = """
import snnc.pynn as sim
sim.setup(timestep=0.1)
cells = sim.Population(30, sim.IF_cond_exp(), label="cells")
noise = sim.Population(5, sim.SpikeSourcePoisson(rate=50.0), label="noise")
static = sim.StaticSynapse(weight=0.01, delay=0.5)
sim.Projection(noise, cells, sim.AllToAllConnector(), static, label="input")
sim.Projection(cells[10:20], cells, sim.FixedProbabilityConnector(0.2), static,
               receptor_type="inhibitory", label="back")
sim.run(10.0)
"""


def test_compiling_writes_settings_summary_and_picture(tmp_path):
    pytest.importorskip("matplotlib", reason="the picture is Matplotlib's")
    script = tmp_path / "net.py"
    script.write_text(SCRIPT)
    folder = tmp_path / "mapped"
    result = CliRunner().invoke(
        main, ["compile", str(script), "--target", "brainscales2", "-o", str(folder)]
    )
    assert result.exit_code == 0, result.output
    figures = json.loads((folder / "summary.json").read_text())
    assert figures["chips"] == 1 and figures["lost"] == 0 and figures["synapses"] > 150
    assert figures["lost_by_reason"] == {"circuits": 0, "labels": 0, "rows": 0}
    content = json.loads((folder / "settings.json").read_text())
    assert len(content["neurons"]) == 30
    assert {route["population"] for route in content["routes"]} == {"noise"}
    assert (folder / "chips.png").read_bytes().startswith(b"\x89PNG")
    assert "input" in (folder / "summary.txt").read_text()
    verify(load(folder / "network.mlir"))


def test_running_is_refused_with_what_can_be_done(tmp_path):
    with pytest.raises(UnsupportedError, match="maps networks and cannot run them"):
        snnc.compile(network(3, [[0, 1]], []), target="brainscales2")


def test_the_pipeline_of_a_users_chip_is_that_of_its_topology(narrow):
    assert "chip=narrow" in pipeline_text(narrow)
    with pytest.raises(OptionError, match="no choice of threads"):
        pipeline_text(narrow, threads=2)
