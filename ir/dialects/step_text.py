"""Readable text of ``step.cell``.

    step.cell @IF_curr_exp regimes integrating, refractory arrays tau_m {
      param tau_m : ms = 20.0
      state v : mV = -65.0
      solved v by exact in integrating
      derived P : 1 = exp(-dt / tau_m)
      propagator A : 1, B : mV/nA = [-dt / tau_m, dt / cm, 0.0, -dt / tau]
      steps refractory = tau_refrac
      update {
        v = select(in(refractory), v, v * P) + arrivals(excitatory)
        fire v >= v_thresh
        enter refractory when v >= v_thresh
      }
    }

``erased f64`` after the name says that units have been erased.
"""

from __future__ import annotations

from xdsl.dialects.builtin import Float32Type, Float64Type
from xdsl.ir import Attribute, Operation, Region
from xdsl.parser import Parser
from xdsl.printer import Printer
from xdsl.utils.lexer import Position

from snnc.ir.dialects import step
from snnc.ir.dialects.dyn_text import CellParser, CellPrinter
from snnc.ir.dialects.expressions import quantity_of
from snnc.ir.dialects.infix import ExpressionPrinter
from snnc.ir.dialects.infix_parser import ExpressionParser, parse_unit_name
from snnc.ir.units import Exponents, format_unit

FLOATS: dict[str, Attribute] = {"f64": Float64Type(), "f32": Float32Type()}


def parse_model(parser: Parser) -> step.CellOp:
    """Parse what follows ``step.cell``."""
    label = parser.parse_symbol_name().data
    precision = None
    if parser.parse_optional_keyword("erased"):
        precision = parser.parse_keyword_in(FLOATS)
    regimes = _names_after(parser, "regimes") or []
    arrays = _names_after(parser, "arrays")
    packed = _names_after(parser, "packed")
    parser.parse_punctuation("{")
    cell = _StepParser(parser, precision)
    return step.CellOp(label, regimes, Region(cell.block()), precision, arrays, packed)


def _names_after(parser: Parser, keyword: str) -> list[str] | None:
    if not parser.parse_optional_keyword(keyword):
        return None
    return parser.parse_comma_separated_list(parser.Delimiter.NONE, parser.parse_identifier)


class _StepParser(CellParser):
    def __init__(self, parser: Parser, precision: str | None) -> None:
        leaves = {
            "arrivals": self._arrivals,
            "in": step.InOp,
            "elapsed": step.ElapsedOp,
        }
        super().__init__(parser, leaves, FLOATS[precision] if precision else None)

    def _arrivals(self, receptor: str) -> Operation:
        type = self.float_type or self.receptors.get(receptor)
        if type is None:
            self.parser.raise_error(f"unknown receptor '{receptor}'")
        return step.ArrivalsOp(receptor, type)

    def statement(self) -> Operation:
        at = self.parser.pos
        keyword = self.parser.parse_optional_keyword_in(
            ("solved", "derived", "propagator", "steps", "update")
        )
        match keyword:
            case "solved":
                op: Operation = self._solved()
            case "derived":
                op = self._derived(at)
            case "propagator":
                op = self._propagator(at)
            case "steps":
                regime = self.parser.parse_identifier("a regime expected")
                self.parser.parse_punctuation("=")
                op = step.StepsOp(regime, self.expression())
            case "update":
                op = step.UpdateOp(self.event_body())
            case _:
                return super().statement()
        return self.located(op, at)

    def _solved(self) -> Operation:
        states = self.parser.parse_comma_separated_list(
            self.parser.Delimiter.NONE, self.parser.parse_identifier
        )
        self.parser.parse_keyword("by")
        method = self.parser.parse_identifier("a method expected")
        regime = None
        if self.parser.parse_optional_keyword("in"):
            regime = self.parser.parse_identifier("a regime expected")
        return step.SolvedOp(states, method, regime)

    def _constant(self) -> tuple[str, Exponents]:
        name = self.parser.parse_identifier("a name expected")
        self.parser.parse_punctuation(":")
        return name, quantity_of(parse_unit_name(self.parser)).exponents

    def _derived(self, at: Position) -> Operation:
        name, dimension = self._constant()
        self.parser.parse_punctuation("=")
        op = step.DerivedOp(name, dimension, self.expression())
        self.declare(name, op.type, at)
        return op

    def _propagator(self, at: Position) -> Operation:
        constants = self.parser.parse_comma_separated_list(
            self.parser.Delimiter.NONE, self._constant
        )
        self.parser.parse_punctuation("=")
        expressions = self.expressions()
        entries = self.parser.parse_comma_separated_list(
            self.parser.Delimiter.SQUARE, expressions.expression
        )
        expressions.block.add_op(step.MatrixOp(entries))
        names = [name for name, _ in constants]
        op = step.PropagatorOp(names, [d for _, d in constants], Region(expressions.block))
        for name, type in op.constants.items():
            self.declare(name, type, at)
        return op

    def event_statement(self, expressions: ExpressionParser) -> None:
        at = self.parser.pos
        keyword = self.parser.parse_optional_keyword_in(("fire", "enter", "count"))
        if keyword is None:
            super().event_statement(expressions)
            return
        if keyword == "fire":
            op: Operation = step.FireOp(expressions.expression())
        elif keyword == "count":
            op = step.CountOp(expressions.expression())
        else:
            regime = self.parser.parse_identifier("a regime expected")
            self.parser.parse_keyword("when")
            op = step.EnterOp(regime, expressions.expression())
        expressions.block.add_op(self.located(op, at))


def print_model(cell: step.CellOp, printer: Printer) -> None:
    """Print what follows ``step.cell``."""
    printer.print_string(" ")
    printer.print_symbol_name(cell.label)
    if cell.precision is not None:
        printer.print_string(f" erased {cell.precision.data}")
    if cell.regime_names:
        printer.print_string(" regimes " + ", ".join(cell.regime_names))
    if cell.array_names:
        printer.print_string(" arrays " + ", ".join(cell.array_names))
    if cell.packed_receptors:
        printer.print_string(" packed " + ", ".join(cell.packed_receptors))
    _StepPrinter(printer, cell).block(cell.body)


class _StepPrinter(CellPrinter):
    def __init__(self, printer: Printer, cell: step.CellOp) -> None:
        super().__init__(printer, cell)
        for op in cell.body.block.ops:
            if isinstance(op, step.PropagatorOp):
                self.names.update(op.constants)

    def statement(self, op: Operation) -> None:
        match op:
            case step.SolvedOp():
                states = ", ".join(s.data for s in op.states)
                regime = "" if op.regime is None else f" in {op.regime.data}"
                self.line(f"solved {states} by {op.method.data}{regime}")
            case step.DerivedOp():
                self.line(f"derived {op.label} : {format_unit(op.dimension.data)} = ")
                self.expressions().region(op.value_region())
            case step.PropagatorOp():
                constants = ", ".join(f"{n} : {t}" for n, t in op.constants.items())
                text = self.expressions().text
                entries = ", ".join(text(e) for e in op.entries)
                self.line(f"propagator {constants} = [{entries}]")
            case step.StepsOp():
                self.line(f"steps {op.regime.data} = ")
                self.expressions().region(op.value_region())
            case step.UpdateOp():
                self.line("update ")
                self.event_body(op.body)
            case _:
                super().statement(op)

    def event_statement(self, op: Operation, expressions: ExpressionPrinter) -> None:
        match op:
            case step.FireOp():
                self.line(f"fire {expressions.text(op.condition)}")
            case step.CountOp():
                self.line(f"count {expressions.text(op.expectation)}")
            case step.EnterOp():
                self.line(f"enter {op.regime.data} when {expressions.text(op.condition)}")
            case _:
                super().event_statement(op, expressions)
