"""The CPU target: from a lowered module to kernels and plans."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Literal, cast

import numpy as np
from xdsl.dialects.builtin import DenseArrayBase, DictionaryAttr, FloatAttr, IntegerAttr, StringAttr
from xdsl.ir import Attribute, Operation

from snnc.codegen.accumulator import Accumulator, Segment, offset_type
from snnc.codegen.artifact import (
    Artifact,
    CellPlan,
    PopulationPlan,
    ProjectionPlan,
    RecordPlan,
    SelectionPlan,
    Selector,
    SourcePlan,
    SynapseForm,
    SynapsePlan,
)
from snnc.codegen.kernels.cell_kernel import cell_plan
from snnc.codegen.kernels.synapse_plans import synapse_plan
from snnc.codegen.target import Target, Text
from snnc.ir.diagnostics import OptionError
from snnc.ir.dialects import snn, step
from snnc.ir.dialects.snn_values import RangeAttr
from snnc.ir.dialects.step_synapse import SynapseOp
from snnc.ir.resources import decode
from snnc.ir.text import Document
from snnc.ir.values import Space

Precision = Literal["f64", "f32", "packed"]
OffsetType = Literal["u16", "u32"]
WeightForm = Literal["scalar", "mask", "float32", "int16", "edge", "counts"]


def generate(document: Document) -> Artifact:
    """Return the artifact of a network that the ``cpu`` pipeline has lowered.

    Raises
    ------
    OptionError
        If the module has not been lowered.
    """
    return generate_with(document, cell_plan)


def generate_with(
    document: Document, plan_of: Callable[[step.CellOp], CellPlan], unsigned: bool = False
) -> Artifact:
    """Return the artifact of a lowered network whose cells run by other plans.

    Parameters
    ----------
    document : Document
        The network.
    plan_of : callable
        Returns the plan of a cell.
    unsigned : bool
        Whether packed weights are multiples without a sign.
    """
    return _Generator(document, plan_of, unsigned).artifact()


def kernels_text(document: Document) -> str:
    """Return the source of all kernels generated for a lowered network."""
    artifact = generate(document)
    texts = {}
    for cell in artifact.cells.values():
        if cell.kernel is not None:
            texts[cell.kernel.name] = cell.kernel.text
    for synapse in artifact.synapses.values():
        for kernel in (synapse.deliver, synapse.emit, synapse.observe):
            if kernel is not None:
                texts[kernel.name] = kernel.text
    return "\n\n".join(f"# kernel {name}\n{text}" for name, text in texts.items())


CPU = Target(
    "cpu",
    generate,
    executor="snnc.runtime.simulation:Simulation",
    texts={"kernel": Text("kernels.py", kernels_text)},
)


class _Generator:
    def __init__(
        self, document: Document, plan_of: Callable[[step.CellOp], CellPlan], unsigned: bool
    ) -> None:
        self.unsigned = unsigned
        self.network = document.network
        self.resources = document.resources
        self.symbols = self.network.symbols()
        ops = list(document.module.body.block.ops)
        used = {op.model for op in self.symbols.values() if isinstance(op, snn.PopulationOp)}
        cells = [op for op in ops if isinstance(op, step.CellOp) and op.label in used]
        self.synapse_ops = {op.label: op for op in ops if isinstance(op, SynapseOp)}
        self._synapse_plans: dict[tuple[str, SynapseForm], SynapsePlan] = {}
        self.precision: Precision = _precision(cells)
        self.cells = {op.label: plan_of(op) for op in cells}
        missing = used - set(self.cells)
        if missing:
            raise OptionError(
                f"'{min(missing)}' has not been lowered; expected a module after the cpu pipeline"
            )

    def artifact(self) -> Artifact:
        populations = tuple(self._populations())
        threads = len(populations[0].bounds) - 1 if populations else 1
        offsets = self._offset_types(
            [Accumulator(populations, self.cells, p) for p in range(threads)]
        )
        synapses: dict[str, SynapsePlan] = {}
        projections = []
        for op in self.symbols.values():
            if isinstance(op, snn.ProjectionOp):
                plan = self._synapse(op, offsets[_bundle(op)], synapses)
                projections.append(self._projection(op, plan))
        return Artifact(
            name=self.network.label,
            dt=self.network.dt,
            seed=self.network.seed,
            precision=self.precision,
            threads=threads,
            cells=self.cells,
            synapses=synapses,
            populations=populations,
            projections=tuple(projections),
            sources=tuple(self._sources()),
            records=tuple(self._records()),
        )

    def _decode(self, attribute: Attribute) -> Any:
        return decode(attribute, self.resources)

    def _decoded(self, attributes: DictionaryAttr) -> dict[str, Any]:
        return {name: self._decode(value) for name, value in attributes.data.items()}

    def _populations(self) -> Iterator[PopulationPlan]:
        for op in self.symbols.values():
            if isinstance(op, snn.PopulationOp):
                yield PopulationPlan(
                    name=op.symbol,
                    label=op.label,
                    size=op.size,
                    cell=op.model,
                    first_id=op.first_id,
                    object_id=op.object_id,
                    parameters=self._decoded(op.parameters),
                    initial=self._decoded(op.initial),
                    bounds=_bounds(op),
                    positions=None if op.positions is None else self._decode(op.positions),
                )

    def _selection(self, symbol: str) -> SelectionPlan:
        op = self.symbols[symbol]
        if isinstance(op, snn.AssemblyOp):
            members = [m for member in op.members for m in self._selection(member).members]
            return SelectionPlan(tuple(members))
        return SelectionPlan((self._cells_of(op),))

    def _cells_of(self, op: Operation) -> tuple[str, Selector]:
        if isinstance(op, snn.PopulationOp):
            return op.symbol, slice(None)
        assert isinstance(op, snn.ViewOp)
        population, inside = self._cells_of(self.symbols[op.of])
        if isinstance(op.indices, RangeAttr):
            indices = np.array(op.indices.data, np.int64)
        else:
            indices = np.asarray(self._decode(op.indices), np.int64)
        return population, indices if isinstance(inside, slice) else inside[indices]

    def _offset_types(self, accumulators: list[Accumulator]) -> dict[int, OffsetType]:
        """Return the type of the targets of each bundle."""
        segments: dict[int, list[Segment]] = {}
        for op in self.symbols.values():
            if isinstance(op, snn.ProjectionOp):
                reached = [(name, op.receptor) for name, _ in self._selection(op.post).members]
                segments.setdefault(_bundle(op), []).extend(reached)
        return {bundle: offset_type(accumulators, each) for bundle, each in segments.items()}

    def _synapse(
        self, op: snn.ProjectionOp, target: OffsetType, plans: dict[str, SynapsePlan]
    ) -> SynapsePlan:
        form = op.attributes.get("form")
        storage = op.attributes.get("storage")
        label = form.data if isinstance(form, StringAttr) else op.synapse
        if label not in self.synapse_ops or not isinstance(storage, StringAttr):
            raise OptionError(
                f"'{op.symbol}' has not been lowered; expected a module after the cpu pipeline"
            )
        weight = cast(WeightForm, storage.data)
        members = self._selection(op.post).members
        packed = all(op.receptor in self._cell_of(population).packed for population, _ in members)
        if packed != (weight in ("int16", "mask")) and weight not in ("scalar", "counts"):
            fitting = "'mask' or 'int16'" if packed else "'float32'"
            raise OptionError(
                f"the storage '{weight}' of '{op.symbol}' does not fit the sums of its receptor; "
                f"expected 'scalar', {fitting}"
            )
        if weight in ("scalar", "mask") and not isinstance(op.weight, FloatAttr):
            raise OptionError(
                f"the storage '{weight}' of '{op.symbol}' holds one weight for all synapses; "
                "found weights that may differ"
            )
        kept = SynapseForm(target, weight, packed, self.unsigned and weight == "int16")
        known = self._synapse_plans.get((label, kept))
        if known is None:
            floats = "f64" if self.precision == "f64" else "f32"
            known = synapse_plan(self.synapse_ops[label], kept, floats)
            self._synapse_plans[label, kept] = known
        return plans.setdefault(known.name, known)

    def _cell_of(self, population: str) -> CellPlan:
        op = self.symbols[population]
        assert isinstance(op, snn.PopulationOp)
        return self.cells[op.model]

    def _projection(self, op: snn.ProjectionOp, synapse: SynapsePlan) -> ProjectionPlan:
        rounding = op.attributes.get("rounding")
        return ProjectionPlan(
            name=op.symbol,
            object_id=op.object_id,
            pre=self._selection(op.pre),
            post=self._selection(op.post),
            connector=op.connector.connector.data,
            options=self._decoded(op.connector.options),
            synapse=synapse.name,
            receptor=op.receptor,
            weight=self._decode(op.weight),
            delay=self._decode(op.delay),
            parameters=self._decoded(op.parameters),
            initial=self._decoded(op.initial),
            space=Space() if op.space is None else op.space.data,
            storage=synapse.form.weight,
            bundle=_bundle(op),
            rounding=rounding.data if isinstance(rounding, StringAttr) else "nearest",
        )

    def _sources(self) -> Iterator[SourcePlan]:
        targets: dict[str, list[SelectionPlan]] = {}
        for op in self.network.body.block.ops:
            if isinstance(op, snn.InjectOp):
                targets.setdefault(op.source, []).append(self._selection(op.target))
        for op in self.symbols.values():
            if isinstance(op, snn.SourceOp):
                yield SourcePlan(
                    name=op.symbol,
                    kind=op.kind,
                    object_id=op.object_id,
                    parameters=self._decoded(op.parameters),
                    targets=tuple(targets.get(op.symbol, ())),
                )

    def _records(self) -> Iterator[RecordPlan]:
        for op in self.network.body.block.ops:
            if isinstance(op, snn.RecordOp):
                target = self._selection(op.target)
                yield RecordPlan(target, op.variables, op.sampling_interval)


def _precision(cells: list[step.CellOp]) -> Precision:
    if any(cell.packed is not None for cell in cells):
        if any(cell.precision is None or cell.precision.data != "f32" for cell in cells):
            raise OptionError(
                "sums of integers need floats of 32 bits: 'erase-units{precision=f32}'"
            )
        return "packed"
    for cell in cells:
        if cell.precision is not None:
            return cast(Precision, cell.precision.data)
    return "f64"


def _bundle(op: snn.ProjectionOp) -> int:
    bundle = op.attributes.get("bundle")
    if not isinstance(bundle, IntegerAttr):
        raise OptionError(
            f"'{op.symbol}' has not been lowered; expected a module after the cpu pipeline"
        )
    return bundle.value.data


def _bounds(op: snn.PopulationOp) -> tuple[int, ...]:
    bounds = op.attributes.get("bounds")
    if not isinstance(bounds, DenseArrayBase):
        raise OptionError(f"'{op.symbol}' has not been cut into slices; expected pass 'partition'")
    return tuple(int(n) for n in bounds.get_values())
