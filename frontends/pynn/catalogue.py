"""What the module offers beside its own classes: cell types, synapse types and connectors."""

from __future__ import annotations

from snnc import model_library
from snnc.ir.diagnostics import ModelError, did_you_mean
from snnc.pynn.cells.composed import ALIASES, response_type
from snnc.pynn.cells.models import ModelType, cell_type, names_of
from snnc.pynn.wiring.connectors import connector_class, connector_names
from snnc.pynn.wiring.synapses import COMPOSED, synapse_type


def cell_names() -> list[str]:
    """Return the names of the cell types."""
    return names_of("cell")


def standard_names() -> list[str]:
    """Return the names of the cell types that are no simulator's own."""
    return [name for name in cell_names() if model_library.load(name).simulator is None]


def catalogue() -> list[str]:
    """Return the names of all cell types, synapse types, responses and connectors."""
    synapses = [name for name in names_of("synapse") if not name.startswith(COMPOSED)]
    responses = [*names_of("response"), *ALIASES]
    return [*cell_names(), *synapses, *responses, *connector_names()]


def find(name: str) -> type:
    """Return the cell type, synapse type or connector of a name.

    Raises
    ------
    AttributeError
        If there is none; the message offers the nearest name.
    ModelError
        If there is a model of that name whose text is refused.
    """
    connector = connector_class(name) if name.endswith("Connector") else None
    if connector is not None:
        return connector
    name = ALIASES.get(name, name)
    if not name.startswith(COMPOSED) and _has_model(name):
        return _model(name)
    hint = did_you_mean(name, [*model_library.names(), *connector_names()])
    raise AttributeError(f"module 'snnc.pynn' has no '{name}'{hint}")


def _has_model(name: str) -> bool:
    try:
        model_library.find(name)
    except ModelError:
        return False
    return True


def _model(name: str) -> type[ModelType]:
    kinds = {"cell": cell_type, "response": response_type, "synapse": synapse_type}
    return kinds[model_library.load(name).kind](name)
