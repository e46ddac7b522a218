"""`place-parameters`: which parameters are one value per population, and which one per cell.

Values are never compiled in. A parameter that every population of a model gives as one number
is a scalar argument of the kernel; one that some population gives per cell is an array.
"""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import ArrayAttr, FloatAttr, ModuleOp, StringAttr
from xdsl.passes import ModulePass

from snnc.ir.dialects import dyn, snn, step


@dataclass(frozen=True)
class PlaceParametersPass(ModulePass):
    """Mark the parameters that have one value per cell."""

    name = "place-parameters"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        """Set the `arrays` of every ``step.cell``."""
        arrays = _heterogeneous(op)
        for cell in op.body.block.ops:
            if isinstance(cell, step.CellOp):
                found = arrays.get(cell.label, set())
                order = [
                    o.label
                    for o in cell.body.block.ops
                    if isinstance(o, dyn.ParamOp) and o.label in found and o.sequence is None
                ]
                if order:
                    cell.properties["arrays"] = ArrayAttr([StringAttr(n) for n in order])
                else:
                    cell.properties.pop("arrays", None)


def _heterogeneous(module: ModuleOp) -> dict[str, set[str]]:
    """Return, for each model, the parameters given otherwise than as a number."""
    arrays: dict[str, set[str]] = {}
    for op in module.walk():
        if isinstance(op, snn.PopulationOp):
            names = arrays.setdefault(op.model, set())
            for name, value in op.parameters.data.items():
                if not isinstance(value, FloatAttr):
                    names.add(name)
    return arrays
