"""Projections of a bundle are shared out where short offsets do not reach all of their targets."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import snnc.pynn as sim
from snnc.codegen.accumulator import Accumulator, tiles
from snnc.hardware.cpu import CPU

REACH = CPU.short_offset_reach


def accumulators(sizes: list[int], threads: int = 1) -> list[Accumulator]:
    """Return the accumulators of populations P0, P1, ... with one receptor each."""
    populations: Any = [
        SimpleNamespace(
            name=f"P{n}", cell="cell", bounds=[size * p // threads for p in range(threads + 1)]
        )
        for n, size in enumerate(sizes)
    ]
    cells: Any = {"cell": SimpleNamespace(receptors=["exc"], current=None)}
    return [Accumulator(populations, cells, p) for p in range(threads)]


def reached(*targets: list[int]) -> dict[str, list[tuple[str, str]]]:
    return {f"p{n}": [(f"P{k}", "exc") for k in each] for n, each in enumerate(targets)}


def found(sizes: list[int], *targets: list[int], threads: int = 1) -> list[tuple[int, str]]:
    shared = tiles(accumulators(sizes, threads), reached(*targets))
    return [(tile.number, tile.offsets) for tile in shared.values()]


def test_one_tile_where_short_offsets_reach_all():
    assert found([30_000, 30_000], [0], [1], [0, 1]) == [(0, "u16")] * 3
    assert found([60_000, 60_000], [0], [1], threads=2) == [(0, "u16")] * 2


def test_neighbours_share_a_tile_whatever_the_order_of_the_projections():
    sizes = [30_000, 30_000, 30_000, 30_000]
    assert found(sizes, [3], [0], [2], [1], [0]) == [
        (1, "u16"), (0, "u16"), (1, "u16"), (0, "u16"), (0, "u16"),
    ]  # fmt: skip


def test_projections_onto_the_same_cells_stay_together():
    assert found([40_000, 40_000], [0], [0, 1], [1]) == [(0, "u32")] * 3


def test_one_that_reaches_too_far_leaves_the_others_short_offsets():
    assert found([40_000, 70_000, 40_000], [0], [1], [2]) == [(0, "u16"), (1, "u32"), (2, "u16")]


def test_more_than_a_few_tiles_are_none():
    assert found([50_000] * 4, [0], [1], [2], [3])[-1] == (3, "u16")
    assert found([50_000] * 5, [0], [1], [2], [3], [4]) == [(0, "u32")] * 5


@given(
    sizes=st.lists(st.integers(1, 90_000), min_size=1, max_size=6),
    threads=st.integers(1, 3),
    data=st.data(),
)
def test_offsets_reach_and_cells_have_one_tile(sizes: list[int], threads: int, data):
    populations = st.lists(st.integers(0, len(sizes) - 1), min_size=1, max_size=3, unique=True)
    projections = reached(*data.draw(st.lists(populations, min_size=1, max_size=8)))
    every = accumulators(sizes, threads)
    tile_of: dict[tuple[str, str], int] = {}
    members: dict[int, set[tuple[str, str]]] = {}
    shared = tiles(every, projections)
    for name, segments in projections.items():
        number = shared[name].number
        assert {tile_of.setdefault(segment, number) for segment in segments} == {number}
        members.setdefault(number, set()).update(segments)
    for name in projections:
        if shared[name].offsets == "u16":
            assert all(one.span(members[shared[name].number]) <= REACH for one in every)


def spikes(threads: int, precision: str) -> tuple[np.ndarray, set[str]]:
    """Run two populations that short offsets reach one at a time, unless threads share them."""
    sim.setup(timestep=0.1, rng_seed=2, threads=threads, precision=precision)
    cells = [sim.Population(40_000, sim.IF_curr_exp(i_offset=1.2)) for _ in range(2)]
    for population in cells:
        population.initialize(v=sim.RandomDistribution("uniform", low=-65.0, high=-50.0))
        population[::40].record("spikes")
    synapse = sim.StaticSynapse(
        weight=sim.RandomDistribution("uniform", low=0.0, high=0.5),
        delay=sim.RandomDistribution("uniform", low=0.1, high=1.0),
    )
    for pre, post in ((0, 0), (1, 0), (1, 1), (0, 1)):
        connector = sim.FixedNumberPostConnector(10)
        sim.Projection(cells[pre], cells[post], connector, synapse)
    sim.run(30.0)
    trains = [t for p in cells for t in p[::40].get_data().segments[0].spiketrains]
    simulation = sim.session.current().existing
    types = {str(part.rows.target.dtype) for b in simulation._wiring.bundles for part in b.parts}
    times = [np.asarray(train) + 1000.0 * n for n, train in enumerate(trains)]
    return np.concatenate(times), types


@pytest.mark.parametrize("precision", ["f64", "packed"])
def test_spikes_are_the_same_bit_by_bit(precision: str):
    one, short = spikes(1, precision)
    two, also_short = spikes(2, precision)
    assert short == also_short == {"uint16"}
    assert one.size > 500
    np.testing.assert_array_equal(one, two)
