"""The target ``brian2``: networks for the simulator Brian2, as equations."""

from __future__ import annotations

from importlib.util import find_spec

from snnc.codegen.native.artifact import NativeArtifact, NativeCell, NativeSynapse
from snnc.codegen.native.brian2_equations import emit_cell
from snnc.codegen.native.brian2_synapses import emit_synapse
from snnc.codegen.native.in_use import cells_in_use, located, synapses_in_use
from snnc.codegen.target import Target, Text
from snnc.ir.dialects import dyn, syn
from snnc.ir.model_info import describe_model
from snnc.ir.text import Document


def generate(document: Document) -> NativeArtifact:
    """Return the artifact of a network whose models are equations yet.

    Raises
    ------
    UnsupportedError
        A model that Brian2 cannot have.
    """
    cells: dict[str, NativeCell] = {}
    for label, op in cells_in_use(document).items():
        if isinstance(op, dyn.CellOp) and not describe_model(op).source:
            with located(document, label):
                cells[label] = emit_cell(op)
    synapses: dict[str, NativeSynapse] = {}
    for label, op in synapses_in_use(document).items():
        if isinstance(op, syn.ModelOp):
            with located(document, label):
                synapses[label] = emit_synapse(op)
    return NativeArtifact("brian2", document, cells, synapses)


def equations(document: Document) -> str:
    """Return the equations of all models, one after the other."""
    artifact = generate(document)
    models = [*artifact.cells.values(), *artifact.synapses.values()]
    return "\n".join(f"# {model.model}\n{model.source}" for model in models)


def unavailable() -> str | None:
    """Return how to install Brian2 if it is missing."""
    return None if find_spec("brian2") else "needs Brian2: pip install 'snnc[brian2]'"


BRIAN2 = Target(
    "brian2",
    generate,
    executor="snnc.runtime.native.brian2:Brian2Simulation",
    texts={"brian2": Text("equations.txt", equations)},
    unavailable=unavailable,
    changes=frozenset({"parameters", "states", "weights"}),
)
