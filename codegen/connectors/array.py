"""Pairs given by a matrix of booleans."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from snnc.codegen.connectors.base import Connector, PairList, Sides
from snnc.codegen.connectors.lists import pair_list
from snnc.codegen.connectors.options import Parameter
from snnc.ir.diagnostics import UserError


class Array(Connector):
    """Connect the pairs of cells for which a matrix is true.

    Parameters
    ----------
    array : array of bool, shape (n_pre, n_post)
        Whether cell i of the presynaptic connects to cell j of the postsynaptic selection.
    """

    name: ClassVar[str] = "array"
    pynn_name: ClassVar[str] = "ArrayConnector"
    parameters: ClassVar[tuple[Parameter, ...]] = (Parameter("array", "matrix"),)

    def prepare(self, sides: Sides, options: Mapping[str, Any]) -> PairList:
        """Return the pairs."""
        array = options["array"]
        if array.shape != sides.shape:
            raise UserError(
                f"projection '{sides.label}': wrong shape of the connection matrix; "
                f"found {array.shape}, expected {sides.shape}"
            )
        pre, post = np.nonzero(array)
        return pair_list(pre, post, sides.shape[1])

    def expected(self, sides: Sides, options: Mapping[str, Any]) -> float:
        """Return the number of true elements."""
        return float(np.count_nonzero(options["array"]))
