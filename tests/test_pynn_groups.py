"""Populations, views, assemblies and cells."""

import numpy as np
import pytest
from pyNN import errors
from pyNN.random import NumpyRNG
from pyNN.space import Grid2D, RandomStructure, Sphere

import snnc.pynn as sim
from snnc.ir.diagnostics import UnsupportedError
from snnc.pynn import session


@pytest.fixture(autouse=True)
def fresh_network():
    sim.setup()


def cells(size=10, **options):
    return sim.Population(size, sim.IF_cond_exp(), **options)


@pytest.mark.parametrize(("size", "expected"), [(4, 4), (4.0, 4), (np.int64(4), 4), ((2, 3), 6)])
def test_sizes(size, expected):
    assert len(cells(size)) == expected


@pytest.mark.parametrize("size", [0, -1, 2.5, "4", True, (2, 2, 2, 2)])
def test_sizes_that_are_refused(size):
    with pytest.raises(ValueError, match="population"):
        cells(size)


def test_class_with_parameters_is_an_old_spelling():
    with pytest.warns(DeprecationWarning):
        population = sim.Population(2, sim.IF_cond_exp, {"tau_m": 10.0})
    with pytest.warns(DeprecationWarning):
        assert sim.Population(2, sim.IF_cond_exp).get("tau_m") == 20.0
    assert population.get("tau_m") == 10.0


def test_selecting_cells():
    population = cells(100)
    assert population[:80].size == 80
    assert population[::2].size == 50
    assert population[45, 91, 7].indices.tolist() == [7, 45, 91]
    assert population[np.arange(100) > 97].indices.tolist() == [98, 99]
    assert population[10:50][5:8].indices.tolist() == [15, 16, 17]
    assert population[10:50][[3, 1]].indices.tolist() == [11, 13]
    assert population[-1] == population[99]
    assert population[10:20].grandparent is population
    with pytest.raises(IndexError):
        population[100]


def test_cells_are_numbered_through_the_network():
    first, second = cells(3), cells(4)
    assert [int(cell) for cell in second] == [4, 5, 6, 7]
    assert second.id_to_index(second[2]) == 2
    assert second[1:3].id_to_index(second[2]) == 1
    with pytest.raises(ValueError, match="cells"):
        first.id_to_index(second[0])


def test_a_sample_is_that_of_pynn_for_the_same_generator():
    population = cells(50)
    expected = sorted(NumpyRNG(seed=5).permutation(np.arange(50))[:10])
    assert population.sample(10, NumpyRNG(seed=5)).indices.tolist() == expected
    assert population.sample(10).size == 10


def test_a_sample_without_generator_depends_on_the_seed_of_setup():
    drawn = []
    for seed in (1, 1, 2):
        sim.setup(rng_seed=seed)
        drawn.append(cells(50).sample(10).indices.tolist())
    assert drawn[0] == drawn[1] != drawn[2]


def test_parameters_through_cells_and_views():
    population = cells(4)
    population[1].tau_m = 12.0
    population[2:].set(cm=[0.5, 0.6])
    assert population.get("tau_m").tolist() == [20.0, 12.0, 20.0, 20.0]
    assert population.get(["cm"])[0].tolist() == [1.0, 1.0, 0.5, 0.6]
    assert population[1].get_parameters()["tau_m"] == 12.0
    with pytest.raises(errors.NonExistentParameterError):
        population[0].tau_mm = 1.0
    assert not hasattr(population[0], "tau_mm")


def test_initial_values():
    population = cells(3, initial_values={"v": -70.0})
    population[1:].initialize(v=[-60.0, -50.0])
    assert population.initial_values["v"].evaluate().tolist() == [-70.0, -60.0, -50.0]
    population[0].set_initial_value("v", -55.0)
    assert population[0].get_initial_value("v") == -55.0
    with pytest.raises(errors.NonExistentParameterError):
        population.initialize(w=0.0)


def test_assemblies():
    a, b = cells(3), sim.Population(4, sim.EIF_cond_exp_isfa_ista())
    both = a + b[1:3]
    assert both.size == 5
    assert [int(cell) for cell in both] == [1, 2, 3, 5, 6]
    assert both.id_to_index(b[2]) == 4
    assert both[2:4].size == 2
    assert both[4] == b[2]
    both.set(tau_refrac=[1.0, 2.0, 3.0, 4.0, 5.0])
    assert b.get("tau_refrac").tolist() == [0.1, 4.0, 5.0, 0.1]
    assert both.get("tau_refrac").tolist() == [1.0, 2.0, 3.0, 4.0, 5.0]
    with pytest.warns(UserWarning, match="overlaps"):
        assert (both + a[:1]).size == 5


def test_positions():
    population = cells(4)
    assert population.positions[0].tolist() == [0.0, 1.0, 2.0, 3.0]
    population[2].position = (10.0, 0.0, 0.0)
    assert population.nearest((9.0, 1.0, 0.0)) == population[2]
    grid = cells(6, structure=Grid2D(aspect_ratio=1.5))
    assert grid.positions.shape == (3, 6)
    with pytest.raises(errors.InvalidDimensionsError):
        grid.positions = np.zeros((3, 5))


def test_random_structures_repeat_with_the_seed_of_setup():
    placed = []
    for seed in (1, 1, 2):
        sim.setup(rng_seed=seed)
        placed.append(cells(5, structure=RandomStructure(Sphere(10.0))).positions)
    np.testing.assert_array_equal(placed[0], placed[1])
    assert not np.array_equal(placed[0], placed[2])


def test_recording_what_does_not_exist():
    with pytest.raises(errors.RecordingError, match="did you mean 'spikes'"):
        cells().record("spike")
    with pytest.raises(ValueError, match="multiple of the time step"):
        cells().record("v", sampling_interval=0.25)


def test_objects_of_an_earlier_network_are_refused():
    old = cells()
    sim.setup()
    with pytest.raises(UnsupportedError, match="before the last setup"):
        sim.Projection(cells(), old, sim.OneToOneConnector())


def test_describe_and_repr():
    population = cells(label="E")
    assert "E" in population.describe()
    assert "IF_cond_exp" in repr(population)
    assert population[:2].describe(template=None)["size"] == 2


def test_a_grid_that_does_not_hold_the_cells_leaves_no_trace():
    sim.setup()
    with pytest.raises(errors.InvalidDimensionsError, match="does not hold 6 cells"):
        sim.Population(6, sim.IF_curr_exp(), structure=Grid2D())
    assert not session.current().populations
