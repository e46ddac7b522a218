"""What each chip does with the packets of each tree."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from snnc.hardware.spinnaker import Chip
from snnc.ir.dialects import map as mapping
from snnc.passes.spinnaker.reading import Mapping


@dataclass(frozen=True)
class Route:
    """Links that packets leave a chip by, and its cores that get them."""

    links: frozenset[int]
    cores: frozenset[int]


@dataclass(frozen=True)
class Block:
    """Keys that equal `key` where `mask` has ones."""

    key: int
    mask: int

    def joined(self, other: Block) -> Block:
        """Return the smallest block that holds both."""
        mask = self.mask & other.mask & ~(self.key ^ other.key)
        return Block(self.key & mask, mask)


@dataclass(frozen=True)
class Passage:
    """Packets of a tree on a chip; `by_default` if the router does without an entry."""

    block: Block
    route: Route
    by_default: bool


def ways_of(found: Mapping, tree: mapping.TreeOp) -> dict[Chip, tuple[Route, bool]]:
    """Return the route of a tree's packets on each chip, and whether it needs no entry there."""
    links: dict[Chip, set[int]] = defaultdict(set)
    cores: dict[Chip, set[int]] = defaultdict(set)
    arrivals: dict[Chip, int] = {}
    for x, y, link in tree.links:
        links[x, y].add(link)
        arrivals[found.neighbours[x, y][link]] = link
    for x, y, p in tree.cores:
        cores[x, y].add(p)
    ways: dict[Chip, tuple[Route, bool]] = {}
    for chip in sorted({found.home(tree), *arrivals}):
        route = Route(frozenset(links[chip]), frozenset(cores[chip]))
        ways[chip] = route, not route.cores and route.links == {arrivals.get(chip)}
    return ways


def passages_of(found: Mapping) -> dict[Chip, list[Passage]]:
    """Return the packets that come through each chip."""
    result: dict[Chip, list[Passage]] = defaultdict(list)
    for tree in found.trees:
        block = _block([found.keys[symbol] for symbol in tree.slices])
        for chip, (route, by_default) in ways_of(found, tree).items():
            result[chip].append(Passage(block, route, by_default))
    return result


def _block(keys: list[mapping.KeyOp]) -> Block:
    """Return the smallest block that holds the keys of all slices of a tree."""
    result = Block(keys[0].key, keys[0].mask)
    for key in keys[1:]:
        result = result.joined(Block(key.key, key.mask))
    return result
