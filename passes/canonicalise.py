"""`canonicalise`: fold constants, share equal expressions, drop unused ones."""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Block, Operation, Region, SSAValue
from xdsl.passes import ModulePass

from snnc.ir.dialects.expressions import Expression
from snnc.passes.solving.algebra import Algebra
from snnc.passes.solving.cleanup import tidy


@dataclass(frozen=True)
class CanonicalisePass(ModulePass):
    """Fold constants, share equal expressions of a region, drop unused ones."""

    name = "snnc-canonicalise"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        """Rewrite every region that holds expressions."""
        for inner in list(op.walk()):
            for region in inner.regions:
                if _holds_expressions(region):
                    _rewrite(region)


def _holds_expressions(region: Region) -> bool:
    return any(isinstance(op, Expression) for block in region.blocks for op in block.ops)


def _rewrite(region: Region) -> None:
    old = region.block
    new = Block(arg_types=[argument.type for argument in old.args])
    mapped: dict[SSAValue, SSAValue] = {}
    for before, after in zip(old.args, new.args, strict=True):
        after.name_hint = before.name_hint
        mapped[before] = after
    algebra = Algebra(new)
    for op in list(old.ops):
        _copy(op, algebra, mapped)
    tidy(new)
    region.detach_block(old)
    old.erase(safe_erase=False)
    region.add_block(new)


def _copy(op: Operation, algebra: Algebra, mapped: dict[SSAValue, SSAValue]) -> None:
    operands = [mapped[operand] for operand in op.operands]
    if isinstance(op, Expression):
        value = algebra.again(op, operands)
        value.name_hint = value.name_hint or op.results[0].name_hint
        if isinstance(value.owner, Operation):
            value.owner.location = op.location
        mapped[op.results[0]] = value
        return
    copy = op.clone()
    for index, operand in enumerate(operands):
        copy.operands[index] = operand
    algebra.block.add_op(copy)
