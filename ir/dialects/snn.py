"""The `snn` dialect: a network of populations and projections, before any target is chosen.

One operation stands for a population or a projection, whatever its size; arrays are handles to
data beside the text. Values are in the unit that the model declares for the parameter.
"""

from __future__ import annotations

from typing import ClassVar

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
from xdsl.ir import Block, Dialect, Operation, Region
from xdsl.irdl import (
    irdl_op_definition,
    opt_prop_def,
    prop_def,
    region_def,
    traits_def,
)
from xdsl.parser import Parser
from xdsl.printer import Printer
from xdsl.traits import IsolatedFromAbove, NoTerminator, SymbolOpInterface

from snnc.ir.dialects.snn_parts import NamedOperation, Readable
from snnc.ir.dialects.snn_text import Clause, Count, Dictionary, Head, Reference, Symbol, Value
from snnc.ir.dialects.snn_values import (
    ArrayHandleAttr,
    ConnectorAttr,
    DistanceAttr,
    RandomAttr,
    RangeAttr,
    SequencesAttr,
    SpaceAttr,
    StructureAttr,
)

RNG = "philox4x32-10/snnc-1"
"""Name of the generator and of the way its counters are used; results depend on both."""


@irdl_op_definition
class PopulationOp(NamedOperation):
    """Cells of one model; those of the network are numbered from `first_id`.

    Cells that stand for those of another population, one for one, have their numbers: what is
    drawn for synapses of the others is drawn for theirs.
    """

    name = "snn.population"
    FORM: ClassVar[tuple[Clause, ...]] = (
        Symbol(),
        Count("size"),
        Reference("of", "model"),
        Head({"label": StringAttr, "object_id": IntegerAttr, "first_id": IntegerAttr}),
        Value("stands_for", optional=True),
        Dictionary("parameters"),
        Dictionary("initial"),
        Value("structure", line=True, optional=True),
        Value("positions", line=True, optional=True),
    )
    size_ = prop_def(IntegerAttr, prop_name="size")
    model_ = prop_def(FlatSymbolRefAttrConstr, prop_name="model")
    object_id_ = prop_def(IntegerAttr, prop_name="object_id")
    first_id_ = prop_def(IntegerAttr, prop_name="first_id")
    parameters = prop_def(DictionaryAttr)
    initial = prop_def(DictionaryAttr)
    structure = opt_prop_def(StructureAttr)
    positions = opt_prop_def(ArrayHandleAttr)
    stands_for_ = opt_prop_def(FlatSymbolRefAttrConstr, prop_name="stands_for")
    traits = traits_def(SymbolOpInterface())

    @property
    def size(self) -> int:
        """Number of cells."""
        return self.size_.value.data

    @property
    def stands_for(self) -> str | None:
        """Symbol of the population whose numbers these cells have, if they stand for others."""
        return None if self.stands_for_ is None else self.stands_for_.root_reference.data

    @property
    def model(self) -> str:
        """Name of the cell model."""
        return self.model_.root_reference.data

    @property
    def object_id(self) -> int:
        """What random numbers of this population are keyed by."""
        return self.object_id_.value.data

    @property
    def first_id(self) -> int:
        """Index in the network of the first cell."""
        return self.first_id_.value.data


@irdl_op_definition
class ViewOp(NamedOperation):
    """Cells of a population or view, by their indices there, in the order given."""

    name = "snn.view"
    FORM: ClassVar[tuple[Clause, ...]] = (
        Symbol(),
        Reference("of", "of"),
        Value("indices"),
        Head({"label": StringAttr}),
    )
    parent_ = prop_def(FlatSymbolRefAttrConstr, prop_name="of")
    indices = prop_def(RangeAttr | ArrayHandleAttr)
    traits = traits_def(SymbolOpInterface())

    @property
    def of(self) -> str:
        """Symbol of the population or view it is a part of."""
        return self.parent_.root_reference.data

    @property
    def size(self) -> int:
        """Number of cells."""
        if isinstance(self.indices, RangeAttr):
            return len(self.indices.data)
        return self.indices.data.shape[0]


@irdl_op_definition
class AssemblyOp(NamedOperation):
    """Populations and views, one after the other."""

    name = "snn.assembly"
    FORM: ClassVar[tuple[Clause, ...]] = (Symbol(), Value("of"), Head({"label": StringAttr}))
    members_ = prop_def(ArrayAttr[SymbolRefAttr], prop_name="of")
    traits = traits_def(SymbolOpInterface())

    @property
    def members(self) -> tuple[str, ...]:
        """Symbols of the populations and views."""
        return tuple(member.root_reference.data for member in self.members_)


VALUE = FloatAttr | ArrayHandleAttr | RandomAttr | DistanceAttr
"""What a weight or a delay can be."""


@irdl_op_definition
class ProjectionOp(NamedOperation):
    """Synapses of one model between two groups of cells, by a rule."""

    name = "snn.projection"
    FORM: ClassVar[tuple[Clause, ...]] = (
        Symbol(),
        Reference("from", "pre"),
        Reference("to", "post"),
        Head({"label": StringAttr, "object_id": IntegerAttr}),
        Value("connector", line=True),
        Reference("synapse", "synapse", line=True),
        Value("receptor"),
        Value("weight", line=True),
        Value("delay"),
        Dictionary("parameters"),
        Dictionary("initial"),
        Value("space", line=True, optional=True),
    )
    pre_ = prop_def(FlatSymbolRefAttrConstr, prop_name="pre")
    post_ = prop_def(FlatSymbolRefAttrConstr, prop_name="post")
    connector = prop_def(ConnectorAttr)
    synapse_ = prop_def(FlatSymbolRefAttrConstr, prop_name="synapse")
    receptor_ = prop_def(StringAttr, prop_name="receptor")
    weight = prop_def(VALUE)
    delay = prop_def(VALUE)
    parameters = prop_def(DictionaryAttr)
    initial = prop_def(DictionaryAttr)
    space = opt_prop_def(SpaceAttr)
    object_id_ = prop_def(IntegerAttr, prop_name="object_id")
    traits = traits_def(SymbolOpInterface())

    @property
    def pre(self) -> str:
        """Symbol of the presynaptic population, view or assembly."""
        return self.pre_.root_reference.data

    @property
    def post(self) -> str:
        """Symbol of the postsynaptic population, view or assembly."""
        return self.post_.root_reference.data

    @property
    def synapse(self) -> str:
        """Name of the synapse model."""
        return self.synapse_.root_reference.data

    @property
    def receptor(self) -> str:
        """Name of the receptor of the postsynaptic cells."""
        return self.receptor_.data

    @property
    def object_id(self) -> int:
        """What random numbers of this projection are keyed by."""
        return self.object_id_.value.data


@irdl_op_definition
class SourceOp(NamedOperation):
    """A source of current."""

    name = "snn.source"
    FORM: ClassVar[tuple[Clause, ...]] = (
        Symbol(),
        Value("kind"),
        Head({"label": StringAttr, "object_id": IntegerAttr}),
        Dictionary("parameters"),
    )
    kind_ = prop_def(StringAttr, prop_name="kind")
    object_id_ = prop_def(IntegerAttr, prop_name="object_id")
    parameters = prop_def(DictionaryAttr)
    traits = traits_def(SymbolOpInterface())

    @property
    def kind(self) -> str:
        """``dc``, ``ac``, ``step`` or ``noisy``."""
        return self.kind_.data

    @property
    def object_id(self) -> int:
        """What random numbers of this source are keyed by."""
        return self.object_id_.value.data


@irdl_op_definition
class InjectOp(Readable):
    """Gives the current of a source to every cell of a group."""

    name = "snn.inject"
    FORM: ClassVar[tuple[Clause, ...]] = (Reference("", "source"), Reference("into", "target"))
    source_ = prop_def(FlatSymbolRefAttrConstr, prop_name="source")
    target_ = prop_def(FlatSymbolRefAttrConstr, prop_name="target")

    @property
    def source(self) -> str:
        """Symbol of the source."""
        return self.source_.root_reference.data

    @property
    def target(self) -> str:
        """Symbol of the population, view or assembly."""
        return self.target_.root_reference.data


@irdl_op_definition
class RecordOp(Readable):
    """Keeps variables of a population or view, every `sampling_interval` ms."""

    name = "snn.record"
    FORM: ClassVar[tuple[Clause, ...]] = (
        Reference("", "target"),
        Value("variables"),
        Value("sampling_interval"),
    )
    target_ = prop_def(FlatSymbolRefAttrConstr, prop_name="target")
    variables_ = prop_def(ArrayAttr[StringAttr], prop_name="variables")
    sampling_interval_ = prop_def(FloatAttr, prop_name="sampling_interval")

    @property
    def target(self) -> str:
        """Symbol of the population or view."""
        return self.target_.root_reference.data

    @property
    def variables(self) -> tuple[str, ...]:
        """Names of the variables."""
        return tuple(variable.data for variable in self.variables_)

    @property
    def sampling_interval(self) -> float:
        """Time between samples in ms; spikes are kept at their own times."""
        return self.sampling_interval_.value.data


@irdl_op_definition
class NetworkOp(NamedOperation):
    """A network: time step in ms, seed, and the operations that make it up."""

    name = "snn.network"
    FORM: ClassVar[tuple[Clause, ...]] = (
        Symbol(),
        Head({"label": StringAttr, "dt": FloatAttr, "seed": IntegerAttr, "rng": StringAttr}),
    )
    dt_ = prop_def(FloatAttr, prop_name="dt")
    seed_ = prop_def(IntegerAttr, prop_name="seed")
    rng = prop_def(StringAttr)
    body = region_def("single_block")
    traits = traits_def(SymbolOpInterface(), NoTerminator(), IsolatedFromAbove())

    @property
    def dt(self) -> float:
        """Time step in ms."""
        return self.dt_.value.data

    @property
    def seed(self) -> int:
        """Seed of all random choices that have no seed of their own."""
        return self.seed_.value.data

    def symbols(self) -> dict[str, Operation]:
        """Return the named operations of the network by symbol; the first of each name."""
        found: dict[str, Operation] = {}
        for op in self.body.block.ops:
            if isinstance(op, NamedOperation):
                found.setdefault(op.symbol, op)
        return found

    @classmethod
    def _parse_regions(cls, parser: Parser) -> list[Region]:
        region = parser.parse_region()
        return [region if region.blocks else Region(Block())]

    def print(self, printer: Printer) -> None:
        """Print the readable form."""
        super().print(printer)
        printer.print_string(" ")
        printer.print_region(self.body, print_empty_block=False)

    def verify_(self) -> None:
        """Check every operation against the others and the models."""
        from snnc.ir.dialects.snn_rules import check_network

        check_network(self)


def network(symbol: str, dt: float, seed: int) -> NetworkOp:
    """Return an empty network."""
    return NetworkOp(
        [Region(Block())],
        sym_name=StringAttr(symbol),
        dt=FloatAttr(dt, f64),
        seed=IntegerAttr(seed, i64),
        rng=StringAttr(RNG),
    )


Snn = Dialect(
    "snn",
    [
        NetworkOp,
        PopulationOp,
        ViewOp,
        AssemblyOp,
        ProjectionOp,
        SourceOp,
        InjectOp,
        RecordOp,
    ],
    [
        ArrayHandleAttr,
        SequencesAttr,
        RandomAttr,
        DistanceAttr,
        RangeAttr,
        ConnectorAttr,
        StructureAttr,
        SpaceAttr,
    ],
)
