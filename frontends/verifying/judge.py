"""The verdict about runs of one network: what they may differ by, and why."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cache

from snnc.ir.text import Document
from snnc.runtime.verify.comparison import NEVER, Comparison, compare, first_difference
from snnc.runtime.verify.conventions import Convention
from snnc.runtime.verify.observation import Observation
from snnc.runtime.verify.statistics import Statistics
from snnc.runtime.verify.tolerances import judged, judged_by_activity, needs_scatter, tolerance_of
from snnc.verifying.network import is_coupled, is_recurrent, orders_of

Scatter = Mapping[str, Sequence[Statistics]]
"""The activity of each population for several seeds."""


class Judge:
    """Compares runs of a network and says whether they agree.

    Parameters
    ----------
    document : Document
        The network.
    open_loop : bool
        Whether cells were uncoupled.
    scatter : callable
        Runs the network with other seeds; called once at most.
    """

    def __init__(self, document: Document, open_loop: bool, scatter: Callable[[], Scatter]) -> None:
        self._spreads = not open_loop and is_coupled(document)
        self._chaotic = not open_loop and is_recurrent(document)
        self._orders = orders_of(document)
        self._scatter = cache(scatter)

    def compared(self, a: Observation, b: Observation) -> list[Comparison]:
        """Return the comparison of two runs for each population, with verdicts."""
        until = first_difference(a, b) if self._spreads else NEVER
        return [self._judged(compare(a, b, name, until)) for name in a.populations]

    def _judged(self, one: Comparison) -> Comparison:
        tolerance = tolerance_of(self._orders[one.population], one)
        chaotic = self._chaotic and needs_scatter(one, tolerance)
        return judged(one, tolerance, self._scatter()[one.population] if chaotic else None)

    def by_activity(self, one: Comparison, drawing: str) -> Comparison:
        """Judge by rate and CV alone what a target has drawn random numbers of its own for."""
        text = f"{drawing} draws random numbers of its own; rate and CV are compared with seeds"
        named = replace(one, convention=Convention("random numbers", text))
        return judged_by_activity(named, self._scatter()[one.population])
