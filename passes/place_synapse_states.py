"""`place-synapse-states`: which values of synapses are one per projection, and which one each.

A parameter that a projection gives as one number is an argument of the kernel; any other is an
array with a value per synapse. A presynaptic state that depends on such a parameter differs between
the synapses of a cell and becomes a state of the synapse. Values are never compiled in: projections
that agree on what is an array share a form, and so their kernels.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import ArrayAttr, FloatAttr, ModuleOp, StringAttr
from xdsl.ir import Operation
from xdsl.passes import ModulePass

from snnc.ir.diagnostics import UnsupportedError
from snnc.ir.dialects import dyn, snn, step, syn
from snnc.ir.dialects.step_synapse import SynapseOp
from snnc.ir.locations import location_of
from snnc.passes.solving.algebra import reads


@dataclass(frozen=True)
class PlaceSynapseStatesPass(ModulePass):
    """Give each projection the form of its synapse model that its values need."""

    name = "place-synapse-states"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        """Set the ``form`` of every projection, and add the forms to the module."""
        ops = list(op.body.block.ops)
        forms = {o.label: o for o in ops if isinstance(o, SynapseOp)}
        cells = {o.label: o for o in ops if isinstance(o, dyn.CellOp | step.CellOp)}
        for network in ops:
            if isinstance(network, snn.NetworkOp):
                _place(network, forms, cells)


def _place(
    network: snn.NetworkOp, forms: dict[str, SynapseOp], cells: Mapping[str, Operation]
) -> None:
    symbols = network.symbols()
    for projection in symbols.values():
        if not isinstance(projection, snn.ProjectionOp):
            continue
        solved = forms[projection.synapse]
        edge = _edge_constants(projection, solved, symbols, cells)
        initial = {n for n, v in projection.initial.data.items() if not isinstance(v, FloatAttr)}
        try:
            placed = place(solved, edge, initial)
        except UnsupportedError as error:
            message = f"projection '{projection.label}': {error.message}"
            raise UnsupportedError(message, location_of(projection)) from error
        if placed.label not in forms:
            forms[placed.label] = placed
            block = solved.parent
            assert block is not None
            block.insert_op_after(placed, solved)
        projection.attributes["form"] = StringAttr(placed.label)


def _edge_constants(
    projection: snn.ProjectionOp,
    synapse: SynapseOp,
    symbols: Mapping[str, Operation],
    cells: Mapping[str, Operation],
) -> set[str]:
    given = projection.parameters.data.items()
    edge = {name for name, value in given if not isinstance(value, FloatAttr)}
    decays = {n for n, c in synapse.constants.items() if isinstance(c, syn.DecayOp)}
    values = set()
    for population in _populations(projection.post, symbols) if decays else ():
        decay = _decay(cells[population.model], projection.receptor)
        values.add(population.parameters.data.get(decay))
    # What spikes carry is the same for all targets, so they must agree on one number.
    if len(values) > 1 or any(not isinstance(v, FloatAttr | None) for v in values):
        edge |= decays
    return edge


def _populations(symbol: str, symbols: Mapping[str, Operation]) -> Iterator[snn.PopulationOp]:
    match symbols[symbol]:
        case snn.PopulationOp() as population:
            yield population
        case snn.ViewOp() as view:
            yield from _populations(view.of, symbols)
        case snn.AssemblyOp() as assembly:
            for member in assembly.members:
                yield from _populations(member, symbols)


def _decay(cell: Operation, receptor: str) -> str:
    """Return the parameter of a cell that is the time constant of a receptor."""
    for op in cell.regions[0].block.ops:
        if isinstance(op, dyn.ReceptorOp) and op.label == receptor and op.decay is not None:
            return op.decay.data
    raise UnsupportedError(f"receptor '{receptor}' has no time constant", location_of(cell))


def place(solved: SynapseOp, edge: set[str], initial: set[str]) -> SynapseOp:
    """Return the form of a synapse model in which some values differ between synapses.

    Parameters
    ----------
    solved : SynapseOp
        The model, with no values that do.
    edge : set of str
        Parameters, and time constants of the receptor, with a value per synapse.
    initial : set of str
        States with an initial value per synapse.

    Returns
    -------
    SynapseOp
        `solved` itself where nothing differs from it.

    Raises
    ------
    UnsupportedError
        A postsynaptic state that would have to differ between the synapses of a cell.
    """
    moved = _moved(solved, edge, initial)
    if not edge and not moved:
        return solved
    for name in moved:
        if solved.states[name].per.data == "post":
            reason = "its initial value" if name in initial else "a parameter it depends on"
            raise UnsupportedError(
                f"state '{name}' is shared by the synapses onto a cell, so {reason} must be the "
                "same for all of them",
                location_of(solved.states[name]),
            )
    placed = solved.clone()
    # A moved state that no parameter explains has an initial value of its own.
    explained = _moved(solved, edge, set())
    names = sorted([*edge, *(n for n in moved if n not in explained)])
    placed.properties["sym_name"] = StringAttr("_".join([solved.label, "edge", *names]))
    order = [name for name in solved.constants if name in edge]
    placed.properties["edge"] = ArrayAttr([StringAttr(name) for name in order])
    for name in moved:
        placed.states[name].properties["per"] = StringAttr("edge")
    return placed


def _moved(solved: SynapseOp, edge: set[str], initial: set[str]) -> set[str]:
    """Return the states that must become states of the synapse."""
    axes = {name: state.per.data for name, state in solved.states.items()}
    moved = {name for name in initial if axes[name] != "edge"}
    while True:
        local = {*edge, *moved, *(n for n, axis in axes.items() if axis == "edge"), "weight"}
        found = moved | {name for name in axes if _depends(solved, name, axes, local)}
        found |= _drivers(solved, local, axes)
        if found == moved:
            return moved
        moved = found


def _depends(solved: SynapseOp, name: str, axes: Mapping[str, str], local: set[str]) -> bool:
    """Tell whether a shared state is computed from what is local to a synapse."""
    if axes[name] == "edge":
        return False
    values = [advance.value for state, advance in solved.advances.items() if state == name]
    event = solved.event(axes[name])
    for op in event.body.block.ops if event is not None else ():
        if isinstance(op, dyn.SetOp) and op.state.data == name:
            values.append(op.value)
    return any(reads(value) & local for value in values)


def _drivers(solved: SynapseOp, local: set[str], axes: Mapping[str, str]) -> set[str]:
    """Return the presynaptic states that drive a state of the synapse between events."""
    found: set[str] = set()
    for name, advance in solved.advances.items():
        if name in local:
            found |= {n for n in reads(advance.value) if axes.get(n) == "pre"}
    return found
