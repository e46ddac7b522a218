"""`choose-current-unit`: what the currents of cells count in, per population.

s16.15 has the same 15 bits after the point for a conductance of 1 nS and for one of 1 uS: a decay
or a product with the driving force drops what is below 2^-15 uS, and what little a weak synapse
gives goes with it. Leaky cells do the same in any unit of current: with their capacity, currents,
conductances and weights a power of two larger, the potential is what it was, and resistances are
that much smaller. So the unit is chosen for the numbers to have the bits that there are.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from math import floor, log2, sqrt

import numpy as np
from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import SSAValue
from xdsl.passes import ModulePass

from snnc.ir.diagnostics import OptionError, UnsupportedError, did_you_mean
from snnc.ir.dialects import fx, native, snn
from snnc.ir.dialects.map_weights import CurrentUnitOp, RingOp
from snnc.ir.model_info import ModelInfo, describe_model, models_of
from snnc.ir.pass_context import arrays_of
from snnc.passes.native.evaluation import parameter_values
from snnc.passes.native.references import Reference, arithmetic, references
from snnc.passes.spinnaker.cell_values import Arrays, injected, largest, own_values
from snnc.passes.spinnaker.current_degrees import (
    Degree,
    constants_in_floats,
    current_degrees,
    degree_of,
    kept_input,
)
from snnc.passes.spinnaker.reading import Mapping as Mapped
from snnc.passes.spinnaker.reading import mapping_of
from snnc.passes.spinnaker.shifts import Arriving, Where, arriving_at

SIMULATOR = "spinnaker"
LIMIT = 2.0**15
"""What numbers are to stay below: half of what s16.15 holds."""
MORE = 2.0
"""How many times its expected most a conductance or a current may come to."""
SIGMA = 5.0
"""Standard deviations above the mean that are expected."""
MOST_BITS = 15


@dataclass(frozen=True)
class Leaky:
    """A model of the machine that is the same in any unit of current.

    Attributes
    ----------
    reference : Reference
        Its equations' units and defaults.
    cell : fx.CellOp
        Its arithmetic.
    degrees : mapping of SSAValue to int or None
        How the cell's numbers change with the unit.
    """

    reference: Reference
    cell: fx.CellOp
    degrees: Mapping[SSAValue, Degree]


@dataclass(frozen=True)
class ChooseCurrentUnitPass(ModulePass):
    """Choose the unit of current of each population whose cells are the same in any.

    As fine as resistances stay above 1 in it, and currents, conductances and sums of weights below
    half of what s16.15 holds, at twice what is expected at the rates of slices.

    Attributes
    ----------
    bits : int or str
        ``4``, or ``"NAME=4 NAME=6"`` by symbols of populations: a current of 1 nA is 2^4. Others
        are chosen; ``0`` leaves nA everywhere.
    """

    name = "choose-current-unit"

    bits: int | str = ""

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        """Add a `map.current_unit` per population whose unit is not nA.

        Raises
        ------
        OptionError
            If `bits` is malformed, or models have not been matched.
        UnsupportedError
            If a unit is given to cells that are not the same in any.
        """
        found = mapping_of(op)
        if any(isinstance(one, RingOp) for one in found.op.body.block.ops):
            raise OptionError("weights have been counted; 'choose-shifts' comes after this pass")
        populations = _driven(op, found)
        given = _given(str(self.bits), populations)
        chooser = _Chooser(op, found, arrays_of(ctx))
        chosen = {name: chooser.bits(name, given.get(name)) for name in populations}
        found.op.add(CurrentUnitOp(name, bits) for name, bits in chosen.items() if bits)


def _driven(module: ModuleOp, found: Mapped) -> list[str]:
    """Return the populations whose cells are advanced."""
    models = models_of(module)
    return [
        one.symbol
        for one in found.network.symbols().values()
        if isinstance(one, snn.PopulationOp) and not describe_model(models[one.model]).source
    ]


def _given(text: str, populations: list[str]) -> dict[str, int]:
    words = text.split()
    if len(words) == 1 and "=" not in text:
        return dict.fromkeys(populations, _whole(text))
    found = {}
    for word in words:
        name, _, number = word.partition("=")
        if name not in populations:
            hint = did_you_mean(name, populations)
            raise OptionError(f"'choose-current-unit' names no population '{name}'{hint}")
        found[name] = _whole(number)
    return found


def _whole(text: str) -> int:
    try:
        bits = int(text)
    except ValueError:
        bits = MOST_BITS + 1
    if abs(bits) > MOST_BITS:
        raise OptionError(
            f"expected bits from {-MOST_BITS} to {MOST_BITS}, alone or as NAME=BITS; found '{text}'"
        )
    return bits


@dataclass
class _Chooser:
    """Chooses units, by the numbers that a network gives its cells."""

    module: ModuleOp
    found: Mapped
    arrays: Arrays
    arriving: Mapping[Where, Arriving] = field(init=False)
    models: Mapping[str, ModelInfo] = field(init=False)
    matches: Mapping[str, native.MatchOp | native.NoMatchOp] = field(init=False)

    def __post_init__(self) -> None:
        self.models = {name: describe_model(one) for name, one in models_of(self.module).items()}
        self.arriving = arriving_at(self.found, self.models, self.arrays)
        self.matches = {
            op.model.data: op
            for op in self.module.body.block.ops
            if isinstance(op, native.MatchOp | native.NoMatchOp) and op.simulator.data == SIMULATOR
        }

    def bits(self, name: str, given: int | None) -> int:
        """Return the bits of a population, which `given` ones are to be."""
        population = self.found.network.symbols()[name]
        assert isinstance(population, snn.PopulationOp)
        match = self.matches.get(population.model)
        if match is None:
            raise OptionError(
                f"'{population.model}' has not been matched; expected pass "
                f"'match-native{{simulator={SIMULATOR}}}'"
            )
        if given == 0 or isinstance(match, native.NoMatchOp):
            return 0
        try:
            leaky = leaky_model(match.native.data)
        except UnsupportedError as error:
            if given is None:
                return 0
            raise UnsupportedError(
                f"currents of '{population.label}' count in nA: {error}; expected no bits for it"
            ) from None
        return self._chosen(population, match, leaky) if given is None else given

    def _chosen(self, population: snn.PopulationOp, match: native.MatchOp, leaky: Leaky) -> int:
        own = own_values(population, self.models[population.model], self.arrays)
        if own is None:
            return 0
        values = {**leaky.reference.defaults, **parameter_values(match, own)}
        constants = constants_in_floats(leaky.cell, values, self.found.network.dt)
        small = [
            float(np.min(constants[value]))
            for value, degree in leaky.degrees.items()
            if value in constants and degree is not None and degree < 0
        ]
        large = [
            *(largest(v) for name, v in values.items() if _is_current(name, leaky)),
            *self._inputs(population.symbol, match, leaky, constants),
            injected(self.found.network, population.symbol, self.arrays),
        ]
        if not small or not np.isfinite([*small, *large]).all() or min(small) <= 0.0:
            return 0
        most = min([min(small), *(LIMIT / one for one in large if one > 0.0)])
        return max(-MOST_BITS, min(MOST_BITS, floor(log2(most))))

    def _inputs(
        self,
        population: str,
        match: native.MatchOp,
        leaky: Leaky,
        constants: Mapping[SSAValue, np.ndarray],
    ) -> Iterator[float]:
        """Yield how large the machine's numbers of what has arrived may become."""
        scales = {state.label: state.scale for state in leaky.cell.states}
        for op in match.body.block.ops:
            if not isinstance(op, native.ReceptorOp):
                continue
            arriving = self.arriving.get((population, op.of.data))
            kept = kept_input(leaky.cell, op.label)
            if arriving is None or kept is None:
                continue
            decay = largest(constants[kept[1]])
            mean = arriving.mean / (1.0 - decay)
            deviation = sqrt(arriving.variance / (1.0 - decay * decay))
            expected = MORE * (mean + SIGMA * deviation)
            yield max(expected, arriving.bound("auto", SIGMA)) * scales[kept[0]]


def _is_current(name: str, leaky: Leaky) -> bool:
    units = leaky.reference.units
    return name in units and degree_of(units[name]) > 0


@cache
def leaky_model(name: str) -> Leaky:
    """Return a model of the machine with the degrees of its numbers.

    Raises
    ------
    UnsupportedError
        If it is another model in another unit of current.
    """
    reference = next(one for one in references(SIMULATOR) if one.name == name)
    cell, _ = arithmetic(SIMULATOR, name)
    try:
        return Leaky(reference, cell, current_degrees(cell, reference.units))
    except UnsupportedError as error:
        raise UnsupportedError(f"in '{name}', {error}") from None
