"""How much targets may differ about a population, and why.

Linear equations with constant coefficients have an exact solution, which targets differ from by
rounding only. Other equations are solved with an error that depends on the solver: a spike near the
threshold may then come a step earlier or later, or not at all, so a few of them may differ. In a
recurrent network one such spike changes all that follows; what can be compared then is what
happened before it, and whether the activity afterwards is that of the same network. The scatter of
networks that differ in their seeds says how much activity may differ.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from snnc.runtime.verify.comparison import Comparison, Mismatch
from snnc.runtime.verify.statistics import Statistics


@dataclass(frozen=True)
class Tolerance:
    """What is allowed for a model.

    Attributes
    ----------
    kind : str
        What the model is, in words.
    matched : float
        Fraction of the spikes that both targets must have within one step.
    potential : float
        Root mean square of the difference of the potentials in mV; and how far from its threshold
        a cell may stay that is the first of a network to miss a spike.
    bias : float
        Fraction by which more spikes may be one step late than early, or early than late.
    """

    kind: str
    matched: float
    potential: float
    bias: float


# At a step of 0.1 ms, solvers of order two and above err by some 0.001 mV on conductance-based
# cells under strong input, those of order one by 0.06 mV. Cells pass their threshold at some 0.01
# to 0.1 mV per step, so the former shift one spike in a hundred by a step, the latter a third.
LINEAR = Tolerance("linear", 0.99, 1e-3, 0.01)
NONLINEAR = Tolerance("nonlinear", 0.99, 0.02, 0.05)
# A spike is at the first step beyond its threshold, so smaller steps make it earlier; the potential
# after it is then that of an earlier reset, and delays are rounded to another grid.
STEPS = Tolerance("differently stepped", 0.75, 0.05, 1.0)
# Beyond the scatter of a few seeds by how much of its mean: they are no sharp bound.
BEYOND = 0.1


def tolerance_of(order: int | None, one: Comparison) -> Tolerance:
    """Return what is allowed for a model whose solver has an order, or None if it is exact."""
    if one.dt_a != one.dt_b:
        return STEPS
    if order is None:
        return LINEAR
    return replace(NONLINEAR, potential=NONLINEAR.potential * one.step / 0.1)


def judged(
    one: Comparison, tolerance: Tolerance, scatter: Sequence[Statistics] | None
) -> Comparison:
    """Return a comparison with the verdict.

    Parameters
    ----------
    one : Comparison
        What was found.
    tolerance : Tolerance
        What is allowed.
    scatter : sequence of Statistics, or None
        Activity of the population for several seeds, where the network is recurrent and coupled.
    """
    reasons: list[str] = []
    remarks: tuple[str, ...] = ()
    if one.convention is None:
        if one.matched[1] < tolerance.matched and scatter is not None:
            outside, remarks = _activity(one, scatter)
            reasons += outside
        elif one.matched[1] < tolerance.matched:
            reasons.append(_too_few(one, tolerance))
        reasons += [*_potentials_apart(one, tolerance), *_far_miss(one, tolerance)]
        reasons += _biased(one, tolerance)
    return replace(one, agrees=not reasons, reasons=tuple(reasons), remarks=remarks)


def judged_by_activity(one: Comparison, scatter: Sequence[Statistics]) -> Comparison:
    """Return a comparison with the verdict about rate and CV alone; see `judged`."""
    reasons, remarks = _activity(one, scatter)
    return replace(one, agrees=not reasons, reasons=reasons, remarks=remarks)


def needs_scatter(one: Comparison, tolerance: Tolerance) -> bool:
    """Return whether the spikes alone do not show that the targets agree."""
    return one.matched[1] < tolerance.matched and one.convention is None


def _too_few(one: Comparison, tolerance: Tolerance) -> str:
    return (
        f"{one.matched[1]:.1%} of the spikes matched within one step; expected at least "
        f"{tolerance.matched:.1%} for {tolerance.kind} cells{_from(one.first_divergence)}"
    )


def _potentials_apart(one: Comparison, tolerance: Tolerance) -> list[str]:
    if not one.v_rms > tolerance.potential:
        return []
    return [
        f"potentials differ by {one.v_rms:.3g} mV outside spikes; expected at most "
        f"{tolerance.potential:.3g} mV for {tolerance.kind} cells{_from(one.first_difference)}"
    ]


def _far_miss(one: Comparison, tolerance: Tolerance) -> list[str]:
    """Judge the first difference of a coupled network: rounding and solvers explain near misses."""
    first = one.first_difference
    if first is None or first.time > one.spreads or not first.margin < -tolerance.potential:
        return []
    return [
        f"the first difference is no near miss: v - v_thresh = {first.margin:.3g} mV; expected "
        f"at least {-tolerance.potential:.3g} mV for {tolerance.kind} cells{_from(first)}"
    ]


def _biased(one: Comparison, tolerance: Tolerance) -> list[str]:
    bias = one.shifts.get(1, 0.0) - one.shifts.get(-1, 0.0)
    if abs(bias) <= tolerance.bias:
        return []
    late = "late" if bias > 0.0 else "early"
    return [
        f"{abs(bias):.0%} of the spikes of {one.b} are one step {late}; a delay, an input or a "
        f"time constant may differ by a step{_from(one.first_difference)}"
    ]


def _from(first: Mismatch | None) -> str:
    return f", from cell {first.cell} at {first.time:g} ms on" if first is not None else ""


def _activity(
    one: Comparison, scatter: Sequence[Statistics]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Compare rate and CV with those of seeds; return what is outside their range, and inside."""
    outside, inside = [], []
    for what in ("rate", "cv"):
        found = getattr(one.statistics_b, what)
        values = [getattr(each, what) for each in (*scatter, one.statistics_a)]
        known = [value for value in values if not math.isnan(value)]
        if math.isnan(found) or not known:
            continue
        slack = BEYOND * sum(known) / len(known)
        seeds = f"seeds give {min(known):.3g} to {max(known):.3g}, give or take {BEYOND:.0%}"
        told = f"{what} {found:.3g} of {one.b} after the first divergence; {seeds}"
        if min(known) - slack <= found <= max(known) + slack:
            inside.append(told)
        else:
            outside.append(told + _from(one.first_divergence))
    return tuple(outside), tuple(inside)
