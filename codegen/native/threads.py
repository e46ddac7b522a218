"""How the pass ``partition`` has cut a network."""

from __future__ import annotations

from xdsl.dialects.builtin import DenseArrayBase

from snnc.ir.dialects import snn
from snnc.ir.text import Document


def bounds_of(document: Document) -> dict[str, tuple[int, ...]]:
    """Return the bounds of the slices of each population that has been cut."""
    found: dict[str, tuple[int, ...]] = {}
    for op in document.network.symbols().values():
        if isinstance(op, snn.PopulationOp):
            bounds = op.attributes.get("bounds")
            if isinstance(bounds, DenseArrayBase):
                found[op.symbol] = tuple(int(n) for n in bounds.get_values())
    return found


def threads_of(document: Document) -> int:
    """Return the number of slices; 1 for a network that has not been cut."""
    return max((len(bounds) - 1 for bounds in bounds_of(document).values()), default=1)
