"""Known differences between simulators that look like errors and are none.

Each is recognised by its trace in the spikes and potentials of a population, and named: what a
simulator does at the edges of a time step is a choice, not a fault.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from snnc.runtime.verify.matching import Matching, steps_between
from snnc.runtime.verify.observation import Observed
from snnc.runtime.verify.potentials import Potentials
from snnc.runtime.verify.statistics import intervals

# A convention holds for every spike; a few near the threshold may fall otherwise.
NEARLY_ALL = 0.98
FEWEST = 5  # spikes or intervals to tell a rule from a coincidence


@dataclass(frozen=True)
class Convention:
    """A known difference.

    Attributes
    ----------
    name : str
        ``"spike time"``, ``"input time"``, ``"refractory rounding"``, ``"reset and input"``, or
        what a target says of itself: ``"solver"``, ``"random numbers"``.
    text : str
        What it is, in words.
    shift : int
        By how many steps the spikes of the second target are later for it.
    """

    name: str
    text: str
    shift: int = 0


def convention_of(
    a: Observed, b: Observed, pairs: Matching, v: Potentials | None, step: float
) -> Convention | None:
    """Return the convention by which two targets differ about a population, if there is one."""
    return (
        _constant_shift(a, b, pairs, v, step)
        or _refractory(a, b, step)
        or _reset_and_input(a, b, pairs, v)
    )


def _constant_shift(
    a: Observed, b: Observed, pairs: Matching, v: Potentials | None, step: float
) -> Convention | None:
    shifts = steps_between(a, b, pairs, step)
    if shifts.size < FEWEST or abs(shift := int(np.median(shifts))) != 1:
        return None
    if np.mean(shifts == shift) < NEARLY_ALL or pairs.fraction < NEARLY_ALL:
        return None
    if v is not None and len(v.a) > 3 and _distance(v, shift) < 0.5 * _distance(v, 0):
        text = "potential and spikes of {b} are one step {late}: its input acts a step {late}"
        return Convention("input time", text.replace("{late}", _late(shift)), shift)
    text = "spikes of {b} are stamped one step {late}: the start of a step for its end"
    return Convention("spike time", text.replace("{late}", _late(shift)), shift)


def _late(shift: int) -> str:
    return "later" if shift > 0 else "earlier"


def _distance(v: Potentials, shift: int) -> float:
    """Return the mean difference of the potentials when `b` is moved back by some samples."""
    inner = slice(1, len(v.a) - 1)
    moved = v.b[1 + shift : len(v.b) - 1 + shift]
    return float(np.nanmean(np.abs(v.a[inner] - moved)))


def _refractory(a: Observed, b: Observed, step: float) -> Convention | None:
    """Recognise intervals that all differ by one step; shifts add up from spike to spike."""
    # Whole periods leave nothing to round.
    if a.refractory is None or np.all(a.refractory / step == np.rint(a.refractory / step)):
        return None
    lengths = [_intervals_by_rank(one) for one in (a, b)]
    _, i, j = np.intersect1d(lengths[0][0], lengths[1][0], return_indices=True)
    if i.size < FEWEST:
        return None
    longer = np.rint((lengths[1][1][j] - lengths[0][1][i]) / step)
    by = int(np.median(longer))
    if abs(by) != 1 or np.mean(longer == by) < 0.9:
        return None
    text = f"intervals of {{b}} are one step {'longer' if by > 0 else 'shorter'}: it rounds the "
    return Convention("refractory rounding", text + "refractory period otherwise", by)


def _intervals_by_rank(one: Observed) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return a number for each interval, made of its cell and of its rank there, and its length."""
    lengths, cells = intervals(one)
    first = np.searchsorted(cells, cells)
    return cells * (one.times.size + 1) + np.arange(cells.size) - first, lengths


def _reset_and_input(
    a: Observed, b: Observed, pairs: Matching, v: Potentials | None
) -> Convention | None:
    """Recognise potentials that part at spikes, by amounts that vary with the input of the step."""
    if v is None:
        return None
    same = a.times[pairs.a] == b.times[pairs.b]
    times, cells = a.times[pairs.a][same], a.cells[pairs.a][same]
    apart = v.b - v.a
    before, after = (v.at(apart, times, cells, n) for n in (1, 0))
    known = np.isfinite(before) & np.isfinite(after)
    if known.sum() < FEWEST:
        return None
    before, after = np.abs(before[known]), np.abs(after[known])
    # A wrong reset parts them by the same amount at every spike.
    if after.mean() < 10.0 * before.mean() + 1e-2 or np.ptp(after) < 0.1 * after.mean():
        return None
    text = (
        f"{{b}} leaves another potential after spikes, by up to {after.max():.3g} mV: it adds the "
        "input of the step before or after the reset"
    )
    return Convention("reset and input", text)
