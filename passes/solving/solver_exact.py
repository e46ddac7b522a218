"""Exact solution of linear equations with constant coefficients, by propagators.

Over a step the inputs are constant, so x(t + h) = P x(t) + Q u with P, Q from the exponential of
the rate matrix, augmented by a column for each input and one for the constant part (Rotter &
Diesmann 1999, Biol. Cybern. 81:381). The constants are computed once for each parameter set.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

from xdsl.ir import SSAValue

from snnc.ir.dialects import expressions as ex
from snnc.ir.units import divide
from snnc.passes.solving.algebra import Algebra, number
from snnc.passes.solving.equations import System
from snnc.passes.solving.update import HALF, WHOLE, Builder

Duration = Callable[[Algebra], SSAValue]
ONE = "const"
# Of the names of propagators over a step and over half of one.
_PREFIXES = {WHOLE: "P", HALF: "H"}


def advance(builder: Builder, system: System, state: str, part: Fraction = WHOLE) -> SSAValue:
    """Return the value of a linear state after a step, or after a part of one."""

    def duration(algebra: Algebra) -> SSAValue:
        return builder.part(part, algebra)

    prefix = _PREFIXES.get(part, f"P{part.numerator}{part.denominator}")
    closure = system.closure(state)
    inputs = [u for u in system.inputs if any(u in system.linear[s].coefficients for s in closure)]
    constant = any(number(system.linear[s].rest) != 0.0 for s in closure)
    if len(closure) == 1:
        return _single(builder, system, state, inputs, duration, prefix)
    columns = [*closure, *inputs, *([ONE] if constant else [])]
    row = _row(builder, system, closure, columns, duration, prefix)
    algebra = builder.algebra
    terms = [
        factor if column == ONE else algebra.mul(factor, builder.get(column))
        for column, factor in zip(columns, row, strict=True)
    ]
    total = terms[0]
    for term in terms[1:]:
        total = algebra.add(total, term)
    return total


def _single(
    builder: Builder,
    system: System,
    state: str,
    inputs: list[str],
    duration: Duration,
    prefix: str,
) -> SSAValue:
    """Solve x' = a x + b u + c by P = exp(a h) and Q = h exprel(a h)."""
    form = system.linear[state]
    algebra = builder.algebra

    def exponent(into: Algebra) -> SSAValue:
        if state not in form.coefficients:
            return into.const(0.0)
        return into.mul(into.rebuild(form.coefficients[state]), duration(into))

    def weight(into: Algebra, rate: SSAValue) -> SSAValue:
        gain = into.mul(duration(into), into.function(ex.ExprelOp, exponent(into)))
        return into.mul(gain, into.rebuild(rate))

    p = builder.derived(f"{prefix}_{state}", lambda a: a.function(ex.ExpOp, exponent(a)))
    total = algebra.mul(p, builder.get(state))
    for u in inputs:
        q = builder.derived(f"{prefix}_{state}_{u}", lambda a, u=u: weight(a, form.coefficients[u]))
        total = algebra.add(total, algebra.mul(q, builder.get(u)))
    if number(form.rest) != 0.0:
        r = builder.derived(f"{prefix}_{state}_{ONE}", lambda a: weight(a, form.rest))
        total = algebra.add(total, r)
    return total


def _row(
    builder: Builder,
    system: System,
    closure: list[str],
    columns: list[str],
    duration: Duration,
    prefix: str,
) -> list[SSAValue]:
    types = {name: builder.types[name] for name in columns if name != ONE}
    types[ONE] = ex.NUMBER

    def ratio(row: str, column: str) -> ex.Quantity:
        a, b = types[row], types[column]
        assert isinstance(a, ex.Quantity)
        assert isinstance(b, ex.Quantity)
        return ex.quantity(divide(a.exponents, b.exponents))

    def entry(algebra: Algebra, row: str, column: str) -> SSAValue:
        rate = None
        if row in closure:
            form = system.linear[row]
            rate = form.rest if column == ONE else form.coefficients.get(column)
        if rate is None:
            return algebra.const(0.0, ratio(row, column))
        return algebra.mul(algebra.rebuild(rate), duration(algebra))

    state = closure[0]
    return builder.propagator(
        [f"{prefix}_{state}_{column}" for column in columns],
        [ratio(state, column) for column in columns],
        lambda algebra: [entry(algebra, row, column) for row in columns for column in columns],
    )
