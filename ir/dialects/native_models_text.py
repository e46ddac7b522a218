"""Readable text of ``native.cell`` and ``native.synapse``.

native.cell @iaf_cond_exp of "nest" {
  param V_th : mV = -55.0
  state V_m : mV = -70.0
  receptor inhibitory : uS
  port inhibitory as negative
  current I : nA
}
native.cell @Pyramidal of "neuron" {
  state "soma(0.5).v" : mV = 0.0
}
native.synapse @stdp_synapse of "nest" {
  param tau_minus : ms = 20.0
  postsynaptic tau_minus
}
"""

from __future__ import annotations

from xdsl.ir import Attribute, Operation, Region
from xdsl.parser import Parser
from xdsl.printer import Printer
from xdsl.utils.lexer import Position

from snnc.ir.dialects.dyn_text import CellParser, CellPrinter
from snnc.ir.dialects.model_text import print_doc
from snnc.ir.dialects.native import PostsynapticOp
from snnc.ir.dialects.native_models import NativeModel, PortOp


def parse_native(kind: type[NativeModel], parser: Parser) -> NativeModel:
    """Parse what follows the name of the operation."""
    label = parser.parse_symbol_name().data
    parser.parse_keyword("of")
    simulator = parser.parse_str_literal("a simulator")
    doc = parser.parse_optional_str_literal()
    parser.parse_punctuation("{")
    return kind(label, simulator, Region(_NativeParser(parser).block()), doc)


class _NativeParser(CellParser):
    """Parser of the declarations of a model of a simulator."""

    def declare(self, name: str, type: Attribute, at: Position) -> None:
        """Note a name: no expression reads it, so it may be any."""
        if name in self.scope:
            self.parser.raise_error(f"'{name}' is declared twice", at)
        self.scope[name] = type

    def statement(self) -> Operation:
        at, parser = self.parser.pos, self.parser
        if parser.parse_optional_keyword("port"):
            receptor = parser.parse_identifier("a receptor expected")
            parser.parse_keyword("as")
            port = parser.parse_identifier("what the simulator selects it by")
            return self.located(PortOp(receptor, port), at)
        if parser.parse_optional_keyword("postsynaptic"):
            return self.located(PostsynapticOp(parser.parse_identifier("a parameter")), at)
        return super().statement()


def print_model(model: NativeModel, printer: Printer) -> None:
    """Print what follows the name of the operation."""
    printer.print_string(" ")
    printer.print_symbol_name(model.label)
    printer.print_string(" of ")
    printer.print_string_literal(model.simulator.data)
    print_doc(model, printer)
    _NativePrinter(printer, model).block(model.body)


class _NativePrinter(CellPrinter):
    """Printer of the declarations of a model of a simulator."""

    def statement(self, op: Operation) -> None:
        match op:
            case PortOp():
                self.line(f"port {op.receptor.data} as {op.port.data}")
            case PostsynapticOp():
                self.line(f"postsynaptic {op.sym_name.data}")
            case _:
                super().statement(op)
