"""Where cells go on a wafer: circuits of HICANNs, output mergers and addresses.

Every neuron gets the same number of circuits, in equal parts of both blocks. Neurons of a HICANN
are merged onto as few outputs as their addresses allow, since every output is another line that
has to get a synapse driver wherever it is heard. What sends from outside enters at the HICANN where
most of its synapses are, over outputs that neurons leave free.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from snnc.hardware.wafer import MERGED_OUTPUTS, Chip, Wafer
from snnc.ir.diagnostics import ResourceLimitError
from snnc.passes.wafer.connections import Connections

Integers = NDArray[np.int64]

SIZES = (2, 4, 8, 16, 32, 64)
"""How many circuits can be joined to a neuron."""
_USUAL, _MOST_USEFUL = 4, 8
"""As marocco joins them by default, and where an output still has as many neurons as addresses."""
NOWHERE = -1


@dataclass(frozen=True, eq=False)
class Placement:
    """Where the cells of a network are.

    Attributes
    ----------
    size : int
        Circuits of a neuron.
    chip : ndarray of int64, shape (cells,)
        The HICANN of a neuron, or where a source enters.
    column : ndarray of int64, shape (cells,)
        The first column of a neuron's circuits; -1 of sources.
    output, address : ndarray of int64, shape (cells,)
        The output merger that a cell sends over, and its address there; -1 of cells without
        synapses, and of those that found no free address.
    """

    size: int
    chip: Integers
    column: Integers
    output: Integers
    address: Integers


def size_for(wafer: Wafer, connections: Connections) -> int:
    """Return how many circuits to join: as the in-degree needs, and more where there is room.

    Raises
    ------
    ResourceLimitError
        If the wafer has too few circuits for the neurons.
    """
    neurons = int(connections.neuron.sum())
    degree = int(connections.in_degrees().max(initial=0))
    fitting = [size for size in SIZES if _chips_for(wafer, neurons, size) <= len(wafer.chips)]
    if not fitting:
        most = len(wafer.chips) * wafer.circuits // SIZES[0]
        raise ResourceLimitError(
            f"{neurons} neurons are too many for {wafer.label}; expected at most {most}"
        )
    needed = [size for size in fitting if size * wafer.rows >= degree]
    least = min(needed, default=fitting[-1])
    return max(least, min(_MOST_USEFUL, fitting[-1]) if degree > 1 else min(_USUAL, fitting[-1]))


def _chips_for(wafer: Wafer, neurons: int, size: int) -> int:
    return -(-neurons // _neurons_of(wafer, size))


def _neurons_of(wafer: Wafer, size: int) -> int:
    """Return how many neurons of a size a HICANN holds so that all of them have addresses."""
    circuits = wafer.circuits // size
    outputs = min(n for n in MERGED_OUTPUTS if n * len(wafer.addresses) * 2 > circuits)
    return outputs * min(circuits // outputs, len(wafer.addresses))


def place(wafer: Wafer, connections: Connections, size: int) -> Placement:
    """Return places of all cells, for neurons of `size` circuits.

    Neurons keep their order, those that inhibit others behind those that excite within a
    population; HICANNs are taken from the middle of the wafer outwards, line by line.

    Raises
    ------
    ResourceLimitError
        If the wafer has too few HICANNs.
    """
    empty = np.full(connections.cells, NOWHERE, np.int64)
    found = Placement(size, empty.copy(), empty.copy(), empty.copy(), empty.copy())
    chips = _place_neurons(wafer, connections, found)
    taken = _merge(wafer, connections, found, chips)
    _place_sources(wafer, connections, found, taken)
    return found


def _place_neurons(wafer: Wafer, connections: Connections, found: Placement) -> list[int]:
    neurons = np.flatnonzero(connections.neuron)
    each = _neurons_of(wafer, found.size)
    needed = -(-neurons.size // each)
    if needed > len(wafer.chips):
        raise ResourceLimitError(
            f"{neurons.size} neurons of {found.size} circuits need {needed} HICANNs; "
            f"{wafer.label} has {len(wafer.chips)}"
        )
    chips = _middle(wafer, needed)
    # Neurons are spread evenly, so that no HICANN has more synapses than need be.
    bounds = np.linspace(0, neurons.size, needed + 1).round().astype(np.int64)
    for number, first, last in zip(chips, bounds[:-1], bounds[1:], strict=True):
        own = neurons[first:last]
        found.chip[own] = number
        found.column[own] = _columns(wafer, found.size, own.size)
    return chips


def _columns(wafer: Wafer, size: int, count: int) -> Integers:
    """Return first columns of neurons, in equal shares of the runs that go to an output each."""
    runs = _runs(wafer, size)
    share = -(-count // runs)
    place = np.arange(count)
    return place // share * (wafer.columns // runs) + place % share * (size // wafer.blocks)


def _runs(wafer: Wafer, size: int) -> int:
    circuits = wafer.circuits // size
    return min(n for n in MERGED_OUTPUTS if n * len(wafer.addresses) * 2 > circuits)


def _middle(wafer: Wafer, count: int) -> list[int]:
    """Return the numbers of `count` HICANNs around the middle, column by column and back.

    A column with all its rows serves a horizontal line in each of them, and two neighbouring
    HICANNs of the way are neighbours on the wafer.
    """
    width, height = max(x for x, _ in wafer.chips) + 1, len(wafer.rows_of_chips)
    columns = sorted(range(width), key=lambda x: abs(2 * x - width + 1))
    full = next(
        n
        for n in range(1, width + 1)
        if sum(x in columns[:n] for x, _ in wafer.chips) >= count
    )  # fmt: skip
    chosen = [chip for chip in wafer.chips if chip[0] in columns[:full]]
    chosen.sort(key=lambda chip: (abs(2 * chip[1] - height + 1), chip[1]))
    kept = sorted(chosen[:count], key=lambda c: (c[0], c[1] if c[0] % 2 else -c[1]))
    return [wafer.number_of[chip] for chip in kept]


def _merge(
    wafer: Wafer, connections: Connections, found: Placement, chips: list[int]
) -> dict[int, set[int]]:
    """Give neurons outputs and addresses; return the outputs that each HICANN has taken."""
    runs = _runs(wafer, found.size)
    heard = (connections.out_degrees() > 0) & connections.neuron
    run = found.column // (wafer.columns // runs)
    order = np.lexsort((connections.inhibition() > 0.5, run, found.chip))
    order = order[heard[order]]
    key = found.chip[order] * runs + run[order]
    starts = np.flatnonzero(np.diff(key, prepend=-1))
    place = np.arange(order.size) - np.repeat(starts, np.diff(np.append(starts, order.size)))
    fits = place < len(wafer.addresses)
    kept = order[fits]
    found.output[kept] = np.array(MERGED_OUTPUTS[runs])[run[kept]]
    found.address[kept] = wafer.addresses[place[fits]]
    return {number: set(MERGED_OUTPUTS[runs]) for number in chips}


def _place_sources(
    wafer: Wafer, connections: Connections, found: Placement, taken: dict[int, set[int]]
) -> None:
    """Let sources enter where most of their synapses are, or as near to it as there is room."""
    room: dict[int, list[tuple[int, int]]] = {}
    favourites = _favourites(wafer, connections, found)
    order = np.argsort(favourites, kind="stable")
    inhibits = connections.inhibition() > 0.5
    for chip in np.unique(favourites[favourites != NOWHERE]):
        own = order[favourites[order] == chip]
        for cell in own[np.argsort(inhibits[own], kind="stable")]:
            slot = _free(wafer, int(chip), taken, room)
            if slot is None:
                return
            found.chip[cell], found.output[cell], place = slot
            found.address[cell] = wafer.addresses[place]


def _favourites(wafer: Wafer, connections: Connections, found: Placement) -> Integers:
    """Return the HICANN with most of the synapses of each source; -1 of other cells."""
    outside = ~connections.neuron[connections.pre]
    chips = len(wafer.chips)
    key = connections.pre[outside] * chips + found.chip[connections.post[outside]]
    pairs, counts = np.unique(key, return_counts=True)
    order = np.lexsort((-counts, pairs // chips))
    cells, first = np.unique(pairs[order] // chips, return_index=True)
    favourites = np.full(connections.cells, NOWHERE, np.int64)
    favourites[cells] = pairs[order][first] % chips
    return favourites


def _free(
    wafer: Wafer, chip: int, taken: dict[int, set[int]], room: dict[int, list[tuple[int, int]]]
) -> tuple[int, int, int] | None:
    """Return the HICANN, output and place of a free address near a HICANN, and take it."""
    here = wafer.chips[chip]
    for number in _by_distance(wafer, here, room.get(chip)):
        slots = room.setdefault(number, _slots(wafer, taken.get(number, set())))
        if slots:
            output, place = slots.pop()
            return number, output, place
    return None


def _slots(wafer: Wafer, taken: set[int]) -> list[tuple[int, int]]:
    free = [output for output in range(wafer.outputs) if output not in taken]
    return [(o, p) for o in reversed(free) for p in reversed(range(len(wafer.addresses)))]


def _by_distance(wafer: Wafer, here: Chip, slots: list[tuple[int, int]] | None) -> list[int]:
    if slots:
        return [wafer.number_of[here]]
    far = [abs(x - here[0]) + abs(y - here[1]) for x, y in wafer.chips]
    return [int(number) for number in np.argsort(far, kind="stable")]
