"""The names of a network while it is checked: symbols, object ids, cells, models."""

from __future__ import annotations

from bisect import bisect
from collections.abc import Mapping
from dataclasses import dataclass

from xdsl.ir import Operation

from snnc.ir.diagnostics import did_you_mean
from snnc.ir.dialects.snn import AssemblyOp, PopulationOp, ProjectionOp, SourceOp, ViewOp
from snnc.ir.locations import refuse
from snnc.ir.model_info import ModelInfo, describe_model

MAX_CELLS = 2**32
MAX_OBJECT_ID = 2**31
Numbered = PopulationOp | ProjectionOp | SourceOp
Named = PopulationOp | ViewOp | AssemblyOp | ProjectionOp | SourceOp
_KINDS: dict[type[Operation], str] = {
    PopulationOp: "a population",
    ViewOp: "a view",
    AssemblyOp: "an assembly",
    ProjectionOp: "a projection",
    SourceOp: "a current source",
}


@dataclass(frozen=True)
class Group:
    """The cells behind a symbol: how many, and the populations they are in."""

    size: int
    populations: tuple[PopulationOp, ...]


class Scope:
    """The names of a network and of the models it uses.

    Parameters
    ----------
    models : mapping of str to Operation
        Cell and synapse models by name; looked up when needed, so it may grow.
    dt : float
        Time step in ms.
    """

    def __init__(self, models: Mapping[str, Operation], dt: float) -> None:
        self.models = models
        self.dt = dt
        self.symbols: dict[str, Operation] = {}
        self.object_ids: dict[int, str] = {}
        self._ranges: list[tuple[int, int, str]] = []
        self._groups: dict[str, Group] = {}
        self._infos: dict[str, ModelInfo] = {}

    def declare(self, op: Named) -> None:
        """Make an operation known by its symbol and numbers.

        Raises
        ------
        OperationError
            If the symbol, the object id or a cell's index is taken; nothing is declared then.
        """
        if op.symbol in self.symbols:
            refuse(op, f"symbol '@{op.symbol}' is defined twice")
        if isinstance(op, Numbered):
            self._claim_object_id(op)
        if isinstance(op, PopulationOp) and op.stands_for is None:
            self._claim_cells(op)
        if isinstance(op, Numbered):
            self.object_ids[op.object_id] = op.symbol
        self.symbols[op.symbol] = op

    def _claim_object_id(self, op: Numbered) -> None:
        if not 0 <= op.object_id < MAX_OBJECT_ID:
            refuse(op, f"object id {op.object_id} is out of range; expected 0 to 2^31 - 1")
        if op.object_id in self.object_ids:
            other = self.object_ids[op.object_id]
            refuse(op, f"object id {op.object_id} of '@{op.symbol}' is that of '@{other}'")

    def _claim_cells(self, op: PopulationOp) -> None:
        first, last = op.first_id, op.first_id + op.size
        if op.size < 1:
            refuse(op, f"size of '@{op.symbol}' must be positive; found {op.size}")
        if first < 0 or last > MAX_CELLS:
            refuse(op, f"cells {first} to {last - 1} of '@{op.symbol}' are out of range")
        claim = (first, last, op.symbol)
        at = bisect(self._ranges, claim)
        for low, high, other in self._ranges[max(at - 1, 0) : at + 1]:
            if first < high and low < last:
                refuse(op, f"cells of '@{op.symbol}' overlap those of '@{other}' from {low}")
        self._ranges.insert(at, claim)

    def next_object_id(self) -> int:
        """Return an object id above all that are taken."""
        return max(self.object_ids, default=-1) + 1

    def next_cell(self) -> int:
        """Return the index of the first cell above all that are taken."""
        return self._ranges[-1][1] if self._ranges else 0

    def model(self, op: Operation, name: str, kind: str) -> ModelInfo:
        """Return the model `name`, of kind ``cell`` or ``synapse``, that `op` refers to."""
        found = self.models.get(name)
        if found is None:
            hint = did_you_mean(name, self.models)
            refuse(op, f"unknown {kind} model '@{name}'{hint}")
        if name not in self._infos:
            self._infos[name] = describe_model(found)
        info = self._infos[name]
        if info.kind != kind:
            refuse(op, f"'@{name}' is a {info.kind} model; expected a {kind} model")
        return info

    def find(self, op: Operation, symbol: str, *kinds: type[Operation]) -> Operation:
        """Return the operation of one of the `kinds` that `op` refers to by `symbol`."""
        found = self.symbols.get(symbol)
        if found is None:
            known = [name for name, o in self.symbols.items() if isinstance(o, kinds)]
            refuse(op, f"unknown symbol '@{symbol}'{did_you_mean(symbol, known)}")
        if not isinstance(found, kinds):
            expected = " or ".join(_KINDS[kind] for kind in kinds)
            refuse(op, f"'@{symbol}' is {_KINDS[type(found)]}; expected {expected}")
        return found

    def group(self, op: Operation, symbol: str) -> Group:
        """Return the cells of the population, view or assembly that `op` refers to."""
        if symbol not in self._groups:
            self.find(op, symbol, PopulationOp, ViewOp, AssemblyOp)
            self._groups[symbol] = self._resolve(op, symbol, set())
        return self._groups[symbol]

    def _resolve(self, op: Operation, symbol: str, path: set[str]) -> Group:
        if symbol in path:
            refuse(op, f"'@{symbol}' is a part of itself")
        found = self.find(op, symbol, PopulationOp, ViewOp, AssemblyOp)
        match found:
            case PopulationOp():
                return Group(found.size, (found,))
            case ViewOp():
                return Group(
                    found.size, self._resolve(found, found.of, {*path, symbol}).populations
                )
            case _:
                assert isinstance(found, AssemblyOp)
                parts = [self._resolve(found, m, {*path, symbol}) for m in found.members]
                populations = dict.fromkeys(p for part in parts for p in part.populations)
                return Group(sum(part.size for part in parts), tuple(populations))
