"""Operations of the `map` dialect about weights: the numbers of ring buffers, and rounding.

Sums of weights wait in ring buffers of 16 bits, and are shifted into numbers of the form s16.15
when their time has come (sPyNNaker 7.4.1, ``population_vertex.py``).
"""

from __future__ import annotations

from xdsl.dialects.builtin import (
    FlatSymbolRefAttrConstr,
    FloatAttr,
    IntegerAttr,
    StringAttr,
    SymbolRefAttr,
    f64,
    i64,
)
from xdsl.irdl import IRDLOperation, irdl_op_definition, prop_def

from snnc.ir.dialects.map_parts import OfPopulation

FRACTION_BITS = 15
"""Bits after the point of the form s16.15 that cells compute in."""
LARGEST_WORD = (1 << 16) - 1
"""Of a weight, and of a sum in a ring buffer."""
LARGEST_SHIFT = 15
"""Sums that are shifted by more do not fit into s16.15."""
ROUNDINGS = ("nearest", "stochastic")


@irdl_op_definition
class CurrentUnitOp(OfPopulation):
    """What the cells of a population count currents in: 2^-`bits` nA.

    Their currents, conductances, capacities and weights are numbers that are 2^`bits` times as
    large, their potentials and times are the same.
    """

    name = "map.current_unit"
    bits_ = prop_def(IntegerAttr.constr(i64), prop_name="bits")
    assembly_format = "`of` $population `bits` $bits attr-dict"

    def __init__(self, population: str, bits: int) -> None:
        super().__init__(
            properties={"population": SymbolRefAttr(population), "bits": IntegerAttr(bits, i64)}
        )

    @property
    def bits(self) -> int:
        """The logarithm to the base 2 of units in a nA."""
        return self.bits_.value.data


@irdl_op_definition
class RingOp(OfPopulation):
    """The numbers that ring buffers of a population's receptor count in.

    A weight w in the coherent unit, of sign `sign`, is stored as |w| · `scale` · 2^(15 - `shift`),
    in 16 bits; the sum of a step, `bound` at most as far as can be expected, is counted in the same
    units.
    """

    name = "map.ring"
    receptor_ = prop_def(StringAttr, prop_name="receptor")
    sign_ = prop_def(IntegerAttr.constr(i64), prop_name="sign")
    shift_ = prop_def(IntegerAttr.constr(i64), prop_name="shift")
    scale_ = prop_def(FloatAttr.constr(f64), prop_name="scale")
    bound_ = prop_def(FloatAttr.constr(f64), prop_name="bound")
    assembly_format = (
        "`of` $population $receptor `sign` $sign `shift` $shift `scale` $scale `bound` $bound "
        "attr-dict"
    )

    def __init__(
        self, population: str, receptor: str, sign: int, shift: int, scale: float, bound: float
    ) -> None:
        super().__init__(
            properties={
                "population": SymbolRefAttr(population),
                "receptor": StringAttr(receptor),
                "sign": IntegerAttr(sign, i64),
                "shift": IntegerAttr(shift, i64),
                "scale": FloatAttr(scale, f64),
                "bound": FloatAttr(bound, f64),
            }
        )

    @property
    def receptor(self) -> str:
        """Name of the receptor."""
        return self.receptor_.data

    @property
    def sign(self) -> int:
        """1, or -1 where all weights are negative."""
        return self.sign_.value.data

    @property
    def shift(self) -> int:
        """Bits by which sums are shifted left to become numbers of the form s16.15."""
        return self.shift_.value.data

    @property
    def scale(self) -> float:
        """What weights in the coherent unit are multiplied with before."""
        return self.scale_.value.data

    @property
    def bound(self) -> float:
        """The largest expected sum of a step, in the coherent unit."""
        return self.bound_.value.data

    @property
    def quantum(self) -> float:
        """What weights are multiples of, in the coherent unit."""
        return 2.0 ** (self.shift - FRACTION_BITS) / self.scale

    @property
    def largest(self) -> float:
        """The largest weight and sum that fit, in the coherent unit."""
        return LARGEST_WORD * self.quantum


@irdl_op_definition
class WeightsOp(IRDLOperation):
    """How the weights of a projection are rounded to multiples of the ring buffers' unit.

    `largest` is the largest size of a weight in the coherent unit, `error` the relative error that
    is expected: of all weights of one size exactly, of others in the root mean square.
    """

    name = "map.weights"
    projection_ = prop_def(FlatSymbolRefAttrConstr, prop_name="projection")
    rounding_ = prop_def(StringAttr, prop_name="rounding")
    largest_ = prop_def(FloatAttr.constr(f64), prop_name="largest")
    error_ = prop_def(FloatAttr.constr(f64), prop_name="error")
    assembly_format = (
        "`of` $projection `rounding` $rounding `largest` $largest `error` $error attr-dict"
    )

    def __init__(self, projection: str, rounding: str, largest: float, error: float) -> None:
        super().__init__(
            properties={
                "projection": SymbolRefAttr(projection),
                "rounding": StringAttr(rounding),
                "largest": FloatAttr(largest, f64),
                "error": FloatAttr(error, f64),
            }
        )

    @property
    def projection(self) -> str:
        """Symbol of the projection."""
        return self.projection_.root_reference.data

    @property
    def rounding(self) -> str:
        """``nearest``, halves to even, or ``stochastic``."""
        return self.rounding_.data

    @property
    def largest(self) -> float:
        """The largest size of a weight, in the coherent unit."""
        return self.largest_.value.data

    @property
    def error(self) -> float:
        """The relative error of weights."""
        return self.error_.value.data
