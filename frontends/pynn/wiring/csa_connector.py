"""Connections of the Connection-Set Algebra (Djurfeldt 2012), through the package `csa`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from snnc.ir.diagnostics import MissingDependencyError
from snnc.pynn.refusals import ValueRefused
from snnc.pynn.wiring.connectors import Connector

if TYPE_CHECKING:
    from snnc.pynn.wiring.projections import Projection


class CSAConnector(Connector):
    """Make the connections of a connection set.

    Parameters
    ----------
    cset : csa connection set or mask
        With no values, or with a weight and a delay for each connection.
    location_selector, safe, callback
        See `Connector`.

    Raises
    ------
    MissingDependencyError
        If the package `csa` cannot be imported.
    """

    parameter_names = ("cset",)

    def __init__(
        self, cset: Any, location_selector: Any = None, safe: bool = True, callback: Any = None
    ) -> None:
        super().__init__(location_selector, safe, callback)
        self.cset = cset
        if _csa().arity(cset) not in (0, 2):
            raise ValueRefused("a connection set has no values, or a weight and a delay")

    def connect(self, projection: Projection) -> None:
        """Give the projection its connections."""
        csa = _csa()
        last = projection.shape[0] - 1, projection.shape[1] - 1
        finite = csa.cross((0, last[0]), (0, last[1])) * self.cset
        rows = np.array([tuple(row) for row in finite], dtype=float)
        rows = rows.reshape(len(rows), -1 if len(rows) else 2)
        names = ("weight", "delay") if rows.shape[1] == 4 else ()
        values = {name: rows[:, 2 + i].copy() for i, name in enumerate(names)}
        pre, post = rows[:, 0].astype(np.int64), rows[:, 1].astype(np.int64)
        projection.add_list(pre, post, values)


def _csa() -> Any:
    try:
        import csa  # pyright: ignore[reportMissingImports]
    except Exception as error:
        raise MissingDependencyError(
            f"CSAConnector needs the package 'csa', which cannot be imported: {error}"
        ) from None
    return csa
