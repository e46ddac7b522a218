"""Projections: the connections of one kind between two groups of cells."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from pyNN import descriptions
from pyNN.core import IndexBasedExpression
from pyNN.random import RandomDistribution
from pyNN.space import Space

from snnc.ir.diagnostics import Location
from snnc.ir.values import Value
from snnc.pynn import script, simulator
from snnc.pynn.cells.assemblies import Assembly
from snnc.pynn.cells.groups import BasePopulation
from snnc.pynn.cells.parameters import is_plain, per_edge
from snnc.pynn.refusals import (
    ConnectionRefused,
    NotYet,
    TypeRefused,
    UnknownParameter,
    ValueRefused,
)
from snnc.pynn.wiring.checks import (
    check_delay,
    check_drawn,
    check_weight,
    coupled_receptor,
    guessed_receptor,
    wanted_sign,
)
from snnc.pynn.wiring.connections import per_connection
from snnc.pynn.wiring.connectors import Connector, Rule
from snnc.pynn.wiring.maps import of_indices
from snnc.pynn.wiring.read_connections import Connections
from snnc.pynn.wiring.synapses import StandardSynapseType
from snnc.pynn.wiring.synapses import synapse_type as synapse_class

if TYPE_CHECKING:
    from snnc.runtime.simulation import Simulation

_MATRIX_LIMIT = 200_000_000


class Projection(Connections):
    """Connections of one kind between two groups of cells.

    Parameters
    ----------
    presynaptic_neurons, postsynaptic_neurons : Population, PopulationView or Assembly
        The cells.
    connector : Connector
        The rule by which they are connected.
    synapse_type : StandardSynapseType, optional
        By default a static synapse of weight 0 and the smallest delay.
    source : str, optional
        Of no use to cells without compartments.
    receptor_type : str, optional
        By default the first receptor, or the second when the weight is negative.
    space : pyNN.space.Space, optional
        How distances are measured.
    label : str, optional
        A name.

    Raises
    ------
    ConnectionError
        If the receptor does not exist, a weight has the wrong sign, a delay is too short or an
        index out of range.
    InvalidParameterValueError, InvalidDimensionsError, NonExistentParameterError
        If a value does not fit.
    """

    _simulator: ClassVar[Any] = simulator

    def __init__(
        self,
        presynaptic_neurons: BasePopulation | Assembly,
        postsynaptic_neurons: BasePopulation | Assembly,
        connector: Connector,
        synapse_type: StandardSynapseType | None = None,
        source: str | None = None,
        receptor_type: str | None = None,
        space: Space | None = None,
        label: str | None = None,
        **old: Any,
    ) -> None:
        receptor_type = self._old_keywords(old, receptor_type)
        _check_groups(presynaptic_neurons, postsynaptic_neurons)
        if not (isinstance(connector, Connector) or hasattr(connector, "connect")):
            raise TypeRefused(f"a connector is expected; found {connector!r}")
        self.pre = presynaptic_neurons
        self.post = postsynaptic_neurons
        self.session = self.pre.session
        self.session.own(self.post)
        self.location: Location | None = script.caller()
        self.source = source
        self.space = Space() if space is None else space
        self.label = label or f"{self.pre.label}→{self.post.label}"
        self.synapse_type = _synapse(synapse_type)
        self.object_id = self.session.next_object_id
        self._connector = connector
        self._safe = getattr(connector, "safe", True)
        self._lists: list[tuple[np.ndarray, np.ndarray, dict[str, np.ndarray]]] = []
        self._edits: dict[str, int] = {}
        self._overrides: dict[str, np.ndarray] = {}
        self._cache: tuple[Any, dict[str, np.ndarray]] = (None, {})
        self.annotations: dict[str, Any] = {}
        self.initial: dict[str, Value] = {}
        self._values = self._resolved(
            {
                **self.synapse_type.parameters,
                **{
                    name: value
                    for name, value in (
                        ("weight", getattr(connector, "weights", None)),
                        ("delay", getattr(connector, "delays", None)),
                    )
                    if value is not None
                },
            }
        )
        self.receptor_type = self._receptor(receptor_type)
        self._rule = self._connect(connector)
        self._doubtful = self._check(self._values)
        # Nothing can fail any more: the projection enters the network.
        self.symbol = self.session.symbol(label or f"{self.pre.label}_to_{self.post.label}")
        self.session.object_id()
        self.session.projections.append(self)
        self.session.changed(self.symbol, "projection")

    @staticmethod
    def _old_keywords(old: Mapping[str, Any], receptor_type: str | None) -> str | None:
        for name, value in old.items():
            if name != "target":
                raise TypeRefused(f"Projection has no argument '{name}'")
            script.deprecated("target=", "receptor_type=")
            receptor_type = value
        return receptor_type

    def _receptor(self, name: str | None) -> str:
        if self.synapse_type.couples:
            return coupled_receptor(self, name)
        known = self.post.receptor_types
        if not known:
            raise ConnectionRefused(f"the cells of {self.post.label!r} have no receptors")
        if name in (None, "default"):
            return guessed_receptor(self, self._values["weight"])
        if name not in known:
            raise ConnectionRefused(
                f"unknown receptor '{name}' of {self.post.label!r}; expected one of "
                f"{', '.join(known)}"
            )
        return str(name)

    def _connect(self, connector: Any) -> Rule | None:
        if self.session.connectivity == "pynn":
            from snnc.pynn.wiring.pynn_order import connect_in_pynns_order

            connect_in_pynns_order(self, connector)
            return self._listed()
        rule = getattr(connector, "rule", None)
        if rule is not None:
            return rule(self)
        connector.connect(self)
        return self._listed()

    def _check(self, values: Mapping[str, Value]) -> bool:
        doubtful = False
        if self._safe and "weight" in values:
            doubtful = check_weight(self, values["weight"])
        if "delay" in values:
            check_delay(self, values["delay"])
        return doubtful

    # Values.

    def _resolved(self, raw: Mapping[str, Any]) -> dict[str, Value]:
        return {name: self._resolve(name, value) for name, value in raw.items()}

    def _resolve(self, name: str, raw: Any) -> Value:
        if raw is None and name == "delay":
            return self.session.min_delay
        if raw is None and name == "weight":
            return 0.0
        value = per_edge(raw, name, self.shape)
        if isinstance(value, IndexBasedExpression):
            value = of_indices(value, self)
        elif callable(value):
            value = np.asarray(value(self.distances()), dtype=float)
        if isinstance(value, np.ndarray) and np.isnan(value).any():
            raise ValueRefused(f"'{name}' holds NaN")
        return value

    def distances(self) -> np.ndarray:
        """Return the distances between all pairs of cells, in um, shape (pre, post)."""
        if self.pre.size * self.post.size > _MATRIX_LIMIT:
            raise NotYet(
                f"a matrix of {self.pre.size} x {self.post.size} distances; write the function as "
                "arithmetic of d, or as a string"
            )
        pre, post = self.pre.positions.T, self.post.positions.T
        return self.space.distances(pre, post).reshape(self.shape)

    def value(self, name: str) -> Value:
        """Return a weight, delay or parameter as a value of the IR."""
        if name == "delay" and self.synapse_type.couples:
            return self.session.dt
        return self._values[name]

    @property
    def port(self) -> str:
        """The name by which the models of the cells know what the synapses act on."""
        if not self.synapse_type.couples:
            return self.receptor_type
        celltype = self.post.parts()[0].celltype
        assert celltype.info.port is not None
        return celltype.info.port

    def model_values(self) -> dict[str, Value]:
        """Return the parameters of the synapse model that differ from their defaults."""
        defaults = self.synapse_type.default_parameters
        return {
            name: value
            for name, value in self._values.items()
            if name not in ("weight", "delay")
            and not (isinstance(value, float) and value == defaults[name])
        }

    @property
    def given_initial(self) -> dict[str, Value]:
        """Initial values of the states of the synapses that were set."""
        return self.initial

    @property
    def initial_values(self) -> dict[str, Value]:
        """Initial values of the states of the synapses that were set."""
        return self.initial

    # Connections that come as a list.

    def add_list(self, pre: np.ndarray, post: np.ndarray, values: dict[str, np.ndarray]) -> None:
        """Take connections, by index, with a value for each."""
        self._lists.append((pre, post, values))

    def _convergent_connect(
        self,
        presynaptic_indices: Any,
        postsynaptic_index: int,
        location_selector: Any = None,
        **attributes: Any,
    ) -> None:
        """Connect cells to one cell; what user-written connectors call."""
        pre = np.atleast_1d(np.asarray(presynaptic_indices)).astype(np.int64)
        known = self.synapse_type.get_parameter_names()
        values: dict[str, np.ndarray] = {}
        for name, raw in attributes.items():
            if name not in known:
                raise UnknownParameter(name, type(self.synapse_type).__name__, known)
            array = np.asarray(raw, dtype=float)
            if np.isnan(array).any():
                raise ValueRefused(f"'{name}' holds NaN")
            values[name] = np.broadcast_to(array, pre.shape)
        self.add_list(pre, np.full(pre.shape, int(postsynaptic_index), np.int64), values)

    def _listed(self) -> Rule:
        from snnc.pynn.wiring.connectors import index_range

        empty = np.empty(0, np.int64)
        pre = np.concatenate([empty, *(chunk[0] for chunk in self._lists)])
        post = np.concatenate([empty, *(chunk[1] for chunk in self._lists)])
        index_range(pre, self.pre.size, "presynaptic")
        index_range(post, self.post.size, "postsynaptic")
        names = {name: None for chunk in self._lists for name in chunk[2]}
        for name in names:
            parts = []
            for sources, targets, values in self._lists:
                if name in values:
                    parts.append(values[name])
                else:
                    parts.append(self._at(self._values[name], sources, targets, name))
            self._values[name] = np.concatenate(parts)
        self._lists = []
        return "from_list", {"pre": pre, "post": post}

    def _at(self, value: Value, pre: np.ndarray, post: np.ndarray, name: str) -> np.ndarray:
        if isinstance(value, float):
            return np.full(pre.shape, value)
        if isinstance(value, np.ndarray):
            return value[pre, post]
        raise NotYet(f"'{name}' is given for some of the connections, and drawn for the others")

    def connection_rule(self) -> Rule:
        """Return the connector's name in the IR and its options."""
        assert self._rule is not None
        return self._rule

    # Changes.

    def set(self, **attributes: Any) -> None:
        """Set weights, delays or parameters of the connections.

        Parameters
        ----------
        **attributes
            A number, a distribution, a function or string of distance, an array of shape
            (pre, post), or a list with a value for each connection.
        """
        names = self.synapse_type.get_parameter_names()
        changes: list[tuple[str, Value, bool]] = []
        for name, raw in attributes.items():
            if name not in names:
                raise UnknownParameter(name, type(self.synapse_type).__name__, names)
            changes.append((name, *self._new_value(name, raw)))
        doubtful = self._check({name: value for name, value, _ in changes})
        self.session.note("set", self.symbol, attributes)
        for name, value, listed in changes:
            self._store(name, value, listed)
        if doubtful:
            self._doubtful = True
            if self.session.is_built:
                self._check_drawn(self.session.simulation())

    def _new_value(self, name: str, raw: Any) -> tuple[Value, bool]:
        """Return a value, and whether it is a list of one for each connection."""
        if isinstance(raw, list | tuple | np.ndarray) and not is_plain(raw):
            array = np.asarray(raw, dtype=float)
            listed = array.ndim == 1 or np.isnan(array).any()
            if listed:
                values = per_connection(self.edges(), array, self.shape, name)
                if np.isnan(values).any():
                    raise ValueRefused(f"'{name}' is NaN for a connection that exists")
                return values, True
        if isinstance(raw, RandomDistribution) and self.session.connectivity == "pynn":
            from snnc.pynn.wiring.pynn_order import draw_matrix

            return self._resolve(name, draw_matrix(raw, self.shape)), False
        count = self._edits.get(name, 0)
        return self.session.redrawn(self._resolve(name, raw), count), False

    def _store(self, name: str, value: Value, listed: bool) -> None:
        self._edits[name] = self._edits.get(name, 0) + 1
        if listed:
            assert isinstance(value, np.ndarray)
            self._overrides[name] = value
        else:
            self._overrides.pop(name, None)
            self._values[name] = value
        self.session.later(
            ("edges", self.symbol, name),
            lambda simulation: simulation.set_edge_values(self.symbol, name, value),
        )

    def has_own_values(self, name: str) -> bool:
        """Return whether single connections were given values."""
        return name in self._overrides

    def list_connections(self) -> None:
        """Write the connections as a list from now on, so that each has values of its own."""
        if not self._overrides:
            return
        simulation = self.session.existing
        assert simulation is not None
        edges = simulation.edges(self.symbol)
        values = {n: simulation.edge_values(self.symbol, n) for n in self._values}
        self._values.update(values, **self._overrides)
        self._overrides = {}
        self._rule = ("from_list", {"pre": edges.pre, "post": edges.post})

    def after_build(self, simulation: Simulation) -> None:
        """Give a new simulation what was set for single connections."""
        for name, values in self._overrides.items():
            simulation.set_edge_values(self.symbol, name, values)
        if self._doubtful:
            self._check_drawn(simulation)

    def _check_drawn(self, simulation: Simulation) -> None:
        right = simulation.weights_have_sign(self.symbol, wanted_sign(self))
        if self._safe and not right:
            check_drawn(self, simulation.edge_values(self.symbol, "weight"))
        self._doubtful = False

    def initialize(self, **initial_values: Any) -> None:
        """Set the initial values of state variables of the synapses."""
        known = self.synapse_type.default_initial_values
        for name in initial_values:
            if name not in known:
                raise UnknownParameter(name, type(self.synapse_type).__name__, known)
        if self.session.has_run:
            raise NotYet("states of synapses are initialized before the first run")
        self.initial.update(self._resolved(initial_values))
        self.session.changed(self.symbol, "initial values")

    def annotate(self, **annotations: Any) -> None:
        """Note things about the projection."""
        self.annotations.update(annotations)

    def describe(
        self, template: str | None = "projection_default.txt", engine: Any = "default"
    ) -> Any:
        """Return a description; with `template=None` the dictionary it is made from."""
        context = {
            "label": self.label,
            "pre": self.pre.describe(template=None),
            "post": self.post.describe(template=None),
            "source": self.source,
            "receptor_type": self.receptor_type,
            "size_local": len(self),
            "size": len(self),
            "connector": self._connector.describe(template=None),
            "plasticity": self.synapse_type.describe(template=None),
        }
        return descriptions.render(engine, template, context)


def _check_groups(pre: Any, post: Any) -> None:
    for side, group in (("presynaptic", pre), ("postsynaptic", post)):
        if not isinstance(group, BasePopulation | Assembly):
            raise ConnectionRefused(
                f"{side} cells must be a population, view or assembly; found {group!r}"
            )
        if group.size == 0:
            raise ConnectionRefused(f"there are no {side} cells")
    if isinstance(post, Assembly) and not post.homogeneous_synapses:
        raise ConnectionRefused(
            f"the members of {post.label!r} differ: some synapses are conductances, some currents"
        )


def _synapse(synapse_type: Any) -> StandardSynapseType:
    if synapse_type is None:
        return synapse_class("StaticSynapse")()
    if not isinstance(synapse_type, StandardSynapseType):
        raise TypeRefused(f"a synapse type is expected; found {synapse_type!r}")
    return synapse_type
