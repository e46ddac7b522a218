"""How many threads the pass ``partition`` has cut a network for."""

from __future__ import annotations

from xdsl.dialects.builtin import DenseArrayBase

from snnc.ir.dialects import snn
from snnc.ir.text import Document


def threads_of(document: Document) -> int:
    """Return the number of threads; 1 for a network that has not been cut."""
    for op in document.network.symbols().values():
        if isinstance(op, snn.PopulationOp):
            bounds = op.attributes.get("bounds")
            if isinstance(bounds, DenseArrayBase):
                return len(bounds.get_values()) - 1
    return 1
