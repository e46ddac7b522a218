"""Dimensions and units of LEMS: those of NeuroML by their names, others declared."""

from __future__ import annotations

from xml.etree import ElementTree as ET

from snnc.codegen.languages.si import power_of_ten, si_powers, unit_symbol
from snnc.ir.units import DIMENSIONLESS, Exponents, parse_unit

_CORE = {
    "mV": ("voltage", "mV"), "ms": ("time", "ms"), "1/ms": ("per_time", "per_ms"),
    "nA": ("current", "nA"), "uS": ("conductance", "uS"), "nF": ("capacitance", "nF"),
    "MOhm": ("resistance", "Mohm"), "um": ("length", "um"), "um^2": ("area", "um2"),
    "mM": ("concentration", "mM"), "K": ("temperature", "K"),
    "1/mV": ("per_voltage", "per_mV"),
}  # fmt: skip
_KNOWN = {parse_unit(unit).exponents: names for unit, names in _CORE.items()}


class Units:
    """The dimensions that a document uses."""

    def __init__(self) -> None:
        self._own: dict[Exponents, tuple[str, str]] = {}

    def _names(self, exponents: Exponents) -> tuple[str, str]:
        if exponents not in _KNOWN:
            symbol = unit_symbol(exponents)
            self._own[exponents] = f"{symbol}_dimension", symbol
        return _KNOWN.get(exponents) or self._own[exponents]

    def dimension(self, exponents: Exponents) -> str:
        """Return the name of a dimension."""
        return "none" if exponents == DIMENSIONLESS else self._names(exponents)[0]

    def quantity(self, number: float, exponents: Exponents) -> str:
        """Return a number in coherent units as text with its unit."""
        text = repr(float(f"{number:.15g}"))
        return text if exponents == DIMENSIONLESS else text + self._names(exponents)[1]

    def elements(self) -> list[ET.Element]:
        """Return the declarations of what NeuroML does not have."""
        found = [
            ET.Element("Dimension", {"name": name, **si_powers(exponents)})
            for exponents, (name, _) in self._own.items()
        ]
        found += [
            ET.Element("Unit", symbol=symbol, dimension=name, power=str(power_of_ten(exponents)))
            for exponents, (name, symbol) in self._own.items()
        ]
        return found
