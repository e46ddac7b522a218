"""Rules about the arrays of an analog mapping: that what they name exists, and is used once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

import numpy as np
from xdsl.dialects.builtin import ArrayAttr, ModuleOp, StringAttr
from xdsl.ir import Operation

from snnc.ir.dialects import analog, snn, wafer
from snnc.ir.dialects.analog_rules import chip_of, network_of, of_kind
from snnc.ir.dialects.snn_values import ArrayHandleAttr
from snnc.ir.locations import refuse
from snnc.ir.wafer_limits import wafer_limits

Arrays = Mapping[str, np.ndarray]
Limits = Mapping[str, tuple[int, int]]


def check_analog_arrays(module: ModuleOp, arrays: Arrays) -> None:
    """Check the numbers of every analog mapping of a verified module.

    Raises
    ------
    OperationError
        If a number is out of its range, or a thing is used twice.
    """
    for op in of_kind(module.body.block.ops, analog.MappingOp):
        _Rules(op, arrays).check()


class _Rules:
    def __init__(self, op: analog.MappingOp, arrays: Arrays) -> None:
        self.ops = list(op.body.block.ops)
        self.chip = chip_of(op)
        self.symbols = network_of(op).symbols()
        self.arrays = arrays

    def check(self) -> None:
        for op in self.ops:
            if isinstance(op, analog.Decision):
                self._check_ranges(op)
            match op:
                case analog.CodesOp():
                    self._check_codes(op)
                case analog.CrossbarOp():
                    self._check_nodes(op)
                case analog.DriversOp():
                    self._check_unique(op, ("block", "bus", "driver"), "driver")
                case analog.CircuitsOp():
                    self._check_joined(op)
                case _:
                    pass
        self._check_once(analog.CircuitsOp, ("chip", "block", "column"), "circuit")
        self._check_once(analog.SynapsesOp, ("chip", "block", "row", "column"), "synapse")
        self._check_accounted()

    def _check_ranges(self, op: analog.Decision) -> None:
        limits = self._limits(op)
        for name, values in op.columns(self.arrays).items():
            low, high = limits[name]
            outside = (values < low) | (values > high)
            if np.any(outside):
                refuse(
                    op, f"{name} {values[np.argmax(outside)]} at row {int(np.argmax(outside))}; "
                    f"expected {low} to {high}",
                )  # fmt: skip

    def _limits(self, op: analog.Decision) -> Limits:
        """Return the ends of the range of each column of a table."""
        match op:
            case analog.CodesOp():
                return {"line": (0, 1), "code": (0, 1 << 30)}
            case analog.LostOp():
                reasons = (0, len(analog.LOST) - 1)
                return {"synapse": (0, self._synapses(op) - 1), "reason": reasons}
            case wafer.PlacesOp():
                return wafer_limits(op, self.chip, self._size(op))
            case wafer.SynapsesOp():
                return wafer_limits(op, self.chip, self._synapses(op))
            case analog.CircuitsOp() | analog.SelectsOp() | analog.EventsOp():
                return self._crossbar_limits(op)
            case analog.SynapsesOp() | analog.CrossbarOp() | analog.DriversOp():
                return self._crossbar_limits(op)
            case _:
                return wafer_limits(op, self.chip, 0)

    def _crossbar_limits(self, op: analog.Decision) -> Limits:
        count = self.chip.count
        chips, blocks = (0, self.chip.number - 1), (0, count("blocks") - 1)
        columns, events = (0, count("columns") - 1), (0, (1 << count("event_bits")) - 1)
        inputs = count("event_outputs") + count("l2_channels") + count("background_sources")
        outputs = count("blocks") * count("buses") + count("l2_channels")
        match op:
            case analog.CircuitsOp():
                cells = (0, self._size(op) - 1)
                return {"cell": cells, "chip": chips, "block": blocks, "column": columns}
            case analog.SelectsOp():
                return {
                    "cell": (0, self._size(op) - 1), "chip": chips,
                    "bus": (0, count("buses") - 1),
                    "select": (0, (1 << count("row_select_bits")) - 1),
                }  # fmt: skip
            case analog.EventsOp():
                return {
                    "cell": (0, self._size(op) - 1), "sender": (-1, chips[1]), "chip": chips,
                    "input": (0, inputs - 1), "event": events,
                }  # fmt: skip
            case analog.CrossbarOp():
                return {
                    "input": (0, inputs - 1), "output": (0, outputs - 1),
                    "mask": events, "target": events,
                }  # fmt: skip
            case analog.DriversOp():
                drivers = (0, count("drivers") - 1)
                return {
                    "block": blocks, "bus": (0, count("buses") - 1), "driver": drivers,
                    "mask": drivers, "top": (-1, 1), "bottom": (-1, 1),
                }  # fmt: skip
            case _:
                assert isinstance(op, analog.SynapsesOp)
                return {
                    "synapse": (0, self._synapses(op) - 1), "chip": chips, "block": blocks,
                    "row": (0, count("rows") - 1), "column": columns,
                    "label": (0, (1 << count("label_bits")) - 1),
                    "weight": (0, (1 << count("weight_bits")) - 1),
                }  # fmt: skip

    def _size(self, op: analog.OfPopulation) -> int:
        population = self.symbols[op.of]
        assert isinstance(population, snn.PopulationOp)
        return population.size

    def _synapses(self, op: analog.OfProjection) -> int:
        """Return how many synapses the projection of an operation lists."""
        projection = self.symbols[op.of]
        assert isinstance(projection, snn.ProjectionOp)
        listed = projection.connector.options.data.get("pre")
        if not isinstance(listed, ArrayHandleAttr):
            refuse(op, f"the synapses of '@{op.of}' are not listed; expected pass 'list-synapses'")
        return listed.data.shape[0]

    def _check_codes(self, op: analog.CodesOp) -> None:
        found, scale = self._synapses(op), op.scale.data
        if op.table_.data.shape[0] != found:
            refuse(op, f"'@{op.of}' has {found} synapses; found {op.table_.data.shape[0]} codes")
        if scale.dtype != "float64" or scale.shape != (found,):
            refuse(op, f"'@{op.of}' has {found} synapses; found scales of shape {[*scale.shape]}")
        if not np.all(np.isfinite(self.arrays[scale.name])):
            refuse(op, "a scale is not finite")

    def _check_once(
        self, kind: type[analog.CircuitsOp | analog.SynapsesOp], names: tuple[str, ...], what: str
    ) -> None:
        """Check that no place is taken twice, by whichever operations."""
        seen: np.ndarray = np.empty((0, len(names)), np.int64)
        for op in of_kind(self.ops, kind):
            table = op.columns(self.arrays)
            seen = np.concatenate([seen, np.stack([table[name] for name in names], axis=1)])
            self._refuse_double(op, seen, names, what)

    def _check_unique(self, op: analog.Decision, names: tuple[str, ...], what: str) -> None:
        table = op.columns(self.arrays)
        self._refuse_double(op, np.stack([table[name] for name in names], axis=1), names, what)

    def _refuse_double(
        self, op: Operation, rows: np.ndarray, names: tuple[str, ...], what: str
    ) -> None:
        distinct, counts = np.unique(rows, axis=0, return_counts=True)
        if np.any(counts > 1):
            place = distinct[np.argmax(counts > 1)]
            where = ", ".join(f"{name} {int(n)}" for name, n in zip(names, place, strict=True))
            refuse(op, f"{what} at {where} is used twice")

    def _check_nodes(self, op: analog.CrossbarOp) -> None:
        picture = self.chip.figures.data.get("crossbar")
        assert isinstance(picture, ArrayAttr)
        there = np.array([[mark == "X" for mark in _text(line)] for line in picture])
        table = op.columns(self.arrays)
        wrong = ~there[table["input"], table["output"]]
        if np.any(wrong):
            k = int(np.argmax(wrong))
            refuse(
                op, f"there is no node from input {table['input'][k]} to output "
                f"{table['output'][k]}",
            )  # fmt: skip
        self._check_unique(op, ("input", "output"), "node")
        if np.any(table["target"] & ~table["mask"]):
            refuse(op, "a target has ones where its mask has none")

    def _check_joined(self, op: analog.CircuitsOp) -> None:
        """Circuits of a cell are joined to neighbours, in one run of columns that can be joined."""
        table, run = op.columns(self.arrays), self.chip.count("joined_columns")
        places: dict[int, set[tuple[int, int, int]]] = defaultdict(set)
        for cell, *place in zip(*(values.tolist() for values in table.values()), strict=True):
            places[cell].add((place[0], place[1], place[2]))
        for cell, circuits in places.items():
            if not _are_joined(circuits, run):
                refuse(op, f"circuits of cell {cell} of '@{op.of}' are not beside each other")

    def _check_accounted(self) -> None:
        """Every synapse of a projection that has been routed is placed or lost, and not both."""
        lost = {op.of: op for op in of_kind(self.ops, analog.LostOp)}
        for op in of_kind(self.ops, analog.SynapsesOp):
            if op.of not in lost:
                refuse(op, f"'@{op.of}' has synapses on chips; expected 'analog.lost' beside them")
            placed, gone = (
                op.columns(self.arrays)["synapse"],
                lost[op.of].columns(self.arrays)["synapse"],
            )
            if np.unique(gone).size != gone.size:
                refuse(lost[op.of], f"a synapse of '@{op.of}' is lost twice")
            if both := np.intersect1d(placed, gone).tolist():
                refuse(lost[op.of], f"synapse {both[0]} of '@{op.of}' is lost, and on a chip")
            there = np.union1d(placed, gone)
            if there.size != self._synapses(op):
                missing = np.setdiff1d(np.arange(self._synapses(op)), there)[0]
                refuse(op, f"synapse {missing} of '@{op.of}' is neither on a chip nor lost")


def _are_joined(circuits: set[tuple[int, int, int]], run: int) -> bool:
    """Tell whether circuits (chip, block, column) are connected by neighbours in one run."""
    todo = [next(iter(circuits))]
    left = circuits - {todo[0]}
    while todo:
        chip, block, column = todo.pop()
        beside = {
            (one, other, place)
            for one, other, place in left
            if one == chip and place // run == column // run
            and (abs(place - column) + abs(other - block) == 1)
        }  # fmt: skip
        left -= beside
        todo += beside
    return not left


def _text(attribute: object) -> str:
    assert isinstance(attribute, StringAttr)
    return attribute.data
