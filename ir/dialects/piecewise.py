"""Values of tables in model text: ``piecewise(VALUES, STARTS, x)``.

Both names are sequence parameters of the same length; the value is the one whose bin holds `x`.
STARTS are the beginnings of the bins, ascending; the first bin holds all that comes before it,
the last one all that follows.
"""

from __future__ import annotations

from collections.abc import Iterable

from xdsl.dialects.builtin import AnyFloat, StringAttr
from xdsl.ir import Attribute, Operation, SSAValue
from xdsl.irdl import irdl_op_definition, operand_def, prop_def, result_def

from snnc.ir.diagnostics import did_you_mean
from snnc.ir.dialects.expressions import Expression, describe
from snnc.ir.locations import refuse


@irdl_op_definition
class PiecewiseOp(Expression):
    """The value of a table at `x`."""

    name = "dyn.piecewise"
    values = prop_def(StringAttr)
    starts = prop_def(StringAttr)
    x = operand_def()
    result = result_def()

    def __init__(self, values: str, starts: str, x: SSAValue | Operation, type: Attribute) -> None:
        super().__init__(
            operands=[x],
            properties={"values": StringAttr(values), "starts": StringAttr(starts)},
            result_types=[type],
        )


def tables_of(model: Operation) -> list[tuple[str, str]]:
    """Return the pairs of parameters that the expressions of a model read as tables."""
    ops = (op for op in model.walk() if isinstance(op, PiecewiseOp))
    return list(dict.fromkeys((op.values.data, op.starts.data) for op in ops))


def check_tables(model: Operation, sequences: Iterable[tuple[str, Attribute]]) -> None:
    """Refuse tables of what is no sequence, or of other units."""
    known = dict(sequences)
    for op in model.walk():
        if not isinstance(op, PiecewiseOp):
            continue
        for name in (op.values.data, op.starts.data):
            if name not in known:
                refuse(op, f"'{name}' is not a sequence{did_you_mean(name, known)}")
        if isinstance(op.result.type, AnyFloat):
            continue
        if op.x.type != known[op.starts.data]:
            refuse(
                op,
                f"units do not fit in 'piecewise'; found {describe(op.x)}, expected "
                f"{known[op.starts.data]} as '{op.starts.data}'",
            )
        if op.result.type != known[op.values.data]:
            refuse(op, f"wrong result type of 'piecewise'; found {op.result.type}")
