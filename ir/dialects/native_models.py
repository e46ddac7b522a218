"""Models that only a simulator has: what they declare, without equations.

``native.cell`` and ``native.synapse`` name a model of a simulator. The values of their parameters
are what the simulator takes: a unit is declared where it is known, and is 1 elsewhere.
"""

from __future__ import annotations

from typing import Any, ClassVar

from xdsl.dialects.builtin import StringAttr
from xdsl.ir import Region
from xdsl.irdl import IRDLOperation, irdl_op_definition, prop_def
from xdsl.parser import Parser

from snnc.ir.dialects.model_op import Model


@irdl_op_definition
class PortOp(IRDLOperation):
    """What the simulator selects a receptor by, where that is not the receptor's own name."""

    name = "native.port"
    receptor = prop_def(StringAttr)
    port = prop_def(StringAttr)

    def __init__(self, receptor: str, port: str) -> None:
        super().__init__(properties={"receptor": StringAttr(receptor), "port": StringAttr(port)})


class NativeModel(Model):
    """Base of the models that only a simulator has."""

    TEXT: ClassVar[str] = "snnc.ir.dialects.native_models_text"
    RULES: ClassVar[str] = "snnc.ir.dialects.native_models_rules"
    simulator = prop_def(StringAttr)

    def __init__(
        self, label: str, simulator: str, body: Region | None = None, doc: str | None = None
    ) -> None:
        super().__init__(label, body, doc, simulator=StringAttr(simulator))

    @classmethod
    def parse(cls, parser: Parser) -> Any:
        """Parse the readable form."""
        from snnc.ir.dialects.native_models_text import parse_native

        return parse_native(cls, parser)


@irdl_op_definition
class CellOp(NativeModel):
    """A cell of a simulator: parameters, what can be recorded, receptors, and current."""

    name = "native.cell"


@irdl_op_definition
class SynapseOp(NativeModel):
    """A synapse of a simulator: its parameters.

    The weights of its projections are the simulator's own numbers, whatever the receptor's unit.
    """

    name = "native.synapse"
