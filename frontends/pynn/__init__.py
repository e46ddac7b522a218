"""A PyNN module: ``import snnc.pynn as sim``.

Cell and synapse types come from the model library (`snnc.model_library`): a new model file is a new
class here. Connectors come from `snnc.codegen.connectors`.
"""

from __future__ import annotations

# What is imported here is offered through __all__, which __getattr__ makes.
# ruff: noqa: F401
from typing import TYPE_CHECKING, Any

from pyNN import errors, random, space
from pyNN.random import GSLRNG, NumpyRNG, RandomDistribution
from pyNN.space import Space

from snnc.pynn import simulator
from snnc.pynn.catalogue import catalogue, find, standard_names
from snnc.pynn.cells.assemblies import Assembly
from snnc.pynn.cells.composed import PointNeuron
from snnc.pynn.cells.identity import ID
from snnc.pynn.cells.imported import lems_cell_type, nestml_cell_type, nineml_cell_type
from snnc.pynn.cells.models import StandardCellType
from snnc.pynn.cells.populations import Population
from snnc.pynn.cells.views import PopulationView
from snnc.pynn.control import (
    end,
    get_current_time,
    get_max_delay,
    get_min_delay,
    get_time_step,
    num_processes,
    rank,
    reset,
    run,
    run_for,
    run_until,
    setup,
)
from snnc.pynn.electrodes import ACSource, DCSource, NoisyCurrentSource, StepCurrentSource
from snnc.pynn.native_random import NativeRNG
from snnc.pynn.native_types import NativeCellType, native_cell_type, native_synapse_type
from snnc.pynn.network import Network
from snnc.pynn.procedural import connect, create, initialize, record, record_gsyn, record_v, set
from snnc.pynn.session import current as _current
from snnc.pynn.wiring.connections import Connection
from snnc.pynn.wiring.connectors import Connector
from snnc.pynn.wiring.csa_connector import CSAConnector
from snnc.pynn.wiring.listed_connectors import (
    CloneConnector,
    FromFileConnector,
    FromListConnector,
    MapConnector,
)
from snnc.pynn.wiring.maps import (
    DisplacementDependentProbabilityConnector,
    IndexBasedProbabilityConnector,
)
from snnc.pynn.wiring.projections import Projection
from snnc.pynn.wiring.small_world import SmallWorldConnector
from snnc.pynn.wiring.synapses import (
    AdditivePotentiationMultiplicativeDepression,
    AdditiveWeightDependence,
    GutigWeightDependence,
    MultiplicativeWeightDependence,
    SpikePairRule,
    STDPMechanism,
    Vogels2011Rule,
    nestml_synapse_type,
)
from snnc.pynn.wiring.synapses import tsodyks_markram_mechanism as TsodyksMarkramMechanism  # noqa: N812

if TYPE_CHECKING:
    from snnc.ir.text import Document

_NAMES = [
    "ACSource",
    "AdditivePotentiationMultiplicativeDepression",
    "AdditiveWeightDependence",
    "Assembly",
    "CSAConnector",
    "CloneConnector",
    "Connection",
    "Connector",
    "DCSource",
    "DisplacementDependentProbabilityConnector",
    "FromFileConnector",
    "FromListConnector",
    "GSLRNG",
    "GutigWeightDependence",
    "ID",
    "IndexBasedProbabilityConnector",
    "MapConnector",
    "MultiplicativeWeightDependence",
    "NativeCellType",
    "NativeRNG",
    "Network",
    "NoisyCurrentSource",
    "NumpyRNG",
    "PointNeuron",
    "Population",
    "PopulationView",
    "Projection",
    "RandomDistribution",
    "STDPMechanism",
    "SmallWorldConnector",
    "Space",
    "SpikePairRule",
    "StandardCellType",
    "StepCurrentSource",
    "TsodyksMarkramMechanism",
    "Vogels2011Rule",
    "connect",
    "create",
    "document",
    "end",
    "errors",
    "get_current_time",
    "get_max_delay",
    "get_min_delay",
    "get_time_step",
    "initialize",
    "list_standard_models",
    "lems_cell_type",
    "native_cell_type",
    "native_synapse_type",
    "nestml_cell_type",
    "nestml_synapse_type",
    "nineml_cell_type",
    "num_processes",
    "random",
    "rank",
    "record",
    "record_gsyn",
    "record_v",
    "reset",
    "run",
    "run_for",
    "run_until",
    "set",
    "setup",
    "simulator",
    "space",
]


def list_standard_models() -> list[str]:
    """Return the names of the cell types that are no simulator's own."""
    return standard_names()


def document() -> Document:
    """Return the current network as IR."""
    return _current().document()


def __getattr__(name: str) -> Any:
    if name == "__all__":
        return sorted({*_NAMES, *catalogue()})
    if name.startswith("_"):
        raise AttributeError(name)
    return find(name)


def __dir__() -> list[str]:
    return sorted({*globals(), *catalogue()})
