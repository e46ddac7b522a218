"""Connections drawn as PyNN's backends draw them: by PyNN's own connectors, through the script's
generators.

It gives the very network that PyNN's backends build from the same seeds, at the price of PyNN's
building time. See ``setup(connectivity="pynn")``.
"""

from __future__ import annotations

from copy import deepcopy
from functools import cache
from inspect import signature
from typing import TYPE_CHECKING, Any

import numpy as np
from pyNN.connectors import Connector as PyNNConnector
from pyNN.parameters import ParameterSpace
from pyNN.random import RandomDistribution

from snnc.pynn.refusals import ConnectionRefused, NotYet
from snnc.pynn.wiring.listed_connectors import MapConnector

if TYPE_CHECKING:
    from snnc.pynn.wiring.connectors import Connector
    from snnc.pynn.wiring.projections import Projection


def connect_in_pynns_order(projection: Projection, connector: Connector) -> None:
    """Give a projection the connections, weights and parameters that PyNN's backends draw.

    Raises
    ------
    UnsupportedError
        If PyNN has no connector of that name.
    """
    view: Any = _View(projection)
    if isinstance(connector, PyNNConnector):
        connector.connect(view)
        return
    kind = _twin(type(connector).__name__)
    if kind is None and not hasattr(connector, "rule"):
        # The user's own: what it draws it draws itself, or leaves it to `draw_columns`.
        connector.connect(projection)
        return
    if kind is None:
        raise NotYet(
            f"PyNN has no {type(connector).__name__}; use setup() without connectivity='pynn'"
        )
    known = signature(kind.__init__).parameters
    options = {**connector.get_parameters(), **_own_options(connector)}
    options = {name: value for name, value in options.items() if name in known}
    if "rng" in known:
        options["rng"] = getattr(connector, "rng", None)
    try:
        twin = kind(**options, safe=False, callback=connector.callback)
    except AssertionError as error:
        raise ConnectionRefused(f"{type(connector).__name__}: {error}") from None
    twin.connect(view)


def _own_options(connector: Any) -> dict[str, Any]:
    """Return options that connectors do not name among their parameters."""
    names = ("disp_function", "column_names")
    return {name: getattr(connector, name) for name in names if hasattr(connector, name)}


def draw_columns(projection: Projection, columns: Any, distances: Any, callback: Any) -> None:
    """Connect the columns of a user's map, with values drawn column by column as PyNN does.

    Parameters
    ----------
    columns : callable
        Gives for each postsynaptic cell a mask or the indices of its sources.
    distances : LazyArray or None
        Of shape (pre, post).
    callback : callable or None
        Told of progress.
    """
    twin = _twin("MapConnector")(safe=False, callback=callback)
    twin._standard_connect(_View(projection), columns, distances)


def draw_matrix(value: RandomDistribution, shape: tuple[int, int]) -> np.ndarray:
    """Return what PyNN draws for a value set after building: for all pairs, from a copy."""
    return np.asarray(deepcopy(value).next(shape[0] * shape[1]), dtype=float).reshape(shape)


@cache
def _twin(name: str) -> Any:
    from pyNN import connectors

    kind = getattr(connectors, name, None)
    # PyNN recognises populations by its own class, snnc's by what they are.
    return None if kind is None else type(name, (_Maps, kind), {})


class _Maps:
    def _get_connection_map_no_self_connections(self, view: _View) -> Any:
        return MapConnector()._get_connection_map_no_self_connections(view.projection)

    def _get_connection_map_no_mutual_connections(self, view: _View) -> Any:
        return MapConnector()._get_connection_map_no_mutual_connections(view.projection)


class _SynapseType:
    """The parameters of the synapses, as lazy arrays that draw from the script's generators."""

    def __init__(self, projection: Projection) -> None:
        given = dict(projection.synapse_type.parameters)
        for name in ("weight", "delay"):
            own = getattr(projection._connector, f"{name}s", None)
            if own is not None:
                given[name] = own
        if given.get("delay") is None:
            given["delay"] = projection.session.min_delay
        self._given = given
        self._shape = projection.shape

    @property
    def native_parameters(self) -> ParameterSpace:
        """The parameters for all pairs, anew each time.

        PyNN's backends convert units, by which lazy arrays and their generators are copied: values
        are drawn from a copy of the generator as it is when this is asked.
        """
        given = self._copied()
        return ParameterSpace(given, dict.fromkeys(given, float), self._shape)

    @property
    def parameter_space(self) -> ParameterSpace:
        """The parameters before the conversion of units."""
        return self.native_parameters

    def get_parameter_names(self) -> list[str]:
        """Return the names of the parameters."""
        return list(self._given)

    def _copied(self) -> dict[str, Any]:
        given = deepcopy(self._given)
        # What has no unit of its own stays as it was copied, with the generator that others share.
        given["weight"] = deepcopy(given["weight"])
        return given


class _View:
    """A projection as PyNN's connectors see it."""

    def __init__(self, projection: Projection) -> None:
        self.projection = projection
        self.pre = projection.pre
        self.post = _Post(projection.post)
        self.space = projection.space
        self.shape = projection.shape
        self.label = projection.label
        self.synapse_type = _SynapseType(projection)
        self._simulator = projection._simulator

    def _convergent_connect(
        self, presynaptic_indices: Any, postsynaptic_index: int, **attributes: Any
    ) -> None:
        attributes.pop("location_selector", None)
        shared = {n for n, v in self.projection._values.items() if isinstance(v, float)}
        drawn = {n: v for n, v in attributes.items() if np.ndim(v) or n not in shared}
        self.projection._convergent_connect(presynaptic_indices, postsynaptic_index, **drawn)


class _Post:
    def __init__(self, post: Any) -> None:
        self._post = post
        self._mask_local = np.ones(post.size, dtype=bool)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._post, name)

    def __len__(self) -> int:
        return len(self._post)

    def id_to_index(self, cells: Any) -> np.ndarray:
        return np.arange(len(cells))
