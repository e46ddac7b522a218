"""The exponential of small matrices against SciPy's, and against exact results."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import linalg

from snnc.codegen.kernels.matrix_exponential import expm


@given(
    size=st.integers(1, 5),
    scale=st.sampled_from([1e-12, 1e-3, 0.1, 1.0, 30.0]),
    data=st.data(),
)
def test_it_is_what_scipy_finds(size, scale, data):
    number = st.floats(-1.0, 1.0, allow_subnormal=False)
    matrices = scale * data.draw(arrays(np.float64, (3, size, size), elements=number))
    found, expected = expm(matrices), linalg.expm(matrices)
    # Both lose bits of the largest element where matrices are squared several times.
    allowed = 1e-12 * np.abs(expected).max(axis=(1, 2), keepdims=True) * max(scale, 1.0)
    assert (np.abs(found - expected) <= allowed).all()


def test_a_chain_of_filters_has_its_propagators():
    """An alpha function that drives a membrane: Rotter and Diesmann 1999, equation 3.4."""
    h, tau, tau_m = 0.1, 2.0, 10.0
    matrix = np.array([[-1 / tau_m, 1.0, 0.0], [0.0, -1 / tau, 1.0], [0.0, 0.0, -1 / tau]])
    (found,) = expm(h * matrix[None])
    beta = tau * tau_m / (tau_m - tau)
    decay, slow = np.exp(-h / tau), np.exp(-h / tau_m)
    row = [slow, beta * (slow - decay), beta * (beta * (slow - decay) - h * decay)]
    np.testing.assert_allclose(found[0], row, rtol=1e-11)
    np.testing.assert_allclose(found[1:, 1:], [[decay, h * decay], [0.0, decay]], rtol=1e-14)


@pytest.mark.parametrize("broken", [np.nan, np.inf])
def test_a_matrix_that_is_not_finite_spoils_no_other(broken):
    matrices = np.zeros((2, 2, 2))
    matrices[1, 0, 1] = broken
    found = expm(matrices)
    np.testing.assert_allclose(found[0], np.eye(2), atol=1e-15)
    assert np.isnan(found[1]).all()
