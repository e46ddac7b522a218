"""Which pairs of cells connectors make: counts, probabilities, rules, independent of threads."""

import itertools

import numpy as np
import pytest
from scipy import stats

from snnc.codegen.artifact import PopulationPlan, ProjectionPlan, SelectionPlan
from snnc.codegen.connectors.base import find_connector
from snnc.ir.diagnostics import OptionError, UserError
from snnc.ir.registry import CONNECTORS
from snnc.ir.values import DistanceExpression, Random, Space
from snnc.runtime.connectivity.edges import instance
from snnc.runtime.connectivity.pairs import Pairs
from snnc.runtime.connectivity.splitting import split_draws
from snnc.runtime.jit.cache import shared_kernels

ALL = slice(None)


def population(name, size, first=0, positions=None):
    return PopulationPlan(name, name, size, "cell", first, 1, {}, {}, (0, size), positions)


def project(
    connector,
    options=None,
    sizes=(100, 120),
    pre=(("a", ALL),),
    post=(("b", ALL),),
    positions=(None, None),
    space=None,
    seed=1,
    object_id=9,
):
    populations = [
        population("a", sizes[0], 0, positions[0]),
        population("b", sizes[1], sizes[0], positions[1]),
    ]
    plan = ProjectionPlan(
        "p",
        object_id,
        SelectionPlan(pre),
        SelectionPlan(post),
        connector,
        options or {},
        "static",
        "exc",
        1.0,
        1.0,
        {},
        {},
        space or Space(),
        "static",
        0,
    )
    return instance(plan, populations, seed, 0.1)


def pairs(one, mine=None):
    """Return (pre, post, ordinal) of all pairs as rows of an array, in the order of listing."""
    wanted = np.arange(one.post.size, dtype=np.int32)
    if mine is not None:
        wanted[~mine] = -1
    parts = []
    for source in np.unique(one.pre.population):
        for block in Pairs(shared_kernels(), one, one.cells_of(source), wanted):
            parts.append(np.stack([block.pre, block.post, block.ordinal], axis=1))
    return np.concatenate(parts) if parts else np.empty((0, 3), np.int32)


def matrix(one):
    found = pairs(one)
    result = np.zeros((one.pre.size, one.post.size), int)
    np.add.at(result, (found[:, 0], found[:, 1]), 1)
    return result


RANDOM = [
    ("fixed_probability", {"p_connect": 0.2}),
    ("distance_dependent_probability", {"d_expression": "0.7*exp(-d/40)"}),
    ("fixed_number_pre", {"n": 7}),
    ("fixed_number_post", {"n": 7}),
    ("fixed_number_post", {"n": 150}),
    ("fixed_number_pre", {"n": 9, "with_replacement": True}),
    ("fixed_total_number", {"n": 333}),
]
SETTLED = [
    ("all_to_all", {}),
    ("one_to_one", {}),
    ("from_list", {"pre": [3, 0, 3, 3], "post": [1, 5, 1, 0]}),
]


@pytest.mark.parametrize(("connector", "options"), RANDOM + SETTLED)
def test_pairs_do_not_depend_on_the_partition(connector, options):
    one = project(connector, options, sizes=(83, 101))
    whole = pairs(one)
    assert len(whole)
    for partitions in (2, 3, 7):
        bounds = np.linspace(0, 101, partitions + 1).astype(int)
        place = np.arange(101)
        parts = [
            pairs(one, (place >= low) & (place < high)) for low, high in itertools.pairwise(bounds)
        ]
        joined = np.concatenate(parts)
        assert {tuple(p) for p in joined} == {tuple(p) for p in whole}
        assert len(joined) == len(whole)


@pytest.mark.parametrize(("connector", "options"), RANDOM + SETTLED)
def test_pairs_of_each_cell_ascend(connector, options):
    found = pairs(project(connector, options))
    for cell in range(100):
        own = found[found[:, 0] == cell, 1:]
        assert np.array_equal(own, own[np.lexsort((own[:, 1], own[:, 0]))])
    keys = {tuple(p) for p in found}
    assert len(keys) == len(found)


@pytest.mark.parametrize(("connector", "options"), RANDOM)
def test_draws_depend_on_seed_and_object_only(connector, options):
    first = pairs(project(connector, options))
    assert np.array_equal(first, pairs(project(connector, options)))
    assert not np.array_equal(first, pairs(project(connector, options, seed=2)))
    assert not np.array_equal(first, pairs(project(connector, options, object_id=10)))
    assert not np.array_equal(first, pairs(project(connector, {**options, "seed": 5})))


@pytest.mark.parametrize("size", [1, 2, 3])
@pytest.mark.parametrize("connector", CONNECTORS.names())
def test_small_and_empty_populations(connector, size):
    options = {
        "fixed_probability": {"p_connect": 1.0},
        "distance_dependent_probability": {"d_expression": "d < 1e9"},
        "fixed_number_pre": {"n": size},
        "fixed_number_post": {"n": size},
        "fixed_total_number": {"n": size * size, "with_replacement": False},
        "from_list": {"pre": np.repeat(range(size), size), "post": list(range(size)) * size},
        "array": {"array": np.ones((size, size))},
    }.get(connector, {})
    expected = np.eye(size) if connector == "one_to_one" else np.ones((size, size))
    assert np.array_equal(matrix(project(connector, options, sizes=(size, size))), expected)
    if connector not in ("array", "from_list", "fixed_number_pre", "fixed_total_number"):
        nothing = options if connector != "fixed_number_post" else {"n": 0}
        assert not len(pairs(project(connector, nothing, sizes=(size, 0))))
    if connector not in ("array", "from_list", "fixed_number_post", "fixed_total_number"):
        nothing = options if connector != "fixed_number_pre" else {"n": 0}
        assert not len(pairs(project(connector, nothing, sizes=(0, size))))


@pytest.mark.parametrize("p", [0.001, 0.02, 0.5, 0.97])
def test_fixed_probability_is_binomial(p):
    # 5 blocks of a row at p = 0.02
    found = matrix(project("fixed_probability", {"p_connect": p}, sizes=(400, 14000)))
    assert found.max() <= 1
    for axis, trials in ((1, 14000), (0, 400)):
        counts = found.sum(axis=axis)
        z = (counts - trials * p) / np.sqrt(trials * p * (1 - p))
        assert abs(z.mean()) * np.sqrt(len(z)) < 4
        assert abs((z**2).mean() - 1) < 5 * np.sqrt(2 / len(z)) + 0.02
    both = (found[:, 1:] & found[:, :-1]).mean()
    assert both == pytest.approx(p * p, abs=5 * p / np.sqrt(found.size))


@pytest.mark.parametrize(("p", "expected"), [(0.0, 0), (1.0, 12000), (3.0, 12000), (1e-300, 0)])
def test_certain_probabilities(p, expected):
    assert len(pairs(project("fixed_probability", {"p_connect": p}))) == expected


@pytest.mark.parametrize(
    ("connector", "options"),
    [o for o in RANDOM if o[1].get("n") != 150] + [("all_to_all", {})],
)
def test_no_cell_connects_to_itself(connector, options):
    view = np.arange(99, -1, -2)
    one = project(
        connector,
        {**options, "allow_self_connections": False},
        post=(("a", view), ("b", slice(0, 30))),
    )
    found = pairs(one)
    assert len(found)
    assert not np.any(one.pre.gid[found[:, 0]] == one.post.gid[found[:, 1]])
    allowed = project(connector, options, post=(("a", view), ("b", slice(0, 30))))
    everything = pairs(allowed)
    assert np.any(allowed.pre.gid[everything[:, 0]] == allowed.post.gid[everything[:, 1]])


@pytest.mark.parametrize(
    ("connector", "options"),
    [
        ("all_to_all", {}),
        ("fixed_probability", {"p_connect": 0.5}),
        ("distance_dependent_probability", {"d_expression": "0.5"}),
    ],
)
def test_no_mutual_connections(connector, options):
    options = {**options, "allow_self_connections": "NoMutual"}
    found = matrix(project(connector, options, post=(("a", ALL),)))
    assert not np.any(found * found.T)
    assert not np.any(np.triu(found))
    if connector == "all_to_all":
        assert np.all(np.tril(found, -1) == np.tril(np.ones_like(found), -1))
    with pytest.raises(UserError, match="NoMutual"):
        pairs(project(connector, options))


@pytest.mark.parametrize("replace", [False, True])
@pytest.mark.parametrize("n", [0, 1, 7, 60, 100, 250])
def test_fixed_numbers_are_exact(n, replace):
    options = {"n": n, "with_replacement": replace}
    for connector, axis, others in (("fixed_number_pre", 0, 100), ("fixed_number_post", 1, 120)):
        found = matrix(project(connector, options))
        assert np.all(found.sum(axis=axis) == n)
        if not replace:
            assert found.max() - found.min() <= 1
            assert found.max() == -(-n // others)
        elif n >= 60:
            assert found.max() > -(-n // others)


def test_fixed_number_choices_are_uniform():
    for options in ({"n": 10}, {"n": 90}, {"n": 10, "with_replacement": True}):
        found = matrix(project("fixed_number_post", options, sizes=(4000, 100)))
        counts = found.sum(axis=0)
        share = options["n"] / 100
        spread = share if options.get("with_replacement") else share * (1 - share)
        z2 = ((counts - 4000 * share) ** 2 / (4000 * spread)).sum()
        assert stats.chi2.cdf(z2, 99) > 1e-4
        assert stats.chi2.sf(z2, 99) > 1e-4


def test_fixed_number_drawn_for_each_cell():
    options = {"n": Random("uniform_int", {"low": 3.0, "high": 9.0})}
    counts = matrix(project("fixed_number_post", options)).sum(axis=1)
    assert set(counts) == set(range(3, 9))
    negative = {"n": Random("normal", {"mu": 0.0, "sigma": 5.0})}
    with pytest.raises(UserError, match="negative"):
        pairs(project("fixed_number_post", negative))


@pytest.mark.parametrize("n", [0, 1, 500, 7000, 11999, 12000, 12001])
def test_fixed_total_number(n):
    found = matrix(project("fixed_total_number", {"n": n, "with_replacement": False}))
    assert found.sum() == n
    assert found.max() == -(-n // 12000)
    again = matrix(project("fixed_total_number", {"n": n}))
    assert again.sum() == n
    if n > 5000:
        assert again.max() > 1
        rows = again.sum(axis=1)
        z2 = ((rows - n / 100) ** 2 / (n / 100)).sum()
        assert 1e-4 < stats.chi2.sf(z2, 99) < 1 - 1e-4


@pytest.mark.parametrize("share", [0.1, 0.5, 0.8, 1.3])
def test_fixed_total_number_of_blocks_takes_pairs_alike(share):
    """Rows of several blocks, of which some lack the pair of a cell with itself."""
    sizes = (700, 40)
    post = (("b", ALL), ("a", slice(100, 700)))
    allowed = 700 * 640 - 600
    n = round(share * allowed)
    options = {"n": n, "allow_self_connections": False, "with_replacement": False}
    one = project("fixed_total_number", options, sizes=sizes, post=post)
    found = matrix(one)
    assert found.sum() == n
    assert found[np.arange(100, 700), 40 + np.arange(600)].max() == 0
    rest = share % 1.0
    assert found.max() == np.ceil(share)
    for axis, size in ((0, 700), (1, 640)):
        lines = found.sum(axis=axis) - np.floor(share) * (size - 0.9)
        expected = size * rest
        z = (lines - expected) / np.sqrt(expected * (1 - rest))
        assert np.abs(z).max() < 5.5
        assert 0.8 < z.std() < 1.2


def test_shared_draws_follow_the_choices():
    choices = np.array([0, 1, 5, 50, 3, 500, 0, 441], np.int32)
    drawn = split_draws(shared_kernels(), (1, 2), 1_000_000, choices, True)
    assert drawn.sum() == 1_000_000
    expected = 1000.0 * choices
    assert np.all(np.abs(drawn - expected) < 5 * np.sqrt(np.maximum(expected, 1e-9)) + 1e-9)
    several = np.array(
        [split_draws(shared_kernels(), (k, 2), 400, choices, False) for k in range(500)]
    )
    assert (several.sum(axis=1) == 400).all() and (several <= choices).all()
    mean, deviation = 0.4 * choices, np.sqrt(400 * choices / 1e3 * (1 - choices / 1e3) * 600 / 999)
    assert np.all(np.abs(several.mean(axis=0) - mean) < 5 * deviation / np.sqrt(500) + 1e-9)
    assert several[:, 5].std() == pytest.approx(deviation[5], rel=0.15)
    np.testing.assert_array_equal(
        split_draws(shared_kernels(), (1, 2), 1000, choices, False), choices
    )


def test_fixed_total_number_without_self_takes_all_other_pairs():
    options = {"n": 9900, "allow_self_connections": False, "with_replacement": False}
    found = matrix(project("fixed_total_number", options, post=(("a", ALL),)))
    assert np.array_equal(found, 1 - np.eye(100, dtype=int))


def test_nothing_to_choose_from():
    options = {"n": 1, "allow_self_connections": False}
    one = project("fixed_number_post", options, sizes=(1, 1), post=(("a", ALL),))
    with pytest.raises(UserError, match="no cell to connect to"):
        pairs(one)


def distances(one, periods=(0, 0, 0), axes=(0, 1, 2)):
    delta = np.abs(one.pre.position[:, :, None] - one.post.position[:, None, :])
    for axis, period in enumerate(periods):
        if period:
            delta[axis] = np.minimum(delta[axis], period - delta[axis])
    return np.sqrt((delta[list(axes)] ** 2).sum(axis=0))


def assert_probability_by_distance(one, found, d, function, bins=24):
    expected = np.clip(function(d), 0, 1)
    edges = np.quantile(d, np.linspace(0, 1, bins + 1))
    which = np.clip(np.searchsorted(edges, d, "right") - 1, 0, bins - 1).ravel()
    mean = np.bincount(which, expected.ravel(), bins)
    variance = np.bincount(which, (expected * (1 - expected)).ravel(), bins)
    count = np.bincount(which, found.ravel(), bins)
    assert np.all(count[variance == 0] == mean[variance == 0])
    tested = variance > 4
    if not tested.any():
        return
    z2 = ((count - mean)[tested] ** 2 / variance[tested]).sum()
    assert stats.chi2.sf(z2, tested.sum()) > 1e-4
    assert count[~tested].sum() == pytest.approx(mean[~tested].sum(), abs=12)


EXPRESSIONS = [
    ("exp(-d**2/400.0)", lambda d: np.exp(-(d**2) / 400)),
    ("0.1*exp(-d/100)", lambda d: 0.1 * np.exp(-d / 100)),
    ("d < 20", lambda d: d < 20),
    ("0.004", lambda d: 0.004 + 0 * d),
    ("0.5+0.5*cos(d/10)", lambda d: 0.5 + 0.5 * np.cos(d / 10)),
]


@pytest.mark.parametrize(("text", "function"), EXPRESSIONS)
def test_probability_depends_on_distance_along_a_line(text, function):
    one = project("distance_dependent_probability", {"d_expression": text}, sizes=(900, 1000))
    found = matrix(one)
    assert found.max() <= 1
    assert_probability_by_distance(one, found, distances(one), function)
    near = found[np.arange(1, 900), np.arange(899)]
    p = min(float(function(1.0)), 1.0)
    assert near.sum() == pytest.approx(899 * p, abs=5 * np.sqrt(899 * p * (1 - p)) + 1e-9)


@pytest.mark.parametrize("axes", ["xy", "xyz", "x"])
@pytest.mark.parametrize("closed", [False, True])
def test_probability_depends_on_distance_in_space(axes, closed):
    generator = np.random.default_rng(3)
    where = [generator.uniform(0, 200, (3, n)) for n in (700, 800)]
    boundaries = ((0.0, 200.0), (0.0, 200.0), None) if closed else None
    one = project(
        "distance_dependent_probability",
        {"d_expression": DistanceExpression("0.6*exp(-d/25)")},
        sizes=(700, 800),
        positions=where,
        space=Space(axes=axes, periodic_boundaries=boundaries),
    )
    found = matrix(one)
    used = ["xyz".index(a) for a in axes]
    d = distances(one, (200, 200, 0) if closed else (0, 0, 0), used)
    assert found.max() <= 1
    assert_probability_by_distance(one, found, d, lambda d: 0.6 * np.exp(-d / 25))
    assert one.expected(shared_kernels()) == pytest.approx(found.sum(), rel=0.2)


def test_postsynaptic_positions_are_offset_and_scaled():
    space = Space(axes="x", scale_factor=(2.0, 1.0, 1.0), offset=(10.0, 0.0, 0.0))
    one = project(
        "distance_dependent_probability", {"d_expression": "d < 0.5"}, space=space, sizes=(60, 30)
    )
    pre, post, _ = pairs(one).T
    assert np.array_equal(pre, 2 * (post + 10))
    assert len(pre) == 20


def test_array_and_list():
    wanted = np.random.default_rng(1).random((100, 120)) < 0.3
    assert np.array_equal(matrix(project("array", {"array": wanted})), wanted)
    pre, post = np.nonzero(wanted)
    shuffled = np.random.default_rng(2).permutation(len(pre))
    listed = {"pre": pre[shuffled], "post": post[shuffled]}
    assert np.array_equal(matrix(project("from_list", listed)), wanted)
    with pytest.raises(UserError, match="found 120, expected 0 to 119"):
        pairs(project("from_list", {"pre": [0], "post": [120]}))
    with pytest.raises(UserError, match=r"found \(2, 2\), expected \(100, 120\)"):
        pairs(project("array", {"array": np.ones((2, 2))}))


def test_one_to_one_with_unequal_sizes():
    assert np.array_equal(matrix(project("one_to_one")), np.eye(100, 120))


@pytest.mark.parametrize(
    ("connector", "options", "message"),
    [
        ("fixed_probability", {"p_conect": 0.1}, "did you mean 'p_connect'"),
        ("fixed_probability", {}, "lacks option 'p_connect'"),
        ("fixed_probability", {"p_connect": -0.1}, "found -0.1, expected a number"),
        ("fixed_probability", {"p_connect": float("nan")}, "expected a number"),
        ("fixed_number_pre", {"n": 2.5}, "found 2.5, expected an integer"),
        ("fixed_number_pre", {"n": 2, "allow_self_connections": "NoMutual"}, "True or False"),
        ("all_to_all", {"allow_self_connections": "maybe"}, "'NoMutual'"),
        ("all_to_all", {"seed": 3}, "has no option 'seed'"),
        ("from_list", {"pre": [0.5], "post": [1]}, "array of integers"),
        ("all_too_all", {}, "did you mean 'all_to_all'"),
    ],
)
def test_refused_options(connector, options, message):
    with pytest.raises(OptionError, match=message):
        project(connector, options)


def test_connectors_describe_themselves():
    for name in CONNECTORS.names():
        connector = find_connector(name)
        assert connector.name == name
        assert connector.pynn_name.endswith("Connector")
        assert connector.__doc__


@pytest.mark.parametrize("cells", [63, 64, 65, 128])
@pytest.mark.parametrize("more", [-3, 0, 5])
def test_pairs_next_to_all_of_them_are_taken_evenly_whatever_the_number_of_cells(cells, more):
    number = 3 * cells + more
    found = matrix(
        project("fixed_total_number", {"n": number, "with_replacement": False}, sizes=(3, cells))
    )
    assert found.sum() == number
    assert found.max() - found.min() <= 1
    of_each = matrix(project("fixed_number_post", {"n": cells + more}, sizes=(3, cells)))
    np.testing.assert_array_equal(of_each.sum(1), cells + more)
    assert of_each.max() - of_each.min() <= 1
