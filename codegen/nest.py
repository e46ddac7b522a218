"""The target ``nest``: networks for the simulator NEST."""

from __future__ import annotations

from importlib.util import find_spec

from snnc.codegen.native.artifact import NativeArtifact
from snnc.codegen.native.in_use import cells_in_use
from snnc.codegen.native.matched import matched_models
from snnc.codegen.native.nestml import emit_cell
from snnc.codegen.native.threads import threads_of
from snnc.codegen.target import Target, Text
from snnc.ir.diagnostics import UnsupportedError
from snnc.ir.dialects import dyn
from snnc.ir.model_info import describe_model
from snnc.ir.text import Document


def generate(document: Document) -> NativeArtifact:
    """Return the artifact of a network whose models have been matched with NEST's.

    Raises
    ------
    UnsupportedError
        A model that NEST does not have.
    """
    cells, synapses = matched_models(document, "nest")
    return NativeArtifact("nest", document, cells, synapses, threads_of(document))


def nestml(document: Document) -> str:
    """Return the cells as NESTML, for a NEST that can build modules, or why one has none."""
    return "\n".join(
        _nestml_of(op)
        for op in cells_in_use(document).values()
        if isinstance(op, dyn.CellOp) and not describe_model(op).source
    )


def _nestml_of(cell: dyn.CellOp) -> str:
    try:
        return emit_cell(cell)
    except UnsupportedError as error:
        return f"# {cell.label}: {error.message}\n"


def unavailable() -> str | None:
    """Return how to install NEST if it is missing."""
    return None if find_spec("nest") else "needs NEST: pip install 'snnc[nest]'"


NEST = Target(
    "nest",
    generate,
    executor="snnc.runtime.native.nest:NestSimulation",
    texts={"nestml": Text("cells.nestml", nestml)},
    unavailable=unavailable,
    changes=frozenset({"parameters", "states", "weights"}),
    no_ranks="NEST is taken as its package has it, without MPI; --threads uses several processors",
)
