"""NeuroML's types of PyNN's cells, as the cells of the model library that they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from snnc import model_library
from snnc.ir.model_info import ModelInfo
from snnc.ir.units import DIMENSIONLESS
from snnc.lems.part import Part
from snnc.lems.reactions import Receptor

SYNAPSES = {
    "IF_curr_exp": "expCurrSynapse",
    "IF_curr_alpha": "alphaCurrSynapse",
    "IF_cond_exp": "expCondSynapse",
    "IF_cond_alpha": "alphaCondSynapse",
}
"""The synapse of each type of cell whose currents the cell of the library has itself."""
_SIDES = {"excitatory": "E", "inhibitory": "I"}
_INITIAL, _POTENTIAL = "v_init", "v"


@dataclass(frozen=True)
class StandardCell:
    """A cell of the model library with its values, and its receptors as in `Written`."""

    model: str
    parameters: Mapping[str, float]
    initial: Mapping[str, float]
    receptors: Mapping[tuple[str, str], Receptor]
    recordables: Sequence[str]
    current: str | None
    emits: bool = True

    def state(self, path: str) -> str | None:
        """Return the state that a path names, if it is one."""
        return path if path in self.recordables else None


def standard_cell(
    cell: Part, synapses: Mapping[str, Part], weights: Mapping[str, Sequence[float]]
) -> StandardCell | None:
    """Return the cell of the library that a component with its synapses is, None if it is none.

    Parameters
    ----------
    cell : Part
        The component of the cell.
    synapses : mapping of str to Part
        What is attached to it, by name.
    weights : mapping of str to sequence of float
        The weights of the connections through each, whose signs a receptor restricts.
    """
    if cell.type.name not in SYNAPSES:
        return None
    info = model_library.load(cell.type.name)
    if not {*info.parameters, _INITIAL} <= cell.values.keys():
        return None
    receptors: dict[tuple[str, str], Receptor] = {}
    for name, synapse in synapses.items():
        receptor = _receptor(cell, synapse, info, weights.get(name, ()))
        if receptor is None:
            return None
        receptors[name, "in"] = Receptor(receptor, DIMENSIONLESS, 1.0)
    values = {name: cell.values[name].value for name in info.parameters}
    defaults = {name: parameter.default for name, parameter in info.parameters.items()}
    start = cell.values[_INITIAL].value
    return StandardCell(
        info.name,
        {name: value for name, value in values.items() if value != defaults[name]},
        {} if start == info.states[_POTENTIAL].initial else {_POTENTIAL: start},
        receptors,
        [name for name, state in info.states.items() if not state.hidden],
        info.port,
    )


def _receptor(cell: Part, synapse: Part, info: ModelInfo, weights: Sequence[float]) -> str | None:
    """Return the receptor of a cell that a synapse is; its id decides between equal ones."""
    if synapse.type.name != SYNAPSES[cell.type.name]:
        return None
    fitting = [
        receptor
        for receptor, side in _SIDES.items()
        if all(
            _value(synapse, name) == _value(cell, f"{name}_{side}") for name in ("tau_syn", "e_rev")
        )
        and all(weight * _sign(info, receptor) >= 0.0 for weight in weights)
    ]
    named = [receptor for receptor in fitting if synapse.name.endswith(receptor)]
    return next(iter([*named, *fitting]), None)


def _sign(info: ModelInfo, receptor: str) -> int:
    """Return the sign of the weights that a receptor takes, as in PyNN."""
    return -1 if receptor == "inhibitory" and not info.receptors[receptor].is_conductance else 1


def _value(part: Part, name: str) -> float | None:
    found = part.values.get(name)
    return None if found is None else found.value
