"""Readable text of ``dyn.cell``.

dyn.cell @IF_cond_exp "documentation" {
param cm : nF = 1.0
state v : mV = -65.0
receptor excitatory : uS decay tau_syn_E
current injected : nA
dg/dt = -g / tau
on excitatory(w) { g = g + w }
regime integrating {
dv/dt = (v_rest - v)/tau_m
when v >= v_thresh { v = v_reset  emit  goto refractory }
}
regime refractory { after tau_refrac { goto integrating } }
}
"""

from __future__ import annotations

from xdsl.ir import Attribute, Block, Operation, Region
from xdsl.parser import Parser
from xdsl.printer import Printer
from xdsl.utils.lexer import Position

from snnc.ir.diagnostics import did_you_mean
from snnc.ir.dialects import dyn
from snnc.ir.dialects.expressions import Quantity
from snnc.ir.dialects.infix import Leaves
from snnc.ir.dialects.model_text import ModelParser, ModelPrinter, print_doc, unit_text


def parse_model(parser: Parser) -> dyn.CellOp:
    """Parse what follows ``dyn.cell``."""
    label = parser.parse_symbol_name().data
    doc = parser.parse_optional_str_literal()
    cell = CellParser(parser)
    parser.parse_punctuation("{")
    block = cell.block()
    return dyn.CellOp(label, Region(block), doc)


class CellParser(ModelParser):
    """Parser of the statements of a cell."""

    def __init__(
        self, parser: Parser, leaves: Leaves | None = None, float_type: Attribute | None = None
    ) -> None:
        super().__init__(parser, leaves, float_type)
        self.receptors: dict[str, Quantity] = {}

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
        keywords = ("receptor", "current", "on", "regime", "when", "after", "emit")
        keyword = self.parser.parse_optional_keyword_in(keywords)
        match keyword:
            case "receptor":
                return self._receptor(at)
            case "current":
                return self._current(at)
            case "on":
                return self._on(at)
            case "regime":
                label = self.parser.parse_identifier("a name expected")
                self.parser.parse_punctuation("{")
                return self.located(dyn.RegimeOp(label, Region(self.block())), at)
            case "when":
                rising = self.parser.parse_optional_keyword("rising") is not None
                condition = self.expression()
                body = self.event_body()
                mode = "rising" if rising else "level"
                return self.located(dyn.WhenOp(mode, condition, body), at)
            case "after":
                duration = self.expression()
                return self.located(dyn.AfterOp(duration, self.event_body()), at)
            case "emit":
                return self._emission(at)
        return self.derivative(at)

    def _receptor(self, at: Position) -> Operation:
        name, unit = self._name_and_unit()
        decay = None
        if self.parser.parse_optional_keyword("decay"):
            decay = self.parser.parse_identifier("a parameter expected")
        op = dyn.ReceptorOp(name, unit, decay)
        self.receptors[name] = op.type
        return self.located(op, at)

    def _current(self, at: Position) -> Operation:
        name, unit = self._name_and_unit()
        op = dyn.CurrentOp(name, unit)
        self.declare(name, op.type, at)
        return self.located(op, at)

    def _on(self, at: Position) -> Operation:
        place = self.parser.pos
        name = self.parser.parse_identifier("a receptor expected")
        if name not in self.receptors:
            self.parser.raise_error(
                f"unknown receptor '{name}'{did_you_mean(name, self.receptors)}", place
            )
        return self.located(dyn.OnOp(name, self.event_body(self.receptors[name])), at)

    def _emission(self, at: Position) -> Operation:
        kind = self.parser.parse_keyword_in(("poisson", "at"))
        if kind == "at":
            name = self.parser.parse_identifier("a sequence parameter expected")
            return self.located(dyn.ScheduleOp(name), at)
        return self.located(dyn.PoissonOp(self.expression()), at)


def print_model(cell: dyn.CellOp, printer: Printer) -> None:
    """Print what follows ``dyn.cell``."""
    printer.print_string(" ")
    printer.print_symbol_name(cell.label)
    print_doc(cell, printer)
    CellPrinter(printer, cell).block(cell.body)


class CellPrinter(ModelPrinter):
    """Printer of the statements of a cell."""

    def statement(self, op: Operation) -> None:
        """Print one statement."""
        match op:
            case dyn.ReceptorOp():
                decay = "" if op.decay is None else f" decay {op.decay.data}"
                self.line(f"receptor {op.label} : {unit_text(op)}{decay}")
            case dyn.CurrentOp():
                self.line(f"current {op.label} : {unit_text(op)}")
            case dyn.OnOp():
                self.line(f"on {op.receptor.data}")
                self.event_body(op.body)
            case dyn.RegimeOp():
                self.line(f"regime {op.label}")
                self.block(op.body)
            case dyn.WhenOp():
                self.line("when rising " if op.mode.data == "rising" else "when ")
                self.expressions().region(op.condition)
                self.printer.print_string(" ")
                self.event_body(op.body)
            case dyn.AfterOp():
                self.line("after ")
                self.expressions().region(op.duration)
                self.printer.print_string(" ")
                self.event_body(op.body)
            case dyn.PoissonOp():
                self.line("emit poisson ")
                self.expressions().region(op.rate)
            case dyn.ScheduleOp():
                self.line(f"emit at {op.times.data}")
            case _:
                super().statement(op)
