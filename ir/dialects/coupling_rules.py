"""Verifier rules of couplings, equations and solved alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from xdsl.ir import Attribute, Operation

from snnc.ir.dialects import draws, dyn
from snnc.ir.dialects import expressions as ex
from snnc.ir.dialects.coupling import CURRENT, CoupleOp, ReadsOp
from snnc.ir.dialects.model_rules import check_reads
from snnc.ir.locations import refuse


def coupling_of(ops: Sequence[Operation]) -> CoupleOp | None:
    """Return the coupling of a synapse model, if it is one; refuse a second."""
    found = [op for op in ops if isinstance(op, CoupleOp)]
    if len(found) > 1:
        refuse(found[1], "'couple' stands twice")
    reads = [op for op in ops if isinstance(op, ReadsOp)]
    if reads and not found:
        refuse(reads[0], f"'{reads[0].label}' is read by nothing but a 'couple', which is missing")
    if found and not reads:
        refuse(found[0], "a coupling reads states of cells; 'reads' is missing")
    sided = [op for op in reads if len(op.sides) == 1]
    if sided and found[0].one_way is None:
        refuse(
            sided[0],
            f"'{sided[0].label}' is read on one side; expected 'couple into post', as the sides of "
            "another coupling can be exchanged",
        )
    return found[0] if found else None


def check_coupling(op: CoupleOp, ops: Sequence[Operation], names: Mapping[str, Attribute]) -> None:
    """Refuse a coupling that is no current, draws, or stands beside states and events."""
    for other in ops:
        if not isinstance(other, dyn.ParamOp | dyn.AliasOp | ReadsOp | CoupleOp):
            what = other.name.split(".")[-1]
            refuse(other, f"'{what}' has no place in a synapse that couples in every step")
    check_reads(op, names)
    if op.value.type != CURRENT:
        refuse(op, f"a coupling is a current; found {ex.describe(op.value)}, expected nA")
    for inner in op.walk():
        if isinstance(inner, draws.Draw):
            refuse(inner, "a coupling has no random draws")
