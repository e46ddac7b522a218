"""Which numbers the tables of the `wafer` dialect can hold."""

from __future__ import annotations

from collections.abc import Mapping

from snnc.ir.dialects import analog, wafer
from snnc.ir.hicann import ROW_BITS, ROWS_PER_DRIVER

Limits = Mapping[str, tuple[int, int]]
_NONE = -1
"""Stands where a cell has no column, or sends nothing."""
_MANY = 1 << 62


def wafer_limits(op: analog.Decision, chip: analog.ChipOp, things: int) -> Limits:
    """Return the ends of the range of each column of a table.

    Parameters
    ----------
    op : analog.Decision
        The operation.
    chip : analog.ChipOp
        The wafer.
    things : int
        The number of cells, or of synapses, of what the operation is about.
    """
    across, down = chip.count("horizontal_lines"), chip.count("vertical_lines")
    rows = chip.count("rows") * chip.count("blocks")
    known = {
        "cell": _upto(things),
        "synapse": _upto(things),
        "hicann": _upto(chip.count("hicanns")),
        "output": _upto(chip.count("outputs")),
        "line": _upto(across + down),
        "horizontal": _upto(across),
        "vertical": _upto(down),
        "driver": _upto(rows // ROWS_PER_DRIVER),
        "row": _upto(rows),
        "column": _upto(chip.count("columns")),
        "address": _upto(1 << chip.count("label_bits")),
        "input": _upto(2),
        "even": _upto(1 << ROW_BITS),
        "odd": _upto(1 << ROW_BITS),
    }
    known |= {"next": known["hicann"], "next_line": known["line"], "sender": known["hicann"]}
    known |= {"placed": (0, _MANY), "lost": (0, _MANY)}
    if isinstance(op, wafer.PlacesOp):
        for name in ("hicann", "column", "output", "address"):
            known[name] = (_NONE, known[name][1])
    elif isinstance(op, wafer.SynapsesOp):
        known["address"] = _upto(1 << (chip.count("label_bits") - ROW_BITS))
    return {name: known[name.rstrip("_01")] for name in op.COLUMNS}


def _upto(count: int) -> tuple[int, int]:
    return 0, count - 1
