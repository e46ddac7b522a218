"""The exponential of small matrices, for the propagators of linear equations.

SciPy has it, too, but takes longer to import than a network takes to compile.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

# Coefficients of the Padé approximant of order [13/13], and up to which 1-norm its backward error
# is below the rounding of float64: N. J. Higham, "The scaling and squaring method for the matrix
# exponential revisited", SIAM J. Matrix Anal. Appl. 26 (2005), tables 2.3 and 2.4.
_PADE = (
    64764752532480000.0, 32382376266240000.0, 7771770303897600.0, 1187353796428800.0,
    129060195264000.0, 10559470521600.0, 670442572800.0, 33522128640.0, 1323241920.0,
    40840800.0, 960960.0, 16380.0, 182.0, 1.0,
)  # fmt: skip
_LARGEST_NORM = 5.371920351148152


def expm(matrices: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the exponentials of square matrices.

    Parameters
    ----------
    matrices : ndarray of float64, shape (n, m, m)
        Finite ones; others give nan.

    Returns
    -------
    ndarray of float64, shape (n, m, m)
        With errors of some roundings of the largest element.
    """
    norms = np.abs(matrices).sum(axis=1).max(axis=1, initial=0.0)
    finite = np.isfinite(norms)
    with np.errstate(divide="ignore", invalid="ignore"):
        excess = np.ceil(np.log2(norms / _LARGEST_NORM))
    halvings = np.where(finite, np.maximum(excess, 0.0), 0.0).astype(np.int64)
    scaled = np.where(finite[:, None, None], matrices, 0.0)
    result = _pade(np.ldexp(scaled, -halvings[:, None, None]))
    for done in range(halvings.max(initial=0)):
        squared = result @ result
        result = np.where((halvings > done)[:, None, None], squared, result)
    result[~finite] = np.nan
    return result


def _pade(a: NDArray[np.float64]) -> NDArray[np.float64]:
    b = _PADE
    one = np.eye(a.shape[-1])
    a2 = a @ a
    a4 = a2 @ a2
    a6 = a4 @ a2
    odd = a @ (
        a6 @ (b[13] * a6 + b[11] * a4 + b[9] * a2) + b[7] * a6 + b[5] * a4 + b[3] * a2 + b[1] * one
    )
    even = a6 @ (b[12] * a6 + b[10] * a4 + b[8] * a2) + b[6] * a6 + b[4] * a4 + b[2] * a2
    even = even + b[0] * one
    return np.linalg.solve(even - odd, even + odd)
