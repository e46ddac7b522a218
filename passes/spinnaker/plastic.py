"""What plastic synapses ask of a core beyond what static ones do.

All plastic synapses onto a core change by one rule, which its program is compiled for, so cells
share a core only if they have the same. Sizes are those of sPyNNaker 7.4.1
(``synapse_dynamics_stdp.py``, ``post_events.h``).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import ceil, log

from xdsl.dialects.builtin import FloatAttr

from snnc.ir.model_info import ModelInfo
from snnc.ir.units import NAMED, parse_unit
from snnc.passes.spinnaker.connections import Reach

WORD = 4
ROW_HISTORY = 2 * WORD
"""Bytes of a row for the presynaptic cell's last spike, and its trace then."""
CELL_HISTORY = WORD + 16 * (WORD + 2)
"""Bytes of a cell for the number, times and traces of its last 16 spikes."""
_LEAST = 2.0**-11
"""What a trace has decayed to where its table ends."""


@dataclass(frozen=True)
class Plastic:
    """The plastic synapses onto the cells of a population.

    Attributes
    ----------
    rule : frozenset of (str, str)
        Models of synapses, and their parameters as text; empty where all synapses are static.
    tables : int
        Bytes of a core for the decays of traces.
    """

    rule: frozenset[tuple[str, str]]
    tables: int

    @property
    def per_cell(self) -> int:
        """Bytes for each cell."""
        return CELL_HISTORY if self.rule else 0


def plastic_onto(onto: Iterable[Reach], infos: Mapping[str, ModelInfo], dt: float) -> Plastic:
    """Return what the plastic ones among some projections' synapses ask for.

    Parameters
    ----------
    onto : iterable of Reach
        What reaches the cells of a population.
    infos : mapping of str to ModelInfo
        The models of the network.
    dt : float
        Time step in ms.
    """
    found = [reach.projection for reach in onto if infos[reach.projection.synapse].plastic]
    tables = 0
    for one in found:
        given = one.parameters.data
        own = 0
        for name, parameter in infos[one.synapse].parameters.items():
            unit, value = parse_unit(parameter.unit), given.get(name)
            tau = value.value.data if isinstance(value, FloatAttr) else parameter.default
            if unit.exponents == NAMED["ms"].exponents and tau is not None:
                own += WORD + 4 * ceil(-log(_LEAST) * tau * unit.scale / dt / 2)
        tables = max(tables, own)
    return Plastic(frozenset((one.synapse, str(one.parameters)) for one in found), tables)
