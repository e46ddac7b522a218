"""Operations of the `map` dialect about long delays: cores that send packets once more, later."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from xdsl.dialects.builtin import (
    ArrayAttr,
    IntegerAttr,
    SymbolRefAttr,
    i64,
)
from xdsl.irdl import irdl_op_definition, prop_def

from snnc.ir.dialects.map_parts import Named, OfSlice, OnCore

if TYPE_CHECKING:
    from snnc.ir.dialects.map import SliceOp

MOST_STAGES = 8
"""Times that a core sends a packet again (sPyNNaker 7.4.1, ``delay_extension_vertex.py``)."""


@irdl_op_definition
class ExtensionOp(Named, OfSlice, OnCore):
    """A core that sends the packets of a slice again, `steps` later, 2 · `steps`, ... .

    Stage s of cell i has the key of cell (s - 1) · cells + i. Synapses of `projections` whose delay
    is longer than `steps` are reached by the last stage that is early enough.
    """

    name = "map.extension"
    stages_ = prop_def(IntegerAttr.constr(i64), prop_name="stages")
    steps_ = prop_def(IntegerAttr.constr(i64), prop_name="steps")
    projections_ = prop_def(ArrayAttr[SymbolRefAttr], prop_name="projections")
    assembly_format = (
        "$sym_name `of` $slice `on` $core `stages` $stages `steps` $steps `for` $projections "
        "attr-dict"
    )

    def __init__(
        self,
        symbol: str,
        sliced: str,
        core: str,
        stages: int,
        steps: int,
        projections: Iterable[str],
    ) -> None:
        super().__init__(
            properties={
                "sym_name": SymbolRefAttr(symbol).root_reference,
                "slice": SymbolRefAttr(sliced),
                "core": SymbolRefAttr(core),
                "stages": IntegerAttr(stages, i64),
                "steps": IntegerAttr(steps, i64),
                "projections": ArrayAttr([SymbolRefAttr(name) for name in projections]),
            }
        )

    @property
    def stages(self) -> int:
        """How often a packet is sent again."""
        return self.stages_.value.data

    @property
    def steps(self) -> int:
        """Steps between two stages."""
        return self.steps_.value.data

    @property
    def projections(self) -> list[str]:
        """Symbols of the projections with longer delays."""
        return [name.root_reference.data for name in self.projections_]


@dataclass(frozen=True)
class Sender:
    """What sends packets: a slice, or the extension of one.

    Attributes
    ----------
    symbol, core, population : str
        Symbols of it, of its core and of the population.
    size : int
        How many keys it has, without colours.
    rate : float
        Packets of each in a second.
    """

    symbol: str
    core: str
    population: str
    size: int
    rate: float


def senders_of(slices: Sequence[SliceOp], extensions: Sequence[ExtensionOp]) -> dict[str, Sender]:
    """Return all that sends packets, by symbol."""
    found = {
        one.symbol: Sender(one.symbol, one.core, one.population, one.size, one.rate)
        for one in slices
    }
    for late in extensions:
        of = found[late.slice]
        found[late.symbol] = Sender(
            late.symbol, late.core, of.population, of.size * late.stages, of.rate
        )
    return found
