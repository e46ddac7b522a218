"""The networks of the benchmarks, one a file.

A network's module has its NAME, the SCALES that are run unless others are asked for, and
``network(scale)``, which returns the description.
"""

from __future__ import annotations

from importlib import import_module
from types import ModuleType

NETWORKS = {
    "b1": "coba",
    "b1u": "cuba",
    "b2": "brunel",
    "b3": "microcircuit",
    "b4": "stdp",
    "b6": "cobahh",
    "b7": "sheet",
    "size": "size",
    "synapses": "synapses",
}


def module_of(name: str) -> ModuleType:
    """Return the module of a network."""
    return import_module(f"{__name__}.{NETWORKS[name]}")
