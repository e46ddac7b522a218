"""The `analog` dialect: a network on chips with analog circuits.

``analog.mapping`` stands beside the network. It holds the chip as it was described, so that rules
can be checked from the text and its arrays alone, and what the passes decide one after the other:
codes of weights, circuits of cells, events of sources, switches of crossbars, synapse drivers and
synapses, and what is lost. Each decision is an array, with one row for each thing decided, of the
columns that its operation names.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from xdsl.dialects.builtin import (
    ArrayAttr,
    DictionaryAttr,
    FlatSymbolRefAttrConstr,
    FloatAttr,
    IntegerAttr,
    StringAttr,
    SymbolRefAttr,
    f64,
    i64,
)
from xdsl.ir import Attribute, Dialect
from xdsl.irdl import (
    IRDLOperation,
    irdl_op_definition,
    prop_def,
)

from snnc.ir.dialects.analog_cells import CellsOp
from snnc.ir.dialects.mapping_op import MappingOfNetwork
from snnc.ir.dialects.snn_values import ArrayHandleAttr
from snnc.ir.locations import refuse

LOST = ("circuits", "labels", "rows", "lines", "in-degree")
"""Why a synapse is lost: its cell has no circuit; its source no label; no row is left for it; no
line is free that its source's spikes could take; its cell has more synapses than places for them.
"""


@irdl_op_definition
class ChipOp(IRDLOperation):
    """The chip: the name of its description, how many are used, its figures and ranges.

    The number is 0 until circuits are placed, where it is left to the pass that does.
    """

    name = "analog.chip"
    chip_ = prop_def(StringAttr, prop_name="chip")
    label_ = prop_def(StringAttr, prop_name="label")
    topology_ = prop_def(StringAttr, prop_name="topology")
    number_ = prop_def(IntegerAttr.constr(i64), prop_name="number")
    figures = prop_def(DictionaryAttr)
    ranges = prop_def(DictionaryAttr)
    assembly_format = (
        "$chip $label `topology` $topology `number` $number "
        "`figures` $figures `ranges` $ranges attr-dict"
    )

    def __init__(
        self,
        chip: str,
        label: str,
        topology: str,
        number: int,
        figures: Mapping[str, Any],
        ranges: Mapping[str, Any],
    ) -> None:
        super().__init__(
            properties={
                "chip": StringAttr(chip),
                "label": StringAttr(label),
                "topology": StringAttr(topology),
                "number": IntegerAttr(number, i64),
                "figures": _attribute(figures),
                "ranges": _attribute(ranges),
            }
        )

    @property
    def chip(self) -> str:
        """Name of the description."""
        return self.chip_.data

    @property
    def number(self) -> int:
        """How many chips are used."""
        return self.number_.value.data

    def described(self) -> dict[str, Any]:
        """Return what there was to describe: name, label, topology, figures and ranges."""
        return {
            "name": self.chip,
            "label": self.label_.data,
            "topology": self.topology_.data,
            "figures": _value(self.figures),
            "ranges": _value(self.ranges),
        }

    def count(self, figure: str) -> int:
        """Return a figure that is a whole number."""
        value = self.figures.data.get(figure)
        if not isinstance(value, IntegerAttr):
            refuse(self, f"the chip is described without a number '{figure}'")
        return value.value.data


def _attribute(value: Any) -> Attribute:
    """Return a figure as an attribute."""
    match value:
        case int():
            return IntegerAttr(value, i64)
        case float():
            return FloatAttr(value, f64)
        case str():
            return StringAttr(value)
        case Mapping():
            return DictionaryAttr({name: _attribute(one) for name, one in value.items()})
        case _:
            return ArrayAttr([_attribute(one) for one in value])


def _value(attribute: Attribute) -> Any:
    """Return the figure that an attribute holds; lists become tuples."""
    match attribute:
        case IntegerAttr() | FloatAttr():
            return attribute.value.data
        case StringAttr():
            return attribute.data
        case DictionaryAttr():
            return {name: _value(one) for name, one in attribute.data.items()}
        case ArrayAttr():
            return tuple(_value(one) for one in attribute)
        case _:
            raise TypeError(f"not a figure: {attribute}")


class Decision(IRDLOperation):
    """An array of int64 with a row for each thing decided, about an object or a chip.

    Attributes
    ----------
    COLUMNS : tuple of str
        What the columns hold.
    """

    COLUMNS: ClassVar[tuple[str, ...]]
    table_ = prop_def(ArrayHandleAttr, prop_name="table")

    def columns(self, arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Return the columns of the table by their names, each of shape (m,)."""
        array = arrays[self.table_.data.name]
        return {name: array[:, k] for k, name in enumerate(self.COLUMNS)}


class OfObject(Decision):
    """A decision about a population or projection."""

    of_ = prop_def(FlatSymbolRefAttrConstr, prop_name="of")
    assembly_format = "`of` $of $table attr-dict"

    def __init__(self, of: str, table: ArrayHandleAttr) -> None:
        super().__init__(properties={"of": SymbolRefAttr(of), "table": table})

    @property
    def of(self) -> str:
        """Symbol of the population or projection."""
        return self.of_.root_reference.data


class OfPopulation(OfObject):
    """A decision about a population."""


class OfProjection(OfObject):
    """A decision about a projection."""


class OfChip(Decision):
    """A decision about a chip."""

    on_ = prop_def(IntegerAttr.constr(i64), prop_name="on")
    assembly_format = "`on` $on $table attr-dict"

    def __init__(self, on: int, table: ArrayHandleAttr) -> None:
        super().__init__(properties={"on": IntegerAttr(on, i64), "table": table})

    @property
    def on(self) -> int:
        """Number of the chip."""
        return self.on_.value.data


@irdl_op_definition
class CodesOp(OfProjection):
    """Weights of a projection: the line of each synapse's input, and a code times a scale.

    The line is 0 for excitatory, 1 for inhibitory inputs. The weight that is meant is the code
    times `scale` (in the declared unit), with the sign that the scale has.
    """

    name = "analog.codes"
    COLUMNS: ClassVar[tuple[str, ...]] = ("line", "code")
    scale = prop_def(ArrayHandleAttr)
    assembly_format = "`of` $of $table `scale` $scale attr-dict"

    def __init__(self, of: str, table: ArrayHandleAttr, scale: ArrayHandleAttr) -> None:
        IRDLOperation.__init__(
            self, properties={"of": SymbolRefAttr(of), "table": table, "scale": scale}
        )


@irdl_op_definition
class CircuitsOp(OfPopulation):
    """Circuits of the cells of a population, joined where a cell has several.

    The first of a cell sends its spikes.
    """

    name = "analog.circuits"
    COLUMNS: ClassVar[tuple[str, ...]] = ("cell", "chip", "block", "column")


@irdl_op_definition
class SelectsOp(OfPopulation):
    """The bus that a cell's spikes are on, and their row-select address there, on each chip.

    Sources whose addresses are told apart by drivers may have equal labels.
    """

    name = "analog.selects"
    COLUMNS: ClassVar[tuple[str, ...]] = ("cell", "chip", "bus", "select")


@irdl_op_definition
class EventsOp(OfPopulation):
    """What the spikes of a population's cells are on each chip that hears them.

    `sender` is the chip that a spike comes from, -1 for the host; `input` is that of the crossbar
    on `chip`, and `event` the word that comes in there.
    """

    name = "analog.events"
    COLUMNS: ClassVar[tuple[str, ...]] = ("cell", "sender", "chip", "input", "event")


@irdl_op_definition
class CrossbarOp(OfChip):
    """Nodes of a crossbar that are open, for events that equal `target` where `mask` has ones."""

    name = "analog.crossbar"
    COLUMNS: ClassVar[tuple[str, ...]] = ("input", "output", "mask", "target")


@irdl_op_definition
class DriversOp(OfChip):
    """Synapse drivers that are on; their two rows take line 0 or 1, or are off (-1)."""

    name = "analog.drivers"
    COLUMNS: ClassVar[tuple[str, ...]] = ("block", "bus", "driver", "mask", "top", "bottom")


@irdl_op_definition
class SynapsesOp(OfProjection):
    """Synapses of a projection in the arrays of chips; large weights take several in parallel."""

    name = "analog.synapses"
    COLUMNS: ClassVar[tuple[str, ...]] = (
        "synapse", "chip", "block", "row", "column", "label", "weight",
    )  # fmt: skip


@irdl_op_definition
class LostOp(OfProjection):
    """Synapses of a projection that are on no chip; the reason is an index in `LOST`."""

    name = "analog.lost"
    COLUMNS: ClassVar[tuple[str, ...]] = ("synapse", "reason")


@irdl_op_definition
class MappingOp(MappingOfNetwork):
    """A network on chips."""

    name = "analog.mapping"

    def verify_(self) -> None:
        """Check what refers to what; `check_arrays` checks the numbers."""
        from snnc.ir.dialects.analog_rules import check_mapping

        check_mapping(self)


Analog = Dialect(
    "analog",
    [
        MappingOp,
        ChipOp,
        CellsOp,
        CodesOp,
        CircuitsOp,
        SelectsOp,
        EventsOp,
        CrossbarOp,
        DriversOp,
        SynapsesOp,
        LostOp,
    ],
    [],
)
