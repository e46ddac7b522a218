"""Verifier rules of ``dyn.response``: those of a cell that consists of the response alone."""

from __future__ import annotations

from snnc.ir.dialects import dyn
from snnc.ir.dialects.expressions import exponents_of, quantity_of
from snnc.ir.dialects.model_rules import check_places
from snnc.ir.dialects.response_text import POTENTIAL
from snnc.ir.locations import refuse

CURRENT = "current"
_PLACES = (dyn.ParamOp, dyn.StateOp, dyn.ReceptorOp, dyn.AliasOp, dyn.DerivOp, dyn.OnOp)


def check_model(response: dyn.ResponseOp) -> None:
    """Check the whole of a response; refuse the first rule that is broken."""
    ops = list(response.body.block.ops)
    check_places(ops, _PLACES, "a post-synaptic response")
    receptors = [op for op in ops if isinstance(op, dyn.ReceptorOp)]
    if len(receptors) != 1:
        refuse(response, f"a response has one receptor; found {len(receptors)}")
    current = [op for op in ops if isinstance(op, dyn.AliasOp) and op.label == CURRENT]
    if not current:
        refuse(response, f"'{response.label}' has no 'let {CURRENT} = ...', what it adds to a cell")
    if exponents_of(current[0].value) != quantity_of("nA").exponents:
        refuse(current[0], f"'{CURRENT}' must be a current")
    alone = dyn.CellOp(response.label, response.body.clone())
    first = alone.body.block.first_op
    assert first is not None
    alone.body.block.insert_op_before(dyn.StateOp(POTENTIAL, "mV", 0.0), first)
    alone.verify_()
