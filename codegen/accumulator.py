"""Where the arrivals of each population and receptor are in the accumulator of a thread."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from snnc.codegen.artifact import CellPlan, PopulationPlan
from snnc.hardware.cpu import CPU

OffsetType = Literal["u16", "u32"]

Segment = tuple[str, str]
"""A population and one of its receptors, or its port for current."""

# More tiles would cost more by their pointers and by looking rows up than they save.
_MOST_TILES = 4


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
        self.first[segment] = self.size
        self.size += CPU.padded(bounds[1] - bounds[0])
        self._ends[segment] = self.size

    def origin(self, segments: Iterable[Segment]) -> int:
        """Return the first element of some segments; 0 if there are none."""
        return min((self.first[s] for s in segments), default=0)

    def span(self, segments: Collection[Segment]) -> int:
        """Return how many elements lie between the first and the last of some segments."""
        return max((self._ends[s] for s in segments), default=0) - self.origin(segments)


def _ports(cell: CellPlan) -> tuple[str, ...]:
    return () if cell.current is None else (cell.current,)


@dataclass(frozen=True)
class Tile:
    """Projections of a bundle whose targets lie close together.

    Attributes
    ----------
    number : int
        Which one of the bundle.
    offsets : {"u16", "u32"}
        The type of offsets that reach all targets in every thread.
    """

    number: int
    offsets: OffsetType


def tiles(
    accumulators: Sequence[Accumulator], reached: Mapping[str, Iterable[Segment]]
) -> dict[str, Tile]:
    """Return the tile of each projection of a bundle.

    Where short offsets do not reach all targets, projections are shared out among few tiles in
    which they do. All projections onto a cell are in one, which keeps the order of its sums.

    Parameters
    ----------
    accumulators : sequence of Accumulator
        Of each thread.
    reached : mapping of str to iterable of Segment
        The segments that each projection acts on.
    """

    def span(segments: Collection[Segment]) -> int:
        return max((one.span(segments) for one in accumulators), default=0)

    groups: list[set[Segment]] = []
    for group in _disjoint(accumulators, [set(segments) for segments in reached.values()]):
        if groups and span(groups[-1] | group) <= CPU.short_offset_reach:
            groups[-1] |= group
        else:
            groups.append(group)
    if len(groups) > _MOST_TILES:
        groups = [set().union(*groups)]
    numbers = {segment: number for number, group in enumerate(groups) for segment in group}
    short = [span(group) <= CPU.short_offset_reach for group in groups]
    result: dict[str, Tile] = {}
    for name, segments in reached.items():
        number = next((numbers[segment] for segment in segments), 0)
        result[name] = Tile(number, "u16" if not short or short[number] else "u32")
    return result


def _disjoint(
    accumulators: Sequence[Accumulator], groups: Iterable[set[Segment]]
) -> list[set[Segment]]:
    """Unite groups of segments that have some in common; return them in the order of memory."""
    united: list[set[Segment]] = []
    for group in groups:
        apart = [one for one in united if not one & group]
        united = [*apart, group.union(*(one for one in united if one & group))]
    return sorted(filter(None, united), key=accumulators[0].origin)
