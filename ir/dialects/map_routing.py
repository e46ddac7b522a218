"""Operations of the `map` dialect about packets: their keys, their ways, and routing tables."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from xdsl.dialects.builtin import ArrayAttr, SymbolRefAttr
from xdsl.ir import Region
from xdsl.irdl import IRDLOperation, irdl_op_definition, prop_def, region_def, traits_def
from xdsl.traits import NoTerminator

from snnc.ir.dialects.map_parts import KeyBlock, OfSlice
from snnc.ir.dialects.map_values import NumbersAttr, Place, TriplesAttr, WordAttr


@irdl_op_definition
class KeyOp(OfSlice, KeyBlock):
    """The keys of a slice: those that equal `key` where `mask` has ones.

    Cell i of the slice sends `key` + i · 2^colour_bits.
    """

    name = "map.key"
    assembly_format = "$slice `key` $key `mask` $mask attr-dict"

    def __init__(self, symbol: str, key: int, mask: int) -> None:
        super().__init__(
            properties={
                "slice": SymbolRefAttr(symbol),
                "key": WordAttr(key),
                "mask": WordAttr(mask),
            }
        )


@irdl_op_definition
class TreeOp(IRDLOperation):
    """The way of the packets of slices on one chip: links as (x, y, link), cores as (x, y, p)."""

    name = "map.tree"
    slices_ = prop_def(ArrayAttr[SymbolRefAttr], prop_name="slices")
    links_ = prop_def(TriplesAttr, prop_name="links")
    cores_ = prop_def(TriplesAttr, prop_name="cores")
    assembly_format = "`of` $slices `links` $links `cores` $cores attr-dict"

    def __init__(
        self, slices: Sequence[str], links: Iterable[Place], cores: Iterable[Place]
    ) -> None:
        super().__init__(
            properties={
                "slices": ArrayAttr([SymbolRefAttr(symbol) for symbol in slices]),
                "links": TriplesAttr(tuple(links)),
                "cores": TriplesAttr(tuple(cores)),
            }
        )

    @property
    def slices(self) -> list[str]:
        """Symbols of the slices."""
        return [symbol.root_reference.data for symbol in self.slices_]

    @property
    def links(self) -> tuple[Place, ...]:
        """Links, as chip and number."""
        return self.links_.data

    @property
    def cores(self) -> tuple[Place, ...]:
        """Cores that are reached."""
        return self.cores_.data


@irdl_op_definition
class EntryOp(KeyBlock):
    """An entry of a routing table: packets whose key it matches leave by links, and to cores."""

    name = "map.entry"
    links_ = prop_def(NumbersAttr, prop_name="links")
    cores_ = prop_def(NumbersAttr, prop_name="cores")
    assembly_format = "$key `mask` $mask `links` $links `cores` $cores attr-dict"

    def __init__(self, key: int, mask: int, links: Iterable[int], cores: Iterable[int]) -> None:
        super().__init__(
            properties={
                "key": WordAttr(key),
                "mask": WordAttr(mask),
                "links": NumbersAttr(tuple(sorted(links))),
                "cores": NumbersAttr(tuple(sorted(cores))),
            }
        )

    @property
    def links(self) -> tuple[int, ...]:
        """Links that packets leave by."""
        return self.links_.data

    @property
    def cores(self) -> tuple[int, ...]:
        """Cores of the chip that get them."""
        return self.cores_.data


@irdl_op_definition
class TableOp(IRDLOperation):
    """The routing table of a chip (x, y): the first entry that matches a key counts.

    A packet that none matches goes straight on; one that a core of this chip has sent is lost.
    """

    name = "map.table"
    at_ = prop_def(NumbersAttr, prop_name="at")
    body = region_def("single_block")
    traits = traits_def(NoTerminator())
    assembly_format = "$at $body attr-dict"

    def __init__(self, at: tuple[int, int], body: Region) -> None:
        super().__init__(properties={"at": NumbersAttr(at)}, regions=[body])

    @property
    def at(self) -> tuple[int, int]:
        """The chip."""
        x, y = self.at_.data
        return x, y

    @property
    def entries(self) -> list[EntryOp]:
        """The entries, in order."""
        return [op for op in self.body.block.ops if isinstance(op, EntryOp)]
