"""The `step` dialect: a cell advanced by one dt, with the solver chosen.

Every `dyn.get` reads the value at the start of the step and every `dyn.set` gives the value at its
end, so an update is one straight line that any target can print: advance, add arrivals, test, emit
(in this order). Constants that follow from parameters and dt are named, and computed once for each
set of parameters.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from xdsl.dialects.builtin import ArrayAttr, StringAttr, i1
from xdsl.ir import Attribute, Dialect, Operation, Region, SSAValue
from xdsl.irdl import (
    IRDLOperation,
    irdl_op_definition,
    operand_def,
    opt_prop_def,
    prop_def,
    region_def,
    result_def,
    traits_def,
    var_operand_def,
)
from xdsl.traits import IsTerminator, NoTerminator

from snnc.ir.dialects.dyn import NamedValue, Valued
from snnc.ir.dialects.expressions import (
    TIME,
    Dimension,
    Expression,
    Quantity,
    describe,
    exponents_of,
    quantity,
)
from snnc.ir.dialects.model_op import Model
from snnc.ir.dialects.step_synapse import SYNAPSE_OPERATIONS
from snnc.ir.locations import refuse
from snnc.ir.units import Exponents, format_unit

METHODS: dict[str, int | None] = {
    "exact": None,
    "exponential_midpoint": 2,
    "extrapolated_splitting": 4,
    "fine_splitting": 4,
    "exponential_euler": 1,
    "rk4": 4,
    "euler": 1,
}
"""Solvers with the order of their error in dt; None has none."""


@irdl_op_definition
class SolvedOp(IRDLOperation):
    """Says by which method the states of a regime are advanced."""

    name = "step.solved"
    states = prop_def(ArrayAttr[StringAttr])
    regime = opt_prop_def(StringAttr)
    method = prop_def(StringAttr)

    def __init__(self, states: Sequence[str], method: str, regime: str | None) -> None:
        super().__init__(
            properties={
                "states": ArrayAttr([StringAttr(s) for s in states]),
                "regime": None if regime is None else StringAttr(regime),
                "method": StringAttr(method),
            }
        )

    @property
    def order(self) -> int | None:
        """Order of the error in dt; None for exact solutions."""
        return METHODS[self.method.data]

    def verify_(self) -> None:
        """Check that the method exists."""
        if self.method.data not in METHODS:
            refuse(
                self, f"unknown method '{self.method.data}'; expected one of {', '.join(METHODS)}"
            )


@irdl_op_definition
class DerivedOp(NamedValue):
    """A constant that follows from parameters and dt."""

    name = "step.derived"

    @property
    def type(self) -> Quantity:
        """The type of the constant."""
        return quantity(self.dimension.data)

    def verify_(self) -> None:
        """Check the declared dimension."""
        if (
            isinstance(self.value.type, Quantity)
            and exponents_of(self.value) != self.dimension.data
        ):
            refuse(
                self,
                f"constant '{self.label}' has the wrong unit; found {describe(self.value)}, "
                f"expected {format_unit(self.dimension.data)}",
            )


@irdl_op_definition
class MatrixOp(IRDLOperation):
    """Ends the region of a propagator: the entries of a square matrix, row by row."""

    name = "step.matrix"
    entries = var_operand_def()
    traits = traits_def(IsTerminator())

    def __init__(self, entries: Sequence[SSAValue]) -> None:
        super().__init__(operands=[entries])


@irdl_op_definition
class PropagatorOp(IRDLOperation):
    """The first row of the exponential of a matrix, as named constants.

    The matrix is the rate matrix of a linear system times the time to advance.
    """

    name = "step.propagator"
    names = prop_def(ArrayAttr[StringAttr])
    dimensions = prop_def(ArrayAttr[Dimension])
    body = region_def("single_block")

    def __init__(self, names: Sequence[str], dimensions: Sequence[Exponents], body: Region) -> None:
        super().__init__(
            properties={
                "names": ArrayAttr([StringAttr(n) for n in names]),
                "dimensions": ArrayAttr([Dimension(d) for d in dimensions]),
            },
            regions=[body],
        )

    @property
    def entries(self) -> Sequence[SSAValue]:
        """The entries of the matrix."""
        last = self.body.block.last_op
        assert isinstance(last, MatrixOp)
        return last.entries

    @property
    def constants(self) -> dict[str, Quantity]:
        """The named constants with their types."""
        return {
            name.data: quantity(dimension.data)
            for name, dimension in zip(self.names, self.dimensions, strict=True)
        }

    def verify_(self) -> None:
        """Check that the matrix is square and has a name for each column."""
        n = len(self.names)
        if len(self.dimensions) != n or len(self.entries) != n * n:
            refuse(
                self,
                f"a propagator of {n} constants needs {n * n} entries; found {len(self.entries)}",
            )


@irdl_op_definition
class StepsOp(Valued):
    """How many steps a cell stays in a regime: the yielded time in steps, rounded up."""

    name = "step.steps"
    regime = prop_def(StringAttr)
    body = region_def("single_block")

    def __init__(self, regime: str, body: Region) -> None:
        super().__init__(properties={"regime": StringAttr(regime)}, regions=[body])

    def verify_(self) -> None:
        """Check that a time is given."""
        if isinstance(self.value.type, Quantity) and self.value.type != TIME:
            refuse(self, f"a duration is a time; found {describe(self.value)}, expected ms")


@irdl_op_definition
class ArrivalsOp(Expression):
    """The sum of the weights that arrive at a receptor at the end of this step."""

    name = "step.arrivals"
    receptor = prop_def(StringAttr)
    result = result_def()

    def __init__(self, receptor: str, type: Attribute) -> None:
        super().__init__(properties={"receptor": StringAttr(receptor)}, result_types=[type])


@irdl_op_definition
class InOp(Expression):
    """Whether the cell was in a regime at the start of the step."""

    name = "step.in"
    regime = prop_def(StringAttr)
    result = result_def(i1)

    def __init__(self, regime: str) -> None:
        super().__init__(properties={"regime": StringAttr(regime)}, result_types=[i1])


@irdl_op_definition
class ElapsedOp(Expression):
    """Whether the time of the cell's present regime ends with this step."""

    name = "step.elapsed"
    regime = prop_def(StringAttr)
    result = result_def(i1)

    def __init__(self, regime: str) -> None:
        super().__init__(properties={"regime": StringAttr(regime)}, result_types=[i1])


@irdl_op_definition
class FireOp(IRDLOperation):
    """Sends a spike, stamped with the end of the step, where the condition holds."""

    name = "step.fire"
    condition = operand_def(i1)

    def __init__(self, condition: SSAValue | Operation) -> None:
        super().__init__(operands=[condition])


@irdl_op_definition
class EnterOp(IRDLOperation):
    """Enters a regime where the condition holds; of several the last one wins."""

    name = "step.enter"
    regime = prop_def(StringAttr)
    condition = operand_def(i1)

    def __init__(self, regime: str, condition: SSAValue | Operation) -> None:
        super().__init__(operands=[condition], properties={"regime": StringAttr(regime)})


@irdl_op_definition
class CountOp(IRDLOperation):
    """Draws the spikes of a source: a Poisson count of the given expectation."""

    name = "step.count"
    expectation = operand_def()

    def __init__(self, expectation: SSAValue | Operation) -> None:
        super().__init__(operands=[expectation])


@irdl_op_definition
class UpdateOp(IRDLOperation):
    """One step of a cell, straight-line."""

    name = "step.update"
    body = region_def("single_block")
    traits = traits_def(NoTerminator())

    def __init__(self, body: Region) -> None:
        super().__init__(regions=[body])


@irdl_op_definition
class CellOp(Model):
    """A cell model, solved. The first of `regimes` is where a cell starts.

    `precision` is there once units have been erased: every value is a float of that kind.
    `arrays` names the parameters that have one value per cell; all others have one per population.
    `packed` names the receptors whose arrivals are sums of integers, multiples of a weight quantum.
    """

    TEXT: ClassVar[str] = "snnc.ir.dialects.step_text"
    RULES: ClassVar[str] = "snnc.ir.dialects.step_rules"
    name = "step.cell"
    regimes = prop_def(ArrayAttr[StringAttr])
    precision = opt_prop_def(StringAttr)
    arrays = opt_prop_def(ArrayAttr[StringAttr])
    packed = opt_prop_def(ArrayAttr[StringAttr])

    def __init__(
        self,
        label: str,
        regimes: Sequence[str],
        body: Region,
        precision: str | None = None,
        arrays: Sequence[str] | None = None,
        packed: Sequence[str] | None = None,
    ) -> None:
        super().__init__(
            label,
            body,
            regimes=ArrayAttr([StringAttr(r) for r in regimes]),
            precision=None if precision is None else StringAttr(precision),
            arrays=ArrayAttr([StringAttr(a) for a in arrays]) if arrays else None,
            packed=ArrayAttr([StringAttr(r) for r in packed]) if packed else None,
        )

    @property
    def regime_names(self) -> list[str]:
        """Names of the regimes, the initial one first."""
        return [r.data for r in self.regimes]

    @property
    def array_names(self) -> list[str]:
        """Names of the parameters with one value per cell."""
        return [] if self.arrays is None else [name.data for name in self.arrays]

    @property
    def packed_receptors(self) -> list[str]:
        """Receptors whose arrivals are sums of integers."""
        return [] if self.packed is None else [name.data for name in self.packed]

    @property
    def update(self) -> UpdateOp | None:
        """The update, which sources with a schedule do not have."""
        return next((op for op in self.body.block.ops if isinstance(op, UpdateOp)), None)


STEP_OPERATIONS: tuple[type[Operation], ...] = (
    SolvedOp,
    DerivedOp,
    MatrixOp,
    PropagatorOp,
    StepsOp,
    ArrivalsOp,
    InOp,
    ElapsedOp,
    FireOp,
    EnterOp,
    CountOp,
    UpdateOp,
    CellOp,
)


def step_dialect() -> Dialect:
    """Return the dialect with the operations of cells and of synapses."""
    return Dialect("step", [*STEP_OPERATIONS, *SYNAPSE_OPERATIONS], [])


Step = step_dialect()
