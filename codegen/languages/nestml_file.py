"""NESTML of models: one file with the cells."""

from __future__ import annotations

from collections.abc import Mapping

from xdsl.ir import Operation

from snnc.codegen.languages.network import Network
from snnc.codegen.native.nestml import emit_cell
from snnc.ir.dialects import dyn


def emit(models: Mapping[str, Operation], _network: Network | None) -> str:
    """Return the NESTML of cells; the language has no networks.

    Raises
    ------
    UnsupportedError
        A construct that NESTML does not have; names it.
    """
    cells = [op for op in models.values() if isinstance(op, dyn.CellOp)]
    return "\n".join(emit_cell(op) for op in cells)
