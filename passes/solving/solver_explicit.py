"""Explicit solvers of the equations that have no exact solution.

Each takes the states that remain and returns their values at the end of the step. States with
exact solutions enter at t, t + dt/2 and t + dt with their exact values; currents and held states
are constant within a step.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction

from xdsl.ir import Operation, SSAValue

from snnc.ir.diagnostics import UnsupportedError
from snnc.ir.dialects import expressions as ex
from snnc.passes.solving import solver_exact
from snnc.passes.solving.algebra import Algebra, affine, distributed, reads
from snnc.passes.solving.equations import System
from snnc.passes.solving.update import HALF, WHOLE, Builder

Values = dict[str, SSAValue]
Solver = Callable[[Builder, System], Values]


def exact_after(builder: Builder, system: System, part: Fraction) -> Values:
    """Return the exactly solved states after a part of the step."""
    return {s: solver_exact.advance(builder, system, s, part) for s in system.linear}


def evaluate(builder: Builder, value: SSAValue, values: Mapping[str, SSAValue]) -> SSAValue:
    """Copy `value` into the update, with the given values for names, else those at the start."""

    def read(op: Operation) -> SSAValue | None:
        return values.get(op.variable.data) if isinstance(op, ex.GetOp) else None

    return builder.algebra.rebuild(value, read)


def euler(builder: Builder, system: System) -> Values:
    """Advance by forward Euler, order 1."""
    a = builder.algebra
    return {
        s: a.add(builder.get(s), a.mul(builder.dt(), evaluate(builder, system.states[s], {})))
        for s in system.remaining
    }


def exponential_euler(builder: Builder, system: System) -> Values:
    """Advance each state exactly with all others frozen at the start (Rush-Larsen), order 1."""
    return {s: _exponential(builder, system, s, {}, builder.dt()) for s in system.remaining}


def exponential_midpoint(builder: Builder, system: System) -> Values:
    """Advance each state exactly with all others frozen at the middle of the step, order 2.

    The middle is exact for the states that have an exact solution, and half a step of exponential
    Euler for the others (second-order Rush-Larsen, Perego & Veneziani 2009).
    """
    middle = exact_after(builder, system, HALF)
    for state in system.remaining:
        if any(state in _neighbours(system, other) for other in system.remaining):
            middle[state] = _exponential(builder, system, state, {}, builder.part(HALF))
    return {s: _exponential(builder, system, s, middle, builder.dt()) for s in system.remaining}


def _neighbours(system: System, state: str) -> set[str]:
    return reads(system.states[state]) - {state}


def _exponential(
    builder: Builder, system: System, state: str, values: Values, duration: SSAValue
) -> SSAValue:
    """Solve x' = a x + b over `duration`: x + (a h x + b h) exprel(a h).

    The duration goes into the terms of a and b: what is constant in them is computed beforehand.
    """
    algebra, start = builder.algebra, builder.get(state)
    a, b = _frozen(builder, system, state, values)
    gained = distributed(algebra, duration, b, system.is_constant)
    if a is None:
        return algebra.add(start, gained)
    z = distributed(algebra, duration, a, system.is_constant)
    change = algebra.add(algebra.mul(z, start), gained)
    return algebra.add(start, algebra.mul(change, algebra.function(ex.ExprelOp, z)))


def _frozen(
    builder: Builder, system: System, state: str, values: Values
) -> tuple[SSAValue | None, SSAValue]:
    """Return a, None for 0, and b of x' = a x + b with all other states frozen."""
    form = affine(system.scratch, system.states[state], [state])
    if form is None:
        raise UnsupportedError(
            f"state '{state}' is not linear in itself, as exponential solvers need it; "
            "expected solver rk4, euler or auto"
        )
    a = form.coefficients.get(state)
    return (
        None if a is None else evaluate(builder, a, values),
        evaluate(builder, form.rest, values),
    )


def extrapolated_splitting(builder: Builder, system: System) -> Values:
    """Advance by symmetric splittings whose errors of second order cancel, order 4.

    A splitting advances groups of states in turn, each with all others frozen, and back again
    (Strang 1968). Being symmetric it errs in even powers of the step, so of S1, one of dt, and S2,
    two of dt/2, the sum S2 + (S2 - S1)/3 errs in the fourth (Richardson extrapolation). Each state
    is advanced by the Pade approximant (3, 3) of the exponential, which is symmetric too, of order
    6, and stable however fast the state relaxes, as it does in a Hodgkin-Huxley spike.
    """
    return _extrapolated(builder, system, 1, 2)


def fine_splitting(builder: Builder, system: System) -> Values:
    """Advance like `extrapolated_splitting` by S2 and S3, order 4 with a ninth of the error.

    It takes nearly twice as long. At steps of 0.1 ms a Hodgkin-Huxley spike needs it: potentials
    are within 0.05 mV of an exact solution, where the other is 0.2 mV off.
    """
    return _extrapolated(builder, system, 2, 3)


def _extrapolated(builder: Builder, system: System, few: int, many: int) -> Values:
    """Return what splittings into few and many parts of the step give in the limit of many."""
    a, groups = builder.algebra, _groups(system)
    coarse, fine = (_splitting(builder, system, groups, count) for count in (few, many))
    gain = a.const(few**2 / (many**2 - few**2))
    return {s: a.add(fine[s], a.mul(gain, a.sub(fine[s], coarse[s]))) for s in system.remaining}


def _groups(system: System) -> list[list[str]]:
    """Return the states in groups that do not read one another, the largest last.

    Time, and so the states with exact solutions, advances with the last group: where that reads
    them, an empty one follows it.
    """
    groups: list[list[str]] = []
    for state in system.remaining:
        last = groups[-1] if groups else []
        if not last or any(_couple(system, state, other) for other in last):
            groups.append([])
        groups[-1].append(state)
    groups.sort(key=len)
    timed = any(_neighbours(system, state) & set(system.linear) for state in groups[-1])
    return [*groups, []] if timed else groups


def _couple(system: System, one: str, other: str) -> bool:
    return one in _neighbours(system, other) or other in _neighbours(system, one)


def _splitting(builder: Builder, system: System, groups: list[list[str]], count: int) -> Values:
    """Return the states after so many equal symmetric splittings."""
    a = builder.algebra
    *outer, last = groups
    there = [(group, 0.5) for group in outer]
    moved: Values = {}
    exact: Values = {}
    passed = 0
    for group, part in _merged([*there, (last, 1.0), *reversed(there)] * count):
        duration = a.mul(a.const(part / count), builder.dt())
        values = {**exact, **moved}
        for s in group:
            start = moved.get(s) or builder.get(s)
            moved[s] = _relaxed(builder, system, s, values, duration, start)
        if group is last:
            passed += 1
            exact = exact_after(builder, system, Fraction(passed, count))
    return moved


def _relaxed(
    builder: Builder,
    system: System,
    state: str,
    values: Values,
    duration: SSAValue,
    start: SSAValue,
) -> SSAValue:
    """Solve x' = a x + b over `duration` from `start` with an approximant of the exponential.

    The duration stays outside a and b: parts of the step would multiply their constants.
    """
    algebra = builder.algebra
    a, b = _frozen(builder, system, state, values)
    if a is None:
        return algebra.add(start, algebra.mul(duration, b))
    slope = algebra.add(algebra.mul(a, start), b)
    gain = _pade(algebra, algebra.mul(a, duration))
    return algebra.add(start, algebra.mul(algebra.mul(duration, slope), gain))


def _pade(algebra: Algebra, z: SSAValue) -> SSAValue:
    """Return exprel(z) = (e^z - 1)/z for the Pade approximant (3, 3) of e^z.

    That is c/(d - c z/2) with c = 1 + z^2/60 and d = 1 + z^2/10.
    """
    a, one = algebra, algebra.const(1.0)
    square = a.mul(z, z)
    c = a.add(one, a.mul(a.const(1.0 / 60.0), square))
    d = a.add(one, a.mul(a.const(0.1), square))
    return a.div(c, a.sub(d, a.mul(c, a.mul(a.const(0.5), z))))


def _merged(turns: list[tuple[list[str], float]]) -> list[tuple[list[str], float]]:
    """Return turns with successive ones of one group taken together."""
    merged: list[tuple[list[str], float]] = []
    for group, part in turns:
        if merged and merged[-1][0] is group:
            part += merged.pop()[1]
        merged.append((group, part))
    return merged


def rk4(builder: Builder, system: System) -> Values:
    """Advance by the classical Runge-Kutta method, order 4."""
    a, names = builder.algebra, system.remaining
    dt, half = builder.dt(), builder.part(HALF)
    start = {s: builder.get(s) for s in names}
    exact_half = exact_after(builder, system, HALF)
    exact_end = exact_after(builder, system, WHOLE)

    def stage(slopes: Values | None, h: SSAValue | None, exact: Values) -> Values:
        values = dict(exact)
        for s in names:
            moved = start[s]
            if slopes is not None and h is not None:
                moved = a.add(moved, a.mul(h, slopes[s]))
            values[s] = moved
        return {s: evaluate(builder, system.states[s], values) for s in names}

    k1 = stage(None, None, {})
    k2 = stage(k1, half, exact_half)
    k3 = stage(k2, half, exact_half)
    k4 = stage(k3, dt, exact_end)
    sixth = a.mul(a.const(1.0 / 6.0), dt)
    two = a.const(2.0)
    result = {}
    for s in names:
        middle = a.mul(two, a.add(k2[s], k3[s]))
        result[s] = a.add(start[s], a.mul(sixth, a.add(a.add(k1[s], middle), k4[s])))
    return result


SOLVERS: dict[str, Solver] = {
    "exponential_midpoint": exponential_midpoint,
    "exponential_euler": exponential_euler,
    "extrapolated_splitting": extrapolated_splitting,
    "fine_splitting": fine_splitting,
    "rk4": rk4,
    "euler": euler,
}


def choose(system: System) -> str:
    """Return the default method for the states without an exact solution.

    The midpoint rule is too coarse where the rate at which a state relaxes depends on a state that
    depends on it in turn, as those of gating variables and of the potential do.
    """
    rates = {}
    for state in system.remaining:
        form = affine(system.scratch, system.states[state], [state])
        if form is None:
            return "rk4"
        rates[state] = reads(form.coefficients[state]) if state in form.coefficients else set()
    gated = any(
        other in rates and state in _neighbours(system, other)
        for state in rates
        for other in rates[state] - {state}
    )
    return "fine_splitting" if gated else "exponential_midpoint"
