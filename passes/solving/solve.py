"""`solve`: from equations (`dyn.cell`) to one step of dt with the solver chosen (`step.cell`)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Attribute, Block, Operation, Region, SSAValue
from xdsl.passes import ModulePass

from snnc.ir.diagnostics import OptionError, SnncError, did_you_mean
from snnc.ir.dialects import dyn, step
from snnc.ir.dialects import expressions as ex
from snnc.ir.locations import location_of
from snnc.passes.solving import solver_exact
from snnc.passes.solving.algebra import Algebra
from snnc.passes.solving.cleanup import tidy
from snnc.passes.solving.equations import System, aliases_of, inline, system_of
from snnc.passes.solving.solver_explicit import SOLVERS, choose
from snnc.passes.solving.update import Builder


@dataclass(frozen=True)
class SolvePass(ModulePass):
    """Choose a solver for every state and write each cell as one step of dt.

    Linear equations with constant coefficients are solved exactly; the remaining ones by the
    exponential midpoint rule (order 2) where each is linear in itself, by a fine splitting (order
    4) where moreover a rate depends on a state that its state drives, else by RK4 (order 4).
    `method` overrides the choice for what has no exact solution; `overrides` does it for single
    models, as ``"Izhikevich=euler,AdExp=rk4"``.
    """

    name = "solve"

    method: str = "auto"
    overrides: str = ""

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        """Replace every ``dyn.cell`` of the module."""
        overrides = _parse_overrides(self.overrides)
        _check_method(self.method)
        for cell in list(op.body.block.ops):
            if isinstance(cell, dyn.CellOp):
                method = overrides.get(cell.label, self.method)
                solved = solve_cell(cell, method)
                op.body.block.insert_op_before(solved, cell)
                cell.detach()
                cell.erase()


def _parse_overrides(text: str) -> dict[str, str]:
    overrides = {}
    for item in filter(None, text.split(",")):
        model, equals, method = item.partition("=")
        if not equals:
            raise OptionError(f"malformed solver override; found '{item}', expected MODEL=METHOD")
        _check_method(method.strip())
        overrides[model.strip()] = method.strip()
    return overrides


def _check_method(method: str) -> None:
    if method != "auto" and method not in SOLVERS:
        known = ["auto", *SOLVERS]
        raise OptionError(f"unknown solver '{method}'{did_you_mean(method, known)}")


def solve_cell(cell: dyn.CellOp, method: str) -> step.CellOp:
    """Return the solved form of `cell`."""
    try:
        return _CellSolver(cell, method).solve()
    except SnncError as error:
        if error.location is None:
            raise type(error)(f"@{cell.label}: {error.message}", location_of(cell)) from error
        raise


class _CellSolver:
    def __init__(self, cell: dyn.CellOp, method: str) -> None:
        self.cell = cell
        self.method = method
        self.ops = list(cell.body.block.ops)
        self.regimes: list[dyn.RegimeOp] = [o for o in self.ops if isinstance(o, dyn.RegimeOp)]
        self.states = [op for op in self.ops if isinstance(op, dyn.StateOp)]
        self.builder = Builder(_types(self.ops))
        self.algebra = self.builder.algebra
        self.solved: list[step.SolvedOp] = []
        self.steps: list[step.StepsOp] = []
        self.values: dict[str, SSAValue] = {}
        self.effects: list[Operation] = []

    def solve(self) -> step.CellOp:
        kept = (dyn.ParamOp, dyn.StateOp, dyn.ReceptorOp, dyn.CurrentOp, dyn.ScheduleOp)
        declarations = [op.clone() for op in self.ops if isinstance(op, kept)]
        source = next((op for op in self.ops if isinstance(op, dyn.PoissonOp)), None)
        if source is not None:
            self._count(source)
        else:
            self._advance()
            self._receive()
            self._test()
        body = [*declarations, *self.solved, *self.builder.constants, *self.steps]
        update = self._update()
        if update is not None:
            body.append(update)
        names = [r.label for r in self.regimes]
        solved = step.CellOp(self.cell.label, names, Region(Block(body)))
        solved.location = self.cell.location
        return solved

    def _count(self, source: dyn.PoissonOp) -> None:
        rate = inline(self.algebra, source.value, aliases_of(self.cell))
        self.effects.append(step.CountOp(self.algebra.mul(rate, self.builder.dt())))

    def _advance(self) -> None:
        """Compute the states at the end of the step, before arrivals."""
        systems = [system_of(self.cell, r) for r in self.regimes or [None]]
        results = [self._solve_system(system) for system in systems]
        for op in self.states:
            value = results[0].get(op.label, self.builder.get(op.label))
            for system, result in zip(systems[1:], results[1:], strict=True):
                other = result.get(op.label, self.builder.get(op.label))
                if other != value:
                    inside = self._inside(system.regime)
                    assert inside is not None
                    value = self.algebra.select(inside, other, value)
            self._assign(op.label, value, "next")
        self._report(systems)

    def _solve_system(self, system: System) -> dict[str, SSAValue]:
        values = {s: solver_exact.advance(self.builder, system, s) for s in system.linear}
        if system.remaining:
            values |= SOLVERS[self._method(system)](self.builder, system)
        return values

    def _method(self, system: System) -> str:
        return choose(system) if self.method == "auto" else self.method

    def _report(self, systems: list[System]) -> None:
        for system in systems:
            if system.linear:
                self._report_one(list(system.linear), "exact", system, systems)
            if system.remaining:
                self._report_one(system.remaining, self._method(system), system, systems)

    def _report_one(
        self, states: list[str], method: str, system: System, systems: list[System]
    ) -> None:
        regime = system.regime if len(systems) > 1 else None
        self.solved.append(step.SolvedOp(states, method, regime))

    def _inside(self, regime: str | None) -> SSAValue | None:
        """Return the condition of being in `regime`; None where it always holds."""
        if regime is None or len(self.regimes) == 1:
            return None
        return self.algebra.emit(step.InOp(regime))

    def _assign(self, state: str, value: SSAValue, suffix: str = "") -> None:
        if suffix and value.name_hint in (None, state) and value != self.builder.get(state):
            value.name_hint = f"{state}_{suffix}"
        self.values[state] = value

    def _receive(self) -> None:
        """Add the arrivals stamped with the end of the step."""
        for op in self.ops:
            if isinstance(op, dyn.OnOp):
                self._react(op, None)
        for regime in self.regimes:
            for op in regime.body.block.ops:
                if isinstance(op, dyn.OnOp):
                    self._react(op, self._inside(regime.label))

    def _react(self, op: dyn.OnOp, inside: SSAValue | None) -> None:
        weight = op.body.block.args[0]
        arrivals = self.algebra.emit(step.ArrivalsOp(op.receptor.data, weight.type))
        self._run_body(op.body.block, inside, {weight: arrivals})

    def _run_body(
        self,
        block: Block,
        condition: SSAValue | None,
        bound: Mapping[SSAValue, SSAValue] | None = None,
    ) -> None:
        """Assign what an event sets, all from the values before it."""
        before = dict(self.values)
        for op in block.ops:
            if isinstance(op, dyn.SetOp):
                name = op.state.data
                value = self._evaluate(op.value, before, bound)
                if condition is not None:
                    value = self.algebra.select(condition, value, before[name])
                self._assign(name, value)

    def _evaluate(
        self,
        value: SSAValue,
        values: Mapping[str, SSAValue],
        bound: Mapping[SSAValue, SSAValue] | None = None,
    ) -> SSAValue:
        aliases = aliases_of(self.cell)

        def read(op: Operation) -> SSAValue | None:
            if isinstance(op, ex.PreviousOp):
                return self.builder.get(op.variable.data)
            if not isinstance(op, ex.GetOp):
                return None
            name = op.variable.data
            if name in aliases:
                return self._evaluate(aliases[name], values)
            return values.get(name)

        return self.algebra.rebuild(value, read, bound)

    def _test(self) -> None:
        """Test the conditions of events, and apply those that occur."""
        for op in self.ops:
            if isinstance(op, dyn.WhenOp):
                self._when(op, None)
        for regime in self.regimes:
            inside = self._inside(regime.label)
            for op in regime.body.block.ops:
                if isinstance(op, dyn.WhenOp):
                    self._when(op, inside)
                elif isinstance(op, dyn.AfterOp):
                    self._after(op, regime)

    def _when(self, op: dyn.WhenOp, inside: SSAValue | None) -> None:
        condition = self._evaluate(op.value, self.values)
        if op.mode.data == "rising":
            start = {s.label: self.builder.get(s.label) for s in self.states}
            before = self._evaluate(op.value, start)
            condition = self.algebra.emit(ex.AndOp(condition, self.algebra.emit(ex.NotOp(before))))
        self._happen(op.body.block, self.algebra.both(inside, condition) or condition)

    def _after(self, op: dyn.AfterOp, regime: dyn.RegimeOp) -> None:
        inner = Algebra()
        duration = inline(inner, op.value, aliases_of(self.cell))
        inner.block.add_op(dyn.YieldOp(duration))
        self.steps.append(step.StepsOp(regime.label, Region(inner.block)))
        self._happen(op.body.block, self.algebra.emit(step.ElapsedOp(regime.label)))

    def _happen(self, block: Block, condition: SSAValue) -> None:
        self._run_body(block, condition)
        for op in block.ops:
            if isinstance(op, dyn.EmitOp):
                self.effects.append(step.FireOp(condition))
            elif isinstance(op, dyn.GotoOp):
                self.effects.append(step.EnterOp(op.regime.data, condition))

    def _update(self) -> step.UpdateOp | None:
        block = self.algebra.block
        for name, value in self.values.items():
            if value != self.builder.get(name):
                block.add_op(dyn.SetOp(name, value))
        block.add_ops(self.effects)
        tidy(block)
        return step.UpdateOp(Region(block)) if block.first_op is not None else None


def _types(ops: list[Operation]) -> dict[str, Attribute]:
    named = (dyn.ParamOp, dyn.StateOp, dyn.CurrentOp)
    return {op.label: op.type for op in ops if isinstance(op, named)}
