"""Couplings of the `syn` dialect: synapses that act at all times rather than at spikes.

A model with ``reads`` and ``couple`` sends a current into the cell after it, in every step, from
states of the cells on both sides. The junction is the same seen from either cell: the cell before
it gets the current with the two sides exchanged. The projection's receptor is the port of the cells
for injected current, its weight a conductance; it has no delay.
"""

from __future__ import annotations

from xdsl.dialects.builtin import StringAttr
from xdsl.ir import Region
from xdsl.irdl import irdl_op_definition, region_def

from snnc.ir.dialects.dyn import Declaration, Valued
from snnc.ir.dialects.expressions import quantity_of

SIDES = ("pre", "post")
CONDUCTANCE = quantity_of("uS")
CURRENT = quantity_of("nA")


@irdl_op_definition
class ReadsOp(Declaration):
    """A state of the cells on both sides, which expressions read as ``pre.NAME``, ``post.NAME``."""

    name = "syn.reads"

    def __init__(self, label: str, unit: str) -> None:
        super().__init__(properties={"sym_name": StringAttr(label), "unit": StringAttr(unit)})

    @property
    def names(self) -> tuple[str, str]:
        """The names of the state on either side."""
        return f"pre.{self.label}", f"post.{self.label}"


@irdl_op_definition
class CoupleOp(Valued):
    """The current into the cell after the synapse, constant within a step."""

    name = "syn.couple"
    body = region_def("single_block")

    def __init__(self, body: Region) -> None:
        super().__init__(regions=[body])
