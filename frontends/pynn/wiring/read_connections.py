"""Reading the connections of a projection, which are made when they are first asked for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from snnc.ir.values import Value
from snnc.pynn.refusals import UnknownParameter, ValueRefused
from snnc.pynn.wiring.connections import Connection, as_arrays, connection
from snnc.pynn.wiring.old_projection_names import OldProjectionNames
from snnc.pynn.wiring.text_files import write_table

if TYPE_CHECKING:
    from snnc.pynn.cells.assemblies import Assembly
    from snnc.pynn.cells.groups import BasePopulation
    from snnc.pynn.session import Session
    from snnc.pynn.wiring.connectors import Rule
    from snnc.pynn.wiring.synapses import StandardSynapseType


class Connections(OldProjectionNames):
    """Base of `Projection`: its connections, and their weights, delays and parameters."""

    MULTI_SYNAPSE_OPERATIONS: ClassVar[tuple[str, ...]] = ("last", "first", "sum", "min", "max")
    session: Session
    symbol: str
    label: str
    pre: BasePopulation | Assembly
    post: BasePopulation | Assembly
    synapse_type: StandardSynapseType
    _values: dict[str, Value]
    _overrides: dict[str, np.ndarray]
    _edits: dict[str, int]
    _cache: tuple[Any, dict[str, np.ndarray]]

    def connection_rule(self) -> Rule:
        """Return the connector's name in the IR and its options."""
        raise NotImplementedError

    @property
    def shape(self) -> tuple[int, int]:
        """Numbers of presynaptic and of postsynaptic cells."""
        return len(self.pre), len(self.post)

    def edges(self) -> Any:
        """Return the connections: indices `pre` and `post`, sorted, shape (n,) each."""
        return self.session.simulation().edges(self.symbol)

    def __len__(self) -> int:
        name, options = self.connection_rule()
        if name == "from_list":
            return int(np.asarray(options["pre"]).size)
        return self.session.simulation().size(self.symbol)

    def size(self, gather: bool = True) -> int:
        """Return the number of connections."""
        return len(self)

    def __bool__(self) -> bool:
        return True

    def __getitem__(self, index: Any) -> Any:
        """Return a connection, or a list of them for a slice."""
        size = len(self)
        if isinstance(index, slice):
            return [connection(self, i) for i in range(*index.indices(size))]
        if not -size <= index < size:
            raise IndexError(f"{self.label!r} has {size} connections; found index {index}")
        return connection(self, int(index) % size)

    def __iter__(self) -> Iterator[Connection]:
        return (connection(self, i) for i in range(len(self)))

    @property
    def connections(self) -> Iterator[Connection]:
        """The connections, one after the other."""
        return iter(self)

    def __repr__(self) -> str:
        return f'Projection("{self.label}")'

    def attribute(self, name: str) -> np.ndarray:
        """Return an attribute of each connection, in PyNN's unit, shape (n,)."""
        simulation = self.session.simulation()
        key = (id(simulation), simulation.step, sum(self._edits.values()))
        if self._cache[0] != key:
            self._cache = (key, {})
        found = self._cache[1].get(name)
        if found is None:
            if name in ("presynaptic_index", "postsynaptic_index"):
                edges = simulation.edges(self.symbol)
                found = edges.pre if name.startswith("pre") else edges.post
            else:
                self._check_name(name)
                found = self._as_given(name, simulation.edge_values(self.symbol, name))
            self._cache[1][name] = found
        return found

    def _as_given(self, name: str, stored: np.ndarray) -> np.ndarray:
        """Return stored values as the script wrote them, where storage has only rounded them."""
        given: Any = self._overrides.get(name, self._values.get(name))
        if isinstance(given, np.ndarray) and given.ndim == 2:
            edges = self.edges()
            given = given[edges.pre, edges.post]
        elif isinstance(given, np.ndarray) and name not in self._overrides:
            options = self.connection_rule()[1]
            given = given[np.lexsort((np.asarray(options["post"]), np.asarray(options["pre"])))]
        elif not isinstance(given, float | np.ndarray):
            return stored
        return np.where(np.float32(given) == np.float32(stored), given, stored)

    def _check_name(self, name: str) -> None:
        known = [
            *self.synapse_type.get_parameter_names(),
            *self.synapse_type.default_initial_values,
        ]
        if name not in known:
            raise UnknownParameter(name, type(self.synapse_type).__name__, known)

    def get(
        self,
        attribute_names: str | Sequence[str],
        format: str,
        gather: bool | str = True,
        with_address: bool = True,
        multiple_synapses: str = "sum",
    ) -> Any:
        """Return weights, delays or parameters of the connections.

        Parameters
        ----------
        attribute_names : str or sequence of str
            One name, or several.
        format : "list" or "array"
            A list of tuples (pre, post, values...), or arrays of shape (pre, post) with NaN where
            there is no connection.
        gather : bool
            Makes no difference: there is one process.
        with_address : bool
            Whether the tuples of a list begin with the indices of the cells.
        multiple_synapses : "sum", "last", "first", "min" or "max"
            What an array holds for pairs with several connections.
        """
        single = isinstance(attribute_names, str)
        names = [attribute_names] if isinstance(attribute_names, str) else list(attribute_names)
        names = [name[:-1] if name in ("weights", "delays") else name for name in names]
        columns = [self.attribute(name) for name in names]
        if format == "list":
            if single and not with_address:
                return columns[0].tolist()
            if with_address:
                edges = self.edges()
                columns = [edges.pre, edges.post, *columns]
            return list(zip(*(column.tolist() for column in columns), strict=True))
        if format != "array":
            raise ValueRefused(f"format must be 'list' or 'array'; found {format!r}")
        if multiple_synapses not in self.MULTI_SYNAPSE_OPERATIONS:
            raise ValueRefused(
                f"multiple_synapses must be one of {', '.join(self.MULTI_SYNAPSE_OPERATIONS)}; "
                f"found {multiple_synapses!r}"
            )
        arrays = as_arrays(self.edges(), columns, self.shape, multiple_synapses)
        return arrays[0] if single else arrays

    def save(
        self,
        attribute_names: str | Sequence[str],
        file: Any,
        format: str = "list",
        gather: bool = True,
        with_address: bool = True,
    ) -> None:
        """Write attributes of the connections to a file; see `get`.

        Parameters
        ----------
        attribute_names : str or sequence of str
            Names; ``"all"`` for weight, delay and all parameters.
        file : str, or a file object of pyNN.recording.files
            A text file when a name is given.
        """
        if attribute_names in ("all", "connections"):
            names = self.synapse_type.get_parameter_names()
        else:
            names = [attribute_names] if isinstance(attribute_names, str) else list(attribute_names)
        values = self.get(names, format, gather, with_address)
        if format == "array":
            values = np.vstack([np.nan_to_num(array, nan=0.0) for array in values])
        columns = (["i", "j"] if with_address else []) + names
        write_table(file, values, {"columns": columns})
