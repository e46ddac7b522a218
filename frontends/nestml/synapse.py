"""A synapse of the IR from a NESTML synapse.

The variable ``w`` is the weight of the connection. The port for postsynaptic spikes is the one
whose name starts with ``post``, the other one is for presynaptic spikes. A state lives per
presynaptic or postsynaptic cell where it depends on that side alone, else per connection.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from snnc.importing.expressions import Name, Node, names_in
from snnc.importing.model_text import ModelText, infix, number_text
from snnc.ir.diagnostics import UnsupportedError
from snnc.ir.units import NAMED, Unit, divide
from snnc.nestml import logic
from snnc.nestml import values as q
from snnc.nestml.declarations import written_unit
from snnc.nestml.elements import Event, Model, Variable
from snnc.nestml.scope import Scope
from snnc.nestml.statements import Effects, effects_of
from snnc.nestml.update import update_of
from snnc.nestml.values import Value

WEIGHT, CLOCK = "w", "clock"
_MS = NAMED["ms"]
_UNIT = NAMED["weight"]


def write_synapse(text: ModelText, model: Model) -> None:
    """Write the synapse that a NESTML model describes.

    Raises
    ------
    ModelError
        If a name is unknown, values depend on each other, or units do not fit.
    UnsupportedError
        For what the IR has no form for; names the construct.
    """
    _Synapse(text, model).write()


class _SynapseScope(Scope):
    """A scope in which ``w`` is the weight of the connection, as the number that NESTML has.

    The time is that of a clock, a state of its own: synapses know only the time between events.
    """

    reads_time = False

    def lookup(self, name: str) -> Value | None:
        """Return what a variable of the model stands for."""
        variable = self.model.variables.get(name)
        if name == "t" and variable is None:
            self.reads_time = True
            return q.name(CLOCK, _MS)
        if name == WEIGHT and variable is not None:
            plain = q.times(q.name("weight", _UNIT), q.inverse(q.number(1.0, _UNIT)))
            unit = variable.type.unit
            return q.cast(plain, unit.exponents, unit.scale, "the weight")
        return super().lookup(name)


class _Synapse:
    def __init__(self, text: ModelText, model: Model) -> None:
        self.text = text
        self.model = model
        self.scope = _SynapseScope(model, {})
        self.sides = _sides(model)
        self.derivatives: dict[str, Value] = {}
        self.effects: dict[str, Effects] = {}

    def write(self) -> None:
        for name in (*self.model.parameters, *self.model.states, *self.model.inlines):
            if name != WEIGHT:
                self.scope.names[name]
        self.scope.names.fresh(CLOCK)
        self.integrate()
        for event in self.model.receives:
            self.effects[self.sides[event.port]] = effects_of(
                self.scope.translator, event.body, self.model.states
            )
        axes = self.axes()
        with self.text.block(f"syn.model @{self.model.name}", self.model.place):
            self.declarations(axes)
            for name, value in self.derivatives.items():
                place = self.model.states[name].place
                text = infix(value.node, at=place)
                self.text.line(f"d{self.scope.names[name]}/dt = {text}", place)
            if self.scope.reads_time:
                self.text.line(f"d{CLOCK}/dt = 1.0")
            for event in self.model.receives:
                self.event(event)

    def integrate(self) -> None:
        update = update_of(self.model)
        if update.before or update.after or len(update.branches) > 1:
            raise UnsupportedError(
                "statements beside 'integrate_odes' in the update of a synapse", update.place
            )
        if self.model.conditions:
            raise UnsupportedError("'onCondition' in a synapse", self.model.conditions[0].place)
        for equation in self.model.equations:
            if equation.order != 1 or equation.name not in self.model.states:
                raise UnsupportedError("a higher derivative in a synapse", equation.place)
            unit = self.model.states[equation.name].type.unit
            rate = Unit(unit.scale, divide(unit.exponents, _MS.exponents))
            value = self.scope.translator.value(equation.value, equation.place)
            with self.scope.translator.at(equation.place):
                what = f"the derivative of '{equation.name}'"
                self.derivatives[equation.name] = q.cast(value, rate.exponents, rate.scale, what)

    # Axes

    def axes(self) -> dict[str, str]:
        """Return where each state lives: with the side that alone sets it, if it can."""
        names = self.scope.names
        labels = {names[name]: name for name in self.model.states if name != WEIGHT}
        axes = {}
        for name in labels.values():
            sides = {side for side, e in self.effects.items() if name in e.assigned}
            axes[name] = sides.pop() if len(sides) == 1 else "edge" if sides else "pre"
        labels[CLOCK] = CLOCK
        axes[CLOCK] = "pre" if set(self.effects) == {"pre"} else "edge"
        changed = True
        while changed:
            changed = False
            for name, value in self._dependences():
                for read in self._read(value.node, labels):
                    other = "edge" if read == "weight" else axes[labels[read]]
                    if axes[name] not in ("edge", other):
                        axes[name] = "edge"
                        changed = True
        return axes

    def _dependences(self) -> Iterator[tuple[str, Value]]:
        for effects in self.effects.values():
            yield from ((n, v) for n, v in effects.assigned.items() if n != WEIGHT)
        yield from self.derivatives.items()

    def _read(self, node: Node, labels: Mapping[str, str]) -> set[str]:
        """Return the states that an expression reads, through aliases."""
        aliases = {self.scope.names[n]: v for n, (_, v) in self.scope.aliases.items()}
        found: set[str] = set()
        for name in names_in(node):
            if name in aliases:
                found |= self._read(aliases[name].node, labels)
            elif name == "weight" or name in labels:
                found.add(name)
            elif name.startswith("draw_"):
                found.add("weight")
        return found

    # Text

    def declarations(self, axes: Mapping[str, str]) -> None:
        for variable in self.model.parameters.values():
            if variable.name != WEIGHT:
                self.declare("param", variable, "")
        for variable in self.model.states.values():
            if variable.name != WEIGHT:
                self.declare("state", variable, f" per {axes[variable.name]}")
        if self.scope.reads_time:
            self.text.line(f"state {CLOCK} : ms = 0.0 per {axes[CLOCK]} hidden")
        for variable, value in self.scope.aliases.values():
            if value.constant is None and not variable.type.truth:
                name = self.scope.names[variable.name]
                text = infix(value.node, at=variable.place)
                self.text.line(f"let {name} = {text}", variable.place)

    def declare(self, kind: str, variable: Variable, tail: str) -> None:
        number = number_text(self.scope.defaults.number(variable))
        name, unit = self.scope.names[variable.name], written_unit(variable.type)[0]
        self.text.line(f"{kind} {name} : {unit} = {number}{tail}", variable.place)

    def event(self, event: Event) -> None:
        side = self.sides[event.port]
        effects = self.effects[side]
        sets = []
        for name, value in effects.assigned.items():
            if name == WEIGHT:
                sets.append(f"weight = {infix(self.weight(value).node, at=event.place)}")
            elif value.node != Name(self.scope.names[name]):
                sets.append(f"{self.scope.names[name]} = {infix(value.node, at=event.place)}")
        if effects.sent:
            sets.append(f"deliver {infix(self.delivered(effects, event).node, at=event.place)}")
        self.text.line(f"on {side} {{ {'  '.join(sets)} }}", event.place)

    def delivered(self, effects: Effects, event: Event) -> Value:
        """Return the weight that is sent, 0 where none is."""
        total = q.number(0.0)
        with self.scope.translator.at(event.place):
            for path, weight in effects.sent:
                if weight is None:
                    raise UnsupportedError("a spike without a weight in a synapse", event.place)
                total = q.plus(total, logic.select(path, weight, q.number(0.0)))
        return self.weight(total)

    def weight(self, value: Value) -> Value:
        """Return a number of NESTML as a weight."""
        plain = q.real(value, "the weight")
        return q.times(plain, q.number(1.0, _UNIT))


def _sides(model: Model) -> dict[str, str]:
    """Return which side the spikes of each port come from."""
    sides: dict[str, str] = {}
    for port in model.ports.values():
        if not port.spikes:
            raise UnsupportedError(f"a continuous input, '{port.name}', of a synapse", port.place)
        side = "post" if port.name.startswith("post") else "pre"
        if side in sides.values():
            raise UnsupportedError(
                f"a third factor, '{port.name}', of a synapse; expected pre- and postsynaptic "
                "spikes",
                port.place,
            )
        sides[port.name] = side
    return sides
