"""The `map` dialect: a network on the cores of a machine that sends spikes as multicast packets.

``map.mapping`` stands beside the network. It holds the machine with its limits, so that rules can
be checked from the text alone, and what the passes decide one after the other: the slices of
populations on cores, where the cores are, the keys of slices, the trees that their packets take,
and the routing tables.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from xdsl.dialects.builtin import (
    FloatAttr,
    IntegerAttr,
    StringAttr,
    SymbolRefAttr,
    f64,
    i64,
)
from xdsl.ir import Dialect
from xdsl.irdl import (
    IRDLOperation,
    ParsePropInAttrDict,
    irdl_op_definition,
    prop_def,
)

from snnc.ir.dialects.map_delays import ExtensionOp
from snnc.ir.dialects.map_parts import Named, OfPopulation, OnCore
from snnc.ir.dialects.map_routing import EntryOp, KeyOp, TableOp, TreeOp
from snnc.ir.dialects.map_values import NumbersAttr, Place, TriplesAttr, WordAttr
from snnc.ir.dialects.map_weights import CurrentUnitOp, RingOp, WeightsOp
from snnc.ir.dialects.mapping_op import MappingOfNetwork


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
    ring_buffer_bits = prop_def(IntegerAttr)
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
class CoreOp(Named):
    """A core in use: the synapses onto it, their events in a step, and bytes of its memories.

    `index` holds the bits of the cell, the receptor and the delay slot in an index of its ring
    buffers, and in its synapses; none where no synapse ends. Numbers of synapses and events are
    expectations.
    """

    name = "map.core"
    index_ = prop_def(NumbersAttr, prop_name="index")
    events = prop_def(FloatAttr)
    synapses = prop_def(FloatAttr)
    sdram = prop_def(IntegerAttr)
    dtcm = prop_def(IntegerAttr)
    irdl_options = (ParsePropInAttrDict(),)
    assembly_format = "$sym_name `index` $index attr-dict"

    def __init__(
        self,
        symbol: str,
        index: Sequence[int],
        events: float,
        synapses: float,
        sdram: int,
        dtcm: int,
    ) -> None:
        super().__init__(
            properties={
                "sym_name": StringAttr(symbol),
                "index": NumbersAttr(tuple(index)),
                "events": FloatAttr(events, f64),
                "synapses": FloatAttr(synapses, f64),
                "sdram": IntegerAttr(sdram, i64),
                "dtcm": IntegerAttr(dtcm, i64),
            }
        )

    @property
    def index(self) -> tuple[int, ...]:
        """Bits of cell, receptor and delay slot; empty where no synapse ends."""
        return self.index_.data


@irdl_op_definition
class SliceOp(Named, OfPopulation, OnCore):
    """Cells `first` to `last` - 1 of a population, on a core; each emits `rate` spikes a second."""

    name = "map.slice"
    first_ = prop_def(IntegerAttr.constr(i64), prop_name="first")
    last_ = prop_def(IntegerAttr.constr(i64), prop_name="last")
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
class PlaceOp(OnCore):
    """Where a core is: (x, y, p)."""

    name = "map.place"
    at_ = prop_def(NumbersAttr, prop_name="at")
    assembly_format = "$core `at` $at attr-dict"

    def __init__(self, core: str, at: Place) -> None:
        super().__init__(properties={"core": SymbolRefAttr(core), "at": NumbersAttr(at)})

    @property
    def at(self) -> Place:
        """Chip and number of the core there."""
        x, y, p = self.at_.data
        return x, y, p


@irdl_op_definition
class MappingOp(MappingOfNetwork):
    """A network on a machine."""

    name = "map.mapping"

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
        ExtensionOp,
        CurrentUnitOp,
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
