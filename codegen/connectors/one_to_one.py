"""Each cell to the cell at the same position on the other side."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from snnc.codegen.connectors.base import Connector, PairList, Sides
from snnc.codegen.connectors.lists import pair_list


class OneToOne(Connector):
    """Connect presynaptic cell i to postsynaptic cell i, for all i there are on both sides."""

    name: ClassVar[str] = "one_to_one"
    pynn_name: ClassVar[str] = "OneToOneConnector"

    def prepare(self, sides: Sides, options: Mapping[str, Any]) -> PairList:
        """Return the pairs."""
        both = np.arange(min(sides.shape))
        return pair_list(both, both, sides.shape[1])

    def expected(self, sides: Sides, options: Mapping[str, Any]) -> float:
        """Return the smaller number of cells."""
        return float(min(sides.shape))
