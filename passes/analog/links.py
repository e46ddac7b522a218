"""The links into analog chips, which take so many events a second and drop the rest."""

from __future__ import annotations

import warnings
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects.builtin import DictionaryAttr

from snnc.hardware.descriptions import described
from snnc.ir.dialects import analog, snn, wafer
from snnc.ir.resources import decode, encode_real
from snnc.passes.analog.reading import HOST, AnalogMapping

_RATE = "rate"


def limit_sources(mapping: AnalogMapping) -> None:
    """Lower the rates of Poisson sources whose spikes links into the chip cannot all take.

    Of a Poisson process, events that are dropped at random leave a Poisson process. All sources of
    a link lose the same share. Spikes at given times are few, and are not dropped. A warning says
    what share of all spikes is dropped.
    """
    description = described(**mapping.chip.described())
    capacity = description.number("input_rate") / description.number("speedup")
    rates = {op.symbol: _rates(mapping, op) for op in mapping.populations}
    rates = {symbol: rate for symbol, rate in rates.items() if rate is not None}
    share = np.ones(mapping.cells)
    for cells in _links(mapping):
        total = sum(
            float(rate[_own(mapping, symbol, cells)].sum()) for symbol, rate in rates.items()
        )
        if total > capacity:
            share[cells] = np.minimum(share[cells], capacity / total)
    before = after = 0.0
    for symbol, rate in rates.items():
        first = mapping.first[symbol]
        kept = rate * share[first : first + rate.size]
        before, after = before + rate.sum(), after + kept.sum()
        if (kept < rate).any():
            _set_rate(mapping, symbol, kept)
    if after < before:
        warnings.warn(
            f"links into {description.label} drop {100 * (1 - after / before):.0f} % of the spikes "
            f"of sources; each takes {capacity:g} a second of the model's time: lower 'rate', or "
            "use fewer sources with larger weights",
            stacklevel=2,
        )


def _rates(mapping: AnalogMapping, op: snn.PopulationOp) -> NDArray[np.float64] | None:
    """Return the rate of each cell of a population of Poisson sources."""
    info = mapping.models[op.model]
    if not info.source or _RATE not in info.parameters or info.times is not None:
        return None
    given = op.parameters.data.get(_RATE)
    value = info.parameters[_RATE].default if given is None else None
    if given is not None:
        value = decode(given, mapping.context.arrays.arrays)
    if not isinstance(value, float | np.ndarray):
        return None
    return np.broadcast_to(np.asarray(value, np.float64), op.size)


def _links(mapping: AnalogMapping) -> Iterator[NDArray[np.int64]]:
    """Yield the cells whose spikes enter over each link: those of a HICANN, or of a chip."""
    arrays = mapping.context.arrays.arrays
    entries = []
    for op in mapping.op.body.block.ops:
        if isinstance(op, wafer.PlacesOp):
            table = op.columns(arrays)
            outside = (table["column"] < 0) & (table["hicann"] >= 0)
            place = table["hicann"]
        elif isinstance(op, analog.EventsOp):
            table = op.columns(arrays)
            outside, place = table["sender"] == HOST, table["chip"]
        else:
            continue
        cells = mapping.first[op.of] + table["cell"][outside]
        entries.append(np.column_stack([place[outside], cells]))
    links = np.unique(np.concatenate(entries), axis=0) if entries else np.empty((0, 2), np.int64)
    for number in np.unique(links[:, 0]):
        yield links[links[:, 0] == number, 1]


def _own(mapping: AnalogMapping, symbol: str, cells: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the places in a population of those cells that are its."""
    population = mapping.symbols[symbol]
    assert isinstance(population, snn.PopulationOp)
    place = cells - mapping.first[symbol]
    return place[(place >= 0) & (place < population.size)]


def _set_rate(mapping: AnalogMapping, symbol: str, rate: NDArray[np.float64]) -> None:
    population = mapping.symbols[symbol]
    assert isinstance(population, snn.PopulationOp)
    value = encode_real(rate, mapping.context.arrays, f"{symbol}.{_RATE}")
    population.properties["parameters"] = DictionaryAttr(
        {**population.parameters.data, _RATE: value}
    )
