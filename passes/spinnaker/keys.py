"""`allocate-keys`: the routing keys of slices; few masks tell apart what goes different ways.

The slices that share a tree get one block of keys, of a power of two and aligned to its size, and
in it a block each. The lowest bits stay free for colours, the next count the cells of a slice.
Larger blocks come first, so that none is lost to alignment; those of one size are in the order of
populations and chips.
"""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.passes import ModulePass

from snnc.ir.diagnostics import ResourceLimitError
from snnc.ir.dialects import map as mapping
from snnc.passes.spinnaker.reading import mapping_of


@dataclass(frozen=True)
class AllocateKeysPass(ModulePass):
    """Give slices their keys."""

    name = "allocate-keys"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        """Add a `map.key` for each slice whose packets are heard."""
        found = mapping_of(op)
        colours = found.machine.colour_bits.value.data
        bits = found.machine.key_bits.value.data
        slices = {one.symbol: one for one in found.slices}
        populations = {one.population: None for one in found.slices}
        order = {symbol: number for number, symbol in enumerate(populations)}

        def block(symbol: str) -> int:
            return _power(slices[symbol].size) << colours

        def place(tree: mapping.TreeOp) -> tuple[int, mapping.Place]:
            first = slices[tree.slices[0]]
            return order[first.population], found.places[first.core]

        sizes = [(_power(sum(map(block, tree.slices))), tree) for tree in found.trees]
        start = 0
        for size, tree in sorted(sizes, key=lambda one: (-one[0], place(one[1]))):
            if start + size > 1 << bits:
                raise ResourceLimitError(
                    f"the keys of the network need more than {bits} bits, {colours} of them free"
                )
            key = start
            for symbol in sorted(tree.slices, key=lambda symbol: -block(symbol)):
                mask = (1 << bits) - block(symbol)
                found.op.add([mapping.KeyOp(symbol, key, mask)])
                key += block(symbol)
            start += size


def _power(number: int) -> int:
    """Return the least power of two that is not below `number`."""
    return 1 << (number - 1).bit_length()
