"""`quantise`: cells in the fixed-point arithmetic of the machine that runs them.

A model that ``match-native`` has found to be one of the machine's gets that model's arithmetic,
bit by bit, as an ``fx.cell``; other models are refused with what differs from the nearest one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import FloatAttr, IntegerAttr, ModuleOp, StringAttr, f64, i64
from xdsl.ir import Operation
from xdsl.passes import ModulePass

from snnc.ir.diagnostics import OptionError, UnsupportedError, did_you_mean
from snnc.ir.dialects import fx, native, snn
from snnc.ir.dialects import map as mapping
from snnc.ir.dialects.map_weights import WeightsOp
from snnc.ir.locations import location_of
from snnc.ir.model_info import describe_model, models_of
from snnc.passes.native.references import arithmetic
from snnc.passes.one_network import network_of
from snnc.passes.spinnaker.current_degrees import degree_of
from snnc.passes.spinnaker.current_units import leaky_model
from snnc.passes.spinnaker.reading import mapping_of

ROUNDINGS = ("nearest", "stochastic")


@dataclass(frozen=True)
class QuantisePass(ModulePass):
    """Put the machine's arithmetic beside the models of a network.

    Attributes
    ----------
    target : str
        The machine: ``spinnaker``.
    rounding : {"nearest", "stochastic"}
        How products that the machine's own software rounds to the nearest number are rounded.
    """

    name = "quantise"

    target: str = "spinnaker"
    rounding: str = "nearest"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        """Add an ``fx.cell`` for each of the machine's models in use."""
        if self.target != "spinnaker":
            raise OptionError(f"no arithmetic of '{self.target}' is known; expected 'spinnaker'")
        if self.rounding not in ROUNDINGS:
            hint = did_you_mean(self.rounding, ROUNDINGS)
            raise OptionError(f"unknown rounding '{self.rounding}'{hint}")
        for name, bits in dict.fromkeys(self._used(op)):
            cell, defaults = arithmetic(self.target, name)
            for inner in cell.walk():
                if isinstance(inner, fx.ParamOp) and inner.label in defaults:
                    inner.properties["default"] = FloatAttr(defaults[inner.label], f64)
            if self.rounding == "stochastic":
                _round_at_random(cell)
            if bits:
                _count_currents(cell, bits)
            op.body.block.add_op(cell)
        _round_weights(op)

    def _used(self, module: ModuleOp) -> Iterator[tuple[str, int]]:
        """Yield the machine's cells in use, with their bits of currents; sources need nothing."""
        bits = _current_bits(module)
        models, found = models_of(module), _matches_of(module, self.target)
        for population in network_of(module).symbols().values():
            if not isinstance(population, snn.PopulationOp):
                continue
            label = population.model
            if describe_model(models[label]).source:
                continue
            match = found.get(label)
            if match is None:
                raise OptionError(
                    f"'{label}' has not been matched; expected pass "
                    f"'match-native{{simulator={self.target}}}'"
                )
            if isinstance(match, native.NoMatchOp):
                raise UnsupportedError(
                    f"'{population.label}': {self.target} has no model like '{label}': "
                    f"{match.reason.data}",
                    location_of(match),
                )
            yield match.native.data, bits.get(population.symbol, 0)


def _matches_of(module: ModuleOp, simulator: str) -> dict[str, native.MatchOp | native.NoMatchOp]:
    return {
        op.model.data: op
        for op in module.body.block.ops
        if isinstance(op, native.MatchOp | native.NoMatchOp) and op.simulator.data == simulator
    }


def _current_bits(module: ModuleOp) -> dict[str, int]:
    mapped = [op for op in module.body.block.ops if isinstance(op, mapping.MappingOp)]
    return mapping_of(module).current_bits if mapped else {}


def _count_currents(cell: fx.CellOp, bits: int) -> None:
    """Let the currents of a cell, and what they come from, count in 2^-`bits` nA."""
    units = leaky_model(cell.label).reference.units

    def scale(name: str) -> float:
        return 2.0 ** (bits * degree_of(units[name])) if name in units else 1.0

    cell.properties["bits"] = IntegerAttr(bits, i64)
    for op in cell.walk():
        match op:
            case fx.ParamOp() if scale(op.label) != 1.0:
                op.properties["scale"] = FloatAttr(scale(op.label), f64)
            case fx.StateOp():
                op.properties["scale"] = FloatAttr(op.scale * scale(op.label), f64)
            case fx.CurrentOp():
                op.properties["scale"] = FloatAttr(2.0**bits, f64)


def _round_weights(module: ModuleOp) -> None:
    """Keep a weight for each synapse where those of one size are rounded to different numbers."""
    symbols = network_of(module).symbols()
    for mapped in module.body.block.ops:
        if not isinstance(mapped, mapping.MappingOp):
            continue
        for op in mapped.body.block.ops:
            if isinstance(op, WeightsOp) and op.rounding == "stochastic":
                attributes = symbols[op.projection].attributes
                attributes["storage"] = StringAttr("int16")
                attributes["rounding"] = StringAttr(op.rounding)


def _round_at_random(cell: fx.CellOp) -> None:
    """Let the products of the update that are rounded to the nearest be rounded at random."""
    products: list[Operation] = list(cell.update.walk())
    for op in products:
        if isinstance(op, fx.MulOp) and op.rounding == "nearest":
            op.properties["rounding"] = StringAttr("stochastic")
