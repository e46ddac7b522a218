"""How regimes are kept at run time.

A cell with one regime, or none, keeps nothing. The usual pair (a regime, and a timed one whose end
does nothing but return to it) is one int32 clock that counts down the steps left in the timed one,
zero meaning the other. Anything else keeps the number of the regime and a clock.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from snnc.ir.dialects import step

CLOCK_BUFFERS = ("regime.clock", "regime.number")
CLOCK_NAMES = ("clock", "regime")
"""Names of the buffers, and of what holds them in a kernel."""

Entered = Sequence[tuple[str, str]]


class Clock(Protocol):
    """Text of what a kernel does with regimes."""

    @property
    def buffers(self) -> tuple[str, ...]:
        """Names of the int32 buffers."""
        ...

    def inside(self, regime: str) -> str:
        """Return the condition of having been in `regime` at the start of the step."""
        ...

    def elapsed(self, regime: str) -> str:
        """Return the condition that the time in `regime` ends with this step."""
        ...

    def implied(self, op: step.EnterOp) -> bool:
        """Tell whether the clock does by itself what `op` says."""
        ...

    def advance(self, entered: Entered, steps: Callable[[str], str]) -> list[str]:
        """Return the statements that store the clock at the end of the step."""
        ...


class NoClock:
    """A cell with at most one regime."""

    buffers: tuple[str, ...] = ()

    def inside(self, regime: str) -> str:
        """Return what always holds."""
        return "True"

    def elapsed(self, regime: str) -> str:
        """Return what never holds."""
        return "False"

    def implied(self, op: step.EnterOp) -> bool:
        """Entering the only regime changes nothing."""
        return True

    def advance(self, entered: Entered, steps: Callable[[str], str]) -> list[str]:
        """Return no statement."""
        return []


@dataclass(frozen=True)
class Countdown:
    """A regime `free` and a timed one `timed` that returns to it."""

    free: str
    timed: str
    buffers: tuple[str, ...] = CLOCK_BUFFERS[:1]

    def inside(self, regime: str) -> str:
        """Return whether steps are left."""
        return "clock_i > 0" if regime == self.timed else "clock_i == 0"

    def elapsed(self, regime: str) -> str:
        """Return whether one step is left."""
        return "clock_i == 1"

    def implied(self, op: step.EnterOp) -> bool:
        """The return at zero is how the clock works."""
        return op.regime.data == self.free

    def advance(self, entered: Entered, steps: Callable[[str], str]) -> list[str]:
        """Count down, then set to the duration where the timed regime is entered."""
        lines = ["clock_next = select(clock_i > 0, clock_i - np.int32(1), np.int32(0))"]
        for regime, condition in entered:
            lines.append(f"clock_next = select({condition}, {steps(regime)}, clock_next)")
        return [*lines, "clock[i] = clock_next"]


@dataclass(frozen=True)
class NumberedRegimes:
    """Any regimes, by number; a timed one lasts at least one step."""

    names: tuple[str, ...]
    timed: frozenset[str]
    buffers: tuple[str, ...] = CLOCK_BUFFERS

    def inside(self, regime: str) -> str:
        """Return whether the number is that of `regime`."""
        return f"regime_i == {self.names.index(regime)}"

    def elapsed(self, regime: str) -> str:
        """Return whether the last step of the regime is this one."""
        return f"({self.inside(regime)}) & (clock_i <= 1)"

    def implied(self, op: step.EnterOp) -> bool:
        """Every entry is stored."""
        return False

    def advance(self, entered: Entered, steps: Callable[[str], str]) -> list[str]:
        """Count down, then store number and duration of the regime entered last."""
        lines = [
            "regime_next = regime_i",
            "clock_next = select(clock_i > 0, clock_i - np.int32(1), np.int32(0))",
        ]
        for regime, condition in entered:
            number = self.names.index(regime)
            lines.append(f"regime_next = select({condition}, np.int32({number}), regime_next)")
            if regime in self.timed:
                lines.append(f"clock_next = select({condition}, {steps(regime)}, clock_next)")
        return [*lines, "regime[i] = regime_next", "clock[i] = clock_next"]


def clock_of(cell: step.CellOp) -> Clock:
    """Return how the regimes of `cell` are kept."""
    names = cell.regime_names
    if len(names) < 2:
        return NoClock()
    timed = {op.regime.data for op in cell.body.block.ops if isinstance(op, step.StepsOp)}
    if len(names) == 2 and timed == {names[1]} and _only_returns(cell):
        return Countdown(names[0], names[1])
    return NumberedRegimes(tuple(names), frozenset(timed))


def _at_the_end(op: step.EnterOp, free: str) -> bool:
    """Tell whether `op` enters the free regime only when the time of the other is over."""
    return op.regime.data != free or isinstance(op.condition.owner, step.ElapsedOp)


def _only_returns(cell: step.CellOp) -> bool:
    """Tell whether the end of a timed regime has no other effect than to leave it."""
    assert cell.update is not None
    for op in cell.update.body.block.ops:
        if isinstance(op, step.ElapsedOp):
            users = [use.operation for use in op.result.uses]
            if not all(isinstance(user, step.EnterOp) for user in users):
                return False
        if isinstance(op, step.EnterOp) and not _at_the_end(op, cell.regime_names[0]):
            return False
    return True
