"""Units as exponents over one coherent system: mV, ms, nA, um, mM, K and the synaptic weight.

With mV, ms and nA as base, nF = nA ms/mV, uS = nA/mV, MOhm = mV/nA and kHz = 1/ms follow without
factors. A unit with a factor (nS, Hz, pF) is converted once, where a value enters; no factor
appears in an equation. ``weight`` stands for the unit of the receptor that a synapse acts on.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from snnc.ir.diagnostics import UnitError, did_you_mean

BASE = ("mV", "ms", "nA", "um", "mM", "K", "weight")
Exponents = tuple[int, ...]

DIMENSIONLESS: Exponents = (0,) * len(BASE)


@dataclass(frozen=True)
class Unit:
    """A unit: `scale` coherent units of dimension `exponents`."""

    scale: float
    exponents: Exponents

    def __mul__(self, other: Unit) -> Unit:
        return Unit(self.scale * other.scale, multiply(self.exponents, other.exponents))

    def __pow__(self, n: int) -> Unit:
        return Unit(self.scale**n, power(self.exponents, n))


def multiply(a: Exponents, b: Exponents) -> Exponents:
    """Return the dimension of a product."""
    return tuple(x + y for x, y in zip(a, b, strict=True))


def divide(a: Exponents, b: Exponents) -> Exponents:
    """Return the dimension of a quotient."""
    return tuple(x - y for x, y in zip(a, b, strict=True))


def power(a: Exponents, n: int) -> Exponents:
    """Return the dimension of an integer power."""
    return tuple(x * n for x in a)


def _base(name: str) -> Exponents:
    return tuple(int(name == b) for b in BASE)


_MV, _MS, _NA = _base("mV"), _base("ms"), _base("nA")
_SIEMENS = divide(_NA, _MV)
_FARAD = multiply(_SIEMENS, _MS)
_HERTZ = power(_MS, -1)

NAMED: dict[str, Unit] = {
    **{name: Unit(1.0, _base(name)) for name in BASE},
    "V": Unit(1e3, _MV),
    "uV": Unit(1e-3, _MV),
    "s": Unit(1e3, _MS),
    "us": Unit(1e-3, _MS),
    "A": Unit(1e9, _NA),
    "mA": Unit(1e6, _NA),
    "uA": Unit(1e3, _NA),
    "pA": Unit(1e-3, _NA),
    "S": Unit(1e6, _SIEMENS),
    "mS": Unit(1e3, _SIEMENS),
    "uS": Unit(1.0, _SIEMENS),
    "nS": Unit(1e-3, _SIEMENS),
    "uF": Unit(1e3, _FARAD),
    "nF": Unit(1.0, _FARAD),
    "pF": Unit(1e-3, _FARAD),
    "MOhm": Unit(1.0, power(_SIEMENS, -1)),
    "kOhm": Unit(1e-3, power(_SIEMENS, -1)),
    "GOhm": Unit(1e3, power(_SIEMENS, -1)),
    "Hz": Unit(1e-3, _HERTZ),
    "kHz": Unit(1.0, _HERTZ),
    "mm": Unit(1e3, _base("um")),
    "cm": Unit(1e4, _base("um")),
    "m": Unit(1e6, _base("um")),
}

_PRINTED_WHOLE = ("uS", "nF", "MOhm")
_TOKEN = re.compile(r"\s*(?:(?P<name>[A-Za-z_]+)|(?P<number>-?\d+)|(?P<op>\*\*|[*/^()]))")


@cache
def parse_unit(text: str) -> Unit:
    """Return the unit written as `text`: names with ``*``, ``/``, integer ``^`` and ``1``.

    Parameters
    ----------
    text : str
        For example ``"mV"``, ``"mV/ms"``, ``"1/ms"``, ``"nA*ms^2"``.

    Raises
    ------
    UnitError
        If a name is unknown or the text is not of that form.
    """
    position, total, sign = 0, Unit(1.0, DIMENSIONLESS), 1
    tokens = _tokens(text)
    while position < len(tokens):
        factor, position = _factor(tokens, position, text)
        total = total * factor**sign
        if position == len(tokens):
            return total
        if tokens[position] not in ("*", "/"):
            break
        sign = 1 if tokens[position] == "*" else -1
        position += 1
    raise UnitError(f"malformed unit; found '{text}', expected names joined by * and /")


def _tokens(text: str) -> list[str]:
    tokens, at = [], 0
    stripped = text.rstrip()
    while at < len(stripped):
        match = _TOKEN.match(stripped, at)
        if match is None:
            raise UnitError(f"malformed unit; found '{text}', expected names joined by * and /")
        tokens.append(match.group().strip())
        at = match.end()
    return tokens


def _factor(tokens: list[str], at: int, text: str) -> tuple[Unit, int]:
    name = tokens[at]
    if name == "1":
        unit = Unit(1.0, DIMENSIONLESS)
    elif name in NAMED:
        unit = NAMED[name]
    else:
        raise UnitError(f"unknown unit '{name}' in '{text}'{did_you_mean(name, NAMED)}")
    at += 1
    if at < len(tokens) and tokens[at] in ("^", "**"):
        if at + 1 == len(tokens) or not tokens[at + 1].lstrip("-").isdigit():
            raise UnitError(f"malformed unit; found '{text}', expected an integer power")
        unit, at = unit ** int(tokens[at + 1]), at + 2
    return unit, at


@cache
def format_unit(exponents: Exponents) -> str:
    """Return the canonical text of a coherent unit, which `parse_unit` reads back."""
    for name in _PRINTED_WHOLE:
        if exponents == NAMED[name].exponents:
            return name
    above = [name for name, e in zip(BASE, exponents, strict=True) for _ in range(e)]
    below = [name for name, e in zip(BASE, exponents, strict=True) for _ in range(-e)]
    return "/".join(["*".join(above) or "1", *below])
