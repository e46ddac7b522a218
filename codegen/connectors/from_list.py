"""Pairs listed by the user."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from snnc.codegen.connectors.base import Connector, PairList, Sides
from snnc.codegen.connectors.lists import pair_list
from snnc.codegen.connectors.options import Parameter
from snnc.ir.diagnostics import UserError


class FromList(Connector):
    """Make the connections of a list.

    Weights, delays and parameters may then be one-dimensional, one value for each connection.

    Parameters
    ----------
    pre, post : array of int, shape (m,)
        Positions of the cells in the pre- and the postsynaptic selection.
    """

    name: ClassVar[str] = "from_list"
    pynn_name: ClassVar[str] = "FromListConnector"
    parameters: ClassVar[tuple[Parameter, ...]] = (
        Parameter("pre", "indices", doc="positions of the presynaptic cells"),
        Parameter("post", "indices", doc="positions of the postsynaptic cells"),
    )

    def prepare(self, sides: Sides, options: Mapping[str, Any]) -> PairList:
        """Return the pairs, sorted."""
        pre, post = options["pre"], options["post"]
        if pre.size != post.size:
            raise UserError(
                f"projection '{sides.label}': a list of connections needs as many pre- as "
                f"postsynaptic cells; found {pre.size} and {post.size}"
            )
        for side, indices, size in zip(("pre", "post"), (pre, post), sides.shape, strict=True):
            _check_range(f"projection '{sides.label}': {side}synaptic", indices, size)
        return pair_list(pre, post, sides.shape[1])

    def expected(self, sides: Sides, options: Mapping[str, Any]) -> float:
        """Return the length of the list."""
        return float(options["pre"].size)


def _check_range(what: str, indices: np.ndarray, size: int) -> None:
    outside = indices[(indices < 0) | (indices >= size)]
    if outside.size:
        raise UserError(
            f"{what} index out of range in a list of connections; "
            f"found {outside[0]}, expected 0 to {size - 1}"
        )
