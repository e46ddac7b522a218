"""NESTML of models: one file with the cells."""

from __future__ import annotations

from collections.abc import Mapping

from xdsl.ir import Operation

from snnc.codegen.languages.network import Network
from snnc.codegen.native.nestml import emit_cell
from snnc.ir.dialects import dyn
from snnc.ir.model_info import describe_model


def emit(models: Mapping[str, Operation], _network: Network | None) -> str:
    """Return the NESTML of cells; the language has no networks, and no sources that drive them.

    Raises
    ------
    UnsupportedError
        A construct that NESTML does not have; names it.
    """
    cells = [op for op in models.values() if isinstance(op, dyn.CellOp)]
    driven = [op for op in cells if not describe_model(op).source]
    return "\n".join(emit_cell(op) for op in driven or cells)
