"""Refractory periods: variables that only count down to zero, as regimes with a duration.

The variable T is 0 at first, is set to a duration D by events alone, runs down while it is above
zero (by T' = -1, or by T -= 1 a step), and is only ever compared with zero. Then the cell is in
one of two regimes, T > 0 and T <= 0, and it leaves the first a time D after it was entered.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from snnc.importing.expressions import Call, Name, Node, Number, Operation
from snnc.nestml.elements import Assign, Model, Statement, statements_in
from snnc.nestml.nodes import expressions_in, in_equations, rebuilt, walk
from snnc.nestml.read_expressions import FALSE, TRUE
from snnc.nestml.update import Update

_TURNED = {">": "<", "<": ">", ">=": "<=", "<=": ">=", "==": "==", "!=": "!="}
_RUNNING = {">": TRUE, "<=": FALSE, "==": FALSE, "!=": TRUE}
_OVER = {">": FALSE, "<=": TRUE, "==": TRUE, "!=": FALSE}


@dataclass(frozen=True)
class Timer:
    """A variable that counts down; `duration` is an expression for a time or for steps."""

    name: str
    duration: Node
    in_steps: bool

    def assuming(self, node: Node, running: bool) -> Node:
        """Return an expression where it is known whether the timer runs."""
        known = _RUNNING if running else _OVER

        def decide(part: Node) -> Node | None:
            sign = _compared(part, self.name)
            return known.get(sign) if sign else None

        return rebuilt(node, decide)


def timer_of(model: Model, update: Update) -> Timer | None:
    """Return the timer of a model, if it has one that nothing else depends on."""
    return next((t for name in model.states if (t := _timer(model, update, name))), None)


def _timer(model: Model, update: Update, name: str) -> Timer | None:
    state = model.states[name]
    if not (isinstance(state.value, Number) and state.value.value == 0.0):
        return None
    durations = _durations(model, name)
    counts = Assign(name, Operation("-", (Name(name), Number(1.0))), model.place)
    derived = [e for e in model.equations if e.name == name]
    if not durations or any(d != durations[0] for d in durations):
        return None
    if not _only_compared(model, update, name, free_running=_everywhere(update, name)):
        return None
    timer = Timer(name, durations[0], in_steps=not derived)
    if derived:
        runs = derived[0].order == 1 and _is_minus_one(derived[0].value)
        fits = runs and not _assigned_in(model.update, name) and _runs_right(update, timer)
        return timer if fits else None
    return timer if _steps_right(update, timer, counts) else None


def _durations(model: Model, name: str) -> list[Node]:
    """Return what events set the timer to, on their top level."""
    return [
        statement.value
        for event in model.conditions
        for statement in event.body
        if isinstance(statement, Assign) and statement.name == name
    ]


def _everywhere(update: Update, name: str) -> bool:
    return all(name in branch.integrated for branch in update.branches)


def _runs_right(update: Update, timer: Timer) -> bool:
    """Tell whether the timer is integrated at least while it is above zero."""
    if _everywhere(update, timer.name):
        return True
    return timer.name in update.branches[_running_branch(update, timer)].integrated


def _running_branch(update: Update, timer: Timer) -> int:
    """Return which branch is taken while the timer runs."""
    if update.condition is None:
        return 0
    return 0 if timer.assuming(update.condition, True) == TRUE else 1


def _steps_right(update: Update, timer: Timer, counts: Assign) -> bool:
    """Tell whether the timer goes down by one in the branch taken while it is above zero."""
    if len(update.branches) == 1:
        return False
    running = _running_branch(update, timer)
    over = update.branches[1 - running]
    inside = [s for s in update.branches[running].after if isinstance(s, Assign)]
    down = [s for s in inside if s.name == timer.name]
    elsewhere = (*update.before, *update.after, *over.before, *over.after)
    return (
        len(down) == 1 and down[0].value == counts.value and not _assigned_in(elsewhere, timer.name)
    )


def _assigned_in(body: tuple[Statement, ...], name: str) -> bool:
    return any(isinstance(s, Assign) and s.name == name for s in statements_in(body))


def _only_compared(model: Model, update: Update, name: str, *, free_running: bool) -> bool:
    """Tell whether all that a model reads of the timer is whether it is above zero."""
    if update.condition is not None:
        decided = Timer(name, Number(0.0), False).assuming(update.condition, True)
        reads_it = any(n == Name(name) for n in walk(update.condition))
        if not reads_it or decided not in (TRUE, FALSE):
            return False
    top = sum(len(_durations_in(event.body, name)) for event in model.conditions)
    all_ = sum(
        len(_durations_in(tuple(statements_in(e.body)), name))
        for e in (*model.conditions, *model.receives)
    )
    equations = [e.value for e in model.equations if e.name != name]
    inlines = [n for n in in_equations(model) if n not in equations]
    if top != all_ or any(n == Name(name) for node in (*equations, *inlines) for n in walk(node)):
        return False
    return all(_reads_right(node, name, free_running) for node in _others(model, name))


def _durations_in(body: tuple[Statement, ...], name: str) -> list[Assign]:
    return [s for s in body if isinstance(s, Assign) and s.name == name]


def _others(model: Model, name: str) -> Iterator[Node]:
    """Yield the expressions of events and of the update, but not a count by one."""
    counted = Operation("-", (Name(name), Number(1.0)))
    for body in model.bodies:
        yield from (node for node in expressions_in(body) if node != counted)
    for event in model.conditions:
        if event.condition is not None:
            yield event.condition


def _reads_right(node: Node, name: str, free_running: bool) -> bool:
    sign = _compared(node, name)
    if sign is not None:
        return sign in (("<=", ">") if free_running else _OVER)
    if node == Name(name):
        return False
    inner = (
        node.operands
        if isinstance(node, Operation)
        else (node.arguments if isinstance(node, Call) else ())
    )
    return all(_reads_right(part, name, free_running) for part in inner)


def _compared(node: Node, name: str) -> str | None:
    """Return the sign of a comparison of the timer with zero."""
    match node:
        case Operation(sign=sign, operands=(Name(name=left), Number(value=0.0))) if left == name:
            return sign if sign in _TURNED else None
        case Operation(sign=sign, operands=(Number(value=0.0), Name(name=right))) if right == name:
            return _TURNED.get(sign)
    return None


def _is_minus_one(node: Node) -> bool:
    """Tell whether a rate is -1, also as ``-1e3 * ms / s``."""
    from snnc.ir.diagnostics import ModelError
    from snnc.nestml.translate import Translator

    try:
        from snnc.ir.diagnostics import Location

        value = Translator(lambda _: None, {}).value(node, Location("", 1))
    except ModelError:
        return False
    return value.constant == -1.0 and not any(value.exponents)


def duration_of(model: Model, timer: Timer) -> tuple[Node, bool]:
    """Return the duration, through constants, and whether it is a number of steps."""
    node = timer.duration
    while timer.in_steps:
        match node:
            case Name(name=name) if name in model.internals:
                value = model.internals[name].value
                if value is None:
                    break
                node = value
            case Call(function="steps", arguments=(time,)):
                return time, False
            case _:
                break
    return node, timer.in_steps
