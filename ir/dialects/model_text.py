"""Text shared by cell and synapse models: declarations, derivatives and event bodies.

param tau_m : ms = 20.0          state v : mV = -65.0          let g = expr
dv/dt = (v_rest - v)/tau_m       { v = v_reset  emit  goto refractory }
"""

from __future__ import annotations

import re

from xdsl.dialects.builtin import StringAttr
from xdsl.ir import Attribute, Block, Operation, Region
from xdsl.parser import Parser
from xdsl.printer import Printer
from xdsl.utils.lexer import Position

from snnc.ir.diagnostics import did_you_mean
from snnc.ir.dialects import dyn
from snnc.ir.dialects.expressions import Expression, exponents_of
from snnc.ir.dialects.infix import (
    RESERVED,
    ExpressionParser,
    ExpressionPrinter,
    Leaves,
    float_text,
    parse_unit_name,
)
from snnc.ir.dialects.model_op import Model
from snnc.ir.locations import parser_location


class ModelParser:
    """Parser of the declarations of one model; it knows the types of the names so far.

    `float_type` is the type of every name and literal where units have been erased.
    """

    def __init__(
        self, parser: Parser, leaves: Leaves | None = None, float_type: Attribute | None = None
    ) -> None:
        self.parser = parser
        self.leaves = leaves
        self.float_type = float_type
        self.scope: dict[str, Attribute] = {}
        self.states: dict[str, Attribute] = {}

    def located(self, op: Operation, at: Position) -> Operation:
        """Return `op` with the location of `at`."""
        op.location = parser_location(self.parser, at)
        return op

    def declare(self, name: str, type: Attribute, at: Position) -> None:
        """Make `name` readable in the expressions that follow."""
        if name in self.scope:
            self.parser.raise_error(f"'{name}' is declared twice", at)
        if name in RESERVED:
            self.parser.raise_error(f"'{name}' is a reserved word", at)
        self.scope[name] = self.float_type or type

    def expressions(self) -> ExpressionParser:
        """Return a parser of expressions over the names so far."""
        return ExpressionParser(self.parser, self.scope, self.leaves, self.float_type)

    def expression(self) -> Region:
        """Parse an expression as a region."""
        return self.expressions().region()

    def common_statement(self, at: Position) -> Operation | None:
        """Parse a declaration or derivative that cells and synapses share, if one is next."""
        keyword = self.parser.parse_optional_keyword_in(("param", "state", "let"))
        if keyword == "param":
            return self.param(at)
        if keyword == "state":
            return self.state(at)
        if keyword == "let":
            return self.alias(at)
        return None

    def _name_and_unit(self) -> tuple[str, str]:
        name = self.parser.parse_optional_str_literal()
        if name is None:
            name = self.parser.parse_identifier("a name expected")
        self.parser.parse_punctuation(":")
        return name, parse_unit_name(self.parser)

    def param(self, at: Position) -> Operation:
        """Parse ``name : unit [sequence] [= default]``."""
        name, unit = self._name_and_unit()
        sequence = self.parser.parse_optional_keyword("sequence") is not None
        default = self._number() if self.parser.parse_optional_punctuation("=") else None
        op = dyn.ParamOp(name, unit, default, sequence)
        self.declare(name, op.type, at)
        return self.located(op, at)

    def state(self, at: Position) -> Operation:
        """Parse ``name : unit = initial [per axis] [hidden]``."""
        name, unit = self._name_and_unit()
        self.parser.parse_punctuation("=")
        initial = self._number()
        per = "element"
        if self.parser.parse_optional_keyword("per"):
            per = self.parser.parse_identifier("an axis expected")
        hidden = self.parser.parse_optional_keyword("hidden") is not None
        op = dyn.StateOp(name, unit, initial, hidden=hidden, per=per)
        self.declare(name, op.type, at)
        self.states[name] = op.type
        return self.located(op, at)

    def _number(self) -> float:
        return float(self.parser.parse_number(allow_boolean=False))

    def alias(self, at: Position) -> Operation:
        """Parse ``name = expr``."""
        name = self.parser.parse_identifier("a name expected")
        self.parser.parse_punctuation("=")
        region = self.expression()
        last = region.block.last_op
        assert isinstance(last, dyn.YieldOp)
        op = dyn.AliasOp(name, exponents_of(last.value), region)
        self.declare(name, last.value.type, at)
        return self.located(op, at)

    def derivative(self, at: Position) -> Operation:
        """Parse ``dNAME/dt = expr``."""
        word = self.parser.parse_identifier("a statement expected")
        name = word[1:]
        if not word.startswith("d") or name not in self.states:
            self.parser.raise_error(
                f"a statement expected; found '{word}'{did_you_mean(word, self._statements())}", at
            )
        self.parser.parse_punctuation("/")
        self.parser.parse_keyword("dt")
        self.parser.parse_punctuation("=")
        return self.located(dyn.DerivOp(name, self.expression()), at)

    def _statements(self) -> list[str]:
        return ["param", "state", "let", *(f"d{s}/dt" for s in self.states)]

    def event_body(self, argument: Attribute | None = None) -> Region:
        """Parse ``[(name)] { statement* }``, the body of an event, perhaps of an argument."""
        block = Block(arg_types=[argument] if argument else [])
        expressions = self.expressions()
        expressions.block = block
        if argument:
            self.parser.parse_punctuation("(")
            at = self.parser.pos
            name = self.parser.parse_identifier("a name for the weight expected")
            expressions.bind(name, block.args[0], at)
            self.parser.parse_punctuation(")")
        self.parser.parse_punctuation("{")
        while not self.parser.parse_optional_punctuation("}"):
            self.event_statement(expressions)
        return Region(block)

    def event_statement(self, expressions: ExpressionParser) -> None:
        """Parse one statement of an event into the block of `expressions`."""
        at = self.parser.pos
        parser, block = self.parser, expressions.block
        keyword = parser.parse_optional_keyword_in(("let", "emit", "goto", "deliver"))
        if keyword == "let":
            expressions.let()
            return
        if keyword == "emit":
            op: Operation = dyn.EmitOp()
        elif keyword == "goto":
            op = dyn.GotoOp(parser.parse_identifier("a regime expected"))
        elif keyword == "deliver":
            from snnc.ir.dialects.syn import DeliverOp

            op = DeliverOp(expressions.expression())
        else:
            op = self._assignment(expressions, at)
        block.add_op(self.located(op, at))

    def _assignment(self, expressions: ExpressionParser, at: Position) -> Operation:
        name = self.parser.parse_identifier("a statement expected")
        if name not in self.states:
            self.parser.raise_error(f"'{name}' is not a state{did_you_mean(name, self.states)}", at)
        self.parser.parse_punctuation("=")
        return dyn.SetOp(name, expressions.expression())


def print_doc(model: Model, printer: Printer) -> None:
    """Print what the model says of itself, if anything."""
    if model.doc is not None:
        printer.print_string(" ")
        printer.print_string_literal(model.doc.data)


class ModelPrinter:
    """Printer of the declarations, derivatives and event bodies of one model."""

    def __init__(self, printer: Printer, model: Operation) -> None:
        self.printer = printer
        self.names = declared_names(model)

    def line(self, text: str) -> None:
        """Print `text` at the start of a line of its own."""
        self.printer.print_string("\n" + text)

    def expressions(self) -> ExpressionPrinter:
        """Return a printer for the values of one region."""
        return ExpressionPrinter(self.printer, self.names.__contains__)

    def block(self, region: Region) -> None:
        """Print the statements of `region` in braces, one a line."""
        self.printer.print_string(" {")
        with self.printer.indented():
            for op in region.block.ops:
                self.statement(op)
        self.line("}")

    def statement(self, op: Operation) -> None:
        """Print one statement: readable where all models share its form, else generic."""
        match op:
            case dyn.ParamOp():
                sequence = " sequence" if op.sequence else ""
                default = "" if op.default is None else f" = {float_text(op.default.value.data)}"
                self.line(f"param {name_text(op)} : {unit_text(op)}{sequence}{default}")
            case dyn.StateOp():
                per = "" if op.per.data == "element" else f" per {op.per.data}"
                hidden = " hidden" if op.hidden else ""
                initial = float_text(op.initial.value.data)
                self.line(f"state {name_text(op)} : {unit_text(op)} = {initial}{per}{hidden}")
            case dyn.AliasOp():
                self.line(f"let {op.label} = ")
                self.expressions().region(op.value_region())
            case dyn.DerivOp():
                self.line(f"d{op.state.data}/dt = ")
                self.expressions().region(op.value_region())
            case _:
                self.line("")
                self.printer.print_op(op)

    def event_body(self, region: Region) -> None:
        """Print the body of an event in braces, a statement a line, after its argument."""
        expressions = self.expressions()
        for argument in region.block.args:
            self.printer.print_string(f"({expressions.bind(argument, 'w')}) ")
        self.printer.print_string("{")
        with self.printer.indented():
            for op in region.block.ops:
                self.event_statement(op, expressions)
        self.line("}")

    def event_statement(self, op: Operation, expressions: ExpressionPrinter) -> None:
        """Print one statement of an event."""
        from snnc.ir.dialects.syn import DeliverOp

        match op:
            case dyn.SetOp():
                self.line(f"{op.state.data} = {expressions.text(op.value)}")
            case dyn.EmitOp():
                self.line("emit")
            case dyn.GotoOp():
                self.line(f"goto {op.regime.data}")
            case DeliverOp():
                self.line(f"deliver {expressions.text(op.value)}")
            case Expression() if expressions.needs_name(op):
                self.line("")
                expressions.let(op)
            case _:
                pass


_BARE_UNIT = re.compile(r"([A-Za-z_]+|1)([*/]([A-Za-z_]+|1))*")


_NAME = re.compile(r"[A-Za-z_][\w.]*")


def name_text(op: dyn.Declaration) -> str:
    """Return the name that `op` declares, in quotes if it is none of the language."""
    return quoted(op.label)


def quoted(name: str) -> str:
    """Return a name, in quotes if it is none of the language."""
    return name if _NAME.fullmatch(name) else f'"{name}"'


def unit_text(op: dyn.Declaration) -> str:
    """Return the unit that `op` declares, in quotes if it has powers."""
    text = op.unit.data
    return text if _BARE_UNIT.fullmatch(text) else f'"{text}"'


def declared_names(model: Operation) -> set[str]:
    """Return the names that `model` declares."""
    labels = (op.properties.get("sym_name") for op in model.regions[0].block.ops)
    return {label.data for label in labels if isinstance(label, StringAttr)}
