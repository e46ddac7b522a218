"""Cell and synapse types that are a simulator's own."""

from __future__ import annotations

from typing import Any

from snnc import model_library
from snnc.ir.diagnostics import MissingDependencyError
from snnc.ir.registry import TARGETS
from snnc.pynn.cells.models import StandardCellType, attributes_of
from snnc.pynn.refusals import NotYet
from snnc.pynn.wiring.synapses import StandardSynapseType, synapse_attributes


class NativeCellType(StandardCellType):
    """Base of the cell types that are a simulator's own; `native_cell_type` makes them.

    Raises
    ------
    NotYet
        For PyNN's templates of NEURON, whose `model` is a class that builds sections.
    """

    def __init__(self, **parameters: Any) -> None:
        if isinstance(self.model, type):
            raise NotYet(
                f"{type(self).__name__} is a template of NEURON, whose model "
                f"'{self.model.__name__}' builds sections; no target has cells with sections. "
                "NativeCellType is for native_cell_type(NAME), which the target nest has"
            )
        super().__init__(**parameters)


class NativeSynapseType(StandardSynapseType):
    """Base of the synapse types that are a simulator's own."""


def native_cell_type(model_name: str) -> type[NativeCellType]:
    """Return a cell type that is a neuron model of NEST, for the target ``nest``.

    Parameters, recordables and receptors are those of the installed NEST, with its defaults and in
    its units. Weights of the standard synapses are in uS where the model records conductances
    (``g...``), else in nA: NEST gets a thousand times the number, as from PyNN.

    Parameters
    ----------
    model_name : str
        NEST's name of the model, as ``ht_neuron``.

    Raises
    ------
    MissingDependencyError
        If NEST is not installed.
    ModelError
        If NEST has no such model.
    """
    _require_nest("native_cell_type")
    from snnc.runtime.native.nest_models import cell_text

    name = model_library.register(model_name, cell_text(model_name))
    attributes = attributes_of(model_library.load(name))
    return type(name, (NativeCellType,), {**attributes, "nest_model": name})


def native_synapse_type(model_name: str) -> type[NativeSynapseType]:
    """Return a synapse type that is a model of NEST, for the target ``nest``.

    All parameters are in NEST's units, the weight included. `tau_minus` of plastic synapses is
    set in the postsynaptic cells.

    Parameters
    ----------
    model_name : str
        NEST's name of the model, as ``stdp_synapse``.

    Raises
    ------
    MissingDependencyError
        If NEST is not installed.
    ModelError
        If NEST has no such model.
    """
    _require_nest("native_synapse_type")
    from snnc.runtime.native.nest_models import synapse_text

    text, common = synapse_text(model_name)
    name = model_library.register(model_name, text)
    attributes: dict[str, Any] = synapse_attributes(model_library.load(name))
    attributes["default_parameters"].update(common)
    return type(name, (NativeSynapseType,), {**attributes, "nest_name": name})


def _require_nest(what: str) -> None:
    reason = TARGETS.get("nest").unavailable()
    if reason is not None:
        raise MissingDependencyError(f"{what} belongs to the target 'nest', which {reason}")
