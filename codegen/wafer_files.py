"""What targets that are wafers write, as JSON with the names of halco (``hicann/v2``)."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from snnc.ir.dialects.analog import LOST
from snnc.ir.hicann import ROWS_PER_DRIVER

if TYPE_CHECKING:
    from snnc.codegen.wafer import WaferArtifact

_NOWHERE = -1
_DISABLED = 1
"""The last bits of addresses that no source has, which synapses not in use are set to."""


def hicanns_text(artifact: WaferArtifact) -> str:
    """Return the HICANNs in use, with their neurons, mergers and input."""
    found: dict[int, dict[str, list[Any]]] = defaultdict(lambda: {"neurons": [], "inputs": []})
    width = artifact.circuits // artifact.machine.blocks
    for population, places in artifact.places.items():
        for cell, chip, column, output, address in places.tolist():
            if chip == _NOWHERE:
                continue
            entry: dict[str, Any] = {"population": population, "cell": cell}
            if column != _NOWHERE:
                blocks = range(artifact.machine.blocks)
                entry["NeuronOnHICANN"] = [[column + i, y] for y in blocks for i in range(width)]
            if address != _NOWHERE:
                entry.update(DNCMergerOnHICANN=output, L1Address=address)
            found[chip]["neurons" if column != _NOWHERE else "inputs"].append(entry)
    return _text(
        [{"HICANNOnWafer": _chip(artifact, chip), **found[chip]} for chip in sorted(found)]
    )


def lines_text(artifact: WaferArtifact) -> str:
    """Return repeaters and switches of each HICANN."""
    across = artifact.machine.horizontal_lines
    found: dict[int, dict[str, list[Any]]] = defaultdict(lambda: defaultdict(list))
    for chip, line, there, onto in artifact.repeaters.tolist():
        entry = {"to": {"HICANNOnWafer": _chip(artifact, there)}}
        if line < across:
            found[chip]["HLineOnHICANN"].append({"line": line, **entry, "to_line": onto})
        else:
            entry = {"line": line - across, **entry, "to_line": onto - across}
            found[chip]["VLineOnHICANN"].append(entry)
    for chip, horizontal, vertical in artifact.switches.tolist():
        found[chip]["CrossbarSwitchOnHICANN"].append([vertical, horizontal])
    for chip, driver, vertical in artifact.drivers[:, :3].tolist():
        found[chip]["SynapseSwitchOnHICANN"].append([vertical, driver])
    return _text(
        [{"HICANNOnWafer": _chip(artifact, chip), **found[chip]} for chip in sorted(found)]
    )


def rows_text(artifact: WaferArtifact) -> str:
    """Return drivers, and the weights and decoders of their rows, a hexadecimal digit a column."""
    weights, decoders = _digits(artifact)
    found: dict[int, list[Any]] = defaultdict(list)
    for chip, driver, _, *settings in artifact.drivers.tolist():
        rows = []
        for which in range(ROWS_PER_DRIVER):
            synaptic_input, even, odd = settings[3 * which : 3 * which + 3]
            row = ROWS_PER_DRIVER * driver + which
            rows.append(
                {
                    "SynapseRowOnHICANN": row,
                    "input": "right" if synaptic_input else "left",
                    "DriverDecoder": [even, odd],
                    "weights": _hexadecimal(weights[chip][row]),
                    "decoders": _hexadecimal(decoders[chip][row]),
                }
            )
        found[chip].append({"SynapseDriverOnHICANN": driver, "rows": rows})
    return _text(
        [{"HICANNOnWafer": _chip(artifact, chip), "drivers": found[chip]} for chip in sorted(found)]
    )


def _digits(artifact: WaferArtifact) -> tuple[dict[int, np.ndarray], dict[int, np.ndarray]]:
    """Return weight and last bits of the address in each place of the HICANNs in use."""
    machine = artifact.machine
    shape = (machine.rows * machine.blocks, machine.columns)
    chips = np.unique(artifact.drivers[:, 0]).tolist()
    weights = {chip: np.zeros(shape, np.uint8) for chip in chips}
    decoders = {chip: np.full(shape, _DISABLED, np.uint8) for chip in chips}
    largest = (1 << machine.weight_bits) - 1
    for projection, table in artifact.synapses.items():
        code = np.minimum(artifact.codes[projection][table[:, 0], 1], largest)
        order = np.argsort(table[:, 1], kind="stable")
        own, starts = np.unique(table[order, 1], return_index=True)
        for chip, part in zip(own.tolist(), np.split(order, starts)[1:], strict=True):
            row, column, last_bits = table[part, 2:].T
            weights[chip][row, column] = code[part]
            decoders[chip][row, column] = last_bits
    return weights, decoders


def _hexadecimal(digits: np.ndarray) -> str:
    return "".join(f"{digit:x}" for digit in digits.tolist())


def losses_text(artifact: WaferArtifact) -> str:
    """Return synapses and losses of each projection, by reason."""
    return _text(
        {
            projection: {
                "synapses": len(table) + len(artifact.lost[projection]),
                "lost": len(artifact.lost[projection]),
                "lost_by_reason": _by_reason(artifact.lost[projection]),
            }
            for projection, table in artifact.synapses.items()
        }
    )


def _by_reason(lost: np.ndarray) -> dict[str, int]:
    counts = Counter(lost[:, 1].tolist())
    return {LOST[reason]: count for reason, count in sorted(counts.items())}


def summary_text(artifact: WaferArtifact) -> str:
    """Return the figures by which mappings are compared."""
    return _text(summary(artifact))


def summary(artifact: WaferArtifact) -> dict[str, Any]:
    """Return the figures by which mappings are compared.

    ``lost_at_least`` is how many synapses any choice of drivers loses with cells where they are, of
    which the in-degree takes those that neurons have beyond their places.
    """
    lost = np.concatenate([*artifact.lost.values(), np.empty((0, 2), np.int64)])
    synapses = sum(len(table) for table in artifact.synapses.values()) + len(lost)
    in_degree, drivers = artifact.bound
    return {
        "network": artifact.network,
        "chips": len(set(_chips_with_cells(artifact))),
        "circuits_per_neuron": artifact.circuits,
        "outputs": len(set(_outputs(artifact))),
        "drivers": len(artifact.drivers),
        "synapses": synapses,
        "lost": len(lost),
        "lost_share": len(lost) / synapses if synapses else 0.0,
        "lost_by_reason": _by_reason(lost),
        "lost_at_least": max(drivers, in_degree),
        "lost_at_least_by_reason": {"in-degree": in_degree, "rows": max(drivers - in_degree, 0)},
        "seconds": dict(artifact.seconds),
    }


def _chips_with_cells(artifact: WaferArtifact) -> Iterator[int]:
    for places in artifact.places.values():
        yield from places[places[:, 1] != _NOWHERE, 1].tolist()


def _outputs(artifact: WaferArtifact) -> Iterator[tuple[int, int]]:
    for places in artifact.places.values():
        for _, chip, _, output, address in places.tolist():
            if address != _NOWHERE:
                yield chip, output


def _chip(artifact: WaferArtifact, number: int) -> list[int]:
    return list(artifact.machine.chips[number])


def _text(content: Any) -> str:
    return json.dumps(content, indent=1)
