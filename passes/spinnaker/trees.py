"""`grow-trees`: the links that packets take from their chip to all cores that they must reach.

A tree grows by the shortest way to the chip that is nearest to it, until it has them all (Takahashi
& Matsuyama 1980, Mathematica Japonica 24: 573); among ways of one length, by one that goes straight
on, since chips on it need no routing entry.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.passes import ModulePass

from snnc.hardware.spinnaker import Chip
from snnc.ir.diagnostics import ResourceLimitError
from snnc.ir.dialects import map as mapping
from snnc.passes.spinnaker.reading import mapping_of

Neighbours = Mapping[Chip, Mapping[int, Chip]]


@dataclass(frozen=True)
class GrowTreesPass(ModulePass):
    """Find the links that packets take."""

    name = "grow-trees"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        """Add a `map.tree` for the slices of each chip that reach the same cores."""
        found = mapping_of(op)
        bundles: dict[tuple[Chip, frozenset[str]], list[str]] = defaultdict(list)
        targets = found.targets()
        for one in found.senders:
            if targets[one.symbol]:
                chip = found.places[one.core][:2]
                bundles[chip, targets[one.symbol]].append(one.symbol)
        grown: dict[tuple[Chip, frozenset[Chip]], list[mapping.Place]] = {}
        trees = []
        for (source, aims), slices in bundles.items():
            cores = sorted(found.places[core] for core in aims)
            chips = frozenset(core[:2] for core in cores)
            if (source, chips) not in grown:
                grown[source, chips] = grow(source, chips, found.neighbours)
            trees.append(mapping.TreeOp(slices, grown[source, chips], cores))
        found.op.add(trees)


def grow(source: Chip, aims: Iterable[Chip], neighbours: Neighbours) -> list[mapping.Place]:
    """Return the links of a tree, each as the chip and the number of the link there.

    Parameters
    ----------
    source : Chip
        The root.
    aims : iterable of Chip
        Chips that it must reach.
    neighbours : mapping
        Of each chip, the chips at the other ends of its links.

    Raises
    ------
    ResourceLimitError
        If the machine's links do not reach a chip.
    """
    arrivals: dict[Chip, int | None] = {source: None}
    missing = set(aims) - {source}
    links: list[mapping.Place] = []
    while missing:
        way = _shortest_way(arrivals, missing, neighbours)
        if way is None:
            raise ResourceLimitError(f"no link leads from chip {source} to chip {min(missing)}")
        for (x, y), link in way:
            chip = neighbours[x, y][link]
            links.append((x, y, link))
            arrivals[chip] = link
            missing.discard(chip)
    return links


def _shortest_way(
    arrivals: Mapping[Chip, int | None], missing: set[Chip], neighbours: Neighbours
) -> list[tuple[Chip, int]] | None:
    """Return the links from a tree to the nearest of the missing chips."""
    before: dict[Chip, tuple[Chip, int]] = {}
    travelled = dict(arrivals)
    todo = deque(arrivals)
    while todo:
        chip = todo.popleft()
        if chip in missing:
            return _way_back(chip, before)
        straight = travelled[chip]
        links = neighbours[chip]
        for link in sorted(links, key=lambda link: link != straight):
            end = links[link]
            if end not in travelled:
                before[end] = (chip, link)
                travelled[end] = link
                todo.append(end)
    return None


def _way_back(chip: Chip, before: Mapping[Chip, tuple[Chip, int]]) -> list[tuple[Chip, int]]:
    way = []
    while chip in before:
        way.append(before[chip])
        chip = before[chip][0]
    return way[::-1]
