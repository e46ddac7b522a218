"""`erase-units`: after solving, quantities become floats of one precision."""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp, StringAttr
from xdsl.passes import ModulePass
from xdsl.rewriter import Rewriter

from snnc.ir.diagnostics import OptionError
from snnc.ir.dialects import step
from snnc.ir.dialects.expressions import Quantity
from snnc.ir.dialects.step_text import FLOATS


@dataclass(frozen=True)
class EraseUnitsPass(ModulePass):
    """Turn quantities into floats; units are coherent, so no factor appears."""

    name = "erase-units"

    precision: str = "f64"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        """Erase the units of every ``step.cell``."""
        if self.precision not in FLOATS:
            raise OptionError(
                f"unknown precision '{self.precision}'; expected one of {', '.join(FLOATS)}"
            )
        for cell in op.body.block.ops:
            if isinstance(cell, step.CellOp):
                _erase(cell, self.precision)


def _erase(cell: step.CellOp, precision: str) -> None:
    for inner in cell.walk():
        for result in inner.results:
            if isinstance(result.type, Quantity):
                Rewriter.replace_value_with_new_type(result, FLOATS[precision])
    cell.properties["precision"] = StringAttr(precision)
