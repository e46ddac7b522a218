"""A cell of the IR from a NESTML neuron."""

from __future__ import annotations

from snnc.importing.expressions import Call, Name, Node, Operation, names_in
from snnc.importing.model_text import ModelText, infix, number_text
from snnc.ir.diagnostics import ModelError, UnsupportedError
from snnc.ir.units import NAMED, Unit, divide, format_unit
from snnc.nestml import logic
from snnc.nestml import values as q
from snnc.nestml.declarations import unit_text, written_unit
from snnc.nestml.elements import Assign, Equation, Model, Variable
from snnc.nestml.events import ALWAYS, Events, Line
from snnc.nestml.kernels import Response, delta_jumps, kernel_states, response_of
from snnc.nestml.nodes import in_equations, statements_named
from snnc.nestml.refractory import Timer, duration_of, timer_of
from snnc.nestml.scope import Scope
from snnc.nestml.update import Update, update_of
from snnc.nestml.values import Value
from snnc.nestml.weights import weight_units

_MS = NAMED["ms"]
ACTIVE, REFRACTORY = "active", "refractory"


def write_cell(text: ModelText, model: Model) -> None:
    """Write the cell that a NESTML neuron describes.

    Raises
    ------
    ModelError
        If a name is unknown, values depend on each other, or units do not fit.
    UnsupportedError
        For what the IR has no form for; names the construct.
    """
    _Cell(text, model).write()


class _Cell:
    def __init__(self, text: ModelText, model: Model) -> None:
        self.text = text
        self.model = model
        self.update = update_of(model)
        self.timer = timer_of(model, self.update)
        self.weights = weight_units(model)
        self.previous = _kept_values(model, self.update)
        self.scope = Scope(model, self.previous)
        self.dropped = {*kernel_states(model), *self.previous}
        if self.timer is not None:
            self.dropped.add(self.timer.name)
        self.responses: dict[tuple[str, str], Response] = {}
        self.jumps: dict[str, list[tuple[str, Node]]] = {}
        self.derivatives: dict[str, list[tuple[str, str, Value]]] = {}
        recordable = [v for v in model.inlines.values() if v.recordable and not v.type.truth]
        self.recorded = {v.name: self.scope.names.fresh(v.name) for v in recordable}

    def write(self) -> None:
        # Names of the model come first, so that those of responses give way.
        for name in (*self.model.parameters, *self.model.states, *self.model.inlines):
            if name not in self.dropped:
                self.scope.names[name]
        self.scope.weight = self.scope.names.fresh("w")
        self.scope.translator.calls = self.convolution
        self.prepare_ports()
        self.differentiate()
        for name in self.recorded:
            self.scope.lookup(name)
        events = Events(self.scope, self.model, self.update, self.timer, self.weights)
        events.prepare()
        duration = None if self.timer is None else self.duration(self.timer)
        with self.text.block(f"dyn.cell @{self.model.name}", self.model.place):
            self.declarations(events)
            self.aliases()
            self.equations_of_responses()
            self.arrivals(events)
            self.dynamics(events, duration)

    # What the equations need

    def prepare_ports(self) -> None:
        for name, unit in self.weights.items():
            weight = q.times(q.name(self.scope.weight, unit), q.inverse(q.number(1.0, unit)))
            per_second = q.number(1.0, NAMED["s"] ** -1)
            self.scope.ports[name] = q.times(weight, per_second)

    def convolution(self, call: Call) -> Value | None:
        if call.function != "convolve":
            return None
        match call.arguments:
            case (Name(name=kernel), Name(name=port)):
                pass
            case _:
                raise UnsupportedError("a convolution of anything but a kernel and a port")
        if kernel not in self.model.kernels or port not in self.weights:
            raise ModelError(
                f"'convolve({kernel}, {port})' takes a kernel and a port for spikes",
                self.scope.translator.place,
            )
        if (kernel, port) not in self.responses:
            used = {k for k, _ in self.responses}
            wanted = f"{kernel}_{port}" if kernel in used else kernel
            self.responses[kernel, port] = response_of(
                self.model, self.model.kernels[kernel], wanted, self.weights[port],
                self.scope.names, self.scope.translator,
            )  # fmt: skip
        return self.responses[kernel, port].value

    def differentiate(self) -> None:
        """Translate the equations; those of higher order become chains of states."""
        for equation in self.model.equations:
            if self.timer is not None and equation.name == self.timer.name:
                continue
            rest, jumps = delta_jumps(self.model, equation)
            if jumps and equation.order != 1:
                raise UnsupportedError("a delta kernel in a higher derivative", equation.place)
            for port, node in jumps:
                self.jumps.setdefault(port, []).append((equation.name, node))
            self.derivatives[equation.name] = self.chain(equation, rest)

    def chain(self, equation: Equation, node: Node) -> list[tuple[str, str, Value]]:
        labels = [equation.name + "'" * i for i in range(equation.order)]
        for label in labels:
            if label not in self.model.states:
                raise ModelError(f"'{label}' has an equation but is no state", equation.place)
        found = []
        for i, label in enumerate(labels):
            unit = self.model.states[label].type.unit
            rate = Unit(unit.scale, divide(unit.exponents, _MS.exponents))
            following = node if i == equation.order - 1 else Name(labels[i + 1])
            value = self.scope.translator.value(following, equation.place)
            with self.scope.translator.at(equation.place):
                what = f"the derivative of '{label}'"
                fitted = q.cast(value, rate.exponents, rate.scale, what)
            text = infix(fitted.node, at=equation.place)
            found.append((self.scope.names[label], text, fitted))
        return found

    def duration(self, timer: Timer) -> str:
        node, in_steps = duration_of(self.model, timer)
        read = {name for name in names_in(node) if name in self.model.states}
        if read:
            raise UnsupportedError(
                f"a refractory time that depends on '{read.pop()}'", self.model.place
            )
        place = self.model.states[timer.name].place
        value = self.scope.translator.value(node, place)
        with self.scope.translator.at(place):
            if in_steps:
                value = q.times(q.real(value, "a number of steps"), q.name("dt", _MS))
            return infix(q.cast(value, _MS.exponents, 1.0, "a refractory time").node, at=place)

    # Text

    def declarations(self, events: Events) -> None:
        defaults, names = self.scope.defaults, self.scope.names
        for variable in self.model.parameters.values():
            unit, _ = written_unit(variable.type)
            number = number_text(defaults.number(variable))
            self.text.line(f"param {names[variable.name]} : {unit} = {number}", variable.place)
        for variable in self.model.states.values():
            if variable.name not in self.dropped:
                unit, _ = written_unit(variable.type)
                number = number_text(defaults.number(variable))
                self.text.line(f"state {names[variable.name]} : {unit} = {number}", variable.place)
        for name, own in self.recorded.items():
            variable = self.model.inlines[name]
            unit, number = written_unit(variable.type)[0], number_text(self.start(variable))
            self.text.line(f"state {own} : {unit} = {number}", variable.place)
        for response in self.responses.values():
            for state in response.states:
                hidden = " hidden" if state.hidden else ""
                self.text.line(f"state {state.name} : {unit_text(state.unit)[0]} = 0.0{hidden}")
        for name in events.flags:
            self.text.line(f"state {name} : 1 = 0.0 hidden")
        self.ports()

    def start(self, recordable: Variable) -> float:
        """Return what an inline expression is before the first step, 0 where it is not known."""
        try:
            return self.scope.defaults.number(recordable)
        except UnsupportedError:
            return 0.0

    def ports(self) -> None:
        for port in self.model.ports.values():
            name = self.scope.names[port.name]
            if port.spikes:
                unit = format_unit(self.weights[port.name].exponents)
                decays = {r.decay for (_, p), r in self.responses.items() if p == port.name}
                decay = decays.pop() if len(decays) == 1 else None
                shown = f" decay {decay}" if decay in self.model.parameters else ""
                self.text.line(f"receptor {name} : {unit}{shown}", port.place)
            else:
                self.text.line(f"current {name} : {unit_text(port.type.unit)[0]}", port.place)

    def aliases(self) -> None:
        for variable, value in self.scope.aliases.values():
            if value.constant is None and not variable.type.truth:
                name = self.scope.names[variable.name]
                text = infix(value.node, at=variable.place)
                self.text.line(f"let {name} = {text}", variable.place)

    def equations_of_responses(self) -> None:
        for (kernel, _), response in self.responses.items():
            place = self.model.kernels[kernel].place
            for state in response.states:
                text = infix(state.derivative.node, at=place)
                self.text.line(f"d{state.name}/dt = {text}", place)

    def arrivals(self, events: Events) -> None:
        """Write what spikes add; jumps of a delta kernel happen where its state is integrated."""
        for port, unit in self.weights.items():
            if self._always(port, events):
                added = next(iter(events.additions.get(port, {None: []}).values()))
                sets = [*self.response_sets(port, unit), *added, *self.delta_sets(port)]
                self.arrival(port, sets)

    def arrival(self, port: str, sets: list[str]) -> None:
        if sets:
            name, place = self.scope.names[port], self.model.ports[port].place
            head = f"on {name}({self.scope.weight})"
            self.text.line(f"{head} {{ {'  '.join(sets)} }}", place)

    def response_sets(self, port: str, unit: Unit) -> list[str]:
        sets = []
        for (_, other), response in self.responses.items():
            for state in response.states:
                if other == port and state.jump is not None:
                    change = q.times(q.name(self.scope.weight, unit), state.jump)
                    total = Operation("+", (Name(state.name), change.node))
                    sets.append(f"{state.name} = {infix(total)}")
        return sets

    def delta_sets(self, port: str) -> list[str]:
        sets = []
        for state, node in self.jumps.get(port, []):
            place = self.model.ports[port].place
            before = self.scope.translator.calls
            weight = q.times(self.scope.ports[port], q.number(1.0, NAMED["s"]))
            self.scope.translator.calls = lambda call, w=weight: (
                w if call.function == "convolve" else None
            )
            value = self.scope.translator.value(node, place)
            self.scope.translator.calls = before
            unit = self.model.states[state].type.unit
            with self.scope.translator.at(place):
                rate = Unit(unit.scale, divide(unit.exponents, _MS.exponents))
                value = q.cast(value, rate.exponents, rate.scale, f"the jump of '{state}'")
            change = q.times(value, q.number(1.0, _MS))
            own = self.scope.names[state]
            sets.append(f"{own} = {infix(Operation('+', (Name(own), change.node)), at=place)}")
        return sets

    def _always(self, port: str, events: Events) -> bool:
        """Tell whether spikes at a port do the same in every regime."""
        moved = {state for state, _ in self.jumps.get(port, [])}
        return events.same(port) and all(
            moved <= branch.integrated for branch in self.update.branches
        )

    # Regimes

    def dynamics(self, events: Events, duration: str | None) -> None:
        branches = list(self.update.branches)
        if self.timer is None and self.update.condition is None:
            self.derive(branches[0].integrated)
            self.lines(events.lines(0, None))
            return
        if self.timer is not None:
            labels = {False: ACTIVE, True: REFRACTORY}
            order = [(labels[running], self.branch_while(running), running)
                     for running in (False, True)]  # fmt: skip
        else:
            first = self.starts_in_first()
            order = [("branch_1", 0, None), ("branch_2", 1, None)]
            order = order if first else order[::-1]
        shared = branches[order[0][1]].integrated & branches[order[1][1]].integrated
        self.derive(shared)
        for label, index, running in order:
            with self.text.block(f"regime {label}", self.update.place):
                self.derive(branches[index].integrated - shared)
                self.arrivals_in(branches[index].integrated, events, running)
                self.lines(events.lines(index, running))
                if running:
                    self.text.line(f"after {duration} {{ goto {ACTIVE} }}", self.update.place)
                elif running is None:
                    self.switch(index)

    def branch_while(self, running: bool) -> int:
        """Return the branch of the update that is taken while the timer runs, or does not."""
        assert self.timer is not None
        if self.update.condition is None:
            return 0
        from snnc.nestml.read_expressions import TRUE

        return 0 if self.timer.assuming(self.update.condition, running) == TRUE else 1

    def starts_in_first(self) -> bool:
        assert self.update.condition is not None
        value = self.scope.defaults.evaluate(self.update.condition, self.update.place)
        return bool(value.constant)

    def switch(self, index: int) -> None:
        """Write the change to the other branch, by the condition at the end of a step."""
        assert self.update.condition is not None
        value = self.scope.translator.value(self.update.condition, self.update.place)
        leaves = logic.opposite(value) if index == 0 else value
        text = infix(leaves.node, at=self.update.place)
        self.text.line(f"when {text} {{ goto branch_{2 - index} }}", self.update.place)

    def arrivals_in(self, integrated: frozenset[str], events: Events, running: bool | None) -> None:
        for port, unit in self.weights.items():
            if not self._always(port, events):
                added = events.additions.get(port, {}).get(running, [])
                sets = [*self.response_sets(port, unit), *added]
                if {state for state, _ in self.jumps.get(port, [])} <= integrated:
                    sets += self.delta_sets(port)
                self.arrival(port, sets)

    def derive(self, names: frozenset[str]) -> None:
        for equation in self.model.equations:
            if equation.name in names and equation.name in self.derivatives:
                for label, text, _ in self.derivatives[equation.name]:
                    self.text.line(f"d{label}/dt = {text}", equation.place)

    def lines(self, lines: list[Line]) -> None:
        for line, place in lines:
            self.text.line(line, place)
        for name, own in self.recorded.items():
            value, place = self.scope.lookup(name), self.model.inlines[name].place
            assert value is not None
            self.text.line(f"when {ALWAYS} {{ {own} = {infix(value.node, at=place)} }}", place)


def _kept_values(model: Model, update: Update) -> dict[str, str]:
    """Return states that hold what another was before the step: ``V_old = V`` first of all."""
    found: dict[str, str] = {}
    derived = {equation.name for equation in model.equations}
    read = {name for node in in_equations(model) for name in names_in(node)}
    for statement in update.before:
        if not isinstance(statement, Assign) or not isinstance(statement.value, Name):
            continue
        name, source = statement.name, statement.value.name
        once = len(list(statements_named(model, name))) == 1
        if name in model.states and source in derived and name not in derived | read and once:
            found[name] = source
    return found
