"""Mapping onto SpiNNaker: what passes decide, and that packets arrive where synapses are."""

from __future__ import annotations

import json
from collections import deque
from functools import cache

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from modular_networks import mapped, modular
from xdsl.dialects.builtin import IntegerAttr, i64

import snnc
from snnc.cli import main
from snnc.codegen.spinnaker import SpiNNakerArtifact, generate
from snnc.codegen.spinnaker_files import keys_text, placements_text, summary, tables_text
from snnc.hardware.spinnaker import SpiNNaker, distance, machine_for
from snnc.ir.diagnostics import ModelError, OptionError, ResourceLimitError, UnsupportedError
from snnc.ir.dialects import map as mapping
from snnc.ir.text import Document, parse, print_text, save, verify
from snnc.passes.pipelines import parse_passes, run_passes
from snnc.stages import copy_of

STEPS = [(1, 0), (1, 1), (0, 1), (-1, 0), (-1, -1), (0, -1)]
GOLDEN = """\
    map.core @core0 index <8, 1, 1> {events = 3.720000e+01 : f64, synapses = 1.240000e+03 : f64, sdram = 17840 : i64, dtcm = 12524 : i64}
    map.slice @P0.0 of @P0 from 0 to 150 on @core0 rate 3.000000e+01
    map.slice @P1.0 of @P1 from 0 to 40 on @core0 rate 3.000000e+01
    map.core @core1 index <8, 1, 1> {events = 0.000000e+00 : f64, synapses = 0.000000e+00 : f64, sdram = 1208 : i64, dtcm = 12132 : i64}
    map.slice @P0.1 of @P0 from 150 to 300 on @core1 rate 3.000000e+01
    map.core @core2 index <> {events = 0.000000e+00 : f64, synapses = 0.000000e+00 : f64, sdram = 160 : i64, dtcm = 5940 : i64}
    map.slice @P2.0 of @P2 from 0 to 40 on @core2 rate 3.000000e+01
    map.ring of @P1 "excitatory" sign 1 shift 5 scale 1.000000e+00 bound 20.172670690061995
    map.weights of @e3 rounding "nearest" largest 4.000000e-01 error 0.00097656249999994449
    map.weights of @e4 rounding "nearest" largest 4.000000e-01 error 0.00097656249999994449
    map.place @core0 at <4, 3, 1>
    map.place @core1 at <4, 3, 2>
    map.place @core2 at <4, 3, 3>
    map.tree of [@P0.0, @P0.1, @P2.0] links <> cores <[4, 3, 1]>
    map.key @P0.0 key <0x00000000> mask <0xfffff000>
    map.key @P0.1 key <0x00001000> mask <0xfffff000>
    map.key @P2.0 key <0x00002000> mask <0xfffffc00>
    map.table <4, 3> {
      map.entry <0x00000000> mask <0xffffc000> links <> cores <1>
    }
  }
}
"""  # noqa: E501


def small() -> Document:
    return modular([300, 40, 40], [(0, 1), (2, 1)], sources=[2])


SIZES = [600, 200, 900, 100, 500, 700, 300, 50]
EDGES = [(i, j) for i in range(8) for j in range(8) if (3 * i + 5 * j) % 7 < 2]


@cache
def _spread() -> Document:
    return mapped(modular(SIZES, EDGES), "cells=20")


def spread() -> Document:
    """Return a mapped network on many chips, whose packets branch and go straight on."""
    return copy_of(_spread())


def ops_of(document: Document, kind: type) -> list:
    return [op for op in document.module.walk() if isinstance(op, kind)]


def arrivals(tables: list, place: tuple[int, int], key: int) -> set[tuple[int, int, int]]:
    """Return where a packet arrives, by the tables as written to the file."""
    entries = {(table["x"], table["y"]): table["entries"] for table in tables}
    found: set[tuple[int, int, int]] = set()
    todo = deque([(place, None)])
    for _ in range(1000):
        if not todo:
            return found
        (x, y), travelled = todo.popleft()
        match = (e for e in entries.get((x, y), ()) if key & e["mask"] == e["key"])
        if (entry := next(match, None)) is None:
            assert travelled is not None, "dropped on its own chip"
            links = [travelled]
        else:
            links = [link for link in range(6) if entry["spinnaker_route"] >> link & 1]
            cores = {(x, y, p) for p in range(18) if entry["spinnaker_route"] >> (6 + p) & 1}
            assert not cores & found, "delivered twice"
            found |= cores
        todo.extend(((x + STEPS[link][0], y + STEPS[link][1]), link) for link in links)
    raise AssertionError("the packet goes round for ever")


def check_files(artifact: SpiNNakerArtifact, edges: set[tuple[int, int]]) -> None:
    """Send the first and last packet of each slice, in all colours, through the written tables."""
    tables = json.loads(tables_text(artifact))
    slices = json.loads(keys_text(artifact))
    placed = json.loads(placements_text(artifact))
    places = {one["vertex_label"]: (one["x"], one["y"], one["p"]) for one in placed}
    assert len(set(places.values())) == len(places)
    number = {one["slice"]: int(one["population"][1:]) for one in slices}
    for one in slices:
        pre = number[one["slice"]]
        aims = {
            places[other["vertex_label"]]
            for other in slices
            if (pre, number[other["slice"]]) in edges
        }
        if not aims:
            assert "key" not in one
            continue
        for cell in (0, one["last"] - one["first"] - 1):
            for colour in (0, 15):
                key = one["key"] + (cell << 4) + colour
                assert key & one["mask"] == one["key"]
                assert arrivals(tables, places[one["vertex_label"]][:2], key) == aims


def test_the_pipeline_decides_what_the_text_says():
    text = print_text(mapped(small()))
    assert text.partition("dtcm = 65536 : i64}\n")[2] == GOLDEN


@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_packets_of_any_network_arrive_where_synapses_are(data):
    sizes = data.draw(st.lists(st.integers(1, 400), min_size=1, max_size=12))
    pairs = [(i, j) for i in range(len(sizes)) for j in range(len(sizes))]
    edges = data.draw(st.sets(st.sampled_from(pairs), max_size=30))
    cells = data.draw(st.integers(5, 100))
    check_files(generate(mapped(modular(sizes, sorted(edges)), f"cells={cells}")), edges)


def test_packets_arrive_on_many_boards():
    sizes = [900] * 20
    edges = {(i, (3 * i + k) % 20) for i in range(20) for k in range(3)}
    artifact = generate(mapped(modular(sizes, sorted(edges)), "cells=20"))
    assert artifact.machine.boards == 3
    check_files(artifact, edges)


def test_packets_go_straight_on_without_entries():
    begin = "match-native{simulator=spinnaker},partition-cores{cells=10}"
    document = mapped(modular([10, 10], [(0, 1)]), pipeline=begin)
    (found,) = ops_of(document, mapping.MappingOp)
    found.add([mapping.PlaceOp("core0", (0, 0, 1)), mapping.PlaceOp("core1", (4, 0, 3))])
    passes = "grow-trees,allocate-keys,make-tables,compress-tables,walk-packets"
    explicit = copy_of(document)
    run_passes(document, parse_passes(passes))
    run_passes(explicit, parse_passes(passes.replace("tables,", "tables{explicit=true},", 1)))
    assert [table.at for table in ops_of(document, mapping.TableOp)] == [(0, 0), (4, 0)]
    assert len(ops_of(explicit, mapping.TableOp)) == 5
    assert len(ops_of(document, mapping.TreeOp)[0].links) == 4
    check_files(generate(document), {(0, 1)})


def test_compression_joins_entries_and_the_walk_agrees():
    passes = (
        "match-native{simulator=spinnaker},partition-cores{cells=20},place-cores,grow-trees,"
        "allocate-keys,make-tables"
    )
    plain = mapped(modular(SIZES, EDGES), pipeline=f"{passes},walk-packets")
    number = len(ops_of(plain, mapping.EntryOp))
    assert len(ops_of(spread(), mapping.EntryOp)) < 0.9 * number


def drop(entry: mapping.EntryOp) -> None:
    entry.detach()


def flip_core(entry: mapping.EntryOp) -> None:
    _replace(entry, entry.links, set(entry.cores) ^ {3})


def flip_link(entry: mapping.EntryOp) -> None:
    _replace(entry, set(entry.links) ^ {2}, entry.cores)


def flip_key(entry: mapping.EntryOp) -> None:
    lowest = entry.mask & -entry.mask
    entry.properties["key"] = mapping.WordAttr(entry.key ^ lowest)


def _replace(entry, links, cores) -> None:
    entry.properties["links"] = mapping.NumbersAttr(tuple(sorted(links)))
    entry.properties["cores"] = mapping.NumbersAttr(tuple(sorted(cores)))


@pytest.mark.parametrize("mutate", [drop, flip_core, flip_link, flip_key])
def test_the_walk_refuses_any_entry_that_is_wrong(mutate):
    number = len(ops_of(spread(), mapping.EntryOp))
    assert number > 10
    for which in range(0, number, max(1, number // 12)):
        document = spread()
        mutate(ops_of(document, mapping.EntryOp)[which])
        with pytest.raises(ModelError, match=r"packets|keys"):
            run_passes(document, parse_passes("walk-packets"))


def test_the_walk_refuses_cores_that_have_been_moved():
    document = spread()
    places = ops_of(document, mapping.PlaceOp)
    first = places[0]
    other = next(place for place in places if place.at[:2] != first.at[:2])
    first.properties["at"], other.properties["at"] = other.at_, first.at_
    with pytest.raises(ModelError, match=r"packets|keys"):
        run_passes(document, parse_passes("walk-packets"))


def test_small_populations_of_a_model_share_cores():
    sizes = [80] * 10 + [20] * 10 + [80]
    edges = [(i, i + 1) for i in range(9)] + [(i, 10 + i) for i in range(10)] + [(20, 0)]
    figures = summary(generate(mapped(modular(sizes, edges, sources=[20]))))
    assert figures["cores"] == 5
    assert figures["packet_hops"] == 0


def test_a_population_that_ends_within_a_core_shares_it():
    artifact = generate(mapped(modular([3200, 800], [(0, 0), (0, 1), (1, 0), (1, 1)])))
    assert len(artifact.cores) == 16
    assert summary(artifact)["chips"] == 1


def test_modules_without_connections_between_them_send_nothing_between_chips():
    edges = [(i, j) for i in range(18) for j in range(18) if i % 6 == j % 6]
    figures = summary(generate(mapped(modular([64] * 18, edges), "cells=16")))
    assert figures["chips"] >= 6
    assert figures["packet_hops"] == 0


def test_sources_that_drive_cells_one_to_one_reach_the_cores_of_those_cells_only():
    document = mapped(modular([1000, 1000], [(1, 0)], sources=[1]), "cells=100")
    slices = {one.name: one for one in generate(document).slices}
    trees = [tree for tree in generate(document).trees if tree.slices[0].startswith("P1")]
    for tree in trees:
        (source,) = {slices[name].place[:2] for name in tree.slices}
        driven = {
            one.place
            for one in slices.values()
            for name in tree.slices
            if one.population == "P0"
            and one.first < slices[name].last
            and slices[name].first < one.last
        }
        assert set(tree.cores) == driven
        assert source in {core[:2] for core in tree.cores}


def test_cores_have_the_time_that_a_step_leaves_them():
    document = mapped(modular([512], [(0, 0)], dt=0.1))
    machine = SpiNNaker()
    for core in generate(document).cores:
        cells = sum(one.size for one in generate(document).slices if one.core == core.name)
        needed = machine.cycles_per_neuron * cells + machine.cycles_per_event * core.events
        assert needed <= machine.clock * 0.1


def test_long_delays_leave_room_for_fewer_cells_or_take_extensions():
    def cells(delay: str) -> tuple[int, int]:
        text = print_text(modular([512], [(0, 0)])).replace("delay 1.0", f"delay {delay}")
        artifact = generate(mapped(parse(text)))
        return max(one.size for one in artifact.slices), len(artifact.extensions)

    assert cells("32.0") == (256, 0)
    assert cells("33.0") == (128, 0), "four cores, as with two extensions"
    random = '#snn.random<"uniform", {low = 1.0, high = 200.0}>'
    assert cells(random) == (128, 4), "eight cores; sixteen without extensions"


def test_rates_of_sources_are_those_of_their_parameters():
    text = print_text(small()).replace(
        "first_id = 340}", "first_id = 340}\n        parameters {rate = 80.0}"
    )
    document = mapped(parse(text))
    rates = {op.population: op.rate for op in ops_of(document, mapping.SliceOp)}
    assert rates == {"P0": 30.0, "P1": 30.0, "P2": 80.0}


@pytest.mark.parametrize(
    ("sizes", "options", "message"),
    [
        ([20000], "boards=1 cells=10", "needs 2000 cores; 1 boards have 759; 3 boards have enough"),
        ([10], "slowdown=0.001", "enough with slowdown=2 times"),
    ],
)
def test_what_does_not_fit_is_refused_with_the_numbers(sizes, options, message):
    with pytest.raises(ResourceLimitError, match=message):
        mapped(modular(sizes, [(0, 0)]), options)


def test_what_fits_no_machine_is_refused_with_the_part_that_would(monkeypatch):
    monkeypatch.setattr("snnc.hardware.spinnaker.MOST_BOARDS", 3)
    with pytest.raises(ResourceLimitError, match=r"needs 3000 cores; .* enough for 76% of the"):
        mapped(modular([3000], [(0, 0)]), "cells=1")


def test_cores_without_memory_for_their_synapses_are_refused():
    document = mapped(small(), pipeline="partition-cores")
    (machine,) = ops_of(document, mapping.MachineOp)
    machine.properties["sdram"] = IntegerAttr(1000, i64)
    with pytest.raises(ResourceLimitError, match="and the largest 17840; the 48 chips have 1000"):
        run_passes(document, parse_passes("place-cores"))


@pytest.mark.parametrize("option", ["boards=-1", "cells=-1", "rate=-1.0", "slowdown=0.0"])
def test_options_that_make_no_sense_are_refused(option):
    with pytest.raises(OptionError, match="are positive"):
        mapped(modular([10], []), option)


def test_passes_say_which_pass_they_need():
    with pytest.raises(OptionError, match="pass 'partition-cores' makes it"):
        mapped(small(), pipeline="place-cores")
    with pytest.raises(OptionError, match="expected pass 'place-cores'"):
        mapped(small(), pipeline="partition-cores,grow-trees")
    with pytest.raises(OptionError, match="expected pass 'place-cores'"):
        generate(mapped(small(), pipeline="partition-cores"))


def test_synapses_that_couple_cells_in_every_step_are_refused():
    text = print_text(modular([10], [(0, 0)])).replace(
        "syn.model @Static {\n    on pre {\n      deliver weight\n    }\n  }",
        "syn.model @Static {\n    reads v : mV\n    couple weight * (pre.v - post.v)\n  }",
    )
    text = text.replace("receptor excitatory : mV", "receptor excitatory : mV\n    current i : nA")
    text = text.replace('receptor "excitatory"', 'receptor "i"')
    document = parse(text)
    verify(document)
    with pytest.raises(UnsupportedError, match="exchange spikes only"):
        mapped(document)


def test_the_machine_is_that_of_the_boards():
    one = SpiNNaker()
    assert len(one.cores) == 48
    assert sum(one.cores.values()) == 48 * 16 - 8 - 1
    assert machine_for(759).boards == 1
    assert machine_for(760).boards == 3
    three = SpiNNaker(boards=3)
    assert len(three.cores) == 144
    assert three.size == (16, 16)
    for chip in three.cores:
        for link, (dx, dy) in enumerate(STEPS):
            end = three.neighbour(chip, link)
            assert end is None or three.neighbour(end, (link + 3) % 6) == chip
            assert distance(chip, (chip[0] + 3 * dx, chip[1] + 3 * dy)) == 3


def test_compiling_writes_what_the_tools_read_and_a_picture(tmp_path):
    pytest.importorskip("matplotlib", reason="pictures need Matplotlib")
    save(small(), tmp_path / "net.mlir")
    command = [
        "compile",
        str(tmp_path / "net.mlir"),
        "-t",
        "spinnaker",
        "-o",
        str(tmp_path / "out"),
    ]
    done = CliRunner().invoke(main, command)
    assert done.exit_code == 0, done.output
    written = {path.name for path in (tmp_path / "out").iterdir()}
    assert written == {
        "network.mlir", "lowered.mlir", "machine.json", "placements.json", "keys.json",
        "routing_tables.json", "ds.sqlite3", "summary.json", "chips.png",
    }  # fmt: skip
    figures = json.loads((tmp_path / "out" / "summary.json").read_text())
    assert (figures["cores"], figures["chips"], figures["entries_total"]) == (3, 1, 1)
    assert figures["watts"] == pytest.approx(26.84 + 3 * 0.034)
    assert set(figures["seconds"]) >= {"partition-cores", "place-cores", "walk-packets"}
    assert (tmp_path / "out" / "chips.png").read_bytes()[:4] == b"\x89PNG"


def test_running_is_refused_with_what_there_is():
    with pytest.raises(UnsupportedError, match="maps networks and cannot run them; 'snnc compile"):
        snnc.compile(small(), target="spinnaker")
