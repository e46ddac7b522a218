"""The equations of a cell in one regime, with aliases inlined."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from xdsl.ir import Operation, SSAValue

from snnc.ir.dialects import dyn
from snnc.ir.dialects import expressions as ex
from snnc.passes.solving.algebra import Affine, Algebra, affine, reads

Values = Mapping[str, SSAValue]


@dataclass
class System:
    """The differential equations of one regime.

    Attributes
    ----------
    regime : str or None
        Name of the regime; None for a cell without regimes.
    states : dict
        Derivative of each state that has one, over names only (aliases inlined).
    held : list of str
        States that keep their value in this regime.
    inputs : list of str
        Currents and held states: constant within a step.
    linear : dict
        States with constant-coefficient linear equations, with their linear form.
    """

    regime: str | None
    scratch: Algebra
    states: dict[str, SSAValue]
    held: list[str]
    inputs: list[str]
    linear: dict[str, Affine]

    @property
    def remaining(self) -> list[str]:
        """States that have no exact solution."""
        return [name for name in self.states if name not in self.linear]

    def is_constant(self, value: SSAValue) -> bool:
        """Tell whether a value depends on parameters and the step alone."""
        return reads(value).isdisjoint((*self.states, *self.inputs, "t"))

    def closure(self, state: str) -> list[str]:
        """Return `state` and the linear states that it depends on, itself first."""
        found, pending = [state], [state]
        while pending:
            for name in self.linear[pending.pop()].coefficients:
                if name in self.linear and name not in found:
                    found.append(name)
                    pending.append(name)
        order = list(self.states)
        return [state, *sorted(found[1:], key=order.index)]


def aliases_of(cell: dyn.CellOp) -> dict[str, SSAValue]:
    """Return the expressions of the aliases of `cell`."""
    return {op.label: op.value for op in cell.body.block.ops if isinstance(op, dyn.AliasOp)}


def inline(algebra: Algebra, value: SSAValue, aliases: Values) -> SSAValue:
    """Copy `value` into the algebra's block with aliases replaced by their expressions."""

    def alias(op: Operation) -> SSAValue | None:
        if isinstance(op, ex.GetOp) and op.variable.data in aliases:
            return inline(algebra, aliases[op.variable.data], aliases)
        return None

    return algebra.rebuild(value, alias)


def system_of(cell: dyn.CellOp, regime: dyn.RegimeOp | None) -> System:
    """Return the equations of `cell` in `regime`."""
    scratch = Algebra()
    aliases = aliases_of(cell)
    own = list(regime.body.block.ops) if regime is not None else []
    states = {
        op.state.data: inline(scratch, op.value, aliases)
        for op in [*cell.body.block.ops, *own]
        if isinstance(op, dyn.DerivOp)
    }
    declared = [op.label for op in cell.body.block.ops if isinstance(op, dyn.StateOp)]
    currents = [op.label for op in cell.body.block.ops if isinstance(op, dyn.CurrentOp)]
    states = {name: states[name] for name in declared if name in states}
    held = [name for name in declared if name not in states]
    inputs = [*currents, *held]
    label = None if regime is None else regime.label
    system = System(label, scratch, states, held, inputs, {})
    system.linear = _linear_states(system)
    return system


def _linear_states(system: System) -> dict[str, Affine]:
    names = [*system.states, *system.inputs]
    forms = {state: affine(system.scratch, value, names) for state, value in system.states.items()}
    linear = {s: f for s, f in forms.items() if f is not None and "t" not in _all_reads(f)}
    while True:
        known = {*linear, *system.inputs}
        kept = {s: f for s, f in linear.items() if set(f.coefficients) <= known}
        if len(kept) == len(linear):
            return kept
        linear = kept


def _all_reads(form: Affine) -> set[str]:
    return set().union(reads(form.rest), *(reads(c) for c in form.coefficients.values()))
