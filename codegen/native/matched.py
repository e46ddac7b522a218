"""From ``native.match`` to what drivers set in a simulator."""

from __future__ import annotations

from dataclasses import replace
from io import StringIO
from typing import TypeVar

from xdsl.ir import Operation
from xdsl.printer import Printer

from snnc.codegen.kernels.kernel_expressions import KernelExpressions
from snnc.codegen.kernels.numpy_constants import module_text, parameter_leaf
from snnc.codegen.native.artifact import NativeCell, NativeReceptor, NativeState, NativeSynapse
from snnc.codegen.native.in_use import first_use
from snnc.ir.diagnostics import OptionError, UnsupportedError
from snnc.ir.dialects import expressions as ex
from snnc.ir.dialects import native, snn
from snnc.ir.dialects.infix import ExpressionPrinter
from snnc.ir.locations import location_of
from snnc.ir.model_info import describe_model, models_of
from snnc.ir.text import Document
from snnc.ir.units import NAMED

SIGNS = {"positive": 1, "negative": -1, "any": 0}
"""Ports of simulators that tell receptors apart by the sign of the weight; others have names."""

_WEIGHT = NAMED["weight"].exponents
_Found = TypeVar("_Found", bound=Operation)


def matched_models(
    document: Document, simulator: str
) -> tuple[dict[str, NativeCell], dict[str, NativeSynapse]]:
    """Return the cells and synapses in use as a simulator has them, by label.

    Populations that only emit have none: their spikes are made once and replayed.

    Raises
    ------
    UnsupportedError
        A model that the simulator does not have; the message names the nearest and what differs.
    OptionError
        If the models have not been matched.
    """
    models = models_of(document.module)
    symbols = document.network.symbols().values()
    cells = dict.fromkeys(op.model for op in symbols if isinstance(op, snn.PopulationOp))
    synapses = dict.fromkeys(op.synapse for op in symbols if isinstance(op, snn.ProjectionOp))
    driven = [label for label in cells if not describe_model(models[label]).source]
    return (
        {label: native_cell(_match_of(document, label, simulator)) for label in driven},
        {
            label: replace(
                native_synapse(_match_of(document, label, simulator)),
                own_weights=describe_model(models[label]).simulator is not None,
            )
            for label in synapses
        },
    )


def matched_synapse(document: Document, label: str, simulator: str) -> NativeSynapse:
    """Return a synapse model as a simulator has it.

    Raises
    ------
    UnsupportedError
        If the simulator does not have it; the message names the nearest and what differs.
    OptionError
        If the models have not been matched.
    """
    return native_synapse(_match_of(document, label, simulator))


def _match_of(document: Document, label: str, simulator: str) -> native.MatchOp:
    for op in document.module.body.block.ops:
        if isinstance(op, native.MatchOp | native.NoMatchOp):
            if op.model.data != label or op.simulator.data != simulator:
                continue
            if isinstance(op, native.MatchOp):
                return op
            raise UnsupportedError(
                f"{simulator} has no model like '{label}': {op.reason.data}",
                first_use(document, label) or location_of(op),
            )
    raise OptionError(f"'{label}' has not been matched; expected pass 'match-native'")


def native_cell(found: native.MatchOp) -> NativeCell:
    """Return the cell of a match.

    Raises
    ------
    UnsupportedError
        A weight or state that is worth a function of parameters in the simulator.
    """
    currents = _all(found, native.CurrentOp)
    return NativeCell(
        model=found.native.data,
        constants=constants_of_match(found),
        states=_states(found),
        receptors={op.of.data: _receptor(op) for op in _all(found, native.ReceptorOp)},
        current=1.0 / currents[0].scale if currents else 0.0,
        solver=next((op.method.data for op in _all(found, native.SolverOp)), None),
        draws=bool(_all(found, native.DrawsOp)),
        notes=_notes(found),
    )


def native_synapse(found: native.MatchOp) -> NativeSynapse:
    """Return the synapse of a match.

    Raises
    ------
    UnsupportedError
        A state that is worth a function of parameters in the simulator.
    """
    parameters = _all(found, native.ParameterOp)
    return NativeSynapse(
        model=found.native.data,
        constants=constants_of_match(found),
        states=_states(found),
        weights=tuple(op.label for op in parameters if op.type.exponents == _WEIGHT),
        postsynaptic=tuple(op.label for op in parameters if op.postsynaptic is not None),
        draws=bool(_all(found, native.DrawsOp)),
        notes=_notes(found),
    )


def _all(found: native.MatchOp, kind: type[_Found]) -> list[_Found]:
    return [op for op in found.body.block.ops if isinstance(op, kind)]


def _notes(found: native.MatchOp) -> tuple[str, ...]:
    return tuple(op.text.data for op in _all(found, native.NoteOp))


def _states(found: native.MatchOp) -> dict[str, NativeState]:
    return {
        op.of.data: NativeState(None if op.hidden is not None else op.label, _factor(op))
        for op in _all(found, native.StateOp)
        if op.hidden is None or isinstance(op.value.owner, ex.ConstOp)
    }


def _receptor(op: native.ReceptorOp) -> NativeReceptor:
    if op.label in SIGNS:
        return NativeReceptor(0, _factor(op), SIGNS[op.label])
    return NativeReceptor(op.label, _factor(op))


def _factor(op: native.StateOp | native.ReceptorOp) -> float:
    """Return simulator units per coherent unit of what is bound."""
    value = op.value.owner
    if not isinstance(value, ex.ConstOp):
        raise UnsupportedError(
            f"'{op.of.data}' stands for a multiple of '{op.label}' that depends on parameters; "
            "expected a number",
            location_of(op),
        )
    return value.number / op.scale


def constants_of_match(found: native.MatchOp) -> str:
    """Return the text of a module with ``constants(p, dt)`` for the simulator's parameters.

    Parameters that the simulator cannot represent make it raise UnsupportedError.
    """
    writer = KernelExpressions(parameter_leaf, "f64", taken={"c", "p", "n", "dt", "np"})
    lines = _requirements(found, writer)
    settings = (
        f"'{op.sym_name.data}': {op.value.value.data!r}" for op in _all(found, native.SettingOp)
    )
    lines.append(f"n = {{{', '.join(settings)}}}")
    for op in _all(found, native.ParameterOp):
        value = writer.value(op.value, _TIGHT)
        scaled = value if op.scale == 1.0 else f"{value} * {1.0 / op.scale!r}"
        lines += [*writer.take_lines(), f"n['{op.label}'] = {scaled}"]
    return module_text(found.label, [*lines, "return n"])


_TIGHT = 6
"""How tightly a factor binds, in the levels of `KernelExpressions`."""


def _requirements(found: native.MatchOp, writer: KernelExpressions) -> list[str]:
    required = _all(found, native.RequireOp)
    lines = ["from snnc.ir.diagnostics import UnsupportedError"] if required else []
    for op in required:
        condition = writer.value(op.value)
        what = _condition_text(op)
        message = f"{found.native.data} cannot stand for {found.label} unless {what}"
        lines += writer.take_lines()
        lines.append(f"if not np.all({condition}):")
        lines.append(f"    raise UnsupportedError({message!r})")
    return lines


def _condition_text(op: native.RequireOp) -> str:
    stream = StringIO()
    ExpressionPrinter(Printer(stream=stream), lambda name: False).region(op.body)
    return stream.getvalue()
