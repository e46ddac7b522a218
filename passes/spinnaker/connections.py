"""Which cells reach which, and how many synapses that makes, from the projections of a network.

Groups of cells are taken as spans of populations. Where a rule or a view cannot be read without its
arrays, all cells of the span are taken to reach all others: more packets are sent then than needed,
none is missing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import cast

from xdsl.ir import Operation

from snnc.ir.dialects import snn
from snnc.ir.dialects.snn_values import ArrayHandleAttr, RangeAttr
from snnc.passes.expected_connections import expected_connections


@dataclass(frozen=True)
class Span:
    """Cells `first` to `last` - 1 of a population."""

    population: str
    first: int
    last: int

    @property
    def size(self) -> int:
        """Number of cells."""
        return self.last - self.first

    def overlaps(self, first: int, last: int) -> bool:
        """Tell whether cells `first` to `last` - 1 are among these."""
        return first < self.last and self.first < last


@dataclass(frozen=True)
class Reach:
    """Synapses between two spans; if `aligned`, between cells at equal places only.

    Attributes
    ----------
    synapses : float
        The number expected.
    random : bool
        Whether the synapses of a cell are a random number.
    """

    pre: Span
    post: Span
    aligned: bool
    synapses: float
    random: bool
    projection: snn.ProjectionOp

    def targets(self, first: int, last: int) -> Span:
        """Return the cells that presynaptic cells `first` to `last` - 1 may reach."""
        if not self.aligned:
            return self.post
        shift = self.post.first - self.pre.first
        return Span(
            self.post.population,
            max(first, self.pre.first) + shift,
            min(last, self.pre.last) + shift,
        )


def reaches_of(network: snn.NetworkOp) -> list[Reach]:
    """Return what reaches what, projection by projection."""
    symbols = network.symbols()
    found: list[Reach] = []
    for op in symbols.values():
        if isinstance(op, snn.ProjectionOp):
            found.extend(_reaches(op, symbols))
    return found


def _reaches(op: snn.ProjectionOp, symbols: dict[str, Operation]) -> Iterator[Reach]:
    before, after = list(_spans(op.pre, symbols)), list(_spans(op.post, symbols))
    rule = op.connector.connector.data
    n_pre = sum(span.size for span in before)
    n_post = sum(span.size for span in after)
    aligned = rule == "one_to_one" and len(before) == len(after) == 1 and n_pre == n_post
    total = _synapses(op, n_pre, n_post)
    for pre in before:
        for post in after:
            share = pre.size / n_pre * post.size / n_post
            random = rule not in ("all_to_all", "one_to_one")
            yield Reach(pre, post, aligned, total * share, random, op)


def _synapses(op: snn.ProjectionOp, n_pre: int, n_post: int) -> float:
    if op.connector.connector.data == "one_to_one":
        return float(min(n_pre, n_post))
    if isinstance(listed := op.connector.options.data.get("pre"), ArrayHandleAttr):
        return float(listed.data.shape[0])
    return expected_connections(op, n_pre, n_post) or float(n_pre * n_post)


def _spans(symbol: str, symbols: dict[str, Operation]) -> Iterator[Span]:
    op = symbols[symbol]
    if isinstance(op, snn.PopulationOp):
        yield Span(symbol, 0, op.size)
    elif isinstance(op, snn.AssemblyOp):
        for member in op.members:
            yield from _spans(member, symbols)
    else:
        view = cast(snn.ViewOp, op)
        (parent,) = _spans(view.of, symbols)
        indices = view.indices.data if isinstance(view.indices, RangeAttr) else None
        if indices and isinstance(symbols[view.of], snn.PopulationOp):
            low, high = min(indices[0], indices[-1]), max(indices[0], indices[-1])
            yield Span(parent.population, low, high + 1)
        else:
            yield parent
