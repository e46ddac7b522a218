"""Dimensions of the IR as those languages declare them that count in powers of SI's base units."""

from __future__ import annotations

import re

from snnc.ir.units import DIMENSIONLESS, Exponents, format_unit


def unit_symbol(exponents: Exponents) -> str:
    """Return the coherent unit of a dimension as a word, ``mV_per_ms``; empty for pure numbers."""
    if exponents == DIMENSIONLESS:
        return ""
    text = format_unit(exponents).replace("/", "_per_").replace("1_", "").replace("^", "")
    return re.sub(r"\W", "", text.replace("*", "_"))


def si_powers(exponents: Exponents) -> dict[str, str]:
    """Return the powers of kilogram, metre, second, ampere, kelvin and mole that are not zero.

    Their keys are the letters ``m l t i k n``, as NineML and LEMS call them.
    """
    mv, ms, na, um, mm, kelvin, _ = exponents
    powers = {
        "m": mv, "l": um + 2 * mv - 3 * mm, "t": ms - 3 * mv, "i": na - mv, "k": kelvin, "n": mm,
    }  # fmt: skip
    return {letter: str(power) for letter, power in powers.items() if power}


def power_of_ten(exponents: Exponents) -> int:
    """Return the power of ten of SI's unit that the coherent unit of a dimension is."""
    mv, ms, na, um, _, _, _ = exponents
    return -3 * mv - 3 * ms - 9 * na - 6 * um
