"""What a script may give for a parameter, and what is refused."""

import numpy as np
import pytest
from pyNN import errors
from pyNN.parameters import LazyArray, Sequence
from pyNN.random import NumpyRNG, RandomDistribution

import snnc.pynn as sim
from snnc.ir.diagnostics import UserError
from snnc.ir.values import DistanceExpression, Random
from snnc.pynn import session
from snnc.pynn.cells.parameters import per_cell, per_edge


@pytest.fixture(autouse=True)
def fresh_network():
    sim.setup()


@pytest.mark.parametrize(
    "raw",
    [
        [1.0, 2.0, 3.0],
        (1, 2, 3),
        np.array([1, 2, 3]),
        lambda i: i + 1.0,
        lambda i: 1.0 + int(i),  # cannot take an array
        "d + 1",
        LazyArray(lambda i: i + 1.0, shape=(3,)),
        LazyArray(np.array([0.0, 1.0, 2.0])) + 1.0,
        (float(x) for x in range(1, 10)),
    ],
)
def test_forms_of_a_value_per_cell(raw):
    np.testing.assert_array_equal(per_cell(raw, "tau_m", 3), [1.0, 2.0, 3.0])


def test_distribution_keeps_the_seed_of_the_scripts_generator():
    drawn = RandomDistribution("normal", mu=1.0, sigma=2.0, rng=NumpyRNG(seed=7))
    assert per_cell(drawn, "tau_m", 3) == Random("normal", {"mu": 1.0, "sigma": 2.0}, 7)
    assert per_cell(RandomDistribution("uniform", (0, 1)), "v", 3).seed is None


@pytest.mark.parametrize(
    ("raw", "error"),
    [
        ([1.0, 2.0], errors.InvalidDimensionsError),
        ([1.0, 2.0, float("nan")], errors.InvalidParameterValueError),
        (float("nan"), errors.InvalidParameterValueError),
        ("abc", errors.InvalidParameterValueError),
        ("__import__('os').getcwd()", errors.InvalidParameterValueError),
        ({"a": 1}, errors.InvalidParameterValueError),
        (Sequence([1.0]), errors.InvalidParameterValueError),
    ],
)
def test_values_that_are_refused(raw, error):
    with pytest.raises(error) as caught:
        per_cell(raw, "tau_m", 3)
    assert "tau_m" in str(caught.value)
    assert isinstance(caught.value, UserError)


def test_functions_of_distance_become_expressions():
    assert per_edge(lambda d: 0.5 + d / 100.0, "delay", (2, 3)) == DistanceExpression("0.5+d/100.0")
    assert per_edge(lambda d: np.exp(-(d**2)), "weight", (2, 3)) == DistanceExpression(
        "exp(-(d**2.0))"
    )


def test_functions_of_distance_with_branches_are_evaluated():
    def step(d):
        return np.where(d > 1.0, 2.0, 3.0)

    a, b = sim.Population(2, sim.IF_cond_exp()), sim.Population(3, sim.IF_cond_exp())
    projection = sim.Projection(a, b, sim.AllToAllConnector(), sim.StaticSynapse(weight=step))
    np.testing.assert_array_equal(projection.value("weight"), [[3, 3, 2], [3, 3, 3]])


def test_old_product_without_a_sign_is_read_with_a_warning_at_the_script():
    with pytest.warns(DeprecationWarning, match=r"0\.01\*d") as caught:
        assert per_edge("0.5+0.01d", "delay", (2, 2)) == DistanceExpression("0.5+0.01*d")
    assert caught[0].filename == __file__


def test_spike_times_for_all_cells_or_for_each():
    one = sim.Population(2, sim.SpikeSourceArray(spike_times=[1.0, 2.0]))
    assert one.get("spike_times") == Sequence([1.0, 2.0])
    each = sim.Population(2, sim.SpikeSourceArray(spike_times=[[1.0], [2.0, 3.0]]))
    assert [list(s.value) for s in each.get("spike_times")] == [[1.0], [2.0, 3.0]]
    each[1].spike_times = [9.0]
    assert list(each[1].spike_times.value) == [9.0]
    assert list(each[0].spike_times.value) == [1.0]


def test_unknown_parameter_offers_the_nearest_and_names_the_line():
    with pytest.raises(errors.NonExistentParameterError) as caught:
        sim.IF_cond_exp(tau_mm=20.0)
    assert "did you mean 'tau_m'?" in str(caught.value)
    assert str(caught.value).startswith(__file__)
    with pytest.raises(errors.NonExistentParameterError):
        sim.Population(2, sim.IF_cond_exp()).set(nonsense=1.0)


def test_setting_several_parameters_fails_as_a_whole():
    cells = sim.Population(3, sim.IF_cond_exp())
    with pytest.raises(errors.InvalidDimensionsError):
        cells.set(tau_m=10.0, cm=[1.0, 2.0])
    assert cells.get("tau_m") == 20.0


def test_a_population_that_is_refused_leaves_no_trace():
    before = session.current().next_object_id
    with pytest.raises(errors.InvalidParameterValueError):
        sim.Population(3, sim.IF_cond_exp(tau_m=float("nan")))
    with pytest.raises(errors.InvalidDimensionsError):
        sim.Population(3, sim.IF_cond_exp(), initial_values={"v": [1.0, 2.0]})
    assert session.current().populations == []
    assert session.current().next_object_id == before


def test_random_parameters_do_not_depend_on_the_way_they_are_asked_for():
    cells = sim.Population(20, sim.IF_cond_exp(tau_m=RandomDistribution("uniform", (10, 20))))
    values = cells.get("tau_m")
    assert len(set(values)) == 20
    assert cells[7].tau_m == values[7]
    np.testing.assert_array_equal(cells[3:9].get("tau_m"), values[3:9])


def test_setting_a_distribution_again_gives_other_numbers():
    cells = sim.Population(5, sim.IF_cond_exp())
    uniform = RandomDistribution("uniform", (10, 20))
    cells.set(tau_m=uniform)
    first = cells.get("tau_m")
    cells.set(tau_m=uniform)
    assert not np.array_equal(first, cells.get("tau_m"))


def test_the_native_generator_draws_and_can_be_repeated():
    sim.setup(seed=9)
    first, again = sim.NativeRNG(seed=5), sim.NativeRNG(seed=5)
    drawn = first.next(1000, "normal", {"mu": 2.0, "sigma": 0.5})
    assert drawn.mean() == pytest.approx(2.0, abs=0.1)
    parts = [again.next(400, "normal", {"mu": 2.0, "sigma": 0.5}) for _ in range(2)]
    assert np.array_equal(np.concatenate(parts), drawn[:800])
    assert 0.0 < sim.NativeRNG().next() < 1.0
    assert sim.NativeRNG(seed=6).next() != first.next()
