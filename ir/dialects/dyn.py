"""The `dyn` dialect: equations of cells, with units as types.

A cell declares parameters, states, receptors and currents; gives derivatives and reactions to
arriving spikes, for all regimes or for one; and says when it fires. A state without a derivative
in a regime is held there. The bodies of events read old values: assignments are simultaneous.
"""

from __future__ import annotations

from typing import ClassVar

from xdsl.dialects.builtin import (
    FlatSymbolRefAttr,
    FloatAttr,
    StringAttr,
    SymbolNameConstraint,
    SymbolRefAttr,
    UnitAttr,
    f64,
    i1,
)
from xdsl.ir import Dialect, Operation, Region, SSAValue
from xdsl.irdl import (
    IRDLOperation,
    irdl_op_definition,
    operand_def,
    opt_prop_def,
    prop_def,
    region_def,
    traits_def,
)
from xdsl.traits import IsTerminator, NoTerminator

from snnc.ir.dialects.draws import DRAWS
from snnc.ir.dialects.expressions import (
    EXPRESSIONS,
    TIME,
    Dimension,
    Quantity,
    describe,
    exponents_of,
    quantity_of,
)
from snnc.ir.dialects.model_op import Model
from snnc.ir.dialects.piecewise import PiecewiseOp
from snnc.ir.locations import refuse
from snnc.ir.units import Exponents, divide, format_unit, parse_unit

__all__ = ["Dyn"]


def refers_to(name: str) -> FlatSymbolRefAttr:
    """Return a reference to the declaration `name` of the same model."""
    return SymbolRefAttr(name)


class Declaration(IRDLOperation):
    """Base of the operations that declare a name with a unit inside a model."""

    sym_name = prop_def(SymbolNameConstraint())
    unit = prop_def(StringAttr)

    @property
    def label(self) -> str:
        """The declared name."""
        return self.sym_name.data

    @property
    def type(self) -> Quantity:
        """The type of the name in expressions: its unit without the factor."""
        return quantity_of(self.unit.data)

    @property
    def scale(self) -> float:
        """Coherent units per declared unit."""
        return parse_unit(self.unit.data).scale

    def verify_(self) -> None:
        """Check that the unit exists."""
        parse_unit_of(self, self.unit.data)


def parse_unit_of(op: Operation, text: str) -> Exponents:
    """Return the dimension of a unit named in `op`, or refuse it."""
    from snnc.ir.diagnostics import UnitError

    try:
        return parse_unit(text).exponents
    except UnitError as error:
        refuse(op, error.message)


@irdl_op_definition
class ParamOp(Declaration):
    """A parameter with its default in the declared unit; `sequence` makes it a list of values."""

    name = "dyn.param"
    default = opt_prop_def(FloatAttr)
    sequence = opt_prop_def(UnitAttr)

    def __init__(
        self, label: str, unit: str, default: float | None = None, sequence: bool = False
    ) -> None:
        super().__init__(
            properties={
                "sym_name": StringAttr(label),
                "unit": StringAttr(unit),
                "default": None if default is None else FloatAttr(default, f64),
                "sequence": UnitAttr() if sequence else None,
            }
        )


@irdl_op_definition
class StateOp(Declaration):
    """A state variable with its initial value; `hidden` ones are not offered for recording.

    `per` is the axis along which there is one value each: the element (of a cell), or, in a
    synapse, ``pre``, ``post`` or ``edge``.
    """

    name = "dyn.state"
    initial = prop_def(FloatAttr)
    hidden = opt_prop_def(UnitAttr)
    per = prop_def(StringAttr, default_value=StringAttr("element"))

    def __init__(
        self,
        label: str,
        unit: str,
        initial: float,
        *,
        hidden: bool = False,
        per: str = "element",
    ) -> None:
        super().__init__(
            properties={
                "sym_name": StringAttr(label),
                "unit": StringAttr(unit),
                "initial": FloatAttr(initial, f64),
                "hidden": UnitAttr() if hidden else None,
                "per": StringAttr(per),
            }
        )


@irdl_op_definition
class ReceptorOp(Declaration):
    """A port for spikes, whose weights have the given unit.

    `decay` names the parameter that is the time constant of the response, where there is one:
    synapse models may ask for it.
    """

    name = "dyn.receptor"
    decay = opt_prop_def(StringAttr)

    def __init__(self, label: str, unit: str, decay: str | None = None) -> None:
        super().__init__(
            properties={
                "sym_name": StringAttr(label),
                "unit": StringAttr(unit),
                "decay": None if decay is None else StringAttr(decay),
            }
        )


@irdl_op_definition
class CurrentOp(Declaration):
    """A port for injected current: a name that equations read, constant within a step."""

    name = "dyn.current"

    def __init__(self, label: str, unit: str) -> None:
        super().__init__(properties={"sym_name": StringAttr(label), "unit": StringAttr(unit)})


@irdl_op_definition
class YieldOp(IRDLOperation):
    """Ends the region of an expression."""

    name = "dyn.yield"
    value = operand_def()
    traits = traits_def(IsTerminator())

    def __init__(self, value: SSAValue | Operation) -> None:
        super().__init__(operands=[value])


class Valued(IRDLOperation):
    """Base of the operations with one region that yields a value."""

    def value_region(self) -> Region:
        """Return the region of the expression."""
        return self.regions[0]

    @property
    def value(self) -> SSAValue:
        """The yielded value."""
        last = self.value_region().block.last_op
        assert isinstance(last, YieldOp)
        return last.value


class NamedValue(Valued):
    """Base of the operations that name a value."""

    sym_name = prop_def(SymbolNameConstraint())
    dimension = prop_def(Dimension)
    body = region_def("single_block")

    def __init__(self, label: str, dimension: Exponents, body: Region) -> None:
        super().__init__(
            properties={"sym_name": StringAttr(label), "dimension": Dimension(dimension)},
            regions=[body],
        )

    @property
    def label(self) -> str:
        """The declared name."""
        return self.sym_name.data


@irdl_op_definition
class AliasOp(NamedValue):
    """A named intermediate (NineML alias, NESTML inline, LEMS DerivedVariable)."""

    name = "dyn.alias"

    def verify_(self) -> None:
        """Check the declared dimension."""
        if self.value.type != i1 and exponents_of(self.value) != self.dimension.data:
            refuse(
                self,
                f"alias '{self.label}' has the wrong unit; found {describe(self.value)}, "
                f"expected {format_unit(self.dimension.data)}",
            )


@irdl_op_definition
class DerivOp(Valued):
    """The time derivative of a state."""

    name = "dyn.deriv"
    state = prop_def(StringAttr)
    body = region_def("single_block")

    def __init__(self, state: str, body: Region) -> None:
        super().__init__(properties={"state": StringAttr(state)}, regions=[body])


@irdl_op_definition
class OnOp(IRDLOperation):
    """What an arrival at a receptor does; the block argument is the summed weight.

    The body must be additive in the weight, so that arrivals of one step can be summed first.
    """

    name = "dyn.on"
    receptor = prop_def(StringAttr)
    body = region_def("single_block")
    traits = traits_def(NoTerminator())

    def __init__(self, receptor: str, body: Region) -> None:
        super().__init__(properties={"receptor": StringAttr(receptor)}, regions=[body])


@irdl_op_definition
class RegimeOp(IRDLOperation):
    """A regime: its derivatives, reactions and exits. The first one is where a cell starts."""

    name = "dyn.regime"
    sym_name = prop_def(SymbolNameConstraint())
    body = region_def("single_block")
    traits = traits_def(NoTerminator())

    def __init__(self, label: str, body: Region) -> None:
        super().__init__(properties={"sym_name": StringAttr(label)}, regions=[body])

    @property
    def label(self) -> str:
        """The name of the regime."""
        return self.sym_name.data


@irdl_op_definition
class WhenOp(Valued):
    """An event when a condition holds (`level`) or begins to hold (`rising`) at a step's end."""

    name = "dyn.when"
    mode = prop_def(StringAttr)
    condition = region_def("single_block")
    body = region_def("single_block")
    traits = traits_def(NoTerminator())

    def __init__(self, mode: str, condition: Region, body: Region) -> None:
        super().__init__(properties={"mode": StringAttr(mode)}, regions=[condition, body])

    def verify_(self) -> None:
        """Check the mode and that the condition is a truth value."""
        if self.mode.data not in ("level", "rising"):
            refuse(self, f"unknown mode '{self.mode.data}'; expected level or rising")
        if self.value.type != i1:
            refuse(self, f"a condition is a truth value; found {describe(self.value)}")


@irdl_op_definition
class AfterOp(Valued):
    """An event a given time after the regime was entered, rounded up to whole steps."""

    name = "dyn.after"
    duration = region_def("single_block")
    body = region_def("single_block")
    traits = traits_def(NoTerminator())

    def __init__(self, duration: Region, body: Region) -> None:
        super().__init__(regions=[duration, body])

    def verify_(self) -> None:
        """Check that the duration is a time."""
        if self.value.type != TIME:
            refuse(self, f"a duration is a time; found {describe(self.value)}, expected ms")


@irdl_op_definition
class SetOp(IRDLOperation):
    """Assigns a state inside an event."""

    name = "dyn.set"
    state = prop_def(StringAttr)
    value = operand_def()

    def __init__(self, state: str, value: SSAValue | Operation) -> None:
        super().__init__(operands=[value], properties={"state": StringAttr(state)})


@irdl_op_definition
class EmitOp(IRDLOperation):
    """Sends a spike, stamped with the end of the step."""

    name = "dyn.emit"

    def __init__(self) -> None:
        super().__init__()


@irdl_op_definition
class GotoOp(IRDLOperation):
    """Enters a regime."""

    name = "dyn.goto"
    regime = prop_def(StringAttr)

    def __init__(self, regime: str) -> None:
        super().__init__(properties={"regime": StringAttr(regime)})


@irdl_op_definition
class PoissonOp(Valued):
    """A source of Poisson spikes at the yielded rate; each step draws a count."""

    name = "dyn.poisson"
    rate = region_def("single_block")

    def __init__(self, rate: Region) -> None:
        super().__init__(regions=[rate])

    def verify_(self) -> None:
        """Check that the rate is one."""
        if exponents_of(self.value) != divide((0,) * len(TIME.exponents), TIME.exponents):
            refuse(self, f"a rate is needed; found {describe(self.value)}, expected 1/ms")


@irdl_op_definition
class ScheduleOp(IRDLOperation):
    """A source of spikes at the times listed in a sequence parameter."""

    name = "dyn.schedule"
    times = prop_def(StringAttr)

    def __init__(self, times: str) -> None:
        super().__init__(properties={"times": StringAttr(times)})


@irdl_op_definition
class CellOp(Model):
    """A cell model."""

    TEXT: ClassVar[str] = "snnc.ir.dialects.dyn_text"
    RULES: ClassVar[str] = "snnc.ir.dialects.dyn_rules"
    name = "dyn.cell"


@irdl_op_definition
class ResponseOp(Model):
    """A post-synaptic response: what one receptor adds to a cell that has a potential ``v``.

    It has one receptor and an alias ``current``, the current that flows into the cell.
    """

    TEXT: ClassVar[str] = "snnc.ir.dialects.response_text"
    RULES: ClassVar[str] = "snnc.ir.dialects.response_rules"
    name = "dyn.response"


Dyn = Dialect(
    "dyn",
    [
        *EXPRESSIONS,
        *DRAWS,
        PiecewiseOp,
        ParamOp,
        StateOp,
        ReceptorOp,
        CurrentOp,
        YieldOp,
        AliasOp,
        DerivOp,
        OnOp,
        RegimeOp,
        WhenOp,
        AfterOp,
        SetOp,
        EmitOp,
        GotoOp,
        PoissonOp,
        ScheduleOp,
        CellOp,
        ResponseOp,
    ],
    [Quantity, Dimension],
)
