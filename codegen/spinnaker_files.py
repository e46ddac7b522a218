"""What the ``spinnaker`` target writes, as JSON in the forms that SpiNNaker's own tools read.

Placements, routing tables and the machine are those of PACMAN's and SpiNNMachine's JSON functions
(7.4.1: ``placement_to_json``, ``multicast_routing_tables.from_json``, ``machine_from_json``).
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from snnc.hardware.spinnaker import BOARD, SEVENTEEN_CORES

if TYPE_CHECKING:
    from snnc.codegen.spinnaker import Entry, SpiNNakerArtifact

_FIRST_CORE_BIT = 6
_ETHERNET_TAGS, _TAGS = [1, 2, 3, 4, 5, 6, 7], []


def placements_text(artifact: SpiNNakerArtifact) -> str:
    """Return where each core is: label, x, y and p."""
    return _text(
        [
            {"vertex_label": core.name, "x": core.place[0], "y": core.place[1], "p": core.place[2]}
            for core in artifact.cores
        ]
    )


def keys_text(artifact: SpiNNakerArtifact) -> str:
    """Return the slices with their cells, cores and keys; those never heard have no key.

    Extensions follow, with the slices whose packets they send again.
    """
    slices = []
    for one in artifact.slices:
        entry: dict[str, Any] = {
            "slice": one.name,
            "population": one.population,
            "first": one.first,
            "last": one.last,
            "vertex_label": one.core,
        }
        if one.key is not None:
            entry.update(key=one.key, mask=one.mask)
        slices.append(entry)
    slices += [
        {
            "slice": one.name,
            "extends": one.slice.name,
            "stages": one.stages,
            "steps": one.steps,
            "vertex_label": one.core,
            "key": one.key,
            "mask": one.mask,
        }
        for one in artifact.extensions
    ]
    return _text(slices)


def tables_text(artifact: SpiNNakerArtifact) -> str:
    """Return the routing tables, with their entries in order."""
    return _text(
        [
            {"x": x, "y": y, "entries": [_entry(entry) for entry in entries]}
            for (x, y), entries in artifact.tables.items()
        ]
    )


def _entry(entry: Entry) -> dict[str, Any]:
    route = sum(1 << link for link in entry.links)
    route |= sum(1 << (_FIRST_CORE_BIT + core) for core in entry.cores)
    return {
        "key": entry.key,
        "mask": entry.mask,
        "defaultable": False,
        "spinnaker_route": route,
    }


def machine_text(artifact: SpiNNakerArtifact) -> str:
    """Return the machine: its chips with their cores and boards."""
    machine = artifact.machine
    limits = {"monitors": 1, "routerEntries": machine.router_entries, "sdram": machine.sdram}
    chips = []
    for x0, y0 in machine.ethernet:
        for x, y in BOARD:
            chip = x0 + x, y0 + y
            details: dict[str, Any] = {
                "cores": machine.cores_per_chip - ((x, y) in SEVENTEEN_CORES),
                "ethernet": [x0, y0],
            }
            if dead := [link for link in range(6) if machine.neighbour(chip, link) is None]:
                details["deadLinks"] = dead
            if (x, y) == (0, 0):
                details["ipAddress"] = f"127.0.{x0}.{y0}"
            chips.append([*chip, details])
    width, height = machine.size
    return _text(
        {
            "height": height,
            "width": width,
            "root": [0, 0],
            "standardResources": {**limits, "tags": _TAGS},
            "ethernetResources": {**limits, "tags": _ETHERNET_TAGS},
            "chips": chips,
        }
    )


def write_summary(artifact: SpiNNakerArtifact, path: Path) -> None:
    """Write the figures by which mappings are compared."""
    path.write_text(_text(summary(artifact)) + "\n")


def summary(artifact: SpiNNakerArtifact) -> dict[str, Any]:
    """Return the figures by which mappings are compared.

    ``packet_hops`` is links taken when each cell sends a spike, ``packet_hops_per_s`` at the
    expected rates. ``current_bits`` are of the populations whose currents count in 2^-bits nA: the
    machine's cells are to have capacities and currents that are 2^bits times as large. Synapses and
    the bytes of cores are expectations until the data of cores have been written.
    """
    machine = artifact.machine
    senders = {one.name: one for one in artifact.senders}
    hops = hops_per_s = 0.0
    load: dict[tuple[int, int, int], float] = defaultdict(float)
    for tree in artifact.trees:
        cells = sum(senders[name].size for name in tree.slices)
        packets = sum(senders[name].size * senders[name].rate for name in tree.slices)
        hops += cells * len(tree.links)
        hops_per_s += packets * len(tree.links)
        for link in tree.links:
            load[link] += packets
    entries = [len(table) for table in artifact.tables.values()]
    sdram: Counter[tuple[int, int]] = Counter()
    for core in artifact.cores:
        sdram[core.place[:2]] += core.sdram
    synapses = sum(core.synapses for core in artifact.cores)
    budget = machine.clock * artifact.dt / machine.cycles_per_event
    return {
        "network": artifact.network,
        "boards": machine.boards,
        "cores": len(artifact.cores),
        "chips": len(sdram),
        "slices": len(artifact.slices),
        "delay_extensions": len(artifact.extensions),
        "packet_hops": hops,
        "packet_hops_per_s": hops_per_s,
        "link_packets_per_s_max": max(load.values(), default=0.0),
        "entries_total": sum(entries),
        "entries_max_per_chip": max(entries, default=0),
        "current_bits": dict(artifact.bits),
        "synapses": synapses,
        "sdram_max_per_chip": max(sdram.values()),
        "sdram_per_core": {core.name: core.sdram for core in artifact.cores},
        "dtcm_per_core": {core.name: core.dtcm for core in artifact.cores},
        "dtcm_max_per_core": max(core.dtcm for core in artifact.cores),
        "events_per_step_max": max(core.events for core in artifact.cores),
        "events_per_step_budget": budget,
        "watts": machine.boards * machine.idle_board_watts
        + len(artifact.cores) * machine.active_core_watts
        + hops_per_s * machine.joules_per_hop,
        **artifact.figures,
        "seconds": dict(artifact.seconds),
    }


def _text(content: Any) -> str:
    return json.dumps(content, indent=1)
