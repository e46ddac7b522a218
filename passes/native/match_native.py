"""`match-native`: find the model of a simulator that each model of a network is.

Models are compared by structure, so that names, units and the choice of parameters do not matter:
a leak written with a time constant and one written with a conductance are the same.
"""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Operation
from xdsl.passes import ModulePass

from snnc.ir.dialects import dyn, native, syn
from snnc.ir.model_info import describe_model
from snnc.passes.native.given import given_match
from snnc.passes.native.matching import NoMatch, match
from snnc.passes.native.shapes import shape_of
from snnc.passes.native.variants import known_models
from snnc.passes.native.writing import match_op


@dataclass(frozen=True)
class MatchNativePass(ModulePass):
    """Put a ``native.match`` behind each model, or why the simulator has none like it."""

    name = "match-native"
    simulator: str = "nest"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        """Match every model of the module; those of the simulator itself are what they are."""
        for model in list(op.body.block.ops):
            if isinstance(model, dyn.CellOp | syn.ModelOp) and not describe_model(model).source:
                op.body.block.insert_op_after(find_native(model, self.simulator), model)
            elif isinstance(model, native.CellOp | native.SynapseOp):
                op.body.block.insert_op_after(given_match(model), model)


_FOUND: dict[tuple[str, tuple[str, ...], str], Operation] = {}
"""What was found for the text of a model, since a script compiles the same models many times."""


def find_native(
    model: dyn.CellOp | syn.ModelOp, simulator: str, among: tuple[str, ...] = ()
) -> Operation:
    """Return a ``native.match`` of a model, or the ``native.no_match`` that says why there is none.

    Parameters
    ----------
    model : Operation
        The model.
    simulator : str
        Whose models are looked through.
    among : tuple of str
        Their names; none for all.
    """
    key = (simulator, among, str(model))
    if key not in _FOUND:
        _FOUND[key] = _find(model, simulator, among)
    return _FOUND[key].clone()


def _find(model: dyn.CellOp | syn.ModelOp, simulator: str, among: tuple[str, ...]) -> Operation:
    own = shape_of(model)
    models = known_models(simulator)
    found = match(own, [one for one in models if not among or one.name in among])
    if isinstance(found, NoMatch):
        return native.NoMatchOp(model.label, simulator, str(found))
    declared = [op for op in model.body.block.ops if isinstance(op, dyn.ParamOp | syn.DecayOp)]
    units = {op.label: op.unit.data for op in declared}
    return match_op(found, own, units, simulator)
