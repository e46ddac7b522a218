"""How potentials of a population become those of its circuits: stretched and shifted to fit."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import product

from snnc.hardware.circuits import Circuits
from snnc.ir.diagnostics import UnsupportedError


@dataclass(frozen=True)
class Potential:
    """A potential of a population: its least and largest value in mV, and where a circuit's can be.

    `low` and `high` are in the chip's unit.
    """

    name: str
    least: float
    largest: float
    low: float
    high: float


def fitting_scale(
    circuits: Circuits, potentials: Iterable[Potential], population: str
) -> tuple[float, float]:
    """Return the stretch and the shift under which all potentials fit, as far apart as can be.

    Two potentials fit one stretch if their distance does; so the pairs give the bounds of the
    stretch, and what remains for the shift is an interval, of which the middle is taken.

    Raises
    ------
    UnsupportedError
        If there is none; with the two potentials that exclude each other.
    """
    given = list(potentials)
    least, largest = circuits.stretch
    if circuits.shift is not None:
        _check_fixed(circuits, given, population, largest, circuits.shift)
        return largest, circuits.shift
    for a, b in product(given, given):
        apart, room = b.largest - a.least, b.high - a.low
        if apart > 0.0:
            largest = min(largest, room / apart)
        elif apart < 0.0:
            least = max(least, -room / -apart)
        if largest < least or apart == 0.0 > room:
            raise UnsupportedError(
                f"population '{population}': '{a.name}' ({a.least:g} mV) and '{b.name}' "
                f"({b.largest:g} mV) do not fit the circuits of {circuits.label} together; found "
                f"{apart:g} mV between them, expected at most {room / circuits.stretch[0]:g} mV"
            )
    low = max((one.low - largest * one.least for one in given), default=0.0)
    high = min((one.high - largest * one.largest for one in given), default=0.0)
    return largest, (low + high) / 2.0


def _check_fixed(
    circuits: Circuits, given: list[Potential], population: str, stretch: float, shift: float
) -> None:
    for one in given:
        low, high = ((end - shift) / stretch for end in (one.low, one.high))
        for value in (one.least, one.largest):
            if not low <= value <= high:
                nearest = min(max(value, low), high)
                raise UnsupportedError(
                    f"population '{population}': '{one.name}' does not fit the circuits of "
                    f"{circuits.label}; found {value:g} mV, expected {low:g} to {high:g} mV; the "
                    f"nearest that fits is {nearest:g} mV"
                )
