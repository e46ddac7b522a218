"""The match of a model that is the simulator's own: every name stands for itself."""

from __future__ import annotations

from collections.abc import Iterator

from xdsl.ir import Block, Operation, Region

from snnc.ir.dialects import dyn, native
from snnc.ir.dialects import expressions as ex
from snnc.ir.units import DIMENSIONLESS
from snnc.passes.solving.algebra import Algebra

_THEIRS = {"nA": "pA", "uS": "nS"}
"""NEST's units of currents and conductances, in which the weights of its receptors are."""


def given_match(model: native.CellOp | native.SynapseOp) -> native.MatchOp:
    """Return the operation that states what a native model is in its simulator."""
    ops = list(model.body.block.ops)
    ports = {op.receptor.data: op.port.data for op in ops if isinstance(op, native.PortOp)}
    kept = {op.sym_name.data for op in ops if isinstance(op, native.PostsynapticOp)}
    read = [dyn.ParamOp(op.label, op.unit.data) for op in ops if isinstance(op, dyn.ParamOp)]
    bindings = [new for op in ops for new in _bindings(op, ports, kept)]
    block = Block([*read, *bindings])
    return native.MatchOp(model.label, model.label, model.simulator.data, Region(block))


def _bindings(op: Operation, ports: dict[str, str], kept: set[str]) -> Iterator[Operation]:
    match op:
        case dyn.ParamOp():
            algebra = Algebra()
            algebra.block.add_op(dyn.YieldOp(algebra.get(op.label, op.type)))
            yield native.ParameterOp(
                op.label, op.unit.data, Region(algebra.block), op.label in kept
            )
        case dyn.StateOp():
            yield native.StateOp(op.label, op.label, op.unit.data, _one())
        case dyn.ReceptorOp():
            port, unit = ports.get(op.label, op.label), op.unit.data
            sign = -1.0 if port == "negative" and unit == "uS" else 1.0
            yield native.ReceptorOp(op.label, port, _THEIRS.get(unit, unit), _one(sign))
        case dyn.CurrentOp():
            yield native.CurrentOp(op.label, _THEIRS.get(op.unit.data, op.unit.data))


def _one(sign: float = 1.0) -> Region:
    algebra = Algebra()
    algebra.block.add_op(dyn.YieldOp(algebra.const(sign, ex.quantity(DIMENSIONLESS))))
    return Region(algebra.block)
