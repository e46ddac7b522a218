"""Readable text of ``syn.model``.

syn.model @TsodyksMarkramSynapse "documentation" {
param U : 1 = 0.5
decay tau_syn
state u : 1 = 0.0 per pre
du/dt = -u / tau_facil
on pre { u = u + U*(1.0 - u)  deliver weight * u }
}

A coupling: ``reads v : mV`` and ``couple weight * (pre.v - post.v)``; one way: ``reads pre s : 1``
and ``couple into post weight * pre.s``.
"""

from __future__ import annotations

from xdsl.ir import Block, Operation, Region
from xdsl.parser import Parser
from xdsl.printer import Printer

from snnc.ir.dialects import syn
from snnc.ir.dialects.coupling import BOTH, CONDUCTANCE, SIDES, CoupleOp, ReadsOp
from snnc.ir.dialects.model_text import ModelParser, ModelPrinter, print_doc, unit_text


def parse_model(parser: Parser) -> syn.ModelOp:
    """Parse what follows ``syn.model``."""
    label = parser.parse_symbol_name().data
    doc = parser.parse_optional_str_literal()
    model = SynapseParser(parser)
    parser.parse_punctuation("{")
    return syn.ModelOp(label, Region(model.block()), doc)


class SynapseParser(ModelParser):
    """Parser of the statements of a synapse."""

    def __init__(self, parser: Parser) -> None:
        super().__init__(parser)
        self.scope["weight"] = self.states["weight"] = syn.WEIGHT

    def block(self) -> Block:
        """Parse statements up to the closing brace."""
        block = Block()
        while not self.parser.parse_optional_punctuation("}"):
            block.add_op(self.statement())
        return block

    def statement(self) -> Operation:
        """Parse one statement."""
        at = self.parser.pos
        common = self.common_statement(at)
        if common is not None:
            return common
        if self.parser.parse_optional_keyword("decay"):
            op = syn.DecayOp(self.parser.parse_identifier("a name expected"))
            self.declare(op.label, op.type, at)
            return self.located(op, at)
        if self.parser.parse_optional_keyword("on"):
            side = self.parser.parse_keyword_in(("pre", "post"))
            return self.located(syn.EventOp(side, self.event_body()), at)
        if self.parser.parse_optional_keyword("reads"):
            side = self.parser.parse_optional_keyword_in(SIDES) or BOTH
            reads = ReadsOp(*self._name_and_unit(), side)
            for name in reads.names:
                self.declare(name, reads.type, at)
            return self.located(reads, at)
        if self.parser.parse_optional_keyword("couple"):
            one_way = self.parser.parse_optional_keyword("into") is not None
            if one_way:
                self.parser.parse_keyword("post")
            expressions = self.expressions()
            expressions.scope = {**self.scope, "weight": CONDUCTANCE}
            return self.located(CoupleOp(expressions.region(), one_way), at)
        return self.derivative(at)


def print_model(model: syn.ModelOp, printer: Printer) -> None:
    """Print what follows ``syn.model``."""
    printer.print_string(" ")
    printer.print_symbol_name(model.label)
    print_doc(model, printer)
    SynapsePrinter(printer, model).block(model.body)


class SynapsePrinter(ModelPrinter):
    """Printer of the statements of a synapse."""

    def __init__(self, printer: Printer, model: Operation) -> None:
        super().__init__(printer, model)
        self.names.add("weight")

    def statement(self, op: Operation) -> None:
        """Print one statement."""
        match op:
            case syn.DecayOp():
                self.line(f"decay {op.label}")
            case syn.EventOp():
                self.line(f"on {op.side.data} ")
                self.event_body(op.body)
            case ReadsOp():
                side = "" if op.side.data == BOTH else f"{op.side.data} "
                self.line(f"reads {side}{op.label} : {unit_text(op)}")
            case CoupleOp():
                self.line("couple " if op.one_way is None else "couple into post ")
                self.expressions().region(op.value_region())
            case _:
                super().statement(op)
