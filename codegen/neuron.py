"""The NEURON target: every cell model becomes an NMODL mechanism."""

from __future__ import annotations

from importlib.util import find_spec

from snnc.codegen.native.artifact import NativeArtifact, NativeCell, NativeSynapse
from snnc.codegen.native.in_use import cells_in_use, synapses_in_use
from snnc.codegen.native.nmodl import emit_cell
from snnc.codegen.native.threads import threads_of
from snnc.codegen.target import Target, Text
from snnc.ir.diagnostics import OptionError, UnsupportedError
from snnc.ir.dialects import dyn, step, syn
from snnc.ir.dialects import expressions as ex
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
        if not isinstance(op, step.CellOp):
            raise OptionError(f"'{label}' has not been solved; expected pass 'solve'")
        if not _only_emits(op):
            cells[label] = emit_cell(op)
    synapses = {label: _synapse(op) for label, op in synapses_in_use(document).items()}
    return NativeArtifact("neuron", document, cells, synapses, threads_of(document))


def _only_emits(cell: step.CellOp) -> bool:
    ports = (dyn.ReceptorOp, dyn.CurrentOp)
    return not any(isinstance(op, ports) for op in cell.body.block.ops)


def _synapse(op: object) -> NativeSynapse:
    assert isinstance(op, syn.ModelOp)
    if not _is_static(op):
        raise UnsupportedError(
            f"the target neuron has static synapses only; found '{op.label}'; "
            "targets that have it: cpu"
        )
    return NativeSynapse("NetCon", "def constants(p, dt):\n    return {}\n")


def _is_static(op: syn.ModelOp) -> bool:
    """Tell whether a synapse delivers its weight at each spike and does nothing else."""
    statements = list(op.body.block.ops)
    if len(statements) != 1 or not isinstance(statements[0], syn.EventOp):
        return False
    event = statements[0]
    effects = [inner for inner in event.body.block.ops if not isinstance(inner, ex.GetOp)]
    delivered = [inner.value.owner for inner in effects if isinstance(inner, syn.DeliverOp)]
    weights = [o for o in delivered if isinstance(o, ex.GetOp) and o.variable.data == "weight"]
    return event.side.data == "pre" and len(effects) == len(weights) == 1


def mechanisms(document: Document) -> str:
    """Return the NMODL of all models, one after the other."""
    models = generate(document).cells.values()
    sources = [model.source for model in models if model.source is not None]
    return "\n".join(sources)


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
