"""NineML 1.0 of a ``dyn.cell``: a component class.

Receptors become event ports with an analog port for the weight, injected current a reduce port,
``after`` a state that holds the time until which a regime lasts, Poisson emission one that holds
the time of the next event. Every number with a unit is a constant of the class.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TypeAlias
from xml.etree import ElementTree as ET

from xdsl.ir import Operation, SSAValue

from snnc.codegen.languages.si import power_of_ten, si_powers, unit_symbol
from snnc.codegen.native.infix_text import FUNCTIONS, Language, Writer
from snnc.ir.diagnostics import UnsupportedError
from snnc.ir.dialects import dyn
from snnc.ir.dialects import expressions as ex
from snnc.ir.locations import location_of
from snnc.ir.units import DIMENSIONLESS, Exponents

NAMESPACE = "http://nineml.net/9ML/1.0"
SOLE = "sole"
WEIGHT = "{}_weight"
NEXT, ONE_MS = "next_event", "one_ms"
_AND, _OR, _NOT, _SUM, _ATOM = 1, 0, 2, 4, 7


_Declared: TypeAlias = dyn.ParamOp | dyn.StateOp | dyn.CurrentOp | dyn.ReceptorOp


def _unwritten(*_: object) -> str:
    raise UnsupportedError("NineML keeps no earlier values")


LANGUAGE = Language(
    "NineML",
    {**FUNCTIONS, "log": "log({0})", "pow": "pow({0}, {1})", "floor": "floor({0})"},
    _unwritten,
    _unwritten,
)


@dataclass
class NinemlFile:
    """A NineML file under construction, and the dimensions that it needs."""

    root: ET.Element = field(default_factory=lambda: ET.Element("NineML", xmlns=NAMESPACE))
    used: dict[Exponents, None] = field(default_factory=lambda: {ex.TIME.exponents: None})

    def dimension(self, exponents: Exponents) -> str:
        """Return the name of a dimension, which is declared then."""
        self.used[exponents] = None
        return _dimension(exponents)

    def units(self, exponents: Exponents) -> str:
        """Return the name of the coherent unit of a dimension, which is declared then."""
        self.used[exponents] = None
        return _symbol(exponents)

    def text(self) -> str:
        """Return the whole file."""
        root = ET.Element("NineML", xmlns=NAMESPACE)
        root.extend(self.root)
        for dimension in self.used:
            ET.SubElement(
                root, "Dimension", {"name": _dimension(dimension), **si_powers(dimension)}
            )
        for dimension in self.used:
            ET.SubElement(
                root, "Unit", symbol=_symbol(dimension), dimension=_dimension(dimension),
                power=str(power_of_ten(dimension)),
            )  # fmt: skip
        ET.indent(root)
        return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, "unicode") + "\n"


def write_class(file: NinemlFile, cell: dyn.CellOp) -> None:
    """Add the component class of a cell.

    Raises
    ------
    UnsupportedError
        A construct that NineML does not have; names it.
    """
    _Class(cell, file).write()


class _Expressions(Writer):
    """Expressions in NineML's spelling; numbers with units become constants."""

    def __init__(self, constants: dict[tuple[float, Exponents], str]) -> None:
        super().__init__(LANGUAGE, word)
        self.constants = constants

    def _operation(self, op: ex.Expression) -> tuple[str, int]:
        match op:
            case ex.AndOp():
                return f"{self.text(op.lhs, _AND)} && {self.text(op.rhs, _NOT)}", _AND
            case ex.OrOp():
                return f"{self.text(op.lhs, _OR)} || {self.text(op.rhs, _AND)}", _OR
            case ex.NotOp():
                return f"!({self.text(op.operand)})", _ATOM
            case ex.PowOp():
                return self._call(op)
            case ex.ConstOp() if ex.exponents_of(op.result) != DIMENSIONLESS:
                key = op.number, ex.exponents_of(op.result)
                return self.constants.setdefault(key, f"c{len(self.constants) + 1}"), _ATOM
        return super()._operation(op)


class _Class:
    def __init__(self, cell: dyn.CellOp, file: NinemlFile) -> None:
        self.cell = cell
        self.file = file
        self.ops = list(cell.body.block.ops)
        self.constants: dict[tuple[float, Exponents], str] = {}
        self.regimes = [op for op in self.ops if isinstance(op, dyn.RegimeOp)]
        self.shared = [op for op in self.ops if isinstance(op, dyn.DerivOp | dyn.OnOp | dyn.WhenOp)]

    def write(self) -> None:
        body = ET.SubElement(self.file.root, "ComponentClass", name=word(self.cell.label))
        self.declarations(body)
        self.dynamics(ET.SubElement(body, "Dynamics"))

    def quantity(self, parent: ET.Element, tag: str, op: _Declared, name: str) -> ET.Element:
        dimension = self.file.dimension(op.type.exponents)
        return ET.SubElement(parent, tag, name=name, dimension=dimension)

    def declarations(self, body: ET.Element) -> None:
        for op in self.ops:
            match op:
                case dyn.ParamOp(sequence=None):
                    self.quantity(body, "Parameter", op, word(op.label))
                case dyn.ReceptorOp():
                    self.quantity(body, "AnalogReceivePort", op, WEIGHT.format(word(op.label)))
                    ET.SubElement(body, "EventReceivePort", name=word(op.label))
                case dyn.CurrentOp():
                    port = self.quantity(body, "AnalogReducePort", op, word(op.label))
                    port.set("operator", "+")
                case dyn.StateOp() if op.hidden is None:
                    self.quantity(body, "AnalogSendPort", op, word(op.label))
                case dyn.StateOp() | dyn.AliasOp() | dyn.DerivOp() | dyn.OnOp() | dyn.WhenOp():
                    pass
                case dyn.RegimeOp() | dyn.PoissonOp():
                    pass
                case _:
                    raise UnsupportedError(f"NineML has no form for '{op.name}'", location_of(op))
        if any(isinstance(op, dyn.EmitOp | dyn.PoissonOp) for op in self.cell.walk()):
            ET.SubElement(body, "EventSendPort", name="spike")

    # Dynamics

    def dynamics(self, body: ET.Element) -> None:
        for op in self.ops:
            if isinstance(op, dyn.StateOp):
                self.quantity(body, "StateVariable", op, word(op.label))
        for _, timer in self.timers():
            ET.SubElement(
                body, "StateVariable", name=timer, dimension=self.file.dimension(ex.TIME.exponents)
            )
        for op in self.ops:
            if isinstance(op, dyn.AliasOp):
                self.math(ET.SubElement(body, "Alias", name=word(op.label)), self.region(op.body))
            elif isinstance(op, dyn.PoissonOp):
                self.poisson(body, op)
        if not any(isinstance(op, dyn.PoissonOp) for op in self.ops):
            for name, ops in self.blocks():
                self.regime(ET.SubElement(body, "Regime", name=name), ops, name)
        for (number, exponents), name in self.constants.items():
            units = self.file.units(exponents)
            constant = ET.SubElement(body, "Constant", name=name, units=units)
            constant.text = repr(number)

    def clock(self, body: ET.Element, name: str) -> None:
        """Declare a state that holds a time."""
        dimension = self.file.dimension(ex.TIME.exponents)
        ET.SubElement(body, "StateVariable", name=name, dimension=dimension)

    def blocks(self) -> Iterator[tuple[str, list[Operation]]]:
        """Yield the regimes with what holds in them."""
        if not self.regimes:
            yield SOLE, list(self.shared)
        for regime in self.regimes:
            yield regime.label, [*self.shared, *regime.body.block.ops]

    def timers(self) -> Iterator[tuple[dyn.AfterOp, str]]:
        """Yield what ends regimes after a time, with the state that holds the end."""
        for regime in self.regimes:
            for op in regime.body.block.ops:
                if isinstance(op, dyn.AfterOp):
                    yield op, f"{regime.label}_end"

    def math(self, parent: ET.Element, text: str) -> None:
        ET.SubElement(parent, "MathInline").text = text

    def writer(self) -> _Expressions:
        return _Expressions(self.constants)

    def region(self, region: object) -> str:
        return self.writer().region(region)  # type: ignore[arg-type]

    def poisson(self, body: ET.Element, op: dyn.PoissonOp) -> None:
        self.clock(body, NEXT)
        regime = ET.SubElement(body, "Regime", name=SOLE)
        event = ET.SubElement(regime, "OnCondition")
        self.math(ET.SubElement(event, "Trigger"), f"t > {NEXT}")
        self.constants[1.0, ex.TIME.exponents] = ONE_MS
        rate = self.region(op.rate)
        self.assign(event, NEXT, f"t + {ONE_MS}*random.exponential(({rate})*{ONE_MS})")
        ET.SubElement(event, "OutputEvent", port="spike")

    def regime(self, element: ET.Element, ops: Iterable[Operation], name: str) -> None:
        for op in ops:
            match op:
                case dyn.DerivOp():
                    derivative = ET.SubElement(
                        element, "TimeDerivative", variable=word(op.state.data)
                    )
                    self.math(derivative, self.region(op.body))
                case dyn.OnOp():
                    self.arrival(element, op)
                case dyn.WhenOp():
                    self.condition(element, op, name)
                case dyn.AfterOp():
                    event = ET.SubElement(element, "OnCondition")
                    self.math(ET.SubElement(event, "Trigger"), f"t > {name}_end")
                    self.body(event, op.body.block.ops, self.writer(), name)

    def arrival(self, element: ET.Element, op: dyn.OnOp) -> None:
        port = word(op.receptor.data)
        event = ET.SubElement(element, "OnEvent", port=port)
        writer = self.writer()
        writer.bind(op.body.block.args[0], WEIGHT.format(port))
        self.body(event, op.body.block.ops, writer, "")

    def condition(self, element: ET.Element, op: dyn.WhenOp, regime: str) -> None:
        event = ET.SubElement(element, "OnCondition")
        body = list(op.body.block.ops)
        leaves = any(isinstance(o, dyn.GotoOp) and o.regime.data != regime for o in body)
        read = {o.variable.data for o in op.condition.walk() if isinstance(o, ex.GetOp)}
        ends = leaves or any(isinstance(o, dyn.SetOp) and o.state.data in read for o in body)
        if ends == (op.mode.data == "rising"):
            what = "acts at every step" if ends is False else "acts only where it becomes true"
            raise UnsupportedError(f"NineML has no condition that {what}", location_of(op))
        self.math(ET.SubElement(event, "Trigger"), self.region(op.condition))
        self.body(event, body, self.writer(), regime)

    def body(
        self, event: ET.Element, ops: Iterable[Operation], writer: _Expressions, regime: str
    ) -> None:
        for op in ops:
            match op:
                case dyn.SetOp():
                    assignment = ET.SubElement(
                        event, "StateAssignment", variable=word(op.state.data)
                    )
                    self.math(assignment, writer.text(op.value))
                case dyn.EmitOp():
                    ET.SubElement(event, "OutputEvent", port="spike")
                case dyn.GotoOp():
                    event.set("target_regime", op.regime.data)
                    self.start(event, op.regime.data, regime)

    def start(self, event: ET.Element, entered: str, left: str) -> None:
        """Set the end of a regime that lasts for a time where it is entered."""
        for op, timer in self.timers():
            if timer == f"{entered}_end" and entered != left:
                self.assign(event, timer, f"t + {self.text_of(op)}")

    def assign(self, event: ET.Element, state: str, value: str) -> None:
        self.math(ET.SubElement(event, "StateAssignment", variable=state), value)

    def text_of(self, op: dyn.AfterOp) -> str:
        writer, last = self.writer(), op.duration.block.last_op
        assert last is not None
        value: SSAValue = last.operands[0]
        return writer.text(value, _SUM + 1)


def word(name: str) -> str:
    """Return a name as NineML takes it."""
    return re.sub(r"\W", "_", name)


def _symbol(exponents: Exponents) -> str:
    return unit_symbol(exponents) or "unitless"


def _dimension(exponents: Exponents) -> str:
    return "dimensionless" if exponents == DIMENSIONLESS else f"{_symbol(exponents)}_dimension"
