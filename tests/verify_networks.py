"""Networks for tests of `verify`, and faults to plant in them."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from snnc.ir.text import Document, parse, print_text
from snnc.pynn.scripts import capture_network
from snnc.verifying.verification import Verification

EXAMPLE = Path(__file__).parent.parent / "examples" / "balanced.py"


@cache
def balanced(model: str) -> Document:
    """Return the network of 1,000 cells of the examples."""
    return capture_network(EXAMPLE, [model])


def edited(symbol: str, old: str, new: str) -> Callable[[Document], Document]:
    """Return a change of a network: another text in the operation that defines a symbol."""

    def change(document: Document) -> Document:
        head, found, rest = print_text(document).partition(f" @{symbol} ")
        own, end, others = rest.partition("\n    snn.")
        assert old in own, own
        text = head + found + own.replace(old, new, 1) + end + others
        return Document(parse(text).module, document.resources)

    return change


def pairs_of(found: Verification) -> dict[tuple[str, str], dict[str, Any]]:
    """Return what JSON says of each population and second target, compared with the first."""
    first = found.runs[0].label
    pairs = found.to_dict()["pairs"]
    return {(p["population"], p["b"]): p for p in pairs if p["a"] == first}
