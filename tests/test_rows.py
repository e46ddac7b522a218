"""Connections in the form that spikes are delivered from: order, values, delays, read-back."""

import tracemalloc
import warnings
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest

from snnc.codegen.artifact import PopulationPlan, ProjectionPlan, SelectionPlan
from snnc.ir.diagnostics import UserError
from snnc.ir.values import DistanceExpression, Random, Space
from snnc.runtime.connectivity import pairs as pairs_module
from snnc.runtime.connectivity import rows as rows_module
from snnc.runtime.connectivity.delays import delay_steps
from snnc.runtime.connectivity.edges import edge_space, estimate, instance
from snnc.runtime.connectivity.locate import Locator, Place
from snnc.runtime.connectivity.rows import build_rows, bundle_weight_form
from snnc.runtime.jit.cache import shared_kernels

ALL = slice(None)
SIZES = {"a": 83, "b": 61, "c": 7, "none": 0}
FIRST = {"a": 0, "b": 100, "c": 200, "none": 300}
ORDINAL = {name: number for number, name in enumerate(SIZES)}
NORMAL = Random("normal", {"mu": 2.0, "sigma": 0.5})
DELAYS = Random("uniform", {"low": 0.3, "high": 1.2})
CLIPPED = {"mu": 1.5, "sigma": 0.75, "low": 0.1, "high": 20.0}


def populations():
    return [
        PopulationPlan(n, n, size, "cell", FIRST[n], ORDINAL[n], {}, {}, (0, size))
        for n, size in SIZES.items()
    ]


def project(connector="fixed_probability", options=None, pre="a", post="b", object_id=9, **more):
    sides = [
        SelectionPlan(((side, ALL),) if isinstance(side, str) else side) for side in (pre, post)
    ]
    values = {
        "weight": 1.0,
        "delay": 1.0,
        "parameters": {},
        "initial": {},
        "space": Space(),
        **more,
    }
    plan = ProjectionPlan(
        name="p",
        object_id=object_id,
        pre=sides[0],
        post=sides[1],
        connector=connector,
        options={"p_connect": 0.3} if options is None else options,
        synapse="static",
        receptor="exc",
        storage="static",
        bundle=0,
        **values,
    )
    return instance(plan, populations(), 1, 0.1, {"weight": 1.0})


def cut(instances, partitions):
    """Return, for each partition, the offsets of the targets of each projection.

    Each partition owns a slice of each population; its accumulator holds one after the other.
    """
    result = []
    for p in range(partitions):
        start, base = {}, 0
        for name, size in SIZES.items():
            low, high = p * size // partitions, (p + 1) * size // partitions
            start[ORDINAL[name]] = (low, high, base)
            base += high - low
        result.append([_offsets(one, start) for one in instances])
    return result


def _offsets(one, start):
    low, high, base = np.array([start[p] for p in one.post.population]).reshape(-1, 3).T
    mine = (one.post.index >= low) & (one.post.index < high)
    return np.where(mine, one.post.index - low + base, -1).astype(np.int32)


def build(instances, partitions=1, sources=("a",), **options):
    """Return the places of a bundle, built in parallel."""

    def one_place(source, offsets):
        size = SIZES[source]
        rows = build_rows(
            shared_kernels(),
            instances,
            ORDINAL[source],
            size,
            offsets,
            accumulator=sum(SIZES.values()),
            **options,
        )
        return Place(ORDINAL[source], size, offsets, rows)

    work = [(s, offsets) for s in sources for offsets in cut(instances, partitions)]
    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(lambda arguments: one_place(*arguments), work))


def decoded(place):
    """Return (cell, delay, target, weight) of each connection in the order of the rows."""
    rows = place.rows
    lengths = np.diff(rows.pointer)
    row = np.repeat(np.arange(len(lengths)), lengths)
    count = len(rows.delays)
    weight = np.broadcast_to(rows.weight, row.shape)
    return np.stack([row // count, rows.delays[row % count], rows.target, weight], axis=1)


def per_target(instances, partitions, sources=("a",), **options):
    """Return for each cell of b and c what arrives, in the order of delivery per population."""
    result = {}
    places = build(instances, partitions, sources, **options)
    for place in places:
        cells = {}
        for one, offsets in zip(instances, place.offsets, strict=True):
            for position in np.flatnonzero(offsets >= 0):
                cells[int(offsets[position])] = int(one.post.gid[position])
        if not place.rows.delays.size:
            continue
        table = decoded(place)
        table = table[np.lexsort((np.arange(len(table)), table[:, 0], table[:, 1]))]
        for cell, delay, target, weight in table:
            key = (cells[int(target)], place.source)
            result.setdefault(key, []).append((delay, cell, weight))
    return result


def bundle():
    return [
        project(weight=NORMAL, delay=DELAYS),
        project(
            "fixed_number_pre", {"n": 5, "with_replacement": True}, weight=NORMAL, object_id=10
        ),
        project("all_to_all", {}, post="c", weight=DistanceExpression("0.5*d"), object_id=11),
        project("fixed_total_number", {"n": 700}, weight=NORMAL, delay=DELAYS, object_id=12),
        project("distance_dependent_probability", {"d_expression": "exp(-d/9)"}, object_id=13),
        project("fixed_number_post", {"n": 70, "with_replacement": True}, object_id=14),
        project("one_to_one", {}, weight=NORMAL, delay=DELAYS, object_id=15),
    ]


def test_targets_get_the_same_in_the_same_order_whatever_the_partition():
    whole = per_target(bundle(), 1)
    assert len(whole) == SIZES["b"] + SIZES["c"]
    for partitions in (2, 3, 7):
        assert per_target(bundle(), partitions) == whole


def test_rows_do_not_depend_on_the_size_of_blocks(monkeypatch):
    whole = per_target(bundle(), 1)
    monkeypatch.setattr("snnc.runtime.connectivity.pairs.BLOCK", 32)
    assert per_target(bundle(), 2) == whole


def test_rows_ascend():
    one = project("fixed_number_post", {"n": 40, "with_replacement": True}, delay=DELAYS)
    (place,) = build([one], weight="scalar")
    rows = place.rows
    assert np.all(np.diff(rows.delays) > 0)
    assert rows.pointer[0] == 0
    assert rows.pointer[-1] == rows.target.size == 40 * SIZES["a"]
    assert rows.pointer.size == SIZES["a"] * rows.delays.size + 1
    for row in range(rows.pointer.size - 1):
        part = rows.target[rows.pointer[row] : rows.pointer[row + 1]].astype(int)
        assert np.all(np.diff(part) >= 0)


def test_projections_follow_in_network_order_within_a_row():
    bundle = [project("all_to_all", {}, weight=w, object_id=int(w)) for w in (3.0, 1.0, 2.0)]
    (place,) = build(bundle)
    weights = place.rows.weight.reshape(SIZES["a"], 3, SIZES["b"])
    assert np.array_equal(np.unique(weights[:, 0]), [3.0])
    assert np.array_equal(np.unique(weights[:, 2]), [2.0])


def test_one_weight_for_all():
    same = [project(weight=2.0), project(weight=2.0, object_id=4)]
    assert bundle_weight_form(same) == "scalar"
    assert bundle_weight_form([*same, project(weight=3.0)]) == "float32"
    assert bundle_weight_form([project(weight=NORMAL)]) == "float32"
    (place,) = build(same, weight="scalar")
    assert place.rows.weight == 2.0


def test_values_are_scaled():
    plan = project().plan
    one = instance(plan, populations(), 1, 0.1, {"weight": 1e-3})
    (place,) = build([one], weight="scalar")
    assert place.rows.weight == 1e-3


@pytest.mark.parametrize("partitions", [1, 3])
def test_read_back_and_change(partitions):
    instances = bundle()
    places = build(instances, partitions, arrays=["weight"])
    locator = Locator(shared_kernels(), instances, places)
    for number, one in enumerate(instances):
        found = locator.edges(number)
        assert locator.edges(number) is found
        key = np.stack([found.pre, found.post, found.ordinal])
        assert np.array_equal(np.lexsort(key[::-1]), np.arange(found.pre.size))
        for ordinal, place in enumerate(places):
            here = found.place == ordinal
            slots = found.slot[here]
            assert np.array_equal(place.rows.target[slots], place.offsets[number][found.post[here]])
            row = np.searchsorted(place.rows.pointer, slots, "right") - 1
            cell, rank = np.divmod(row, place.rows.delays.size)
            assert np.array_equal(cell, one.pre.index[found.pre[here]])
            assert np.array_equal(place.rows.delays[rank], found.delay[here])
        weights = [place.rows.weight for place in places]
        assert np.array_equal(
            found.gather(weights),
            found.gather([place.rows.arrays["weight"] for place in places]).astype(np.float32),
        )
        found.scatter(weights, np.arange(found.pre.size))
        assert np.array_equal(found.gather(weights), np.arange(found.pre.size))
    total = sum(locator.edges(n).pre.size for n in range(len(instances)))
    assert total == sum(place.rows.target.size for place in places)


def test_weights_belong_to_their_connections():
    matrix = np.random.default_rng(1).random((SIZES["a"], SIZES["b"]))
    one = project(weight=matrix, delay=np.round(matrix * 5 + 1, 1))
    places = build([one], 3)
    found = Locator(shared_kernels(), [one], places).edges(0)
    weights = found.gather([place.rows.weight for place in places])
    assert np.array_equal(weights, matrix[found.pre, found.post].astype(np.float32))
    assert np.array_equal(
        found.delay, np.rint(10 * np.round(matrix * 5 + 1, 1))[found.pre, found.post]
    )


def test_values_of_a_list_keep_to_their_entries():
    generator = np.random.default_rng(2)
    pre, post = generator.integers(0, SIZES["a"], 500), generator.integers(0, SIZES["b"], 500)
    weight = np.arange(500.0)
    one = project("from_list", {"pre": pre, "post": post}, weight=weight, delay=weight * 0.1 + 0.1)
    places = build([one], 2)
    found = Locator(shared_kernels(), [one], places).edges(0)
    entry = found.gather([place.rows.weight for place in places]).astype(int)
    assert np.array_equal(np.sort(entry), np.arange(500))
    assert np.array_equal(pre[entry], found.pre)
    assert np.array_equal(post[entry], found.post)
    assert np.array_equal(found.delay, entry + 1)
    # Connections of the same two cells keep the order of the list.
    same = (np.diff(found.pre) == 0) & (np.diff(found.post) == 0)
    assert same.any()
    assert np.all(np.diff(entry)[same] > 0)


def test_random_weights_differ_between_parallel_connections():
    one = project("fixed_total_number", {"n": 20000}, weight=NORMAL)
    (place,) = build([one])
    assert np.unique(place.rows.weight).size > 19800
    assert place.rows.weight.mean() == pytest.approx(2.0, abs=0.02)
    assert place.rows.weight.std() == pytest.approx(0.5, abs=0.02)


def test_weights_by_distance():
    one = project(weight=DistanceExpression("1+d"))
    (place,) = build([one])
    found = Locator(shared_kernels(), [one], [place]).edges(0)
    expected = 1 + np.abs(one.pre.position[0][found.pre] - one.post.position[0][found.post])
    assert np.array_equal(found.gather([place.rows.weight]), expected)


def test_edge_arrays():
    values = {"U": 0.5, "tau_rec": NORMAL}
    one = project(weight=NORMAL, parameters=values, initial={"u": 0.25})
    (place,) = build([one], weight=None, arrays=["weight", "U", "tau_rec", "u"], dtype=np.float32)
    rows = place.rows
    assert rows.weight is None
    assert {array.dtype for array in rows.arrays.values()} == {np.dtype(np.float32)}
    assert np.all(rows.arrays["U"] == 0.5)
    assert np.all(rows.arrays["u"] == 0.25)
    assert not np.array_equal(rows.arrays["tau_rec"], rows.arrays["weight"])


def test_views_and_assemblies():
    pre = (("b", np.array([5, 3, 60])), ("a", slice(10, 0, -3)))
    post = (("c", ALL), ("a", np.array([82, 0])))
    whole = project("all_to_all", {}, pre=pre, post=post, weight=NORMAL)
    assert list(whole.pre.index) == [5, 3, 60, 10, 7, 4, 1]
    assert list(whole.pre.gid) == [105, 103, 160, 10, 7, 4, 1]
    assert list(whole.pre.population) == [1, 1, 1, 0, 0, 0, 0]
    places = build([whole], 3, sources=("a", "b", "c"))
    found = Locator(shared_kernels(), [whole], places).edges(0)
    assert np.array_equal(found.pre, np.repeat(np.arange(7), 9))
    assert np.array_equal(found.post, np.tile(np.arange(9), 7))
    assert sum(p.rows.target.size for p in places) == 63
    # A random value belongs to the two cells, whatever view they are seen through.
    single = project("all_to_all", {}, pre=(("a", np.array([4])),), post="c", weight=NORMAL)
    (place,) = build([single])
    weights = found.gather([p.rows.weight for p in places])
    assert np.array_equal(place.rows.weight, weights[(found.pre == 5) & (found.post < 7)])


def test_empty_sides():
    for pre, post in (("none", "b"), ("a", "none"), ((), "b")):
        one = project("all_to_all", {}, pre=pre, post=post)
        for place in build([one], 2, sources=("a", "none")):
            assert place.rows.target.size == 0
            assert list(place.rows.pointer) == [0]
            assert place.rows.delays.size == 0


def test_wide_accumulators_have_wide_targets():
    one = project("one_to_one", {})
    offsets = [np.arange(SIZES["b"], dtype=np.int32) + 70000]
    rows = build_rows(shared_kernels(), [one], 0, SIZES["a"], offsets, accumulator=80000)
    assert rows.target.dtype == np.uint32
    assert np.array_equal(rows.target, offsets[0])


def test_positions_default_to_a_line():
    space = edge_space(SelectionPlan((("b", slice(2, 5)),)), populations())
    assert np.array_equal(space.position, [[2, 3, 4], [0, 0, 0], [0, 0, 0]])


@pytest.mark.parametrize(
    ("delay", "dt", "steps"),
    [
        (0.14, 0.1, 1),
        (0.15, 0.1, 2),
        (0.25, 0.1, 3),
        (1.0, 0.1, 10),
        (0.05, 0.1, 1),
        (0.3, 0.1, 3),
        (100.0, 0.1, 1000),
        (2.5, 1.0, 3),
    ],
)
def test_delays_round_half_up(delay, dt, steps):
    assert delay_steps(delay, dt, "p") == steps
    assert delay_steps([delay, delay], dt, "p").tolist() == [steps, steps]


@pytest.mark.parametrize("delay", [0.04, 0.0, -1.0, float("nan"), float("inf"), 1e12])
def test_impossible_delays_are_refused(delay):
    with pytest.raises(UserError, match=r"projection 'p'.*found .* ms, expected 0\.05 ms"):
        project(delay=delay)
    array = np.full((SIZES["a"], SIZES["b"]), delay)
    with pytest.raises(UserError, match="projection 'p'"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        build([project(delay=array)])


def test_impossible_drawn_delays_are_refused():
    with pytest.raises(UserError, match="projection 'p': impossible delay"):
        build([project(delay=Random("normal", {"mu": 0.1, "sigma": 1.0}))])


@pytest.mark.parametrize("longest", [255, 256, 65_535, 65_536])
def test_delays_of_any_length_stay_with_their_connections(longest):
    steps = np.resize([longest, 1, 3, longest - 1], (83, 7))
    (place,) = build([project("all_to_all", {}, post="c", delay=0.1 * steps)])
    cell, delay, target, _ = decoded(place).astype(int).T
    assert sorted(place.rows.delays) == [1, 3, longest - 1, longest]
    np.testing.assert_array_equal(delay, steps[cell, target - target.min()])


def test_delays_off_the_grid_warn_once():
    with pytest.warns(UserWarning, match="found 0.14 ms") as caught:
        build([project(delay=0.14)], 3)
    assert len(caught) == 1
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        build([project(delay=DELAYS), project(delay=0.3), project(delay=0.7)], 2)


def test_bad_values_are_refused():
    holes = np.full((SIZES["a"], SIZES["b"]), np.nan)
    with pytest.raises(UserError, match="'weight' is not a number"):
        build([project(weight=holes)])
    with pytest.raises(
        UserError, match=r"wrong shape of 'weight'; found \(3,\), expected \(83, 61\)"
    ):
        build([project(weight=np.ones(3))])
    with pytest.raises(UserError, match=r"expected \(83, 61\) or \(2,\)"):
        build([project("from_list", {"pre": [0, 1], "post": [0, 1]}, weight=np.ones(3))])


def test_the_estimate_covers_the_rows_and_is_not_far_above():
    one = project("all_to_all", {})
    needed = estimate(shared_kernels(), [one], weight="float32")
    (place,) = build([one])
    assert place.rows.nbytes <= needed <= 3 * place.rows.nbytes


SEVERAL = (("b", ALL), ("a", np.array([3, 9, 12, 40])))
SOME = (("a", np.array([1, 2, 5, 60, 82])),)
BACKWARDS = (("a", np.array([60, 5, 1])),)


@pytest.mark.parametrize("pre", ["a", SOME, BACKWARDS, SEVERAL], ids=["all", "some", "back", "two"])
@pytest.mark.parametrize(
    ("connector", "options"),
    [
        ("fixed_probability", {"p_connect": 0.3}),
        ("fixed_total_number", {"n": 500}),
        ("fixed_number_post", {"n": 9}),
        ("fixed_number_pre", {"n": 9, "with_replacement": True}),
        ("all_to_all", {}),
        ("from_list", {"pre": np.array([2, 0, 2, 1]), "post": np.array([5, 6, 1, 6])}),
        ("distance_dependent_probability", {"d_expression": DistanceExpression("exp(-d/50.0)")}),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_pairs_that_come_in_the_order_of_rows_are_not_counted_before(connector, options, pre):
    more = {
        "pre": pre,
        "weight": NORMAL,
        "parameters": {"tau": Random("normal", {"mu": 1.0, "sigma": 1.0})},
    }
    known = project(connector, options, delay=0.7, **more)
    # Delays given one by one might differ, whatever they are.
    each = np.full((known.pre.size, known.post.size), 0.7)
    counted = project(connector, options, delay=each, **more)
    random = np.random.default_rng(1)
    scattered = [
        replace(plan, positions=random.uniform(0.0, 200.0, (3, plan.size)))
        for plan in populations()
    ]
    both = [instance(one.plan, scattered, 1, 0.1, {"weight": 1.0}) for one in (known, counted)]
    pairs = zip(*(build([one], 3, arrays=["tau"]) for one in both), strict=True)
    for one, other in ((a.rows, b.rows) for a, b in pairs):
        for name in ("delays", "pointer", "target", "weight"):
            np.testing.assert_array_equal(getattr(one, name), getattr(other, name))
        assert one.target.dtype == other.target.dtype
        np.testing.assert_array_equal(one.arrays["tau"], other.arrays["tau"])


@pytest.mark.parametrize("block", [1 << 16, 1 << 6], ids=["whole", "windows"])
def test_bundles_of_ascending_pairs_are_listed_once_and_yield_the_same(block, monkeypatch):
    for module in (rows_module, pairs_module):
        monkeypatch.setattr(module, "BLOCK", block)
    monkeypatch.setattr(pairs_module, "_SMALLEST", 8)
    more = {"weight": NORMAL, "delay": DELAYS}
    ascending = [
        project("fixed_total_number", {"n": 700}, **more),
        project("fixed_probability", {"p_connect": 0.4}, object_id=10, **more),
        project("fixed_number_post", {"n": 70, "with_replacement": True}, object_id=11),
        project("from_list", {"pre": [82, 0, 40, 40], "post": [5, 6, 1, 6]}, object_id=12, **more),
        project("one_to_one", {}, object_id=13, weight=NORMAL),
        project("all_to_all", {}, post="none", object_id=14),
    ]
    # One whose rows are postsynaptic cells has all counted before any is placed.
    counted = project("fixed_number_pre", {"n": 0}, object_id=15)
    both = zip(build(ascending, 3), build([*ascending, counted], 3), strict=True)
    for one, other in ((a.rows, b.rows) for a, b in both):
        assert one.size > 1000
        for name in ("delays", "pointer", "target", "weight"):
            np.testing.assert_array_equal(getattr(one, name), getattr(other, name))


@pytest.mark.parametrize("delays", [1.5, Random("normal_clipped", CLIPPED)], ids=["one", "many"])
@pytest.mark.parametrize("connector", ["fixed_probability", "fixed_total_number"])
def test_building_needs_little_more_memory_than_what_is_built(connector, delays):
    sizes = [PopulationPlan("a", "a", 4000, "cell", 0, 0, {}, {}, (0, 4000))]
    some = {"fixed_probability": {"p_connect": 0.15}, "fixed_total_number": {"n": 2_400_000}}
    every = SelectionPlan((("a", ALL),))
    plan = ProjectionPlan(
        "p", 1, every, every, connector, some[connector], "static", "exc", NORMAL, delays, {}, {},
        Space(), "float32", 0,
    )  # fmt: skip
    offsets = [np.arange(4000, dtype=np.int32)]

    def rows():
        one = instance(plan, sizes, 1, 0.1)
        return build_rows(shared_kernels(), [one], 0, 4000, offsets, accumulator=4000)

    rows()  # loads kernels
    tracemalloc.start()
    made = rows()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert made.target.size == pytest.approx(2_400_000, rel=0.01)
    # Blocks and windows are of constant size.
    assert peak < 1.2 * made.nbytes + (4 << 20)
