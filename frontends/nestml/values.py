"""Quantities under construction: sums of products, with the unit that NESTML counts them in.

NESTML lets pure numbers stand for quantities and the other way round, in the unit at hand. A
`Value` remembers that unit (`scale`), so that such a change becomes a factor and the IR's rules of
units hold. Constants are computed, and factors that are only units cancel.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from snnc.importing.expressions import Call, Name, Node, Number, Operation
from snnc.ir.diagnostics import UnitError
from snnc.ir.units import DIMENSIONLESS, Exponents, Unit, divide, format_unit, multiply, power


@dataclass(frozen=True)
class Factor:
    """An expression to a whole power."""

    node: Node
    exponents: Exponents
    power: int = 1

    @property
    def dimension(self) -> Exponents:
        """The exponents of the power."""
        return power(self.exponents, self.power)


@dataclass(frozen=True)
class Product:
    """A coefficient, in coherent units, times factors."""

    coefficient: float
    factors: tuple[Factor, ...] = ()

    def times(self, other: Product) -> Product:
        """Return the product; equal factors to opposite powers cancel."""
        factors = list(self.factors)
        for factor in other.factors:
            opposite = Factor(factor.node, factor.exponents, -factor.power)
            if opposite in factors:
                factors.remove(opposite)
            else:
                factors.append(factor)
        total = self.coefficient * other.coefficient
        exact = abs(self.coefficient) == 1.0 or abs(other.coefficient) == 1.0
        return Product(total if exact else _tidy(total), tuple(factors))

    @property
    def dimension(self) -> Exponents:
        """The exponents of the factors together."""
        total = DIMENSIONLESS
        for factor in self.factors:
            total = multiply(total, factor.dimension)
        return total


@dataclass(frozen=True)
class Value:
    """A quantity, or a truth value whose terms are one factor or the constants 0 and 1.

    Attributes
    ----------
    terms : tuple of Product
        What is added up; none is 0.
    exponents : Exponents
        The dimension.
    scale : float
        Coherent units of the unit that NESTML counts it in.
    """

    terms: tuple[Product, ...]
    exponents: Exponents = DIMENSIONLESS
    scale: float = 1.0
    truth: bool = False

    @property
    def constant(self) -> float | None:
        """The value in coherent units, if it is a constant."""
        if any(term.factors for term in self.terms):
            return None
        return sum(term.coefficient for term in self.terms)

    @property
    def node(self) -> Node:
        """The expression, in coherent units."""
        if self.truth and self.constant is not None:
            return Operation("==", (Number(0.0), Number(1.0 - self.constant)))
        if not self.terms:
            return _number(0.0, self.exponents)
        total = _term(self.terms[0], self.exponents)
        for term in self.terms[1:]:
            minus = term.coefficient < 0
            shown = Product(abs(term.coefficient), term.factors)
            total = Operation("-" if minus else "+", (total, _term(shown, self.exponents)))
        return total

    @property
    def unit(self) -> str:
        """The coherent unit as the IR writes it."""
        return format_unit(self.exponents)


def _tidy(number: float) -> float:
    # Units leave powers of ten behind: what is beyond the fifteenth digit is no information.
    return float(f"{number:.15g}")


def _number(value: float, exponents: Exponents) -> Node:
    return Number(value, None if exponents == DIMENSIONLESS else format_unit(exponents))


def _term(product: Product, exponents: Exponents) -> Node:
    own = divide(exponents, product.dimension)
    over = [f for f in product.factors if f.power > 0]
    under = [f for f in product.factors if f.power < 0]
    node: Node | None = None
    if abs(product.coefficient) != 1.0 or own != DIMENSIONLESS or not over:
        node = _number(abs(product.coefficient), own)
    for factor in over:
        shown = _power(factor.node, factor.power)
        node = shown if node is None else Operation("*", (node, shown))
    assert node is not None
    for factor in under:
        node = Operation("/", (node, _power(factor.node, -factor.power)))
    return Operation("-", (node,)) if product.coefficient < 0 else node


def _power(node: Node, n: int) -> Node:
    return node if n == 1 else Operation("^", (node, Number(float(n))))


def number(value: float, unit: Unit | None = None) -> Value:
    """Return a literal."""
    if unit is None:
        return Value((Product(value),) if value else ())
    scale = 1.0 if unit.exponents == DIMENSIONLESS else unit.scale
    terms = (Product(_tidy(value * unit.scale)),) if value else ()
    return Value(terms, unit.exponents, scale)


def variable(node: Node, unit: Unit) -> Value:
    """Return what an expression of this unit stands for."""
    scale = 1.0 if unit.exponents == DIMENSIONLESS else unit.scale
    return Value((Product(1.0, (Factor(node, unit.exponents),)),), unit.exponents, scale)


def truth(node: Node) -> Value:
    """Return a truth value."""
    return Value((Product(1.0, (Factor(node, DIMENSIONLESS),)),), truth=True)


def known(holds: bool) -> Value:
    """Return a constant truth value."""
    return Value((Product(1.0),) if holds else (), truth=True)


def cast(value: Value, exponents: Exponents, scale: float, what: str) -> Value:
    """Return a quantity as one of another unit.

    Raises
    ------
    UnitError
        If the two units are of different dimension and neither is a pure number.
    """
    if value.truth:
        raise UnitError(f"units do not fit in {what}; found a truth value, expected a quantity")
    if value.exponents == exponents:
        return Value(value.terms, exponents, scale if exponents != DIMENSIONLESS else 1.0)
    if value.exponents == DIMENSIONLESS:
        return times(value, Value((Product(scale),), exponents, scale))
    if exponents == DIMENSIONLESS:
        inverse = divide(DIMENSIONLESS, value.exponents)
        plain = times(value, Value((Product(_tidy(1 / value.scale)),), inverse, 1 / value.scale))
        return Value(plain.terms)
    raise UnitError(
        f"units do not fit in {what}; found {value.unit}, expected {format_unit(exponents)}"
    )


def real(value: Value, what: str) -> Value:
    """Return a quantity as a pure number."""
    return cast(value, DIMENSIONLESS, 1.0, what)


def together(left: Value, right: Value, what: str) -> tuple[Value, Value]:
    """Return two quantities in one unit, that of the one that is not a pure number."""
    first = right if left.exponents == DIMENSIONLESS else left
    return (
        cast(left, first.exponents, first.scale, what),
        cast(right, first.exponents, first.scale, what),
    )


def plus(left: Value, right: Value) -> Value:
    """Return a sum."""
    left, right = together(left, right, "'+'")
    terms = list(left.terms)
    for term in right.terms:
        for i, other in enumerate(terms):
            if other.factors == term.factors:
                terms[i] = Product(_tidy(other.coefficient + term.coefficient), term.factors)
                break
        else:
            terms.append(term)
    kept = tuple(term for term in terms if term.coefficient)
    return Value(kept, left.exponents, left.scale)


def negative(value: Value) -> Value:
    """Return the negative."""
    terms = tuple(Product(-term.coefficient, term.factors) for term in value.terms)
    return Value(terms, value.exponents, value.scale)


def times(left: Value, right: Value) -> Value:
    """Return a product; a constant with a unit is taken into a sum, where it may cancel."""
    exponents = multiply(left.exponents, right.exponents)
    scale = left.scale * right.scale if exponents != DIMENSIONLESS else 1.0
    if not left.terms or not right.terms:
        return Value((), exponents, scale)
    if left.constant is not None and right.constant is None:
        left, right = right, left
    constant = right.constant
    if constant is not None and (right.exponents != DIMENSIONLESS or abs(constant) == 1.0):
        terms = tuple(term.times(Product(constant)) for term in left.terms)
    else:
        terms = (_whole(left).times(_whole(right)),)
    return Value(terms, exponents, scale)


def _whole(value: Value) -> Product:
    """Return a value as one product, sums being a factor."""
    if len(value.terms) == 1:
        return value.terms[0]
    return Product(1.0, (Factor(value.node, value.exponents),))


def inverse(value: Value) -> Value:
    """Return the reciprocal."""
    exponents = divide(DIMENSIONLESS, value.exponents)
    scale = 1.0 / value.scale
    if not value.terms:
        # A division by zero is the model's own; the IR computes infinity.
        zero = Product(1.0, (Factor(value.node, value.exponents, -1),))
        return Value((zero,), exponents, scale)
    whole = _whole(value)
    factors = tuple(Factor(f.node, f.exponents, -f.power) for f in whole.factors)
    return Value((Product(_tidy(1.0 / whole.coefficient), factors),), exponents, scale)


def to_whole_power(value: Value, n: int) -> Value:
    """Return a whole power."""
    if n == 0:
        return number(1.0)
    base = _whole(value) if value.terms else Product(0.0)
    factors = tuple(Factor(f.node, f.exponents, f.power * n) for f in base.factors)
    exponents = power(value.exponents, n)
    scale = value.scale**n if exponents != DIMENSIONLESS else 1.0
    if not value.terms:
        return Value((), exponents, scale) if n > 0 else inverse(to_whole_power(value, -n))
    return Value((Product(_tidy(base.coefficient**n), factors),), exponents, scale)


def square_root(value: Value) -> Value:
    """Return the square root.

    Raises
    ------
    UnitError
        If the unit is no square.
    """
    if any(e % 2 for e in value.exponents):
        raise UnitError(f"a root of {value.unit}, which is no square")
    exponents = tuple(e // 2 for e in value.exponents)
    scale = math.sqrt(value.scale)
    if value.constant is not None and value.constant >= 0:
        number = math.sqrt(value.constant)
        return Value((Product(number),) if number else (), exponents, scale)
    return Value(
        (Product(1.0, (Factor(Call("sqrt", (value.node,)), exponents),)),), exponents, scale
    )


_FOLDED: dict[str, Callable[..., float]] = {
    "exp": math.exp, "log": math.log, "log10": math.log10, "sin": math.sin, "cos": math.cos,
    "tan": math.tan, "sinh": math.sinh, "cosh": math.cosh, "tanh": math.tanh, "sqrt": math.sqrt,
    "pow": math.pow, "floor": math.floor, "ceil": math.ceil,
    "round": lambda x: math.floor(x + 0.5),
}  # fmt: skip


def call(function: str, *arguments: Value) -> Value:
    """Return a function of pure numbers, computed where they are constants."""
    constants = [a.constant for a in arguments]
    if all(c is not None for c in constants):
        try:
            return number(_FOLDED[function](*constants))
        except (ValueError, OverflowError):
            pass
    node = Call(function, tuple(a.node for a in arguments))
    return variable(node, Unit(1.0, DIMENSIONLESS))


def extreme(function: str, left: Value, right: Value) -> Value:
    """Return the smaller or the larger of two."""
    left, right = together(left, right, f"'{function}'")
    if left.constant is not None and right.constant is not None:
        best = (
            min(left.constant, right.constant)
            if function == "min"
            else max(left.constant, right.constant)
        )
        return Value((Product(best),) if best else (), left.exponents, left.scale)
    node = Call(function, (left.node, right.node))
    return Value((Product(1.0, (Factor(node, left.exponents),)),), left.exponents, left.scale)


def absolute(value: Value) -> Value:
    """Return the absolute value."""
    if value.constant is not None:
        terms = (Product(abs(value.constant)),) if value.constant else ()
        return Value(terms, value.exponents, value.scale)
    node = Call("abs", (value.node,))
    return Value((Product(1.0, (Factor(node, value.exponents),)),), value.exponents, value.scale)


def name(text: str, unit: Unit) -> Value:
    """Return a variable of this name."""
    return variable(Name(text), unit)
