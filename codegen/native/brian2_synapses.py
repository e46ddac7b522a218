"""Brian2 text of a ``syn.model``: equations that are solved at events, and what spikes do.

An event reads the values of before it, so what is assigned goes through temporaries. Where a pre-
and a postsynaptic spike meet at a synapse neither sees the other: what one of them reads and the
other assigns is kept in ``before_NAME``, with the time of the event in ``pre_time`` or
``post_time``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from xdsl.ir import Block, Operation

from snnc.codegen.kernels.numpy_constants import module_text
from snnc.codegen.kernels.synapse_shape import FRACTION
from snnc.codegen.native.artifact import NativeState, NativeSynapse
from snnc.codegen.native.brian2_equations import LANGUAGE, brian2_name, si_factor, si_unit
from snnc.codegen.native.infix_text import Writer
from snnc.ir.diagnostics import UnsupportedError
from snnc.ir.dialects import dyn, syn
from snnc.ir.dialects import expressions as ex
from snnc.ir.dialects.coupling import CoupleOp
from snnc.ir.locations import location_of
from snnc.ir.units import BASE, DIMENSIONLESS, NAMED, Exponents

_WEIGHT = NAMED["weight"].exponents
DELIVERED = "delivered"
"""The name of what an arrival delivers."""


@dataclass(frozen=True)
class Brian2Synapse(NativeSynapse):
    """A synapse model for ``Synapses``.

    Units are ``{weight}`` where they are those of weights, which the receptor knows.

    Attributes
    ----------
    parameters : mapping of str to str
        Units of the constants by name.
    equations : str
        The weight and the states.
    on_pre, on_post : str
        Statements; those of `on_pre` define what is delivered. `on_post` is empty where
        postsynaptic spikes do nothing.
    times : tuple of str
        Variables that keep the time of an event.
    dendritic : str or None
        The constant that tells which part of the delay is dendritic.
    """

    parameters: Mapping[str, str] = field(default_factory=dict)
    equations: str = ""
    on_pre: str = ""
    on_post: str = ""
    times: tuple[str, ...] = ()
    dendritic: str | None = None


def emit_synapse(model: syn.ModelOp) -> Brian2Synapse:
    """Return the Brian2 form of a synapse.

    Raises
    ------
    UnsupportedError
        A construct that Brian2 does not have.
    """
    ops = list(model.body.block.ops)
    _check(model)
    states = [op for op in ops if isinstance(op, dyn.StateOp)]
    bodies = {op.side.data: op.body.block for op in ops if isinstance(op, syn.EventOp)}
    shared = _shared(bodies)
    times = tuple(f"{side}_time" for side in shared if shared[side])
    equations = "\n".join(_equations(ops, [n for names in shared.values() for n in names], times))
    parameters = dict(_parameters(ops))
    on_pre, on_post = (_statements(side, bodies, shared) for side in ("pre", "post"))
    return Brian2Synapse(
        model=model.label,
        constants=_constants(model.label, ops),
        states={
            op.label: NativeState(brian2_name(op.label), si_factor(op.type.exponents))
            for op in states
        },
        weights=tuple(name for name, unit in parameters.items() if unit == "{weight}"),
        source=_source(parameters, equations, on_pre, on_post),
        parameters=parameters,
        equations=equations,
        on_pre=on_pre,
        on_post=on_post,
        times=times,
        dendritic=FRACTION if any(_is_fraction(op) for op in ops) else None,
    )


def _check(model: syn.ModelOp) -> None:
    for op in model.walk():
        if isinstance(op, CoupleOp):
            raise UnsupportedError(
                "Brian2 is not given synapses that couple in every step", location_of(op)
            )
        if isinstance(op, ex.ConstOp) and ex.exponents_of(op.result)[BASE.index("weight")]:
            raise UnsupportedError("Brian2 has no constants in units of weights", location_of(op))


def _unit(dimension: Exponents) -> str:
    return "{weight}" if dimension == _WEIGHT else si_unit(dimension)


def _is_fraction(op: Operation) -> bool:
    return isinstance(op, dyn.ParamOp) and op.label == FRACTION


def _parameters(ops: Sequence[Operation]) -> Iterator[tuple[str, str]]:
    for op in ops:
        if isinstance(op, dyn.ParamOp) and not _is_fraction(op):
            yield brian2_name(op.label), _unit(op.type.exponents)
        elif isinstance(op, syn.DecayOp):
            yield brian2_name(op.label), "second"


def _constants(name: str, ops: Sequence[Operation]) -> str:
    """Return the text of ``constants(p, dt)``: parameters in SI units."""
    lines = ["n = {}"]
    for op in ops:
        if isinstance(op, dyn.ParamOp | syn.DecayOp):
            factor = si_factor(op.type.exponents)
            scaled = "" if op.type.exponents in (DIMENSIONLESS, _WEIGHT) else f" * {factor!r}"
            lines.append(f"n['{brian2_name(op.label)}'] = c['{op.label}']{scaled}")
    return module_text(name, [*lines, "return n"])


def _shared(bodies: Mapping[str, Block]) -> dict[str, list[str]]:
    """Return the states that each side assigns and the other one reads."""
    if "post" not in bodies:
        return {"pre": [], "post": []}
    return {
        side: [n for n in _assigned(bodies[side]) if n != "weight" and n in _read(bodies[other])]
        for side, other in (("pre", "post"), ("post", "pre"))
    }


def _assigned(body: Block) -> list[str]:
    return [op.state.data for op in body.ops if isinstance(op, dyn.SetOp)]


def _read(body: Block) -> set[str]:
    return {op.variable.data for op in body.ops if isinstance(op, ex.GetOp)}


def _equations(
    ops: Sequence[Operation], kept: Sequence[str], times: Sequence[str]
) -> Iterator[str]:
    aliases = {op.label: op for op in ops if isinstance(op, dyn.AliasOp)}

    def inlined(name: str) -> str:
        if name in aliases:
            return f"({Writer(LANGUAGE, inlined).region(aliases[name].body)})"
        return brian2_name(name)

    derivatives = {op.state.data: op for op in ops if isinstance(op, dyn.DerivOp)}
    yield "weight : {weight}"
    for op in ops:
        match op:
            case dyn.StateOp() if op.label in derivatives:
                # Brian2 solves equations of events on their own, so that they know no others.
                right = Writer(LANGUAGE, inlined).region(derivatives[op.label].body)
                unit = _unit(op.type.exponents)
                yield f"d{brian2_name(op.label)}/dt = {right} : {unit} (event-driven)"
            case dyn.StateOp():
                yield f"{brian2_name(op.label)} : {_unit(op.type.exponents)}"
            case dyn.AliasOp():
                value = Writer(LANGUAGE, brian2_name).region(op.body)
                yield f"{brian2_name(op.label)} = {value} : {_unit(op.dimension.data)}"
            case _:
                pass
        if isinstance(op, dyn.StateOp) and op.label in kept:
            yield f"before_{brian2_name(op.label)} : {_unit(op.type.exponents)}"
    yield from (f"{time} : second" for time in times)


def _statements(side: str, bodies: Mapping[str, Block], shared: Mapping[str, list[str]]) -> str:
    """Return what an event does."""
    if side not in bodies:
        return ""
    other = "post" if side == "pre" else "pre"
    seen = [name for name in shared[other] if name in _read(bodies[side])]

    def rename(name: str) -> str:
        return f"seen_{brian2_name(name)}" if name in seen else brian2_name(name)

    lines = [
        f"seen_{brian2_name(n)} = {brian2_name(n)} + int({other}_time == t)"
        f" * (before_{brian2_name(n)} - {brian2_name(n)})"
        for n in seen
    ]
    writer = Writer(LANGUAGE, rename)
    sets = [op for op in bodies[side].ops if isinstance(op, dyn.SetOp)]
    lines += [f"new_{brian2_name(op.state.data)} = {writer.text(op.value)}" for op in sets]
    lines += [
        f"{DELIVERED} = {writer.text(op.value)}"
        for op in bodies[side].ops
        if isinstance(op, syn.DeliverOp)
    ]
    lines += [f"before_{brian2_name(n)} = {brian2_name(n)}" for n in shared[side]]
    lines += [f"{brian2_name(op.state.data)} = new_{brian2_name(op.state.data)}" for op in sets]
    if shared[side]:
        lines.append(f"{side}_time = t")
    return "\n".join(lines)


def _source(parameters: Mapping[str, str], equations: str, on_pre: str, on_post: str) -> str:
    """Return all of a synapse as text for readers."""
    parts = [*(f"{name} : {unit} (constant)" for name, unit in parameters.items()), equations]
    for name, text in (("on_pre", on_pre), ("on_post", on_post)):
        if text:
            parts.append(f"{name}:\n" + "\n".join(f"    {line}" for line in text.splitlines()))
    return "\n".join(parts).replace("{weight}", "unit_of_weights") + "\n"
