"""Infix text of expressions inside `dyn` and `syn` operations: parser and printer.

    expr   := or
    or     := and ('or' and)*          and := not ('and' not)*       not := 'not' not | compare
    compare:= sum (('<'|'<='|'>'|'>='|'==') sum)?
    sum    := term (('+'|'-') term)*   term := unary (('*'|'/') unary)*   unary := '-' unary | atom
    atom   := number ('[' unit ']')? | name | function '(' expr, ... ')' | '(' expr ')'

A region that needs a shared value is written ``{ let x = expr ... yield expr }``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from xdsl.dialects.builtin import FileLineColLoc, StringAttr
from xdsl.ir import Attribute, Block, Operation, Region, SSAValue
from xdsl.parser import Parser
from xdsl.printer import Printer
from xdsl.utils.lexer import Position

from snnc.ir.diagnostics import UnitError, did_you_mean
from snnc.ir.dialects import draws
from snnc.ir.dialects import expressions as ex
from snnc.ir.dialects.piecewise import PiecewiseOp
from snnc.ir.locations import parser_location
from snnc.ir.units import format_unit, parse_unit

DRAWS = ("uniform", "standard_gamma", "binomial")
FUNCTIONS = {*ex.UNARY_FUNCTIONS, *ex.BINARY_FUNCTIONS, *DRAWS, "select", "previous", "piecewise"}
RESERVED = {
    *FUNCTIONS, "and", "or", "not", "let", "yield", "t", "dt", "emit", "goto", "deliver"
}  # fmt: skip
Scope = Mapping[str, Attribute]
Leaves = Mapping[str, Callable[[str], Operation]]


def float_text(number: float) -> str:
    """Return the shortest text that the IR's lexer reads back as `number`."""
    text = repr(float(number))
    if "e" in text and "." not in text:
        text = text.replace("e", ".0e")
    return text


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
        from snnc.ir.dialects.dyn import YieldOp

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


_OR, _AND, _NOT, _COMPARE, _SUM, _TERM, _UNARY, _ATOM = range(8)
_INFIX: dict[type[Operation], tuple[str, int]] = {
    ex.OrOp: ("or", _OR),
    ex.AndOp: ("and", _AND),
    ex.AddOp: ("+", _SUM),
    ex.SubOp: ("-", _SUM),
    ex.MulOp: ("*", _TERM),
    ex.DivOp: ("/", _TERM),
}


class ExpressionPrinter:
    """Text of the values of one region, with names for those used more than once.

    Parameters
    ----------
    printer : Printer
        Receives the text.
    taken : callable
        Tells whether a name already means something else.
    """

    def __init__(self, printer: Printer, taken: Callable[[str], bool]) -> None:
        self.printer = printer
        self.taken = taken
        self.names: dict[SSAValue, str] = {}

    def region(self, region: Region) -> None:
        """Print a region that yields: as one expression where no value is shared."""
        *ops, last = region.block.ops
        if any(self.needs_name(op) for op in ops):
            self.printer.print_string("{ ")
            for op in ops:
                if self.needs_name(op):
                    self.let(op)
                    self.printer.print_string(" ")
            self.printer.print_string(f"yield {self.text(last.operands[0])} }}")
        else:
            self.printer.print_string(self.text(last.operands[0]))

    @staticmethod
    def needs_name(op: Operation) -> bool:
        """Tell whether `op` is printed as a ``let``: a value that is named, shared or unused."""
        if not op.operands or not op.results:
            return False
        return op.results[0].name_hint is not None or not op.results[0].has_one_use()

    def let(self, op: Operation) -> None:
        """Print ``let name = expr`` for the result of `op`."""
        text = self.text(op.results[0])
        self.printer.print_string(f"let {self.bind(op.results[0], 'x')} = {text}")

    def bind(self, value: SSAValue, hint: str) -> str:
        """Give `value` a name, near its own or else `hint`, and return it."""
        self.names[value] = self._fresh(value.name_hint or hint)
        return self.names[value]

    def _fresh(self, hint: str) -> str:
        used, name, n = set(self.names.values()), hint, 0
        while name in used or name in RESERVED or self.taken(name):
            name, n = f"{hint}_{n}", n + 1
        return name

    def text(self, value: SSAValue, outer: int = _OR) -> str:
        """Return the text of `value` in a context that binds as tightly as `outer`."""
        if value in self.names:
            return self.names[value]
        op = value.owner
        assert isinstance(op, Operation)
        text, level = self._operation(op)
        return f"({text})" if level < outer else text

    def _operation(self, op: Operation) -> tuple[str, int]:
        if type(op) in _INFIX:
            sign, level = _INFIX[type(op)]
            left = self.text(op.operands[0], level)
            return f"{left} {sign} {self.text(op.operands[1], level + 1)}", level
        match op:
            case ex.ConstOp():
                return self._constant(op)
            case ex.GetOp():
                return op.variable.data, _ATOM
            case ex.PreviousOp():
                return f"previous({op.variable.data})", _ATOM
            case ex.Expression() if not op.operands:
                (name,) = op.properties.values()
                assert isinstance(name, StringAttr)
                return f"{op.name.split('.')[-1]}({name.data})", _ATOM
            case PiecewiseOp():
                return f"piecewise({op.values.data}, {op.starts.data}, {self.text(op.x)})", _ATOM
            case draws.StandardGammaOp():
                return f"standard_gamma({op.stream.data}, {self.text(op.shape)})", _ATOM
            case draws.BinomialOp():
                trials, probability = self.text(op.n), self.text(op.p)
                return f"binomial({op.stream.data}, {trials}, {probability})", _ATOM
            case ex.NegOp():
                operand = self.text(op.operand, _UNARY + 1)
                # A sign before a literal would be read as the literal's own.
                literal = isinstance(op.operand.owner, ex.ConstOp) and operand[0] != "("
                return f"-({operand})" if literal else f"-{operand}", _UNARY
            case ex.NotOp():
                return f"not {self.text(op.operand, _NOT)}", _NOT
            case ex.CompareOp():
                left, right = self.text(op.lhs, _SUM), self.text(op.rhs, _SUM)
                return f"{left} {op.predicate.data} {right}", _COMPARE
        arguments = ", ".join(self.text(operand) for operand in op.operands)
        return f"{op.name.split('.')[-1]}({arguments})", _ATOM

    def _constant(self, op: ex.ConstOp) -> tuple[str, int]:
        unit = format_unit(ex.exponents_of(op.result))
        text = float_text(op.number)
        level = _UNARY if text.startswith("-") else _ATOM
        return (text if unit == "1" else f"{text} [{unit}]"), level
