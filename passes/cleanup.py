"""Removal of pure operations whose result nobody uses."""

from __future__ import annotations

from xdsl.ir import Block

from snnc.ir.dialects.expressions import Expression


def remove_unused(block: Block) -> bool:
    """Remove unused expressions from `block`, last first; tell whether there were any."""
    removed = False
    for op in reversed(list(block.ops)):
        if isinstance(op, Expression) and not op.results[0].uses:
            op.detach()
            op.erase()
            removed = True
    return removed
