"""Looking through expressions of NESTML, before units are known."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from snnc.importing.expressions import Call, Node, Number, Operation
from snnc.nestml.elements import (
    Assign,
    Declare,
    Emit,
    If,
    Integrate,
    Model,
    Return,
    Statement,
    statements_in,
)

Factors = tuple[tuple[Node, int], ...]
"""Expressions with the powers 1 and -1."""


def parts(node: Node) -> tuple[Node, ...]:
    """Return the operands or arguments."""
    match node:
        case Operation():
            return node.operands
        case Call():
            return node.arguments
    return ()


def walk(node: Node) -> Iterator[Node]:
    """Yield an expression and everything in it."""
    yield node
    for part in parts(node):
        yield from walk(part)


def rebuilt(node: Node, change: Callable[[Node], Node | None]) -> Node:
    """Return an expression with parts replaced where `change` gives something."""
    new = change(node)
    if new is not None:
        return new
    match node:
        case Operation():
            return Operation(node.sign, tuple(rebuilt(o, change) for o in node.operands))
        case Call():
            return Call(node.function, tuple(rebuilt(a, change) for a in node.arguments))
    return node


def in_statement(statement: Statement, change: Callable[[Node], Node]) -> Statement:
    """Return a statement with its expressions changed."""
    match statement:
        case Assign():
            return Assign(statement.name, change(statement.value), statement.place)
        case Declare():
            value = None if statement.value is None else change(statement.value)
            return Declare(statement.name, statement.type, value, statement.place)
        case Emit():
            weight = None if statement.weight is None else change(statement.weight)
            return Emit(weight, statement.place)
        case Return():
            return Return(change(statement.value), statement.place)
        case If():
            branches = tuple(
                (None if c is None else change(c), tuple(in_statement(s, change) for s in body))
                for c, body in statement.branches
            )
            return If(branches, statement.place)
    return statement


def expressions_in(body: tuple[Statement, ...]) -> Iterator[Node]:
    """Yield the expressions of statements."""
    for statement in body:
        match statement:
            case Assign() | Return():
                yield statement.value
            case Declare(value=value) if value is not None:
                yield value
            case Emit(weight=weight) if weight is not None:
                yield weight
            case If():
                for condition, inner in statement.branches:
                    if condition is not None:
                        yield condition
                    yield from expressions_in(inner)
            case Integrate() | Declare() | Emit():
                pass


def in_equations(model: Model) -> Iterator[Node]:
    """Yield the right-hand sides and inline expressions."""
    for equation in model.equations:
        yield equation.value
    for inline in model.inlines.values():
        if inline.value is not None:
            yield inline.value


def in_bodies(model: Model) -> Iterator[Node]:
    """Yield the expressions of the update and of events."""
    for body in model.bodies:
        yield from expressions_in(body)
    for event in model.conditions:
        if event.condition is not None:
            yield event.condition


def summands(node: Node, split: Callable[[Node], bool]) -> Iterator[tuple[int, Factors]]:
    """Yield the terms of a sum with their signs; products with sums that `split` are expanded."""
    match node:
        case Operation(sign="+" | "-", operands=(left, right)):
            yield from summands(left, split)
            for sign, factors in summands(right, split):
                yield (sign if node.sign == "+" else -sign), factors
        case Operation(sign="-", operands=(operand,)):
            for sign, factors in summands(operand, split):
                yield -sign, factors
        case Operation(sign="*", operands=(left, right)):
            for a, over in _side(left, split):
                for b, more in _side(right, split):
                    yield a * b, over + more
        case Operation(sign="/", operands=(left, right)):
            under = tuple((n, -p) for n, p in _flat(right))
            for sign, over in _side(left, split):
                yield sign, over + under
        case _:
            yield 1, ((node, 1),)


def _side(node: Node, split: Callable[[Node], bool]) -> Iterator[tuple[int, Factors]]:
    sums = isinstance(node, Operation) and node.sign in "+-" and len(node.operands) == 2
    if sums and not split(node):
        yield 1, ((node, 1),)
    else:
        yield from summands(node, split)


def _flat(node: Node) -> Factors:
    match node:
        case Operation(sign="*", operands=(left, right)):
            return _flat(left) + _flat(right)
        case Operation(sign="/", operands=(left, right)):
            return _flat(left) + tuple((n, -p) for n, p in _flat(right))
    return ((node, 1),)


def product(sign: int, factors: Factors) -> Node:
    """Return a product as an expression."""
    total: Node = Number(float(sign))
    for node, power in factors:
        total = Operation("*" if power > 0 else "/", (total, node))
    return total


def statements_named(model: Model, name: str) -> list[Assign | Declare]:
    """Return the statements that assign or declare a variable."""
    return [
        s
        for body in model.bodies
        for s in statements_in(body)
        if isinstance(s, Assign | Declare) and s.name == name
    ]
