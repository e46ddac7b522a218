"""Couplings of the `syn` dialect: synapses that act at all times rather than at spikes.

A model with ``reads`` and ``couple`` sends a current into the cell after it, in every step, from
states of the cells on both sides. The junction is the same seen from either cell: the cell before
it gets the current with the two sides exchanged. The projection's receptor is the port of the cells
for injected current, its weight a conductance; it has no delay.

A graded synapse acts one way: ``couple into post`` gives a current to the cell after it alone, and
``reads pre`` and ``reads post`` read a state of the cells on one side.
"""

from __future__ import annotations

from xdsl.dialects.builtin import StringAttr, UnitAttr
from xdsl.ir import Region
from xdsl.irdl import irdl_op_definition, opt_prop_def, prop_def, region_def

from snnc.ir.dialects.dyn_parts import Declaration, Valued
from snnc.ir.dialects.expressions import quantity_of
from snnc.ir.locations import refuse

SIDES = ("pre", "post")
BOTH = "both"
CONDUCTANCE = quantity_of("uS")
CURRENT = quantity_of("nA")


@irdl_op_definition
class ReadsOp(Declaration):
    """A state of the cells on both sides, which expressions read as ``pre.NAME``, ``post.NAME``.

    `side` is ``both``, or the one side whose cells have the state.
    """

    name = "syn.reads"
    side = prop_def(StringAttr, default_value=StringAttr(BOTH))

    def __init__(self, label: str, unit: str, side: str = BOTH) -> None:
        super().__init__(
            properties={
                "sym_name": StringAttr(label),
                "unit": StringAttr(unit),
                "side": StringAttr(side),
            }
        )

    @property
    def sides(self) -> tuple[str, ...]:
        """The sides on which the state is read."""
        return SIDES if self.side.data == BOTH else (self.side.data,)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the state in expressions."""
        return tuple(f"{side}.{self.label}" for side in self.sides)

    def verify_(self) -> None:
        """Check the side and the unit."""
        super().verify_()
        if self.side.data not in (BOTH, *SIDES):
            refuse(self, f"unknown side '{self.side.data}'; expected pre or post")


@irdl_op_definition
class CoupleOp(Valued):
    """The current into the cell after the synapse, constant within a step.

    `one_way` couplings give no current to the cell before it.
    """

    name = "syn.couple"
    one_way = opt_prop_def(UnitAttr)
    body = region_def("single_block")

    def __init__(self, body: Region, one_way: bool = False) -> None:
        super().__init__(regions=[body], properties={"one_way": UnitAttr() if one_way else None})
