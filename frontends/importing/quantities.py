"""Quantities of model languages in the IR's coherent units: mV, ms, nA, um, mM, K."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from snnc.ir.diagnostics import Location, UnitError
from snnc.ir.units import BASE, Exponents, Unit, format_unit

_NUMBER = re.compile(r"\s*([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)\s*(.*?)\s*$", re.DOTALL)


@dataclass(frozen=True)
class Quantity:
    """A value in coherent units, with its dimension."""

    value: float
    exponents: Exponents

    @property
    def unit(self) -> str:
        """The coherent unit as the IR writes it."""
        return format_unit(self.exponents)


def si_unit(
    mass: int = 0,
    length: int = 0,
    time: int = 0,
    current: int = 0,
    temperature: int = 0,
    amount: int = 0,
    *,
    at: Location | None = None,
) -> Unit:
    """Return the SI unit of a dimension, in coherent units.

    Parameters
    ----------
    mass, length, time, current, temperature, amount : int
        Exponents of kilogram, metre, second, ampere, kelvin and mole.
    at : Location, optional
        Where the dimension stands, for errors.

    Raises
    ------
    UnitError
        If floating-point numbers cannot hold the unit.

    Notes
    -----
    A kilogram is V A s^3 / m^2, a mole is m^3 mM.
    """
    exponents: dict[str, int] = dict.fromkeys(BASE, 0)
    exponents.update(
        mV=mass,
        nA=mass + current,
        ms=time + 3 * mass,
        um=length - 2 * mass + 3 * amount,
        mM=amount,
        K=temperature,
    )
    scale = {"mV": 1e3, "nA": 1e9, "ms": 1e3, "um": 1e6, "mM": 1.0, "K": 1.0}
    total = 1.0
    for base, factor in scale.items():
        total = scaled(total, factor, exponents[base], at)
    return Unit(total, tuple(exponents.values()))


def scaled(number: float, base: float, power: int, at: Location | None = None) -> float:
    """Return a number times a power of a base.

    Raises
    ------
    UnitError
        If floating-point numbers cannot hold it.
    """
    try:
        result = number * base**power
    except OverflowError:
        result = math.inf
    if not 0.0 < abs(result) < math.inf:
        raise UnitError(f"a unit out of the range of numbers; found {base:g}^{power}", at)
    return result


def split_quantity(text: str, at: Location | None = None) -> tuple[float, str]:
    """Return the number and the name of the unit of ``"10 mV"``, the name perhaps empty.

    Raises
    ------
    UnitError
        If the text does not start with a number.
    """
    match = _NUMBER.match(text)
    if match is None:
        raise UnitError(f"malformed quantity; found '{text}', expected a number and a unit", at)
    return float(match.group(1)), match.group(2)
