"""A cell of the IR from NineML dynamics: one component, or several joined by their ports."""

from __future__ import annotations

from collections.abc import Sequence
from graphlib import CycleError, TopologicalSorter

from snnc.importing.expressions import Name, Node, Operation, names_in
from snnc.importing.model_text import ModelText, infix, number_text
from snnc.ir.diagnostics import ModelError, UnsupportedError
from snnc.ir.units import DIMENSIONLESS, NAMED, Exponents, format_unit
from snnc.nineml.elements import Equation, Port, Reaction, Regime
from snnc.nineml.part import Part
from snnc.nineml.patterns import increment, poisson_rate, timers

CURRENT = NAMED["nA"].exponents
INJECTED = "injected"


def write_cell(model: ModelText, name: str, parts: Sequence[Part]) -> None:
    """Write the cell that parts make; the first may send spikes and have several regimes.

    Raises
    ------
    ModelError
        If a name is unknown, or aliases depend on each other in a circle.
    UnsupportedError
        For what the IR has no form for; names the construct.
    """
    for part in parts[1:]:
        if len(part.dynamics.regimes) > 1:
            raise UnsupportedError(
                f"'{part.dynamics.name}' has {len(part.dynamics.regimes)} regimes; expected one "
                "in a component that is joined to a cell",
                part.dynamics.place,
            )
    with model.block(f"dyn.cell @{name}", parts[0].dynamics.place):
        _Cell(model, parts).write()


class _Cell:
    def __init__(self, model: ModelText, parts: Sequence[Part]) -> None:
        self.model = model
        self.parts = parts
        self.poisson = poisson_rate(parts[0].dynamics) if len(parts) == 1 else None
        self.timers = {} if self.poisson else timers(parts[0].dynamics)
        self.dropped = {timer.state for timer in self.timers.values()}
        if self.poisson:
            self.dropped.add(self.poisson[0])
        self.takes_current = False

    def write(self) -> None:
        for part in self.parts:
            self.parameters(part)
        for part in self.parts:
            self.states(part)
        self.ports()
        self.aliases()
        for part in self.parts:
            self.arrivals(part)
        if self.poisson:
            place = self.parts[0].dynamics.place
            rate = self.parts[0].text(self.poisson[1], place)
            self.model.line(f"emit poisson {rate}", place)
            return
        for part in self.parts:
            if len(part.dynamics.regimes) == 1:
                self.regime(part, part.dynamics.regimes[0])
        self.regimes(self.parts[0])

    # Declarations

    def parameters(self, part: Part) -> None:
        weights = part.weights().values()
        for parameter in part.dynamics.parameters.values():
            self.parameter(part, parameter, part.values.get(parameter.name))
        for port in part.dynamics.ports.values():
            free = port.name not in part.inputs and port.name not in weights
            if port.kind == "AnalogReceivePort" and free:
                self.parameter(part, port, part.values.get(port.name, 0.0))

    def parameter(self, part: Part, port: Port, value: float | None) -> None:
        default = "" if value is None else f" = {number_text(value)}"
        self.model.line(
            f"param {part.full(port.name)} : {_unit(port.exponents)}{default}", port.place
        )

    def states(self, part: Part) -> None:
        for state in part.dynamics.states.values():
            if part is not self.parts[0] or state.name not in self.dropped:
                initial = number_text(part.values.get(state.name, 0.0))
                self.model.line(
                    f"state {part.full(state.name)} : {_unit(state.exponents)} = {initial}",
                    state.place,
                )
        for reaction in _arrivals_of(part):
            if not part.adds(reaction):
                self.model.line(f"state {self.waiting(part, reaction)} : 1 = 0.0 hidden")

    def ports(self) -> None:
        for part in self.parts:
            weights = part.weights()
            for port in part.dynamics.ports.values():
                if port.kind == "EventReceivePort":
                    weight = weights.get(port.name)
                    exponents = part.dynamics.ports[weight].exponents if weight else None
                    name = part.receptor(port.name)
                    self.model.line(f"receptor {name} : {_unit(exponents)}", port.place)
        reduce = [
            (part, port)
            for part in self.parts
            for port in part.dynamics.ports.values()
            if port.kind == "AnalogReducePort"
        ]
        for part, port in reduce:
            self.reduce_port(part, port)

    def reduce_port(self, part: Part, port: Port) -> None:
        """Let a port that sums its inputs take injected current, too."""
        given = part.inputs.get(port.name)
        if port.exponents == CURRENT and not self.takes_current:
            self.takes_current = True
            self.model.line(f"current {INJECTED} : nA", port.place)
            injected: Node = Name(INJECTED)
            given = injected if given is None else Operation("+", (given, injected))
        if given is None:
            self.model.line(
                f"param {part.full(port.name)} : {_unit(port.exponents)} = 0.0", port.place
            )
            given = Name(part.full(port.name))
        part.inputs[port.name] = given

    def aliases(self) -> None:
        found: dict[str, tuple[Part, Equation]] = {
            part.full(name): (part, alias)
            for part in self.parts
            for name, alias in part.dynamics.aliases.items()
            if name not in part.dynamics.states
        }
        reads = {
            name: [n for n in names_in(part.node(alias.value, alias.place)) if n in found]
            for name, (part, alias) in found.items()
        }
        try:
            order = list(TopologicalSorter(reads).static_order())
        except CycleError as error:
            circle = error.args[1]
            part, alias = found[circle[0]]
            raise ModelError(
                f"aliases depend on each other: {' -> '.join(circle)}", alias.place
            ) from None
        for name in order:
            part, alias = found[name]
            self.model.line(f"let {name} = {part.text(alias.value, alias.place)}", alias.place)

    # Events

    def waiting(self, part: Part, reaction: Reaction) -> str:
        return part.full(f"{reaction.port}_arrived")

    def arrivals(self, part: Part) -> None:
        """Write what arriving spikes add; other reactions count them, and follow in the step."""
        for reaction in _arrivals_of(part):
            if part.everywhere(reaction):
                self.arrival(part, reaction)
            elif not part.adds(reaction):
                receptor, count = part.receptor(str(reaction.port)), self.waiting(part, reaction)
                self.model.line(f"on {receptor}(w) {{ {count} = {count} + w }}", reaction.place)

    def arrival(self, part: Part, reaction: Reaction) -> None:
        weight = part.weights().get(str(reaction.port))
        sets = [self.increase(part, equation, weight) for equation in reaction.assignments]
        receptor = part.receptor(str(reaction.port))
        self.model.line(f"on {receptor}(w) {{ {'  '.join(sets)} }}", reaction.place)

    def increase(self, part: Part, equation: Equation, weight: str | None) -> str:
        change = increment(equation)
        assert change is not None
        node = part.node(change, equation.place, weight)
        if weight is None:
            node = Operation("*", (node, Name("w")))
        state = part.full(equation.variable)
        total = Operation("+", (Name(state), node))
        return f"{state} = {infix(total, at=equation.place)}"

    def regimes(self, part: Part) -> None:
        regimes = list(part.dynamics.regimes)
        if len(regimes) < 2:
            return
        first = regimes[0]
        if first.name in self.timers:
            # What it waits for is past from the start.
            target = next(r.target for r in first.reactions if r.port is None)
            regimes.sort(key=lambda regime: regime.name != target)
        common = _common(regimes)
        for equation in common:
            self.derivative(part, equation)
        for regime in regimes:
            with self.model.block(f"regime {_word(regime.name)}", regime.place):
                self.regime(part, regime, common)

    def derivative(self, part: Part, equation: Equation) -> None:
        value = part.text(equation.value, equation.place)
        self.model.line(f"d{part.full(equation.variable)}/dt = {value}", equation.place)

    def regime(self, part: Part, regime: Regime, common: Sequence[Equation] = ()) -> None:
        for equation in regime.derivatives:
            if not any(_same(equation, other) for other in common):
                self.derivative(part, equation)
        for reaction in regime.reactions:
            if part.everywhere(reaction):
                continue
            if part.adds(reaction):
                self.arrival(part, reaction)
                continue
            body = "  ".join(self.body(part, regime, reaction))
            self.model.line(f"{self.head(part, regime, reaction)} {{ {body} }}", reaction.place)

    def head(self, part: Part, regime: Regime, reaction: Reaction) -> str:
        timer = self.timers.get(regime.name) if part is self.parts[0] else None
        if reaction.trigger is None:
            return f"when {self.waiting(part, reaction)} > 0.0"
        if timer is not None:
            return f"after {part.text(timer.duration, reaction.place)}"
        return self.condition(part, regime, reaction)

    def condition(self, part: Part, regime: Regime, reaction: Reaction) -> str:
        assert reaction.trigger is not None
        read = set(names_in(reaction.trigger))
        ends = reaction.target != regime.name or any(
            e.variable in read for e in reaction.assignments
        )
        mode = "when" if ends else "when rising"
        return f"{mode} {part.text(reaction.trigger, reaction.place)}"

    def body(self, part: Part, regime: Regime, reaction: Reaction) -> list[str]:
        sets = []
        if reaction.port is not None:
            sets.append(f"{self.waiting(part, reaction)} = 0.0")
        for equation in reaction.assignments:
            if part is not self.parts[0] or equation.variable not in self.dropped:
                value = part.text(equation.value, equation.place)
                sets.append(f"{part.full(equation.variable)} = {value}")
        if reaction.sends:
            if part is not self.parts[0]:
                raise UnsupportedError(
                    f"'{part.dynamics.name}' sends events into a cell", reaction.place
                )
            sets.append("emit")
        if reaction.target != regime.name:
            if reaction.target not in {r.name for r in part.dynamics.regimes}:
                raise ModelError(f"unknown regime '{reaction.target}'", reaction.place)
            sets.append(f"goto {_word(reaction.target)}")
        return sets


def _arrivals_of(part: Part) -> list[Reaction]:
    """Return the reactions to spikes, one for each port."""
    found: dict[str, Reaction] = {}
    for regime in part.dynamics.regimes:
        for reaction in regime.reactions:
            if reaction.port is not None:
                found.setdefault(reaction.port, reaction)
    return list(found.values())


def _common(regimes: Sequence[Regime]) -> list[Equation]:
    """Return the derivatives that hold in every regime."""
    return [
        equation
        for equation in regimes[0].derivatives
        if all(any(_same(equation, e) for e in other.derivatives) for other in regimes[1:])
    ]


def _same(one: Equation, other: Equation) -> bool:
    return (one.variable, one.value) == (other.variable, other.value)


def _unit(exponents: Exponents | None) -> str:
    return format_unit(DIMENSIONLESS if exponents is None else exponents)


def _word(name: str) -> str:
    return "".join(c if c.isalnum() or c == "_" else "_" for c in name)
