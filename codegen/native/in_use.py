"""The models that the populations and projections of a network use."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from xdsl.ir import Operation

from snnc.ir.diagnostics import Location, UnsupportedError
from snnc.ir.dialects import snn
from snnc.ir.locations import location_of
from snnc.ir.model_info import models_of
from snnc.ir.text import Document


def first_use(document: Document, label: str) -> Location | None:
    """Return where a network first uses a model; None if that is in no text."""
    for op in document.network.symbols().values():
        match op:
            case snn.PopulationOp(model=used) | snn.ProjectionOp(synapse=used) if used == label:
                return location_of(op)
            case _:
                pass
    return None


@contextmanager
def located(document: Document, label: str) -> Iterator[None]:
    """Let what a target lacks for a model be refused where the network first uses the model."""
    try:
        yield
    except UnsupportedError as error:
        where = first_use(document, label) or error.location
        raise UnsupportedError(error.message, where) from None


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
