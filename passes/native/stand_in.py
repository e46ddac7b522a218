"""`stand-in`: models without equations in the place of those that only a simulator has.

What they declare is the same, so parameters, initial values and connections of the network can be
made as for any other; run, its cells would stay as they are.
"""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Block, Operation, Region
from xdsl.passes import ModulePass

from snnc.ir.dialects import dyn, native, syn
from snnc.ir.dialects import expressions as ex


@dataclass(frozen=True)
class StandInPass(ModulePass):
    """Turn ``native.cell`` and ``native.synapse`` into ``dyn.cell`` and ``syn.model``."""

    name = "stand-in"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        """Rewrite the native models of the module."""
        block = op.body.block
        for model in list(block.ops):
            match model:
                case native.CellOp():
                    other: Operation = dyn.CellOp(model.label, Region(Block(_declared(model))))
                case native.SynapseOp():
                    body = [*_declared(model), _delivery()]
                    other = syn.ModelOp(model.label, Region(Block(body)))
                case _:
                    continue
            block.insert_op_before(other, model)
            block.erase_op(model)


def _declared(model: native.CellOp | native.SynapseOp) -> list[Operation]:
    ops = model.body.block.ops
    return [op.clone() for op in ops if isinstance(op, dyn.Declaration)]


def _delivery() -> syn.EventOp:
    """Return an event that delivers the weight, and makes it one that can change."""
    weight = ex.GetOp("weight", syn.WEIGHT)
    ops = [weight, syn.DeliverOp(weight.result), dyn.SetOp("weight", weight.result)]
    return syn.EventOp("pre", Region(Block(ops)))
