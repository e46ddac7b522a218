"""`expect-rates`: how often the cells of populations are expected to fire.

What is expected decides how cells share cores, how fine weights are, and where cores go. Rates come
from a short run on another target, or from who knows the network.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite

from xdsl.context import Context
from xdsl.dialects.builtin import FloatAttr, ModuleOp, f64
from xdsl.passes import ModulePass

from snnc.ir.diagnostics import OptionError, did_you_mean
from snnc.ir.dialects import snn
from snnc.passes.one_network import network_of

ATTRIBUTE = "expected_rate"
"""Of populations: expected spikes of a cell in a second."""


@dataclass(frozen=True)
class ExpectRatesPass(ModulePass):
    """Note the expected rates of populations.

    Attributes
    ----------
    rates : str
        ``"NAME=RATE NAME=RATE"``: spikes of a cell in a second, by the symbol of the population.
    """

    name = "expect-rates"

    rates: str

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        """Set the attribute of the populations that are named; others keep what they have."""
        populations = {
            one.symbol: one
            for one in network_of(op).symbols().values()
            if isinstance(one, snn.PopulationOp)
        }
        found = [_rate(word) for word in self.rates.split()]
        for name, _ in found:
            if name not in populations:
                hint = did_you_mean(name, populations)
                raise OptionError(f"'expect-rates' names no population '{name}'{hint}")
        for name, rate in found:
            populations[name].attributes[ATTRIBUTE] = FloatAttr(rate, f64)


def _rate(word: str) -> tuple[str, float]:
    name, _, number = word.partition("=")
    try:
        rate = float(number)
    except ValueError:
        rate = -1.0
    if not (isfinite(rate) and rate >= 0.0):
        raise OptionError(f"expected NAME=RATE, with a rate of at least 0 in Hz; found '{word}'")
    return name, rate


def expected_rate(population: snn.PopulationOp) -> float | None:
    """Return the expected spikes of a population's cell in a second, if they are known."""
    rate = population.attributes.get(ATTRIBUTE)
    return float(rate.value.data) if isinstance(rate, FloatAttr) else None
