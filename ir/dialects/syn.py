"""The `syn` dialect: synapse models as event-driven equations.

Each state lives on an axis: ``pre`` (one value for each presynaptic cell of the projection),
``post`` or ``edge``. ``weight`` is always there, per edge, in the unit of the receptor; a model
that assigns it is plastic. ``on pre`` is a presynaptic spike arriving at the synapse, ``on post``
a postsynaptic spike arriving there after the dendritic part of the delay; a coincidence of the
two is seen by neither. `solve` turns the derivatives into closed forms of the time between events.
A model that couples in every step has `couple` instead; see `snnc.ir.dialects.coupling`.
"""

from __future__ import annotations

from typing import ClassVar

from xdsl.dialects.builtin import StringAttr
from xdsl.ir import Dialect, Operation, Region, SSAValue
from xdsl.irdl import (
    IRDLOperation,
    irdl_op_definition,
    operand_def,
    prop_def,
    region_def,
    traits_def,
)
from xdsl.traits import NoTerminator

from snnc.ir.dialects.coupling import CoupleOp, ReadsOp
from snnc.ir.dialects.dyn_parts import Declaration
from snnc.ir.dialects.expressions import quantity_of
from snnc.ir.dialects.model_op import Model

AXES = ("pre", "post", "edge")
WEIGHT = quantity_of("weight")


@irdl_op_definition
class DeliverOp(IRDLOperation):
    """Sends a weight to the receptor, to arrive after the delay of the edge."""

    name = "syn.deliver"
    value = operand_def()

    def __init__(self, value: SSAValue | Operation) -> None:
        super().__init__(operands=[value])


@irdl_op_definition
class DecayOp(Declaration):
    """A readable name for the time constant of the receptor's response."""

    name = "syn.decay"

    def __init__(self, label: str) -> None:
        super().__init__(properties={"sym_name": StringAttr(label), "unit": StringAttr("ms")})


@irdl_op_definition
class EventOp(IRDLOperation):
    """What a spike of the given side does when it reaches the synapse."""

    name = "syn.on"
    side = prop_def(StringAttr)
    body = region_def("single_block")
    traits = traits_def(NoTerminator())

    def __init__(self, side: str, body: Region) -> None:
        super().__init__(properties={"side": StringAttr(side)}, regions=[body])


@irdl_op_definition
class ModelOp(Model):
    """A synapse model."""

    TEXT: ClassVar[str] = "snnc.ir.dialects.syn_text"
    RULES: ClassVar[str] = "snnc.ir.dialects.syn_rules"
    name = "syn.model"


Syn = Dialect("syn", [DeliverOp, DecayOp, EventOp, ReadsOp, CoupleOp, ModelOp], [])
