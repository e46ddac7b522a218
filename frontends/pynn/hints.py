"""What scripts for sPyNNaker call beyond PyNN: hints at how cells are placed on SpiNNaker.

They are there while the command runs a script, and do nothing: other targets place cells by
themselves.
"""

from __future__ import annotations

from types import ModuleType
from typing import Any

_HINTS = (
    "set_number_of_neurons_per_core",
    "set_number_of_synapse_cores",
    "set_number_of_neurons_per_dimension_per_core",
    "set_allow_delay_extensions",
    "set_max_atoms_per_core",
    "add_socket_address",
)
# Of populations; random numbers have the network's seed everywhere.
_ARGUMENTS = ("seed", "additional_parameters", "neurons_per_core", "splitter")


def name() -> str:
    """Return the name of the simulator."""
    return "snnc"


def _hint(*_arguments: Any, **_keywords: Any) -> None:
    """Take a hint."""


def _hinted(population: type) -> type:
    """Return a class of populations that takes hints among its arguments."""

    def init(self: Any, *arguments: Any, **keywords: Any) -> None:
        kept = {name: value for name, value in keywords.items() if name not in _ARGUMENTS}
        population.__init__(self, *arguments, **kept)

    return type("Population", (population,), {"__init__": init, "__doc__": population.__doc__})


def install(module: ModuleType) -> None:
    """Offer the hints in a PyNN module."""
    for hint in _HINTS:
        setattr(module, hint, _hint)
    module.name = name  # type: ignore[attr-defined]
    module.Population = _hinted(module.Population)  # type: ignore[attr-defined]


def remove(module: ModuleType) -> None:
    """Take the hints away again."""
    for hint in (*_HINTS, "name"):
        vars(module).pop(hint, None)
    module.Population = module.Population.__base__  # type: ignore[attr-defined]
