"""Readable text of ``native.reference`` and ``native.match``.

native.reference @iaf_cond_exp of "nest" {
  setting V_min = -100.0
  solver euler
  draws
  note "The refractory time is rounded up to whole steps."
}
native.match @IF_cond_exp of "nest" as "iaf_cond_exp" {
  param cm : nF
  param tau_m : ms
  parameter g_L : nS = cm / tau_m
  state v as V_m : mV = 1.0
  receptor inhibitory as negative : nS = -1.0
  current injected : pA
}
"""

from __future__ import annotations

from xdsl.dialects.builtin import StringAttr
from xdsl.ir import Block, Operation, Region
from xdsl.parser import Parser
from xdsl.printer import Printer

from snnc.ir.dialects import native
from snnc.ir.dialects.infix import float_text, parse_unit_name
from snnc.ir.dialects.model_text import ModelParser, ModelPrinter, name_text, quoted, unit_text

_STATEMENTS = (
    "setting",
    "fixed",
    "postsynaptic",
    "note",
    "solver",
    "draws",
    "parameter",
    "state",
    "receptor",
    "current",
    "require",
    "param",
)


def parse_reference(parser: Parser) -> native.ReferenceOp:
    """Parse what follows ``native.reference``."""
    label, simulator = _head(parser)
    return native.ReferenceOp(label, simulator, _body(parser))


def parse_match(parser: Parser) -> native.MatchOp:
    """Parse what follows ``native.match``."""
    label, simulator = _head(parser)
    parser.parse_keyword("as")
    name = parser.parse_str_literal("the simulator's name of the model")
    return native.MatchOp(label, name, simulator, _body(parser))


def _head(parser: Parser) -> tuple[str, str]:
    label = parser.parse_symbol_name().data
    parser.parse_keyword("of")
    return label, parser.parse_str_literal("a simulator")


def _body(parser: Parser) -> Region:
    entry = _EntryParser(parser)
    block = Block()
    parser.parse_punctuation("{")
    while not parser.parse_optional_punctuation("}"):
        at = parser.pos
        block.add_op(entry.located(entry.statement(), at))
    return Region(block)


class _EntryParser(ModelParser):
    """Parser of the statements of a reference or a match."""

    def statement(self) -> Operation:
        at, parser = self.parser.pos, self.parser
        match parser.parse_keyword_in(_STATEMENTS):
            case "setting":
                return native.SettingOp(self._name(), self._value())
            case "fixed":
                return native.FixedOp(self._name(), self._value())
            case "postsynaptic":
                return self._postsynaptic()
            case "note":
                return native.NoteOp(parser.parse_str_literal("a sentence"))
            case "solver":
                return native.SolverOp(self._name())
            case "draws":
                return native.DrawsOp()
            case "parameter":
                return native.ParameterOp(self._name(), self._unit(), self._binding())
            case "current":
                return native.CurrentOp(self._name(), self._unit())
            case "require":
                return native.RequireOp(self.expression())
            case "param":
                return self.param(at)
            case keyword:
                return self._renamed(keyword)

    def _postsynaptic(self) -> Operation:
        name = self._name()
        if not self.parser.parse_optional_punctuation(":"):
            return native.PostsynapticOp(name)
        unit = parse_unit_name(self.parser)
        return native.ParameterOp(name, unit, self._binding(), postsynaptic=True)

    def _renamed(self, keyword: str) -> Operation:
        of = self._name()
        self.parser.parse_keyword("as")
        name, unit = self._name(), self._unit()
        hidden = keyword == "state" and self.parser.parse_optional_keyword("hidden") is not None
        body = self._binding()
        if keyword == "receptor":
            return native.ReceptorOp(of, name, unit, body)
        return native.StateOp(of, name, unit, body, hidden)

    def _name(self) -> str:
        quoted = self.parser.parse_optional_str_literal()
        return self.parser.parse_identifier("a name expected") if quoted is None else quoted

    def _unit(self) -> str:
        self.parser.parse_punctuation(":")
        return parse_unit_name(self.parser)

    def _binding(self) -> Region:
        self.parser.parse_punctuation("=")
        return self.expression()

    def _value(self) -> float:
        self.parser.parse_punctuation("=")
        return self._number()


def print_entry(entry: native.ReferenceOp | native.MatchOp, printer: Printer) -> None:
    """Print what follows ``native.reference`` or ``native.match``."""
    printer.print_string(" ")
    printer.print_symbol_name(entry.label)
    printer.print_string(" of ")
    printer.print_string_literal(entry.simulator.data)
    if isinstance(entry, native.MatchOp):
        printer.print_string(" as ")
        printer.print_string_literal(entry.native.data)
    _EntryPrinter(printer, entry).block(entry.body)


class _EntryPrinter(ModelPrinter):
    """Printer of the statements of a reference or a match."""

    def statement(self, op: Operation) -> None:
        match op:
            case native.SettingOp() | native.FixedOp():
                keyword = op.name.split(".")[-1]
                self.line(f"{keyword} {_label(op)} = {float_text(op.value.value.data)}")
            case native.PostsynapticOp():
                self.line(f"postsynaptic {_label(op)}")
            case native.NoteOp():
                self.line("note ")
                self.printer.print_string_literal(op.text.data)
            case native.SolverOp():
                self.line(f"solver {op.method.data}")
            case native.DrawsOp():
                self.line("draws")
            case native.ParameterOp():
                keyword = "parameter" if op.postsynaptic is None else "postsynaptic"
                self._binding(f"{keyword} {op.label} : {unit_text(op)}", op)
            case native.StateOp():
                hidden = "" if op.hidden is None else " hidden"
                named = f"state {quoted(op.of.data)} as {name_text(op)}"
                self._binding(f"{named} : {unit_text(op)}{hidden}", op)
            case native.ReceptorOp():
                self._binding(f"receptor {op.of.data} as {op.label} : {unit_text(op)}", op)
            case native.CurrentOp():
                self.line(f"current {op.label} : {unit_text(op)}")
            case native.RequireOp():
                self.line("require ")
                self.expressions().region(op.body)
            case _:
                super().statement(op)

    def _binding(self, text: str, op: native.Binding) -> None:
        self.line(f"{text} = ")
        self.expressions().region(op.body)


def _label(op: Operation) -> str:
    name = op.properties["sym_name"]
    assert isinstance(name, StringAttr)
    return name.data
