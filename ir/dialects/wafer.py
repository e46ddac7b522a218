"""The `wafer` dialect: decisions of an ``analog.mapping`` onto a wafer of HICANNs.

HICANNs are numbered row by row. Lines of a HICANN are the horizontal ones from 0, and behind them
the vertical ones; columns of tables that say which of the two they are count each from 0.
"""

from __future__ import annotations

from typing import ClassVar

from xdsl.dialects.builtin import IntegerAttr, SymbolRefAttr, i64
from xdsl.ir import Dialect
from xdsl.irdl import IRDLOperation, irdl_op_definition, prop_def

from snnc.ir.dialects.analog import OfChip, OfPopulation, OfProjection
from snnc.ir.dialects.snn_values import ArrayHandleAttr
from snnc.ir.locations import refuse


@irdl_op_definition
class PlacesOp(OfPopulation):
    """Where the cells of a population are, each with `circuits` joined circuits.

    They begin at `column` in both blocks; sources from outside have -1 there. Spikes leave by the
    merger `output` with `address`, which are -1 of cells that send nothing.
    """

    name = "wafer.places"
    COLUMNS: ClassVar[tuple[str, ...]] = ("cell", "hicann", "column", "output", "address")
    circuits_ = prop_def(IntegerAttr.constr(i64), prop_name="circuits")
    assembly_format = "`of` $of `circuits` $circuits $table attr-dict"

    def __init__(self, of: str, circuits: int, table: ArrayHandleAttr) -> None:
        IRDLOperation.__init__(
            self,
            properties={
                "of": SymbolRefAttr(of),
                "circuits": IntegerAttr(circuits, i64),
                "table": table,
            },
        )

    @property
    def circuits(self) -> int:
        """Circuits of a cell."""
        return self.circuits_.value.data

    def verify_(self) -> None:
        """Check that circuits can be halved between the blocks."""
        if self.circuits < 2 or self.circuits & (self.circuits - 1):
            refuse(self, f"2, 4, 8, … circuits are joined to a neuron; found {self.circuits}")


@irdl_op_definition
class RepeatersOp(OfChip):
    """Repeaters that are on: a line of a HICANN, and the line that it goes on as."""

    name = "wafer.repeaters"
    COLUMNS: ClassVar[tuple[str, ...]] = ("hicann", "line", "next", "next_line")


@irdl_op_definition
class SwitchesOp(OfChip):
    """Closed switches between a horizontal and a vertical line."""

    name = "wafer.switches"
    COLUMNS: ClassVar[tuple[str, ...]] = ("hicann", "horizontal", "vertical")


@irdl_op_definition
class TapsOp(OfChip):
    """On which vertical line the spikes of an output of `sender` are to be taken at `hicann`."""

    name = "wafer.taps"
    COLUMNS: ClassVar[tuple[str, ...]] = ("sender", "output", "hicann", "vertical")


@irdl_op_definition
class DriversOp(OfChip):
    """Synapse drivers that are on, with the vertical line that each is switched to.

    Each of the two rows has a synaptic input, and the first bits of the addresses that it takes in
    its even and in its odd columns.
    """

    name = "wafer.drivers"
    COLUMNS: ClassVar[tuple[str, ...]] = (
        "hicann", "driver", "vertical",
        "input_0", "even_0", "odd_0", "input_1", "even_1", "odd_1",
    )  # fmt: skip


@irdl_op_definition
class SynapsesOp(OfProjection):
    """Synapses of a projection: row, over both arrays, column, and last bits of the address."""

    name = "wafer.synapses"
    COLUMNS: ClassVar[tuple[str, ...]] = ("synapse", "hicann", "row", "column", "address")


@irdl_op_definition
class LoadsOp(OfChip):
    """Synapses onto the neurons of each HICANN: those that are placed, and those that are lost."""

    name = "wafer.loads"
    COLUMNS: ClassVar[tuple[str, ...]] = ("hicann", "placed", "lost")


@irdl_op_definition
class BoundOp(IRDLOperation):
    """How many synapses are lost at least, with the cells where they are.

    `in_degree` counts those beyond the places that a neuron has, `drivers` those for which no
    choice among the buses that could be heard at a HICANN leaves a driver, the former among them.
    """

    name = "wafer.bound"
    in_degree_ = prop_def(IntegerAttr.constr(i64), prop_name="in_degree")
    drivers_ = prop_def(IntegerAttr.constr(i64), prop_name="drivers")
    assembly_format = "`in_degree` $in_degree `drivers` $drivers attr-dict"

    def __init__(self, in_degree: int, drivers: int) -> None:
        super().__init__(
            properties={
                "in_degree": IntegerAttr(in_degree, i64),
                "drivers": IntegerAttr(drivers, i64),
            }
        )

    @property
    def in_degree(self) -> int:
        """Synapses beyond the places of their neurons."""
        return self.in_degree_.value.data

    @property
    def drivers(self) -> int:
        """Synapses that no choice of drivers places."""
        return self.drivers_.value.data


Wafer = Dialect(
    "wafer",
    [PlacesOp, RepeatersOp, SwitchesOp, TapsOp, DriversOp, SynapsesOp, LoadsOp, BoundOp],
    [],
)
"""Networks on wafers, inside an ``analog.mapping``."""
