"""Cells composed of a neuron without receptors and named post-synaptic responses."""

from __future__ import annotations

from functools import cache
from typing import Any

from snnc import model_library
from snnc.pynn.cells.models import ModelType, StandardCellType, attributes_of, default_of
from snnc.pynn.refusals import NoSuchModel, TypeRefused

ALIASES = {
    "AlphaPSR": "CondAlphaPostSynapticResponse",
    "BetaPSR": "CondBetaPostSynapticResponse",
    "ExpPSR": "CondExpPostSynapticResponse",
}
"""Short names of responses."""


class PostSynapticResponse(ModelType):
    """Base of the post-synaptic responses.

    `locations` is of no use to cells without compartments.
    """

    model = ""
    conductance_based = False


def response_type(name: str) -> type[PostSynapticResponse]:
    """Return the class of the post-synaptic response `name`.

    Raises
    ------
    ModelError
        If the library has no such model, or its text is refused.
    """
    return _response_type(name, model_library.find(name).stat().st_mtime_ns)


@cache
def _response_type(name: str, _changed: int) -> type[PostSynapticResponse]:
    info = model_library.load(name)
    visible = [state for state in info.states.values() if not state.hidden]
    defaults = {parameter: default_of(info, parameter) for parameter in info.parameters}
    return type(
        name,
        (PostSynapticResponse,),
        {
            "__module__": "snnc.pynn",
            "__doc__": info.doc,
            "model": name,
            "default_parameters": {"locations": 0.5, **defaults},
            "default_initial_values": {state.name: state.initial for state in visible},
            "units": {state.name: state.unit for state in visible},
            "recordable": [state.name for state in visible],
            "conductance_based": info.conductance_based,
        },
    )


class PointNeuron(StandardCellType):
    """A cell composed of a neuron model and named receptors.

    Parameters of a receptor are called ``AMPA.tau_syn``, its variables ``AMPA.gsyn``. Receptors
    with conductances and receptors with currents may be mixed.

    Parameters
    ----------
    neuron : StandardCellType
        A neuron without receptors, `LIF` or `AdExp`.
    **post_synaptic_receptors : PostSynapticResponse
        What each receptor does.

    Raises
    ------
    NoModelAvailableError
        If the neuron has receptors of its own.
    """

    def __new__(  # noqa: D102
        cls, neuron: StandardCellType, **post_synaptic_receptors: PostSynapticResponse
    ) -> PointNeuron:
        if not isinstance(neuron, StandardCellType):
            raise TypeRefused(f"a neuron is expected, as LIF(...); found {neuron!r}")
        for name, response in post_synaptic_receptors.items():
            if not isinstance(response, PostSynapticResponse):
                raise TypeRefused(
                    f"receptor '{name}' must be a post-synaptic response; found {response!r}"
                )
        if neuron.receptor_types or not neuron.injectable:
            raise NoSuchModel(
                f"{type(neuron).__name__} cannot get receptors; expected LIF or AdExp"
            )
        responses = {name: r.model for name, r in post_synaptic_receptors.items()}
        return object.__new__(_composed(model_library.compose(neuron.model, responses)))

    def __init__(
        self, neuron: StandardCellType, **post_synaptic_receptors: PostSynapticResponse
    ) -> None:
        self.neuron = neuron
        self.post_synaptic_receptors = post_synaptic_receptors
        parameters = dict(neuron.parameters)
        for receptor, response in post_synaptic_receptors.items():
            for name, value in response.parameters.items():
                if name != "locations":
                    parameters[f"{receptor}.{name}"] = value
        super().__init__(**parameters)

    def __getnewargs_ex__(self) -> tuple[tuple[Any], dict[str, Any]]:
        return (self.neuron,), self.post_synaptic_receptors


@cache
def _composed(name: str) -> type[PointNeuron]:
    attributes = attributes_of(model_library.load(name))
    attributes["__doc__"] = PointNeuron.__doc__
    return type("PointNeuron", (PointNeuron,), attributes)
