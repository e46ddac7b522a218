"""Sequences of statements as simultaneous assignments: what each variable is afterwards."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from snnc.ir.diagnostics import ModelError, UnsupportedError
from snnc.nestml import logic
from snnc.nestml import values as q
from snnc.nestml.elements import (
    Assign,
    Declare,
    Emit,
    Function,
    If,
    Integrate,
    Return,
    Statement,
    Type,
    Variable,
)
from snnc.nestml.values import Value

if TYPE_CHECKING:
    from snnc.nestml.translate import Translator


@dataclass
class Effects:
    """What a block of statements does.

    Attributes
    ----------
    local : dict
        Values of variables that were assigned or declared, truth values as numbers.
    assigned : dict
        Of these, the states.
    sent : list
        Spikes: the condition and the weight, which neurons have not.
    """

    local: dict[str, Value] = field(default_factory=dict)
    assigned: dict[str, Value] = field(default_factory=dict)
    sent: list[tuple[Value, Value | None]] = field(default_factory=list)
    result: Value | None = None


def effects_of(
    translator: Translator, body: Sequence[Statement], states: Mapping[str, Variable]
) -> Effects:
    """Return what a block does.

    Raises
    ------
    ModelError
        If something other than a state or a local variable is assigned.
    """
    effects = Effects()
    before = translator.local
    _Runner(translator, states).run(body, effects, q.known(True))
    translator.local = before
    return effects


def returned(translator: Translator, function: Function) -> Value:
    """Return the value of a function, whose arguments are in the translator's local variables."""
    effects = Effects(local=dict(translator.local))
    _Runner(translator, {}, function).run(function.body, effects, q.known(True))
    if effects.result is None:
        raise ModelError(f"function '{function.name}' returns nothing", function.place)
    return effects.result


class _Runner:
    def __init__(
        self,
        translator: Translator,
        states: Mapping[str, Variable],
        function: Function | None = None,
    ) -> None:
        self.translator = translator
        self.states = states
        self.function = function
        self.truths = {name for name, state in states.items() if state.type.truth}
        self.types: dict[str, Type] = {name: state.type for name, state in states.items()}
        if function is not None:
            self.types.update(function.parameters)

    def run(self, body: Sequence[Statement], effects: Effects, path: Value) -> None:
        for i, statement in enumerate(body):
            self.translator.local = self._readable(effects)
            with self.translator.at(statement.place):
                if isinstance(statement, If):
                    self._branch(statement, body[i + 1 :], effects, path)
                    if effects.result is not None:
                        return
                else:
                    self._step(statement, effects, path)

    def _readable(self, effects: Effects) -> dict[str, Value]:
        return {
            name: logic.as_truth(value) if self.types[name].truth else value
            for name, value in effects.local.items()
        }

    def _step(self, statement: Statement, effects: Effects, path: Value) -> None:
        match statement:
            case Declare():
                self.types[statement.name] = statement.type
                if statement.value is not None:
                    effects.local[statement.name] = self._typed(statement)
            case Assign():
                if statement.name not in self.types:
                    raise ModelError(f"'{statement.name}' cannot be assigned", statement.place)
                effects.local[statement.name] = self._typed(statement)
                if statement.name in self.states:
                    effects.assigned[statement.name] = effects.local[statement.name]
            case Emit():
                weight = None
                if statement.weight is not None:
                    weight = self.translator.value(statement.weight, statement.place)
                effects.sent.append((path, weight))
            case Return():
                assert self.function is not None
                value = statement.value
                effects.result = self.translator.typed(
                    value, self.function.type, statement.place, f"'{self.function.name}'"
                )
            case Integrate():
                raise UnsupportedError("'integrate_odes' in a nested branch", statement.place)

    def _typed(self, statement: Assign | Declare) -> Value:
        assert statement.value is not None
        type, what = self.types[statement.name], f"'{statement.name}'"
        return self.translator.typed(statement.value, type, statement.place, what)

    def _branch(
        self, statement: If, rest: Sequence[Statement], effects: Effects, path: Value
    ) -> None:
        if not statement.branches:
            return
        (node, body), others = statement.branches[0], statement.branches[1:]
        if node is None:
            self.run(body, effects, path)
            return
        condition = self.translator.value(node, statement.place)
        if condition.constant is not None:
            if condition.constant:
                self.run(body, effects, path)
            else:
                self._branch(If(others, statement.place), rest, effects, path)
            return
        sides = []
        for holds, inner in ((condition, body), (logic.opposite(condition), None)):
            side = Effects(dict(effects.local), dict(effects.assigned))
            within = logic.both(path, holds)
            if inner is not None:
                self.run(inner, side, within)
            else:
                self._branch(If(others, statement.place), rest, side, within)
            sides.append(side)
        self._merge(condition, sides, rest, effects, path)

    def _merge(
        self,
        condition: Value,
        sides: list[Effects],
        rest: Sequence[Statement],
        effects: Effects,
        path: Value,
    ) -> None:
        yes, no = sides
        if yes.result is not None or no.result is not None:
            # A branch returns: the other one goes on with what follows.
            for side in sides:
                if side.result is None:
                    self.run(rest, side, path)
            if yes.result is not None and no.result is not None:
                effects.result = logic.select(condition, yes.result, no.result)
            return
        effects.sent += [*yes.sent, *no.sent]
        for name in {**yes.local, **no.local}:
            a, b = self._at(yes, name), self._at(no, name)
            if a is None or b is None:
                continue
            effects.local[name] = logic.select(condition, a, b)
            if name in yes.assigned or name in no.assigned:
                effects.assigned[name] = effects.local[name]

    def _at(self, side: Effects, name: str) -> Value | None:
        if name in side.local:
            return side.local[name]
        if name not in self.states:
            return None
        found = self.translator.lookup(name)
        return None if found is None else logic.as_number(found)
