"""Cells of sPyNNaker whose currents count in another unit, as ``choose-current-unit`` chooses.

Values stay in nA, uS and nF in sPyNNaker; what is written to the machine is 2^bits times as large,
and what is read from it as much smaller: the types of the numbers say so, and the scale of weights.
"""

from __future__ import annotations

from copy import copy
from typing import Any

from snnc.ir.diagnostics import UserError

_CELLS = frozenset({"cm", "i_offset", "isyn_exc", "isyn_inh", "gsyn_exc", "gsyn_inh"})
"""Capacities, currents and conductances among sPyNNaker's parameters, states and recordings."""
_SOURCES = frozenset({"amplitude", "amplitudes", "offset", "mean", "stdev"})
"""Currents among the parameters of its sources."""


class CountedType:
    """A type of sPyNNaker's numbers, for numbers that are `factor` times as large on the machine.

    Parameters
    ----------
    kind : DataType
        How the machine has them.
    factor : float
        The machine's units in one of the network's.
    """

    def __init__(self, kind: Any, factor: float) -> None:
        self.kind = kind
        self.factor = factor

    def __getattr__(self, name: str) -> Any:
        return getattr(self.kind, name)

    def encode_as_int(self, value: float) -> int:
        """Return the machine's number."""
        return self.kind.encode_as_int(value * self.factor)

    def encode_as_numpy_int(self, value: float) -> Any:
        """Return the machine's number."""
        return self.kind.encode_as_numpy_int(value * self.factor)

    def encode_as_numpy_int_array(self, array: Any) -> Any:
        """Return the machine's numbers."""
        return self.kind.encode_as_numpy_int_array(array * self.factor)

    def decode_numpy_array(self, array: Any) -> Any:
        """Return the network's numbers."""
        return self.kind.decode_numpy_array(array) / self.factor

    def decode_array(self, values: Any) -> Any:
        """Return the network's numbers."""
        return self.kind.decode_array(values) / self.factor


def count_currents(vertex: Any, bits: int) -> None:
    """Let the currents of a population of sPyNNaker count in 2^-`bits` nA.

    Sources of current that have reached it since the last call are told, too.

    Parameters
    ----------
    vertex : PopulationVertex
        The population.
    bits : int
        The logarithm to the base 2 of units in a nA.

    Raises
    ------
    UserError
        If a source of current is in another population, too, with another unit.
    """
    factor = 2.0**bits
    if not hasattr(vertex.neuron_impl, "units_in_nA"):
        vertex._PopulationVertex__neuron_impl = _counting(vertex.neuron_impl, factor)
        types = vertex.neuron_recorder._NeuronRecorder__data_types
        types.update({name: CountedType(types[name], factor) for name in types.keys() & _CELLS})
    for source in vertex.current_sources:
        _count_source(source.parameter_types, factor)


def _counting(impl: Any, factor: float) -> Any:
    """Return the implementation of a population's cells with another unit."""

    def counted(struct: Any) -> Any:
        fields = [
            (CountedType(kind, factor) if name in _CELLS else kind, name)
            for kind, name in struct.fields
        ]
        return type(struct)(fields, struct.repeat_type, struct._Struct__default_values)

    members = {
        "__slots__": (),
        "units_in_nA": factor,
        "structs": property(lambda self: [counted(struct) for struct in impl.structs]),
        "get_global_weight_scale": lambda self: impl.get_global_weight_scale() * factor,
    }
    counting = copy(impl)
    counting.__class__ = type(type(impl).__name__, (type(impl),), members)
    return counting


def _count_source(types: dict[str, Any], factor: float) -> None:
    for name in types.keys() & _SOURCES:
        kind = types[name]
        if not isinstance(kind, CountedType):
            types[name] = CountedType(kind, factor)
        elif kind.factor != factor:
            raise UserError(
                "a source of current reaches populations whose currents count in different units; "
                "give each a source of its own, or the same unit: "
                "--pass 'choose-current-unit{bits=0}'"
            )
