"""The operation of the `analog` dialect that says how the circuits of a population are set."""

from __future__ import annotations

from collections.abc import Mapping

from xdsl.dialects.builtin import (
    DictionaryAttr,
    FlatSymbolRefAttrConstr,
    FloatAttr,
    IntegerAttr,
    StringAttr,
    SymbolRefAttr,
    f64,
    i64,
)
from xdsl.ir import Attribute
from xdsl.irdl import IRDLOperation, irdl_op_definition, prop_def

from snnc.ir.dialects.snn_values import ArrayHandleAttr
from snnc.ir.locations import refuse


@irdl_op_definition
class CellsOp(IRDLOperation):
    """The circuits of a population: their equations, and the code of each parameter.

    A code is one for all cells, or an array with one for each. Codes are from 0 and below `below`.
    The potential of a circuit is `stretch` times the model's in mV, plus `shift`; `capacity` is the
    circuit's in pF for each nF of the model, one number or one for each cell.
    """

    name = "analog.cells"
    of_ = prop_def(FlatSymbolRefAttrConstr, prop_name="of")
    circuit_ = prop_def(StringAttr, prop_name="circuit")
    stretch_ = prop_def(FloatAttr.constr(f64), prop_name="stretch")
    shift_ = prop_def(FloatAttr.constr(f64), prop_name="shift")
    capacity = prop_def(FloatAttr | ArrayHandleAttr)
    below_ = prop_def(IntegerAttr.constr(i64), prop_name="below")
    codes = prop_def(DictionaryAttr)
    assembly_format = (
        "`of` $of `as` $circuit `stretch` $stretch `shift` $shift `capacity` $capacity "
        "`below` $below `codes` $codes attr-dict"
    )

    def __init__(
        self,
        of: str,
        circuit: str,
        potential: tuple[float, float],
        capacity: Attribute,
        below: int,
        codes: Mapping[str, Attribute],
    ) -> None:
        super().__init__(
            properties={
                "of": SymbolRefAttr(of),
                "circuit": StringAttr(circuit),
                "stretch": FloatAttr(potential[0], f64),
                "shift": FloatAttr(potential[1], f64),
                "capacity": capacity,
                "below": IntegerAttr(below, i64),
                "codes": DictionaryAttr(dict(codes)),
            }
        )

    @property
    def of(self) -> str:
        """Symbol of the population."""
        return self.of_.root_reference.data

    @property
    def circuit(self) -> str:
        """Name of the equations."""
        return self.circuit_.data

    @property
    def stretch(self) -> float:
        """Units of potential for each mV."""
        return self.stretch_.value.data

    @property
    def shift(self) -> float:
        """The potential that stands for 0 mV."""
        return self.shift_.value.data

    @property
    def below(self) -> int:
        """Number of codes."""
        return self.below_.value.data

    def verify_(self) -> None:
        """Check that every code can be set."""
        if isinstance(self.capacity, ArrayHandleAttr):
            _check_array(self, "capacity", self.capacity, "float64")
        for name, code in self.codes.data.items():
            if isinstance(code, ArrayHandleAttr):
                _check_array(self, name, code, "int64")
            elif not isinstance(code, IntegerAttr):
                refuse(self, f"a code is a whole number or an array of some; found {code}")
            elif not 0 <= code.value.data < self.below:
                found = code.value.data
                refuse(self, f"code {found} of '{name}' is not from 0 to {self.below - 1}")


def _check_array(op: CellsOp, name: str, array: ArrayHandleAttr, dtype: str) -> None:
    handle = array.data
    if handle.dtype != dtype or len(handle.shape) != 1:
        refuse(
            op,
            f"'{name}' is an array of {dtype} with a number for each cell; found {handle.dtype} of "
            f"shape {list(handle.shape)}",
        )
