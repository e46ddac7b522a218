"""Targets that are analog chips with crossbars: a network's place on them, and their switches."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import Any, TypeVar

import numpy as np

from snnc.codegen.analog_parameters import parameters_text
from snnc.codegen.analog_tables import Tables
from snnc.codegen.crossbar_files import lost_text, settings_text
from snnc.codegen.crossbar_summary import summary_text, table_text
from snnc.codegen.target import Target, Text
from snnc.hardware.crossbar import CrossbarChip, crossbar_chip
from snnc.hardware.descriptions import described
from snnc.ir.diagnostics import OptionError
from snnc.ir.dialects import analog, snn
from snnc.ir.dialects.snn_values import ArrayHandleAttr
from snnc.ir.registry import EMULATION
from snnc.ir.resources import decode
from snnc.ir.text import Document

Op = TypeVar("Op", bound=analog.OfObject)
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
    tables = Tables(document)
    arrays, chip = document.resources, tables.one(analog.ChipOp)

    def about(kind: type[analog.OfChip]) -> dict[int, Table]:
        return {op.on: op.columns(arrays) for op in tables.of(kind)}

    symbols = document.network.symbols().values()
    return CrossbarArtifact(
        tables.op.network,
        crossbar_chip(described(**chip.described())),
        chip.number,
        tuple(_population(tables, op) for op in symbols if isinstance(op, snn.PopulationOp)),
        tuple(_projection(tables, op) for op in symbols if isinstance(op, snn.ProjectionOp)),
        about(analog.CrossbarOp),
        about(analog.DriversOp),
        document.seconds,
    )


def _about(tables: Tables, kind: type[Op], symbol: str) -> Op:
    """Return the decision about a population or projection."""
    for op in tables.of(kind):
        if op.of == symbol:
            return op
    raise OptionError(f"'@{symbol}' has no '{kind.name}'; run the target's whole pipeline")


def _population(tables: Tables, op: snn.PopulationOp) -> PlacedPopulation:
    circuits, events = (
        _about(tables, kind, op.symbol).columns(tables.document.resources)
        for kind in (analog.CircuitsOp, analog.EventsOp)
    )
    return PlacedPopulation(op.symbol, op.size, circuits, events)


def _projection(tables: Tables, op: snn.ProjectionOp) -> PlacedProjection:
    arrays = tables.document.resources
    codes = _about(tables, analog.CodesOp, op.symbol)
    table = codes.columns(arrays)

    def cells(side: str) -> np.ndarray:
        listed = op.connector.options.data[side]
        assert isinstance(listed, ArrayHandleAttr)
        return arrays[listed.data.name]

    weight = np.asarray(decode(op.weight, arrays), np.float64)
    return PlacedProjection(
        op.label,
        cells("pre"),
        cells("post"),
        np.broadcast_to(weight, table["code"].shape),
        table["code"] * arrays[codes.scale.data.name],
        _about(tables, analog.SynapsesOp, op.symbol).columns(arrays),
        _about(tables, analog.LostOp, op.symbol).columns(arrays),
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
            "parameters": Text(
                "parameters.json", lambda document: parameters_text(Tables(document))
            ),
            "settings": Text("settings.json", _from(settings_text)),
            "lost": Text("lost.json", _from(lost_text)),
            "table": Text("summary.txt", _from(table_text)),
            "figures": Text("summary.json", _from(summary_text)),
        },
        files={"chips.png": "snnc.crossbar_picture:draw_chips"},
        unavailable=unavailable,
        emulation=name + EMULATION,
    )
