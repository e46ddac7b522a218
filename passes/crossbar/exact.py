"""The placement of one chip that loses the fewest synapses, by constraint programming.

What the search decides is decided by OR-tools' CP-SAT: the class and block of each cell, the class
of each source from outside, the class that each driver takes, and the line of each row. The
search's placement is where it begins. It works by counts of operations, so results do not depend on
time.
"""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import numpy as np

from snnc.hardware.crossbar import ROWS_PER_DRIVER
from snnc.passes.crossbar.drivers import masks_of, selects_of
from snnc.passes.crossbar.problem import LINES, Placement, Problem
from snnc.passes.crossbar.search import Found, evaluated

if TYPE_CHECKING:
    from ortools.sat.python.cp_model import CpModel

TERMS = 60_000
"""Terms of the largest problem that is given to the solver."""


def refined(problem: Problem, found: Found, seconds: float) -> Found:
    """Return the best placement, or the one given where none better is found.

    Parameters
    ----------
    problem : Problem
        What is to be placed.
    found : Found
        A placement to begin with.
    seconds : float
        How long to look, in the solver's deterministic seconds.
    """
    terms = int((problem.needs > 0).sum()) * problem.classes.number
    wide = bool((problem.circuits > problem.chip.blocks).any())
    if found.lost <= problem.least_loss() or wide or terms > TERMS or seconds <= 0:
        return found
    if find_spec("ortools") is None:
        return found
    placement = _Exact(problem, found).solve(seconds)
    if placement is None:
        return found
    better = evaluated(problem, placement)
    return better if better.lost < found.lost else found


class _Exact:
    """The model: `at[c, q, b]` is 1 where cell c is in class q and block b (-1 for all)."""

    def __init__(self, problem: Problem, found: Found) -> None:
        from ortools.sat.python import cp_model

        self.cp = cp_model
        self.problem = problem
        self.model: CpModel = cp_model.CpModel()
        self.chip, self.classes = problem.chip, problem.classes
        self.inner = np.unique(self.classes.of_output).tolist()
        self.heard = problem.heard()
        self.at: dict[tuple[int, int, int], Any] = {}
        self.of: dict[tuple[int, int], Any] = {}
        self._place_cells(found.placement)
        self._place_outside(found.placement)
        self.rows = self._give_rows(found)
        self._count_lost()

    def _place_cells(self, start: Placement) -> None:
        model, blocks = self.model, range(self.chip.blocks)
        for cell in range(self.problem.cells):
            kinds = blocks if self.problem.circuits[cell] == 1 else (-1,)
            mine = {(q, b): model.new_bool_var("") for q in self.inner for b in kinds}
            model.add_exactly_one(mine.values())
            now = int(self.classes.of_output[start.output[cell]]), int(start.block[cell])
            for (q, b), variable in mine.items():
                self.at[cell, q, b] = variable
                model.add_hint(variable, (q, b) == now)
            for q in self.inner:
                self.of[cell, q] = sum(mine[q, b] for b in kinds)
        for q in self.inner:
            columns = self.chip.run * int((self.classes.of_output == q).sum())
            for block in blocks:
                inside = [v for (_, k, b), v in self.at.items() if k == q and b in (-1, block)]
                model.add(sum(inside) <= columns)

    def _place_outside(self, start: Placement) -> None:
        model, every = self.model, range(self.classes.number)
        for source in range(self.problem.cells, self.problem.sources):
            for q in every:
                self.of[source, q] = model.new_bool_var("")
                model.add_hint(self.of[source, q], q == start.of_source[source])
            model.add_at_most_one(self.of[source, q] for q in every)
        for q in every:
            members = [v for (s, k), v in self.of.items() if k == q and self.heard[s]]
            model.add(sum(members) <= self.chip.labels)

    def _give_rows(self, found: Found) -> dict[tuple[int, int, int], Any]:
        """Return variables for the rows of each block, class and line."""
        model, most = self.model, self.chip.drivers * ROWS_PER_DRIVER
        rows = {}
        for block in range(self.chip.blocks):
            for bus in range(self.chip.buses):
                selects = selects_of(self.chip, self.classes, bus)
                able = masks_of(tuple(selects.values()), self.chip.drivers)
                takes = {
                    (k, d): model.new_bool_var("")
                    for k, masks in enumerate(able)
                    for d, mask in enumerate(masks)
                    if mask is not None
                }
                for driver in range(self.chip.drivers):
                    model.add_at_most_one(v for (_, d), v in takes.items() if d == driver)
                for k, number in enumerate(selects):
                    lines = [model.new_int_var(0, most, "") for _ in range(LINES)]
                    drivers = sum(v for (j, _), v in takes.items() if j == k)
                    model.add(sum(lines) <= ROWS_PER_DRIVER * drivers)
                    for line, variable in enumerate(lines):
                        rows[block, number, line] = variable
                        model.add_hint(variable, int(found.rows[block, number, line]))
        return rows

    def _count_lost(self) -> None:
        """Minimise what the rows of a cell's blocks do not hold, class by class."""
        model, needs = self.model, self.problem.needs
        lost = []
        for line, cell in np.argwhere(needs.sum(axis=1) > 0).tolist():
            sources = np.flatnonzero(needs[line, :, cell]).tolist()
            most = int(needs[line, :, cell].sum())
            for q in range(self.classes.number):
                wanted = sum(
                    int(needs[line, s, cell]) * self.of[s, q] for s in sources if (s, q) in self.of
                )
                over = model.new_int_var(0, most, "")
                if self.problem.circuits[cell] > 1:
                    room = sum(self.rows[b, q, line] for b in range(self.chip.blocks))
                    model.add(over >= wanted - room)
                else:
                    for block in range(self.chip.blocks):
                        here = sum(self.at[cell, k, block] for k in self.inner)
                        absent = most * (1 - here)
                        model.add(over >= wanted - self.rows[block, q, line] - absent)
                lost.append(over)
        for source in range(self.problem.cells, self.problem.sources):
            weight = int(needs[:, source].sum())
            unheard = 1 - sum(self.of[source, q] for q in range(self.classes.number))
            lost.append(weight * unheard)
        model.add(sum(lost) >= self.problem.least_loss())
        model.minimize(sum(lost))

    def solve(self, seconds: float) -> Placement | None:
        """Return the best placement found, if there is one."""
        solver = self.cp.CpSolver()
        solver.parameters.num_workers = 1
        solver.parameters.max_deterministic_time = seconds
        if solver.solve(self.model) not in (self.cp.OPTIMAL, self.cp.FEASIBLE):
            return None
        problem = self.problem
        placement = Placement(
            np.full(problem.cells, -1), np.full(problem.cells, -1), np.full(problem.sources, -1)
        )
        for (cell, q, block), variable in self.at.items():
            if solver.boolean_value(variable):
                placement.of_source[cell] = q if self.heard[cell] else -1
                placement.block[cell] = block
                placement.output[cell] = q
        self._choose_outputs(placement)
        for (source, q), variable in self.of.items():
            if source >= problem.cells and solver.boolean_value(variable):
                placement.of_source[source] = q
        return placement

    def _choose_outputs(self, placement: Placement) -> None:
        """Replace classes of cells by outputs with columns left; joined cells come first."""
        free = np.full((self.chip.event_outputs, self.chip.blocks), self.chip.run)
        for cell in np.argsort(-self.problem.circuits, kind="stable").tolist():
            block = int(placement.block[cell])
            wanted = [block in (-1, b) for b in range(self.chip.blocks)]
            able = (self.classes.of_output == placement.output[cell]) & (free >= wanted).all(axis=1)
            placement.output[cell] = int(np.argmax(able * free.sum(axis=1)))
            free[placement.output[cell]] -= wanted
