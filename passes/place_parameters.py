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
    """Mark the parameters that have one value per cell.

    Parameters
    ----------
    all_cells : bool
        Mark all parameters of cells that receive input, whatever values are given: then any of
        them can be set cell by cell later.
    """

    name = "place-parameters"

    all_cells: bool = False

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        """Set the `arrays` of every ``step.cell``."""
        arrays = _heterogeneous(op)
        for cell in op.body.block.ops:
            if isinstance(cell, step.CellOp):
                found = arrays.get(cell.label, set())
                every = self.all_cells and _receives(cell)
                order = [
                    o.label
                    for o in cell.body.block.ops
                    if isinstance(o, dyn.ParamOp)
                    and (every or o.label in found)
                    and o.sequence is None
                ]
                if order:
                    cell.properties["arrays"] = ArrayAttr([StringAttr(n) for n in order])
                else:
                    cell.properties.pop("arrays", None)


def _receives(cell: step.CellOp) -> bool:
    """Tell whether anything acts on a cell."""
    return any(isinstance(op, dyn.ReceptorOp | dyn.CurrentOp) for op in cell.body.block.ops)


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
