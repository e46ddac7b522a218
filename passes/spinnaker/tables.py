"""`make-tables`: a routing entry for each tree on each of its chips.

Where packets only go straight on the router needs none.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Block as Body
from xdsl.ir import Region
from xdsl.passes import ModulePass

from snnc.hardware.spinnaker import Chip
from snnc.ir.dialects import map as mapping
from snnc.passes.spinnaker.reading import mapping_of
from snnc.passes.spinnaker.routes import Block, Route, passages_of


@dataclass(frozen=True)
class MakeTablesPass(ModulePass):
    """Write the routing tables that trees and keys make.

    Attributes
    ----------
    explicit : bool
        Whether packets that only go straight on get entries, too.
    """

    name = "make-tables"

    explicit: bool = False

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        """Add a `map.table` for each chip that needs one."""
        found = mapping_of(op)
        for chip, passages in sorted(passages_of(found).items()):
            entries = [
                (one.block, one.route) for one in passages if self.explicit or not one.by_default
            ]
            if entries:
                found.op.add([table(chip, sorted(entries, key=lambda entry: entry[0].key))])


def table(chip: Chip, entries: Iterable[tuple[Block, Route]]) -> mapping.TableOp:
    """Return the table of a chip, with the entries in their order."""
    ops = [
        mapping.EntryOp(block.key, block.mask, route.links, route.cores) for block, route in entries
    ]
    return mapping.TableOp(chip, Region(Body(ops)))
