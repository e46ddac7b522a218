"""Multicast trees for sPyNNaker's packets, as `grow-trees` makes them.

PACMAN's own router needs the cores of a population to be on chips next to each other.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from importlib import import_module
from typing import Any

from snnc.hardware.spinnaker import Chip
from snnc.ir.links import LINKS
from snnc.passes.spinnaker.trees import grow

Place = tuple[int, int, int]


def routed() -> Any:
    """Return PACMAN's table of what each chip does with the packets of each core."""
    view = import_module("pacman.data").PacmanDataView
    tables = import_module("pacman.model.routing_table_by_partition")
    entry = import_module("spinn_machine").RoutingEntry
    result = tables.MulticastRoutingTableByPartition()
    neighbours = _neighbours(view.get_machine())
    aims: dict[tuple[Any, str], set[Place]] = defaultdict(set)
    for source, name, target in _reached():
        aims[source, name].add(_place(view, target))
    for (source, name), places in aims.items():
        x, y, p = _place(view, source)
        came: dict[Chip, int] = {}
        links: dict[Chip, list[int]] = defaultdict(list)
        for cx, cy, link in grow((x, y), {place[:2] for place in places}, neighbours):
            links[cx, cy].append(link)
            came[neighbours[cx, cy][link]] = (link + len(LINKS) // 2) % len(LINKS)
        for chip in {(x, y), *came}:
            cores = [place[2] for place in places if place[:2] == chip]
            origin = {"incoming_processor": p} if chip == (x, y) else {"incoming_link": came[chip]}
            one = entry(processor_ids=cores, link_ids=links[chip], **origin)
            result.add_path_entry(one, *chip, source, name)
    return result


def _reached() -> Iterator[tuple[Any, str, Any]]:
    """Yield what sends packets, under what name, and what must get them: machine vertices."""
    find = import_module("pacman.utilities.algorithm_utilities.routing_algorithm_utilities")
    application = import_module("pacman.model.graphs.application").ApplicationVertex
    for part in find.get_app_partitions():
        name = part.identifier
        for edge in part.edges:
            arriving = edge.post_vertex.splitter.get_source_specific_in_coming_vertices(
                part.pre_vertex, name
            )
            for target, sources in arriving:
                for source in sources:
                    whole = isinstance(source, application)
                    senders = source.splitter.get_out_going_vertices(name) if whole else [source]
                    yield from ((sender, name, target) for sender in senders)
        for inner in part.pre_vertex.splitter.get_internal_multicast_partitions():
            if inner.identifier == name:
                yield from ((inner.pre_vertex, name, edge.post_vertex) for edge in inner.edges)


def _place(view: Any, vertex: Any) -> Place:
    found = view.get_placement_of_vertex(vertex)
    return found.x, found.y, found.p


def _neighbours(machine: Any) -> dict[Chip, dict[int, Chip]]:
    return {
        (chip.x, chip.y): {
            link.source_link_id: (link.destination_x, link.destination_y)
            for link in chip.router.links
        }
        for chip in machine.chips
    }
