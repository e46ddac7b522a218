"""Reading synapses back from what cores get, as their programs would."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from snnc.codegen.spinnaker import Core, Sender, SpiNNakerArtifact
from snnc.ir.diagnostics import ModelError
from snnc.runtime.jit.cache import shared_kernels
from snnc.runtime.spinnaker.data import CoreData, heard_by
from snnc.runtime.spinnaker.population_table import WORD, PopulationTable
from snnc.runtime.spinnaker.rows import read_rows
from snnc.runtime.spinnaker.store import PLASTICITY, SYNAPSES, read_regions
from snnc.runtime.spinnaker.words import WordForm

_FIXED_PARAMETERS = 7


@dataclass(frozen=True)
class Arrivals:
    """The synapses of one core that the packets of a slice reach.

    Attributes
    ----------
    source : str
        Name of the slice or extension.
    cell : ndarray of int64, shape (n,)
        Presynaptic cells, as indices of the slice, those of each stage after another.
    target : ndarray of int64, shape (n,)
        Postsynaptic cells, as numbers on the core.
    receptor, weight, delay : ndarray of int64, shape (n,)
        Number of the receptor, weight as stored, delay of the packet in steps.
    plastic : ndarray of bool, shape (n,)
        Whether the weight changes.
    """

    source: str
    cell: NDArray[np.int64]
    target: NDArray[np.int64]
    receptor: NDArray[np.int64]
    weight: NDArray[np.int64]
    delay: NDArray[np.int64]
    plastic: NDArray[np.bool_]


def read_data(artifact: SpiNNakerArtifact, path: Path) -> Iterator[tuple[Core, list[Arrivals]]]:
    """Yield the synapses of each core, by the slices whose packets it gets.

    Parameters
    ----------
    artifact : SpiNNakerArtifact
        The network on the machine, which says what packets a core gets.
    path : Path
        The file that was written.

    Raises
    ------
    ModelError
        If a core's data are missing or cannot be read as its program does; with the core.
    """
    regions = read_regions(path, SYNAPSES)
    heard = heard_by(artifact)
    for core in artifact.cores:
        if not core.index:
            continue
        here = regions.get(core.place, {})
        if missing := [label for label in SYNAPSES if label not in here]:
            raise ModelError(f"core {core.place} has no region '{missing[0]}'")
        try:
            yield core, _arrivals(here, heard[core.name], artifact.machine.colour_bits)
        except ModelError as error:
            raise ModelError(f"core {core.place}: {error.message}") from None


def check_data(artifact: SpiNNakerArtifact, path: Path) -> None:
    """Refuse data that do not hold the synapses of the network.

    Parameters
    ----------
    artifact : SpiNNakerArtifact
        The network on the machine.
    path : Path
        The file that was written.

    Raises
    ------
    ModelError
        If a core's data cannot be read, its parameters differ, or its synapses do.
    """
    made = CoreData(artifact, shared_kernels())
    regions = read_regions(path, ["SynapseParams", PLASTICITY, "DelayParams"])
    for late in artifact.extensions:
        found = regions.get(late.place, {}).get("DelayParams", ())
        if not np.array_equal(found, made.extension(late)):
            raise ModelError(f"core {late.place}: the parameters of the extension differ")
    heard = heard_by(artifact)
    for (core, found), (_, matrix) in zip(read_data(artifact, path), made.matrices(), strict=True):
        if not np.array_equal(regions[core.place]["SynapseParams"], made.parameters(core)):
            raise ModelError(f"core {core.place}: the parameters of synapses differ")
        _check_rule(core, regions[core.place].get(PLASTICITY), made.plasticity(core))
        right = {
            "PopTable": matrix.table,
            "SynBlocks": matrix.rows,
            "SynapseParams": made.parameters(core),
        }
        wanted = _arrivals(right, heard[core.name], artifact.machine.colour_bits)
        for one, other in zip(found, wanted, strict=True):
            if not np.array_equal(_sorted(one), _sorted(other)):
                raise ModelError(
                    f"core {core.place}: the synapses from '{one.source}' are not those of the "
                    "network"
                )


def _check_rule(
    core: Core, found: NDArray[np.uint32] | None, right: NDArray[np.uint32] | None
) -> None:
    absent = np.empty(0, np.uint32)
    if not np.array_equal(absent if found is None else found, absent if right is None else right):
        raise ModelError(f"core {core.place}: the rule of its plastic synapses differs")


def _sorted(one: Arrivals) -> NDArray[np.int64]:
    columns = np.stack([one.plastic, one.weight, one.delay, one.receptor, one.target, one.cell])
    return columns[:, np.lexsort(columns)].astype(np.int64)


def _arrivals(
    regions: dict[str, NDArray[np.uint32]], heard: list[Sender], colour_bits: int
) -> list[Arrivals]:
    parameters = regions["SynapseParams"].astype(np.int64)
    if parameters.size < _FIXED_PARAMETERS or parameters.size != _FIXED_PARAMETERS + parameters[1]:
        raise ModelError(f"the parameters of synapses are {parameters.size} words; expected "
                         f"{_FIXED_PARAMETERS} and a shift for each receptor")  # fmt: skip
    cells, receptors = parameters[:2].tolist()
    form = WordForm(*parameters[2:5].tolist())
    table = PopulationTable(regions["PopTable"])
    found = []
    for one in heard:
        assert one.key is not None
        keys = one.key + (np.arange(one.size, dtype=np.int64) << colour_bits)
        packet, address, length = table.rows(keys)
        rows = read_rows(regions["SynBlocks"], address // WORD, length)
        weight, delay, receptor, target = form.unpacked(rows.words)
        if np.any(target >= cells) or np.any(receptor >= receptors):
            raise ModelError(f"a synapse from '{one.name}' ends on a cell or receptor that the "
                             f"core does not have; it has {cells} and {receptors}")  # fmt: skip
        found.append(
            Arrivals(one.name, packet[rows.row], target, receptor, weight, delay, rows.plastic)
        )
    return found
