"""How accurate the solvers of a network's cells are."""

from __future__ import annotations

from snnc.ir.dialects import step
from snnc.ir.text import Document
from snnc.passes.pipelines import parse_passes, run_passes


def solver_orders(document: Document) -> dict[str, int | None]:
    """Return the lowest order of the error in dt of each cell model; None if it is solved exactly.

    Parameters
    ----------
    document : Document
        A network with its models as equations; it is not changed.
    """
    copy = Document(document.module.clone(), document.resources)
    run_passes(copy, parse_passes("snnc-canonicalise,solve"))
    orders: dict[str, int | None] = {}
    for cell in copy.module.body.block.ops:
        if isinstance(cell, step.CellOp):
            solved = [op.order for op in cell.body.block.ops if isinstance(op, step.SolvedOp)]
            orders[cell.label] = min((n for n in solved if n is not None), default=None)
    return orders
