"""Which driver of a bus takes which class of sources, so that the fewest synapses are lost.

A driver takes a class alone if there is a mask under which its number equals the row-select
addresses of the class and those of no other class of its bus. What a class gains by its next driver
falls with each that it has, so the best choice is an assignment of drivers to the places of classes
(first driver, second driver, …), which is solved exactly.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from scipy.optimize import linear_sum_assignment

from snnc.hardware.crossbar import ROWS_PER_DRIVER, CrossbarChip
from snnc.passes.crossbar.problem import (
    LINES,
    Classes,
    Ints,
    Placement,
    Problem,
    circuits_in,
    demands,
)

_SPARE = 1e-6
"""What a row is worth that nothing needs yet, so that spare rows are spread evenly."""


def selects_of(chip: CrossbarChip, classes: Classes, bus: int) -> dict[int, tuple[int, ...]]:
    """Return the row-select addresses of each class on a bus.

    Circuits choose the low bits of theirs only; the number of their event output is in the others.
    Classes differ in as many bits as can be, so that many drivers can tell them apart.
    """
    free = (1 << chip.free_selects) - 1
    every = (1 << chip.row_select_bits) - 1
    found: dict[int, tuple[int, ...]] = {}
    taken: list[int] = []
    for place, number in enumerate(np.flatnonzero(classes.bus == bus).tolist()):
        low = free * (place % 2)
        fixed = [
            (output << chip.free_selects) & every | low
            for output in np.flatnonzero(classes.of_output == number).tolist()
        ]
        found[number] = tuple(fixed) or (_farthest(taken, every),)
        taken += found[number]
    return found


def _farthest(taken: list[int], every: int) -> int:
    """Return the address that differs most from those taken, in the least bits of any."""
    return max(range(every + 1), key=lambda one: min((one ^ other).bit_count() for other in taken))


@cache
def masks_of(
    selects: tuple[tuple[int, ...], ...], drivers: int
) -> tuple[tuple[int | None, ...], ...]:
    """Return for each class and driver a mask under which the driver takes this class alone.

    Parameters
    ----------
    selects : tuple of tuple of int
        The row-select addresses of each class of a bus.
    drivers : int
        Drivers of the bus; their numbers are compared with the addresses.
    """

    def takes(driver: int, mask: int, addresses: tuple[int, ...]) -> list[bool]:
        return [(driver ^ address) & mask == 0 for address in addresses]

    def mask(number: int, driver: int) -> int | None:
        others = [one for k, one in enumerate(selects) if k != number]
        return next(
            (
                mask
                for mask in range(drivers)
                if all(takes(driver, mask, selects[number]))
                and not any(any(takes(driver, mask, other)) for other in others)
            ),
            None,
        )

    return tuple(
        tuple(mask(number, driver) for driver in range(drivers)) for number in range(len(selects))
    )


def gains(problem: Problem, placement: Placement, block: int) -> np.ndarray:
    """Return what each further row of a block lets in, shape (classes, lines, rows of a bus)."""
    inside = circuits_in(problem, placement)
    total = np.maximum(1, inside.sum(axis=0))
    share = inside[block] / total
    wanted = demands(problem, placement)
    most = problem.chip.drivers * ROWS_PER_DRIVER
    steps = np.arange(most + 1)[:, None] * total
    placed = np.minimum(wanted[:, :, None, :], steps) @ share
    return np.diff(placed, axis=2)


def take_rows(problem: Problem, placement: Placement) -> tuple[Ints, Ints]:
    """Give rows to classes, so that the fewest synapses are lost.

    Returns
    -------
    rows : ndarray of int64, shape (blocks, classes, lines)
        Rows of each class and line.
    takes : ndarray of int64, shape (blocks, buses, drivers)
        The class that each driver takes.
    """
    chip, classes = problem.chip, problem.classes
    rows = np.zeros((chip.blocks, classes.number, LINES), np.int64)
    takes = np.full((chip.blocks, chip.buses, chip.drivers), -1)
    for block in range(chip.blocks):
        worth = gains(problem, placement, block)
        for bus in range(chip.buses):
            selects = selects_of(chip, classes, bus)
            members = list(selects)
            able = masks_of(tuple(selects.values()), chip.drivers)
            assigned = _assign(worth[members], able)
            takes[block, bus] = [members[k] if k >= 0 else -1 for k in assigned]
            for k, member in enumerate(members):
                number = ROWS_PER_DRIVER * assigned.count(k)
                rows[block, member] = _lines(worth[member], number)
    return rows, takes


def _assign(worth: np.ndarray, able: tuple[tuple[int | None, ...], ...]) -> list[int]:
    """Return the class that each driver takes, as a place in `worth`; -1 for none."""
    drivers = len(able[0])
    if len(able) == 1:
        return [0] * drivers
    profit = np.full((drivers, len(able) * drivers), -1.0)
    for k, masks in enumerate(able):
        each = np.sort(worth[k].ravel())[::-1][: ROWS_PER_DRIVER * drivers]
        pairs = each.reshape(drivers, ROWS_PER_DRIVER).sum(axis=1)
        pairs = pairs + _SPARE / (1 + np.arange(drivers))
        allowed = np.array([mask is not None for mask in masks])
        profit[:, k * drivers : (k + 1) * drivers] = np.where(allowed[:, None], pairs, -1.0)
    chosen, places = linear_sum_assignment(profit, maximize=True)
    found = [-1] * drivers
    for driver, place in zip(chosen.tolist(), places.tolist(), strict=True):
        if profit[driver, place] >= 0:
            found[driver] = place // drivers
    return found


def _lines(worth: np.ndarray, number: int) -> list[int]:
    """Divide rows of a class between its lines, by what each row lets in."""
    spare = _SPARE / (1 + np.arange(worth.shape[1]))
    order = np.argsort(-(worth + spare).ravel(), kind="stable")[:number]
    return np.bincount(order // worth.shape[1], minlength=LINES).tolist()
