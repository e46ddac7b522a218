"""`choose-shifts`: what synaptic weights are multiples of, per population and receptor.

Sums of weights wait in ring buffers of 16 bits, so the largest sum that a step can bring decides
how fine weights are. As in sPyNNaker 7.4.1 (``population_vertex.py``) that is, where delays differ,
the mean and some standard deviations of what arrives at the expected rates; where all delays of a
receptor are the same, spikes of one moment arrive at one moment, and all synapses count at once.
In neither case is it less than the largest weight, nor more than all of them.
"""

from __future__ import annotations

import warnings
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from math import ceil, floor, log2, sqrt

import numpy as np
from xdsl.context import Context
from xdsl.dialects.builtin import FloatAttr, ModuleOp
from xdsl.passes import ModulePass

from snnc.ir.diagnostics import OptionError, ResourceLimitError, UnsupportedError, did_you_mean
from snnc.ir.dialects import snn
from snnc.ir.dialects.map_weights import (
    LARGEST_SHIFT,
    ROUNDINGS,
    RingOp,
    WeightsOp,
)
from snnc.ir.model_info import ModelInfo, describe_model, models_of
from snnc.ir.pass_context import arrays_of
from snnc.ir.units import parse_unit
from snnc.passes.spinnaker.connections import Reach, reaches_of
from snnc.passes.spinnaker.reading import Mapping as Mapped
from snnc.passes.spinnaker.reading import mapping_of
from snnc.passes.spinnaker.value_ranges import ValueRange, weight_range

BOUNDS = ("auto", "expected", "worst")
CONDUCTANCE_SCALE = 1024.0
"""What sPyNNaker multiplies conductances in uS with (``input_type_conductance.py``)."""
COARSE = 0.05
"""Relative errors of weights that are worth a warning."""
_RARE = 1e-9
Where = tuple[str, str]


@dataclass
class Arriving:
    """What arrives at a receptor of a population's cells in a step, in the coherent unit.

    Attributes
    ----------
    factor : float
        Stored units per coherent unit.
    weights : dict of str to ValueRange
        Of the projections that bring it, by symbol.
    mean, variance : float
        Of the sum, spikes being independent.
    largest : float
        The largest weight.
    together : float
        The sum if all synapses get the most spikes of a step at once.
    spread : bool
        Whether delays differ.
    """

    factor: float
    weights: dict[str, ValueRange] = field(default_factory=dict)
    mean: float = 0.0
    variance: float = 0.0
    largest: float = 0.0
    together: float = 0.0
    spread: bool = False

    def add(self, reach: Reach, weights: ValueRange, spikes: float, most: float) -> None:
        """Add synapses, with the spikes that each brings in a step, on average and at most."""
        self.weights[reach.projection.symbol] = weights
        synapses = _most_onto(reach)
        events = synapses * spikes
        self.mean += events * abs(weights.mean)
        self.variance += events * weights.square
        self.largest = max(self.largest, weights.largest)
        self.together += synapses * most * weights.largest
        self.spread |= not isinstance(reach.projection.delay, FloatAttr)

    def bound(self, kind: str, sigma: float) -> float:
        """Return the largest sum that is to be held."""
        expected = min(self.mean + sigma * sqrt(self.variance), self.together)
        is_worst = kind == "worst" or (kind == "auto" and not self.spread)
        return max(self.together if is_worst else expected, self.largest)


def arriving_at(
    found: Mapped, models: Mapping[str, ModelInfo], arrays: Mapping[str, np.ndarray]
) -> dict[Where, Arriving]:
    """Return what arrives, by population and receptor; those without synapses are missing.

    Parameters
    ----------
    found : Mapping
        The network on its cores, with the expected rates.
    models : mapping of str to ModelInfo
        The models by name.
    arrays : mapping of str to ndarray
        The arrays of the network by name.
    """
    arriving: dict[Where, Arriving] = {}
    rates: dict[str, float] = {}
    for one in found.slices:
        rates[one.population] = max(one.rate, rates.get(one.population, 0.0))
    symbols = found.network.symbols()
    ranges: dict[str, ValueRange] = {}
    bits = found.current_bits
    for reach in reaches_of(found.network):
        projection = reach.projection
        source, population = symbols[reach.pre.population], symbols[reach.post.population]
        assert isinstance(source, snn.PopulationOp)
        assert isinstance(population, snn.PopulationOp)
        receptor = models[population.model].receptors[projection.receptor]
        factor = CONDUCTANCE_SCALE if receptor.is_conductance else 1.0
        factor *= 2.0 ** bits.get(reach.post.population, 0)
        if projection.symbol not in ranges:
            ranges[projection.symbol] = weight_range(projection, arrays)
        weights = ranges[projection.symbol].times(parse_unit(receptor.unit).scale)
        spikes = rates[reach.pre.population] * found.network.dt * 1e-3
        most = _most_spikes(models[source.model], spikes)
        where = reach.post.population, projection.receptor
        arriving.setdefault(where, Arriving(factor)).add(reach, weights, spikes, most)
    return arriving


def _most_spikes(model: ModelInfo, mean: float) -> float:
    """Return how many spikes a cell sends in a step at most, or, drawn, but once in a billion."""
    from scipy.stats import poisson

    return max(1.0, float(poisson.isf(_RARE, mean)) if model.source else ceil(mean))


@dataclass(frozen=True)
class ChooseShiftsPass(ModulePass):
    """Choose the units of ring buffers, and how weights are rounded to them.

    Attributes
    ----------
    bound : {"auto", "expected", "worst"}
        What sum must fit: expected at the rates of slices, of all synapses at once, or the first
        only where delays differ.
    sigma : float
        Standard deviations above the mean that are expected.
    rounding : {"nearest", "stochastic"}
        How weights are rounded.
    """

    name = "choose-shifts"

    bound: str = "auto"
    sigma: float = 5.0
    rounding: str = "nearest"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        """Add a `map.ring` per population and receptor, and a `map.weights` per projection.

        Raises
        ------
        ResourceLimitError
            If a sum exceeds what s16.15 holds.
        UnsupportedError
            If weights onto one receptor have both signs, or nothing bounds them.
        """
        self._check_options()
        found = mapping_of(op)
        models = {name: describe_model(model) for name, model in models_of(op).items()}
        arriving = arriving_at(found, models, arrays_of(ctx))
        signs = _signs(arriving, found.network)
        bounds = {where: one.bound(self.bound, self.sigma) for where, one in arriving.items()}
        shifts = {
            where: _shift(where, bound * arriving[where].factor) for where, bound in bounds.items()
        }
        rings = {
            where: RingOp(*where, signs[where], shift, arriving[where].factor, bounds[where])
            for where, shift in _agreed(shifts, found).items()
        }
        found.op.add(rings.values())
        found.op.add(self._rounded(arriving, rings))

    def _check_options(self) -> None:
        for given, known, what in (
            (self.bound, BOUNDS, "bound"),
            (self.rounding, ROUNDINGS, "rounding"),
        ):
            if given not in known:
                raise OptionError(f"unknown {what} '{given}'{did_you_mean(given, known)}")
        if self.sigma < 0:
            raise OptionError(f"sigma of 'choose-shifts' is not negative; found {self.sigma:g}")

    def _rounded(
        self, arriving: Mapping[Where, Arriving], rings: Mapping[Where, RingOp]
    ) -> Iterable[WeightsOp]:
        errors: dict[str, tuple[float, RingOp, ValueRange]] = {}
        for where, one in arriving.items():
            for symbol, weights in one.weights.items():
                error = relative_error(weights, rings[where].quantum, self.rounding)
                if symbol not in errors or error > errors[symbol][0]:
                    errors[symbol] = error, rings[where], weights
        for symbol, (error, ring, weights) in errors.items():
            if error > COARSE:
                self._warn(symbol, weights, error, ring)
            yield WeightsOp(symbol, self.rounding, weights.largest, error)

    def _warn(self, symbol: str, weights: ValueRange, error: float, ring: RingOp) -> None:
        hint = "" if self.bound == "expected" else "; 'choose-shifts{bound=expected}' is finer"
        warnings.warn(
            f"weights of '@{symbol}' (at most {weights.largest:g}) are multiples of "
            f"{ring.quantum:.3g} on SpiNNaker, a relative error of {error:.2g}, as sums up to "
            f"{ring.bound:.3g} must fit{hint}",
            stacklevel=2,
        )


def _signs(arriving: Mapping[Where, Arriving], network: snn.NetworkOp) -> dict[Where, int]:
    """Return the sign of the weights onto each receptor, as synapses have none of their own."""
    symbols = network.symbols()
    found: dict[Where, int] = {}
    for (population, receptor), one in arriving.items():
        signs: dict[bool, str] = {}
        for symbol, weights in one.weights.items():
            if weights.mean:
                signs.setdefault(weights.mean < 0.0, symbol)
        if len(signs) == 2:
            label = getattr(symbols[population], "label", population)
            raise UnsupportedError(
                f"weights of '@{signs[False]}' onto receptor '{receptor}' of '{label}' are "
                f"positive, those of '@{signs[True]}' negative; on SpiNNaker a receptor has one "
                "sign"
            )
        found[population, receptor] = -1 if True in signs else 1
    return found


def _most_onto(reach: Reach) -> float:
    """Return the synapses onto a cell; random numbers three standard deviations above the mean."""
    mean = reach.synapses / reach.post.size
    same = reach.projection.connector.connector.data == "fixed_number_pre"
    return mean if same or not reach.random else mean + 3.0 * sqrt(mean)


def _shift(where: Where, bound: float) -> int:
    """Return the least shift with which a sum stays below half of what 16 bits hold."""
    shift = max(0, floor(log2(bound)) + 1) if bound > 0.0 else 0
    if shift > LARGEST_SHIFT:
        raise ResourceLimitError(
            f"receptor '{where[1]}' of '@{where[0]}' may get {bound:g} in a step; SpiNNaker's "
            f"numbers hold less than {2**LARGEST_SHIFT}"
        )
    return shift


def _agreed(shifts: dict[Where, int], found: Mapped) -> dict[Where, int]:
    """Return the largest shift of all populations that cores join, per receptor."""
    root = {one.population: one.population for one in found.slices}
    first: dict[str, str] = {}
    for one in found.slices:
        old, new = root[one.population], root[first.setdefault(one.core, one.population)]
        if old != new:
            root = {name: new if top == old else top for name, top in root.items()}
    most: dict[Where, int] = defaultdict(int)
    for (population, receptor), shift in shifts.items():
        joined = root[population], receptor
        most[joined] = max(most[joined], shift)
    return {where: most[root[where[0]], where[1]] for where in shifts}


def relative_error(weights: ValueRange, quantum: float, rounding: str) -> float:
    """Return the relative error of rounding weights to multiples of a quantum.

    Errors of weights that differ are taken as even within a multiple.

    Parameters
    ----------
    weights : ValueRange
        The weights.
    quantum : float
        In the same unit.
    rounding : {"nearest", "stochastic"}
        How they are rounded.
    """
    size = sqrt(weights.square) / quantum
    if size == 0.0:
        return 0.0
    if weights.deviation:
        return sqrt(1 / 12 if rounding == "nearest" else 1 / 6) / size
    part = size - floor(size)
    if rounding == "stochastic":
        return sqrt(part * (1.0 - part)) / size
    return abs(float(np.rint(size)) - size) / size
