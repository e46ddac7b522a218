"""Tidying of a block of expressions after it has been rewritten."""

from __future__ import annotations

from xdsl.ir import Block, Operation

from snnc.ir.dialects.expressions import Expression
from snnc.ir.dialects.infix import ExpressionPrinter


def tidy(block: Block) -> None:
    """Remove unused expressions and bring the others into the order of their text.

    Passes name what they make by the order in which they meet it, so a module that was printed and
    parsed between two passes must have its operations in the same order as one that was not.
    """
    remove_unused(block)
    order: list[Operation] = []
    placed: set[Operation] = set()
    for op in block.ops:
        if not isinstance(op, Expression) or ExpressionPrinter.needs_name(op):
            _place(op, block, placed, order)
    for op in list(block.ops):
        op.detach()
    block.add_ops(order)
    for op in order:
        if isinstance(op, Expression) and ExpressionPrinter.needs_name(op):
            op.results[0].name_hint = op.results[0].name_hint or "x"


def _place(op: Operation, block: Block, placed: set[Operation], order: list[Operation]) -> None:
    """Put `op` after what it uses."""
    if op in placed:
        return
    placed.add(op)
    for operand in op.operands:
        if isinstance(operand.owner, Operation) and operand.owner.parent is block:
            _place(operand.owner, block, placed, order)
    order.append(op)


def remove_unused(block: Block) -> bool:
    """Remove unused expressions from `block`, last first; tell whether there were any."""
    removed = False
    for op in reversed(list(block.ops)):
        if isinstance(op, Expression) and not op.results[0].uses:
            op.detach()
            op.erase()
            removed = True
    return removed
