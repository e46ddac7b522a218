"""Matching of spikes, statistics and potentials, against their definitions written plainly."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array
from scipy.sparse.csgraph import maximum_bipartite_matching

from snnc.runtime.engine.traces import Trace
from snnc.runtime.verify.matching import match, steps_between
from snnc.runtime.verify.observation import Observed
from snnc.runtime.verify.potentials import both, difference, margin
from snnc.runtime.verify.statistics import statistics

DT = 0.1
CELLS = 3


def observed(trains, trace=None, threshold=None) -> Observed:
    """Return cells with spikes at steps of 0.1 ms."""
    times = np.concatenate([np.sort(np.asarray(t, float)) * DT for t in trains])
    cells = np.repeat(np.arange(len(trains)), [len(t) for t in trains])
    return Observed(len(trains), times, cells, trace, threshold)


trains = st.lists(st.lists(st.integers(0, 30), max_size=12), min_size=CELLS, max_size=CELLS)


@settings(deadline=None, max_examples=150)
@given(trains, trains, st.integers(0, 3))
def test_as_many_pairs_as_there_can_be(first, second, steps):
    a, b = observed(first), observed(second)
    found = match(a, b, steps * DT if steps else 0.5 * DT)
    assert np.array_equal(a.cells[found.a], b.cells[found.b])
    assert np.abs(steps_between(a, b, found, DT)).max(initial=0) <= steps
    for side, alone, one in ((found.a, found.alone_a, a), (found.b, found.alone_b, b)):
        assert np.array_equal(np.sort(np.concatenate((side, alone))), np.arange(one.times.size))
    lag = np.rint((b.times[None, :] - a.times[:, None]) / DT)
    close = (np.abs(lag) <= steps) & (a.cells[:, None] == b.cells[None, :])
    most = int((maximum_bipartite_matching(csr_array(close)) >= 0).sum()) if close.any() else 0
    assert found.a.size == most
    longer = max(a.times.size, b.times.size)
    assert found.fraction == (most / longer if longer else 1.0)


def test_statistics_are_those_of_the_definitions():
    rng = np.random.default_rng(3)
    one = observed([rng.integers(0, 5000, n) for n in (40, 25, 1, 0, 60)])
    found = statistics(one, 500.0)
    own = [one.times[one.cells == cell] for cell in range(5)]
    assert found.rate == pytest.approx(126 / 5 / 0.5)
    gaps = [np.diff(times) for times in own if times.size > 2]
    assert found.cv == pytest.approx(np.mean([g.std() / g.mean() for g in gaps]))
    counts = [np.histogram(times, np.arange(0.0, 505.0, 5.0))[0] for times in own if times.size]
    matrix = np.corrcoef(counts)
    assert found.correlation == pytest.approx(matrix[np.triu_indices(4, 1)].mean())


def test_statistics_of_silence_are_unknown_but_the_rate():
    found = statistics(observed([[], []]), 100.0)
    assert found.rate == 0.0
    assert np.isnan([found.cv, found.correlation]).all()


def trace(values, interval=DT, index=(0, 2)) -> Trace:
    return Trace(0.0, interval, np.array(index), np.asarray(values, float))


def test_potentials_are_compared_outside_spikes_until_cells_differ():
    first = np.zeros((11, 2))
    second = np.full((11, 2), 0.5)
    second[3:6, 0] = 100.0  # the spike of cell 0 at step 4, and a sample on either side
    second[8:, 1] = 100.0  # after what `until` says of cell 2
    a = observed([[4], [9], []], trace(first))
    b = observed([[4], [], []], trace(second))
    v = both(a, b)
    assert v is not None
    assert difference(v, a, b, np.array([9.0, 9.0, 0.75])) == pytest.approx(0.5)
    assert np.isnan(difference(v, a, b, np.zeros(3)))


def test_potentials_are_compared_on_the_common_grid():
    a = observed([[], [], []], trace(np.arange(6.0)[:, None], 0.1, [1]))
    b = observed([[], [], []], trace(np.arange(11.0)[:, None] / 2 + [0, 1, 2], 0.05, [0, 1, 2]))
    v = both(a, b)
    assert v is not None
    assert (v.step, v.cells.tolist()) == (0.1, [1])
    assert np.allclose(v.b - v.a, 1.0)
    assert both(a, observed([[], [], []])) is None
    odd = observed([[], [], []], trace(np.zeros((4, 2)), 0.15))
    assert both(a, odd) is None


def test_margins_are_those_of_the_silent_cells():
    values = np.array([[-52.0, -60.0], [-50.5, -60.0], [-50.2, -60.0], [-51.0, -60.0]])
    one = observed([[], [], []], trace(values), np.full(3, -50.0))
    v = both(one, one)
    assert v is not None
    times, cells = np.array([0.1, 0.3, 0.1]), np.array([0, 2, 1])
    found = margin(v, v.a, times, cells, one)
    assert found[:2] == pytest.approx([-0.2, -10.0])
    assert np.isnan(found[2])  # not recorded
    unknown = observed([[], [], []], trace(values))
    assert np.isnan(margin(v, v.a, times, cells, unknown)).all()
