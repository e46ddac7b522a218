"""Cells that only a simulator has, as it takes them: every name stands for itself."""

from __future__ import annotations

from snnc.codegen.native.artifact import NativeCell, NativeReceptor, NativeState
from snnc.ir.dialects import dyn, native

_AS_GIVEN = "def constants(p, dt):\n    return dict(p)\n"


def own_cell(op: native.CellOp) -> NativeCell:
    """Return the simulator's cell of that name, whose numbers are in the units it declares."""
    ops = list(op.body.block.ops)
    scaled = {o.label: 1.0 / o.scale for o in ops if isinstance(o, dyn.StateOp)}
    ports = {o.receptor.data: o.port.data for o in ops if isinstance(o, native.PortOp)}
    receptors = [o.label for o in ops if isinstance(o, dyn.ReceptorOp)]
    return NativeCell(
        model=op.label,
        constants=_AS_GIVEN,
        states={name: NativeState(name, scale) for name, scale in scaled.items()},
        receptors={name: NativeReceptor(ports.get(name, name)) for name in receptors},
        current=1.0 if any(isinstance(o, dyn.CurrentOp) for o in ops) else 0.0,
    )
