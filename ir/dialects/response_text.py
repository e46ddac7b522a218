"""Readable text of ``dyn.response``.

dyn.response @CondExpPostSynapticResponse "documentation" {
param e_syn : mV = 0.0
param tau_syn : ms = 5.0
state gsyn : uS = 0.0
receptor input : uS decay tau_syn
dgsyn/dt = -gsyn / tau_syn
on input(w) { gsyn = gsyn + w }
let current = gsyn * (e_syn - v)
}
"""

from __future__ import annotations

from xdsl.ir import Region
from xdsl.parser import Parser
from xdsl.printer import Printer

from snnc.ir.dialects import dyn
from snnc.ir.dialects.dyn_text import CellParser, CellPrinter
from snnc.ir.dialects.expressions import quantity_of
from snnc.ir.dialects.model_text import print_doc

POTENTIAL = "v"
"""The potential of the cell that a response becomes part of."""


def parse_model(parser: Parser) -> dyn.ResponseOp:
    """Parse what follows ``dyn.response``."""
    label = parser.parse_symbol_name().data
    doc = parser.parse_optional_str_literal()
    statements = CellParser(parser)
    statements.declare(POTENTIAL, quantity_of("mV"), parser.pos)
    parser.parse_punctuation("{")
    return dyn.ResponseOp(label, Region(statements.block()), doc)


def print_model(response: dyn.ResponseOp, printer: Printer) -> None:
    """Print what follows ``dyn.response``."""
    printer.print_string(" ")
    printer.print_symbol_name(response.label)
    print_doc(response, printer)
    CellPrinter(printer, response).block(response.body)
