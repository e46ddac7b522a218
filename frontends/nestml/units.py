"""Units of NESTML: SI units with any prefix, in the IR's coherent units."""

from __future__ import annotations

from snnc.importing.quantities import si_unit
from snnc.ir.units import DIMENSIONLESS, Unit

_PREFIXES = {
    "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "h": 2, "da": 1, "d": -1, "c": -2, "m": -3, "u": -6,
    "n": -9, "p": -12, "f": -15, "a": -18,
}  # fmt: skip
_UNITS = {
    "m": si_unit(length=1),
    "s": si_unit(time=1),
    "A": si_unit(current=1),
    "K": si_unit(temperature=1),
    "mol": si_unit(amount=1),
    "V": si_unit(mass=1, length=2, time=-3, current=-1),
    "Ohm": si_unit(mass=1, length=2, time=-3, current=-2),
    "S": si_unit(mass=-1, length=-2, time=3, current=2),
    "F": si_unit(mass=-1, length=-2, time=4, current=2),
    "C": si_unit(time=1, current=1),
    "J": si_unit(mass=1, length=2, time=-2),
    "W": si_unit(mass=1, length=2, time=-3),
    "N": si_unit(mass=1, length=1, time=-2),
    "Hz": si_unit(time=-1),
    "Bq": si_unit(time=-1),
}


def _named() -> dict[str, Unit]:
    units = {
        prefix + name: Unit(float(f"{unit.scale * 10.0**power:.15g}"), unit.exponents)
        for prefix, power in _PREFIXES.items()
        for name, unit in _UNITS.items()
    }
    return {**units, **_UNITS}


UNITS = _named()
"""Units by name."""


def unit_named(text: str) -> Unit:
    """Return the unit written as names with powers, ``nS^1*ms^-1``; the empty text is 1."""
    total = Unit(1.0, DIMENSIONLESS)
    for part in text.split("*") if text else ():
        name, _, power = part.partition("^")
        total = total * UNITS[name] ** int(power)
    return Unit(float(f"{total.scale:.15g}"), total.exponents)
