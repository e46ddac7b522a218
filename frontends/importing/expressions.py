"""Mathematical expressions of model languages: from text to a small tree, never evaluated.

    or := and ('or' and)*    and := not ('and' not)*    not := 'not' not | compare
    compare := sum (sign sum)?    sum := term (('+'|'-') term)*    term := unary (('*'|'/') unary)*
    unary := ('-'|'+') unary | power    power := atom (('^'|'**') unary)?
    atom := number | name | name '(' or, ... ')' | '(' or ')'

Logic and comparisons are read in the spellings of LEMS and Fortran (``.and.``, ``.gt.``), of C
(``&&``, ``!``) and as words.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

from snnc.ir.diagnostics import Location, ModelError

MAX_LENGTH = 20_000
MAX_DEPTH = 50
MAX_OPERANDS = 200


@dataclass(frozen=True)
class Number:
    """A literal, perhaps with the text of a unit."""

    value: float
    unit: str | None = None


@dataclass(frozen=True)
class Name:
    """A variable."""

    name: str


@dataclass(frozen=True)
class Operation:
    """``+ - * / ^ < <= > >= == != and or``, of two operands, or ``- not`` of one."""

    sign: str
    operands: tuple[Node, ...]


@dataclass(frozen=True)
class Call:
    """A function of arguments."""

    function: str
    arguments: tuple[Node, ...]


Node: TypeAlias = Number | Name | Operation | Call

_TOKEN = re.compile(
    r"\s*(?:(?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)"
    r"|(?P<dotted>\.(?:gt|lt|geq|leq|ge|le|eq|neq|ne|and|or|not)\.)"
    r"|(?P<name>[A-Za-z_][\w:]*(?:\.(?!(?:gt|lt|[gl]eq?|n?eq?|and|or|not)\.)[A-Za-z_]\w*)*)"
    r"|(?P<sign>\*\*|<=|>=|==|!=|&&|\|\||[-+*/^()<>,!&|]))"
)
_SPELLINGS = {
    ".gt.": ">", ".lt.": "<", ".geq.": ">=", ".ge.": ">=", ".leq.": "<=", ".le.": "<=",
    ".eq.": "==", ".neq.": "!=", ".ne.": "!=", ".and.": "and", ".or.": "or", ".not.": "not",
    "&&": "and", "&": "and", "||": "or", "|": "or", "!": "not", "**": "^",
}  # fmt: skip
_WORDS = ("and", "or", "not")
_COMPARISONS = ("<", "<=", ">", ">=", "==", "!=")


def parse_expression(text: str, at: Location | None = None) -> Node:
    """Return the tree of an expression.

    Parameters
    ----------
    text : str
        The expression.
    at : Location, optional
        Where it stands, for errors.

    Raises
    ------
    ModelError
        If the text is not an expression; names the column in it.
    """
    if len(text) > MAX_LENGTH:
        raise ModelError(f"expression of {len(text)} characters; limit {MAX_LENGTH}", at)
    return _Reader(text, at).read()


class _Reader:
    def __init__(self, text: str, at: Location | None) -> None:
        self.text = text
        self.location = at
        self.tokens = list(self._tokens())
        self.next = 0
        self.depth = 0

    def _tokens(self) -> Iterator[tuple[str, str, int]]:
        position, end = 0, len(self.text.rstrip())
        while position < end:
            match = _TOKEN.match(self.text, position)
            if match is None:
                raise self.error("a number, a name or an operator expected", position)
            kind = match.lastgroup or ""
            word = match.group(kind)
            if kind == "dotted" or kind == "sign" or word in _WORDS:
                kind, word = "sign", _SPELLINGS.get(word, word)
            yield kind, word, match.start(match.lastgroup or 0)
            position = match.end()
        yield "end", "", end

    def error(self, what: str, position: int) -> ModelError:
        shown = self.text.strip()
        shown = shown if len(shown) <= 80 else shown[:77] + "..."
        return ModelError(f"column {position + 1}: {what} in '{shown}'", self.location)

    def read(self) -> Node:
        node = self.either()
        kind, word, position = self.tokens[self.next]
        if kind != "end":
            raise self.error(f"unexpected '{word}'", position)
        return node

    def take(self, *signs: str) -> str | None:
        kind, word, _ = self.tokens[self.next]
        if kind == "sign" and word in signs:
            self.next += 1
            return word
        return None

    def chain(self, inner: Callable[[], Node], *signs: str) -> Node:
        node, operands = inner(), 1
        while sign := self.take(*signs):
            operands += 1
            if operands > MAX_OPERANDS:
                position = self.tokens[self.next][2]
                raise self.error(f"more than {MAX_OPERANDS} operands in a row", position)
            node = Operation(sign, (node, inner()))
        return node

    def either(self) -> Node:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise self.error(f"more than {MAX_DEPTH} levels of nesting", self.tokens[self.next][2])
        node = self.chain(self.both, "or")
        self.depth -= 1
        return node

    def both(self) -> Node:
        return self.chain(self.negated, "and")

    def negated(self) -> Node:
        turned = 0
        while self.take("not"):
            turned += 1
        node = self.compared()
        for _ in range(turned):
            node = Operation("not", (node,))
        return node

    def compared(self) -> Node:
        left = self.sum()
        sign = self.take(*_COMPARISONS)
        return Operation(sign, (left, self.sum())) if sign else left

    def sum(self) -> Node:
        return self.chain(self.term, "+", "-")

    def term(self) -> Node:
        return self.chain(self.unary, "*", "/")

    def unary(self) -> Node:
        sign, turned = self.take("-", "+"), False
        while sign:
            turned ^= sign == "-"
            sign = self.take("-", "+")
        node = self.power()
        return Operation("-", (node,)) if turned else node

    def power(self) -> Node:
        base = self.atom()
        if not self.take("^"):
            return base
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise self.error(f"more than {MAX_DEPTH} levels of nesting", self.tokens[self.next][2])
        exponent = self.unary()
        self.depth -= 1
        return Operation("^", (base, exponent))

    def atom(self) -> Node:
        kind, word, position = self.tokens[self.next]
        if self.take("("):
            node = self.either()
            self.expect(")")
            return node
        self.next += 1
        if kind == "number":
            return Number(float(word))
        if kind == "name":
            return self.call(word) if self.take("(") else Name(word)
        raise self.error("an expression expected", position)

    def call(self, function: str) -> Node:
        if self.take(")"):
            return Call(function, ())
        arguments = [self.either()]
        while self.take(","):
            arguments.append(self.either())
        self.expect(")")
        return Call(function, tuple(arguments))

    def expect(self, sign: str) -> None:
        if not self.take(sign):
            raise self.error(f"'{sign}' expected", self.tokens[self.next][2])


def names_in(node: Node) -> Iterator[str]:
    """Yield the names of the variables of an expression, with repetitions."""
    match node:
        case Name():
            yield node.name
        case Operation():
            for operand in node.operands:
                yield from names_in(operand)
        case Call():
            for argument in node.arguments:
                yield from names_in(argument)


def substituted(node: Node, values: Callable[[str], Node | None]) -> Node:
    """Return the expression with names replaced where `values` gives something for them."""
    match node:
        case Name():
            return values(node.name) or node
        case Operation():
            return Operation(node.sign, tuple(substituted(o, values) for o in node.operands))
        case Call():
            return Call(node.function, tuple(substituted(a, values) for a in node.arguments))
        case _:
            return node
