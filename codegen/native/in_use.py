"""The models that the populations and projections of a network use."""

from __future__ import annotations

from xdsl.ir import Operation

from snnc.ir.dialects import snn
from snnc.ir.model_info import models_of
from snnc.ir.text import Document


def cells_in_use(document: Document) -> dict[str, Operation]:
    """Return the cell models of populations by label."""
    models = models_of(document.module)
    ops = document.network.symbols().values()
    labels = [op.model for op in ops if isinstance(op, snn.PopulationOp)]
    return {label: models[label] for label in dict.fromkeys(labels)}


def synapses_in_use(document: Document) -> dict[str, Operation]:
    """Return the synapse models of projections by label."""
    models = models_of(document.module)
    ops = document.network.symbols().values()
    labels = [op.synapse for op in ops if isinstance(op, snn.ProjectionOp)]
    return {label: models[label] for label in dict.fromkeys(labels)}
