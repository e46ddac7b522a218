"""What a cell or synapse model does, without its text: regimes of derivatives and events."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

import sympy
from xdsl.ir import Operation, Region, SSAValue

from snnc.ir.dialects import dyn, syn
from snnc.ir.units import Exponents, parse_unit
from snnc.passes.native.forms import Atom, Form, Reader, of_atom, of_constant

ARRIVING = "weight of the arrival"
WEIGHT = "weight"
"""The state that each synapse has without declaring it."""


@dataclass(frozen=True)
class Event:
    """What happens at a condition, after a time, or at a spike.

    `condition` is the truth value, or the duration; `sets` holds the new values of the states that
    are assigned; `delivers` is the weight that a synapse passes on. `strict` tells that the
    condition was a "greater than", which is compared as "at least".
    """

    kind: str
    condition: Form
    sets: Mapping[str, Form]
    emits: bool = False
    goto: str | None = None
    delivers: Form | None = None
    strict: bool = False


@dataclass(frozen=True)
class Regime:
    """Derivatives, arrivals (by receptor: what is added to each state) and events."""

    name: str
    derivatives: Mapping[str, Form]
    arrivals: Mapping[str, Mapping[str, Form]] = field(default_factory=dict)
    events: tuple[Event, ...] = ()


@dataclass(frozen=True)
class Shape:
    """A model as it is compared.

    Attributes
    ----------
    parameters, states, receptors : dict
        Dimension of each, in the order of the text; of a receptor, that of its weights.
    inputs : tuple of str
        Names that are given from outside: currents.
    regimes : tuple of Regime
        The first one is where the model starts.
    axes : dict
        The axis of each state.
    """

    name: str
    kind: str
    parameters: Mapping[str, Exponents]
    states: Mapping[str, Exponents]
    receptors: Mapping[str, Exponents]
    inputs: tuple[str, ...]
    regimes: tuple[Regime, ...]
    axes: Mapping[str, str]


def shape_of(model: Operation, symbol: Callable[[str], sympy.Symbol] = sympy.Symbol) -> Shape:
    """Return the shape of a ``dyn.cell`` or ``syn.model``.

    Parameters
    ----------
    model : Operation
        The model.
    symbol : callable
        Gives the symbol of a parameter.
    """
    assert isinstance(model, dyn.CellOp | syn.ModelOp)
    ops = list(model.body.block.ops)
    names = _parameters(ops, symbol)
    for op in ops:
        if isinstance(op, dyn.AliasOp):
            names[op.label] = Reader(names).read(op.value)
    cell = isinstance(model, dyn.CellOp)
    return Shape(
        name=model.label,
        kind="cell" if cell else "synapse",
        parameters=_dimensions(ops, dyn.ParamOp, syn.DecayOp),
        states=_dimensions(ops, dyn.StateOp),
        receptors=_dimensions(ops, dyn.ReceptorOp),
        inputs=tuple(op.label for op in ops if isinstance(op, dyn.CurrentOp)),
        regimes=tuple(_regimes(ops, names) if cell else [_events(ops, names)]),
        axes={op.label: op.per.data for op in ops if isinstance(op, dyn.StateOp)},
    )


def _parameters(ops: Iterable[Operation], symbol: Callable[[str], sympy.Symbol]) -> dict[str, Form]:
    return {
        op.label: of_constant(symbol(op.label))
        for op in ops
        if isinstance(op, dyn.ParamOp | syn.DecayOp)
    }


def _dimensions(ops: Iterable[Operation], *kinds: type[dyn.Declaration]) -> dict[str, Exponents]:
    return {op.label: parse_unit(op.unit.data).exponents for op in ops if isinstance(op, kinds)}


def _regimes(ops: list[Operation], names: Mapping[str, Form]) -> Iterator[Regime]:
    declared = [op for op in ops if isinstance(op, dyn.RegimeOp)]
    if not declared:
        yield _regime("", ops, names)
    for regime in declared:
        yield _regime(regime.label, [*ops, *regime.body.block.ops], names)


def _regime(name: str, ops: list[Operation], names: Mapping[str, Form]) -> Regime:
    reader = Reader(names)
    return Regime(
        name,
        {op.state.data: reader.read(op.value) for op in ops if isinstance(op, dyn.DerivOp)},
        {op.receptor.data: _jumps(op, names) for op in ops if isinstance(op, dyn.OnOp)},
        tuple(_event(op, names) for op in ops if isinstance(op, dyn.WhenOp | dyn.AfterOp)),
    )


def _jumps(op: dyn.OnOp, names: Mapping[str, Form]) -> dict[str, Form]:
    """Return what one unit of weight adds to each state; reactions are additive."""
    reader = Reader(names)
    reader.bind(op.body.block.args[0], of_atom(Atom(ARRIVING)))
    weight = of_atom(Atom(ARRIVING)).inverse()
    return {
        inner.state.data: (reader.read(inner.value) - of_atom(Atom(inner.state.data))) * weight
        for inner in op.body.block.ops
        if isinstance(inner, dyn.SetOp)
    }


def _event(op: dyn.WhenOp | dyn.AfterOp, names: Mapping[str, Form]) -> Event:
    kind = "after" if isinstance(op, dyn.AfterOp) else op.mode.data
    condition = Reader(names).read(op.value)
    closed = _closed(condition)
    found = _reaction(kind, condition if closed is None else closed, op.body, names)
    return replace(found, strict=closed is not None)


def _closed(condition: Form) -> Form | None:
    """Return ``a >= b`` for ``a > b``: of a potential they differ in nothing that can be seen.

    Of ``a > b and c`` the first part is closed: the other says on which side of a peak it is.
    """
    for monomial in condition.terms:
        if len(condition.terms) == 1 and len(monomial) == 1:
            atom = monomial[0][0]
            if atom.head == ">":
                return of_atom(Atom(">=", atom.arguments))
            if atom.head == "and" and (first := _closed(atom.arguments[0])) is not None:
                return of_atom(Atom("and", (first, *atom.arguments[1:])))
    return None


def _reaction(kind: str, condition: Form, body: Region, names: Mapping[str, Form]) -> Event:
    reader = Reader(names)
    ops = list(body.block.ops)
    gotos = [op.regime.data for op in ops if isinstance(op, dyn.GotoOp)]
    delivered: list[SSAValue] = [op.value for op in ops if isinstance(op, syn.DeliverOp)]
    total = Form({})
    for value in delivered:
        total = total + reader.read(value)
    return Event(
        kind,
        condition,
        {op.state.data: reader.read(op.value) for op in ops if isinstance(op, dyn.SetOp)},
        any(isinstance(op, dyn.EmitOp) for op in ops),
        gotos[0] if gotos else None,
        total if delivered else None,
    )


def _events(ops: list[Operation], names: Mapping[str, Form]) -> Regime:
    """Return what a synapse does, as one regime whose events are spikes of either side."""
    reader = Reader(names)
    events = [op for op in ops if isinstance(op, syn.EventOp)]
    always = of_constant(sympy.Integer(1))
    return Regime(
        "",
        {op.state.data: reader.read(op.value) for op in ops if isinstance(op, dyn.DerivOp)},
        {},
        tuple(_reaction(op.side.data, always, op.body, names) for op in events),
    )
