"""Infix text of expressions inside `dyn` and `syn` operations: its words and its printer.

    expr   := or
    or     := and ('or' and)*          and := not ('and' not)*       not := 'not' not | compare
    compare:= sum (('<'|'<='|'>'|'>='|'==') sum)?
    sum    := term (('+'|'-') term)*   term := unary (('*'|'/') unary)*   unary := '-' unary | atom
    atom   := number ('[' unit ']')? | name | function '(' expr, ... ')' | '(' expr ')'

A region that needs a shared value is written ``{ let x = expr ... yield expr }``.
"""

from __future__ import annotations

from collections.abc import Callable

from xdsl.dialects.builtin import StringAttr
from xdsl.ir import Operation, Region, SSAValue
from xdsl.printer import Printer

from snnc.ir.dialects import draws
from snnc.ir.dialects import expressions as ex
from snnc.ir.dialects.piecewise import PiecewiseOp
from snnc.ir.units import format_unit

DRAWS = ("uniform", "standard_gamma", "binomial")
FUNCTIONS = {*ex.UNARY_FUNCTIONS, *ex.BINARY_FUNCTIONS, *DRAWS, "select", "previous", "piecewise"}
RESERVED = {
    *FUNCTIONS, "and", "or", "not", "let", "yield", "t", "dt", "emit", "goto", "deliver"
}  # fmt: skip


def float_text(number: float) -> str:
    """Return the shortest text that the IR's lexer reads back as `number`."""
    text = repr(float(number))
    if "e" in text and "." not in text:
        text = text.replace("e", ".0e")
    return text


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
