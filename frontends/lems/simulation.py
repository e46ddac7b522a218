"""What a LEMS file simulates: its target, time step, and what it keeps."""

from __future__ import annotations

from dataclasses import dataclass

from snnc.ir.diagnostics import Location, ModelError
from snnc.lems.part import Part

DEFAULT_STEP = 0.025
"""In ms; NeuroML's tools use it where a file has no simulation."""


@dataclass(frozen=True)
class Quantity:
    """A variable that is recorded, by its path; spikes have an empty variable."""

    path: str
    place: Location


@dataclass(frozen=True)
class Simulation:
    """A run of a component.

    `step` is in ms; `quantities` and `events` are recorded, all if there are none.
    """

    target: str | None
    step: float
    quantities: tuple[Quantity, ...] = ()
    events: tuple[Quantity, ...] = ()


def simulation_of(part: Part) -> Simulation:
    """Return the run that a component describes.

    Raises
    ------
    ModelError
        If it lacks its target or step.
    """
    step = part.values.get("step")
    if "target" not in part.texts or step is None or not step.value > 0:
        raise ModelError(f"simulation '{part.name}' lacks 'target' or 'step'", part.place)
    quantities: dict[str, Quantity] = {}
    events: dict[str, Quantity] = {}
    for inner in part.walk():
        if (path := inner.texts.get("quantity")) is not None:
            quantities.setdefault(path, Quantity(path, inner.place))
        if inner.type.extends("EventSelection") and (path := inner.texts.get("select")):
            events.setdefault(path, Quantity(path, inner.place))
    return Simulation(
        part.texts["target"], step.value, tuple(quantities.values()), tuple(events.values())
    )


def runs(part: Part) -> bool:
    """Tell whether a component is a simulation."""
    return "step" in part.type.parameters and "target" in part.type.references
