"""Connectors that are given, or make, a list of connections."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from snnc.pynn.cells.parameters import finite
from snnc.pynn.refusals import ConnectionRefused, DimensionsRefused, TypeRefused, ValueRefused
from snnc.pynn.wiring.connectors import Connector, index_range
from snnc.pynn.wiring.text_files import read_table

if TYPE_CHECKING:
    from snnc.pynn.wiring.projections import Projection


class FromListConnector(Connector):
    """Make the connections of a list.

    Parameters
    ----------
    conn_list : list of tuple, or ndarray of shape (n, columns)
        Presynaptic index, postsynaptic index and values of the connection's parameters.
    column_names : sequence of str, optional
        The parameters, by default ``weight`` and ``delay`` when there are four columns.
    location_selector, safe, callback
        See `Connector`.
    """

    parameter_names = ("conn_list",)

    def __init__(
        self,
        conn_list: Any,
        column_names: Sequence[str] | None = None,
        location_selector: Any = None,
        safe: bool = True,
        callback: Any = None,
    ) -> None:
        super().__init__(location_selector, safe, callback)
        self._take(conn_list, column_names)

    def _take(self, conn_list: Any, column_names: Sequence[str] | None) -> None:
        table = finite(conn_list, "conn_list")
        if table.size == 0:
            table = np.empty((0, 2))
        if table.ndim != 2 or table.shape[1] < 2:
            raise DimensionsRefused(
                "a list of connections has a row (pre, post, values...) for each; "
                f"found shape {table.shape}"
            )
        columns = table.shape[1] - 2
        if column_names is None:
            if columns not in (0, 2):
                raise TypeRefused(f"column_names= is needed for {columns} columns of values")
            column_names = ("weight", "delay")[:columns]
        if len(column_names) != columns and table.size:
            raise ValueRefused(f"{columns} columns of values, {len(column_names)} column names")
        if (table[:, :2] != np.floor(table[:, :2])).any():
            raise ValueRefused("indices of cells must be whole numbers")
        self.conn_list = table
        self.column_names = tuple(column_names)

    def connect(self, projection: Projection) -> None:
        """Give the projection its connections."""
        known = projection.synapse_type.get_parameter_names()
        for name in self.column_names:
            if name not in known:
                kind = type(projection.synapse_type).__name__
                raise ValueRefused(f"'{name}' is not a parameter of {kind}")
        pre, post = self.conn_list[:, :2].T.astype(np.int64)
        index_range(pre, projection.pre.size, "presynaptic")
        index_range(post, projection.post.size, "postsynaptic")
        values = {name: self.conn_list[:, 2 + i] for i, name in enumerate(self.column_names)}
        projection.add_list(pre, post, values)


class FromFileConnector(FromListConnector):
    """Make the connections of a file.

    Parameters
    ----------
    file : str, or a file object of pyNN.recording.files
        Lines of presynaptic index, postsynaptic index and values. A header
        ``# columns = ["i", "j", "weight", "delay"]`` names the columns.
    distributed : bool
        Whether each process has a file of its own, with its number appended to the name.
    location_selector, safe, callback
        See `Connector`.
    """

    parameter_names = ("file", "distributed")

    def __init__(
        self,
        file: Any,
        distributed: bool = False,
        location_selector: Any = None,
        safe: bool = True,
        callback: Any = None,
    ) -> None:
        Connector.__init__(self, location_selector, safe, callback)
        self.file = file
        self.distributed = distributed

    def connect(self, projection: Projection) -> None:
        """Read the file and give the projection its connections."""
        file = self.file
        if self.distributed:
            if isinstance(file, str):
                file = f"{file}.0"
            else:
                file.rename(f"{file.name}.0")
        rows, metadata = read_table(file)
        names = metadata.get("columns", ("weight", "delay"))
        if isinstance(names, str):
            names = [names]
        self._take(rows, [name for name in names if name not in ("i", "j")])
        super().connect(projection)


class CloneConnector(Connector):
    """Make the connections that another projection between the same cells has.

    Parameters
    ----------
    reference_projection : Projection
        Whose connections are taken.
    safe, callback
        See `Connector`.
    """

    parameter_names = ("reference_projection",)

    def __init__(self, reference_projection: Projection, safe: bool = True, callback: Any = None):
        super().__init__(None, safe, callback)
        self.reference_projection = reference_projection

    def connect(self, projection: Projection) -> None:
        """Give the projection its connections."""
        other = self.reference_projection
        same = other.pre == projection.pre and other.post == projection.post
        if not same:
            raise ConnectionRefused(
                f"'{other.label}' joins other cells; a clone joins the same cells"
            )
        edges = other.edges()
        projection.add_list(edges.pre, edges.post, {})


class MapConnector(Connector):
    """Base of users' connectors that are given by a matrix of pairs, or by its columns."""

    def _connect_with_map(
        self, projection: Projection, connection_map: Any, distance_map: Any = None
    ) -> None:
        """Connect the pairs for which a lazy array or matrix of shape (pre, post) is true."""
        if hasattr(connection_map, "by_column"):
            self._standard_connect(projection, connection_map.by_column, distance_map)
            return
        matrix = np.asarray(connection_map)
        self._standard_connect(projection, lambda mask=None: matrix.T, distance_map)

    def _standard_connect(
        self, projection: Projection, connection_map_generator: Any, distance_map: Any = None
    ) -> None:
        """Connect columns: for each postsynaptic cell a mask or the indices of its sources."""
        if projection.session.connectivity == "pynn":
            from snnc.pynn.wiring.pynn_order import draw_columns

            draw_columns(projection, connection_map_generator, distance_map, self.callback)
            return
        columns: Iterable[Any] = connection_map_generator()
        everyone = np.arange(projection.pre.size)
        for target, column in zip(range(projection.post.size), columns, strict=False):
            if column is True or column is np.True_:
                sources = everyone
            elif column is False or column is np.False_:
                continue
            else:
                array = np.asarray(column)
                sources = np.flatnonzero(array) if array.dtype == bool else array
            if sources.size:
                projection._convergent_connect(sources.astype(np.int64), target)
            if self.callback:
                self.callback((target + 1) / projection.post.size)

    def _generate_distance_map(self, projection: Projection) -> Any:
        """Return a lazy array of the distances, shape (pre, post)."""
        from pyNN.parameters import LazyArray

        return LazyArray(projection.distances(), shape=projection.shape)

    def _get_connection_map_no_self_connections(self, projection: Projection) -> Any:
        """Return a lazy array that is false where a cell would connect to itself."""
        from pyNN.parameters import LazyArray

        pre, post = projection.pre.cell_numbers, projection.post.cell_numbers
        return LazyArray(pre[:, None] != post[None, :], shape=projection.shape)

    def _get_connection_map_no_mutual_connections(self, projection: Projection) -> Any:
        """Return a lazy array that is true for one of two opposite pairs."""
        from pyNN.parameters import LazyArray

        if projection.pre != projection.post:
            raise ConnectionRefused("'NoMutual' is for connections of a population with itself")
        return LazyArray(lambda i, j: i > j, shape=projection.shape)
