"""What happens at the end of a step: arrivals, statements of the update, conditions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from snnc.importing.expressions import Call, Name, Node, Number, Operation, names_in
from snnc.importing.model_text import infix
from snnc.ir.diagnostics import Location
from snnc.ir.units import NAMED, Unit
from snnc.nestml import logic
from snnc.nestml import values as q
from snnc.nestml.elements import Assign, Event, Model, Statement, statements_in
from snnc.nestml.nodes import in_equations, in_statement
from snnc.nestml.refractory import Timer
from snnc.nestml.scope import Scope
from snnc.nestml.statements import Effects, effects_of
from snnc.nestml.update import Update
from snnc.nestml.values import Product, Value

Line = tuple[str, Location]
ALWAYS = "t >= 0.0 [ms]"


class Events:
    """The events of a neuron, as lines of the IR.

    Attributes
    ----------
    additions : dict
        By port, what a spike adds to states while the timer runs (True), and while it does not
        (False); without a timer the key is None.
    flags : list
        Hidden states: arrivals that wait for the end of the step, and spikes that are decided.
    """

    def __init__(
        self,
        scope: Scope,
        model: Model,
        update: Update,
        timer: Timer | None,
        weights: Mapping[str, Unit],
    ) -> None:
        self.scope = scope
        self.model = model
        self.update = update
        self.timer = timer
        self.weights = weights
        self.additions: dict[str, dict[bool | None, list[str]]] = {}
        self.flags: list[str] = []
        self._waiting: dict[str, str] = {}
        self._after = list(update.after)
        self._lines: dict[tuple[int, bool | None], list[Line]] = {}
        self._sent: dict[int, str] = {}

    def prepare(self) -> None:
        """Find what arrivals add, and write the events of every branch once."""
        for event in self.model.receives:
            if event.body and not self._adds(event.port, event.body):
                self._wait(event.port)
        while self._after and self._peel(self._after[0]):
            self._after.pop(0)
        rest = [name for s in self._after for node in _values_in(s) for name in names_in(node)]
        for port in {name for name in rest if name in self.weights}:
            self._wait(port)
        for running in self._cases:
            for index in range(len(self.update.branches)):
                self._lines[index, running] = self._write(index, running)

    @property
    def _cases(self) -> tuple[bool | None, ...]:
        return (None,) if self.timer is None else (False, True)

    def same(self, port: str) -> bool:
        """Tell whether spikes add the same whether the timer runs or not."""
        found = self.additions.get(port, {})
        return found.get(False) == found.get(True)

    def lines(self, index: int, running: bool | None) -> list[Line]:
        """Return the events while branch `index` of the update is taken."""
        return self._lines[index, running]

    # Arrivals

    def _peel(self, statement: Statement) -> bool:
        """Take a statement that only adds arrivals out of the update."""
        if not isinstance(statement, Assign):
            return False
        ports = [name for name in names_in(statement.value) if name in self.weights]
        return len(ports) == 1 and self._adds(ports[0], (statement,))

    def _adds(self, port: str, body: Sequence[Statement]) -> bool:
        """Note what a spike adds, if it only adds to states; tell whether it does."""
        cases = {}
        for running in self._cases:
            found = self._increments(body, running)
            if found is None:
                return False
            cases[running] = found
        known = self.additions.setdefault(port, {running: [] for running in self._cases})
        for running, found in cases.items():
            known[running].extend(found)
        return True

    def _increments(self, body: Sequence[Statement], running: bool | None) -> list[str] | None:
        """Return what a spike adds, or None if it does something else."""
        assumed = [in_statement(s, lambda n: self._assumed(n, running)) for s in body]
        effects = effects_of(self.scope.translator, assumed, self.model.states)
        found: list[str] = []
        for name, value in effects.assigned.items():
            own = self.scope.names[name]
            if not _is_increment(value, own, self.scope.weight):
                return None
            found.append(f"{own} = {infix(value.node, at=body[0].place)}")
        return None if effects.sent else found

    def _wait(self, port: str) -> None:
        """Let arrivals at a port be counted, for events that do more than add."""
        if port in self._waiting:
            return
        flag = self.scope.names.fresh(f"{port}_arrived")
        self._waiting[port] = flag
        self.flags.append(flag)
        unit = self.weights[port]
        weight = q.times(q.name(self.scope.weight, unit), q.inverse(q.number(1.0, unit)))
        total = Operation("+", (Name(flag), weight.node))
        self.additions[port] = {case: [f"{flag} = {infix(total)}"] for case in self._cases}
        per_second = q.number(1.0, NAMED["s"] ** -1)
        self.scope.ports[port] = q.times(q.name(flag, Unit(1.0, unit.exponents)), per_second)
        if any(unit.exponents):
            self.scope.ports[port] = q.times(q.name(flag, Unit(1.0, (0,) * 7)), per_second)

    # Events of a step

    def _write(self, index: int, running: bool | None) -> list[Line]:
        branch = self.update.branches[index]
        lines: list[Line] = []
        before = [*self.update.before, *branch.before]
        before = [s for s in before if not self._is_kept(s)]
        feeds = self._feeds_equations(before)
        if before and not feeds:
            lines += self._block(before, None, running, earlier=True)
        lines += self._block([*branch.after, *self._after], None, running)
        for event in self.model.receives:
            if event.port in self._waiting:
                lines += self._received(event, running)
        for flag in self._cleared():
            lines.append((f"when {ALWAYS} {{ {flag} = 0.0 }}", self.model.place))
        for event in self.model.conditions:
            lines += self._block(event.body, event, running)
        if before and feeds:
            lines += self._block(before, None, running)
        return lines

    def _cleared(self) -> list[str]:
        received = {event.port for event in self.model.receives}
        return [flag for port, flag in self._waiting.items() if port not in received]

    def _is_kept(self, statement: Statement) -> bool:
        return isinstance(statement, Assign) and statement.name in self.scope.previous

    def _feeds_equations(self, body: Sequence[Statement]) -> bool:
        read = {name for node in in_equations(self.model) for name in names_in(node)}
        assigned = {s.name for s in statements_in(tuple(body)) if isinstance(s, Assign)}
        return bool(read & assigned)

    def _received(self, event: Event, running: bool | None) -> list[Line]:
        flag = self._waiting[event.port]
        condition = Operation("not", (Operation("==", (Name(flag), Number(0.0))),))
        lines = self._translated(event.body, q.truth(condition), event.place, running)
        return [*lines, (f"when {ALWAYS} {{ {flag} = 0.0 }}", event.place)]

    def _block(
        self,
        body: Sequence[Statement],
        event: Event | None,
        running: bool | None,
        *,
        earlier: bool = False,
    ) -> list[Line]:
        if not body:
            return []
        place = body[0].place if event is None else event.place
        condition = q.known(True)
        if event is not None and event.condition is not None:
            node = self._assumed(event.condition, running)
            condition = self.scope.translator.value(node, place)
        if condition.constant == 0.0:
            return []
        return self._translated(body, condition, place, running, earlier=earlier)

    def _assumed(self, node: Node, running: bool | None) -> Node:
        if self.timer is None or running is None:
            return node
        return self.timer.assuming(node, running)

    def _translated(
        self,
        body: Sequence[Statement],
        condition: Value,
        place: Location,
        running: bool | None,
        *,
        earlier: bool = False,
    ) -> list[Line]:
        body = [in_statement(s, lambda n: self._assumed(n, running)) for s in body]
        starts = self.timer is not None and any(
            isinstance(s, Assign) and s.name == self.timer.name for s in body
        )
        body = [s for s in body if not self._sets_timer(s)]
        if earlier:
            body = [in_statement(s, self._before_step) for s in body]
        effects = effects_of(self.scope.translator, body, self.model.states)
        return self._event(condition, effects, place, starts and bool(running is not None), running)

    def _sets_timer(self, statement: Statement) -> bool:
        return (
            self.timer is not None
            and isinstance(statement, Assign)
            and statement.name == self.timer.name
        )

    def _before_step(self, node: Node) -> Node:
        """Return an expression of what states that are integrated were before the step."""
        from snnc.nestml.nodes import rebuilt

        moving = {equation.name for equation in self.model.equations}

        def earlier(part: Node) -> Node | None:
            if isinstance(part, Name) and part.name in moving:
                return Call("previous", (part,))
            return None

        return rebuilt(node, earlier)

    def _event(
        self,
        condition: Value,
        effects: Effects,
        place: Location,
        starts: bool,
        running: bool | None,
    ) -> list[Line]:
        sets = [
            f"{self.scope.names[name]} = {infix(value.node, at=place)}"
            for name, value in effects.assigned.items()
            if value.node != Name(self.scope.names[name])
        ]
        when = ALWAYS if condition.constant is not None else infix(condition.node, at=place)
        end = ["goto refractory"] if starts and running is not None else []
        lines: list[Line] = []
        always = [path for path, _ in effects.sent if path.constant is not None]
        if effects.sent and not always:
            flag = self._decided(place)
            path = effects.sent[0][0]
            for other, _ in effects.sent[1:]:
                path = logic.either(path, other)
            fires = logic.as_number(logic.both(condition, path))
            lines.append((f"when {ALWAYS} {{ {flag} = {infix(fires.node, at=place)} }}", place))
            after = (f"when {flag} > 0.5 {{ emit }}", place)
        else:
            after = None
            end = [*(["emit"] if effects.sent else []), *end]
        if sets or end:
            lines.append((f"when {when} {{ {'  '.join([*sets, *end])} }}", place))
        return [*lines, after] if after else lines

    def _decided(self, place: Location) -> str:
        key = place.line
        if key not in self._sent:
            self._sent[key] = self.scope.names.fresh("fires")
            self.flags.append(self._sent[key])
        return self._sent[key]


def _values_in(statement: Statement) -> list[Node]:
    from snnc.nestml.nodes import expressions_in

    return list(expressions_in((statement,)))


def _is_increment(value: Value, name: str, weight: str) -> bool:
    """Tell whether a value is the variable of this name plus multiples of the weight."""
    own = [t for t in value.terms if _is_name(t, name)]
    rest = [t for t in value.terms if not _is_name(t, name)]
    return len(own) == 1 and all(_is_proportional(term, weight) for term in rest)


def _is_name(term: Product, name: str) -> bool:
    factors = term.factors
    return (
        term.coefficient == 1.0
        and len(factors) == 1
        and factors[0].node == Name(name)
        and factors[0].power == 1
    )


def _is_proportional(term: Product, weight: str) -> bool:
    weights = [f for f in term.factors if f.node == Name(weight) and f.power == 1]
    others = [f for f in term.factors if f not in weights]
    return len(weights) == 1 and not any(weight in names_in(f.node) for f in others)
