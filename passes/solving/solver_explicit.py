"""Explicit solvers of the equations that have no exact solution.

Each takes the states that remain and returns their values at the end of the step. States with
exact solutions enter at t, t + dt/2 and t + dt with their exact values; currents and held states
are constant within a step.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from xdsl.ir import Operation, SSAValue

from snnc.ir.diagnostics import UnsupportedError
from snnc.ir.dialects import expressions as ex
from snnc.passes.solving import solver_exact
from snnc.passes.solving.algebra import affine
from snnc.passes.solving.equations import System
from snnc.passes.solving.update import Builder

Values = dict[str, SSAValue]
Solver = Callable[[Builder, System], Values]


def exact_at(builder: Builder, system: System, when: str) -> Values:
    """Return the exactly solved states at the ``"start"``, ``"half"`` or ``"end"`` of the step."""
    if when == "start":
        return {}
    return {s: solver_exact.advance(builder, system, s, half=when == "half") for s in system.linear}


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
    middle = exact_at(builder, system, "half")
    for state in system.remaining:
        if any(state in _neighbours(system, other) for other in system.remaining):
            middle[state] = _exponential(builder, system, state, {}, builder.half())
    return {s: _exponential(builder, system, s, middle, builder.dt()) for s in system.remaining}


def _neighbours(system: System, state: str) -> set[str]:
    from snnc.passes.solving.algebra import reads

    return reads(system.states[state]) - {state}


def _exponential(
    builder: Builder, system: System, state: str, values: Values, duration: SSAValue
) -> SSAValue:
    """Solve x' = a x + b over `duration`: x + h (a x + b) exprel(a h)."""
    form = affine(system.scratch, system.states[state], [state])
    if form is None:
        raise UnsupportedError(
            f"state '{state}' is not linear in itself, as exponential solvers need it; "
            "expected solver rk4, euler or auto"
        )
    algebra, start = builder.algebra, builder.get(state)
    b = evaluate(builder, form.rest, values)
    if state not in form.coefficients:
        return algebra.add(start, algebra.mul(duration, b))
    a = evaluate(builder, form.coefficients[state], values)
    slope = algebra.add(algebra.mul(a, start), b)
    gain = algebra.function(ex.ExprelOp, algebra.mul(a, duration))
    return algebra.add(start, algebra.mul(algebra.mul(duration, slope), gain))


def rk4(builder: Builder, system: System) -> Values:
    """Advance by the classical Runge-Kutta method, order 4."""
    a, names = builder.algebra, system.remaining
    dt, half = builder.dt(), builder.half()
    start = {s: builder.get(s) for s in names}
    exact_half = exact_at(builder, system, "half")
    exact_end = exact_at(builder, system, "end")

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
    "rk4": rk4,
    "euler": euler,
}


def choose(system: System) -> str:
    """Return the default method for the states without an exact solution."""
    for state in system.remaining:
        if affine(system.scratch, system.states[state], [state]) is None:
            return "rk4"
    return "exponential_midpoint"
