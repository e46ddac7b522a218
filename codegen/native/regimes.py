"""Cells that fire at a condition and then rest: what other languages can say of regimes."""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.ir import Operation, Region

from snnc.ir.diagnostics import UnsupportedError
from snnc.ir.dialects import dyn
from snnc.ir.locations import location_of


@dataclass(frozen=True)
class Firing:
    """A cell as derivatives, one condition of firing, and a refractory time.

    Attributes
    ----------
    derivatives : tuple of DerivOp
        Of all states that change.
    held : frozenset of str
        States that rest while the cell is refractory.
    arrivals : tuple of OnOp
        What arrivals do.
    lost : frozenset of str
        Receptors that hear nothing while the cell is refractory.
    event : WhenOp or None
        When the cell fires, and what happens then; None for a cell that never does.
    refractory : Region or None
        How long it rests.
    """

    derivatives: tuple[dyn.DerivOp, ...]
    held: frozenset[str]
    arrivals: tuple[dyn.OnOp, ...]
    lost: frozenset[str]
    event: dyn.WhenOp | None
    refractory: Region | None


def firing_of(cell: dyn.CellOp, language: str) -> Firing:
    """Return a cell in that form.

    Raises
    ------
    UnsupportedError
        If its regimes are others than one of integrating and one of resting; the message names
        `language`.
    """
    shared = [op for op in cell.body.block.ops if not isinstance(op, dyn.RegimeOp)]
    regimes = [op for op in cell.body.block.ops if isinstance(op, dyn.RegimeOp)]
    first = list(regimes[0].body.block.ops) if regimes else []
    rest = list(regimes[1].body.block.ops) if len(regimes) > 1 else []
    active = [*shared, *first]
    events = [op for op in active if isinstance(op, dyn.WhenOp)]
    if len(regimes) > 2 or len(events) > 1 or (rest and not _rests(rest, regimes[0].label)):
        raise _unsupported(cell, language)
    if events and (_goto(events[0]) is None) != (len(regimes) < 2):
        raise _unsupported(cell, language)
    after = next((op for op in rest if isinstance(op, dyn.AfterOp)), None)
    return Firing(
        tuple(op for op in active if isinstance(op, dyn.DerivOp)),
        frozenset(op.state.data for op in first if isinstance(op, dyn.DerivOp) and after),
        tuple(op for op in active if isinstance(op, dyn.OnOp)),
        frozenset(op.receptor.data for op in first if isinstance(op, dyn.OnOp) and after),
        events[0] if events else None,
        None if after is None else after.duration,
    )


def _rests(ops: list[Operation], back: str) -> bool:
    """Return whether a regime does nothing but end after a time."""
    if len(ops) != 1 or not isinstance(ops[0], dyn.AfterOp):
        return False
    body = list(ops[0].body.block.ops)
    return len(body) == 1 and isinstance(body[0], dyn.GotoOp) and body[0].regime.data == back


def _goto(event: dyn.WhenOp) -> str | None:
    found = (op.regime.data for op in event.body.block.ops if isinstance(op, dyn.GotoOp))
    return next(found, None)


def _unsupported(cell: dyn.CellOp, language: str) -> UnsupportedError:
    return UnsupportedError(
        f"{language} takes cells that integrate, fire at one condition and rest for a time; "
        f"'{cell.label}' has other regimes or events",
        location_of(cell),
    )
