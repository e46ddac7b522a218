"""The models that a simulator has, read from the files of the folder named like it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Operation

from snnc.ir.diagnostics import OptionError, did_you_mean
from snnc.ir.dialects import dyn, fx, native, syn
from snnc.ir.text import parse, verify
from snnc.passes.native.comparing import parameter_symbol
from snnc.passes.native.forms import Expression
from snnc.passes.native.shapes import Shape, shape_of

_PLACE = "snnc.passes.native"


@dataclass(frozen=True)
class Reference:
    """One model of a simulator.

    Attributes
    ----------
    name : str
        What the simulator calls it.
    shape : Shape
        Its equations, over `parameter_symbol`.
    units : dict
        The unit of each parameter, state, receptor and current, as the simulator has it.
    defaults : dict
        The default of each parameter, in coherent units.
    hidden : frozenset of str
        States that the simulator does not show.
    settings, fixed, postsynaptic, notes, solver, draws
        What ``native.reference`` says.
    requires : tuple
        Conditions on `parameter_symbol` under which the shape is the model's.
    """

    name: str
    shape: Shape
    units: Mapping[str, str]
    defaults: Mapping[str, float]
    hidden: frozenset[str]
    settings: Mapping[str, float]
    fixed: Mapping[str, float]
    postsynaptic: frozenset[str]
    notes: tuple[str, ...]
    solver: str | None
    draws: bool
    requires: tuple[Expression, ...] = ()


def simulators() -> list[str]:
    """Return the simulators whose models are known."""
    return sorted(folder.name for folder in files(_PLACE).iterdir() if _has_models(folder.name))


def _has_models(folder: str) -> bool:
    place = files(_PLACE).joinpath(folder)
    return place.is_dir() and any(file.name.endswith(".mlir") for file in place.iterdir())


@cache
def references(simulator: str) -> tuple[Reference, ...]:
    """Return the models of a simulator, in the order of their files' names.

    Raises
    ------
    OptionError
        If no models of it are known.
    """
    if simulator not in simulators():
        hint = did_you_mean(simulator, simulators())
        raise OptionError(f"no models of a simulator '{simulator}' are known{hint}")
    folder = files(_PLACE).joinpath(simulator)
    found = sorted(
        (file for file in folder.iterdir() if file.name.endswith(".mlir")),
        key=lambda file: file.name,
    )
    return tuple(read_reference(file.read_text(encoding="utf-8"), file.name) for file in found)


def reference_text(simulator: str, name: str) -> str:
    """Return the text of the file that holds one model of a simulator."""
    return files(_PLACE).joinpath(simulator, f"{name}.mlir").read_text(encoding="utf-8")


def arithmetic(simulator: str, name: str) -> tuple[fx.CellOp, Mapping[str, float]]:
    """Return a copy of the arithmetic of a simulator's model, and defaults of its parameters.

    Raises
    ------
    OptionError
        If it has no arithmetic of its own.
    """
    cell, defaults = _arithmetic(simulator, name)
    return cell.clone(), defaults


@cache
def _arithmetic(simulator: str, name: str) -> tuple[fx.CellOp, Mapping[str, float]]:
    file = files(_PLACE).joinpath(simulator, f"{name}.mlir")
    module = parse(file.read_text(encoding="utf-8"), file.name).module
    found = [op for op in module.body.block.ops if isinstance(op, fx.CellOp)]
    if not found:
        raise OptionError(f"the arithmetic of '{name}' of {simulator} is not known")
    return found[0], _reference(module).defaults


def read_reference(text: str, filename: str = "<text>") -> Reference:
    """Return the reference in a text: one model, and one ``native.reference`` of its name.

    Raises
    ------
    ModelError
        If the text is malformed or breaks a rule.
    """
    document = parse(text, filename)
    verify(document)
    return _reference(document.module)


def _reference(module: ModuleOp) -> Reference:
    entry = next(op for op in module.body.block.ops if isinstance(op, native.ReferenceOp))
    model = next(op for op in module.body.block.ops if isinstance(op, dyn.CellOp | syn.ModelOp))
    said = list(entry.body.block.ops)
    return Reference(
        name=entry.label,
        shape=shape_of(model, parameter_symbol),
        units=_units(model),
        defaults={
            op.label: op.default.value.data * op.scale
            for op in model.body.block.ops
            if isinstance(op, dyn.ParamOp) and op.default is not None
        },
        hidden=frozenset(
            op.label
            for op in model.body.block.ops
            if isinstance(op, dyn.StateOp) and op.hidden is not None
        ),
        settings=_values(said, native.SettingOp),
        fixed=_values(said, native.FixedOp),
        postsynaptic=frozenset(
            op.sym_name.data for op in said if isinstance(op, native.PostsynapticOp)
        ),
        notes=tuple(op.text.data for op in said if isinstance(op, native.NoteOp)),
        solver=next((op.method.data for op in said if isinstance(op, native.SolverOp)), None),
        draws=any(isinstance(op, native.DrawsOp) for op in said),
    )


def _units(model: dyn.CellOp | syn.ModelOp) -> dict[str, str]:
    declared = (op for op in model.body.block.ops if isinstance(op, dyn.Declaration))
    return {op.label: op.unit.data for op in declared}


def _values(
    ops: list[Operation], kind: type[native.SettingOp] | type[native.FixedOp]
) -> dict[str, float]:
    return {op.sym_name.data: op.value.value.data for op in ops if isinstance(op, kind)}
