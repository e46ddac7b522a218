"""Cores that are placed together, and the packets between them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import ceil

import numpy as np

from snnc.ir.dialects import map as mapping
from snnc.passes.spinnaker.connections import reaches_of
from snnc.passes.spinnaker.reading import Mapping

MOST_UNITS = 128
"""About how many units a network is placed as; the time of the search grows with it."""


@dataclass(frozen=True)
class Units:
    """Cores in groups, with what they need and send.

    Attributes
    ----------
    cores : list of list of str
        Symbols of the cores of each unit.
    sizes, sdram : ndarray of int, shape (units,)
        Cores, and bytes on their chip.
    sources : ndarray of int, shape (bundles,)
        The unit that a bundle of packets comes from.
    targets : ndarray of bool, shape (bundles, units)
        The units that it must reach.
    packets : ndarray of float, shape (bundles,)
        Packets in a second.
    """

    cores: list[list[str]]
    sizes: np.ndarray
    sdram: np.ndarray
    sources: np.ndarray
    targets: np.ndarray
    packets: np.ndarray

    @cached_property
    def affinity(self) -> np.ndarray:
        """Packets in a second that two units share, shape (units, units).

        Two units on one chip save a link for each packet between them, and for each that reaches
        both.
        """
        reached = self.targets.astype(float)
        sent = np.zeros((len(self.cores), len(self.cores)))
        np.add.at(sent, self.sources, self.packets[:, None] * reached)
        shared = reached.T @ (self.packets[:, None] * reached)
        result = shared + sent + sent.T
        np.fill_diagonal(result, 0.0)
        return result


def units_of(found: Mapping, most: int) -> Units:
    """Return the cores of a mapping in units of at most `most`.

    Cores of populations that are connected cell by cell are in the order of their cells, those of
    both populations mixed, so that a unit has sources beside what they drive.
    """
    most = max(1, min(most, ceil(len(found.cores) / MOST_UNITS)))
    groups = _groups(found)
    cores = [line[k : k + most] for line in groups for k in range(0, len(line), most)]
    unit = {core: number for number, unit in enumerate(cores) for core in unit}
    needs = {op.symbol: op.sdram.value.data for op in found.cores}
    bundles: dict[tuple[int, frozenset[int]], float] = defaultdict(float)
    reached: dict[frozenset[str], frozenset[int]] = {}
    targets = found.targets()
    for one in found.senders:
        aims = targets[one.symbol]
        if aims not in reached:
            reached[aims] = frozenset(unit[core] for core in aims)
        if aims:
            bundles[unit[one.core], reached[aims]] += one.size * one.rate
    matrix = np.zeros((len(bundles), len(cores)), bool)
    for row, (_, aims) in zip(matrix, bundles, strict=True):
        row[list(aims)] = True
    return Units(
        cores,
        np.array([len(line) for line in cores]),
        np.array([sum(needs[core] for core in line) for line in cores]),
        np.array([source for source, _ in bundles], np.int64),
        matrix,
        np.array(list(bundles.values())),
    )


def _groups(found: Mapping) -> list[list[str]]:
    """Return cores in lines: one for the populations that are connected cell by cell."""
    root = {one.population: one.population for one in found.slices}
    for reach in reaches_of(found.network):
        if reach.aligned:
            old, new = root[reach.pre.population], root[reach.post.population]
            root = {name: new if top == old else top for name, top in root.items()}
    first: dict[str, mapping.SliceOp] = {}
    for one in found.slices:
        first.setdefault(one.core, one)
    named = {one.symbol: one for one in found.slices}
    first.update({late.core: named[late.slice] for late in found.extensions})
    ends = {one.population: one.last for one in found.slices}
    lines: dict[str, list[tuple[float, str]]] = defaultdict(list)
    for core, one in first.items():
        middle = (one.first + one.last) / 2 / ends[one.population]
        lines[root[one.population]].append((middle, core))
    return [_in_order(line) for line in lines.values()]


def _in_order(line: Sequence[tuple[float, str]]) -> list[str]:
    return [core for _, core in sorted(line, key=lambda one: one[0])]
