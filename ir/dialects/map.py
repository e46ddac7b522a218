"""The `map` dialect: a network on the cores of a machine that sends spikes as multicast packets.

``map.mapping`` stands beside the network. It holds the machine with its limits, so that rules can
be checked from the text alone, and what the passes decide one after the other: the slices of
populations on cores, where the cores are, the keys of slices, the trees that their packets take,
and the routing tables.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from xdsl.dialects.builtin import (
    ArrayAttr,
    FlatSymbolRefAttrConstr,
    FloatAttr,
    IntegerAttr,
    StringAttr,
    SymbolNameConstraint,
    SymbolRefAttr,
    f64,
    i64,
)
from xdsl.ir import Dialect, Operation, Region
from xdsl.irdl import (
    IRDLOperation,
    ParsePropInAttrDict,
    irdl_op_definition,
    prop_def,
    region_def,
    traits_def,
)
from xdsl.traits import IsolatedFromAbove, NoTerminator

from snnc.ir.dialects.map_values import NumbersAttr, Place, TriplesAttr, WordAttr
from snnc.ir.dialects.map_weights import RingOp, WeightsOp


@irdl_op_definition
class MachineOp(IRDLOperation):
    """The machine: its chips as (x, y, cores) one after the other, and its limits.

    Cores of a chip are numbered from 1, links from 0 (east) anticlockwise to 5.
    """

    name = "map.machine"
    label_ = prop_def(StringAttr, prop_name="label")
    chips_ = prop_def(TriplesAttr, prop_name="chips")
    boards = prop_def(IntegerAttr)
    router_entries = prop_def(IntegerAttr)
    key_bits = prop_def(IntegerAttr)
    colour_bits = prop_def(IntegerAttr)
    neurons_per_core = prop_def(IntegerAttr)
    poisson_per_core = prop_def(IntegerAttr)
    sdram = prop_def(IntegerAttr)
    dtcm = prop_def(IntegerAttr)
    irdl_options = (ParsePropInAttrDict(),)
    assembly_format = "$label `chips` $chips attr-dict"

    def __init__(self, label: str, chips: Iterable[Place], limits: dict[str, int]) -> None:
        super().__init__(
            properties={
                "label": StringAttr(label),
                "chips": TriplesAttr(tuple(chips)),
                **{name: IntegerAttr(value, i64) for name, value in limits.items()},
            }
        )

    @property
    def chips(self) -> dict[tuple[int, int], int]:
        """The number of cores of each chip."""
        return {(x, y): cores for x, y, cores in self.chips_.data}


@irdl_op_definition
class CoreOp(IRDLOperation):
    """A core in use: the synapses onto it, their events in a step, and bytes of its memories.

    Numbers of synapses and events are expectations.
    """

    name = "map.core"
    sym_name = prop_def(SymbolNameConstraint())
    events = prop_def(FloatAttr)
    synapses = prop_def(FloatAttr)
    sdram = prop_def(IntegerAttr)
    dtcm = prop_def(IntegerAttr)
    irdl_options = (ParsePropInAttrDict(),)
    assembly_format = "$sym_name attr-dict"

    def __init__(self, symbol: str, events: float, synapses: float, sdram: int, dtcm: int) -> None:
        super().__init__(
            properties={
                "sym_name": StringAttr(symbol),
                "events": FloatAttr(events, f64),
                "synapses": FloatAttr(synapses, f64),
                "sdram": IntegerAttr(sdram, i64),
                "dtcm": IntegerAttr(dtcm, i64),
            }
        )

    @property
    def symbol(self) -> str:
        """The name of the core."""
        return self.sym_name.data


@irdl_op_definition
class SliceOp(IRDLOperation):
    """Cells `first` to `last` - 1 of a population, on a core; each emits `rate` spikes a second."""

    name = "map.slice"
    sym_name = prop_def(SymbolNameConstraint())
    population_ = prop_def(FlatSymbolRefAttrConstr, prop_name="population")
    first_ = prop_def(IntegerAttr.constr(i64), prop_name="first")
    last_ = prop_def(IntegerAttr.constr(i64), prop_name="last")
    core_ = prop_def(FlatSymbolRefAttrConstr, prop_name="core")
    rate_ = prop_def(FloatAttr.constr(f64), prop_name="rate")
    assembly_format = (
        "$sym_name `of` $population `from` $first `to` $last `on` $core `rate` $rate attr-dict"
    )

    def __init__(
        self, symbol: str, population: str, first: int, last: int, core: str, rate: float
    ) -> None:
        super().__init__(
            properties={
                "sym_name": StringAttr(symbol),
                "population": SymbolRefAttr(population),
                "first": IntegerAttr(first, i64),
                "last": IntegerAttr(last, i64),
                "core": SymbolRefAttr(core),
                "rate": FloatAttr(rate, f64),
            }
        )

    @property
    def symbol(self) -> str:
        """The name of the slice."""
        return self.sym_name.data

    @property
    def population(self) -> str:
        """Symbol of the population."""
        return self.population_.root_reference.data

    @property
    def core(self) -> str:
        """Symbol of the core."""
        return self.core_.root_reference.data

    @property
    def first(self) -> int:
        """Index of the first cell."""
        return self.first_.value.data

    @property
    def last(self) -> int:
        """Index after that of the last cell."""
        return self.last_.value.data

    @property
    def size(self) -> int:
        """Number of cells."""
        return self.last - self.first

    @property
    def rate(self) -> float:
        """Expected spikes of a cell in a second."""
        return self.rate_.value.data


@irdl_op_definition
class PlaceOp(IRDLOperation):
    """Where a core is: (x, y, p)."""

    name = "map.place"
    core_ = prop_def(FlatSymbolRefAttrConstr, prop_name="core")
    at_ = prop_def(NumbersAttr, prop_name="at")
    assembly_format = "$core `at` $at attr-dict"

    def __init__(self, core: str, at: Place) -> None:
        super().__init__(properties={"core": SymbolRefAttr(core), "at": NumbersAttr(at)})

    @property
    def core(self) -> str:
        """Symbol of the core."""
        return self.core_.root_reference.data

    @property
    def at(self) -> Place:
        """Chip and number of the core there."""
        x, y, p = self.at_.data
        return x, y, p


@irdl_op_definition
class KeyOp(IRDLOperation):
    """The keys of a slice: those that equal `key` where `mask` has ones.

    Cell i of the slice sends `key` + i · 2^colour_bits.
    """

    name = "map.key"
    slice_ = prop_def(FlatSymbolRefAttrConstr, prop_name="slice")
    key_ = prop_def(WordAttr, prop_name="key")
    mask_ = prop_def(WordAttr, prop_name="mask")
    assembly_format = "$slice `key` $key `mask` $mask attr-dict"

    def __init__(self, symbol: str, key: int, mask: int) -> None:
        super().__init__(
            properties={
                "slice": SymbolRefAttr(symbol),
                "key": WordAttr(key),
                "mask": WordAttr(mask),
            }
        )

    @property
    def slice(self) -> str:
        """Symbol of the slice."""
        return self.slice_.root_reference.data

    @property
    def key(self) -> int:
        """The first key."""
        return self.key_.data

    @property
    def mask(self) -> int:
        """Ones where a key must equal `key`."""
        return self.mask_.data


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
class EntryOp(IRDLOperation):
    """An entry of a routing table: packets whose key it matches leave by links, and to cores."""

    name = "map.entry"
    key_ = prop_def(WordAttr, prop_name="key")
    mask_ = prop_def(WordAttr, prop_name="mask")
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
    def key(self) -> int:
        """What keys equal where `mask` has ones."""
        return self.key_.data

    @property
    def mask(self) -> int:
        """Ones where keys are compared."""
        return self.mask_.data

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


@irdl_op_definition
class MappingOp(IRDLOperation):
    """A network on a machine."""

    name = "map.mapping"
    network_ = prop_def(FlatSymbolRefAttrConstr, prop_name="network")
    body = region_def("single_block")
    traits = traits_def(NoTerminator(), IsolatedFromAbove())
    assembly_format = "`of` $network $body attr-dict"

    def __init__(self, network: str, body: Region) -> None:
        super().__init__(properties={"network": SymbolRefAttr(network)}, regions=[body])

    @property
    def network(self) -> str:
        """Symbol of the network."""
        return self.network_.root_reference.data

    def add(self, ops: Iterable[Operation]) -> None:
        """Append what a pass has decided."""
        self.body.block.add_ops(ops)

    def verify_(self) -> None:
        """Check all that has been decided against the machine and the network."""
        from snnc.ir.dialects.map_rules import check_mapping

        check_mapping(self)


Map = Dialect(
    "map",
    [
        MappingOp,
        MachineOp,
        CoreOp,
        SliceOp,
        RingOp,
        WeightsOp,
        PlaceOp,
        KeyOp,
        TreeOp,
        TableOp,
        EntryOp,
    ],
    [WordAttr, NumbersAttr, TriplesAttr],
)
