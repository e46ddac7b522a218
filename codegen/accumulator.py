"""Where the arrivals of each population and receptor are in the accumulator of a thread."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

from snnc.codegen.artifact import CellPlan, PopulationPlan
from snnc.hardware.cpu import CPU

Segment = tuple[str, str]
"""A population and one of its receptors, or its port for current."""


class Accumulator:
    """The accumulator of a thread: a segment for each population and receptor.

    Receptors of one name follow one another, so that a bundle of projections, which mostly act on
    one, reaches all its targets by short offsets from the first. Ports for current come last: the
    rows of couplings name cells by their places.

    Parameters
    ----------
    populations : sequence of PopulationPlan
        Of the network.
    cells : mapping of str to CellPlan
        Their models.
    thread : int
        Which one.

    Attributes
    ----------
    first : dict of Segment to int
        The element of the first cell of the thread's slice.
    size : int
        Number of elements.
    """

    def __init__(
        self,
        populations: Sequence[PopulationPlan],
        cells: Mapping[str, CellPlan],
        thread: int,
    ) -> None:
        self.first: dict[Segment, int] = {}
        self.size = 0
        self._ends: dict[Segment, int] = {}
        for places in ([cells[p.cell].receptors for p in populations],
                       [_ports(cells[p.cell]) for p in populations]):  # fmt: skip
            for place in dict.fromkeys(name for own in places for name in own):
                for plan, own in zip(populations, places, strict=True):
                    if place in own:
                        self._place((plan.name, place), plan.bounds[thread : thread + 2])

    def _place(self, segment: Segment, bounds: Sequence[int]) -> None:
        cells = bounds[1] - bounds[0]
        self.first[segment] = CPU.beginning(cells, self.size)
        self._ends[segment] = self.size = self.first[segment] + cells

    def origin(self, segments: Iterable[Segment]) -> int:
        """Return the first element of some segments; 0 if there are none."""
        return min((self.first[s] for s in segments), default=0)

    def span(self, segments: Sequence[Segment]) -> int:
        """Return how many elements lie between the first and the last of some segments."""
        return max((self._ends[s] for s in segments), default=0) - self.origin(segments)


def _ports(cell: CellPlan) -> tuple[str, ...]:
    return () if cell.current is None else (cell.current,)


def offset_type(
    accumulators: Iterable[Accumulator], segments: Sequence[Segment]
) -> Literal["u16", "u32"]:
    """Return the type of offsets that reach all of some segments in every thread."""
    span = max((one.span(segments) for one in accumulators), default=0)
    return "u16" if span <= CPU.short_offset_reach else "u32"
