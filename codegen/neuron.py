"""The NEURON target: every cell and synapse model becomes an NMODL mechanism."""

from __future__ import annotations

from importlib.util import find_spec

from xdsl.ir import Operation

from snnc.codegen.native.artifact import NativeArtifact, NativeCell, NativeSynapse
from snnc.codegen.native.in_use import cells_in_use, located, synapses_in_use
from snnc.codegen.native.nmodl import emit_cell
from snnc.codegen.native.nmodl_synapse import emit_synapse
from snnc.codegen.native.own_cell import own_cell
from snnc.codegen.native.threads import threads_of
from snnc.codegen.target import Target, Text
from snnc.ir.diagnostics import OptionError
from snnc.ir.dialects import native, step
from snnc.ir.dialects.step_synapse import SynapseOp
from snnc.ir.model_info import describe_model
from snnc.ir.text import Document


def generate(document: Document) -> NativeArtifact:
    """Return the artifact of a network whose cells have been solved.

    Raises
    ------
    UnsupportedError
        A model that cannot be emitted.
    """
    cells: dict[str, NativeCell] = {}
    for label, op in cells_in_use(document).items():
        with located(document, label):
            cell = _cell(op)
        if cell is not None:
            cells[label] = cell
    synapses: dict[str, NativeSynapse] = {}
    for label, op in synapses_in_use(document).items():
        with located(document, label):
            synapses[label] = _synapse(op)
    return NativeArtifact("neuron", document, cells, synapses, threads_of(document))


def _cell(op: Operation) -> NativeCell | None:
    """Return a cell as NEURON has it; None for sources, whose spikes are replayed."""
    if isinstance(op, native.CellOp):
        return own_cell(op)
    if not isinstance(op, step.CellOp):
        raise OptionError("a cell has not been solved; expected pass 'solve'")
    return None if describe_model(op).source else emit_cell(op)


def _synapse(op: object) -> NativeSynapse:
    if not isinstance(op, SynapseOp):
        raise OptionError("a synapse has not been solved; expected pass 'solve-synapses'")
    return emit_synapse(op)


def mechanisms(document: Document) -> str:
    """Return the NMODL of all models, one after the other."""
    artifact = generate(document)
    models = [*artifact.cells.values(), *artifact.synapses.values()]
    return "\n".join(model.source for model in models if model.source is not None)


def unavailable() -> str | None:
    """Return how to install NEURON if it is missing."""
    return None if find_spec("neuron") else "needs NEURON: pip install 'snnc[neuron]'"


NEURON = Target(
    "neuron",
    generate,
    executor="snnc.runtime.native.neuron:NeuronSimulation",
    texts={"nmodl": Text("mechanisms.mod", mechanisms)},
    unavailable=unavailable,
    changes=frozenset({"parameters", "states", "weights"}),
    ranks=True,
)
