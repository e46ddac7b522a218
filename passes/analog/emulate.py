"""`emulate-analog`: the network that an analog chip would compute, as one for the ``cpu`` target.

Populations become cells of their circuits' own equations, with the parameters that the codes stand
for, and those deviations that calibration leaves: a fixed pattern, which belongs to the chip, and a
smaller part that every writing draws anew. Synapses have the weights that their codes stand for,
with deviations likewise; those that are lost are gone, and all delays are the chip's. Sources from
outside send no more spikes than the links into the chip take.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from xdsl.context import Context
from xdsl.dialects.builtin import (
    DictionaryAttr,
    FloatAttr,
    ModuleOp,
    StringAttr,
    SymbolRefAttr,
    f64,
)
from xdsl.ir import Attribute
from xdsl.passes import ModulePass

from snnc.hardware.circuits import Circuits, Numbers, Scaling, circuits_of
from snnc.hardware.descriptions import describe
from snnc.ir.diagnostics import OptionError
from snnc.ir.dialects import analog, native, snn
from snnc.ir.dialects.analog_cells import CellsOp
from snnc.ir.dialects.snn_values import ArrayHandleAttr, ConnectorAttr
from snnc.ir.resources import decode, encode, encode_real
from snnc.passes.analog.deviations import Deviations
from snnc.passes.analog.links import limit_sources
from snnc.passes.analog.reading import AnalogMapping, analog_mapping_of
from snnc.passes.analog.stand_for import CircuitModels

Op = TypeVar("Op", bound=analog.OfProjection)


@dataclass(frozen=True)
class EmulateAnalogPass(ModulePass):
    """Replace what is mapped by what the chip makes of it.

    Attributes
    ----------
    chip_seed : int
        Which chip: it draws the fixed pattern. What is drawn anew for each trial depends on the
        network's seed.
    deviations : bool
        Whether anything deviates from what codes stand for.
    links : bool
        Whether links into the chip drop spikes.
    """

    name = "emulate-analog"

    chip_seed: int = 1
    deviations: bool = True
    links: bool = True

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        """Rewrite populations and projections, and remove the mapping."""
        mapping = analog_mapping_of(ctx, op)
        circuits = circuits_of(describe(mapping.chip.chip))
        drawn = Deviations(self.chip_seed, mapping.network.seed, self.deviations)
        if self.links:
            limit_sources(mapping)
        for projection in mapping.projections:
            _rewrite_synapses(mapping, projection, circuits, drawn)
        models = CircuitModels(op)
        cells = {one.of: one for one in mapping.op.parts(CellsOp)}
        for population in mapping.populations:
            if population.symbol in cells:
                _rewrite_cells(mapping, population, cells[population.symbol], circuits, drawn)
                _become(population, models.symbol(population.model, cells[population.symbol]))
            elif not mapping.models[population.model].source:
                raise OptionError(
                    f"circuits of '{population.label}' are not set; expected pass 'match-analog'"
                )
        mapping.op.detach()
        for one in list(op.body.block.ops):
            if isinstance(one, native.MatchOp):
                one.detach()


def _become(population: snn.PopulationOp, model: str) -> None:
    population.properties["model"] = SymbolRefAttr(model)


def _rewrite_cells(
    mapping: AnalogMapping,
    population: snn.PopulationOp,
    cells: CellsOp,
    circuits: Circuits,
    drawn: Deviations,
) -> None:
    """Give a population the parameters of its circuits, in the model's units."""
    arrays = mapping.context.arrays
    capacity = _numbers(cells.capacity, mapping)
    scale = Scaling(cells.stretch, cells.shift, circuits.speedup, capacity)
    values: dict[str, Numbers] = {"c_mem": circuits.capacity / capacity}
    for name, attribute in cells.codes.data.items():
        parameter = circuits.parameter(name)
        code = decode(attribute, arrays.arrays)
        assert isinstance(code, int | np.ndarray)
        deviation = drawn.of(
            population.object_id, name, population.size, parameter.spread, parameter.trial
        )
        there = parameter.varied(parameter.value(code), deviation)
        values[name] = scale.to_model(parameter.kind, there)
    population.properties["parameters"] = DictionaryAttr(
        {
            name: encode_real(_folded(value), arrays, f"{population.symbol}.{name}")
            for name, value in values.items()
        }
    )


def _numbers(attribute: Attribute, mapping: AnalogMapping) -> Numbers:
    value = decode(attribute, mapping.context.arrays.arrays)
    assert isinstance(value, float | np.ndarray)
    return value


def _folded(value: Numbers) -> Numbers:
    array = np.asarray(value)
    same = array.ndim == 0 or bool((array == array.flat[0]).all())
    return float(array.flat[0]) if same else array


def _rewrite_synapses(
    mapping: AnalogMapping, projection: snn.ProjectionOp, circuits: Circuits, drawn: Deviations
) -> None:
    """Leave the synapses that are on the chip, with the weights that they have there."""
    arrays = mapping.context.arrays
    kept = np.setdiff1d(
        np.arange(_listed(mapping, projection, "pre").size), _lost(mapping, projection)
    )
    codes = _decision(mapping, analog.CodesOp, projection.symbol, "quantise-weights")
    scale = mapping.array(codes.scale)
    deviation = drawn.of(
        projection.object_id, "weight", scale.size, circuits.weight_spread, circuits.weight_trial
    )
    weight = codes.columns(arrays.arrays)["code"] * scale * np.exp(deviation)
    sides = {
        side: encode(
            _listed(mapping, projection, side)[kept], arrays, f"{projection.symbol}.{side}"
        )
        for side in ("pre", "post")
    }
    delay = max(circuits.delay, mapping.network.dt)
    projection.properties |= {
        "connector": ConnectorAttr(StringAttr("from_list"), DictionaryAttr(sides)),
        "weight": encode_real(_folded_or(weight[kept]), arrays, f"{projection.symbol}.weight"),
        "delay": FloatAttr(delay, f64),
    }


def _folded_or(weights: np.ndarray) -> Numbers:
    return _folded(weights) if weights.size else 0.0


def _listed(mapping: AnalogMapping, projection: snn.ProjectionOp, side: str) -> np.ndarray:
    handle = projection.connector.options.data[side]
    assert isinstance(handle, ArrayHandleAttr)
    return mapping.array(handle)


def _lost(mapping: AnalogMapping, projection: snn.ProjectionOp) -> np.ndarray:
    lost = _decision(mapping, analog.LostOp, projection.symbol, "assign-rows' or 'fill-rows")
    return lost.columns(mapping.context.arrays.arrays)["synapse"]


def _decision(mapping: AnalogMapping, kind: type[Op], symbol: str, missing_pass: str) -> Op:
    for op in mapping.op.body.block.ops:
        if isinstance(op, kind) and op.of == symbol:
            return op
    raise OptionError(f"'@{symbol}' has no '{kind.name}'; expected pass '{missing_pass}'")
