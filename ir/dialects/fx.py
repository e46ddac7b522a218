"""The `fx` dialect: cells in fixed point, bit by bit.

``fx.cell`` holds the arithmetic of a machine's model. What stands before ``fx.update`` is computed
once, from parameters and the time step, as the machine does when it starts; ``fx.update`` is one
time step: it reads the states from before the step and stores those after it. Every rounding and
overflow is written, so that the text says each bit of the result.
"""

from __future__ import annotations

from xdsl.dialects.builtin import (
    FlatSymbolRefAttrConstr,
    FloatAttr,
    IntegerAttr,
    StringAttr,
    SymbolNameConstraint,
    f64,
    i1,
    i64,
)
from xdsl.ir import Dialect, Operation
from xdsl.irdl import (
    IRDLOperation,
    ParsePropInAttrDict,
    irdl_op_definition,
    operand_def,
    opt_prop_def,
    prop_def,
    region_def,
    result_def,
    traits_def,
)
from xdsl.traits import IsolatedFromAbove, NoTerminator

from snnc.ir.dialects.fx_arithmetic import (
    FIXED,
    AddOp,
    CeilOp,
    CompareOp,
    DecayOp,
    DivOp,
    MulOp,
    SelectOp,
    SubOp,
)
from snnc.ir.dialects.fx_types import SignedType, UnsignedType, fixed_type
from snnc.ir.locations import refuse


class Labelled(IRDLOperation):
    """Base of the operations about a parameter, state or receptor of this name."""

    label_ = prop_def(StringAttr, prop_name="label")

    @property
    def label(self) -> str:
        """The name."""
        return self.label_.data


@irdl_op_definition
class DtOp(IRDLOperation):
    """The time step in ms, rounded to the nearest number."""

    name = "fx.dt"
    result = result_def(FIXED)
    assembly_format = "attr-dict `:` type($result)"


@irdl_op_definition
class ParamOp(Labelled):
    """A parameter of the machine's model, rounded to the nearest number, halves to even.

    It is `scale` times that of the equations, where it says so.
    """

    name = "fx.param"
    scale_ = opt_prop_def(FloatAttr.constr(f64), prop_name="scale")
    default_ = opt_prop_def(FloatAttr.constr(f64), prop_name="default")
    result = result_def(FIXED)
    irdl_options = (ParsePropInAttrDict(),)
    assembly_format = "$label attr-dict `:` type($result)"

    @property
    def default(self) -> float | None:
        """What it is where a network's model has nothing like it, in coherent units."""
        return None if self.default_ is None else self.default_.value.data

    @property
    def scale(self) -> float:
        """The parameter in units of that of the equations."""
        return 1.0 if self.scale_ is None else self.scale_.value.data


@irdl_op_definition
class ConstOp(IRDLOperation):
    """A number, given exactly: in units of the last bit of its type."""

    name = "fx.const"
    value_ = prop_def(IntegerAttr.constr(i64), prop_name="value")
    result = result_def(FIXED)
    assembly_format = "$value attr-dict `:` type($result)"

    @property
    def value(self) -> int:
        """The number in units of the last bit."""
        return self.value_.value.data

    def verify_(self) -> None:
        """Check that the type has the number."""
        kind = fixed_type(self.result)
        if not kind.low <= self.value <= kind.high:
            refuse(
                self,
                f"{self.value} is no number of type '{kind}'; expected {kind.low} to {kind.high}",
            )


@irdl_op_definition
class StateOp(IRDLOperation):
    """A state: `scale` times that of the equations, or, where they have none, 0 at the start."""

    name = "fx.state"
    sym_name = prop_def(SymbolNameConstraint())
    scale_ = prop_def(FloatAttr.constr(f64), prop_name="scale")
    kind = prop_def(FIXED, prop_name="type")
    assembly_format = "$sym_name `scale` $scale `:` $type attr-dict"

    @property
    def label(self) -> str:
        """The name of the state."""
        return self.sym_name.data

    @property
    def scale(self) -> float:
        """The state in units of that of the equations."""
        return self.scale_.value.data


@irdl_op_definition
class LoadOp(Labelled):
    """A state at the start of the step."""

    name = "fx.load"
    result = result_def(FIXED)
    assembly_format = "$label attr-dict `:` type($result)"


@irdl_op_definition
class StoreOp(Labelled):
    """A state at the end of the step."""

    name = "fx.store"
    value = operand_def(FIXED)
    assembly_format = "$label $value attr-dict `:` type($value)"


@irdl_op_definition
class ArrivalsOp(Labelled):
    """What the ring buffer of a receptor holds for this step, shifted by the receptor's bits.

    Ring buffers have 16 bits and saturate; weights in them have no sign.
    """

    name = "fx.arrivals"
    result = result_def(FIXED)
    assembly_format = "$label attr-dict `:` type($result)"


@irdl_op_definition
class CurrentOp(IRDLOperation):
    """The injected current in nA, or `scale` times it, rounded to the nearest number."""

    name = "fx.current"
    scale_ = opt_prop_def(FloatAttr.constr(f64), prop_name="scale")
    result = result_def(FIXED)
    irdl_options = (ParsePropInAttrDict(),)
    assembly_format = "attr-dict `:` type($result)"

    @property
    def scale(self) -> float:
        """The number in units of 1 nA."""
        return 1.0 if self.scale_ is None else self.scale_.value.data


@irdl_op_definition
class FireOp(IRDLOperation):
    """A spike is sent where the condition holds."""

    name = "fx.fire"
    condition = operand_def(i1)
    assembly_format = "$condition attr-dict"


@irdl_op_definition
class UpdateOp(IRDLOperation):
    """One time step."""

    name = "fx.update"
    body = region_def("single_block")
    traits = traits_def(NoTerminator())
    assembly_format = "$body attr-dict"


@irdl_op_definition
class CellOp(IRDLOperation):
    """The arithmetic of the machine's model of this name, whose equations stand beside it.

    With `bits`, of cells that count currents in 2^-`bits` nA (``map.current_unit``).
    """

    name = "fx.cell"
    model_ = prop_def(FlatSymbolRefAttrConstr, prop_name="model")
    bits_ = opt_prop_def(IntegerAttr.constr(i64), prop_name="bits")
    body = region_def("single_block")
    traits = traits_def(NoTerminator(), IsolatedFromAbove())
    assembly_format = "$model (`bits` $bits^)? $body attr-dict"

    @property
    def bits(self) -> int:
        """The logarithm to the base 2 of units of current in a nA."""
        return 0 if self.bits_ is None else self.bits_.value.data

    @property
    def label(self) -> str:
        """The name of the model."""
        return self.model_.root_reference.data

    @property
    def states(self) -> list[StateOp]:
        """The states, in order."""
        return [op for op in self.body.block.ops if isinstance(op, StateOp)]

    @property
    def update(self) -> UpdateOp:
        """The time step."""
        return next(op for op in self.body.block.ops if isinstance(op, UpdateOp))

    def verify_(self) -> None:
        """Check what stands where, and that all names are known."""
        from snnc.ir.dialects.fx_rules import check_cell

        check_cell(self)


ONCE: tuple[type[Operation], ...] = (DtOp, ParamOp, DivOp, DecayOp, CeilOp, StateOp, UpdateOp)
"""What stands before the update only."""
EACH_STEP: tuple[type[Operation], ...] = (LoadOp, StoreOp, ArrivalsOp, CurrentOp, FireOp)
"""What stands in the update only."""

Fx = Dialect(
    "fx",
    [
        CellOp, UpdateOp, StateOp, LoadOp, StoreOp, ArrivalsOp, CurrentOp, FireOp, DtOp, ParamOp,
        ConstOp, AddOp, SubOp, MulOp, DivOp, DecayOp, CeilOp, CompareOp, SelectOp,
    ],
    [SignedType, UnsignedType],
)  # fmt: skip
