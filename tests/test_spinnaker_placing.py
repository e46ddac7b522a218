"""Where cores are put on SpiNNaker: what a placement costs, how it is improved, how good it is."""

from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from modular_networks import mapped, modular
from scipy.sparse.csgraph import minimum_spanning_tree

from snnc.codegen.spinnaker import generate
from snnc.hardware.spinnaker import BOARD, distance
from snnc.ir.diagnostics import OptionError
from snnc.passes.spinnaker.annealing import Annealing
from snnc.passes.spinnaker.placement import Moves, Placement
from snnc.passes.spinnaker.spanning import Room, Spanning, links_used
from snnc.passes.spinnaker.units import Units

CHIPS = BOARD[:12]
ROOM = Room(np.array([[distance(a, b) for b in CHIPS] for a in CHIPS]), np.full(12, 9), 1000)


def some_units(seed: int, number: int = 30, bundles: int = 20) -> Units:
    rng = np.random.default_rng(seed)
    targets = rng.random((bundles, number)) < rng.choice([0.1, 0.3, 0.6], (bundles, 1))
    return Units(
        [[f"core{k}"] for k in range(number)],
        rng.integers(1, 4, number),
        rng.integers(0, 100, number),
        rng.integers(number, size=bundles),
        targets[rng.integers(bundles, size=bundles)],
        rng.integers(1, 50, bundles).astype(float),
    )


def evenly(units: Units) -> np.ndarray:
    return np.arange(len(units.sizes)) % len(CHIPS)


@given(st.integers(0, 1000))
@settings(deadline=None, max_examples=25)
def test_links_are_those_of_minimum_spanning_trees(seed):
    rng = np.random.default_rng(seed)
    reached, sources = rng.random((6, 12)) < 0.4, rng.integers(12, size=6)
    found = Spanning(ROOM.distances).links(reached, sources)
    for row, source, links in zip(reached, sources, found, strict=True):
        chips = sorted({*np.flatnonzero(row).tolist(), int(source)})
        tree = minimum_spanning_tree(ROOM.distances[np.ix_(chips, chips)])
        assert links == pytest.approx(tree.sum())


@given(st.integers(0, 1000))
@settings(deadline=None, max_examples=25)
def test_a_trial_says_what_a_move_changes(seed):
    units, rng = some_units(seed), np.random.default_rng(seed)
    placement = Placement(units, ROOM, evenly(units), crowding=0.5)
    for kind in rng.integers(3, size=6):
        unit, other = rng.choice(30, 2, replace=False)
        a, b = (int(one) for one in rng.choice(12, 2, replace=False))
        if kind > 0:
            a = int(placement.chips[unit])
            b = int(placement.chips[other]) if kind > 1 else b
        if a == b:
            continue
        numbers = (-1 if kind == 0 else unit, other if kind > 1 else -1, a, b)
        trial = placement.trial(Moves(*(np.array([one, one]) for one in numbers)))
        before = placement.cost
        placement.accept(trial, 1)
        assert placement.cost - before == pytest.approx(trial.change[1], abs=1e-4 * before)
        assert placement.links == pytest.approx(links_used(units, ROOM, placement.chips))
        assert placement.cores.tolist() == np.bincount(placement.chips, units.sizes, 12).tolist()


def test_annealing_saves_links_keeps_to_the_room_and_repeats_itself():
    units = some_units(3)
    first = evenly(units)
    found = Annealing(units, ROOM, first, seed=2).run()
    assert links_used(units, ROOM, found) < 0.8 * links_used(units, ROOM, first)
    assert (np.bincount(found, units.sizes, 12) <= ROOM.cores).all()
    assert (np.bincount(found, units.sdram, 12) <= ROOM.sdram).all()
    assert np.array_equal(found, Annealing(units, ROOM, first, seed=2).run())


def heard(units: Units, chips: np.ndarray) -> list[int]:
    """Return how many different packets come to each chip: those with the same aims are one."""
    found: list[set[bytes]] = [set() for _ in CHIPS]
    for source, aims in zip(units.sources, units.targets, strict=True):
        for chip in {int(chips[source]), *chips[aims].tolist()}:
            found[chip].add(aims.tobytes())
    return [len(one) for one in found]


def test_crowding_keeps_packets_from_meeting_on_one_chip():
    units = some_units(5)
    most = [max(heard(units, Annealing(units, ROOM, evenly(units), 1, share).run()))
            for share in (0.0, 3.0)]  # fmt: skip
    assert most[1] < most[0]
    with pytest.raises(OptionError, match="crowding of 'place-cores' is not negative; found -1"):
        mapped(modular([10], []), pipeline="partition-cores,place-cores{crowding=-1.0}")


def test_forty_populations_take_few_links_and_no_chip_has_a_long_table():
    """PACMAN's placer, router and pair compression: 182,604 links, 322 entries, 26 of a chip."""
    rng = random.Random(1)
    sizes = [rng.choice([64, 200, 500, 1000]) for _ in range(40)]
    edges = [(i, j) for i in range(40) for j in range(40) if rng.random() < 0.15]
    artifact = generate(mapped(modular(sizes, edges), "cells=63"))
    cells = {one.name: one.size for one in artifact.slices}
    links = sum(len(tree.links) * sum(cells[name] for name in tree.slices)
                for tree in artifact.trees)  # fmt: skip
    entries = [len(table) for table in artifact.tables.values()]
    assert links <= 0.55 * 182_604
    assert sum(entries) <= 259
    assert max(entries) <= 26
