"""LEMS component types of ``dyn.cell``, on NeuroML's base types.

Receptors are event ports; the weight of a connection is a property of the cell, with the dimension
of the receptor. Injected current is the sum over attached inputs; ``after`` a state that holds when
a regime was entered; values at the start are parameters, as cells of one type may differ in them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import TypeAlias
from xml.etree import ElementTree as ET

from xdsl.dialects.builtin import i1
from xdsl.ir import Block, Operation

from snnc.codegen.languages.lems_expressions import Choice, Expressions, Hoisted
from snnc.codegen.languages.lems_units import Units
from snnc.ir.diagnostics import Location, UnsupportedError
from snnc.ir.dialects import dyn
from snnc.ir.dialects import expressions as ex
from snnc.ir.locations import location_of
from snnc.ir.units import NAMED

WEIGHT = "weight"
START = "start_{}"
"""Parameter with the value of a state at the start."""
_VOLTAGE, _CURRENT, _TIME = (NAMED[unit].exponents for unit in ("mV", "nA", "ms"))
_TAKEN = frozenset(
    {WEIGHT, "t", "id", "type", "extends", "name", "exp", "ln", "log", "sqrt", "sin", "cos", "tan",
     "sinh", "cosh", "tanh", "abs", "ceil", "floor", "random", "H", "synapses"}
)  # fmt: skip
Declared: TypeAlias = dyn.ParamOp | dyn.StateOp


def word(name: str) -> str:
    """Return a name as LEMS takes it."""
    plain = re.sub(r"\W", "_", name)
    return f"{plain}_" if plain in _TAKEN else plain


def type_name(label: str) -> str:
    """Return the name of the component type of a cell; NeuroML has some of PyNN's names."""
    return f"{word(label)}_cell"


def component_type(cell: dyn.CellOp, units: Units) -> ET.Element:
    """Return the component type of a cell.

    Raises
    ------
    UnsupportedError
        A construct that LEMS does not have; names it.
    """
    return _Type(cell, units).element()


class _Type:
    def __init__(self, cell: dyn.CellOp, units: Units) -> None:
        self.cell = cell
        self.units = units
        self.ops = list(cell.body.block.ops)
        named = (op.label for op in self.ops if isinstance(op, dyn.Declaration | dyn.AliasOp))
        self.hoisted = Hoisted({word(name) for name in named})
        self.regimes = [op for op in self.ops if isinstance(op, dyn.RegimeOp)]
        self.truths = {
            op.label: op for op in self.ops if isinstance(op, dyn.AliasOp) and op.value.type == i1
        }
        self.flags: list[str] = []

    def element(self) -> ET.Element:
        known = {op.label: op for op in self.ops if isinstance(op, dyn.StateOp)}
        potential = "v" in known and known["v"].type.exponents == _VOLTAGE
        base = "baseCellMembPot" if potential else "baseSpikingCell"
        body = ET.Element("ComponentType", name=type_name(self.cell.label), extends=base)
        if self.cell.doc is not None:
            body.set("description", self.cell.doc.data)
        dynamics = ET.Element("Dynamics")
        self.dynamics(dynamics)
        self.declarations(body, inherited=("v",) if potential else ())
        body.append(dynamics)
        return body

    # Declarations

    def declarations(self, body: ET.Element, inherited: Sequence[str]) -> None:
        for op in self.ops:
            match op:
                case dyn.ParamOp(sequence=None):
                    self.named(body, "Parameter", op, word(op.label))
                case dyn.StateOp():
                    self.named(body, "Parameter", op, START.format(word(op.label)))
                case dyn.ReceptorOp() | dyn.CurrentOp() | dyn.AliasOp() | dyn.DerivOp():
                    pass
                case dyn.OnOp() | dyn.WhenOp() | dyn.RegimeOp():
                    pass
                case _:
                    raise UnsupportedError(f"LEMS has no form for '{op.name}'", location_of(op))
        for (number, exponents), name in self.hoisted.constants.items():
            ET.SubElement(
                body, "Constant", name=name, dimension=self.units.dimension(exponents),
                value=self.units.quantity(number, exponents),
            )  # fmt: skip
        self.weights(body)
        for op in self.ops:
            if isinstance(op, dyn.StateOp) and op.hidden is None and op.label not in inherited:
                self.named(body, "Exposure", op, word(op.label))
        for op in self.ops:
            if isinstance(op, dyn.ReceptorOp):
                ET.SubElement(body, "EventPort", name=word(op.label), direction="in")
        for op in self.ops:
            if isinstance(op, dyn.CurrentOp):
                ET.SubElement(body, "Attachments", name="synapses", type="basePointCurrent")

    def named(self, body: ET.Element, tag: str, op: Declared, name: str) -> ET.Element:
        dimension = self.units.dimension(op.type.exponents)
        return ET.SubElement(body, tag, name=name, dimension=dimension)

    def weights(self, body: ET.Element) -> None:
        for name, op in self.properties().items():
            dimension = self.units.dimension(op.type.exponents)
            ET.SubElement(body, "Property", name=name, dimension=dimension, defaultValue="0")

    def properties(self) -> dict[str, dyn.ReceptorOp]:
        """Return the properties that are weights, with the first receptor of each."""
        found: dict[str, dyn.ReceptorOp] = {}
        for op in self.ops:
            if isinstance(op, dyn.ReceptorOp):
                found.setdefault(weight_property(self.cell, op.label), op)
        return found

    # Dynamics

    def dynamics(self, body: ET.Element) -> None:
        for op in self.ops:
            if isinstance(op, dyn.StateOp):
                state = self.named(body, "StateVariable", op, word(op.label))
                if op.hidden is None:
                    state.set("exposure", word(op.label))
        inside = ET.Element("Dynamics")
        self.start(inside)
        for op in self.ops:
            if isinstance(op, dyn.CurrentOp):
                self.current(body, op)
            elif isinstance(op, dyn.AliasOp) and op.label not in self.truths:
                self.alias(body, op)
        shared = [op for op in self.ops if isinstance(op, dyn.DerivOp | dyn.OnOp | dyn.WhenOp)]
        self.block(inside, shared, None)
        for op in self.regimes:
            self.regime(inside, op)
        for name in [*self.timers(), *self.flags]:
            dimension = "none" if name in self.flags else "time"
            ET.SubElement(body, "StateVariable", name=name, dimension=dimension)
        for choice in self.hoisted.take():
            self.choice(body, choice)
        body.extend(inside)

    def start(self, body: ET.Element) -> None:
        event = ET.SubElement(body, "OnStart")
        for op in self.ops:
            if isinstance(op, dyn.StateOp):
                self.assign(event, word(op.label), START.format(word(op.label)))

    def assign(self, event: ET.Element, variable: str, value: str) -> None:
        ET.SubElement(event, "StateAssignment", variable=variable, value=value)

    def current(self, body: ET.Element, op: dyn.CurrentOp) -> None:
        if op.type.exponents != _CURRENT:
            raise UnsupportedError("LEMS has inputs of current alone", location_of(op))
        ET.SubElement(
            body, "DerivedVariable", name=word(op.label), dimension="current",
            select="synapses[*]/i", reduce="add",
        )  # fmt: skip

    def alias(self, body: ET.Element, op: dyn.AliasOp) -> None:
        writer, value = self.writer(), op.value.owner
        assert isinstance(value, ex.Expression)
        choice = writer.parts_of_choice(value)
        text = "" if choice else writer.region(op.body)
        for inner in self.hoisted.take():
            self.choice(body, inner)
        if choice:
            self.choice(body, Choice(word(op.label), op.dimension.data, *choice))
            return
        ET.SubElement(
            body, "DerivedVariable", name=word(op.label),
            dimension=self.units.dimension(op.dimension.data), value=text,
        )  # fmt: skip

    def choice(self, body: ET.Element, choice: Choice) -> None:
        variable = ET.SubElement(
            body, "ConditionalDerivedVariable", name=choice.name,
            dimension=self.units.dimension(choice.exponents),
        )  # fmt: skip
        yes, no = choice.values
        ET.SubElement(variable, "Case", condition=choice.condition, value=yes)
        ET.SubElement(variable, "Case", value=no)

    def writer(self) -> Expressions:
        return Expressions(self.name, self.hoisted)

    def name(self, name: str) -> str:
        """Return what reads a name; LEMS has no variables that are true or false."""
        if name in self.truths:
            return f"({self.writer().region(self.truths[name].body)})"
        if name == "dt":
            raise UnsupportedError("LEMS does not know the time step", self.cell_place())
        return name if name == "t" else word(name)

    def cell_place(self) -> Location | None:
        return location_of(self.cell)

    def block(self, body: ET.Element, ops: Iterable[Operation], regime: str | None) -> None:
        for op in ops:
            match op:
                case dyn.DerivOp():
                    ET.SubElement(
                        body, "TimeDerivative", variable=word(op.state.data),
                        value=self.writer().region(op.body),
                    )  # fmt: skip
                case dyn.OnOp():
                    self.arrival(body, op)
                case dyn.WhenOp():
                    self.condition(body, op, regime)
                case dyn.AfterOp():
                    until = f"t .gt. {_timer(regime)} + {self.duration(op)}"
                    event = ET.SubElement(body, "OnCondition", test=until)
                    self.body(event, op.body.block, self.writer())

    def duration(self, op: dyn.AfterOp) -> str:
        return f"({self.writer().region(op.duration)})"

    def regime(self, body: ET.Element, op: dyn.RegimeOp) -> None:
        first = op is self.regimes[0]
        regime = ET.SubElement(body, "Regime", name=word(op.label))
        if first:
            regime.set("initial", "true")
        if any(isinstance(inner, dyn.AfterOp) for inner in op.body.block.ops):
            self.assign(ET.SubElement(regime, "OnEntry"), _timer(op.label), "t")
        self.block(regime, op.body.block.ops, op.label)

    def timers(self) -> Iterator[str]:
        for op in self.regimes:
            if any(isinstance(inner, dyn.AfterOp) for inner in op.body.block.ops):
                yield _timer(op.label)

    def condition(self, body: ET.Element, op: dyn.WhenOp, regime: str | None) -> None:
        test = self.writer().region(op.condition)
        if op.mode.data == "level":
            event = ET.SubElement(body, "OnCondition", test=test)
            self.body(event, op.body.block, self.writer())
            return
        compared = op.value.owner
        if regime is not None or not isinstance(compared, ex.CompareOp):
            raise UnsupportedError(
                "LEMS has no event where a condition becomes true inside a regime or is no "
                "comparison",
                location_of(op),
            )
        # A flag lets the event happen once, until the opposite has held.
        flag = self.hoisted.fresh("held")
        self.flags.append(flag)
        event = ET.SubElement(body, "OnCondition", test=f"{test} .and. {flag} .lt. 0.5")
        self.assign(event, flag, "1")
        self.body(event, op.body.block, self.writer())
        opposite = ex.NotOp(ex.CompareOp(compared.predicate.data, compared.lhs, compared.rhs))
        again = self.writer().text(opposite.result)
        self.assign(ET.SubElement(body, "OnCondition", test=again), flag, "0")

    def arrival(self, body: ET.Element, op: dyn.OnOp) -> None:
        event = ET.SubElement(body, "OnEvent", port=word(op.receptor.data))
        writer = self.writer()
        writer.bind(op.body.block.args[0], weight_property(self.cell, op.receptor.data))
        self.body(event, op.body.block, writer)

    def body(self, event: ET.Element, block: Block, writer: Expressions) -> None:
        for op in _one_after_the_other([o for o in block.ops if isinstance(o, dyn.SetOp)]):
            self.assign(event, word(op.state.data), writer.text(op.value))
        for op in block.ops:
            if isinstance(op, dyn.EmitOp):
                ET.SubElement(event, "EventOut", port="spike")
            elif isinstance(op, dyn.GotoOp):
                ET.SubElement(event, "Transition", regime=word(op.regime.data))


def weight_property(cell: dyn.CellOp, receptor: str) -> str:
    """Return the property that is the weight of connections onto a receptor.

    Receptors whose weights have the dimension of the first one's share a property.
    """
    receptors = {op.label: op for op in cell.body.block.ops if isinstance(op, dyn.ReceptorOp)}
    first = next(iter(receptors.values()))
    same = receptors[receptor].type == first.type
    return WEIGHT if same else f"{WEIGHT}_{word(receptor)}"


def _timer(regime: str | None) -> str:
    return f"entered_{word(regime or '')}"


def _one_after_the_other(sets: list[dyn.SetOp]) -> list[dyn.SetOp]:
    """Return assignments in an order in which none reads what one before it has assigned."""
    waiting, ordered = list(sets), []
    while waiting:
        free = next((op for op in waiting if not _read_by(op.state.data, waiting, op)), None)
        if free is None:
            raise UnsupportedError(
                "LEMS assigns one after another; "
                f"'{waiting[0].state.data}' and others read each other's old values",
                location_of(waiting[0]),
            )
        waiting.remove(free)
        ordered.append(free)
    return ordered


def _read_by(state: str, sets: Sequence[dyn.SetOp], but: dyn.SetOp) -> bool:
    return any(state in _reads(op) for op in sets if op is not but)


def _reads(op: Operation) -> set[str]:
    found: set[str] = set()
    pending = [operand.owner for operand in op.operands]
    while pending:
        inner = pending.pop()
        if isinstance(inner, ex.GetOp):
            found.add(inner.variable.data)
        if isinstance(inner, ex.Expression):
            pending += [operand.owner for operand in inner.operands]
    return found
