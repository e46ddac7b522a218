"""The `native` dialect: what a model is in another simulator.

``native.reference`` stands beside the equations of a simulator's own model and holds what they do
not say: parameters that are set or fixed, and conventions. ``native.match`` stands beside a model
of a network and gives the simulator's parameters as functions of the model's own. Models that only
a simulator has are in `native_models`.
"""

from __future__ import annotations

from typing import ClassVar

from xdsl.dialects.builtin import FloatAttr, StringAttr, SymbolNameConstraint, UnitAttr, f64, i1
from xdsl.ir import Dialect, Region
from xdsl.irdl import (
    IRDLOperation,
    irdl_op_definition,
    opt_prop_def,
    prop_def,
    region_def,
    traits_def,
)
from xdsl.parser import Parser
from xdsl.printer import Printer
from xdsl.traits import IsolatedFromAbove, NoTerminator

from snnc.ir.diagnostics import did_you_mean
from snnc.ir.dialects.dyn_parts import Declaration, Valued
from snnc.ir.dialects.expressions import describe
from snnc.ir.dialects.native_models import CellOp, PortOp, SynapseOp
from snnc.ir.dialects.step import METHODS
from snnc.ir.locations import refuse

PORTS = ("positive", "negative", "any")
"""Receptors of a simulator that tells them apart by the sign of the weight; others have names."""


@irdl_op_definition
class SettingOp(IRDLOperation):
    """A parameter of the simulator's model with a value other than its default."""

    name = "native.setting"
    sym_name = prop_def(SymbolNameConstraint())
    value = prop_def(FloatAttr)

    def __init__(self, label: str, value: float) -> None:
        super().__init__(properties={"sym_name": StringAttr(label), "value": FloatAttr(value, f64)})


@irdl_op_definition
class FixedOp(IRDLOperation):
    """A parameter of the equations that the simulator does not have: it is always `value`."""

    name = "native.fixed"
    sym_name = prop_def(SymbolNameConstraint())
    value = prop_def(FloatAttr)

    def __init__(self, label: str, value: float) -> None:
        super().__init__(properties={"sym_name": StringAttr(label), "value": FloatAttr(value, f64)})


@irdl_op_definition
class PostsynapticOp(IRDLOperation):
    """A parameter of the equations that the simulator keeps in the postsynaptic cell."""

    name = "native.postsynaptic"
    sym_name = prop_def(SymbolNameConstraint())

    def __init__(self, label: str) -> None:
        super().__init__(properties={"sym_name": StringAttr(label)})


@irdl_op_definition
class NoteOp(IRDLOperation):
    """A convention in which the simulator differs from the equations, in a sentence."""

    name = "native.note"
    text = prop_def(StringAttr)

    def __init__(self, text: str) -> None:
        super().__init__(properties={"text": StringAttr(text)})


@irdl_op_definition
class SolverOp(IRDLOperation):
    """The method by which the simulator advances the equations, where it is none of high order."""

    name = "native.solver"
    method = prop_def(StringAttr)

    def __init__(self, method: str) -> None:
        super().__init__(properties={"method": StringAttr(method)})

    def verify_(self) -> None:
        """Check that the method is one that cells can be solved by here, too."""
        method = self.method.data
        if method not in METHODS:
            refuse(self, f"unknown method '{method}'{did_you_mean(method, METHODS)}")


@irdl_op_definition
class DrawsOp(IRDLOperation):
    """Says that the simulator draws random numbers of its own: equal in distribution only."""

    name = "native.draws"


class Binding(Declaration, Valued):
    """Base of what gives a name of the simulator, with its unit there, a value."""

    body = region_def("single_block")


@irdl_op_definition
class ParameterOp(Binding):
    """A parameter of the simulator as a function of the model's."""

    name = "native.parameter"
    postsynaptic = opt_prop_def(UnitAttr)

    def __init__(self, label: str, unit: str, body: Region, postsynaptic: bool = False) -> None:
        super().__init__(
            properties={
                "sym_name": StringAttr(label),
                "unit": StringAttr(unit),
                "postsynaptic": UnitAttr() if postsynaptic else None,
            },
            regions=[body],
        )


@irdl_op_definition
class StateOp(Binding):
    """A state of the model (`of`) as a variable of the simulator, which is `body` times as large.

    `hidden` ones can be neither read nor set there.
    """

    name = "native.state"
    of = prop_def(StringAttr)
    hidden = opt_prop_def(UnitAttr)

    def __init__(self, of: str, label: str, unit: str, body: Region, hidden: bool = False) -> None:
        super().__init__(
            properties={
                "of": StringAttr(of),
                "sym_name": StringAttr(label),
                "unit": StringAttr(unit),
                "hidden": UnitAttr() if hidden else None,
            },
            regions=[body],
        )


@irdl_op_definition
class ReceptorOp(Binding):
    """A receptor of the model (`of`) as a port, whose weights are `body` times as large."""

    name = "native.receptor"
    of = prop_def(StringAttr)

    def __init__(self, of: str, port: str, unit: str, body: Region) -> None:
        super().__init__(
            properties={
                "of": StringAttr(of),
                "sym_name": StringAttr(port),
                "unit": StringAttr(unit),
            },
            regions=[body],
        )


@irdl_op_definition
class CurrentOp(Declaration):
    """The current that a cell takes, in the simulator's unit."""

    name = "native.current"

    def __init__(self, label: str, unit: str) -> None:
        super().__init__(properties={"sym_name": StringAttr(label), "unit": StringAttr(unit)})


@irdl_op_definition
class RequireOp(Valued):
    """A condition on the model's parameters under which the simulator's model is the same."""

    name = "native.require"
    body = region_def("single_block")

    def __init__(self, body: Region) -> None:
        super().__init__(regions=[body])

    def verify_(self) -> None:
        """Check that the condition is a truth value."""
        if self.value.type != i1:
            refuse(self, f"a condition is a truth value; found {describe(self.value)}")


class _Entry(IRDLOperation):
    """Base of the operations with a body of bindings."""

    TEXT: ClassVar[str]
    model = prop_def(StringAttr)
    simulator = prop_def(StringAttr)
    body = region_def("single_block")
    traits = traits_def(NoTerminator(), IsolatedFromAbove())

    @property
    def label(self) -> str:
        """The model's name in the network or, of a reference, in the simulator."""
        return self.model.data


@irdl_op_definition
class ReferenceOp(_Entry):
    """What the equations of a simulator's model, beside which this stands, do not say."""

    name = "native.reference"

    def __init__(self, label: str, simulator: str, body: Region) -> None:
        super().__init__(
            properties={"model": StringAttr(label), "simulator": StringAttr(simulator)},
            regions=[body],
        )

    @classmethod
    def parse(cls, parser: Parser) -> ReferenceOp:
        """Parse the readable form."""
        from snnc.ir.dialects.native_text import parse_reference

        return parse_reference(parser)

    def print(self, printer: Printer) -> None:
        """Print the readable form."""
        from snnc.ir.dialects.native_text import print_entry

        print_entry(self, printer)

    def verify_(self) -> None:
        """Check against the equations beside it."""
        from snnc.ir.dialects.native_rules import check_reference

        check_reference(self)


@irdl_op_definition
class MatchOp(_Entry):
    """The simulator's model (`native`) that a model of the module is."""

    name = "native.match"
    native = prop_def(StringAttr)

    def __init__(self, label: str, native: str, simulator: str, body: Region) -> None:
        super().__init__(
            properties={
                "model": StringAttr(label),
                "native": StringAttr(native),
                "simulator": StringAttr(simulator),
            },
            regions=[body],
        )

    @classmethod
    def parse(cls, parser: Parser) -> MatchOp:
        """Parse the readable form."""
        from snnc.ir.dialects.native_text import parse_match

        return parse_match(parser)

    def print(self, printer: Printer) -> None:
        """Print the readable form."""
        from snnc.ir.dialects.native_text import print_entry

        print_entry(self, printer)

    def verify_(self) -> None:
        """Check against the model beside it."""
        from snnc.ir.dialects.native_rules import check_match

        check_match(self)


@irdl_op_definition
class NoMatchOp(IRDLOperation):
    """Says why no model of a simulator is a model of the module."""

    name = "native.no_match"
    model = prop_def(StringAttr)
    simulator = prop_def(StringAttr)
    reason = prop_def(StringAttr)
    assembly_format = "$model `of` $simulator `because` $reason attr-dict"

    def __init__(self, label: str, simulator: str, reason: str) -> None:
        super().__init__(
            properties={
                "model": StringAttr(label),
                "simulator": StringAttr(simulator),
                "reason": StringAttr(reason),
            }
        )


Native = Dialect(
    "native",
    [
        SettingOp,
        FixedOp,
        PostsynapticOp,
        NoteOp,
        SolverOp,
        DrawsOp,
        ParameterOp,
        StateOp,
        ReceptorOp,
        CurrentOp,
        RequireOp,
        ReferenceOp,
        MatchOp,
        NoMatchOp,
        PortOp,
        CellOp,
        SynapseOp,
    ],
    [],
)
