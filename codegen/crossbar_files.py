"""What targets with crossbars write: coordinates and switches, in halco's and haldls' names.

Coordinates are those of halco (``hicann-dls/vx/v3``), each as its number; what is set at them has
the names of haldls and lola. Long lists are columns: entry i of each belongs to thing i.
"""

from __future__ import annotations

import json
from collections import defaultdict
from typing import TYPE_CHECKING, Any

import numpy as np

from snnc.ir.dialects.analog import LOST

if TYPE_CHECKING:
    from snnc.codegen.crossbar import CrossbarArtifact, PlacedPopulation
    from snnc.hardware.crossbar import CrossbarChip

_MODES = {-1: "disabled", 0: "excitatory", 1: "inhibitory"}


def settings_text(artifact: CrossbarArtifact) -> str:
    """Return the settings of all chips, and how the host sends spikes on."""
    chips = [
        {
            "CrossbarNodeOnDLS": _nodes(artifact, number),
            "SynapseDriverOnDLS": _drivers(artifact, number),
            "synapses": _synapses(artifact, number),
        }
        for number in range(artifact.number)
    ]
    return _text(
        {
            "network": artifact.network,
            "chip": artifact.chip.name,
            "neurons": [one for p in artifact.populations for one in _neurons(artifact, p)],
            "routes": [one for p in artifact.populations for one in _routes(artifact, p)],
            "chips": chips,
        }
    )


def _neurons(artifact: CrossbarArtifact, population: PlacedPopulation) -> list[dict[str, Any]]:
    """Return each cell with its circuits; the first sends its spikes, with the address given."""
    chip, table = artifact.chip, population.circuits
    circuits: dict[int, list[tuple[int, int, int]]] = defaultdict(list)
    names = ("cell", "chip", "block", "column")
    for cell, number, block, column in zip(*(table[n].tolist() for n in names), strict=True):
        circuits[cell].append((number, block, column))
    events = population.events
    own = events["sender"] == events["chip"]
    sent = (events[name][own].tolist() for name in ("cell", "event"))
    address = (1 << chip.address_bits) - 1
    return [
        {
            "population": population.name,
            "cell": cell,
            "chip": circuits[cell][0][0],
            "AtomicNeuronOnDLS": _joined(chip, circuits[cell]),
            "NeuronEventOutputOnDLS": circuits[cell][0][2] // chip.run,
            "NeuronBackendAddressOut": event & address,
        }
        for cell, event in zip(*sent, strict=True)
    ]


def _joined(chip: CrossbarChip, circuits: list[tuple[int, int, int]]) -> dict[str, dict[str, bool]]:
    """Return the circuits of a cell, with the switches to the right and to the other block."""
    there = set(circuits)
    return {
        str(block * chip.columns + column): {
            "connect_right": (number, block, column + 1) in there,
            "connect_vertical": (number, 1 - block, column) in there,
        }
        for number, block, column in circuits
    }


def _routes(artifact: CrossbarArtifact, population: PlacedPopulation) -> list[dict[str, Any]]:
    """Return what the host sends to chips: spikes of sources, and of cells on other chips."""
    table = population.events
    own = table["sender"] == table["chip"]
    labels = dict(zip(table["cell"][own].tolist(), table["event"][own].tolist(), strict=True))
    found = []
    names = ("cell", "sender", "chip", "input", "event")
    for cell, sender, number, where, event in zip(
        *(table[name][~own].tolist() for name in names), strict=True
    ):
        route: dict[str, Any] = {"population": population.name, "cell": cell}
        if sender >= 0:
            route["from"] = {"chip": sender, "NeuronLabel": labels[cell]}
        channel = where - artifact.chip.event_outputs
        route["to"] = {"chip": number, "SPL1Address": channel, "NeuronLabel": event}
        found.append(route)
    return found


def _nodes(artifact: CrossbarArtifact, number: int) -> list[dict[str, int]]:
    table = artifact.crossbars[number]
    names = ("output", "input", "mask", "target")
    return [
        {
            "CrossbarOutputOnDLS": output, "CrossbarInputOnDLS": where,
            "mask": mask, "target": target,
        }
        for output, where, mask, target in zip(*(table[n].tolist() for n in names), strict=True)
    ]  # fmt: skip


def _drivers(artifact: CrossbarArtifact, number: int) -> list[dict[str, Any]]:
    table = artifact.drivers[number]
    names = ("block", "bus", "driver", "mask", "top", "bottom")
    return [
        {
            "SynapseDriverBlockOnDLS": block,
            "SynapseDriverOnSynapseDriverBlock": driver * artifact.chip.buses + bus,
            "row_address_compare_mask": mask,
            "row_mode_top": _MODES[top],
            "row_mode_bottom": _MODES[bottom],
        }
        for block, bus, driver, mask, top, bottom in zip(
            *(table[name].tolist() for name in names), strict=True
        )
    ]


def _synapses(artifact: CrossbarArtifact, number: int) -> dict[str, list[int]]:
    parts: dict[str, list[np.ndarray]] = defaultdict(list)
    for projection in artifact.projections:
        here = projection.synapses["chip"] == number
        for name, values in projection.synapses.items():
            parts[name].append(values[here])
    columns = {name: np.concatenate(values).tolist() for name, values in parts.items()}
    written = {
        "SynramOnDLS": "block",
        "SynapseRowOnSynram": "row",
        "SynapseOnSynapseRow": "column",
        "SynapseLabel": "label",
        "Weight": "weight",
    }
    return {ours: columns.get(name, []) for ours, name in written.items()}


def lost_text(artifact: CrossbarArtifact) -> str:
    """Return the synapses that are on no chip: of each projection pre, post and reason."""
    return _text(
        {
            one.label: {
                "pre": one.pre[one.lost["synapse"]].tolist(),
                "post": one.post[one.lost["synapse"]].tolist(),
                "reason": [LOST[reason] for reason in one.lost["reason"].tolist()],
            }
            for one in artifact.projections
        }
    )


def _text(content: Any) -> str:
    return json.dumps(content, indent=1)
