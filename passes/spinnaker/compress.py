"""`compress-tables`: fewer routing entries for the same delivery.

Of the keys, only those that come through a chip matter to its table. Routes are taken in order,
those of few blocks first. The blocks of a route are joined, as long as they hold none of a route
that is still to come, and none that goes straight on without an entry; keys of routes before have
been matched already. So the first entry that matches a key that comes is one of its own route.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.passes import ModulePass

from snnc.passes.spinnaker.reading import mapping_of
from snnc.passes.spinnaker.routes import Block, Passage, Route, passages_of
from snnc.passes.spinnaker.tables import table


@dataclass(frozen=True)
class CompressTablesPass(ModulePass):
    """Join entries of routing tables."""

    name = "compress-tables"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        """Replace every `map.table` that can be shorter."""
        found = mapping_of(op)
        passages = passages_of(found)
        for old in found.tables:
            entries = compressed(passages[old.at])
            if len(entries) < len(old.entries):
                old.detach()
                found.op.add([table(old.at, entries)])
                old.erase()


def compressed(passages: Iterable[Passage]) -> list[tuple[Block, Route]]:
    """Return an ordered table that treats all packets that come through a chip as it should."""
    routes: dict[Route, list[Block]] = defaultdict(list)
    straight: list[Block] = []
    for one in passages:
        (straight if one.by_default else routes[one.route]).append(one.block)
    order = sorted(routes, key=lambda route: (len(routes[route]), routes[route][0].key))
    entries: list[tuple[Block, Route]] = []
    for place, route in enumerate(order):
        later = [block for other in order[place + 1 :] for block in routes[other]]
        entries += [(block, route) for block in _joined(routes[route], later + straight)]
    return entries


def _joined(blocks: Sequence[Block], others: Sequence[Block]) -> list[Block]:
    """Return fewer blocks that hold all of `blocks` and none of `others`."""
    keys = np.array([block.key for block in others], np.int64)
    masks = np.array([block.mask for block in others], np.int64)

    def meets_none(block: Block) -> bool:
        return not len(keys) or not np.any(((keys ^ block.key) & masks & block.mask) == 0)

    left, result = list(blocks), []
    while left:
        block = left.pop(0)
        for other in sorted(left, key=lambda one: -block.joined(one).mask):
            larger = block.joined(other)
            if meets_none(larger):
                block = larger
        result.append(block)
        left = [one for one in left if block.joined(one) != block]
    return result
