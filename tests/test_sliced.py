"""What threads write in every step lies apart, and reads as one array."""

from itertools import pairwise

import numpy as np
import pytest

from snnc.hardware.cpu import CPU
from snnc.runtime.engine.layout import Slice
from snnc.runtime.engine.sliced import Sliced
from snnc.runtime.engine.tables import aligned_zeros

SLICES = [Slice(0, 0, 64), Slice(1, 64, 130), Slice(3, 130, 131)]


@pytest.mark.parametrize("dtype", ["float32", "float64", "int32"])
def test_slices_are_out_of_each_others_reach(dtype: str) -> None:
    numbers = Sliced(SLICES, dtype)
    size = numbers.dtype.itemsize
    places = [
        (numbers.address(part), numbers.address(part) + (part.last - part.first) * size)
        for part in SLICES
    ]
    assert all(start - end >= CPU.read_ahead for (_, end), (start, _) in pairwise(sorted(places)))
    assert all(start & (CPU.cache_line - 1) == 0 for start, _ in places)
    assert numbers.nbytes == 131 * size


def test_numbers_are_set_and_read_across_slices() -> None:
    numbers = Sliced(SLICES, np.float64)
    numbers.write(np.arange(131.0))
    numbers.write(np.array([-1.0, -2.0, -3.0]), np.array([130, 63, 64]))
    expected = np.arange(131.0)
    expected[[130, 63, 64]] = [-1.0, -2.0, -3.0]
    np.testing.assert_array_equal(numbers.read(), expected)
    numbers.write(7.0)
    np.testing.assert_array_equal(numbers.read(), np.full(131, 7.0))


def test_numbers_that_are_read_are_a_copy() -> None:
    numbers = Sliced(SLICES, np.int32)
    numbers.read()[:] = 5
    assert not numbers.read().any()


def test_a_population_without_cells_has_no_numbers() -> None:
    numbers = Sliced([], np.float32)
    numbers.write(1.0)
    assert numbers.read().shape == (0,)
    assert numbers.read().dtype == np.float32


def test_arrays_that_are_made_together_keep_apart() -> None:
    arrays = [aligned_zeros(size, np.int64) for size in (1, 8, 9, 300) for _ in range(20)]
    places = sorted((a.ctypes.data, a.ctypes.data + a.nbytes) for a in arrays)
    assert all(start - end >= CPU.read_ahead for (_, end), (start, _) in pairwise(places))
