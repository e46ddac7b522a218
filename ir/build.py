"""Building a network from Python values; frontends use this and never see an operation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TypeAlias

import numpy as np
from xdsl.dialects.builtin import (
    ArrayAttr,
    DictionaryAttr,
    FloatAttr,
    IntegerAttr,
    ModuleOp,
    StringAttr,
    SymbolRefAttr,
    f64,
    i64,
)
from xdsl.ir import Operation

from snnc.ir.array_rules import check_content
from snnc.ir.diagnostics import Location, ModelError, UserError
from snnc.ir.dialects.snn import (
    AssemblyOp,
    InjectOp,
    PopulationOp,
    ProjectionOp,
    RecordOp,
    SourceOp,
    ViewOp,
    network,
)
from snnc.ir.dialects.snn_rules import check, check_head
from snnc.ir.dialects.snn_scope import Named, Scope
from snnc.ir.dialects.snn_values import (
    ArrayHandleAttr,
    ConnectorAttr,
    RangeAttr,
    SpaceAttr,
    StructureAttr,
)
from snnc.ir.locations import location_attribute
from snnc.ir.model_info import models_of
from snnc.ir.resources import ResourceTable, encode, encode_real, handles_of
from snnc.ir.text import Document, located, parse, verify
from snnc.ir.values import Option, Space, Value

Configured: TypeAlias = tuple[str, Mapping[str, Option]]
"""A name with options: a connector or a structure."""


class NetworkBuilder:
    """Builds a document, one population or projection at a time.

    Every method checks at once. It raises ModelError, with the location that it was given, and
    leaves the network as it was, if a name is unknown or taken, or a value does not fit.

    Parameters
    ----------
    name : str
        Symbol of the network.
    dt : float
        Time step in ms.
    seed : int
        Seed of all random choices that have no seed of their own.
    location : Location, optional
        Where the user wrote this.
    """

    def __init__(
        self,
        name: str = "net",
        dt: float = 0.1,
        seed: int = 0,
        *,
        location: Location | None = None,
    ) -> None:
        self._network = network(name, float(dt), int(seed))
        self._module = ModuleOp([self._network])
        self._table = ResourceTable({})
        self._models: dict[str, Operation] = {}
        self._scope = Scope(self._models, float(dt))
        with self._located(location, self._network):
            check_head(self._network)

    def use_model(self, text: str, filename: str) -> str:
        """Add the one cell or synapse model in `text`, unless it is there; return its name.

        Raises
        ------
        ModelError
            If the text is wrong, or another model of that name is there.
        """
        document = parse(text, filename)
        verify(document)
        models = models_of(document.module)
        if len(models) != 1:
            raise ModelError(f"expected one model; found {len(models)}", Location(filename, 1))
        name, op = next(iter(models.items()))
        op.detach()
        known = self._models.get(name)
        if known is None:
            self._module.body.block.insert_op_before(op, self._network)
            self._models[name] = op
        elif not known.is_structurally_equivalent(op):
            raise ModelError(f"another model '{name}' is in use already", Location(filename, 1))
        return name

    def population(
        self,
        name: str,
        size: int,
        model: str,
        *,
        label: str | None = None,
        object_id: int | None = None,
        first_id: int | None = None,
        parameters: Mapping[str, Value] | None = None,
        initial: Mapping[str, Value] | None = None,
        structure: Configured | None = None,
        positions: np.ndarray | None = None,
        location: Location | None = None,
    ) -> None:
        """Add cells of one model.

        Parameters
        ----------
        name : str
            Symbol of the population, not taken in this network.
        size : int
            Number of cells.
        model : str
            A cell model added by `use_model`.
        label : str, optional
            The user's name for it.
        object_id, first_id : int, optional
            What random numbers are keyed by; by default the next that are free.
        parameters, initial : mapping of str to Value, optional
            In the units that the model declares; arrays have the shape (size,).
        structure : (str, mapping), optional
            How the positions were laid out.
        positions : ndarray, shape (3, size), optional
            In um; by default cell i is at (i, 0, 0).
        location : Location, optional
            Where the user wrote this.
        """
        if first_id is None:
            first_id = self._scope.next_cell()
        with self._located(location):
            op = PopulationOp(
                sym_name=StringAttr(name),
                label=_text(label),
                size=IntegerAttr(size, i64),
                model=SymbolRefAttr(model),
                object_id=self._object_id(object_id),
                first_id=IntegerAttr(first_id, i64),
                parameters=self._values(name, parameters),
                initial=self._values(f"{name}.initial", initial),
                structure=None
                if structure is None
                else StructureAttr(*self._options(name, structure)),
                positions=None
                if positions is None
                else self._array(f"{name}.positions", positions),
            )
        self._add(op, location)

    def view(
        self,
        name: str,
        parent: str,
        indices: slice | range | np.ndarray,
        *,
        label: str | None = None,
        location: Location | None = None,
    ) -> None:
        """Add a part of a population or view.

        Parameters
        ----------
        name, parent : str
            Symbols of the view and of what it is a part of.
        indices : slice, range or ndarray of int, shape (n,)
            Indices in the parent, none twice; their order is kept.
        label : str, optional
            The user's name for it.
        location : Location, optional
            Where the user wrote this.
        """
        with self._located(location):
            op = ViewOp(
                sym_name=StringAttr(name),
                label=_text(label),
                of=SymbolRefAttr(parent),
                indices=self._indices(name, parent, indices),
            )
        self._add(op, location)

    def _indices(
        self, name: str, parent: str, indices: slice | range | np.ndarray
    ) -> RangeAttr | ArrayHandleAttr:
        if isinstance(indices, slice):
            size = self._scope.group(self._network, parent).size
            indices = range(*indices.indices(size))
        if isinstance(indices, range):
            return RangeAttr(indices)
        array = np.asarray(indices)
        return self._array(f"{name}.indices", array if array.size else array.astype(np.int64))

    def assembly(
        self,
        name: str,
        members: Sequence[str],
        *,
        label: str | None = None,
        location: Location | None = None,
    ) -> None:
        """Add populations and views, one after the other, under the symbol `name`."""
        with self._located(location):
            op = AssemblyOp(
                sym_name=StringAttr(name),
                label=_text(label),
                of=ArrayAttr([SymbolRefAttr(member) for member in members]),
            )
        self._add(op, location)

    def projection(
        self,
        name: str,
        pre: str,
        post: str,
        connector: Configured,
        synapse: str,
        receptor: str,
        weight: Value,
        delay: Value,
        *,
        parameters: Mapping[str, Value] | None = None,
        initial: Mapping[str, Value] | None = None,
        label: str | None = None,
        object_id: int | None = None,
        space: Space | None = None,
        location: Location | None = None,
    ) -> None:
        """Add synapses between two groups of cells.

        Parameters
        ----------
        name, pre, post : str
            Symbols of the projection and of the populations, views or assemblies it joins.
        connector : (str, mapping)
            The rule and its options. An explicit list has the options ``pre`` and ``post``,
            arrays of n indices into the two groups.
        synapse : str
            A synapse model added by `use_model`.
        receptor : str
            A receptor of the postsynaptic cells.
        weight : Value
            In the unit of the receptor.
        delay : Value
            In ms.
        parameters, initial : mapping of str to Value, optional
            Of the synapse model, in the units it declares.
        label : str, optional
            The user's name for it.
        object_id : int, optional
            What random numbers are keyed by; by default the next that is free.
        space : Space, optional
            How distances are measured.
        location : Location, optional
            Where the user wrote this.

        Notes
        -----
        Arrays have the shape (pre, post) or, with an explicit list, (n,).
        """
        with self._located(location):
            op = ProjectionOp(
                sym_name=StringAttr(name),
                label=_text(label),
                pre=SymbolRefAttr(pre),
                post=SymbolRefAttr(post),
                connector=ConnectorAttr(*self._options(name, connector)),
                synapse=SymbolRefAttr(synapse),
                receptor=StringAttr(receptor),
                weight=encode_real(weight, self._table, f"{name}.weight"),
                delay=encode_real(delay, self._table, f"{name}.delay"),
                parameters=self._values(name, parameters),
                initial=self._values(f"{name}.initial", initial),
                space=None if space is None or space == Space() else SpaceAttr(space),
                object_id=self._object_id(object_id),
            )
        self._add(op, location)

    def source(
        self,
        name: str,
        kind: str,
        *,
        object_id: int | None = None,
        parameters: Mapping[str, Value] | None = None,
        label: str | None = None,
        location: Location | None = None,
    ) -> None:
        """Add a source of current of a kind in `CURRENT_SOURCES`, under the symbol `name`."""
        with self._located(location):
            op = SourceOp(
                sym_name=StringAttr(name),
                label=_text(label),
                kind=StringAttr(kind),
                object_id=self._object_id(object_id),
                parameters=self._values(name, parameters),
            )
        self._add(op, location)

    def inject(self, source: str, target: str, *, location: Location | None = None) -> None:
        """Give the current of `source` to every cell of a population, view or assembly."""
        with self._located(location):
            op = InjectOp(source=SymbolRefAttr(source), target=SymbolRefAttr(target))
        self._add(op, location)

    def record(
        self,
        target: str,
        variables: Sequence[str],
        sampling_interval: float | None = None,
        *,
        location: Location | None = None,
    ) -> None:
        """Keep variables of a population or view every `sampling_interval` ms (each step)."""
        interval = self._scope.dt if sampling_interval is None else float(sampling_interval)
        with self._located(location):
            op = RecordOp(
                target=SymbolRefAttr(target),
                variables=ArrayAttr([StringAttr(variable) for variable in variables]),
                sampling_interval=FloatAttr(interval, f64),
            )
        self._add(op, location)

    def finish(self) -> Document:
        """Return the verified network with its models and arrays; the builder is spent."""
        document = Document(self._module)
        with located(self._module):
            # Operations of the network have been checked when they were added.
            self._network.verify(verify_nested_ops=False)
            for op in self._module.body.block.ops:
                if op is not self._network:
                    op.verify()
        used = {handle.name for _, handle in handles_of(self._module)}
        document.resources.update((name, self._table.arrays[name]) for name in sorted(used))
        return document

    def _values(self, prefix: str, values: Mapping[str, Value] | None) -> DictionaryAttr:
        return DictionaryAttr(
            {
                key: encode_real(value, self._table, f"{prefix}.{key}")
                for key, value in (values or {}).items()
            }
        )

    def _options(self, prefix: str, configured: Configured) -> tuple[StringAttr, DictionaryAttr]:
        name, options = configured
        encoded = {
            key: encode(value, self._table, f"{prefix}.{key}") for key, value in options.items()
        }
        return StringAttr(name), DictionaryAttr(encoded)

    def _array(self, name: str, array: np.ndarray) -> ArrayHandleAttr:
        return ArrayHandleAttr(self._table.handle(array, name))

    def _object_id(self, given: int | None) -> IntegerAttr:
        return IntegerAttr(self._scope.next_object_id() if given is None else given, i64)

    def _add(self, op: Operation, location: Location | None) -> None:
        with self._located(location, op):
            op.verify()
            check(op, self._scope)
            check_content(op, self._scope, self._table.arrays)
            if isinstance(op, Named):
                self._scope.declare(op)
        self._network.body.block.add_op(op)

    @contextmanager
    def _located(self, location: Location | None, op: Operation | None = None) -> Iterator[None]:
        """Give `op` the location, and every refusal in the body too."""
        if op is not None and location is not None:
            op.location = location_attribute(location)
        try:
            with located(self._network if op is None else op):
                yield
        except UserError as error:
            raise ModelError(error.message, location) from error


def _text(label: str | None) -> StringAttr | None:
    # A lone surrogate (from a file name, say) has no place in a file in UTF-8.
    return None if label is None else StringAttr(label.encode("utf-8", "replace").decode())
