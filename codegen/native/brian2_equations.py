"""Brian2 text of a ``dyn.cell``: equations, threshold, reset, refractoriness, reactions.

Everything has its unit, so that Brian2 checks it again. A state that rests while the cell is
refractory is ``(unless refractory)``; assignments at a spike read the old values.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from xdsl.dialects.builtin import i1
from xdsl.ir import Block, SSAValue

from snnc.codegen.kernels.numpy_constants import module_text
from snnc.codegen.native.artifact import NativeCell, NativeReceptor, NativeState
from snnc.codegen.native.infix_text import FUNCTIONS, Language, Writer
from snnc.codegen.native.regimes import Firing, firing_of
from snnc.ir.diagnostics import UnsupportedError
from snnc.ir.dialects import dyn
from snnc.ir.dialects import expressions as ex
from snnc.ir.locations import location_of
from snnc.ir.units import BASE, DIMENSIONLESS, Exponents, format_unit, parse_unit

_SI = {"mV": 1e-3, "ms": 1e-3, "nA": 1e-9, "um": 1e-6, "mM": 1.0, "K": 1.0}
_SI_NAMES = {"mV": "volt", "ms": "second", "nA": "amp", "um": "meter", "mM": "mM", "K": "kelvin"}
_TAKEN = frozenset(
    """
    Hz MHz cm cm2 cm3 kHz mA mM mS mV mm mm2 mm3 ms nA nF nM nS pA pF uA uF uM uS um um2 um3 us
    pi e inf cos sin tan cosh sinh tanh exp log log10 expm1 exprel log1p sqrt ceil floor arccos
    arcsin arctan abs sign rand randn poisson clip int timestep
    i j N t dt t_in_timesteps lastspike not_refractory xi
    """.split()  # noqa: SIM905 - a list of a hundred quoted names would hide them
)
_UNIT = re.compile(
    "(da|[afnpumcdhkMGTPEZYyz])?(amp|ampere|becquerel|candle|coulomb|farad|gram|gramme|gray|henry|"
    "hertz|joule|katal|kelvin|kilogram|kilogramme|liter|litre|lumen|lux|meter|metre|mol|molar|mole|"
    "newton|ohm|pascal|radian|second|siemens|sievert|steradian|tesla|volt|watt|weber)[23]?"
)
PREVIOUS = "previous_"
"""Prefix of the variables that keep the value of a state at the start of a step."""


def _literal_unit(dimension: Exponents) -> str:
    text = format_unit(dimension).replace("MOhm", "Mohm")
    return text.removeprefix("1") if text.startswith("1/") else f"*{text}"


LANGUAGE = Language(
    "Brian2",
    {
        **FUNCTIONS,
        "log": "log({0})",
        "exprel": "exprel({0})",
        "floor": "floor({0})",
        "min": "(0.5*({0} + {1} - abs({0} - {1})))",
        "max": "(0.5*({0} + {1} + abs({0} - {1})))",
        "select": "(int({0})*{1} + (1 - int({0}))*{2})",
    },
    _literal_unit,
    lambda name: PREVIOUS + brian2_name(name),
)


@dataclass(frozen=True)
class Brian2Cell(NativeCell):
    """A cell model for ``NeuronGroup``.

    Attributes
    ----------
    equations : str
        Its equations; parameters and the injected current are variables of each cell.
    threshold, reset : str
        Empty for a cell that never fires.
    refractory : str
        An expression, or empty.
    on_pre : mapping of str to str
        What an arrival at each receptor does, in the words of a ``Synapses`` object, where the
        weight is ``{weight}``.
    weights : mapping of str to str
        The unit of weights at each receptor.
    injected : str
        The variable of the injected current; empty where there is none.
    previous : tuple of str
        States whose value at the start of a step must be kept, in ``previous_NAME``.
    """

    equations: str = ""
    threshold: str = ""
    reset: str = ""
    refractory: str = ""
    on_pre: Mapping[str, str] = field(default_factory=dict)
    weights: Mapping[str, str] = field(default_factory=dict)
    injected: str = ""
    previous: tuple[str, ...] = ()


def emit_cell(cell: dyn.CellOp) -> Brian2Cell:
    """Return the Brian2 form of a cell.

    Raises
    ------
    UnsupportedError
        A construct that Brian2 does not have.
    """
    firing = firing_of(cell, LANGUAGE.name)
    previous = _previous(cell)
    equations = "\n".join(_equations(cell, firing, previous))
    event = firing.event
    threshold = "" if event is None else _writer().region(event.condition)
    reset = "" if event is None else "\n".join(_assignments(event.body.block))
    refractory = "" if firing.refractory is None else _writer().region(firing.refractory)
    on_pre = {op.receptor.data: _reaction(op, firing) for op in firing.arrivals}
    states = [op for op in cell.body.block.ops if isinstance(op, dyn.StateOp)]
    currents = [op for op in cell.body.block.ops if isinstance(op, dyn.CurrentOp)]
    receptors = [op for op in cell.body.block.ops if isinstance(op, dyn.ReceptorOp)]
    return Brian2Cell(
        model=cell.label,
        constants=_constants(cell),
        states={
            op.label: NativeState(brian2_name(op.label), si_factor(op.type.exponents))
            for op in states
        },
        receptors={
            op.label: NativeReceptor(op.label, si_factor(op.type.exponents)) for op in receptors
        },
        current=si_factor(currents[0].type.exponents) if currents else 0.0,
        source=_source(equations, threshold, reset, refractory, on_pre),
        equations=equations,
        threshold=threshold,
        reset=reset,
        refractory=refractory,
        on_pre=on_pre,
        weights={op.label: si_unit(op.type.exponents) for op in receptors},
        injected=brian2_name(currents[0].label) if currents else "",
        previous=previous,
    )


def si_factor(dimension: Exponents) -> float:
    """Return SI units per coherent unit of a dimension."""
    factor = 1.0
    for name, n in zip(BASE, dimension, strict=True):
        factor *= _SI.get(name, 1.0) ** n
    return factor


def si_unit(dimension: Exponents) -> str:
    """Return the SI unit of a dimension as Brian2 declares it."""
    if dimension == parse_unit("uS").exponents:
        return "siemens"
    if dimension == parse_unit("nF").exponents:
        return "farad"
    powers = [
        (_SI_NAMES[name], n) for name, n in zip(BASE, dimension, strict=True) if n and name in _SI
    ]
    above = [name for name, n in powers for _ in range(n)]
    below = [name for name, n in powers for _ in range(-n)]
    return "/".join(["*".join(above) or "1", *below])


def brian2_name(name: str) -> str:
    """Return what a name of a model is called in Brian2, which reserves units and functions."""
    plain = name.replace(".", "_")
    taken = plain in _TAKEN or _UNIT.fullmatch(plain) or plain.endswith(("_pre", "_post"))
    return f"own_{plain}" if taken else plain


def _writer() -> Writer:
    return Writer(LANGUAGE, brian2_name)


def _previous(cell: dyn.CellOp) -> tuple[str, ...]:
    read = (op.variable.data for op in cell.walk() if isinstance(op, ex.PreviousOp))
    return tuple(dict.fromkeys(read))


def _equations(cell: dyn.CellOp, firing: Firing, previous: tuple[str, ...]) -> Iterator[str]:
    derivatives = {op.state.data: op for op in firing.derivatives}
    for op in cell.body.block.ops:
        match op:
            case dyn.ParamOp() if op.sequence is None:
                yield f"{brian2_name(op.label)} : {si_unit(op.type.exponents)} (constant)"
            case dyn.CurrentOp():
                yield f"{brian2_name(op.label)} : {si_unit(op.type.exponents)}"
            case dyn.AliasOp():
                kind = "boolean" if op.value.type == i1 else si_unit(op.dimension.data)
                value = _writer().region(op.body)
                yield f"{brian2_name(op.label)} = {value} : {kind}"
            case dyn.StateOp() if op.label in derivatives:
                right = _writer().region(derivatives[op.label].body)
                rests = " (unless refractory)" if op.label in firing.held else ""
                yield f"d{brian2_name(op.label)}/dt = {right} : {si_unit(op.type.exponents)}{rests}"
            case dyn.StateOp():
                yield f"{brian2_name(op.label)} : {si_unit(op.type.exponents)}"
            case _:
                pass
        if isinstance(op, dyn.StateOp) and op.label in previous:
            yield f"{PREVIOUS}{brian2_name(op.label)} : {si_unit(op.type.exponents)}"


def _assignments(block: Block) -> Iterator[str]:
    """Yield the assignments of an event, through temporaries where one reads another's state."""
    sets = [op for op in block.ops if isinstance(op, dyn.SetOp)]
    writer = _writer()
    for index, op in enumerate(sets):
        earlier = {other.state.data for other in sets[:index]}
        for name in sorted(_reads(op.value) & earlier):
            raise UnsupportedError(
                f"Brian2 assigns one after another; '{op.state.data}' reads the old '{name}'",
                location_of(op),
            )
        yield f"{brian2_name(op.state.data)} = {writer.text(op.value)}"


def _reads(value: SSAValue) -> set[str]:
    names: set[str] = set()
    pending = [value]
    while pending:
        op = pending.pop().owner
        if isinstance(op, ex.GetOp):
            names.add(op.variable.data)
        if isinstance(op, ex.Expression):
            pending += op.operands
    return names


def _reaction(op: dyn.OnOp, firing: Firing) -> str:
    """Return what an arrival does, its weight being ``{weight}``."""
    writer = Writer(LANGUAGE, lambda name: f"{brian2_name(name)}_post")
    lost = "*int(not_refractory_post)" if op.receptor.data in firing.lost else ""
    writer.bind(op.body.block.args[0], f"{{weight}}{lost}")
    sets = [inner for inner in op.body.block.ops if isinstance(inner, dyn.SetOp)]
    return "\n".join(_addition(inner, writer) for inner in sets)


def _addition(op: dyn.SetOp, writer: Writer) -> str:
    """Return ``state += change``: reactions are additive, and Brian2 sums them only so."""
    total = op.value.owner
    assert isinstance(total, ex.AddOp)
    own = total.lhs.owner
    itself = isinstance(own, ex.GetOp) and own.variable == op.state
    change = total.rhs if itself else total.lhs
    return f"{brian2_name(op.state.data)}_post += {writer.text(change)}"


def _constants(cell: dyn.CellOp) -> str:
    """Return the text of ``constants(p, dt)``: parameters in SI units."""
    lines = ["n = {}"]
    for op in cell.body.block.ops:
        if isinstance(op, dyn.ParamOp) and op.sequence is None:
            factor = si_factor(op.type.exponents)
            scaled = "" if op.type.exponents == DIMENSIONLESS else f" * {factor!r}"
            lines.append(f"n['{brian2_name(op.label)}'] = c['{op.label}']{scaled}")
    return module_text(cell.label, [*lines, "return n"])


def _source(
    equations: str, threshold: str, reset: str, refractory: str, on_pre: Mapping[str, str]
) -> str:
    """Return all of a cell as text for readers."""
    parts = [equations]
    for name, text in (("threshold", threshold), ("reset", reset), ("refractory", refractory)):
        if text:
            parts.append(f"{name}:\n" + "\n".join(f"    {line}" for line in text.splitlines()))
    for receptor, text in on_pre.items():
        lines = text.format(weight="w").splitlines()
        parts.append(f"on_pre of {receptor}:\n" + "\n".join(f"    {line}" for line in lines))
    return "\n".join(parts) + "\n"
