"""Building expressions with folding and sharing, and reading them as linear forms."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from xdsl.dialects.builtin import AnyFloat
from xdsl.ir import Attribute, Block, Operation, SSAValue

from snnc.ir.dialects import draws
from snnc.ir.dialects import expressions as ex
from snnc.ir.dialects.piecewise import PiecewiseOp


class Algebra:
    """Appends pure operations to a block, folding constants and sharing equal values.

    Equal expressions become one value, so that what is built needs no further common-subexpression
    elimination.

    Parameters
    ----------
    block : Block
        Receives the operations.
    """

    def __init__(self, block: Block | None = None) -> None:
        self.block = Block() if block is None else block
        self._known: dict[object, SSAValue] = {}

    def emit(self, op: Operation) -> SSAValue:
        """Append `op`, or return the value of an equal operation that is there."""
        key = (op.name, tuple(op.operands), tuple(op.properties.items()), op.results[0].type)
        if key in self._known:
            value = self._known[key]
            op.erase(safe_erase=False)
            return value
        self.block.add_op(op)
        self._known[key] = op.results[0]
        return op.results[0]

    def const(self, number: float, type: Attribute = ex.NUMBER) -> SSAValue:
        """Return a literal."""
        return self.emit(ex.ConstOp(number, type))

    def get(self, name: str, type: Attribute) -> SSAValue:
        """Return the value of a name."""
        return self.emit(ex.GetOp(name, type))

    def add(self, a: SSAValue, b: SSAValue) -> SSAValue:
        """Return a + b."""
        x, y = number(a), number(b)
        if x == 0.0:
            return b
        if y == 0.0:
            return a
        if x is not None and y is not None:
            return self.const(x + y, a.type)
        if isinstance(b.owner, ex.NegOp):
            return self.sub(a, b.owner.operand)
        if isinstance(a.owner, ex.NegOp):
            return self.sub(b, a.owner.operand)
        return self.emit(ex.AddOp(a, b))

    def sub(self, a: SSAValue, b: SSAValue) -> SSAValue:
        """Return a - b."""
        x, y = number(a), number(b)
        if y == 0.0:
            return a
        if x is not None and y is not None:
            return self.const(x - y, a.type)
        if x == 0.0:
            return self.neg(b)
        if isinstance(b.owner, ex.NegOp):
            return self.add(a, b.owner.operand)
        return self.emit(ex.SubOp(a, b))

    def neg(self, a: SSAValue) -> SSAValue:
        """Return -a."""
        x = number(a)
        if x is not None:
            return self.const(-x, a.type)
        if isinstance(a.owner, ex.NegOp):
            return a.owner.operand
        return self.emit(ex.NegOp(a))

    def mul(self, a: SSAValue, b: SSAValue) -> SSAValue:
        """Return a * b."""
        x, y = number(a), number(b)
        type = ex.MulOp.infer(a, b)
        if x == 0.0 or y == 0.0:
            return self.const(0.0, type)
        if x is not None and y is not None:
            return self.const(x * y, type)
        if x == 1.0 and b.type == type:
            return b
        if y == 1.0 and a.type == type:
            return a
        if x == -1.0 and b.type == type:
            return self.neg(b)
        if y == -1.0 and a.type == type:
            return self.neg(a)
        return self.emit(ex.MulOp(a, b))

    def div(self, a: SSAValue, b: SSAValue) -> SSAValue:
        """Return a / b."""
        x, y = number(a), number(b)
        type = ex.DivOp.infer(a, b)
        if x == 0.0:
            return self.const(0.0, type)
        if x is not None and y:
            return self.const(x / y, type)
        if y == 1.0 and a.type == type:
            return a
        return self.emit(ex.DivOp(a, b))

    def select(self, condition: SSAValue, a: SSAValue, b: SSAValue) -> SSAValue:
        """Return a where the condition holds, b elsewhere."""
        return a if a == b else self.emit(ex.SelectOp(condition, a, b))

    def both(self, a: SSAValue | None, b: SSAValue | None) -> SSAValue | None:
        """Return a and b, where None stands for true."""
        if a is None or b is None:
            return a if b is None else b
        return a if a == b else self.emit(ex.AndOp(a, b))

    def function(self, op: type[ex.Unary], a: SSAValue) -> SSAValue:
        """Return a function of one value, folded where the value is a literal."""
        x = number(a)
        folded = None if x is None else fold_function(op, x)
        if folded is None:
            return self.emit(op(a))
        return self.const(folded, op.infer(a))

    def rebuild(
        self,
        value: SSAValue,
        environment: Callable[[Operation], SSAValue | None] = lambda op: None,
        bound: Mapping[SSAValue, SSAValue] | None = None,
    ) -> SSAValue:
        """Copy the expression of `value` into the block.

        Parameters
        ----------
        value : SSAValue
            A value of another region.
        environment : callable
            Gives, for a leaf (a read), the value that stands for it, or None to copy it.
        bound : mapping, optional
            Values that stand for others, such as block arguments.
        """
        return self._rebuild(value, environment, dict(bound or {}))

    def _rebuild(
        self,
        value: SSAValue,
        environment: Callable[[Operation], SSAValue | None],
        done: dict[SSAValue, SSAValue],
    ) -> SSAValue:
        if value in done:
            return done[value]
        op = value.owner
        assert isinstance(op, Operation), "block arguments must be bound"
        replaced = environment(op) if not op.operands else None
        if replaced is None:
            operands = [self._rebuild(operand, environment, done) for operand in op.operands]
            replaced = self.again(op, operands)
        if value.name_hint and not replaced.name_hint:
            replaced.name_hint = value.name_hint
        done[value] = replaced
        return replaced

    def again(self, op: Operation, operands: list[SSAValue]) -> SSAValue:
        """Return the result of `op` applied to other operands, folded."""
        match op:
            case ex.AddOp():
                return self.add(*operands)
            case ex.SubOp():
                return self.sub(*operands)
            case ex.MulOp():
                return self.mul(*operands)
            case ex.DivOp():
                return self.div(*operands)
            case ex.NegOp():
                return self.neg(*operands)
            case ex.SelectOp():
                return self.select(*operands)
            case ex.Unary():
                return self.function(type(op), *operands)
            case ex.CompareOp():
                return self.emit(ex.CompareOp(op.predicate.data, *operands))
            case ex.Binary() | ex.AndOp() | ex.OrOp() | ex.NotOp():
                return self.emit(type(op)(*operands))
            case draws.StandardGammaOp():
                return self.emit(draws.StandardGammaOp(op.stream.data, *operands))
        copy = op.clone()
        copy.operands = operands
        return self.emit(copy)


def number(value: SSAValue) -> float | None:
    """Return the number that `value` is a literal of, or None."""
    return value.owner.number if isinstance(value.owner, ex.ConstOp) else None


_FOLDED: dict[type[ex.Unary], Callable[[float], float]] = {
    ex.ExpOp: math.exp,
    ex.LogOp: math.log,
    ex.SqrtOp: math.sqrt,
    ex.SinOp: math.sin,
    ex.CosOp: math.cos,
    ex.TanhOp: math.tanh,
    ex.FloorOp: math.floor,
    ex.AbsOp: abs,
    ex.ExprelOp: lambda x: math.expm1(x) / x if x else 1.0,
}


def fold_function(op: type[ex.Unary], x: float) -> float | None:
    """Return the function of a literal, or None outside its domain."""
    try:
        result = _FOLDED[op](x)
    except (KeyError, ValueError, OverflowError):
        return None
    return result if math.isfinite(result) else None


def distributed(
    algebra: Algebra,
    factor: SSAValue,
    value: SSAValue,
    constant: Callable[[SSAValue], bool],
) -> SSAValue:
    """Return factor * value with the factor in each term of a sum, constant terms first.

    What is constant in a term can then be computed once together with the factor.

    Parameters
    ----------
    algebra : Algebra
        Where both are, and the product goes.
    factor, value : SSAValue
        What is multiplied; the factor is constant.
    constant : callable
        Tells whether a value is constant.
    """
    terms = list(_terms(algebra, factor, value, constant))
    terms.sort(key=lambda term: not constant(term))
    total, *others = terms
    for term in others:
        total = algebra.add(total, term)
    return total


def _terms(
    algebra: Algebra,
    factor: SSAValue,
    value: SSAValue,
    constant: Callable[[SSAValue], bool],
) -> Iterator[SSAValue]:
    """Yield the terms of factor * value."""
    op = value.owner
    match op:
        case ex.AddOp():
            yield from _terms(algebra, factor, op.lhs, constant)
            yield from _terms(algebra, factor, op.rhs, constant)
        case ex.SubOp():
            yield from _terms(algebra, factor, op.lhs, constant)
            yield from map(algebra.neg, _terms(algebra, factor, op.rhs, constant))
        case ex.NegOp():
            yield from map(algebra.neg, _terms(algebra, factor, op.operand, constant))
        case ex.MulOp() if constant(op.rhs):
            yield from _terms(algebra, algebra.mul(factor, op.rhs), op.lhs, constant)
        case ex.MulOp() if constant(op.lhs):
            yield from _terms(algebra, algebra.mul(factor, op.lhs), op.rhs, constant)
        case ex.DivOp() if constant(op.rhs):
            yield from _terms(algebra, algebra.div(factor, op.rhs), op.lhs, constant)
        case _:
            yield algebra.mul(factor, value)


def reads(value: SSAValue) -> set[str]:
    """Return the names that the expression of `value` reads."""
    names: set[str] = set()
    pending, seen = [value], set()
    while pending:
        op = pending.pop().owner
        if not isinstance(op, Operation) or op in seen:
            continue
        seen.add(op)
        if isinstance(op, ex.GetOp | ex.PreviousOp):
            names.add(op.variable.data)
        if isinstance(op, PiecewiseOp):
            # A table is no number that follows from parameters, wherever it is read.
            names.add("t")
        pending.extend(op.operands)
    return names


@dataclass
class Affine:
    """A value as sum of coefficients times names, and a rest; coefficients read none of them."""

    coefficients: dict[str, SSAValue]
    rest: SSAValue


class NotAffineError(Exception):
    """The value depends on the names otherwise than linearly."""


def affine(algebra: Algebra, value: SSAValue, names: Iterable[str]) -> Affine | None:
    """Return `value` (of the algebra's block) as a linear form in `names`, or None."""
    try:
        return _Linear(algebra, frozenset(names)).form(value)
    except NotAffineError:
        return None


class _Linear:
    def __init__(self, algebra: Algebra, names: frozenset[str]) -> None:
        self.algebra = algebra
        self.names = names

    def form(self, value: SSAValue) -> Affine:
        if not (reads(value) & self.names):
            return Affine({}, value)
        match value.owner:
            case ex.GetOp(variable=variable):
                one = self.algebra.const(1.0, _one_like(value))
                return Affine({variable.data: one}, self.algebra.const(0.0, value.type))
            case ex.AddOp(lhs=lhs, rhs=rhs):
                return self._sum(self.form(lhs), self.form(rhs))
            case ex.SubOp(lhs=lhs, rhs=rhs):
                return self._sum(self.form(lhs), self._map(self.form(rhs), self.algebra.neg))
            case ex.NegOp(operand=operand):
                return self._map(self.form(operand), self.algebra.neg)
            case ex.MulOp(lhs=lhs, rhs=rhs):
                left, right = self.form(lhs), self.form(rhs)
                if left.coefficients and right.coefficients:
                    raise NotAffineError
                if left.coefficients:
                    return self._map(left, lambda c: self.algebra.mul(c, right.rest))
                return self._map(right, lambda c: self.algebra.mul(left.rest, c))
            case ex.DivOp(lhs=lhs, rhs=rhs):
                below = self.form(rhs)
                if below.coefficients:
                    raise NotAffineError
                return self._map(self.form(lhs), lambda c: self.algebra.div(c, below.rest))
        raise NotAffineError

    def _sum(self, a: Affine, b: Affine) -> Affine:
        coefficients = dict(a.coefficients)
        for name, c in b.coefficients.items():
            coefficients[name] = (
                self.algebra.add(coefficients[name], c) if name in coefficients else c
            )
        return Affine(coefficients, self.algebra.add(a.rest, b.rest))

    @staticmethod
    def _map(form: Affine, f: Callable[[SSAValue], SSAValue]) -> Affine:
        return Affine({n: f(c) for n, c in form.coefficients.items()}, f(form.rest))


def _one_like(value: SSAValue) -> Attribute:
    return value.type if isinstance(value.type, AnyFloat) else ex.NUMBER
