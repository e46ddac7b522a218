"""What analog mappings hold, read from a lowered document."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from xdsl.ir import Operation

from snnc.hardware.descriptions import Description, describe
from snnc.ir.diagnostics import OptionError
from snnc.ir.dialects import analog
from snnc.ir.text import Document

Op = TypeVar("Op", bound=Operation)
Integers = NDArray[np.int64]


class Tables:
    """The decisions of the one analog mapping of a document.

    Parameters
    ----------
    document : Document
        The lowered network.

    Raises
    ------
    OptionError
        If there is not one mapping.
    """

    def __init__(self, document: Document) -> None:
        ops = document.module.body.block.ops
        found = [op for op in ops if isinstance(op, analog.MappingOp)]
        if len(found) != 1:
            raise OptionError(f"expected one mapping onto analog chips; found {len(found)}")
        self.document, self.op = document, found[0]

    def of(self, kind: type[Op]) -> list[Op]:
        """Return the operations of a kind."""
        return [op for op in self.op.body.block.ops if isinstance(op, kind)]

    def one(self, kind: type[Op]) -> Op:
        """Return the one operation of a kind.

        Raises
        ------
        OptionError
            If there is not one.
        """
        found = self.of(kind)
        if len(found) != 1:
            raise OptionError(
                f"expected one '{kind.name}' in the mapping; found {len(found)}; run the "
                "target's whole pipeline"
            )
        return found[0]

    def rows(self, op: analog.Decision) -> Integers:
        """Return the table of a decision, of shape (things, columns)."""
        return np.asarray(self.document.resources[op.table_.data.name], np.int64)

    def by_object(self, kind: type[analog.OfObject]) -> Mapping[str, Integers]:
        """Return the tables of a kind by the symbols of what they are about."""
        return {op.of: self.rows(op) for op in self.of(kind)}

    @property
    def description(self) -> Description:
        """The chip, as its file describes it."""
        return describe(self.one(analog.ChipOp).chip)
