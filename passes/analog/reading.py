"""A mapping onto analog chips as arrays: what passes after the choice of the chip read."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Operation

from snnc.ir.diagnostics import OptionError
from snnc.ir.dialects import analog, snn
from snnc.ir.dialects.snn_values import ArrayHandleAttr, RangeAttr
from snnc.ir.model_info import ModelInfo, describe_model, models_of
from snnc.ir.pass_context import PassContext, pass_context
from snnc.ir.resources import decode
from snnc.passes.one_network import network_of

Ints = NDArray[np.int64]
Table = dict[str, Ints]
HOST = -1
"""The chip number of what comes from outside."""


@dataclass(frozen=True, eq=False)
class Wiring:
    """All synapses of a network, those of one projection after those of another.

    Attributes
    ----------
    pre, post : ndarray of int64, shape (m,)
        Cells, numbered through the populations in their order.
    projection, index : ndarray of int64, shape (m,)
        The projection's place in `AnalogMapping.projections`, and the place in its list.
    weight : ndarray of float64, shape (m,)
        In the declared unit.
    """

    pre: Ints
    post: Ints
    projection: Ints
    index: Ints
    weight: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class AnalogMapping:
    """What has been decided so far; tables are read when first asked for."""

    op: analog.MappingOp
    network: snn.NetworkOp
    module: ModuleOp
    context: PassContext

    @cached_property
    def chip(self) -> analog.ChipOp:
        """The chip."""
        return self.op.decided(analog.ChipOp, "choose-chip")[0]

    @cached_property
    def symbols(self) -> dict[str, Operation]:
        """What the network names."""
        return self.network.symbols()

    @cached_property
    def populations(self) -> list[snn.PopulationOp]:
        """The populations."""
        return [op for op in self.symbols.values() if isinstance(op, snn.PopulationOp)]

    @cached_property
    def projections(self) -> list[snn.ProjectionOp]:
        """The projections."""
        return [op for op in self.symbols.values() if isinstance(op, snn.ProjectionOp)]

    @cached_property
    def models(self) -> dict[str, ModelInfo]:
        """The models of the module."""
        return {name: describe_model(op) for name, op in models_of(self.module).items()}

    @cached_property
    def first(self) -> dict[str, int]:
        """The number of the first cell of each population."""
        ends = np.cumsum([0, *(op.size for op in self.populations)])
        return {op.symbol: int(end) for op, end in zip(self.populations, ends, strict=False)}

    @property
    def cells(self) -> int:
        """Number of cells of the network, sources among them."""
        return sum(op.size for op in self.populations)

    @cached_property
    def is_source(self) -> NDArray[np.bool_]:
        """Whether each cell emits without input, and so is not on a chip."""
        parts = [np.full(op.size, self.models[op.model].source) for op in self.populations]
        return np.concatenate(parts or [np.empty(0, bool)])

    def members(self, symbol: str) -> Ints:
        """Return the cells of a population, view or assembly, in its order."""
        op = self.symbols[symbol]
        match op:
            case snn.PopulationOp():
                return self.first[symbol] + np.arange(op.size)
            case snn.ViewOp():
                if isinstance(op.indices, RangeAttr):
                    return self.members(op.of)[np.array(op.indices.data, np.int64)]
                return self.members(op.of)[self.array(op.indices)]
            case snn.AssemblyOp():
                return np.concatenate([self.members(member) for member in op.members])
            case _:
                raise TypeError(f"no group of cells: {op.name}")

    def array(self, attribute: ArrayHandleAttr) -> np.ndarray:
        """Return an array that an attribute refers to."""
        return self.context.arrays.arrays[attribute.data.name]

    @cached_property
    def wiring(self) -> Wiring:
        """All synapses.

        Raises
        ------
        OptionError
            If they are not listed.
        """
        parts = [self._synapses(number, op) for number, op in enumerate(self.projections)]
        columns = list(zip(*parts, strict=True)) or [(np.empty(0, np.int64),)] * 5
        return Wiring(*(np.concatenate(column) for column in columns))

    def _synapses(self, number: int, op: snn.ProjectionOp) -> tuple[np.ndarray, ...]:
        sides = []
        for side, group in (("pre", op.pre), ("post", op.post)):
            listed = op.connector.options.data.get(side)
            if op.connector.connector.data != "from_list" or not isinstance(
                listed, ArrayHandleAttr
            ):
                raise OptionError(
                    f"the synapses of '{op.label}' are not listed; expected pass 'list-synapses'"
                )
            sides.append(self.members(group)[self.array(listed)])
        size = sides[0].size
        weight = decode(op.weight, self.context.arrays.arrays)
        if not isinstance(weight, float | np.ndarray):
            raise OptionError(
                f"the weights of '{op.label}' are not numbers; expected pass 'list-synapses'"
            )
        return (
            *sides,
            np.full(size, number),
            np.arange(size),
            np.broadcast_to(np.asarray(weight, np.float64), size),
        )

    def tables(self, kind: type[analog.OfObject], missing_pass: str) -> dict[str, Table]:
        """Return the tables of one kind, by what they are about.

        Raises
        ------
        OptionError
            If there is none, which `missing_pass` would add.
        """
        if issubclass(kind, analog.OfProjection) and not self.projections:
            return {}
        return {
            op.of: op.columns(self.context.arrays.arrays)
            for op in self.op.decided(kind, missing_pass)
        }

    def about_chips(self, kind: type[analog.OfChip], missing_pass: str) -> dict[int, Table]:
        """Return the tables of one kind about chips, by the numbers of the chips."""
        return {
            op.on: op.columns(self.context.arrays.arrays)
            for op in self.op.decided(kind, missing_pass)
        }

    def joined(self, kind: type[analog.OfObject], missing_pass: str) -> Table:
        """Return the tables of one kind about populations as one, with cells of the network."""
        parts = [
            {**table, "cell": table["cell"] + self.first[symbol]}
            for symbol, table in self.tables(kind, missing_pass).items()
        ]
        return {name: np.concatenate([part[name] for part in parts]) for name in kind.COLUMNS}

    def add_by_population(self, kind: type[analog.OfObject], rows: Ints) -> None:
        """Add a table for each population from rows that begin with cells of the network."""
        rows = rows[np.lexsort(rows.T[::-1])]
        for op in self.populations:
            first = self.first[op.symbol]
            mine = rows[(rows[:, 0] >= first) & (rows[:, 0] < first + op.size)]
            self.add(kind, op.symbol, mine - np.eye(1, rows.shape[1], dtype=np.int64) * first)

    def add(self, kind: type[analog.OfObject], symbol: str, rows: Ints) -> None:
        """Add a table about a population or projection."""
        self.op.add([kind(symbol, self.handle(rows, f"{kind.name}.{symbol}"))])

    def handle(self, array: np.ndarray, name: str) -> ArrayHandleAttr:
        """Store an array."""
        return ArrayHandleAttr(self.context.arrays.handle(array, name))


def analog_mapping_of(ctx: Context, module: ModuleOp) -> AnalogMapping:
    """Return the mapping of a module.

    Raises
    ------
    OptionError
        If there is none.
    """
    found = [op for op in module.body.block.ops if isinstance(op, analog.MappingOp)]
    if len(found) != 1:
        raise OptionError(f"expected one mapping; found {len(found)}; pass 'choose-chip' makes it")
    return AnalogMapping(found[0], network_of(module), module, pass_context(ctx))
