"""What the wafer passes have decided, as arrays again."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from snnc.hardware.descriptions import described
from snnc.hardware.wafer import Wafer, wafer_of
from snnc.ir.diagnostics import OptionError
from snnc.ir.dialects import analog, wafer
from snnc.passes.analog.reading import AnalogMapping
from snnc.passes.wafer.placing import NOWHERE, Placement

Integers = NDArray[np.int64]
Op = TypeVar("Op", bound=analog.OfChip)
WAFER = 0
"""The number of the one wafer."""


def wafer_in(mapping: AnalogMapping) -> Wafer:
    """Return the wafer of a mapping, as its text describes it."""
    return wafer_of(described(**mapping.chip.described()))


def placement_in(mapping: AnalogMapping) -> Placement:
    """Return where cells are.

    Raises
    ------
    OptionError
        If they have no places.
    """
    ops = mapping.op.parts(wafer.PlacesOp)
    if not ops:
        raise OptionError("cells have no places; expected pass 'place-neurons'")
    columns = {name: np.full(mapping.cells, NOWHERE) for name in wafer.PlacesOp.COLUMNS[1:]}
    for op in ops:
        table = op.columns(mapping.context.arrays.arrays)
        cells = mapping.first[op.of] + table["cell"]
        for name, column in columns.items():
            column[cells] = table[name]
    return Placement(
        ops[0].circuits,
        columns["hicann"],
        columns["column"],
        columns["output"],
        columns["address"],
    )


def table_in(mapping: AnalogMapping, kind: type[Op], missing_pass: str) -> Integers:
    """Return the one table of a kind about the wafer, with a row for each thing decided.

    Raises
    ------
    OptionError
        If it is missing, which `missing_pass` would make.
    """
    op = mapping.op.decided(kind, missing_pass)[0]
    return np.asarray(mapping.array(op.table_), np.int64)


def add_table(mapping: AnalogMapping, kind: type[Op], rows: Iterable[Iterable[int]]) -> None:
    """Add a table about the wafer, sorted."""
    table = np.array([tuple(row) for row in rows], np.int64).reshape(-1, len(kind.COLUMNS))
    table = table[np.lexsort(table.T[::-1])]
    mapping.op.add([kind(WAFER, mapping.handle(table, kind.name))])
