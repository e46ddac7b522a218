"""Parser of the infix text of expressions; `snnc.ir.dialects.infix` has the grammar."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from xdsl.dialects.builtin import FileLineColLoc
from xdsl.ir import Attribute, Block, Operation, Region, SSAValue
from xdsl.parser import Parser
from xdsl.utils.lexer import Position

from snnc.ir.diagnostics import UnitError, did_you_mean
from snnc.ir.dialects import draws
from snnc.ir.dialects import expressions as ex
from snnc.ir.dialects.dyn_parts import YieldOp
from snnc.ir.dialects.infix import DRAWS, FUNCTIONS, RESERVED
from snnc.ir.dialects.piecewise import PiecewiseOp
from snnc.ir.locations import parser_location
from snnc.ir.units import parse_unit

Scope = Mapping[str, Attribute]
Leaves = Mapping[str, Callable[[str], Operation]]


def parse_unit_name(parser: Parser) -> str:
    """Parse a unit as bare text, ``mV/ms``, or in quotes; return it as written."""
    start = parser.pos
    text = parser.parse_optional_str_literal()
    if text is None:
        text = _bare_unit(parser)
    try:
        parse_unit(text)
    except UnitError as error:
        parser.raise_error(error.message, start)
    return text


def _bare_unit(parser: Parser) -> str:
    text = _unit_factor(parser)
    while True:
        for sign in ("*", "/"):
            if parser.parse_optional_punctuation(sign):
                text += sign + _unit_factor(parser)
                break
        else:
            return text


def _unit_factor(parser: Parser) -> str:
    one = parser.parse_optional_integer(allow_boolean=False, allow_negative=False)
    return str(one) if one is not None else parser.parse_identifier("a unit expected")


class ExpressionParser:
    """Recursive descent over the tokens of an xDSL parser, appending operations to a block.

    Parameters
    ----------
    parser : Parser
        The parser, positioned at the expression.
    scope : mapping of str to Attribute
        Types of the names that can be read.
    leaves : mapping of str to callable, optional
        Functions of one name, such as ``arrivals(receptor)``: from that name to the operation.
    float_type : Attribute, optional
        The type of literals where units have been erased.
    """

    def __init__(
        self,
        parser: Parser,
        scope: Scope,
        leaves: Leaves | None = None,
        float_type: Attribute | None = None,
    ) -> None:
        self.parser = parser
        self.scope = scope
        self.leaves = leaves or {}
        self.float_type = float_type
        self.locals: dict[str, SSAValue] = {}
        self.block = Block()

    def region(self) -> Region:
        """Parse an expression, or ``{ let ... yield expr }``, as a region that yields."""
        self.block = Block()
        if self.parser.parse_optional_punctuation("{"):
            while self.parser.parse_optional_keyword("let"):
                self.let()
            self.parser.parse_keyword("yield")
            value = self.expression()
            self.parser.parse_punctuation("}")
        else:
            value = self.expression()
        self.block.add_op(YieldOp(value))
        return Region(self.block)

    def let(self) -> None:
        """Parse ``name = expr`` and bind the name in this block."""
        at = self.parser.pos
        name = self.parser.parse_identifier("a name expected")
        self.parser.parse_punctuation("=")
        self.bind(name, self.expression(), at)

    def bind(self, name: str, value: SSAValue, at: Position) -> None:
        """Let `name`, which must be new, mean `value` in this block."""
        if name in self.locals or name in self.scope:
            self.parser.raise_error(f"'{name}' is declared twice", at)
        if name in RESERVED:
            self.parser.raise_error(f"'{name}' is a reserved word", at)
        value.name_hint = name
        self.locals[name] = value

    def emit(self, op: Operation, at: Position) -> SSAValue:
        """Append `op`, which was written at `at`, and return its result."""
        op.location = self.location(at)
        self.block.add_op(op)
        return op.results[0]

    def location(self, at: Position) -> FileLineColLoc:
        """Return the location of a position in the text."""
        return parser_location(self.parser, at)

    def expression(self) -> SSAValue:
        """Parse an expression and return its value."""
        left = self._and()
        while True:
            at = self.parser.pos
            if not self.parser.parse_optional_keyword("or"):
                return left
            left = self.emit(ex.OrOp(left, self._and()), at)

    def _and(self) -> SSAValue:
        left = self._not()
        while True:
            at = self.parser.pos
            if not self.parser.parse_optional_keyword("and"):
                return left
            left = self.emit(ex.AndOp(left, self._not()), at)

    def _not(self) -> SSAValue:
        at = self.parser.pos
        if self.parser.parse_optional_keyword("not"):
            return self.emit(ex.NotOp(self._not()), at)
        return self._comparison()

    def _comparison(self) -> SSAValue:
        left = self._sum()
        at = self.parser.pos
        sign = self._comparison_sign()
        if sign is None:
            return left
        return self.emit(ex.CompareOp(sign, left, self._sum()), at)

    def _comparison_sign(self) -> str | None:
        for first in ("<", ">", "="):
            if self.parser.parse_optional_punctuation(first):
                if self.parser.parse_optional_punctuation("="):
                    return first + "="
                if first == "=":
                    self.parser.raise_error("a comparison is written '=='")
                return first
        return None

    def _sum(self) -> SSAValue:
        left = self._term()
        while True:
            at = self.parser.pos
            if self.parser.parse_optional_punctuation("+"):
                left = self.emit(ex.AddOp(left, self._term()), at)
            elif self.parser.parse_optional_punctuation("-"):
                left = self.emit(ex.SubOp(left, self._term()), at)
            else:
                return left

    def _term(self) -> SSAValue:
        left = self._unary()
        while True:
            at = self.parser.pos
            if self.parser.parse_optional_punctuation("*"):
                left = self.emit(ex.MulOp(left, self._unary()), at)
            elif self.parser.parse_optional_punctuation("/"):
                left = self.emit(ex.DivOp(left, self._unary()), at)
            else:
                return left

    def _unary(self) -> SSAValue:
        at = self.parser.pos
        if not self.parser.parse_optional_punctuation("-"):
            return self._atom()
        number = self._optional_number()
        if number is not None:
            return self._literal(-number, at)
        return self.emit(ex.NegOp(self._unary()), at)

    def _optional_number(self) -> float | None:
        whole = self.parser.parse_optional_integer(allow_boolean=False, allow_negative=False)
        if whole is not None:
            return float(whole)
        return self.parser.parse_optional_float(allow_negative=False)

    def _literal(self, number: float, at: Position) -> SSAValue:
        if not self.parser.parse_optional_punctuation("["):
            return self.emit(ex.ConstOp(number, self.float_type or ex.NUMBER), at)
        unit = parse_unit(parse_unit_name(self.parser))
        self.parser.parse_punctuation("]")
        return self.emit(ex.ConstOp(number * unit.scale, ex.quantity(unit.exponents)), at)

    def _atom(self) -> SSAValue:
        at = self.parser.pos
        if self.parser.parse_optional_punctuation("("):
            value = self.expression()
            self.parser.parse_punctuation(")")
            return value
        number = self._optional_number()
        if number is not None:
            return self._literal(number, at)
        name = self.parser.parse_optional_identifier()
        if name is None:
            self.parser.raise_error("an expression expected", at)
        if name in FUNCTIONS or name in self.leaves:
            return self._call(name, at)
        return self._name(name, at)

    def _name(self, name: str, at: Position) -> SSAValue:
        if name in self.locals:
            return self.locals[name]
        if name in ("t", "dt"):
            return self.emit(ex.GetOp(name, self.float_type or ex.TIME), at)
        if name not in self.scope:
            known = [*self.scope, *self.locals, *FUNCTIONS]
            self.parser.raise_error(f"unknown name '{name}'{did_you_mean(name, known)}", at)
        return self.emit(ex.GetOp(name, self.scope[name]), at)

    def _call(self, name: str, at: Position) -> SSAValue:
        self.parser.parse_punctuation("(")
        op: Operation
        if name in self.leaves:
            op = self.leaves[name](self.parser.parse_identifier("a name expected"))
        elif name == "previous":
            state = self.parser.parse_identifier("a state expected")
            if state not in self.scope:
                self.parser.raise_error(
                    f"unknown name '{state}'{did_you_mean(state, self.scope)}", at
                )
            op = ex.PreviousOp(state, self.scope[state])
        elif name == "piecewise":
            op = self._piecewise()
        elif name in DRAWS:
            op = self._draw(name)
        else:
            arguments = self.parser.parse_comma_separated_list(
                self.parser.Delimiter.NONE, self.expression
            )
            op = self._function(name, arguments, at)
        self.parser.parse_punctuation(")")
        return self.emit(op, at)

    def _piecewise(self) -> Operation:
        names: list[str] = []
        for _ in ("values", "starts"):
            at = self.parser.pos
            names.append(self.parser.parse_identifier("a sequence parameter expected"))
            if names[-1] not in self.scope:
                self.parser.raise_error(
                    f"unknown name '{names[-1]}'{did_you_mean(names[-1], self.scope)}", at
                )
            self.parser.parse_punctuation(",")
        values, starts = names
        return PiecewiseOp(values, starts, self.expression(), self.scope[values])

    def _draw(self, name: str) -> Operation:
        stream = self.parser.parse_identifier("the name of a stream expected")
        if name == "uniform":
            return draws.UniformOp(stream, self.float_type or ex.NUMBER)
        self.parser.parse_punctuation(",")
        if name == "standard_gamma":
            return draws.StandardGammaOp(stream, self.expression())
        trials = self.expression()
        self.parser.parse_punctuation(",")
        return draws.BinomialOp(stream, trials, self.expression())

    def _function(self, name: str, arguments: list[SSAValue], at: Position) -> Operation:
        takes = 1 if name in ex.UNARY_FUNCTIONS else 3 if name == "select" else 2
        if len(arguments) != takes:
            self.parser.raise_error(
                f"wrong number of arguments of '{name}'; found {len(arguments)}, expected {takes}",
                at,
            )
        if name == "select":
            return ex.SelectOp(*arguments)
        if name in ex.UNARY_FUNCTIONS:
            return ex.UNARY_FUNCTIONS[name](*arguments)
        return ex.BINARY_FUNCTIONS[name](*arguments)
