"""Synapses of the `step` dialect: what happens between and at the events of a synapse, solved.

A state's value is a closed form of the time `elapsed` since the last event that changed it, so a
synapse costs nothing while no spike reaches it. Parameters are the same for all synapses of a
projection unless `edge` lists them; then every synapse has its own value.
"""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.dialects.builtin import ArrayAttr, StringAttr, SymbolNameConstraint
from xdsl.ir import Operation, Region
from xdsl.irdl import (
    IRDLOperation,
    irdl_op_definition,
    opt_prop_def,
    prop_def,
    region_def,
    traits_def,
)
from xdsl.parser import Parser
from xdsl.printer import Printer
from xdsl.traits import IsolatedFromAbove, NoTerminator, SymbolOpInterface

from snnc.ir.dialects import dyn, syn

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
class SynapseOp(IRDLOperation):
    """A synapse model between events; `edge` names the parameters that differ between synapses."""

    name = "step.synapse"
    sym_name = prop_def(SymbolNameConstraint())
    edge = prop_def(ArrayAttr[StringAttr])
    doc = opt_prop_def(StringAttr)
    body = region_def("single_block")
    traits = traits_def(SymbolOpInterface(), NoTerminator(), IsolatedFromAbove())

    def __init__(
        self, label: str, body: Region, edge: Sequence[str] = (), doc: str | None = None
    ) -> None:
        super().__init__(
            properties={
                "sym_name": StringAttr(label),
                "edge": ArrayAttr([StringAttr(name) for name in edge]),
                "doc": None if doc is None else StringAttr(doc),
            },
            regions=[body],
        )

    @property
    def label(self) -> str:
        """The name of the model."""
        return self.sym_name.data

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

    def event(self, side: str) -> syn.EventOp | None:
        """Return what happens at a spike of the given side."""
        for op in self.body.block.ops:
            if isinstance(op, syn.EventOp) and op.side.data == side:
                return op
        return None

    @classmethod
    def parse(cls, parser: Parser) -> SynapseOp:
        """Parse the readable form."""
        from snnc.ir.dialects.step_synapse_text import parse_synapse

        return parse_synapse(parser)

    def print(self, printer: Printer) -> None:
        """Print the readable form."""
        from snnc.ir.dialects.step_synapse_text import print_synapse

        print_synapse(self, printer)

    def verify_(self) -> None:
        """Check names, units and axes."""
        from snnc.ir.dialects.step_synapse_rules import check_synapse

        check_synapse(self)


SYNAPSE_OPERATIONS: tuple[type[Operation], ...] = (AdvanceOp, SynapseOp)
