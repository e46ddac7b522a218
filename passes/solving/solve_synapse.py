"""`solve-synapses`: from equations of synapses to closed forms of the time between events.

With all other states held, x' = a x + b has x(h) = x e^(ah) + b h exprel(ah). A state driven by one
that decays, x' = a x + k y with y' = c y, adds the integral

    k y (e^(ch) - e^(ah)) / (c - a)  =  k y h e^(max(a, c) h) exprel(-|c - a| h),

whose second form is finite for a = c and does not overflow when much time has passed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NoReturn

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Block, Operation, Region, SSAValue
from xdsl.passes import ModulePass

from snnc.ir.diagnostics import UnsupportedError
from snnc.ir.dialects import dyn, step_synapse, syn
from snnc.ir.dialects import expressions as ex
from snnc.ir.dialects.coupling import CoupleOp, ReadsOp
from snnc.ir.locations import location_of
from snnc.passes.solving.algebra import Affine, Algebra, affine, number, reads
from snnc.passes.solving.cleanup import remove_unused
from snnc.passes.solving.equations import Values, inline


@dataclass(frozen=True)
class SolveSynapsesPass(ModulePass):
    """Write each synapse model as what happens between and at its events."""

    name = "solve-synapses"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        """Replace every ``syn.model`` of the module."""
        for model in list(op.body.block.ops):
            if isinstance(model, syn.ModelOp):
                op.body.block.insert_op_before(solve_synapse(model), model)
                model.detach()
                model.erase()


def solve_synapse(model: syn.ModelOp) -> step_synapse.SynapseOp:
    """Return the solved form of `model`.

    Raises
    ------
    UnsupportedError
        A state whose equation has no closed form; the message names it.
    """
    ops = list(model.body.block.ops)
    aliases = {op.label: op.value for op in ops if isinstance(op, dyn.AliasOp)}
    kept = (dyn.ParamOp, dyn.StateOp, syn.DecayOp, ReadsOp)
    body: list[Operation] = [op.clone() for op in ops if isinstance(op, kept)]
    body += _advances([op for op in ops if isinstance(op, dyn.DerivOp)], model, aliases)
    body += [_event(op, aliases) for op in ops if isinstance(op, syn.EventOp)]
    body += [_coupling(op, aliases) for op in ops if isinstance(op, CoupleOp)]
    doc = None if model.doc is None else model.doc.data
    solved = step_synapse.SynapseOp(model.label, Region(Block(body)), (), doc)
    solved.location = model.location
    return solved


def _coupling(op: CoupleOp, aliases: Values) -> CoupleOp:
    """Return the coupling with aliases inlined."""
    algebra = Algebra()
    algebra.block.add_op(dyn.YieldOp(inline(algebra, op.value, aliases)))
    solved = CoupleOp(Region(algebra.block), op.one_way is not None)
    solved.location = op.location
    return solved


def _event(event: syn.EventOp, aliases: Values) -> syn.EventOp:
    """Return the event with aliases inlined."""
    algebra = Algebra()
    effects: list[Operation] = []
    for op in event.body.block.ops:
        match op:
            case dyn.SetOp():
                effect: Operation = dyn.SetOp(op.state.data, inline(algebra, op.value, aliases))
            case syn.DeliverOp():
                effect = syn.DeliverOp(inline(algebra, op.value, aliases))
            case _:
                continue
        effect.location = op.location
        effects.append(effect)
    algebra.block.add_ops(effects)
    solved = syn.EventOp(event.side.data, Region(algebra.block))
    solved.location = event.location
    return solved


def _advances(
    equations: list[dyn.DerivOp], model: syn.ModelOp, aliases: Values
) -> list[step_synapse.AdvanceOp]:
    types = {op.label: op.type for op in model.body.block.ops if isinstance(op, dyn.StateOp)}
    types["weight"] = syn.WEIGHT
    names = [op.state.data for op in equations]
    forms = {op.state.data: _linear(op, names, aliases) for op in equations}
    return [_Solution(op, forms, types).advance() for op in equations]


def _linear(op: dyn.DerivOp, names: list[str], aliases: Values) -> Affine:
    """Return the right-hand side as a linear form in the states that change between events."""
    algebra = Algebra()
    value = inline(algebra, op.value, aliases)
    if "t" in reads(value):
        _no_closed_form(op, "its derivative depends on time itself")
    form = affine(algebra, value, names)
    if form is None:
        _no_closed_form(op, "its derivative is not linear in the states")
    return form


def _no_closed_form(op: dyn.DerivOp, reason: str) -> NoReturn:
    raise UnsupportedError(
        f"state '{op.state.data}' of a synapse has no closed form between events: {reason}",
        location_of(op),
    )


class _Solution:
    """The closed form of one state."""

    def __init__(
        self, op: dyn.DerivOp, forms: Mapping[str, Affine], types: Mapping[str, ex.Quantity]
    ) -> None:
        self.op = op
        self.state = op.state.data
        self.forms = forms
        self.types = types
        self.algebra = Algebra()
        self.elapsed = self.algebra.get(step_synapse.ELAPSED, ex.TIME)

    def advance(self) -> step_synapse.AdvanceOp:
        algebra, form = self.algebra, self.forms[self.state]
        exponent = self._exponent(self.state)
        value = algebra.mul(self._get(self.state), algebra.function(ex.ExpOp, exponent))
        if number(form.rest) != 0.0:
            gain = algebra.mul(self.elapsed, algebra.function(ex.ExprelOp, exponent))
            value = algebra.add(value, algebra.mul(algebra.rebuild(form.rest), gain))
        for driver, coupling in form.coefficients.items():
            if driver != self.state:
                value = algebra.add(value, self._driven(driver, coupling, exponent))
        algebra.block.add_op(dyn.YieldOp(value))
        remove_unused(algebra.block)
        solved = step_synapse.AdvanceOp(self.state, Region(algebra.block))
        solved.location = self.op.location
        return solved

    def _get(self, name: str) -> SSAValue:
        return self.algebra.get(name, self.types[name])

    def _exponent(self, state: str) -> SSAValue:
        """Return the rate of decay of `state` by itself, times the time."""
        rate = self.forms[state].coefficients.get(state)
        if rate is None:
            return self.algebra.const(0.0)
        return self._scaled(self.algebra.rebuild(rate), self.elapsed)

    def _driven(self, driver: str, coupling: SSAValue, exponent: SSAValue) -> SSAValue:
        form = self.forms[driver]
        if set(form.coefficients) - {driver} or number(form.rest) != 0.0:
            _no_closed_form(
                self.op, f"it is driven by '{driver}', which does more than decay by itself"
            )
        algebra = self.algebra
        other = self._exponent(driver)
        slower = algebra.emit(ex.MaxOp(other, exponent))
        apart = algebra.function(ex.AbsOp, algebra.sub(other, exponent))
        gain = algebra.mul(
            algebra.function(ex.ExpOp, slower),
            algebra.function(ex.ExprelOp, algebra.neg(apart)),
        )
        driven = self._scaled(algebra.rebuild(coupling), self._get(driver))
        return algebra.mul(algebra.mul(driven, self.elapsed), gain)

    def _scaled(self, factor: SSAValue, value: SSAValue) -> SSAValue:
        """Return factor * value, with divisions last: -h/tau rather than (-1/tau) h."""
        match factor.owner:
            case ex.NegOp(operand=operand):
                return self._scaled(operand, self.algebra.neg(value))
            case ex.DivOp(lhs=lhs, rhs=rhs):
                return self.algebra.div(self._scaled(lhs, value), rhs)
        return self.algebra.mul(factor, value)
