"""Readable text of ``step.synapse``.

step.synapse @TsodyksMarkramSynapse "documentation" edge U, tau_rec {
param U : 1 = 0.5
decay tau_syn
state u : 1 = 0.0 per edge
advance u exact = u * exp(-elapsed / tau_facil)
on pre { u = u + U*(1.0 - u)  deliver weight * u }
}
"""

from __future__ import annotations

from xdsl.ir import Operation, Region
from xdsl.parser import Parser
from xdsl.printer import Printer

from snnc.ir.diagnostics import did_you_mean
from snnc.ir.dialects import step_synapse as step
from snnc.ir.dialects.expressions import TIME
from snnc.ir.dialects.model_text import print_doc
from snnc.ir.dialects.syn_text import SynapseParser, SynapsePrinter


def parse_model(parser: Parser) -> step.SynapseOp:
    """Parse what follows ``step.synapse``."""
    label = parser.parse_symbol_name().data
    doc = parser.parse_optional_str_literal()
    edge: list[str] = []
    if parser.parse_optional_keyword("edge"):
        edge = parser.parse_comma_separated_list(parser.Delimiter.NONE, parser.parse_identifier)
    model = _SolvedParser(parser)
    parser.parse_punctuation("{")
    return step.SynapseOp(label, Region(model.block()), edge, doc)


class _SolvedParser(SynapseParser):
    def statement(self) -> Operation:
        at = self.parser.pos
        if not self.parser.parse_optional_keyword("advance"):
            return super().statement()
        name = self.parser.parse_identifier("a state expected")
        if name not in self.states:
            self.parser.raise_error(f"'{name}' is not a state{did_you_mean(name, self.states)}", at)
        error = self.parser.parse_identifier("the error of the solution expected")
        self.parser.parse_punctuation("=")
        expressions = self.expressions()
        expressions.scope = {**self.scope, step.ELAPSED: TIME}
        return self.located(step.AdvanceOp(name, expressions.region(), error), at)


def print_model(synapse: step.SynapseOp, printer: Printer) -> None:
    """Print what follows ``step.synapse``."""
    printer.print_string(" ")
    printer.print_symbol_name(synapse.label)
    print_doc(synapse, printer)
    if synapse.edge_parameters:
        printer.print_string(f" edge {', '.join(synapse.edge_parameters)}")
    _SolvedPrinter(printer, synapse).block(synapse.body)


class _SolvedPrinter(SynapsePrinter):
    def __init__(self, printer: Printer, synapse: step.SynapseOp) -> None:
        super().__init__(printer, synapse)
        self.names.add(step.ELAPSED)

    def statement(self, op: Operation) -> None:
        if isinstance(op, step.AdvanceOp):
            self.line(f"advance {op.state.data} {op.error.data} = ")
            self.expressions().region(op.value_region())
        else:
            super().statement(op)
