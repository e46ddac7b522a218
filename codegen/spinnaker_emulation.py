"""The target ``spinnaker-emulation``: what SpiNNaker computes, to the bit, on this processor.

Networks are lowered as for ``cpu`` with integers for sums; the plans of cells come from the
machine's own arithmetic.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TypeVar

from xdsl.ir import Operation

from snnc.codegen.artifact import Artifact, Buffer, CellPlan, Field, Ring
from snnc.codegen.cpu import generate_with
from snnc.codegen.kernels.cell_kernel import array_constants, cell_plan
from snnc.codegen.kernels.fixed_constants import fixed_constants
from snnc.codegen.kernels.fixed_kernel import COUNTS, dtype_of, fixed_kernel
from snnc.codegen.kernels.fixed_names import Names
from snnc.codegen.native.artifact import NativeCell
from snnc.codegen.native.matched import matched_models
from snnc.codegen.target import Target, Text
from snnc.ir.diagnostics import OptionError, UnsupportedError
from snnc.ir.dialects import expressions as ex
from snnc.ir.dialects import fx, native, snn, step
from snnc.ir.dialects import map as mapping
from snnc.ir.dialects.fx_types import Fixed
from snnc.ir.dialects.map_weights import CurrentUnitOp, RingOp, WeightsOp
from snnc.ir.text import Document

SIMULATOR = "spinnaker"
Op = TypeVar("Op", bound=Operation)


@dataclass(frozen=True)
class EmulatedSlice:
    """Cells `first` to `last` - 1 of a population, on a core."""

    population: str
    first: int
    last: int
    core: str


@dataclass(frozen=True)
class EmulatedExtension(EmulatedSlice):
    """A core that sends those cells' packets again `stages` times, every `steps` steps."""

    stages: int
    steps: int


@dataclass(frozen=True)
class WeightError:
    """How the weights of a projection are rounded.

    Attributes
    ----------
    largest, machine : float
        The largest weight in coherent units, and what it is on the machine.
    error : float
        The relative error of the weights.
    """

    largest: float
    machine: float
    error: float


@dataclass(frozen=True)
class EmulatedArtifact:
    """A network that is computed as on the machine.

    Attributes
    ----------
    network : Artifact
        The network as this processor runs it.
    models : frozenset of str
        The cells that are computed in fixed point.
    weights : mapping of str to WeightError
        How projections' weights are rounded, by label.
    slices : tuple of EmulatedSlice
        Which cells share a core.
    extensions : tuple of EmulatedExtension
        Which cores send packets again.
    bits : mapping of str to int
        By population in fixed point: its currents count in 2^-bits nA.
    """

    network: Artifact
    models: frozenset[str]
    weights: Mapping[str, WeightError]
    slices: tuple[EmulatedSlice, ...]
    extensions: tuple[EmulatedExtension, ...]
    bits: Mapping[str, int]

    def settings(self) -> dict[str, object]:
        """Return what was chosen."""
        return self.network.settings()


def generate(document: Document) -> EmulatedArtifact:
    """Return the artifact of a network that the ``spinnaker-emulation`` pipeline has lowered.

    Raises
    ------
    OptionError
        If the module has not been lowered.
    UnsupportedError
        What the machine does not have.
    """
    matched, _ = matched_models(document, SIMULATOR)
    matches = {op.model.data: op for op in _of(document.module.body.block, native.MatchOp)}
    arithmetic = {(op.label, op.bits): op for op in _of(document.module.body.block, fx.CellOp)}
    variants = _variants(document, matched)
    plans: dict[str, CellPlan] = {}

    def plan(op: step.CellOp) -> CellPlan:
        if op.label not in matched:
            return cell_plan(op)
        found = matched[op.label]
        for label, bits in variants.values():
            if label != op.label:
                continue
            if (found.model, bits) not in arithmetic:
                raise OptionError(f"'{op.label}' has no arithmetic; expected pass 'quantise'")
            cell = arithmetic[found.model, bits]
            plans[_variant(label, bits)] = fixed_plan(op, matches[op.label], found, cell)
        return next(one for one in plans.values() if one.name == op.label)

    network = generate_with(document, plan, unsigned=True)
    _refuse_other_synapses(network, matched)
    rings = _rings(document, matched)
    others = {label: one for label, one in network.cells.items() if label not in matched}
    populations = tuple(
        replace(
            one,
            rings=rings.get(one.name, {}),
            cell=_variant(*variants[one.name]) if one.name in variants else one.cell,
        )
        for one in network.populations
    )
    return EmulatedArtifact(
        replace(network, cells={**others, **plans}, populations=populations, lead=1),
        frozenset(plans),
        _weights(document, network, rings),
        tuple(_slices(document).values()),
        tuple(_extensions(document)),
        {one.name: variants[one.name][1] for one in populations if one.name in variants},
    )


def _variants(document: Document, matched: Collection[str]) -> dict[str, tuple[str, int]]:
    """Return the model of each population in fixed point, with its bits of currents."""
    bits = {op.population: op.bits for op in _of(_mapping(document).body.block, CurrentUnitOp)}
    return {
        op.symbol: (op.model, bits.get(op.symbol, 0))
        for op in document.network.symbols().values()
        if isinstance(op, snn.PopulationOp) and op.model in matched
    }


def _variant(label: str, bits: int) -> str:
    """Return the name of the plan of a model whose currents count in 2^-`bits` nA."""
    return f"{label} in nA/2^{bits}" if bits else label


def fixed_plan(
    op: step.CellOp, match: native.MatchOp, found: NativeCell, cell: fx.CellOp
) -> CellPlan:
    """Return the plan of a cell in fixed point.

    Parameters
    ----------
    op : step.CellOp
        The cell as floats would run it: names, units and initial values are the same.
    match : native.MatchOp
        The machine's parameters as functions of the cell's own.
    found : NativeCell
        The same, for the runtime.
    cell : fx.CellOp
        The machine's arithmetic.
    """
    plan, names = cell_plan(op), Names(cell)
    own = {
        theirs.variable: (ours, theirs.scale)
        for ours, theirs in found.states.items()
        if theirs.variable is not None
    }
    states = {state.name: state for state in plan.states}
    buffers = [_buffer(one, own, states, plan.name) for one in cell.states]
    counts = [Buffer(name, "int32", ("element",), plan.name, recordable=False) for name in COUNTS]
    arrays = _varying(cell, names, _varying_parameters(op, match))
    ports = {str(port.port): ours for ours, port in found.receptors.items()}
    label = plan.name if cell.bits == 0 else f"{plan.name}_{cell.bits % 32}"
    kernel, fields = fixed_kernel(cell, label, names, arrays, ports)
    renamed = {label: _buffer_name(label, own) for label in (s.label for s in cell.states)}
    return replace(
        plan,
        states=(*buffers, *counts),
        kernel=kernel,
        fields=tuple(_renamed(entry, renamed, ports) for entry in fields),
        constants=fixed_constants(cell, found.constants, names),
        solver="fixed point",
    )


def _buffer(
    state: fx.StateOp,
    own: Mapping[str, tuple[str, float]],
    states: Mapping[str, Buffer],
    model: str,
) -> Buffer:
    kind = state.kind
    assert isinstance(kind, Fixed)
    if state.label not in own:
        name = _buffer_name(state.label, own)
        return Buffer(name, dtype_of(kind), ("element",), model, recordable=False)
    name, factor = own[state.label]
    known, unit = states[name], factor * state.scale * 2.0**kind.point
    return replace(
        known, dtype=dtype_of(kind), scale=known.scale * unit, initial=known.initial * unit
    )


def _buffer_name(label: str, own: Mapping[str, tuple[str, float]]) -> str:
    return own[label][0] if label in own else f"machine.{label}"


def _renamed(entry: Field, states: Mapping[str, str], ports: Mapping[str, str]) -> Field:
    """Return a word of a kernel's table by the names that the network has."""
    if entry.kind == "state":
        return Field("state", states.get(entry.name, entry.name))
    if entry.kind in ("arrivals", "shift"):
        return Field(entry.kind, ports[entry.name])
    return entry


def _varying_parameters(op: step.CellOp, match: native.MatchOp) -> set[str]:
    """Return the machine's parameters that differ from cell to cell."""
    arrays = array_constants(op)
    return {
        binding.label
        for binding in _of(match.body.block, native.ParameterOp)
        if any(isinstance(o, ex.GetOp) and o.variable.data in arrays for o in binding.walk())
    }


def _varying(cell: fx.CellOp, names: Names, parameters: set[str]) -> set[str]:
    """Return the names of constants that differ from cell to cell."""
    found = set()
    for op in cell.body.block.ops:
        given = isinstance(op, fx.ParamOp) and op.label in parameters
        if op.results and (given or any(operand in found for operand in op.operands)):
            found.add(op.results[0])
    return {names.of(value) for value in found}


def _refuse_other_synapses(network: Artifact, emulated: Collection[str]) -> None:
    """Refuse synapses that deliver anything but a weight that they keep."""
    populations = {plan.name: plan for plan in network.populations}
    for projection in network.projections:
        for name, _ in projection.post.members:
            plan = populations[name]
            cell = network.cells[plan.cell]
            if plan.cell in emulated and projection.receptor not in cell.packed:
                raise UnsupportedError(
                    f"not all synapses onto '{projection.receptor}' of '{plan.label}' keep their "
                    "weight; the arithmetic of those that change is not emulated: expected "
                    "StaticSynapse"
                )


def _rings(document: Document, cells: Mapping[str, NativeCell]) -> dict[str, dict[str, Ring]]:
    """Return the ring buffers of each population, by receptor."""
    found: dict[str, dict[str, Ring]] = defaultdict(dict)
    symbols = document.network.symbols()
    for op in _of(_mapping(document).body.block, RingOp):
        population = symbols[op.population]
        assert isinstance(population, snn.PopulationOp)
        factor = cells[population.model].receptors[op.receptor].scale
        if abs(factor) != 1.0:
            raise UnsupportedError(
                f"a weight onto '{op.receptor}' of '{op.population}' is worth {factor:g} on the "
                "machine; expected 1 or -1"
            )
        if op.sign != factor:
            wrong, right = ("negative", "positive") if factor > 0 else ("positive", "negative")
            raise UnsupportedError(
                f"weights onto '{op.receptor}' of '{population.label}' are {wrong}; the machine "
                f"takes all of them as {right}, as which they are to be given"
            )
        found[op.population][op.receptor] = Ring(factor * op.quantum, op.shift)
    return found


def _weights(
    document: Document, network: Artifact, rings: Mapping[str, Mapping[str, Ring]]
) -> dict[str, WeightError]:
    plans = {plan.name: plan for plan in network.projections}
    symbols = document.network.symbols()
    found = {}
    for op in _of(_mapping(document).body.block, WeightsOp):
        projection = symbols[op.projection]
        assert isinstance(projection, snn.ProjectionOp)
        plan = plans[op.projection]
        quantum = abs(rings[plan.post.members[0][0]][plan.receptor].quantum)
        machine = round(op.largest / quantum) * quantum
        found[projection.label] = WeightError(op.largest, machine, op.error)
    return found


def _slices(document: Document) -> dict[str, EmulatedSlice]:
    return {
        op.symbol: EmulatedSlice(op.population, op.first, op.last, op.core)
        for op in _of(_mapping(document).body.block, mapping.SliceOp)
    }


def _extensions(document: Document) -> Iterator[EmulatedExtension]:
    slices = _slices(document)
    for op in _of(_mapping(document).body.block, mapping.ExtensionOp):
        one = slices[op.slice]
        yield EmulatedExtension(one.population, one.first, one.last, op.core, op.stages, op.steps)


def _mapping(document: Document) -> mapping.MappingOp:
    found = _of(document.module.body.block, mapping.MappingOp)
    if len(found) != 1:
        raise OptionError("cells are on no cores; expected pass 'partition-cores'")
    return found[0]


def _of(block: object, kind: type[Op]) -> list[Op]:
    return [op for op in block.ops if isinstance(op, kind)]  # type: ignore[attr-defined]


def kernels_text(document: Document) -> str:
    """Return the source of the kernels of cells."""
    plans = generate(document).network.cells.values()
    texts = {plan.kernel.name: plan.kernel.text for plan in plans if plan.kernel is not None}
    return "\n\n".join(f"# kernel {name}\n{text}" for name, text in texts.items())


EMULATION = Target(
    "spinnaker-emulation",
    generate,
    executor="snnc.runtime.spinnaker.emulation:Emulation",
    texts={"fixed": Text("kernels.py", kernels_text)},
)
