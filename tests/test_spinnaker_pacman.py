"""What is written for SpiNNaker, read and checked by the machine's own tools."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import product

import pytest
from modular_networks import mapped, modular

from snnc.codegen.spinnaker import SpiNNakerArtifact, generate
from snnc.codegen.spinnaker_files import keys_text, machine_text, placements_text, tables_text
from snnc.passes.pipelines import pipeline_text

needs = "needs sPyNNaker: pip install 'snnc[spynnaker]'"
pytest.importorskip("pacman", reason=needs)

from pacman.config_setup import unittest_setup  # noqa: E402
from pacman.data.pacman_data_writer import PacmanDataWriter  # noqa: E402
from pacman.exceptions import PacmanRoutingException  # noqa: E402
from pacman.model.graphs.application import ApplicationEdge  # noqa: E402
from pacman.model.partitioner_splitters import SplitterFixedLegacy  # noqa: E402
from pacman.model.placements import Placement, Placements  # noqa: E402
from pacman.model.routing_info import (  # noqa: E402
    AppVertexRoutingInfo,
    BaseKeyAndMask,
    MachineVertexRoutingInfo,
    RoutingInfo,
)
from pacman.model.routing_tables import multicast_routing_tables  # noqa: E402
from pacman.operations.multi_cast_router_check_functionality.valid_routes_checker import (  # noqa: E402
    validate_routes,
)
from pacman.operations.partition_algorithms import splitter_partitioner  # noqa: E402
from pacman.operations.router_compressors.routing_compression_checker import (  # noqa: E402
    compare_tables,
)
from pacman_test_objects import SimpleTestVertex  # noqa: E402
from spinn_machine.json_machine import machine_from_json  # noqa: E402
from spinn_machine.virtual_machine import virtual_machine_by_boards  # noqa: E402
from spinn_utilities.config_holder import set_config  # noqa: E402

SIZES = [300, 64, 128, 500, 30, 200, 90]
EDGES = {(i, j) for i, j in product(range(7), range(7)) if (2 * i + 3 * j) % 5 < 2}


@pytest.fixture
def writer() -> Iterator[PacmanDataWriter]:
    unittest_setup()
    set_config("Machine", "version", "5")
    yield PacmanDataWriter.mock()
    unittest_setup()


def artifact_of(explicit: bool) -> SpiNNakerArtifact:
    pipeline = pipeline_text("spinnaker").replace("partition-cores", "partition-cores{cells=20}")
    if explicit:
        pipeline = pipeline.replace("make-tables,compress-tables", "make-tables{explicit=true}")
    return generate(mapped(modular(SIZES, sorted(EDGES)), pipeline=pipeline))


def tell(writer: PacmanDataWriter, artifact: SpiNNakerArtifact) -> None:
    """Describe a mapping: a vertex a core, and an outgoing partition for each slice on it."""
    slices = json.loads(keys_text(artifact))
    placed = json.loads(placements_text(artifact))
    vertices = {}
    for one in placed:
        here = [s for s in slices if s["vertex_label"] == one["vertex_label"]]
        cells = sum(s["last"] - s["first"] for s in here)
        vertex = SimpleTestVertex(cells, one["vertex_label"], max_atoms_per_core=cells)
        vertex.splitter = SplitterFixedLegacy()
        writer.add_vertex(vertex)
        vertices[one["vertex_label"]] = vertex
    for pre, post in product(slices, slices):
        if (int(pre["population"][1:]), int(post["population"][1:])) in EDGES:
            ends = vertices[pre["vertex_label"]], vertices[post["vertex_label"]]
            writer.add_edge(ApplicationEdge(*ends), pre["slice"])
    writer.set_machine(machine_from_json(json.loads(machine_text(artifact))))
    writer.set_plan_n_timesteps(1000)
    splitter_partitioner()
    places = Placements()
    infos = RoutingInfo()
    for one in placed:
        (vertex,) = vertices[one["vertex_label"]].machine_vertices
        places.add_placement(Placement(vertex, one["x"], one["y"], one["p"]))
    for one in slices:
        if "key" in one:
            app = vertices[one["vertex_label"]]
            (vertex,) = app.machine_vertices
            keys = BaseKeyAndMask(one["key"], one["mask"])
            infos.add_routing_info(AppVertexRoutingInfo(keys, one["slice"], app, one["mask"], 0, 0))
            infos.add_routing_info(MachineVertexRoutingInfo(keys, one["slice"], vertex, 0))
    writer.set_placements(places)
    writer.set_routing_infos(infos)


def test_the_machine_is_that_of_spinnmachine(writer):
    read = machine_from_json(json.loads(machine_text(artifact_of(False))))
    virtual = virtual_machine_by_boards(1)
    assert (read.width, read.height) == (virtual.width, virtual.height)
    for chip in virtual.chips:
        found = read.get_chip_at(chip.x, chip.y)
        assert found.n_processors == chip.n_processors
        assert found.sdram == chip.sdram
        for link in range(6):
            assert read.is_link_at(chip.x, chip.y, link) == virtual.is_link_at(chip.x, chip.y, link)


def test_pacman_finds_the_routes_valid(writer):
    explicit = artifact_of(explicit=True)
    tell(writer, explicit)
    tables = multicast_routing_tables.from_json(json.loads(tables_text(explicit)))
    writer.set_uncompressed(tables)
    validate_routes(tables)
    compressed = multicast_routing_tables.from_json(json.loads(tables_text(artifact_of(False))))
    for table in tables.routing_tables:
        compare_tables(table, compressed.get_routing_table_for_chip(table.x, table.y))
    assert compressed.get_total_number_of_entries() < tables.get_total_number_of_entries()


def dropped(entries: list) -> None:
    del entries[0]


def wrong_core(entries: list) -> None:
    entries[0]["spinnaker_route"] ^= 1 << 20


@pytest.mark.parametrize("mutate", [dropped, wrong_core])
def test_pacman_refuses_tables_that_are_wrong(writer, mutate):
    explicit = artifact_of(explicit=True)
    tell(writer, explicit)
    text = json.loads(tables_text(explicit))
    mutate(next(table["entries"] for table in text if len(table["entries"]) > 3))
    tables = multicast_routing_tables.from_json(text)
    writer.set_uncompressed(tables)
    with pytest.raises(PacmanRoutingException):
        validate_routes(tables)
