"""Synapses of the `step` dialect: what happens between and at the events of a synapse, solved.

A state's value is a closed form of the time `elapsed` since the last event that changed it, so a
synapse costs nothing while no spike reaches it. Parameters are the same for all synapses of a
projection unless `edge` lists them; then every synapse has its own value.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from xdsl.dialects.builtin import ArrayAttr, StringAttr
from xdsl.ir import Operation, Region
from xdsl.irdl import (
    irdl_op_definition,
    prop_def,
    region_def,
)

from snnc.ir.dialects import dyn, syn
from snnc.ir.dialects.coupling import CoupleOp, ReadsOp
from snnc.ir.dialects.model_op import Model

ELAPSED = "elapsed"
"""The name by which the forms of `step.advance` read the time since the last event."""


@irdl_op_definition
class AdvanceOp(dyn.Valued):
    """The value of a state after `elapsed`; names are read as they were after the last event."""

    name = "step.advance"
    state = prop_def(StringAttr)
    error = prop_def(StringAttr)
    body = region_def("single_block")

    def __init__(self, state: str, body: Region, error: str = "exact") -> None:
        super().__init__(
            properties={"state": StringAttr(state), "error": StringAttr(error)}, regions=[body]
        )


@irdl_op_definition
class SynapseOp(Model):
    """A synapse model between events; `edge` names the parameters that differ between synapses."""

    TEXT: ClassVar[str] = "snnc.ir.dialects.step_synapse_text"
    RULES: ClassVar[str] = "snnc.ir.dialects.step_synapse_rules"
    name = "step.synapse"
    edge = prop_def(ArrayAttr[StringAttr])

    def __init__(
        self, label: str, body: Region, edge: Sequence[str] = (), doc: str | None = None
    ) -> None:
        super().__init__(label, body, doc, edge=ArrayAttr([StringAttr(name) for name in edge]))

    @property
    def edge_parameters(self) -> tuple[str, ...]:
        """Parameters and time constants of the receptor that differ between synapses."""
        return tuple(name.data for name in self.edge)

    @property
    def states(self) -> dict[str, dyn.StateOp]:
        """The declared states; the weight is not among them."""
        return {op.label: op for op in self.body.block.ops if isinstance(op, dyn.StateOp)}

    @property
    def constants(self) -> dict[str, dyn.Declaration]:
        """Parameters, and time constants taken from the receptor."""
        ops = self.body.block.ops
        return {op.label: op for op in ops if isinstance(op, dyn.ParamOp | syn.DecayOp)}

    @property
    def advances(self) -> dict[str, AdvanceOp]:
        """How each state that changes between events does so."""
        return {op.state.data: op for op in self.body.block.ops if isinstance(op, AdvanceOp)}

    @property
    def changing(self) -> set[str]:
        """Names of the states, the weight included, that change at or between events."""
        assigned = {op.state.data for op in self.walk() if isinstance(op, dyn.SetOp)}
        return assigned | set(self.advances)

    @property
    def is_plastic(self) -> bool:
        """Whether the weight changes."""
        return "weight" in self.changing

    @property
    def coupling(self) -> CoupleOp | None:
        """What the synapse does in every step, if it does."""
        return next((op for op in self.body.block.ops if isinstance(op, CoupleOp)), None)

    @property
    def states_read(self) -> dict[str, tuple[str, ...]]:
        """States of cells that a coupling reads, with the sides on which it does."""
        return {op.label: op.sides for op in self.body.block.ops if isinstance(op, ReadsOp)}

    def event(self, side: str) -> syn.EventOp | None:
        """Return what happens at a spike of the given side."""
        for op in self.body.block.ops:
            if isinstance(op, syn.EventOp) and op.side.data == side:
                return op
        return None


SYNAPSE_OPERATIONS: tuple[type[Operation], ...] = (AdvanceOp, SynapseOp)
