"""`allocate-keys`: the routing keys of slices; few masks tell apart what goes different ways.

The slices that share a tree get one block of keys, of a power of two and aligned to its size, and
in it a block each. The lowest bits stay free for colours, the next count the cells of a slice.
Blocks of one size are paired, those first whose packets take the same routes on the most chips, and
the pairs again, so that a shorter mask often serves both.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.passes import ModulePass

from snnc.hardware.spinnaker import Chip
from snnc.ir.diagnostics import ResourceLimitError
from snnc.ir.dialects import map as mapping
from snnc.passes.spinnaker.reading import Mapping, mapping_of
from snnc.passes.spinnaker.routes import Route, ways_of


@dataclass(frozen=True)
class Keys:
    """Trees with keys that follow each other; `offsets` are those of their blocks.

    `routes` are those that all of them take, with the chips.
    """

    offsets: dict[mapping.TreeOp, int]
    routes: frozenset[tuple[Chip, Route]]

    def beside(self, other: Keys, size: int) -> Keys:
        """Return these with others after them, each of `size` keys."""
        moved = {tree: size + offset for tree, offset in other.offsets.items()}
        return Keys({**self.offsets, **moved}, self.routes & other.routes)


@dataclass(frozen=True)
class AllocateKeysPass(ModulePass):
    """Give slices their keys."""

    name = "allocate-keys"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        """Add a `map.key` for each slice whose packets are heard.

        Raises
        ------
        ResourceLimitError
            If there are not as many keys.
        """
        found = mapping_of(op)
        colours = found.machine.colour_bits.value.data
        bits = found.machine.key_bits.value.data
        blocks = {one.symbol: _power(one.size) << colours for one in found.senders}
        for tree, offset in _allocated(found, blocks).items():
            key = offset
            for symbol in sorted(tree.slices, key=lambda symbol: -blocks[symbol]):
                if key + blocks[symbol] > 1 << bits:
                    raise ResourceLimitError(
                        f"the keys of the network need more than {bits} bits, {colours} of them "
                        "free for colours"
                    )
                mask = (1 << bits) - blocks[symbol]
                found.op.add([mapping.KeyOp(symbol, key, mask)])
                key += blocks[symbol]


def _allocated(found: Mapping, blocks: dict[str, int]) -> dict[mapping.TreeOp, int]:
    """Return the first key of each tree."""
    waiting: dict[int, list[Keys]] = defaultdict(list)
    for tree in found.trees:
        size = _power(sum(blocks[symbol] for symbol in tree.slices))
        ways = ways_of(found, tree).items()
        routes = frozenset((chip, route) for chip, (route, by_default) in ways if not by_default)
        waiting[size].append(Keys({tree: 0}, routes))
    size = min(waiting, default=1)
    while len(waiting[size]) > 1 or max(waiting, default=0) > size:
        waiting[2 * size] += [
            pair[0].beside(pair[1], size) if len(pair) == 2 else pair[0]
            for pair in _paired(waiting.pop(size))
        ]
        size *= 2
    return waiting[size][0].offsets if waiting[size] else {}


def _paired(keys: list[Keys]) -> Iterator[tuple[Keys, ...]]:
    """Yield pairs, those first that share the most routes; one alone if their number is odd."""
    shared = [
        (-len(keys[a].routes & keys[b].routes), a, b) for a, b in combinations(range(len(keys)), 2)
    ]
    left = set(range(len(keys)))
    for _, a, b in sorted(shared):
        if a in left and b in left:
            left -= {a, b}
            yield keys[a], keys[b]
    yield from ((keys[one],) for one in left)


def _power(number: int) -> int:
    """Return the least power of two that is not below `number`."""
    return 1 << (number - 1).bit_length()
