"""`match-analog`: find the analog circuits that models are, and the codes that set them.

Models are compared by structure, as for simulators. The values of each population become those of
its circuits: faster, with potentials stretched and shifted, conductances and currents for the
circuit's own capacity. What calibration does not reach is refused.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Attribute, Operation
from xdsl.passes import ModulePass

from snnc.hardware.circuits import CircuitParameter, Circuits, Numbers, Scaling, circuits_of
from snnc.hardware.descriptions import describe
from snnc.ir.diagnostics import UnsupportedError
from snnc.ir.dialects import dyn, native, snn, syn
from snnc.ir.dialects.analog_cells import CellsOp
from snnc.ir.locations import location_of
from snnc.ir.model_info import describe_model, models_of
from snnc.ir.pass_context import PassContext
from snnc.ir.resources import encode
from snnc.passes.analog.reading import analog_mapping_of
from snnc.passes.analog.scaling import Potential, fitting_scale
from snnc.passes.analog.stand_for import FAMILY
from snnc.passes.analog.values import circuit_values
from snnc.passes.native.match_native import find_native

_ROUNDING = 1e-9


@dataclass(frozen=True)
class MatchAnalogPass(ModulePass):
    """Put a ``native.match`` behind each model in use, and ``analog.cells`` for each population."""

    name = "match-analog"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        """Match models and translate the parameters of their populations."""
        mapping = analog_mapping_of(ctx, op)
        circuits = circuits_of(describe(mapping.chip.chip))
        _refuse_currents(mapping.network, circuits)
        matches = _match_models(op, mapping.network, circuits)
        mapping.op.add(
            cells_op(population, matches[population.model], mapping.context, circuits)
            for population in mapping.populations
            if population.model in matches
        )


def _refuse_currents(network: snn.NetworkOp, circuits: Circuits) -> None:
    for op in network.body.block.ops:
        if isinstance(op, snn.InjectOp):
            raise UnsupportedError(
                f"circuits of {circuits.label} take no current from outside; found source "
                f"'@{op.source}' into '@{op.target}'; use a source of spikes, or 'i_offset'",
                location_of(op),
            )


def _match_models(
    module: ModuleOp, network: snn.NetworkOp, circuits: Circuits
) -> dict[str, native.MatchOp]:
    models = models_of(module)
    used = {op.model for op in network.walk() if isinstance(op, snn.PopulationOp)}
    used |= {op.synapse for op in network.walk() if isinstance(op, snn.ProjectionOp)}
    found = {}
    for label, model in models.items():
        if label in used and not describe_model(model).source:
            found[label] = _matched(model, circuits)
            module.body.block.insert_op_after(found[label], model)
    return found


def _matched(model: Operation, circuits: Circuits) -> native.MatchOp:
    assert isinstance(model, dyn.CellOp | syn.ModelOp)
    found = find_native(model, FAMILY, circuits.models)
    if isinstance(found, native.NoMatchOp):
        raise UnsupportedError(
            f"'{found.model.data}' has no form on {circuits.label}; {found.reason.data}",
            location_of(model),
        )
    assert isinstance(found, native.MatchOp)
    return found


def cells_op(
    population: snn.PopulationOp,
    found: native.MatchOp,
    around: PassContext,
    circuits: Circuits,
) -> CellsOp:
    """Return how the circuits of a population are set.

    Raises
    ------
    UnsupportedError
        If a value is out of the range that calibration reaches.
    """
    values = circuit_values(population, found, around)
    capacity = circuits.capacity / np.asarray(values.pop("c_mem", 1.0))
    known = {name: circuits.parameter(name) for name in values}
    potentials = list(_potentials(values, known))
    scale = Scaling(
        *fitting_scale(circuits, potentials, population.label), circuits.speedup, capacity
    )
    codes: dict[str, Attribute] = {}
    for name, value in values.items():
        parameter = known[name]
        there = scale.to_circuit(parameter.kind, value)
        _check_range(population, parameter, there, scale, circuits)
        code = folded(parameter.code(there))
        codes[name] = encode(code, around.arrays, f"{population.symbol}.{name}.code")
    ratio = encode(folded(capacity), around.arrays, f"{population.symbol}.capacity")
    below = max((parameter.codes for parameter in known.values()), default=1)
    potential = scale.stretch, scale.shift
    return CellsOp(population.symbol, found.native.data, potential, ratio, below, codes)


def folded(values: np.ndarray) -> np.ndarray | float | int:
    """Return an array of equal numbers as one."""
    same = values.ndim == 0 or bool((values == values.flat[0]).all())
    return values.flat[0].item() if same else values


def _potentials(
    values: Mapping[str, Numbers], known: Mapping[str, CircuitParameter]
) -> Iterator[Potential]:
    for name, value in values.items():
        parameter = known[name]
        if parameter.kind == "potential":
            least, largest = float(np.min(value)), float(np.max(value))
            yield Potential(name, least, largest, parameter.low, parameter.high)


def _check_range(
    population: snn.PopulationOp,
    parameter: CircuitParameter,
    value: Numbers,
    scale: Scaling,
    circuits: Circuits,
) -> None:
    slack = _ROUNDING * max(abs(parameter.low), abs(parameter.high))
    numbers = np.atleast_1d(np.asarray(value, np.float64))
    outside = (numbers < parameter.low - slack) | (numbers > parameter.high + slack)
    if not outside.any():
        return
    worst = int(np.argmax(outside))
    nearest = np.clip(numbers, parameter.low, parameter.high)
    units = {"time": "ms", "conductance": "uS", "current": "nA"}
    unit = units.get(parameter.kind, "mV")
    own = np.broadcast_to(scale.to_model(parameter.kind, numbers), numbers.shape)[worst]
    fit = np.broadcast_to(scale.to_model(parameter.kind, nearest), numbers.shape)[worst]
    raise UnsupportedError(
        f"population '{population.label}': '{parameter.name}' is out of range on "
        f"{circuits.label}; found {numbers[worst]:.4g} {parameter.unit} ({own:.4g} {unit} of the "
        f"model), expected {parameter.low:g} to {parameter.high:g} {parameter.unit}; the nearest "
        f"that fits is {fit:.4g} {unit}",
        location_of(population),
    )
