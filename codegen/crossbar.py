"""Targets that are analog chips with crossbars: a network's place on them, and their switches."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import Any, TypeVar

import numpy as np
from xdsl.ir import Operation

from snnc.codegen.crossbar_files import lost_text, settings_text
from snnc.codegen.crossbar_summary import summary_text, table_text
from snnc.codegen.target import Target, Text
from snnc.hardware.crossbar import CrossbarChip, crossbar_chip
from snnc.hardware.descriptions import described
from snnc.ir.diagnostics import OptionError
from snnc.ir.dialects import analog, snn
from snnc.ir.dialects.snn_values import ArrayHandleAttr
from snnc.ir.resources import decode
from snnc.ir.text import Document

Op = TypeVar("Op", bound=Operation)
Table = Mapping[str, np.ndarray]


@dataclass(frozen=True, eq=False)
class PlacedPopulation:
    """A population: its circuits (none of sources) and events, as the `analog` dialect has them."""

    name: str
    size: int
    circuits: Table
    events: Table


@dataclass(frozen=True, eq=False)
class PlacedProjection:
    """A projection: its synapses on chips, those lost, and how its weights are written.

    Attributes
    ----------
    pre, post : ndarray of int64, shape (m,)
        Positions of the cells in the projection's selections.
    weight, written : ndarray of float64, shape (m,)
        Weights as given, and what they become on the chip.
    synapses, lost, codes : mapping of str to ndarray
        As the `analog` dialect has them.
    """

    label: str
    pre: np.ndarray
    post: np.ndarray
    weight: np.ndarray
    written: np.ndarray
    synapses: Table
    lost: Table
    codes: Table


@dataclass(frozen=True, eq=False)
class CrossbarArtifact:
    """A network on chips with crossbars.

    Attributes
    ----------
    chip : CrossbarChip
        The kind of chip.
    number : int
        How many are used.
    crossbars, drivers : mapping of int to mapping of str to ndarray
        Settings of each chip, as the `analog` dialect has them.
    seconds : mapping of str to float
        Processor time of each pass.
    """

    network: str
    chip: CrossbarChip
    number: int
    populations: tuple[PlacedPopulation, ...]
    projections: tuple[PlacedProjection, ...]
    crossbars: Mapping[int, Table]
    drivers: Mapping[int, Table]
    seconds: Mapping[str, float] = field(default_factory=dict)

    def settings(self) -> dict[str, Any]:
        """Return what was chosen: the number of chips."""
        return {"chips": self.number}


def generate(document: Document) -> CrossbarArtifact:
    """Return the artifact of a network that a pipeline for crossbars has mapped.

    Raises
    ------
    OptionError
        If the module has not been mapped.
    """
    found = [op for op in document.module.body.block.ops if isinstance(op, analog.MappingOp)]
    if len(found) != 1:
        raise OptionError(f"expected one mapping onto analog chips; found {len(found)}")
    reader = _Reader(document, found[0])
    chip = reader.of(analog.ChipOp)[0]
    symbols = document.network.symbols().values()
    return CrossbarArtifact(
        found[0].network,
        crossbar_chip(described(**chip.described())),
        chip.number,
        tuple(reader.population(op) for op in symbols if isinstance(op, snn.PopulationOp)),
        tuple(reader.projection(op) for op in symbols if isinstance(op, snn.ProjectionOp)),
        reader.about_chips(analog.CrossbarOp),
        reader.about_chips(analog.DriversOp),
        document.seconds,
    )


class _Reader:
    """The tables of a mapping."""

    def __init__(self, document: Document, op: analog.MappingOp) -> None:
        self.ops = list(op.body.block.ops)
        self.arrays = document.resources
        self.about = {
            (type(one), one.of): one for one in self.ops if isinstance(one, analog.OfObject)
        }

    def of(self, kind: type[Op]) -> list[Op]:
        found = [one for one in self.ops if isinstance(one, kind)]
        if not found:
            raise OptionError(f"the mapping has no '{kind.name}'; run the target's whole pipeline")
        return found

    def about_chips(self, kind: type[analog.OfChip]) -> dict[int, Table]:
        return {op.on: op.columns(self.arrays) for op in self.of(kind)}

    def _op(self, kind: type[analog.OfObject], symbol: str) -> analog.OfObject:
        if (kind, symbol) not in self.about:
            raise OptionError(f"'@{symbol}' has no '{kind.name}'; run the target's whole pipeline")
        return self.about[kind, symbol]

    def _table(self, kind: type[analog.OfObject], symbol: str) -> Table:
        return self._op(kind, symbol).columns(self.arrays)

    def population(self, op: snn.PopulationOp) -> PlacedPopulation:
        circuits, events = (
            self._table(kind, op.symbol) for kind in (analog.CircuitsOp, analog.EventsOp)
        )
        return PlacedPopulation(op.symbol, op.size, circuits, events)

    def projection(self, op: snn.ProjectionOp) -> PlacedProjection:
        codes = self._op(analog.CodesOp, op.symbol)
        assert isinstance(codes, analog.CodesOp)
        table = codes.columns(self.arrays)
        sides = []
        for side in ("pre", "post"):
            listed = op.connector.options.data[side]
            assert isinstance(listed, ArrayHandleAttr)
            sides.append(self.arrays[listed.data.name])
        weight = np.asarray(decode(op.weight, self.arrays), np.float64)
        return PlacedProjection(
            op.label,
            *sides,
            np.broadcast_to(weight, sides[0].shape),
            table["code"] * self.arrays[codes.scale.data.name],
            self._table(analog.SynapsesOp, op.symbol),
            self._table(analog.LostOp, op.symbol),
            table,
        )


def unavailable() -> str | None:
    """Return how to install what drawing chips needs if it is missing."""
    if find_spec("matplotlib"):
        return None
    return "needs Matplotlib: pip install 'snnc[brainscales]'"


def _from(write: Callable[[CrossbarArtifact], str]) -> Callable[[Document], str]:
    return lambda document: write(generate(document))


def crossbar_target(name: str) -> Target:
    """Return the target that a description of a chip with a crossbar has the name of."""
    return Target(
        name,
        generate,
        executor=None,
        texts={
            "settings": Text("settings.json", _from(settings_text)),
            "lost": Text("lost.json", _from(lost_text)),
            "table": Text("summary.txt", _from(table_text)),
            "figures": Text("summary.json", _from(summary_text)),
        },
        pictures={"chips.png": "snnc.crossbar_picture:draw_chips"},
        unavailable=unavailable,
    )
