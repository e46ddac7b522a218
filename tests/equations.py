"""The equations of one cell of a document, solved by SciPy: a reference for solvers of any model.

Cells without regimes and arrivals are covered, with constant currents and current in parts of them.
"""

import math
import operator
from itertools import pairwise

import numpy as np
from scipy.integrate import solve_ivp

from snnc.ir.dialects import dyn, snn
from snnc.ir.dialects import expressions as ex
from snnc.passes.solving.equations import aliases_of, inline, system_of

_MEANING = {
    ex.AddOp: operator.add, ex.SubOp: operator.sub, ex.MulOp: operator.mul,
    ex.DivOp: operator.truediv, ex.NegOp: operator.neg, ex.PowOp: operator.pow,
    ex.ExpOp: np.exp, ex.LogOp: np.log, ex.SqrtOp: np.sqrt, ex.SinOp: np.sin, ex.CosOp: np.cos,
    ex.TanhOp: np.tanh, ex.AbsOp: abs, ex.MinOp: min, ex.MaxOp: max,
    ex.ExprelOp: lambda x: math.expm1(x) / x if x else 1.0,
    ex.SelectOp: lambda condition, a, b: a if condition else b,
    ex.AndOp: operator.and_, ex.OrOp: operator.or_, ex.NotOp: operator.not_,
}  # fmt: skip
_COMPARE = {">": operator.gt, ">=": operator.ge, "<": operator.lt, "<=": operator.le,
            "==": operator.eq, "!=": operator.ne}  # fmt: skip


def evaluate(value, names, done):
    """Return the number that an expression has for values of names."""
    if value not in done:
        op = value.owner
        if isinstance(op, ex.ConstOp):
            done[value] = op.number
        elif isinstance(op, ex.GetOp):
            done[value] = names[op.variable.data]
        else:
            operands = [evaluate(operand, names, done) for operand in op.operands]
            meaning = (
                _COMPARE[op.predicate.data] if isinstance(op, ex.CompareOp) else _MEANING[type(op)]
            )
            done[value] = meaning(*operands)
    return done[value]


class Equations:
    """The cell of a population with one cell.

    Parameters
    ----------
    document : Document
        A network as built.
    population : str
        Symbol of the population.
    """

    def __init__(self, document, population):
        ops = list(document.module.body.block.ops)
        network = next(op for op in ops if isinstance(op, snn.NetworkOp))
        inner = list(network.walk())
        own = next(
            op for op in inner if isinstance(op, snn.PopulationOp) and op.symbol == population
        )
        cell = next(op for op in ops if isinstance(op, dyn.CellOp) and op.label == own.model)
        body = list(cell.body.block.ops)
        self.system = system_of(cell, None)
        self.aliases = aliases_of(cell)
        self.values = {}
        for op in body:
            if isinstance(op, dyn.ParamOp) and op.default is not None:
                given = own.parameters.data.get(op.label, op.default)
                self.values[op.label] = given.value.data * op.scale
        self.start = [self._initial(body, name) for name in self.system.states]
        self.events = [op for op in body if isinstance(op, dyn.WhenOp) and op.mode.data == "level"]
        self.currents = [op.label for op in body if isinstance(op, dyn.CurrentOp)]
        self.pulses = [
            {name: value.value.data for name, value in op.parameters.data.items()}
            for op in inner
            if isinstance(op, snn.SourceOp) and population in self._targets(inner, op)
        ]

    @staticmethod
    def _initial(body, name):
        op = next(op for op in body if isinstance(op, dyn.StateOp) and op.label == name)
        return op.initial.value.data * op.scale

    @staticmethod
    def _targets(inner, source):
        views = {op.symbol: op.of for op in inner if isinstance(op, snn.ViewOp)}
        reached = [
            op.target for op in inner if isinstance(op, snn.InjectOp) and op.source == source.symbol
        ]
        return [views.get(target, target) for target in reached]

    def names(self, t, y):
        """Return the values of all names at a time."""
        names = {**self.values, **dict(zip(self.system.states, y, strict=True)), "t": t}
        on = (p["amplitude"] for p in self.pulses if p["start"] <= t < p["stop"])
        return {**names, **dict.fromkeys(self.currents, sum(on))}

    def slopes(self, t, y):
        """Return the derivatives of the states."""
        names, done = self.names(t, y), {}
        return [evaluate(value, names, done) for value in self.system.states.values()]

    def after_events(self, t, y):
        """Return the states after what happens at the end of a step, or None if nothing does."""
        for event in self.events:
            if self._of(event.value, t, y):
                sets = {
                    op.state.data: self._of(op.value, t, y)
                    for op in event.body.block.ops
                    if isinstance(op, dyn.SetOp)
                }
                states = dict(zip(self.system.states, y, strict=True))
                return [{**states, **sets}[name] for name in states]
        return None

    def _of(self, value, t, y):
        return evaluate(inline(self.system.scratch, value, self.aliases), self.names(t, y), {})

    def solve(self, times, dt):
        """Return the first state at times, with events at the ends of steps of `dt`."""
        edges = sorted({0.0, *(p[k] for p in self.pulses for k in ("start", "stop")), times[-1]})
        edges = [edge for edge in edges if 0.0 <= edge <= times[-1]]
        found, y = np.full(len(times), self.start[0]), self.start
        for begin, end in pairwise(edges):
            y = self._between(begin, end, y, times, found, dt)
        return found

    def _between(self, begin, end, y, times, found, dt):
        while begin < end - dt / 2:
            stop, y_stop, solution = self._until_event(begin, end, y, dt)
            inside = (times > begin + dt / 4) & (times < stop + dt / 4)
            if inside.any():
                found[inside] = solution(np.minimum(times[inside], stop))[0]
            after = self.after_events(stop, y_stop)
            if after is not None and inside.any() and abs(times[inside][-1] - stop) < dt / 4:
                found[np.flatnonzero(inside)[-1]] = after[0]
            begin, y = stop, y_stop if after is None else after
        return y

    def _until_event(self, begin, end, y, dt):
        """Integrate to the end of the first step in which the condition of an event holds."""

        def happens(t, y):
            compare = inline(self.system.scratch, self.events[0].value, self.aliases).owner
            names, done = self.names(t, y), {}
            return evaluate(compare.lhs, names, done) - evaluate(compare.rhs, names, done)

        happens.terminal, happens.direction = True, 1.0
        options = {"rtol": 1e-10, "atol": 1e-10, "max_step": 0.5, "method": "LSODA"}
        run = solve_ivp(
            self.slopes, (begin, end), y, dense_output=True,
            events=happens if self.events else None, **options,
        )  # fmt: skip
        stop = run.t[-1]
        if run.status != 1:
            return end, run.y[:, -1], run.sol
        edge = min(np.ceil(stop / dt - 1e-9) * dt, end)
        if edge - stop < 1e-12:
            return edge, run.y[:, -1], run.sol
        rest = solve_ivp(self.slopes, (stop, edge), run.y[:, -1], dense_output=True, **options)

        def solution(t):
            return np.where(t <= stop, run.sol(np.minimum(t, stop)), rest.sol(np.maximum(t, stop)))

        return edge, rest.y[:, -1], solution
