"""Writing the synapses of a mapped network as SpiNNaker's cores read them."""

from __future__ import annotations

import warnings
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from time import process_time

import numpy as np
from numpy.typing import NDArray

from snnc.codegen.spinnaker import Core, Extension, Sender, Slice, SpiNNakerArtifact
from snnc.ir.diagnostics import SnncError
from snnc.ir.dialects.map_weights import LARGEST_WORD
from snnc.runtime.jit.cache import Kernels, shared_kernels
from snnc.runtime.spinnaker.blocks import ENTRY_BYTES, HEADER_BYTES
from snnc.runtime.spinnaker.matrices import Keys, Matrix, make_matrix
from snnc.runtime.spinnaker.plasticity import Plasticity, region_of
from snnc.runtime.spinnaker.rows import RowForm
from snnc.runtime.spinnaker.store import PLASTICITY, DataFile
from snnc.runtime.spinnaker.synapses import Sorted, Synapses
from snnc.runtime.spinnaker.words import Losses

_DROP_LATE_SPIKES = 1
_HAS_KEY = 1
COARSE = 0.05
"""Relative errors of amounts that are worth a warning."""


def write_data(artifact: SpiNNakerArtifact, path: Path) -> None:
    """Write population tables, synaptic matrices and parameters of all cores with synapses.

    What was found out is noted in the artifact's figures: bytes of each synapse and of each core's
    memories, and errors of weights.

    Parameters
    ----------
    artifact : SpiNNakerArtifact
        The network on the machine.
    path : Path
        The file to write; see `snnc.runtime.spinnaker.store`.

    Raises
    ------
    ResourceLimitError
        If the form has no numbers for a core's data.
    UnsupportedError
        If SpiNNaker has no such plasticity.

    Warns
    -----
    UserWarning
        Of weights, delays and amounts of changes that are not stored as they are.
    """
    started = process_time()
    data = CoreData(artifact, shared_kernels())
    rows: dict[str, int] = {}
    tables: dict[str, int] = {}
    with DataFile(path) as file:
        for core, matrix in data.matrices():
            file.write(core.place, "SynapseParams", data.parameters(core))
            file.write(core.place, "PopTable", matrix.table)
            file.write(core.place, "SynBlocks", matrix.rows)
            if (rule := data.plasticity(core)) is not None:
                file.write(core.place, PLASTICITY, rule)
            rows[core.name], tables[core.name] = matrix.rows.nbytes, matrix.table.nbytes
        for late in artifact.extensions:
            file.write(late.place, "DelayParams", data.extension(late))
    _warn(data.losses)
    _warn_of_rules(data.rules)
    artifact.figures.update(_figures(artifact, data.losses, rows, tables))
    artifact.seconds["synaptic-data"] = process_time() - started


class CoreData:
    """The data of the cores of a network.

    Parameters
    ----------
    artifact : SpiNNakerArtifact
        The network on the machine.
    kernels : Kernels
        Where compiled kernels come from.
    """

    def __init__(self, artifact: SpiNNakerArtifact, kernels: Kernels) -> None:
        self._artifact = artifact
        self._synapses = Synapses(artifact, kernels)
        self._cores = {core.name: core for core in artifact.cores}
        self._heard = heard_by(artifact)
        self._slices: dict[str, list[Slice]] = defaultdict(list)
        for one in artifact.slices:
            self._slices[one.core].append(one)

    @property
    def losses(self) -> Mapping[str, Losses]:
        """What could not be stored as it is, by projection."""
        return self._synapses.losses

    @property
    def rules(self) -> Mapping[str, Plasticity]:
        """How plastic synapses change, by the population that they end on."""
        return self._synapses.rules

    def matrices(self) -> Iterator[tuple[Core, Matrix]]:
        """Yield the matrices of all cores with synapses."""
        for batch in self._synapses.batches():
            made = self._synapses.onto(batch)
            for number, name in enumerate(batch):
                yield self._cores[name], self._matrix(name, number, made)

    def _matrix(self, name: str, number: int, made: Mapping[RowForm, Sorted]) -> Matrix:
        core, machine = self._cores[name], self._artifact.machine
        heard = sorted(self._heard[name], key=lambda one: self._synapses.begin[one.name])
        senders, cells = [], []
        for one in heard:
            assert one.key is not None and one.mask is not None
            begin = self._synapses.begin[one.name]
            senders.append(Keys(one.key, one.mask, one.size))
            cells.append(slice(begin, begin + one.size))
        synapses = {form: one.of_core(number, cells) for form, one in made.items()}
        for one in synapses.values():
            if sum(int(row.sum()) for row in one.lengths) != one.words.size:
                raise SnncError(f"internal error: '{name}' has synapses of cells it does not hear")
        used = core.dtcm - HEADER_BYTES - ENTRY_BYTES * len(heard)
        return make_matrix(senders, synapses, machine.dtcm - used, machine.colour_bits)

    def plasticity(self, core: Core) -> NDArray[np.uint32] | None:
        """Return how the plastic synapses of a core change; None where there are none."""
        populations = [one.population for one in self._slices[core.name]]
        return region_of(self._synapses.rules, self._artifact, populations)

    def parameters(self, core: Core) -> NDArray[np.uint32]:
        """Return numbers of cells and receptors, bits of synapses, and shifts of ring buffers."""
        here = self._slices[core.name]
        population = here[0].population
        receptors = self._artifact.receptors[population]
        shifts = [0] * receptors
        for one in here:
            for (name, _), ring in self._artifact.rings.items():
                if name == one.population:
                    shifts[ring.receptor] = ring.shift
        cells = sum(one.size for one in here)
        fixed = [cells, receptors, *core.index, _DROP_LATE_SPIKES]
        return np.array([*fixed, self._artifact.machine.spike_buffer, *shifts], np.uint32)

    def extension(self, late: Extension) -> NDArray[np.uint32]:
        """Return the keys that an extension sends and gets, its cells, and how it delays."""
        of = late.slice
        assert None not in (late.key, of.key, of.mask)
        delays = of.size, late.stages, late.steps, _DROP_LATE_SPIKES
        colours = self._artifact.machine.colour_bits
        return np.array([_HAS_KEY, late.key, of.key, of.mask, *delays, colours], np.uint32)


def heard_by(artifact: SpiNNakerArtifact) -> dict[str, list[Sender]]:
    """Return the slices and extensions whose packets each core gets."""
    senders = {one.name: one for one in artifact.senders}
    at = {core.place: core.name for core in artifact.cores}
    heard: dict[str, list[Sender]] = defaultdict(list)
    for tree in artifact.trees:
        for place in tree.cores:
            heard[at[place]] += [senders[name] for name in tree.slices]
    return heard


def _figures(
    artifact: SpiNNakerArtifact,
    losses: Mapping[str, Losses],
    rows: Mapping[str, int],
    tables: Mapping[str, int],
) -> dict[str, object]:
    """Return what the summary says of the data."""
    heard = heard_by(artifact)
    synapses = sum(one.synapses for one in losses.values())
    written, listed = sum(rows.values()), sum(tables.values())
    dtcm, sdram = {}, defaultdict(int)
    for core in artifact.cores:
        planned = HEADER_BYTES + ENTRY_BYTES * len(heard[core.name]) if core.index else 0
        table = tables.get(core.name, 0)
        dtcm[core.name] = core.dtcm - planned + table
        sdram[core.place[:2]] += rows.get(core.name, 0) + table
    return {
        "synapses": synapses,
        "matrix_bytes": written,
        "table_bytes": listed,
        "bytes_per_synapse": written / synapses if synapses else None,
        "bytes_per_synapse_with_tables": (written + listed) / synapses if synapses else None,
        "sdram_synapses_max_per_chip": max(sdram.values()),
        "synapse_bytes_per_core": {name: rows[name] + tables[name] for name in rows},
        "dtcm_per_core": dtcm,
        "dtcm_max_per_core": max(dtcm.values()),
        "weight_errors": {name: one.relative_error for name, one in losses.items()},
    }


def _warn(losses: Mapping[str, Losses]) -> None:
    """Say what is not stored as it is."""
    for name, one in losses.items():
        for number, what in (
            (one.saturated, f"weights are above what 16 bits hold, and stored as {LARGEST_WORD}"),
            (one.reversed, "weights have the other sign than their receptor, and are stored as 0"),
            (one.shortened, "delays are beyond the ring buffers, and stored as the longest"),
        ):
            if number:
                warnings.warn(f"'{name}': {number} of {one.synapses} {what}", stacklevel=3)


def _warn_of_rules(rules: Mapping[str, Plasticity]) -> None:
    """Say where synapses change by other amounts than the network has them change."""
    for population, rule in rules.items():
        if rule.error > COARSE:
            warnings.warn(
                f"plastic synapses onto '{population}' change by multiples of 2^-15 on SpiNNaker, "
                f"a relative error of {rule.error:.2g}: {rule}; larger weights, with inputs that "
                "count for less, leave less",
                stacklevel=3,
            )
