"""`hoist-constants`: what depends on parameters and dt alone leaves the update.

A division by such a value becomes a multiplication by its hoisted reciprocal.
"""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Attribute, Block, Operation, Region, SSAValue
from xdsl.passes import ModulePass

from snnc.ir.dialects import draws, dyn, step
from snnc.ir.dialects import expressions as ex
from snnc.ir.dialects.piecewise import PiecewiseOp
from snnc.passes.solving.algebra import number
from snnc.passes.solving.cleanup import tidy
from snnc.passes.solving.update import Builder


@dataclass(frozen=True)
class HoistConstantsPass(ModulePass):
    """Compute what depends on parameters and dt alone once for each set of parameters."""

    name = "hoist-constants"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        """Rewrite the update of every ``step.cell``."""
        for cell in op.body.block.ops:
            if isinstance(cell, step.CellOp) and cell.update is not None:
                _hoist(cell, cell.update)


def constant_names(cell: step.CellOp) -> dict[str, Attribute]:
    """Return the names that are constant during a run, with their types."""
    names: dict[str, Attribute] = {"dt": ex.TIME}
    for op in cell.body.block.ops:
        match op:
            case dyn.ParamOp() | step.DerivedOp():
                names[op.label] = op.type
            case step.PropagatorOp():
                names |= op.constants
    return names


class _Hoister:
    def __init__(self, cell: step.CellOp) -> None:
        self.constants = constant_names(cell)
        declared = {
            op.label: op.type
            for op in cell.body.block.ops
            if isinstance(op, dyn.StateOp | dyn.CurrentOp)
        }
        self.builder = Builder({**declared, **self.constants})
        self.algebra = self.builder.algebra
        self.mapped: dict[SSAValue, SSAValue] = {}
        self._constant: dict[SSAValue, bool] = {}

    def is_constant(self, value: SSAValue) -> bool:
        if value not in self._constant:
            self._constant[value] = self._decide(value)
        return self._constant[value]

    def _decide(self, value: SSAValue) -> bool:
        op = value.owner
        if isinstance(op, ex.GetOp):
            return op.variable.data in self.constants
        if not isinstance(op, ex.Expression) or not isinstance(value.type, ex.Quantity):
            return False
        if not op.operands or isinstance(op, draws.Draw | PiecewiseOp):
            return isinstance(op, ex.ConstOp)
        return all(self.is_constant(operand) for operand in op.operands)

    def rewrite(self, op: Operation) -> None:
        if isinstance(op, ex.Expression):
            if not self.is_constant(op.results[0]):
                self.mapped[op.results[0]] = self._expression(op)
            return
        operands = [self.value(operand) for operand in op.operands]
        copy = op.clone()
        for index, operand in enumerate(operands):
            copy.operands[index] = operand
        self.algebra.block.add_op(copy)

    def _expression(self, op: ex.Expression) -> SSAValue:
        if isinstance(op, ex.DivOp) and self.is_constant(op.rhs):
            result = self.algebra.mul(self.value(op.lhs), self._reciprocal(op.rhs))
        else:
            result = self.algebra.again(op, [self.value(operand) for operand in op.operands])
        result.name_hint = result.name_hint or op.results[0].name_hint
        return result

    def _reciprocal(self, value: SSAValue) -> SSAValue:
        return self.builder.derived(
            self._name(value, "inverse"),
            lambda a: a.div(a.const(1.0), a.rebuild(value)),
        )

    def value(self, value: SSAValue) -> SSAValue:
        if value not in self.mapped:
            self.mapped[value] = self._constant_value(value)
        return self.mapped[value]

    def _constant_value(self, value: SSAValue) -> SSAValue:
        if isinstance(value.owner, ex.GetOp) or number(value) is not None:
            return self.algebra.rebuild(value)
        return self.builder.derived(self._name(value, "c"), lambda a: a.rebuild(value))

    @staticmethod
    def _name(value: SSAValue, default: str) -> str:
        if isinstance(value.owner, ex.GetOp):
            return f"{default}_{value.owner.variable.data}"
        return f"{default}_{value.name_hint}" if value.name_hint else default


def _hoist(cell: step.CellOp, update: step.UpdateOp) -> None:
    hoister = _Hoister(cell)
    for op in update.body.block.ops:
        hoister.rewrite(op)
    tidy(hoister.algebra.block)
    cell.body.block.insert_ops_before(hoister.builder.constants, update)
    replace_body(update, hoister.algebra.block)


def replace_body(update: step.UpdateOp, block: Block) -> None:
    """Give `update` another body."""
    new = step.UpdateOp(Region(block))
    new.location = update.location
    parent = update.parent
    assert parent is not None
    parent.insert_op_before(new, update)
    update.detach()
    update.erase()
