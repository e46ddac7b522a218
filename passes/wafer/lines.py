"""The horizontal and vertical lines that carry outputs to where they are heard.

A bus goes along its horizontal line as far as there are listeners, and in each of their columns
over a switch onto one of the eight vertical lines that the horizontal line crosses there. Of those
that are free, the one is taken which goes on to most of the listeners, among equals the one whose
drivers are least in demand. Listeners that cannot be reached so, as where the grid ends, are sought
from all lines that the bus already has, the shortest way first. Where the drivers in reach of a
line are then too few for the buses that are heard there, buses take a line on the other side of the
HICANN, too.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from snnc.hardware.wafer import Wafer
from snnc.passes.wafer.buses import Buses
from snnc.passes.wafer.detours import line_graph

Integers = NDArray[np.int64]

FREE = -1
SIDES = (0, 1)
"""The left and the right half of the vertical lines of a HICANN."""
_PER_DRIVER = 0.25
"""Share of the circuits of a HICANN for which a driver usually has a synapse."""


@dataclass(eq=False)
class Lines:
    """Which bus is on each line, and over which vertical line it is heard.

    Horizontal lines of a HICANN have the numbers from 0, vertical ones follow.

    Attributes
    ----------
    bus : ndarray of int64, shape (HICANNs, lines)
        The bus, or -1.
    links : list of (int, int, int, int)
        Repeaters that pass a line on: HICANN and line, and the next HICANN and line.
    switches : list of (int, int, int)
        HICANN, horizontal and vertical line of each closed switch.
    heard_on : ndarray of int64, shape (2, buses, HICANNs)
        The vertical lines (from 0), of the left and of the right side, on which a bus can reach
        drivers of a HICANN, or -1.
    """

    bus: Integers
    heard_on: Integers
    links: list[tuple[int, int, int, int]] = field(default_factory=list)
    switches: list[tuple[int, int, int]] = field(default_factory=list)


def route(wafer: Wafer, buses: Buses) -> Lines:
    """Return the lines of all buses; those with the most synapses choose first."""
    count = wafer.horizontal_lines + wafer.vertical_lines
    lines = Lines(
        np.full((len(wafer.chips), count), FREE, np.int64),
        np.full((len(SIDES), *buses.demand.shape), FREE),
    )
    router = _Router(wafer, buses, lines)
    for bus, (chip, output) in enumerate(zip(buses.chip, buses.output, strict=True)):
        lines.bus[chip, wafer.output_line(int(output))] = bus
    order = np.argsort(-buses.demand.sum(axis=1), kind="stable").tolist()
    for bus in order:
        router.add(bus)
    for bus in order:
        router.widen(bus)
    return lines


class _Router:
    def __init__(self, wafer: Wafer, buses: Buses, lines: Lines) -> None:
        self.wafer, self.buses, self.lines = wafer, buses, lines
        self.wanted = np.ceil(buses.demand / (_PER_DRIVER * wafer.circuits))
        self.load = np.zeros((len(wafer.chips), len(wafer.group_drivers)))
        self.crossing: dict[int, dict[int, tuple[int, int]]] = {}
        self.graph = line_graph(wafer)

    def add(self, bus: int) -> None:
        """Find lines for a bus."""
        columns = self._columns(np.flatnonzero(self.buses.demand[bus]))
        start = self.wafer.output_line(int(self.buses.output[bus]))
        crossing = self._along(bus, int(self.buses.chip[bus]), start, columns)
        self.crossing[bus] = crossing
        for x, chips in columns.items():
            if x in crossing:
                chip, line = crossing[x]
                self._across(bus, chip, line, chips, self._free(chip, line))
        missed = [
            chip
            for chips in columns.values()
            for chip in chips
            if (self.lines.heard_on[:, bus, chip] == FREE).all()
        ]
        if missed:
            self._detour(bus, missed)

    def widen(self, bus: int) -> None:
        """Let a bus be heard on both sides of HICANNs where one has too few drivers."""
        heard = self.lines.heard_on[:, bus]
        for side in SIDES:
            chips = np.flatnonzero((heard[side] != FREE) & (heard[1 - side] == FREE))
            short = [int(chip) for chip in chips if self._is_short(int(chip), heard[side, chip])]
            for x, crowded in self._columns(short).items():
                if x in self.crossing[bus]:
                    chip, line = self.crossing[bus][x]
                    free = [v for v in self._free(chip, line) if self._side(v) != side]
                    self._across(bus, chip, line, crowded, free)

    def _is_short(self, chip: int, vertical: int) -> bool:
        group = self.wafer.group(vertical)
        return self.load[chip, group] > len(self.wafer.group_drivers[group])

    def _side(self, vertical: int) -> int:
        return int(vertical >= self.wafer.vertical_lines // 2)

    def _columns(self, chips: Iterable[int]) -> dict[int, list[int]]:
        columns: dict[int, list[int]] = {}
        for chip in chips:
            columns.setdefault(self.wafer.chips[chip][0], []).append(int(chip))
        return columns

    def _along(
        self, bus: int, home: int, start: int, columns: dict[int, list[int]]
    ) -> dict[int, tuple[int, int]]:
        """Take the horizontal line both ways; return HICANN and line in each column reached."""
        wafer, (x0, y) = self.wafer, self.wafer.chips[home]
        reached = {x0: (home, start)}
        for way, last in ((1, max(columns)), (-1, min(columns))):
            before = (home, start)
            for x in range(x0 + way, last + way, way):
                chip, line = wafer.number_of.get((x, y)), wafer.horizontal(start, x - x0)
                if chip is None or self.lines.bus[chip, line] != FREE:
                    break
                self._take(bus, before, (chip, line))
                before = reached[x] = (chip, line)
        return reached

    def _across(self, bus: int, chip: int, line: int, chips: list[int], free: list[int]) -> None:
        """Take that of some free vertical lines which reaches most synapses in a column."""
        ways = [self._column(chip, vertical, chips) for vertical in free]
        if not ways:
            return
        served = [sum(self.buses.demand[bus, c] for c, _ in way if c in chips) for way in ways]
        crowd = [sum(self._crowd(bus, c, v) for c, v in way if c in chips) for way in ways]
        best = min(range(len(ways)), key=lambda i: (-served[i], crowd[i]))
        way = ways[best]
        if served[best] == 0:
            return
        self.lines.switches.append((chip, line, way[0][1]))
        done = {chip: way[0][1]}
        self._mark(bus, *way[0])
        for number, vertical in way[1:]:
            x, y = self.wafer.chips[number]
            before = next(
                self.wafer.number_of[x, y + dy]
                for dy in (1, -1)
                if self.wafer.number_of.get((x, y + dy)) in done
            )
            self._take(bus, (before, self._v(done[before])), (number, self._v(vertical)))
            done[number] = vertical
        for number, vertical in way:
            if number in chips:
                self._hear(bus, number, vertical)

    def _free(self, chip: int, line: int) -> list[int]:
        crossings = self.wafer.crossings(line)
        return [v for v in crossings if self.lines.bus[chip, self._v(v)] == FREE]

    def _column(self, chip: int, vertical: int, chips: list[int]) -> list[tuple[int, int]]:
        """Return the HICANNs and lines that a vertical line can pass, no farther than is wanted."""
        wafer, (x, y0) = self.wafer, self.wafer.chips[chip]
        found = [(chip, vertical)]
        rows = [wafer.chips[one][1] for one in chips]
        for way, last in ((1, max(rows)), (-1, min(rows))):
            passed: list[tuple[int, int]] = []
            useful = 0
            for y in range(y0 + way, last + way, way):
                number, line = wafer.number_of.get((x, y)), wafer.vertical(vertical, y - y0)
                if number is None or self.lines.bus[number, self._v(line)] != FREE:
                    break
                passed.append((number, line))
                useful = len(passed) if number in chips else useful
            found += passed[:useful]
        return found

    def _crowd(self, bus: int, chip: int, vertical: int) -> float:
        return self.load[chip, self.wafer.group(vertical)] * self.wanted[bus, chip]

    def _hear(self, bus: int, chip: int, vertical: int) -> None:
        self.lines.heard_on[self._side(vertical), bus, chip] = vertical
        self.load[chip, self.wafer.group(vertical)] += self.wanted[bus, chip]

    def _detour(self, bus: int, missed: list[int]) -> None:
        """Reach HICANNs from whatever line the bus has, over lines that are free."""
        for path in self.graph.paths(self.lines.bus, bus, missed):
            for before, after in pairwise(path):
                if before[0] != after[0]:
                    self._take(bus, before, after)
                    continue
                self._mark_line(bus, *after)
                low, high = sorted((before[1], after[1]))
                self.lines.switches.append((before[0], low, high - self.wafer.horizontal_lines))
            chip, line = path[-1]
            self._hear(bus, chip, line - self.wafer.horizontal_lines)

    def _take(self, bus: int, before: tuple[int, int], after: tuple[int, int]) -> None:
        self.lines.links.append((*before, *after))
        self._mark_line(bus, *after)

    def _mark(self, bus: int, chip: int, vertical: int) -> None:
        self._mark_line(bus, chip, self._v(vertical))

    def _mark_line(self, bus: int, chip: int, line: int) -> None:
        self.lines.bus[chip, line] = bus

    def _v(self, vertical: int) -> int:
        return self.wafer.horizontal_lines + vertical
